"""Sets of areas, each a region and everything under it.

A region is its dotted code (`35.07`), so "under" is a prefix that ends at a dot: 35.07.12 lies under 35.07, 35.071 does
not.  The same set is the value of PostgreSQL's type `area_set`, where a region is the range `[code, code || '/')`.

Rule: an empty set covers nothing, and only the name NATIONAL means the whole country.  Test: `tests/test_area.py`
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CODE = re.compile(r"[0-9]+(\.[0-9]+)*")


@dataclass(frozen=True)
class AreaSet:
    """A set of areas without overlaps; two are equal if they cover the same places.

    Construct one by `of`, or use NATIONAL or NOWHERE."""

    codes: frozenset[str] = frozenset()
    national: bool = False

    def __post_init__(self) -> None:
        for code in self.codes:
            if not _CODE.fullmatch(code):
                raise ValueError(f"{code!r} is not a dotted region code, such as '35.07.12'")
        normal = frozenset() if self.national else _without_overlaps(self.codes)
        object.__setattr__(self, "codes", normal)

    @classmethod
    def of(cls, *codes: str) -> AreaSet:
        """The regions of these codes with all that is under them; without codes NOWHERE.

        Raises ValueError for anything but dotted digits: an empty or misspelt code is no wider area."""
        return cls(frozenset(codes))

    def covers(self, code: str) -> bool:
        """Whether the region of this code is one of the set or under one."""
        if self.national:
            return "0" <= code < ":"
        return code in self.codes or any(above in self.codes for above in _above(code))

    def covers_all(self, other: AreaSet) -> bool:
        """Whether every place of `other` is in this set; true of NOWHERE, so check `bool(other)` where that matters."""
        if self.national or other.national:
            return self.national
        return all(self.covers(code) for code in other.codes)

    @property
    def is_one_village(self) -> bool:
        """Whether it is a single village: a code of four levels."""
        return not self.national and len(self.codes) == 1 and all(code.count(".") == 3 for code in self.codes)

    def literal(self) -> str:
        """The text of PostgreSQL's `area_set`; of NOWHERE it is '', which equals unset and shows no row."""
        if self.national:
            return "{[0,:)}"
        if not self.codes:
            return ""
        return "{" + ",".join(f"[{code},{code}/)" for code in sorted(self.codes)) + "}"

    @property
    def hull(self) -> tuple[str, str]:
        """The bounds of the one range around all of the set, `from` inclusive and `below` exclusive; '' of NOWHERE.

        It holds what lies between the regions too, unless the set is one region or the whole country."""
        if self.national:
            return "0", ":"
        return (min(self.codes), f"{max(self.codes)}/") if self.codes else ("", "")

    def __or__(self, other: AreaSet) -> AreaSet:
        return AreaSet(self.codes | other.codes, self.national or other.national)

    def __and__(self, other: AreaSet) -> AreaSet:
        if self.national or other.national:
            return other if self.national else self
        own = [code for code in self.codes if other.covers(code)]
        others = [code for code in other.codes if self.covers(code)]
        return AreaSet.of(*own, *others)

    def __bool__(self) -> bool:
        return self.national or bool(self.codes)


def _above(code: str) -> list[str]:
    """The codes above: `35.07.12` lies under `35` and `35.07`."""
    levels = code.split(".")
    return [".".join(levels[:count]) for count in range(1, len(levels))]


def _without_overlaps(codes: frozenset[str]) -> frozenset[str]:
    return frozenset(code for code in codes if not any(above in codes for above in _above(code)))


COUNTRY = "0"
"""The code of what lies in the whole country and in no region: NATIONAL alone covers it."""
NATIONAL = AreaSet(national=True)
NOWHERE = AreaSet()
