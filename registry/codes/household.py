"""Code lists of households and their members: the lists of the family card (Dukcapil) and our own."""

from registry.codes.base import Code


class HouseholdStatus(Code):
    """Status of the household (status rumah tangga)."""

    ACTIVE = "ACTIVE", "Aktif", "active"
    EMPTY = "EMPTY", "Kosong, semua pergi", "empty"
    MOVED_OUT = "MOVED_OUT", "Pindah", "moved out"
    DISSOLVED = "DISSOLVED", "Bubar", "dissolved"
    MERGED = "MERGED", "Digabung", "merged"


class VisitResult(Code):
    """Result of the visit (hasil kunjungan)."""

    COMPLETE = "COMPLETE", "Lengkap", "complete"
    PARTIAL = "PARTIAL", "Sebagian", "partial"
    NO_RESPONDENT = "NO_RESPONDENT", "Tidak ada responden", "no respondent"
    REFUSED = "REFUSED", "Menolak", "refused"
    MOVED = "MOVED", "Pindah", "moved"


class HouseOwnership(Code):
    """Ownership of the house (status rumah)."""

    OWNED = "OWNED", "Milik", "owned"
    RENTED = "RENTED", "Sewa", "rented"
    STAYING = "STAYING", "Menumpang", "staying with others"
    OTHER = "OTHER", "Lainnya", "other"


class MissingReason(Code):
    """Why a NIK or KK number is missing (alasan nomor kosong)."""

    NONE_YET = "NONE_YET", "Belum punya", "none yet"
    UNKNOWN = "UNKNOWN", "Tidak diketahui", "unknown"
    DOCUMENTS_WITHHELD = "DOCUMENTS_WITHHELD", "Dokumen ditahan", "withheld"
    REFUSED = "REFUSED", "Menolak memberi", "refused"


class ConsentBasis(Code):
    """Legal basis for processing the data (dasar pemrosesan)."""

    CONSENT = "CONSENT", "Persetujuan", "consent"
    PUBLIC_TASK = "PUBLIC_TASK", "Tugas publik", "public task"


class ConsentMethod(Code):
    """How consent was given (cara persetujuan)."""

    SIGNATURE = "SIGNATURE", "Tanda tangan", "signature"
    THUMBPRINT = "THUMBPRINT", "Cap jempol", "thumbprint"
    WITNESSED_VERBAL = "WITNESSED_VERBAL", "Lisan dengan saksi", "spoken before a witness"
    FORM_PHOTO = "FORM_PHOTO", "Foto formulir", "photo of the form"


class RelationToHead(Code):
    """Relation to the head of the family (status hubungan dalam keluarga, SHDK)."""

    HEAD = "HEAD", "Kepala Keluarga", "head"
    HUSBAND = "HUSBAND", "Suami", "husband"
    WIFE = "WIFE", "Istri", "wife"
    CHILD = "CHILD", "Anak", "child"
    CHILD_IN_LAW = "CHILD_IN_LAW", "Menantu", "child-in-law"
    GRANDCHILD = "GRANDCHILD", "Cucu", "grandchild"
    PARENT = "PARENT", "Orang Tua", "parent"
    PARENT_IN_LAW = "PARENT_IN_LAW", "Mertua", "parent-in-law"
    OTHER_KIN = "OTHER_KIN", "Famili Lain", "other kin"
    DOMESTIC_HELPER = "DOMESTIC_HELPER", "Pembantu", "domestic helper"
    OTHER = "OTHER", "Lainnya", "other"


class MaritalStatus(Code):
    """Marital status (status kawin)."""

    NEVER_MARRIED = "NEVER_MARRIED", "Belum Kawin", "never married"
    MARRIED = "MARRIED", "Kawin", "married"
    DIVORCED = "DIVORCED", "Cerai Hidup", "divorced"
    WIDOWED = "WIDOWED", "Cerai Mati", "widowed"


class EducationLevel(Code):
    """Highest education (pendidikan tertinggi)."""

    NONE = "NONE", "Tidak/Belum Sekolah", "none"
    SOME_PRIMARY = "SOME_PRIMARY", "Belum Tamat SD", "some primary"
    PRIMARY = "PRIMARY", "Tamat SD", "primary"
    LOWER_SECONDARY = "LOWER_SECONDARY", "SLTP", "lower secondary"
    UPPER_SECONDARY = "UPPER_SECONDARY", "SLTA", "upper secondary"
    DIPLOMA_1_2 = "DIPLOMA_1_2", "D-I/II", "diploma 1–2"
    DIPLOMA_3 = "DIPLOMA_3", "D-III", "diploma 3"
    BACHELOR = "BACHELOR", "D-IV/S1", "bachelor"
    MASTER = "MASTER", "S2", "master"
    DOCTOR = "DOCTOR", "S3", "doctor"


class SchoolStatus(Code):
    """School status (status sekolah)."""

    NOT_YET = "NOT_YET", "Belum sekolah", "not yet"
    ATTENDING = "ATTENDING", "Masih sekolah", "attending"
    FINISHED = "FINISHED", "Tidak sekolah lagi, tamat", "finished"
    DROPPED_OUT = "DROPPED_OUT", "Putus sekolah", "dropped out"


class LifeStatus(Code):
    """Whether the person is alive, dead or missing (status hidup)."""

    ALIVE = "ALIVE", "Hidup", "alive"
    DEAD = "DEAD", "Meninggal", "dead"
    MISSING = "MISSING", "Hilang", "missing"


class Sex(Code):
    """Sex (jenis kelamin)."""

    MALE = "MALE", "Laki-laki", "male"
    FEMALE = "FEMALE", "Perempuan", "female"


class Residence(Code):
    """Where a member lives now."""

    HOME = "HOME", "Di rumah", "at home"
    ABROAD = "ABROAD", "Luar negeri", "abroad"
    ELSEWHERE = "ELSEWHERE", "Luar daerah", "elsewhere in the country"


class Pillar(Code):
    """The four pillars of the programme."""

    SERVICE_CENTRE = "SERVICE_CENTRE", "Pusat layanan migrasi", "migration service centre"
    PRODUCTIVE_BUSINESS = "PRODUCTIVE_BUSINESS", "Usaha produktif", "productive business"
    COMMUNITY_PARENTING = "COMMUNITY_PARENTING", "Pengasuhan anak bersama", "community parenting"
    COOPERATIVE = "COOPERATIVE", "Koperasi", "cooperative"


class CaregiverRelation(Code):
    """Who looks after a child (pengasuh), by their relation to the child."""

    FATHER = "FATHER", "Ayah", "father"
    MOTHER = "MOTHER", "Ibu", "mother"
    GRANDPARENTS = "GRANDPARENTS", "Kakek-nenek", "grandparents"
    UNCLE_OR_AUNT = "UNCLE_OR_AUNT", "Paman-bibi", "uncle, aunt"
    ELDER_SIBLING = "ELDER_SIBLING", "Kakak", "elder sibling"
    OTHER = "OTHER", "Lainnya", "other"
    NONE = "NONE", "Tidak ada", "none"


class ParentsAbroad(Code):
    """Which parents of a child under 18 work abroad, derived from their episodes."""

    NONE = "NONE", "Tidak ada", "none"
    MOTHER = "MOTHER", "Ibu", "mother"
    FATHER = "FATHER", "Ayah", "father"
    BOTH = "BOTH", "Keduanya", "both"
