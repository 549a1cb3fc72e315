"""One thing a role can do, or one class of data it can see.

Rule: an ability enters here together with the first command that asks for it, and `auth/policy.py` then has a row of it
or cannot be imported.  Test: `tests/test_policy.py`
"""

from __future__ import annotations

from enum import Enum

from auth.sensitivity import Sensitivity


class Ability(Enum):
    """A row of the policy's page; the value is its public name."""

    SEE_OPEN = "see:open", "Melihat data terbuka", "See open data"
    SEE_OPERATIONAL = "see:operational", "Melihat data operasional", "See operational data"
    SEE_PERSONAL = "see:personal", "Melihat data pribadi", "See personal data"
    SEE_IDENTITY = "see:identity", "Melihat nomor identitas yang disamarkan", "See masked identity numbers"
    SEE_SPECIAL = "see:special", "Melihat data pribadi spesifik", "See special personal data"
    SEE_PROTECTIVE = "see:protective", "Melihat data pelindungan", "See protective data"
    SEE_SYSTEM = "see:system", "Melihat data sistem", "See system data"
    HOUSEHOLD_SUBMIT = "household:submit", "Mengajukan data rumah tangga", "Submit a household"
    HOUSEHOLD_AMEND = "household:amend", "Mengubah data yang sudah diverifikasi", "Amend a household"
    SUBMISSION_VERIFY = "submission:verify", "Memverifikasi ajuan", "Verify a submission"
    SUBMISSION_RETURN = "submission:return", "Mengembalikan ajuan", "Return a submission"
    IDENTITY_REVEAL = "identity:reveal", "Membuka nomor identitas", "Reveal an identity number"

    label_id: str
    label_en: str

    def __new__(cls, value: str, label_id: str, label_en: str) -> Ability:
        self = object.__new__(cls)
        self._value_ = value
        self.label_id, self.label_en = label_id, label_en
        return self

    @classmethod
    def of(cls, sensitivity: Sensitivity) -> Ability:
        """The ability to see this class of data."""
        return cls[f"SEE_{sensitivity.name}"]
