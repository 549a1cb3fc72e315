"""Which classes a caller sees, as far as it changes the statement: in all rows that they read, in some, or in none.

Rule: the test of a class is left out only where the class is visible wherever the row is.  Test: tests/test_masks.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from auth.ability import Ability
from auth.area import NATIONAL, AreaSet
from auth.principal import Principal
from auth.sensitivity import Sensitivity

OPENING_LISTS = frozenset({Ability.USER_READ})
"""The abilities without which a list is refused, whatever classes the caller sees."""


class Extent(Enum):
    """In which of the rows that a caller reads a class is visible."""

    ALL = 1
    SOME = 2
    NONE = 3


@dataclass(frozen=True, eq=False)
class Visibility:
    """For each class: its extent within the areas that the caller reads, its extent in the country, and whether the
    caller sees it in their own rows.  And of the abilities that open lists those that the caller has anywhere.

    Equal visibilities are one object, so that it costs nothing to look up what was prepared for one."""

    inside: tuple[Extent, ...]
    country: tuple[Extent, ...]
    own: tuple[bool, ...]
    lists: frozenset[Ability]

    @classmethod
    def of(cls, principal: Principal) -> Visibility:
        visibility: Visibility | None = principal.memo.get(cls)
        if visibility is None:
            visibility = principal.memo[cls] = _of(principal)
        return visibility

    def extent(self, row: Sensitivity, kind: Sensitivity) -> Extent:
        """The extent of class `kind` among the rows that class `row` makes visible."""
        if row is kind or kind is Sensitivity.OPEN:
            return Extent.ALL
        extents = self.inside if row is Sensitivity.OPERATIONAL else self.country
        return extents[_KINDS.index(kind)]

    def owns(self, kind: Sensitivity) -> bool:
        """Whether the caller sees class `kind` in rows that they created."""
        return self.own[_KINDS.index(kind)]


_KINDS = tuple(Sensitivity)
_VISIBILITIES: dict[tuple[Any, ...], Visibility] = {}
"""By their content; there are few, because roles are few."""


def _of(principal: Principal) -> Visibility:
    readable = principal.sees(Sensitivity.OPERATIONAL)
    areas = [principal.sees(kind) for kind in _KINDS]
    inside = tuple(_extent(area, readable) for area in areas)
    country = tuple(_extent(area, NATIONAL) for area in areas)
    own = tuple(bool(principal.own(Ability.of(kind))) for kind in _KINDS)
    lists = principal.abilities & OPENING_LISTS
    return _VISIBILITIES.setdefault((inside, country, own, lists), Visibility(inside, country, own, lists))


def _extent(area: AreaSet, whole: AreaSet) -> Extent:
    if not area:
        return Extent.NONE
    return Extent.ALL if area.covers_all(whole) else Extent.SOME
