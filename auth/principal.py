"""The caller: a user with the grants in force, and from these where they have which ability.

A service account may act for a user: then each ability reaches only where both have it.
Rule: no grant, no area, and before a duty is done none but that of one's own sign-in; abilities of two grants never
multiply, because each ability's areas come from the grants that give this very ability; a session gives its own
abilities and no area; a user for whom a service acts gains nothing by it, nor does the service.
Tests: `tests/test_policy.py`, `tests/test_acting_for.py`, `tests/test_second_factor.py`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum
from functools import cached_property
from typing import Any
from uuid import UUID

from auth.ability import Ability
from auth.area import COUNTRY, NOWHERE, AreaSet
from auth.policy import OF_SESSION, REGISTERED_ONLY, VERIFICATION_STAGES, Cell, VerificationStage, cell, within_reach
from auth.role import Role
from auth.sensitivity import Sensitivity


@dataclass(frozen=True)
class Grant:
    """A role in one region with all that is under it, or in the whole country, for a time.

    `region_id` is None exactly when the area is NATIONAL; `valid_to` is the last day, None means until it is ended;
    `active` is false while a second signature is missing, and after the grant was ended.
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


class Duty(Enum):
    """What a signed-in user must do before anything else."""

    CHANGE_PASSWORD = "change the password that somebody else knows"  # noqa: S105  (a sentence)
    CONFIRM_SECOND_FACTOR = "confirm a second factor, which their grants require"


