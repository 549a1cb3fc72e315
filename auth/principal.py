"""Who is asking: a user with the grants in force, and from them where he has which ability.

Rule: no grant, no area; abilities of two grants never multiply, because each ability's areas come from the grants that
themselves give it.  Test: `tests/test_policy.py`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from auth.ability import Ability
from auth.area import NOWHERE, AreaSet
from auth.policy import VERIFICATION_STAGES, Cell, VerificationStage, cell
from auth.role import Role
from auth.sensitivity import Sensitivity


@dataclass(frozen=True)
class Grant:
    """A role in one region with all that is under it, or in the whole country, for a time.

    `region_id` is None exactly when the area is NATIONAL; `valid_to` is the last day, None means until it is ended;
    `active` is false while a second signature is missing and after it was ended.
    """

    role: Role
    area: AreaSet
    region_id: UUID | None
    valid_from: date
    valid_to: date | None
    active: bool

    def __post_init__(self) -> None:
        if self.area.national != (self.region_id is None) or (not self.area.national and len(self.area.codes) != 1):
            raise ValueError("a grant has one region, or none and then the area NATIONAL")

    def in_force(self, today: date) -> bool:
        """Whether it gives anything on this civil day."""
        return self.active and self.valid_from <= today and (self.valid_to is None or today <= self.valid_to)


@dataclass(frozen=True)
class Principal:
    """A signed-in user.  `grants` are those in force when it was made; it is not to be used after `expires_at`."""

    user_id: UUID
    name: str
    username: str
    grants: tuple[Grant, ...]
    expires_at: datetime

    def areas(self, ability: Ability, signature: VerificationStage | None = None) -> AreaSet:
        """Where he has the ability over every record; with `signature`, only where the grant gives that signature."""
        return self._held.get((ability, Cell.AREA, signature), NOWHERE)

    def own(self, ability: Ability) -> AreaSet:
        """Where he has the ability over what he made himself, and over nothing else by these grants."""
        return self._held.get((ability, Cell.OWN, None), NOWHERE)

    @cached_property
    def abilities(self) -> frozenset[Ability]:
        """What he may do or see somewhere, were it only over his own records."""
        return frozenset(ability for ability, _, _ in self._held)

    @cached_property
    def ability_names(self) -> list[str]:
        """The names of his abilities, sorted."""
        return sorted(ability.name for ability in self.abilities)

    @cached_property
    def memo(self) -> dict[object, Any]:
        """What others have worked out of these grants, as long as the principal lives."""
        return {}

    def sees(self, sensitivity: Sensitivity) -> AreaSet:
        """Where he sees this class in every record."""
        return self.areas(Ability.of(sensitivity))

    def sees_of(self, sensitivity: Sensitivity, author: UUID) -> AreaSet:
        """Where he sees this class in a record of this author."""
        seen = self.sees(sensitivity)
        return seen | self.own(Ability.of(sensitivity)) if author == self.user_id else seen

    def role_for(self, ability: Ability, code: str, signature: VerificationStage | None = None) -> Role | None:
        """The role in which he has the ability at the region of this code; one over every record comes first."""
        for wanted in Cell:
            for grant in self.grants:
                signs = signature is None or VERIFICATION_STAGES.get(grant.role) is signature
                if signs and cell(ability, grant.role) is wanted and grant.area.covers(code):
                    return grant.role
        return None

    def setting(self, name: str) -> str:
        """The text of the database setting `app.<name>`; '' shows nothing.  LookupError for unknown names."""
        if name not in SETTINGS:
            raise LookupError(f"{name!r} is no setting of a principal: see SETTINGS in auth/principal.py")
        return self._settings[name]

    @cached_property
    def _held(self) -> Mapping[tuple[Ability, Cell, VerificationStage | None], AreaSet]:
        held: dict[tuple[Ability, Cell, VerificationStage | None], AreaSet] = {}
        for grant in self.grants:
            for ability in Ability:
                if found := cell(ability, grant.role):
                    for signature in {None, VERIFICATION_STAGES.get(grant.role)}:
                        key = ability, found, signature
                        held[key] = held.get(key, NOWHERE) | grant.area
        return held

    @cached_property
    def _settings(self) -> Mapping[str, str]:
        return {name: text(self) for name, text in SETTINGS.items()}


def _areas(ability: Ability, signature: VerificationStage | None = None) -> Callable[[Principal], str]:
    return lambda principal: principal.areas(ability, signature).literal()


def _own(ability: Ability) -> Callable[[Principal], str]:
    return lambda principal: principal.own(ability).literal()


SETTINGS: Mapping[str, Callable[[Principal], str]] = {
    "user": lambda principal: str(principal.user_id),
    "read": _areas(Ability.SEE_OPERATIONAL),
    **{klass.value.lower(): _areas(Ability.of(klass)) for klass in Sensitivity},
    **{f"{klass.value.lower()}_own": _own(Ability.of(klass)) for klass in Sensitivity},
    "submit": _areas(Ability.HOUSEHOLD_SUBMIT),
    "amend": _areas(Ability.HOUSEHOLD_AMEND),
    "verify": _areas(Ability.SUBMISSION_VERIFY),
    "verify_village": _areas(Ability.SUBMISSION_VERIFY, VerificationStage.VILLAGE),
    "verify_regency": _areas(Ability.SUBMISSION_VERIFY, VerificationStage.REGENCY),
    "return": _areas(Ability.SUBMISSION_RETURN),
    "return_village": _areas(Ability.SUBMISSION_RETURN, VerificationStage.VILLAGE),
    "return_regency": _areas(Ability.SUBMISSION_RETURN, VerificationStage.REGENCY),
    "reveal": _areas(Ability.IDENTITY_REVEAL),
}
"""What the database may be told of a principal: the name of the setting after `app.`, and how its text is made."""
