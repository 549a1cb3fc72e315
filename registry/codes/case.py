"""Code lists of cases (pelindungan): what troubles a migrant or their family, and how far it is settled."""

from registry.codes.base import Code


class CaseType(Code):
    """What happened (jenis kasus): the complaints that the programme's officers and the protection desk take up."""

    WANTS_REPATRIATION = "WANTS_REPATRIATION", "Ingin dipulangkan", "wants repatriation"
    UNPAID_WAGES = "UNPAID_WAGES", "Gaji tidak dibayar", "unpaid wages"
    DEPORTATION = "DEPORTATION", "Deportasi atau repatriasi", "deportation"
    FAILED_TO_DEPART = "FAILED_TO_DEPART", "Gagal berangkat", "failed to depart"
    DEATH = "DEATH", "Meninggal", "death"
    JOB_FRAUD = "JOB_FRAUD", "Penipuan lowongan", "job fraud"
    LOST_CONTACT = "LOST_CONTACT", "Hilang kontak", "lost contact"
    OVERSTAY = "OVERSTAY", "Izin tinggal habis", "overstay"
    VIOLENCE = "VIOLENCE", "Kekerasan fisik", "violence"
    SEXUAL_ABUSE = "SEXUAL_ABUSE", "Pelecehan atau kekerasan seksual", "sexual abuse"
    TRAFFICKING = "TRAFFICKING", "Perdagangan orang", "trafficking"
    CONTRACT_MISMATCH = "CONTRACT_MISMATCH", "Pekerjaan tidak sesuai kontrak", "contract mismatch"
    UNFAIR_DISMISSAL = "UNFAIR_DISMISSAL", "PHK sepihak", "unfair dismissal"
    DOCUMENTS_WITHHELD = "DOCUMENTS_WITHHELD", "Dokumen ditahan", "documents withheld"
    OVERCHARGING = "OVERCHARGING", "Biaya berlebih", "overcharging"
    ILLNESS = "ILLNESS", "Sakit atau depresi", "illness"
    DETAINED = "DETAINED", "Ditahan atau masalah hukum", "detained"
    INSURANCE_CLAIM = "INSURANCE_CLAIM", "Klaim jaminan sosial", "insurance claim"
    FAMILY_MATTER = "FAMILY_MATTER", "Masalah keluarga", "family matter"
    OTHER = "OTHER", "Lainnya", "other"


class CaseStatus(Code):
    """How far a case is settled (status kasus); a resolved or closed one has its closing day."""

    RECEIVED = "RECEIVED", "Diterima", "received"
    IN_PROGRESS = "IN_PROGRESS", "Diproses", "in progress"
    REFERRED = "REFERRED", "Dirujuk", "referred"
    RESOLVED = "RESOLVED", "Selesai", "resolved"
    CLOSED = "CLOSED", "Ditutup", "closed"


SETTLED = (CaseStatus.RESOLVED, CaseStatus.CLOSED)
"""The statuses of a case that nobody works on any more."""
