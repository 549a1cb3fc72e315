"""Who may see what, implemented naively: it walks the parents in the world's tree and shares no code with the product.

The access tests compare every answer with this file.  A change here is a change of policy.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

EVERYBODY = frozenset(
    [
        "OFFICER",
        "VILLAGE_VERIFIER",
        "REGENCY_COORDINATOR",
        "REGIONAL_VIEWER",
        "PROVINCE_OFFICER",
        "MINISTRY_ANALYST",
        "MINISTRY_ADMIN",
        "PROTECTION_DESK",
        "AUDITOR",
        "SYSTEM_ADMIN",
        "SERVICE",
    ]
)
SEES: dict[str, frozenset[str]] = {
    "OPEN": EVERYBODY,
    "OPERATIONAL": EVERYBODY - {"PROTECTION_DESK", "AUDITOR", "SYSTEM_ADMIN"},
    "PERSONAL": frozenset({"OFFICER", "VILLAGE_VERIFIER", "REGENCY_COORDINATOR", "PROVINCE_OFFICER", "MINISTRY_ADMIN"}),
    "IDENTITY": frozenset({"OFFICER", "VILLAGE_VERIFIER", "REGENCY_COORDINATOR", "MINISTRY_ADMIN"}),
    "SPECIAL": frozenset({"OFFICER", "REGENCY_COORDINATOR"}),
    "PROTECTIVE": frozenset(),
    "SYSTEM": frozenset({"REGENCY_COORDINATOR", "MINISTRY_ADMIN", "AUDITOR", "SYSTEM_ADMIN"}),
}
DESK = frozenset({"PROTECTION_DESK"})
SEES_OWN = {"OPERATIONAL": DESK, "IDENTITY": DESK, "SPECIAL": DESK, "PROTECTIVE": DESK | {"OFFICER"}}
SUBMITS = frozenset({"OFFICER"})
AMENDS = frozenset({"OFFICER", "REGENCY_COORDINATOR"})
RECORDS = {"pillar:record": SUBMITS, "case:record": SUBMITS | DESK}
"""The ability of a command that saves a record with a command of its own → the roles that have it."""
STEPS = {
    "withdraw": (SUBMITS, frozenset({"SUBMITTED"})),
    "reject": (frozenset({"REGENCY_COORDINATOR"}), frozenset({"SUBMITTED", "VERIFIED_VILLAGE"})),
    "archive": (AMENDS, frozenset({"DRAFT", "SUBMITTED", "RETURNED", "VERIFIED_VILLAGE", "VERIFIED", "REJECTED"})),
}
"""A step that leaves a household's content as it is → the roles that take it, and from which states."""
SIGNS = frozenset({"VILLAGE_VERIFIER"})
PLANS = frozenset({"REGENCY_COORDINATOR", "PROVINCE_OFFICER", "MINISTRY_ANALYST", "MINISTRY_ADMIN"})
"""Who counts persons in their area without their records."""
PLANNED = frozenset({"OPEN", "OPERATIONAL", "PERSONAL", "SPECIAL"})
REVEALS = frozenset({"OFFICER", "REGENCY_COORDINATOR", "MINISTRY_ADMIN"})

Tree = Mapping[str, str | None]
"""Region → its parent today; None for a province."""


class HeldGrant(Protocol):
    """A grant; `region` None is the whole country."""

    @property
    def role(self) -> str: ...
    @property
    def region(self) -> str | None: ...
    @property
    def from_(self) -> dt.date: ...
    @property
    def to(self) -> dt.date | None: ...
    @property
    def active(self) -> bool: ...
    @property
    def pending(self) -> bool: ...


class Placed(Protocol):
    """A record, in the village where its household is today."""

    @property
    def village(self) -> str: ...
    @property
    def draft(self) -> bool: ...
    @property
    def author(self) -> str: ...
    @property
    def kind(self) -> str: ...  # the class of its existence


class Account(Protocol):
    """A person with an account."""

    @property
    def name(self) -> str: ...
    @property
    def active(self) -> bool: ...
    @property
    def grants(self) -> Sequence[HeldGrant]: ...
    @property
    def creator(self) -> str | None: ...


def inside(tree: Tree, village: str, region: str | None) -> bool:
    """Whether the village is the region or lies below it today."""
    if region is None:
        return True
    here: str | None = village
    while here is not None:
        if here == region:
            return True
        here = tree[here]
    return False


def has(tree: Tree, who: Account, roles: frozenset[str], village: str, today: dt.date) -> bool:
    """Whether one grant in force, of one of these roles, covers the village."""
    for grant in who.grants:
        here = grant.role in roles and inside(tree, village, grant.region)
        if _holds(grant, who, today) and here:
            return True
    return False


def _holds(grant: HeldGrant, who: Account, today: dt.date) -> bool:
    begun, over = grant.from_ <= today, grant.to is not None and grant.to < today
    return who.active and grant.active and begun and not over


GIVES = {
    "REGENCY_COORDINATOR": frozenset({"OFFICER", "VILLAGE_VERIFIER", "REGIONAL_VIEWER"}),
    "MINISTRY_ADMIN": EVERYBODY,
}
CLOSES = GIVES | {"SYSTEM_ADMIN": EVERYBODY}
FINDS = frozenset({"REGENCY_COORDINATOR", "MINISTRY_ADMIN", "SYSTEM_ADMIN"})
APPROVES = frozenset({"MINISTRY_ADMIN"})
OFFICERS = frozenset({"OFFICER"})