@dataclass(frozen=True)
class Principal:
    """A signed-in user.  `grants` are those in force when it was read; do not use it after `expires_at`.

    `is_service` says that the account is a service's; `through` is the service account that acts for this user.
    `session` is the sign-in whose token it sent; a token that a demo made by hand has none, and no `duty`."""

    user_id: UUID
    name: str
    username: str
    grants: tuple[Grant, ...]
    expires_at: datetime
    is_service: bool = False
    through: Principal | None = None
    session: UUID | None = None
    duty: Duty | None = None

    def acting_through(self, service: Principal) -> Principal:
        """This user as the service account acts for them: where both have an ability, until either token expires."""
        return replace(self, through=service, expires_at=min(self.expires_at, service.expires_at))

    @property
    def caller_id(self) -> UUID:
        """The account that sent the request: the service that acts for the user, else the user."""
        return self.user_id if self.through is None else self.through.user_id

    @property
    def acting_for_id(self) -> UUID | None:
        """The user for whom a service acts; None if they act themselves."""
        return None if self.through is None else self.user_id

    @property
    def first_role(self) -> str | None:
        """The name of that role of theirs which comes first on the page."""
        roles = {grant.role for grant in self.grants}
        return next((role.value for role in Role if role in roles), None)

    @cached_property
    def runs_registered_only(self) -> bool:
        """Whether they run nothing but registered operations, as services and their users do."""
        has_such_role = any(grant.role in REGISTERED_ONLY for grant in self.grants)
        return self.is_service or self.through is not None or has_such_role

    def areas(self, ability: Ability, stage: VerificationStage | None = None) -> AreaSet:
        """Where they have the ability over every record; with `stage`, only by grants that give that stage."""
        return self._areas.get((ability, Cell.AREA, stage), NOWHERE)

    def own(self, ability: Ability) -> AreaSet:
        """Where they have the ability over records that they created, and over nothing else by these grants."""
        return self._areas.get((ability, Cell.OWN, None), NOWHERE)

    @cached_property
    def abilities(self) -> frozenset[Ability]:
        """What they may do or see somewhere, even if only in their own records."""
        return frozenset(ability for ability, _, _ in self._areas)

    @cached_property
    def ability_names(self) -> list[str]:
        """The names of their abilities, sorted."""
        return sorted(ability.name for ability in self.abilities)

    @cached_property
    def memo(self) -> dict[object, Any]:
        """Results that other modules derive from these grants, kept as long as the principal."""
        return {}

    def sees(self, sensitivity: Sensitivity) -> AreaSet:
        """Where they see this class in every record."""
        return self.areas(Ability.of(sensitivity))

    def sees_of(self, sensitivity: Sensitivity, recorder: UUID) -> AreaSet:
        """Where they see this class in a record that this account recorded."""
        areas = self.sees(sensitivity)
        if recorder == self.user_id:
            areas |= self.own(Ability.of(sensitivity))
        return areas

    def role_for(self, ability: Ability, code: str, stage: VerificationStage | None = None) -> Role | None:
        """The role that gives the ability in the region of this code; one over every record comes first."""
        if self.through is not None and not self.through.areas(ability, stage).covers(code):
            return None
        grants = [
            grant
            for grant in self.grants
            if grant.area.covers(code) and (stage is None or VERIFICATION_STAGES.get(grant.role) is stage)
        ]
        for reach in Cell:
            for grant in grants:
                if cell(ability, grant.role) is reach:
                    return grant.role
        return None

    def role_over(self, ability: Ability, role: Role, code: str) -> Role | None:
        """The role of one grant that gives an ability over holders of `role` in the region of this code."""
        if not self.areas(ability).covers(code):  # a service that acts for them may not have it
            return None
        for grant in self.grants:
            if grant.area.covers(code) and role in within_reach(ability, grant.role):
                return grant.role
        return None

    def posts(self, ability: Ability) -> str:
        """What `role_over` finds, as the text of an `area_set` of posts.

        A post is a role in a region, `OFFICER/35.07.11`.  Who has the ability in the whole country has the accounts
        without a post too, which are at "0"."""
        ranges = []
        for role in Role:
            areas = NOWHERE
            for grant in self.grants:
                if role in within_reach(ability, grant.role):
                    areas |= grant.area & self.areas(ability)
            bounds = [("0", ":")] if areas.national else [(code, f"{code}/") for code in sorted(areas.codes)]
            ranges += [f"[{role.value}/{low},{role.value}/{high})" for low, high in bounds]
        if self.areas(ability).national:
            ranges.append(f"[{COUNTRY},{COUNTRY}]")
        return f"{{{','.join(ranges)}}}" if ranges else ""

    def written(self, name: str) -> dict[str, str]:
        """The settings that say where a command writes whose ability has the setting `name`: any record, their own."""
        own = {SETTING_OF[ability]: own for ability, own in OF_OWN.items()}.get(name)
        return {"write": self.setting(name), "write_own": "" if own is None else self.setting(own)}

    def setting(self, name: str) -> str:
        """The text of the database setting `app.<name>`; '' shows nothing.  LookupError for unknown names."""
        if name not in SETTINGS:
            raise LookupError(f"{name!r} is not a setting of a principal: see SETTINGS in auth/principal.py")
        return self._settings[name]

    @cached_property
    def _areas(self) -> _Areas:
        areas = _granted(self.grants)
        if self.duty is not None:
            areas = {key: area for key, area in areas.items() if key[0] in OF_SESSION}
        if self.session is not None and not self.is_service:
            areas = {**{(ability, Cell.OWN, None): NOWHERE for ability in OF_SESSION}, **areas}
        return areas if self.through is None else _intersection(areas, self.through._areas)

    @cached_property
    def _settings(self) -> Mapping[str, str]:
        return {name: text(self) for name, text in SETTINGS.items()}


FOREVER = datetime.max.replace(tzinfo=UTC)
NOBODY = Principal(UUID(int=0), "", "", (), FOREVER)
"""Whoever has not signed in, and what runs without a caller: it has no grant, and no account has its id."""


_Areas = Mapping[tuple[Ability, Cell, VerificationStage | None], AreaSet]
"""Where an ability reaches: over every record or over one's own, by any grant or by those that give a stage."""


def _granted(grants: tuple[Grant, ...]) -> _Areas:
    """What these grants give together."""
    areas: dict[tuple[Ability, Cell, VerificationStage | None], AreaSet] = {}
    for grant in grants:
        for ability in Ability:
            reach = cell(ability, grant.role)
            if reach is None:
                continue
            for stage in {None, VERIFICATION_STAGES.get(grant.role)}:
                key = ability, reach, stage
                areas[key] = areas.get(key, NOWHERE) | grant.area
    return areas


def _intersection(users: _Areas, services: _Areas) -> _Areas:
    """What a user keeps whose service has these areas.

    The user's own records are nobody's own to the service, so it must reach them as it reaches every record."""
    areas = {}
    for (ability, reach, stage), area in users.items():
        if both := area & services.get((ability, Cell.AREA, stage), NOWHERE):
            areas[ability, reach, stage] = both
    return areas


