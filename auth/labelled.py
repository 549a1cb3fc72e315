"""Enumerations whose members have an Indonesian and an English label beside their value.

Rule: no member is without its labels.  Tests: `tests/test_policy.py`, `tests/test_codes.py`
"""

from __future__ import annotations

import enum
from typing import Self


class Labelled(enum.Enum):
    """A member is declared as value, Indonesian label, English label; in a subclass of str it is its own text."""

    _value_: str
    label_id: str
    label_en: str

    def __new__(cls, value: str, label_id: str, label_en: str) -> Self:
        member: Self = str.__new__(cls, value) if issubclass(cls, str) else object.__new__(cls)
        member._value_ = value
        member.label_id, member.label_en = label_id, label_en
        return member

    @enum.property
    def value(self) -> str:
        """The stable name of the member in the API and the database."""
        return self._value_
