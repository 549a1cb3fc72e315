"""THE PAGE: which role may see and do what.  All that the registry allows is on it; what is not on it is refused.

A cell is AREA (in all of the grant's area), OWN (there, and only what the caller himself made) or – (not at all).
Rule: the page is total: every ability has a row and every row a cell for every role, or this module cannot be imported.
Test: `tests/test_policy.py` compares it with the agreed page and flips each cell to see that something changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from auth.ability import Ability
from auth.role import Role


class Cell(Enum):
    """How far a role has an ability; no cell means not at all."""

    AREA = "area"
    OWN = "own"


class VerificationStage(Enum):
    """A signature under a submission: first the village's, then the regency's, by two people who are not its author."""

    VILLAGE = "VILLAGE"
    REGENCY = "REGENCY"


@dataclass(frozen=True)
class Row:
    """What the page says of one ability, and why."""

    cells: Mapping[Role, Cell]
    why: str


def row(*cells: Cell | None, why: str) -> Row:
    """A row of the page: one cell for each role, in the order of `Role`."""
    if len(cells) != len(Role):
        roles = ", ".join(role.name for role in Role)
        raise TypeError(f"a row of the page has one cell for each of {roles}; this one has {len(cells)}: {why}")
    return Row(MappingProxyType({role: cell for role, cell in zip(Role, cells, strict=True) if cell}), why)


def page(rows: Mapping[Ability, Row]) -> Mapping[Ability, Row]:
    """The rows, if they speak of every ability."""
    for ability in Ability:
        if ability not in rows:
            raise TypeError(f"nobody was asked who has {ability.name}: give it a row in auth/policy.py")
    return MappingProxyType(dict(rows))


AREA, OWN, no = Cell.AREA, Cell.OWN, None

# fmt: off
PAGE = page({
    #                     REGENCY                                          PROTEC-
    #           VILLAGE   COORDI-  REGIONAL  PROVINCE  MINISTRY  MINISTRY  TION              SYSTEM
    #   OFFICER VERIFIER  NATOR    VIEWER    OFFICER   ANALYST   ADMIN     DESK     AUDITOR  ADMIN   SERVICE
    Ability.SEE_OPEN: row(
        AREA,   AREA,     AREA,    AREA,     AREA,     AREA,     AREA,     AREA,    AREA,    AREA,   AREA,
        why="the map and code lists are public to every signed-in caller; nobody can name an area without them"),
    Ability.SEE_OPERATIONAL: row(
        AREA,   AREA,     AREA,    AREA,     AREA,     AREA,     AREA,     OWN,     no,      no,     AREA,
        why="without it a row does not exist; desk: only its own cases, and only while they are open"),
    Ability.SEE_PERSONAL: row(
        AREA,   AREA,     AREA,    no,       AREA,     no,       AREA,     no,      no,      no,     no,
        why="UU 27/2022 Art. 4(3): data only for those who work on the records"),
    Ability.SEE_IDENTITY: row(
        AREA,   AREA,     AREA,    no,       no,       no,       AREA,     OWN,     no,      no,     no,
        why="masks and typed numbers only; the full value needs identity:reveal; desk: its own records"),
    Ability.SEE_SPECIAL: row(
        AREA,   no,       AREA,    no,       no,       no,       no,       OWN,     no,      no,     no,
        why="UU 27/2022 Art. 4(2) and 25: whoever records it and whoever verifies it; desk: its own cases"),
    Ability.SEE_PROTECTIVE: row(
        OWN,    no,       no,      no,       no,       no,       no,       OWN,     no,      no,     no,
        why="the most dangerous class is seen by its writer only; all else is an audited act"),
    Ability.SEE_SYSTEM: row(
        no,     no,       AREA,    no,       no,       no,       AREA,     no,      AREA,    AREA,   no,
        why="accounts and grants are of this class: who gives grants or keeps accounts or audits them; nobody else"),
    Ability.HOUSEHOLD_SUBMIT: row(
        AREA,   no,       no,      no,       no,       no,       no,       no,      no,      no,     no,
        why="who may submit also sees drafts, so nobody who verifies or counts holds it"),
    Ability.HOUSEHOLD_AMEND: row(
        AREA,   no,       AREA,    no,       no,       no,       no,       no,      no,      no,     no,
        why="both with a reason, and verified by another (state rule)"),
    Ability.SUBMISSION_VERIFY: row(
        no,     AREA,     AREA,    no,       no,       no,       no,       no,      no,      no,     no,
        why="village step and regency step; four eyes is a state rule"),
    Ability.SUBMISSION_RETURN: row(
        no,     AREA,     AREA,    no,       no,       no,       no,       no,      no,      no,     no,
        why="by either verifier, with remarks"),
    Ability.IDENTITY_REVEAL: row(
        AREA,   no,       AREA,    no,       no,       no,       AREA,     no,      no,      no,     no,
        why="one value with a purpose and an audit row; the verifier sees masks only"),
})
# fmt: on

VERIFICATION_STAGES: Mapping[Role, VerificationStage] = MappingProxyType(
    {Role.VILLAGE_VERIFIER: VerificationStage.VILLAGE, Role.REGENCY_COORDINATOR: VerificationStage.REGENCY}
)
"""The signature that the grant gives which gives SUBMISSION_VERIFY; every role that verifies has one."""

MAY_GIVE: Mapping[Role, frozenset[Role]] = MappingProxyType(
    dict.fromkeys(Role, frozenset[Role]())
    | {
        Role.REGENCY_COORDINATOR: frozenset({Role.OFFICER, Role.VILLAGE_VERIFIER, Role.REGIONAL_VIEWER}),
        Role.MINISTRY_ADMIN: frozenset(Role),
    }
)
"""The roles that a role may give, inside its own area and never to himself."""


def cell(ability: Ability, role: Role) -> Cell | None:
    """What the page says: AREA, OWN, or None for not at all."""
    return PAGE[ability].cells.get(role)


if VERIFICATION_STAGES.keys() != PAGE[Ability.SUBMISSION_VERIFY].cells.keys():
    raise TypeError("whoever verifies signs and nobody else does: mend SIGNATURES or the row of SUBMISSION_VERIFY")