def area_setting(sensitivity: Sensitivity) -> str:
    """The setting that holds the areas where the caller sees this class in every record."""
    return sensitivity.value.lower()


def own_area_setting(sensitivity: Sensitivity) -> str:
    """The setting that holds the areas where the caller sees this class in records that they created."""
    return f"{area_setting(sensitivity)}_own"


def _areas(ability: Ability, stage: VerificationStage | None = None) -> Callable[[Principal], str]:
    return lambda principal: principal.areas(ability, stage).literal()


def _posts(ability: Ability) -> Callable[[Principal], str]:
    return lambda principal: principal.posts(ability)


def _own(ability: Ability) -> Callable[[Principal], str]:
    return lambda principal: principal.own(ability).literal()


SETTING_OF: Mapping[Ability, str] = {
    Ability.HOUSEHOLD_SUBMIT: "submit",
    Ability.HOUSEHOLD_WITHDRAW: "withdraw",
    Ability.HOUSEHOLD_AMEND: "amend",
    Ability.HOUSEHOLD_ARCHIVE: "archive",
    Ability.SUBMISSION_VERIFY: "verify",
    Ability.SUBMISSION_RETURN: "return",
    Ability.SUBMISSION_REJECT: "reject",
    Ability.REPORT_LOCK: "report",
    Ability.IDENTITY_REVEAL: "reveal",
    Ability.PROGRAMME_MANAGE: "programme",
    Ability.USER_READ: "users",
    Ability.USER_MANAGE: "manage",
    Ability.USER_DISABLE: "disable",
    Ability.GRANT_GIVE: "give",
    Ability.GRANT_APPROVE: "approve",
    Ability.PILLAR_RECORD: "pillar",
    Ability.CASE_RECORD: "case",
    Ability.FIGURE_EXACT: "exact",
    Ability.SESSION_OWN: "session",
}
"""The setting of each ability that opens a command or a list: where the caller holds it."""
OF_POSTS = (Ability.USER_MANAGE, Ability.USER_DISABLE, Ability.GRANT_GIVE, Ability.GRANT_APPROVE)
"""The abilities over people: their settings hold posts, because the role of the other person counts too."""
OF_OWN = {Ability.CASE_RECORD: "case_own"}
"""The abilities that some roles have over their own records alone → the setting of where the caller holds them so."""
_SEE_ABILITIES = {Ability.of(sensitivity) for sensitivity in Sensitivity}
if unset := sorted(ability.name for ability in Ability if ability not in _SEE_ABILITIES | SETTING_OF.keys()):
    raise TypeError(f"name the setting of {', '.join(unset)} in SETTING_OF of auth/principal.py")

SETTINGS: Mapping[str, Callable[[Principal], str]] = {
    "user": lambda principal: str(principal.caller_id),
    "read": _areas(Ability.SEE_OPERATIONAL),
    "read_from": lambda principal: principal.areas(Ability.SEE_OPERATIONAL).hull[0],
    "read_below": lambda principal: principal.areas(Ability.SEE_OPERATIONAL).hull[1],
    **{area_setting(sensitivity): _areas(Ability.of(sensitivity)) for sensitivity in Sensitivity},
    **{own_area_setting(sensitivity): _own(Ability.of(sensitivity)) for sensitivity in Sensitivity},
    **{name: _areas(ability) for ability, name in SETTING_OF.items()},
    **{SETTING_OF[ability]: _posts(ability) for ability in OF_POSTS},
    **{name: _own(ability) for ability, name in OF_OWN.items()},
    "verify_village": _areas(Ability.SUBMISSION_VERIFY, VerificationStage.VILLAGE),
    "verify_regency": _areas(Ability.SUBMISSION_VERIFY, VerificationStage.REGENCY),
    "return_village": _areas(Ability.SUBMISSION_RETURN, VerificationStage.VILLAGE),
    "return_regency": _areas(Ability.SUBMISSION_RETURN, VerificationStage.REGENCY),
}
"""What the database may know of a principal: the name of the setting after `app.`, and how its text is made."""
