"""Code lists of the workflow, of writes and of access."""

from __future__ import annotations

from registry.codes.base import Code


class WorkflowState(Code):
    """Workflow state (status alur kerja): who has looked at the record so far."""

    DRAFT = "DRAFT", "Draf", "draft"
    SUBMITTED = "SUBMITTED", "Dikirim", "submitted"
    VERIFIED_VILLAGE = "VERIFIED_VILLAGE", "Diverifikasi desa", "village-verified"
    VERIFIED = "VERIFIED", "Terverifikasi", "verified"
    RETURNED = "RETURNED", "Dikembalikan dengan catatan", "returned with remarks"
    REJECTED = "REJECTED", "Ditolak", "rejected"
    ARCHIVED = "ARCHIVED", "Diarsipkan", "archived"


class Severity(Code):
    """Effect of a finding: ERROR refuses the document, WARNING is kept for the verifier, INFO informs."""

    ERROR = "ERROR", "Kesalahan: ditolak", "error: refuses"
    WARNING = "WARNING", "Peringatan: disimpan untuk verifikator", "warning: kept for the verifier"
    INFO = "INFO", "Keterangan", "information"


class WriteOutcome(Code):
    """Result of a write."""

    ACCEPTED = "ACCEPTED", "Disimpan seperti dikirim", "stored as sent"
    UNCHANGED = "UNCHANGED", "Isi yang sama sudah tersimpan", "the server already had exactly this"
    MERGED = (
        "MERGED",
        "Disimpan bersama perubahan orang lain",
        "stored together with somebody else's change of other fields",
    )
    CONFLICT = (
        "CONFLICT",
        "Sebagian bertentangan dengan perubahan orang lain",
        "fields that somebody else changed too are kept aside",
    )
    REJECTED = "REJECTED", "Tidak disimpan", "nothing stored"

    @classmethod
    def of(cls, changed: bool) -> WriteOutcome:
        """Of a command that is done: whether it changed anything."""
        return cls.ACCEPTED if changed else cls.UNCHANGED


class SaveAs(Code):
    """Whether the work is finished."""

    DRAFT = "DRAFT", "Simpan sebagai draf", "kept for the officers of the village; only structure is checked"
    SUBMITTED = "SUBMITTED", "Kirim", "finished: all ERROR rules must pass"


class RejectReason(Code):
    """Why a submission is refused for good (alasan penolakan)."""

    NOT_RESIDENT = "NOT_RESIDENT", "Bukan warga", "not a resident"
    NOT_MIGRANT_HOUSEHOLD = "NOT_MIGRANT_HOUSEHOLD", "Bukan rumah tangga PMI", "not a household of migrant workers"
    DUPLICATE = "DUPLICATE", "Ganda", "recorded twice"


class ArchiveReason(Code):
    """Why a household leaves the register (alasan pengarsipan)."""

    MOVED_OUT = "MOVED_OUT", "Pindah", "moved out"
    DISSOLVED = "DISSOLVED", "Bubar", "dissolved"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN", "Persetujuan ditarik", "consent withdrawn"
    ENTERED_BY_MISTAKE = "ENTERED_BY_MISTAKE", "Salah catat", "entered by mistake"


class ChangeSource(Code):
    """By which door a change came (asal perubahan)."""

    WEB = "WEB", "Aplikasi web", "web application"
    DEVICE = "DEVICE", "Perangkat petugas", "device of an officer"
    IMPORT = "IMPORT", "Impor", "import"
    MERGE = "MERGE", "Penggabungan", "merge of two records"
    REGION_EVENT = "REGION_EVENT", "Perubahan wilayah", "change of regions"
    DATA_REQUEST = "DATA_REQUEST", "Permintaan subjek data", "request of the data subject"


class IdentityField(Code):
    """Values of the identity vault."""

    NIK = "NIK", "NIK", "national identity number"
    KK_NUMBER = "KK_NUMBER", "Nomor KK", "family card number"
    PASSPORT = "PASSPORT", "Nomor paspor", "passport number"
    EPMI = "EPMI", "Nomor e-PMI", "e-PMI number"
    PHONE = "PHONE", "Nomor telepon", "phone number"


class AccessPurpose(Code):
    """Purpose of access (tujuan akses)."""

    VERIFICATION = "VERIFICATION", "Verifikasi", "verification"
    SERVICE = "SERVICE", "Pelayanan", "service"
    PROTECTION = "PROTECTION", "Pelindungan", "protection"
    DATA_SUBJECT_REQUEST = "DATA_SUBJECT_REQUEST", "Permintaan subjek data", "request of the data subject"
    LEGAL_ORDER = "LEGAL_ORDER", "Perintah hukum", "legal order"


class OrderDirection(Code):
    """Direction of a sort; ties are broken by id."""

    ASC = "ASC", "Naik", "ascending"
    DESC = "DESC", "Turun", "descending"
