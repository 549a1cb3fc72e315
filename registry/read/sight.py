"""Which classes a caller sees, as far as it changes the statement: everywhere he reads, nowhere, or in some of it.

Rule: a mask is left out only where the class is seen wherever the row can be seen.  Test: tests/test_masks.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from auth.ability import Ability
from auth.area import NATIONAL
from auth.principal import Principal
from auth.sensitivity import Sensitivity


class Seen(Enum):
    """How far a class is seen."""

    EVERYWHERE = 1
    SOMEWHERE = 2
    NOWHERE = 3


@dataclass(frozen=True)
class Sight:
    """Per class: how far it is seen within the areas that the caller reads, in the country, and on own rows."""

    inside: tuple[Seen, ...]
    country: tuple[Seen, ...]
    own: tuple[bool, ...]

    @classmethod
    def of(cls, principal: Principal) -> Sight:
        reads = principal.sees(Sensitivity.OPERATIONAL)
        areas = [principal.sees(kind) for kind in _KINDS]
        return cls(
            tuple(Seen.NOWHERE if not a else Seen.EVERYWHERE if a.covers_all(reads) else Seen.SOMEWHERE for a in areas),
            tuple(
                Seen.NOWHERE if not a else Seen.EVERYWHERE if a.covers_all(NATIONAL) else Seen.SOMEWHERE for a in areas
            ),
            tuple(bool(principal.own(Ability.of(kind))) for kind in _KINDS),
        )

    def far(self, row: Sensitivity, kind: Sensitivity) -> Seen:
        """How far `kind` is seen in rows that exist by class `row`."""
        if row is kind or kind is Sensitivity.OPEN:
            return Seen.EVERYWHERE
        return (self.inside if row is Sensitivity.OPERATIONAL else self.country)[_KINDS.index(kind)]

    def owns(self, kind: Sensitivity) -> bool:
        """Whether `kind` is seen in rows that the caller made."""
        return self.own[_KINDS.index(kind)]


_KINDS = tuple(Sensitivity)
