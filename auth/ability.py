"""One thing a role can do, or one class of data it can see.

Rule: an ability enters here together with the first command that requires it, and `auth/policy.py` cannot be imported
until it has a row for it.  Test: `tests/test_policy.py`
"""

from __future__ import annotations

from auth.labelled import Labelled
from auth.sensitivity import Sensitivity


class Ability(Labelled):
    """A row of the policy's page; the value is its public name."""

    SEE_OPEN = "see:open", "Melihat data terbuka", "See open data"
    SEE_OPERATIONAL = "see:operational", "Melihat data operasional", "See operational data"
    SEE_PERSONAL = "see:personal", "Melihat data pribadi", "See personal data"
    SEE_IDENTITY = "see:identity", "Melihat nomor identitas yang disamarkan", "See masked identity numbers"
    SEE_SPECIAL = "see:special", "Melihat data pribadi spesifik", "See special personal data"
    SEE_PROTECTIVE = "see:protective", "Melihat data pelindungan", "See protective data"
    SEE_SYSTEM = "see:system", "Melihat data sistem", "See system data"
    HOUSEHOLD_SUBMIT = "household:submit", "Mengajukan data rumah tangga", "Submit a household"
    HOUSEHOLD_WITHDRAW = "household:withdraw", "Menarik kembali ajuan", "Withdraw a submission"
    HOUSEHOLD_AMEND = "household:amend", "Mengubah data yang sudah diverifikasi", "Amend a household"
    HOUSEHOLD_ARCHIVE = "household:archive", "Mengarsipkan rumah tangga", "Archive a household"
    SUBMISSION_VERIFY = "submission:verify", "Memverifikasi ajuan", "Verify a submission"
    SUBMISSION_RETURN = "submission:return", "Mengembalikan ajuan", "Return a submission"
    SUBMISSION_REJECT = "submission:reject", "Menolak ajuan", "Reject a submission"
    REPORT_LOCK = "report:lock", "Mengunci laporan bulanan", "Sign a monthly report"
    IDENTITY_REVEAL = "identity:reveal", "Membuka nomor identitas", "Reveal an identity number"
    PROGRAMME_MANAGE = "programme:manage", "Mengelola program", "Manage programmes"
    USER_READ = "user:read", "Mencari akun", "Find accounts"
    USER_MANAGE = "user:manage", "Mengelola akun", "Manage accounts"
    USER_DISABLE = "user:disable", "Menonaktifkan akun dan perangkat", "Disable accounts and devices"
    GRANT_GIVE = "grant:give", "Memberi dan mengakhiri penugasan", "Give and end grants"
    GRANT_APPROVE = "grant:approve", "Menyetujui penugasan", "Approve grants"
    PILLAR_RECORD = "pillar:record", "Mencatat kegiatan pilar", "Record the pillars' activities"
    CASE_RECORD = "case:record", "Mencatat kasus", "Record cases"
    FIGURE_EXACT = "figure:exact", "Melihat angka persis untuk perencanaan", "See exact figures for planning"

    SESSION_OWN = "session:own", "Mengatur masuk sendiri", "Keep one's own sign-in"

    @classmethod
    def of(cls, sensitivity: Sensitivity) -> Ability:
        """The ability to see this class of data."""
        return cls[f"SEE_{sensitivity.name}"]
