"""Code lists of a migration episode; categories and return reasons are those of UU 18/2017, Art. 4 and 27."""

from registry.codes.base import Code


class MigrationStage(Code):
    """How far a person's migration has come (tahap migrasi, UU 18/2017 Art. 1: akan, sedang, telah).

    A person's stage is the stage of the latest episode.
    """

    PROSPECTIVE = "PROSPECTIVE", "Calon PMI", "prospective"
    WORKING_ABROAD = "WORKING_ABROAD", "Sedang bekerja di luar negeri", "working abroad"
    ON_HOME_LEAVE = "ON_HOME_LEAVE", "Cuti di tanah air", "on home leave"
    RETURNED = "RETURNED", "Purna PMI", "returned"
    FAILED_TO_DEPART = "FAILED_TO_DEPART", "Gagal berangkat", "failed to depart"
    DIED_ABROAD = "DIED_ABROAD", "Meninggal di luar negeri", "died abroad"


class ProceduralStatus(Code):
    """Procedural status (status prosedural).  The most dangerous column: families hide it out of fear of sanctions."""

    PROCEDURAL = "PROCEDURAL", "Prosedural", "procedural (documented)"
    NON_PROCEDURAL = "NON_PROCEDURAL", "Non-prosedural", "non-procedural (undocumented)"
    BECAME_IRREGULAR = "BECAME_IRREGULAR", "Berangkat resmi lalu izin habis", "became irregular (overstay)"
    UNKNOWN = "UNKNOWN", "Tidak diketahui", "unknown"


class WelfareStatus(Code):
    """How the migrant fares (keadaan)."""

    WELL = "WELL", "Baik", "well"
    IN_TROUBLE = "IN_TROUBLE", "Bermasalah", "in trouble"
    LOST_CONTACT = "LOST_CONTACT", "Hilang kontak", "lost contact"
    ILL = "ILL", "Sakit", "ill"
    DETAINED = "DETAINED", "Ditahan", "detained"
    UNKNOWN = "UNKNOWN", "Tidak diketahui", "unknown"


class LegalCategory(Code):
    """Legal category (kategori PMI, UU 18/2017 Art. 4): employer, sea, or not a migrant worker in law."""

    LEGAL_ENTITY_EMPLOYER = "LEGAL_ENTITY_EMPLOYER", "Pemberi kerja berbadan hukum", "legal-entity employer"
    INDIVIDUAL_EMPLOYER = (
        "INDIVIDUAL_EMPLOYER",
        "Pemberi kerja perseorangan atau rumah tangga",
        "individual or household employer",
    )
    SEAFARER_OR_FISHER = "SEAFARER_OR_FISHER", "Pelaut awak kapal dan pelaut perikanan", "seafarers and fishers"
    TRAINEE = "TRAINEE", "Magang atau pelatihan", "trainee (not PMI in law)"
    WORKING_HOLIDAY = "WORKING_HOLIDAY", "Visa liburan kerja", "working holiday"
    OTHER_NON_PMI = "OTHER_NON_PMI", "Lainnya bukan PMI", "other non-PMI"


class Sector(Code):
    """Sector (sektor): formal, informal or at sea."""

    FORMAL = "FORMAL", "Formal", "formal"
    INFORMAL = "INFORMAL", "Informal", "informal"
    SEA_BASED = "SEA_BASED", "Berbasis laut", "sea-based"
    UNKNOWN = "UNKNOWN", "Tidak diketahui", "unknown"


