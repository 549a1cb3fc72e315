"""Which classes a caller sees, as far as it changes the statement: everywhere he reads, nowhere, or in some of it.

Rule: a mask is left out only where the class is seen wherever the row can be seen.  Test: tests/test_masks.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from auth.ability import Ability
from auth.area import NATIONAL, AreaSet
from auth.principal import Principal
from auth.sensitivity import Sensitivity


class Extent(Enum):
    """How far a class is seen."""

    ALL = 1
    SOME = 2
    NONE = 3


@dataclass(frozen=True, eq=False)
class Visibility:
    """Per class: how far it is seen within the areas that the caller reads, in the country, and on own rows.

    Equal visibilities are one object, so that finding what was prepared for one costs nothing."""

    inside: tuple[Extent, ...]
    country: tuple[Extent, ...]
    own: tuple[bool, ...]

    @classmethod
    def of(cls, principal: Principal) -> Visibility:
        known: Visibility | None = principal.memo.get(cls)
        if known is None:
            known = principal.memo[cls] = _of(principal)
        return known

    def far(self, row: Sensitivity, kind: Sensitivity) -> Extent:
        """How far `kind` is seen in rows that exist by class `row`."""
        if row is kind or kind is Sensitivity.OPEN:
            return Extent.ALL
        return (self.inside if row is Sensitivity.OPERATIONAL else self.country)[_KINDS.index(kind)]

    def owns(self, kind: Sensitivity) -> bool:
        """Whether `kind` is seen in rows that the caller made."""
        return self.own[_KINDS.index(kind)]


_KINDS = tuple(Sensitivity)
_KNOWN: dict[tuple[Any, ...], Visibility] = {}
"""By their content; there are few, for roles are few."""


def _of(principal: Principal) -> Visibility:
    reads = principal.sees(Sensitivity.OPERATIONAL)
    areas = [principal.sees(kind) for kind in _KINDS]
    inside = tuple(_seen(area, reads) for area in areas)
    country = tuple(_seen(area, NATIONAL) for area in areas)
    own = tuple(bool(principal.own(Ability.of(kind))) for kind in _KINDS)
    return _KNOWN.setdefault((inside, country, own), Visibility(inside, country, own))


def _seen(area: AreaSet, whole: AreaSet) -> Extent:
    return Extent.NONE if not area else Extent.ALL if area.covers_all(whole) else Extent.SOME