def reaches(tree: Tree, who: Account, roles: frozenset[str], region: str | None, today: dt.date) -> bool:
    """Whether one grant in force, of one of these roles, covers a region, or the country for None."""
    if region is not None:
        return has(tree, who, roles, region, today)
    return any(_holds(grant, who, today) and grant.role in roles and grant.region is None for grant in who.grants)


def counts_exactly(
    tree: Tree, who: Account, kinds: frozenset[str], region: str | None, level: int, today: dt.date
) -> bool:
    """Whether figures of these classes, of the whole region at a level (1: a province) or the country, are exact."""
    if all(kind == "OPEN" or reaches(tree, who, SEES[kind], region, today) for kind in kinds):
        return True
    return level <= 2 and kinds <= PLANNED and reaches(tree, who, PLANS, region, today)


def sees_grant(tree: Tree, who: Account, holder: str, region: str | None, today: dt.date) -> bool:
    """Whether the grant of somebody in a region (None: the country) exists for this person."""
    return who.name == holder or reaches(tree, who, SEES["SYSTEM"], region, today)


def gives(tree: Tree, who: Account, role: str, region: str | None, today: dt.date) -> bool:
    """Whether this person may give a role there."""
    return reaches(tree, who, frozenset(giver for giver in GIVES if role in GIVES[giver]), region, today)


def closes(tree: Tree, who: Account, other: Account, today: dt.date) -> bool:
    """Whether this person may disable an account and revoke its devices."""
    return _keeps(tree, who, other, CLOSES, today)


def manages(tree: Tree, who: Account, other: Account, today: dt.date) -> bool:
    """Whether this person may change an account and reset its password."""
    return _keeps(tree, who, other, GIVES, today)


def _keeps(tree: Tree, who: Account, other: Account, reach: Mapping[str, frozenset[str]], today: dt.date) -> bool:
    """Whether a grant of this person reaches each grant of another's that has not ended."""
    if who.name == other.name:
        return False
    living = [grant for grant in other.grants if not is_over(grant, today)]
    if not living:
        created = other.creator == who.name and anywhere(who, frozenset(reach), today)
        return created or reaches(tree, who, frozenset(reach), None, today)
    for grant in living:
        roles = frozenset(role for role in reach if grant.role in reach[role])
        if not reaches(tree, who, roles, grant.region, today):
            return False
    return True


def is_over(grant: HeldGrant, today: dt.date) -> bool:
    """Whether a grant gives nothing any more, and never will."""
    return not (grant.active or grant.pending) or (grant.to is not None and grant.to < today)


def anywhere(who: Account, roles: frozenset[str], today: dt.date) -> bool:
    """Whether one of these roles is in force for this person somewhere."""
    return any(_holds(grant, who, today) and grant.role in roles for grant in who.grants)


def sees_account(tree: Tree, who: Account, other: Account, today: dt.date) -> bool:
    """Whether the account of another exists for this person: their own, and those of the area of SYSTEM."""
    return who.name == other.name or _placed(tree, who, other, SEES["SYSTEM"], today)


def finds(tree: Tree, who: Account, other: Account, today: dt.date) -> bool:
    """Whether lists show the account to this person."""
    return _placed(tree, who, other, FINDS, today)


def _placed(tree: Tree, who: Account, other: Account, roles: frozenset[str], today: dt.date) -> bool:
    """Whether an account has a grant where this person has one of the roles, or never had one and is theirs to keep."""
    if other.grants:
        return any(reaches(tree, who, roles, grant.region, today) for grant in other.grants)
    created = other.creator == who.name and anywhere(who, roles, today)
    return created or reaches(tree, who, roles, None, today)


def names_officer(tree: Tree, who: Account, other: Account, today: dt.date) -> bool:
    """Whether a village shows this person the name of another: of its officer, where they see PERSONAL."""
    return any(
        has(tree, other, OFFICERS, place, today) and has(tree, who, SEES["PERSONAL"], place, today) for place in tree
    )


def exists(tree: Tree, who: Account, row: Placed, today: dt.date) -> bool:
    """Whether the record exists for this person."""
    if row.kind != "OPERATIONAL" and _seen_as_own(tree, who, row.kind, row, today):
        return _seen_as_own(tree, who, "OPERATIONAL", row, today) or _seen(tree, who, "OPERATIONAL", row, today)
    if row.draft and not has(tree, who, SUBMITS, row.village, today):
        return False
    return all(_seen(tree, who, kind, row, today) for kind in ("OPERATIONAL", row.kind))


def sees(tree: Tree, who: Account, kind: str, row: Placed, today: dt.date) -> bool:
    """Whether this person may read a datum of this class in this record."""
    if not exists(tree, who, row, today):
        return False
    return _seen_as_own(tree, who, kind, row, today) or _seen(tree, who, kind, row, today)


def able(tree: Tree, who: Account, roles: frozenset[str], today: dt.date) -> bool:
    """Whether one grant in force, of one of these roles, covers anything that there is today."""
    return any(has(tree, who, roles, place, today) for place in tree)


def records(tree: Tree, who: Account, roles: frozenset[str], row: Placed, today: dt.date) -> bool:
    """Whether this person may change a record that exists for them, by one of these roles; the desk only its own."""
    own = row.author == who.name and has(tree, who, roles & DESK, row.village, today)
    return own or has(tree, who, roles - DESK, row.village, today)


def _seen(tree: Tree, who: Account, kind: str, row: Placed, today: dt.date) -> bool:
    return has(tree, who, SEES[kind], row.village, today)


def _seen_as_own(tree: Tree, who: Account, kind: str, row: Placed, today: dt.date) -> bool:
    return row.author == who.name and has(tree, who, SEES_OWN.get(kind, frozenset()), row.village, today)