class PlacementScheme(Code):
    """Placement scheme (skema penempatan)."""

    GOVERNMENT_TO_GOVERNMENT = "GOVERNMENT_TO_GOVERNMENT", "Antarpemerintah", "government to government"
    GOVERNMENT_TO_PRIVATE = "GOVERNMENT_TO_PRIVATE", "Pemerintah ke swasta", "government to private"
    PRIVATE_TO_PRIVATE = "PRIVATE_TO_PRIVATE", "Swasta ke swasta (P3MI)", "private to private"
    INTRA_COMPANY = "INTRA_COMPANY", "Untuk kepentingan perusahaan sendiri", "intra-company"
    INDIVIDUAL = "INDIVIDUAL", "Perseorangan (mandiri)", "individual"
    SPECIFIED_SKILLED_WORKER = (
        "SPECIFIED_SKILLED_WORKER",
        "Pekerja berketerampilan spesifik Jepang",
        "Specified Skilled Worker",
    )
    RE_ENTRY = "RE_ENTRY", "Masuk kembali/perpanjangan", "re-entry"
    NONE = "NONE", "Tanpa skema resmi", "none (irregular)"
    UNKNOWN = "UNKNOWN", "Tidak diketahui", "unknown"


class RecruiterType(Code):
    """Recruiter (perekrut): who arranged the migration."""

    LICENSED_AGENCY = "LICENSED_AGENCY", "Perusahaan penempatan", "licensed agency"
    BROKER = "BROKER", "Sponsor atau calo", "broker"
    FAMILY_OR_FRIEND = "FAMILY_OR_FRIEND", "Keluarga atau teman", "family or friend"
    GOVERNMENT = "GOVERNMENT", "BP2MI/Dinas", "government"
    SELF = "SELF", "Mencari sendiri", "self"
    OTHER = "OTHER", "Lainnya", "other"


class OccupationGroup(Code):
    """Occupation group (kelompok jabatan)."""

    DOMESTIC_WORKER = "DOMESTIC_WORKER", "Pekerja rumah tangga", "domestic worker"
    CAREGIVER = "CAREGIVER", "Pengasuh lansia atau anak", "caregiver"
    PLANTATION_WORKER = "PLANTATION_WORKER", "Pekerja perkebunan", "plantation worker"
    FARM_WORKER = "FARM_WORKER", "Pertanian dan peternakan", "farm worker"
    FACTORY_WORKER = "FACTORY_WORKER", "Operator pabrik", "factory worker"
    CONSTRUCTION = "CONSTRUCTION", "Konstruksi", "construction"
    FISHER = "FISHER", "Nelayan dan pengolah ikan", "fisher, fish processing"
    SHIP_CREW = "SHIP_CREW", "Awak kapal niaga dan pesiar", "ship crew"
    HOSPITALITY = "HOSPITALITY", "Hotel dan restoran", "hospitality"
    CLEANING = "CLEANING", "Kebersihan", "cleaning"
    NURSE = "NURSE", "Perawat", "nurse"
    DRIVER = "DRIVER", "Pengemudi", "driver"
    SALES = "SALES", "Toko dan penjualan", "shop, sales"
    THERAPIST = "THERAPIST", "Terapis", "therapist"
    TECHNICIAN = "TECHNICIAN", "Teknisi dan las", "technician, welder"
    PROFESSIONAL = "PROFESSIONAL", "Profesional", "professional"
    ENTERTAINMENT = "ENTERTAINMENT", "Hiburan", "entertainment"
    OTHER = "OTHER", "Lainnya", "other"
    UNKNOWN = "UNKNOWN", "Tidak diketahui", "unknown"


class ReturnReason(Code):
    """Reason of return (sebab kepulangan): the nine of UU 18/2017 Art. 27."""

    CONTRACT_ENDED = "CONTRACT_ENDED", "Berakhirnya perjanjian kerja", "contract ended"
    LEAVE = "LEAVE", "Cuti", "leave"
    DISMISSED_EARLY = "DISMISSED_EARLY", "PHK sebelum kontrak berakhir", "dismissed before the end"
    ACCIDENT_OR_ILLNESS = "ACCIDENT_OR_ILLNESS", "Kecelakaan kerja atau sakit", "work accident or illness"
    ABUSE_OR_VIOLENCE = "ABUSE_OR_VIOLENCE", "Penganiayaan atau kekerasan", "abuse or violence"
    WAR_DISASTER_EPIDEMIC = "WAR_DISASTER_EPIDEMIC", "Perang, bencana alam, wabah", "war, disaster, epidemic"
    DEPORTED = "DEPORTED", "Dideportasi", "deported"
    DIED = "DIED", "Meninggal dunia", "died"
    OTHER_CAUSE = "OTHER_CAUSE", "Sebab lain", "other cause"


