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
SEES_OWN = {"PROTECTIVE": frozenset({"OFFICER", "PROTECTION_DESK"})}
SUBMITS = frozenset({"OFFICER"})
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


class Placed(Protocol):
    """A record, in the village where its household is today."""

    @property
    def village(self) -> str: ...
    @property
    def draft(self) -> bool: ...
    @property
    def author(self) -> str: ...


class Account(Protocol):
    """A person with an account."""

    @property
    def name(self) -> str: ...
    @property
    def active(self) -> bool: ...
    @property
    def grants(self) -> Sequence[HeldGrant]: ...


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


def reaches(tree: Tree, who: Account, roles: frozenset[str], region: str | None, today: dt.date) -> bool:
    """Whether one grant in force, of one of these roles, covers a region, or the country for None."""
    if region is not None:
        return has(tree, who, roles, region, today)
    return any(_holds(grant, who, today) and grant.role in roles and grant.region is None for grant in who.grants)


def sees_grant(tree: Tree, who: Account, holder: str, region: str | None, today: dt.date) -> bool:
    """Whether the grant of somebody in a region (None: the country) exists for this person."""
    return who.name == holder or reaches(tree, who, SEES["SYSTEM"], region, today)


def gives(tree: Tree, who: Account, role: str, region: str | None, today: dt.date) -> bool:
    """Whether this person may give a role there."""
    return reaches(tree, who, frozenset(giver for giver in GIVES if role in GIVES[giver]), region, today)


def closes(tree: Tree, who: Account, other: Account, today: dt.date) -> bool:
    """Whether this person may disable an account: each of its grants that has not ended."""
    living = [grant for grant in other.grants if grant.active and (grant.to is None or grant.to >= today)]
    if who.name == other.name:
        return False
    if not living:
        return reaches(tree, who, frozenset(CLOSES), None, today)
    return all(
        reaches(tree, who, frozenset(r for r in CLOSES if grant.role in CLOSES[r]), grant.region, today)
        for grant in living
    )


def exists(tree: Tree, who: Account, row: Placed, today: dt.date) -> bool:
    """Whether the record exists for this person."""
    if row.draft and not has(tree, who, SUBMITS, row.village, today):
        return False
    return has(tree, who, SEES["OPERATIONAL"], row.village, today)


def sees(tree: Tree, who: Account, kind: str, row: Placed, today: dt.date) -> bool:
    """Whether this person may read a datum of this class in this record."""
    if not exists(tree, who, row, today):
        return False
    own = row.author == who.name and has(tree, who, SEES_OWN.get(kind, frozenset()), row.village, today)
    return own or has(tree, who, SEES[kind], row.village, today)
