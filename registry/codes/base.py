"""What a code list is: closed, with a stable English code and a label in each language.

The code is what the API, the database and exports say; the labels are for people. A code is never renamed or reused.
"""

from enum import StrEnum
from typing import Self


class Code(StrEnum):
    """One closed list; each member is its own text, with an Indonesian and an English label.

    `Sex["MALE"]` finds a member by its code, KeyError where there is none.
    """

    label_id: str
    label_en: str

    def __new__(cls, code: str, label_id: str, label_en: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.label_id = label_id
        member.label_en = label_en
        return member

    @property
    def description(self) -> str:
        """Both labels, Indonesian first, as the schema describes the value."""
        return f"{self.label_id} / {self.label_en}"