class PlanAfterReturn(Code):
    """Plan after return (rencana setelah pulang)."""

    LEAVE_AGAIN = "LEAVE_AGAIN", "Berangkat lagi", "leave again"
    OWN_BUSINESS = "OWN_BUSINESS", "Berusaha sendiri", "own business"
    WORK_IN_COUNTRY = "WORK_IN_COUNTRY", "Bekerja di dalam negeri", "work at home"
    NOT_WORK = "NOT_WORK", "Tidak bekerja", "not work"
    UNDECIDED = "UNDECIDED", "Belum tahu", "undecided"


class RemittanceFrequency(Code):
    """How often money is sent home (frekuensi kiriman)."""

    MONTHLY = "MONTHLY", "Tiap bulan", "monthly"
    QUARTERLY = "QUARTERLY", "Tiap tiga bulan", "quarterly"
    YEARLY = "YEARLY", "Tiap tahun", "yearly"
    IRREGULAR = "IRREGULAR", "Tidak tentu", "irregular"
    NONE = "NONE", "Tidak ada", "none"


class RemittanceChannel(Code):
    """How money is sent home (cara mengirim)."""

    BANK = "BANK", "Bank", "bank"
    MONEY_TRANSFER = "MONEY_TRANSFER", "Jasa kirim uang", "money transfer"
    POST = "POST", "Pos", "post"
    E_WALLET = "E_WALLET", "Dompet digital", "e-wallet"
    CARRIED = "CARRIED", "Dibawa sendiri", "carried"
    VIA_FRIEND_OR_AGENT = "VIA_FRIEND_OR_AGENT", "Titip teman atau agen", "via friend or agent"


class RemittanceUse(Code):
    """What the money is used for (penggunaan kiriman)."""

    DAILY_NEEDS = "DAILY_NEEDS", "Kebutuhan sehari-hari", "daily needs"
    SCHOOLING = "SCHOOLING", "Pendidikan anak", "schooling"
    HEALTH = "HEALTH", "Kesehatan", "health"
    HOUSE_OR_LAND = "HOUSE_OR_LAND", "Rumah dan tanah", "house, land"
    DEBT = "DEBT", "Bayar utang", "debt"
    BUSINESS_CAPITAL = "BUSINESS_CAPITAL", "Modal usaha", "business capital"
    SAVINGS = "SAVINGS", "Tabungan", "savings"
    RELIGIOUS_OR_SOCIAL = "RELIGIOUS_OR_SOCIAL", "Ibadah dan sosial", "religious, social"
    OTHER = "OTHER", "Lainnya", "other"


class RemittanceBand(Code):
    """Money sent home a month (kiriman per bulan)."""

    UNDER_1M = "UNDER_1M", "<1 juta rupiah per bulan", "under 1 million rupiah a month"
    FROM_1M_TO_2M = "FROM_1M_TO_2M", "1–2 juta rupiah per bulan", "1–2 million rupiah a month"
    FROM_2M_TO_3M = "FROM_2M_TO_3M", "2–3 juta rupiah per bulan", "2–3 million rupiah a month"
    FROM_3M_TO_5M = "FROM_3M_TO_5M", "3–5 juta rupiah per bulan", "3–5 million rupiah a month"
    FROM_5M_TO_10M = "FROM_5M_TO_10M", "5–10 juta rupiah per bulan", "5–10 million rupiah a month"
    OVER_10M = "OVER_10M", ">10 juta rupiah per bulan", "over 10 million rupiah a month"
