"""Code lists of businesses. Scale is that of PP 7/2021, Art. 35; the field list outlives KBLI editions."""

from registry.codes.base import Code


class BusinessField(Code):
    """Field of business (bidang usaha): a stable list of our own that does not change with KBLI versions."""

    CROPS = "CROPS", "Pertanian tanaman (01)", "crops"
    LIVESTOCK = "LIVESTOCK", "Peternakan (014)", "livestock"
    FISHERY = "FISHERY", "Perikanan (03)", "fishery"
    FORESTRY_QUARRYING = "FORESTRY_QUARRYING", "Kehutanan, galian (02, 05–09)", "forestry, quarrying"
    FOOD_PROCESSING = "FOOD_PROCESSING", "Olahan makanan dan minuman (10–11)", "food processing"
    TEXTILE_CLOTHING_LEATHER = (
        "TEXTILE_CLOTHING_LEATHER",
        "Tekstil, pakaian, kulit (13–15)",
        "textile, clothing, leather",
    )
    CRAFTS = "CRAFTS", "Kerajinan (16, 23, 32)", "crafts"
    FURNITURE_WOOD = "FURNITURE_WOOD", "Furnitur dan kayu (16, 31)", "furniture, wood"
    OTHER_MANUFACTURING = "OTHER_MANUFACTURING", "Industri lain (C)", "other manufacturing"
    CONSTRUCTION = "CONSTRUCTION", "Bangunan (41–43)", "construction"
    WORKSHOP_REPAIR = "WORKSHOP_REPAIR", "Bengkel dan reparasi (45, 95)", "workshop, repair"
    RETAIL = "RETAIL", "Warung dan toko (47)", "retail"
    WHOLESALE_COLLECTOR = "WHOLESALE_COLLECTOR", "Grosir dan pengepul (46)", "wholesale, collector"
    ONLINE_TRADE = "ONLINE_TRADE", "Perdagangan daring (479)", "online trade"
    TRANSPORT = "TRANSPORT", "Angkutan dan kurir (49–53)", "transport"
    FOOD_SERVICE = "FOOD_SERVICE", "Rumah makan dan katering (56)", "food service"
    TOURISM_LODGING = "TOURISM_LODGING", "Wisata dan penginapan (55, 79)", "tourism, lodging"
    SALON = "SALON", "Salon dan tata rias (96)", "salon"
    TAILORING = "TAILORING", "Jasa jahit (14, 95)", "tailoring"
    EDUCATION = "EDUCATION", "Kursus dan pendidikan (85)", "education"
    HEALTH = "HEALTH", "Kesehatan (86)", "health"
    ICT_CONTENT = "ICT_CONTENT", "TIK dan konten (58–63)", "ICT, content"
    FINANCIAL_AGENT = "FINANCIAL_AGENT", "Agen keuangan (64–66)", "financial agent"
    RENTAL_PROPERTY = "RENTAL_PROPERTY", "Penyewaan dan properti (68, 77)", "rental, property"
    OTHER_SERVICES = "OTHER_SERVICES", "Jasa lain", "other services"
    OTHER = "OTHER", "Lainnya", "other"


class OwnerCategory(Code):
    """Owner category (kategori pemilik): who in the migrant household owns the business."""

    RETURNED_MIGRANT = "RETURNED_MIGRANT", "Purna PMI", "returned migrant"
    ACTIVE_MIGRANT = "ACTIVE_MIGRANT", "PMI aktif", "active migrant"
    PROSPECTIVE = "PROSPECTIVE", "Calon PMI", "prospective"
    FAMILY_MEMBER = "FAMILY_MEMBER", "Keluarga PMI", "family member"


class BusinessStatus(Code):
    """Status of the business (status usaha)."""

    RUNNING = "RUNNING", "Berjalan", "running"
    PAUSED = "PAUSED", "Tutup sementara", "paused"
    CLOSED = "CLOSED", "Tutup", "closed"


class BusinessScale(Code):
    """Scale of the business (skala usaha, PP 7/2021 Art. 35)."""

    MICRO = "MICRO", "Mikro", "micro"
    SMALL = "SMALL", "Kecil", "small"
    MEDIUM = "MEDIUM", "Menengah", "medium"
    LARGE = "LARGE", "Besar", "large"


class ExportReadiness(Code):
    """Export readiness (kesiapan ekspor), the Minister's question; READY and EXPORTING count as export-ready."""

    NONE = "NONE", "Belum", "none"
    POTENTIAL = "POTENTIAL", "Berpotensi", "potential"
    READY = "READY", "Layak ekspor", "ready"
    EXPORTING = "EXPORTING", "Sudah ekspor", "exporting"


class TurnoverBand(Code):
    """Turnover per month (omzet per bulan)."""

    UNDER_500K = "UNDER_500K", "<0,5 juta rupiah per bulan", "under 0.5 million rupiah a month"
    FROM_500K_TO_2M = "FROM_500K_TO_2M", "0,5–2 juta rupiah per bulan", "0.5–2 million rupiah a month"
    FROM_2M_TO_5M = "FROM_2M_TO_5M", "2–5 juta rupiah per bulan", "2–5 million rupiah a month"
    FROM_5M_TO_15M = "FROM_5M_TO_15M", "5–15 juta rupiah per bulan", "5–15 million rupiah a month"
    FROM_15M_TO_50M = "FROM_15M_TO_50M", "15–50 juta rupiah per bulan", "15–50 million rupiah a month"
    FROM_50M_TO_166M = "FROM_50M_TO_166M", "50–166 juta rupiah per bulan", "50–166 million rupiah a month"
    OVER_166M = "OVER_166M", ">166 juta rupiah per bulan", "over 166 million rupiah a month"


class CapitalSource(Code):
    """Source of capital (sumber modal)."""

    REMITTANCE = "REMITTANCE", "Remitansi", "remittance"
    SAVINGS = "SAVINGS", "Tabungan", "savings"
    KUR_LOAN = "KUR_LOAN", "Kredit usaha rakyat", "KUR loan"
    COOPERATIVE = "COOPERATIVE", "Koperasi", "cooperative"
    GRANT = "GRANT", "Bantuan pemerintah", "grant"
    OTHER_LOAN = "OTHER_LOAN", "Pinjaman lain", "other loan"
    OTHER = "OTHER", "Lainnya", "other"


class Market(Code):
    """Farthest market served (pasar)."""

    VILLAGE = "VILLAGE", "Desa", "village"
    DISTRICT = "DISTRICT", "Kecamatan", "district"
    REGENCY = "REGENCY", "Kabupaten", "regency"
    PROVINCE = "PROVINCE", "Provinsi", "province"
    NATIONAL = "NATIONAL", "Nasional", "national"
    EXPORT = "EXPORT", "Ekspor", "export"


class BusinessPermit(Code):
    """Permits and certificates besides the NIB (izin dan sertifikat)."""

    PIRT = "PIRT", "Pangan industri rumah tangga", "home food industry permit"
    HALAL = "HALAL", "Sertifikat halal", "halal certificate"
    BPOM = "BPOM", "Izin edar BPOM", "food and drug authority approval"
    TRADEMARK = "TRADEMARK", "Merek", "trademark"
    NPWP = "NPWP", "Nomor pokok wajib pajak", "taxpayer number"
