"""THE PAGE: which role may see and do what.  All that the registry allows is on it; what is not on it is refused.

A cell is AREA (in all of the grant's area), OWN (there, and only in records that the caller created) or no (not at
all).  It stands under the name of its role, so no cell slips into the column of another role; the columns are for the
eye only.
Rule: the page is total: every ability has a row and every row a cell for every role, or this module cannot be imported.
Test: `tests/test_policy.py` compares it with the agreed page and flips each cell to see that something changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from auth.ability import Ability
from auth.area import AreaSet
from auth.role import Role


class Cell(Enum):
    """How far a role has an ability; None means not at all."""

    AREA = "area"
    OWN = "own"


class VerificationStage(Enum):
    """A verification of a submission: by the village, then by the regency; two people, and neither is its author."""

    VILLAGE = "VILLAGE"
    REGENCY = "REGENCY"


@dataclass(frozen=True)
class PolicyRow:
    """Which roles have one ability and how far, and why."""

    cells: Mapping[Role, Cell]
    why: str


def row(*, why: str, **cells: Cell | None) -> PolicyRow:
    """A row of the page: one cell for each role, under the role's name.

    Raises TypeError for a role without a cell, and for a cell of no role."""
    roles = {role.name.lower(): role for role in Role}
    if missing := roles.keys() - cells.keys():
        raise TypeError(f"this row has no cell for {', '.join(sorted(missing))}: {why}")
    if unknown := cells.keys() - roles.keys():
        raise TypeError(f"this row has a cell for {', '.join(sorted(unknown))}, which is not a role: {why}")
    return PolicyRow(MappingProxyType({roles[name]: cell for name, cell in cells.items() if cell}), why)


def total(rows: Mapping[Ability, PolicyRow]) -> Mapping[Ability, PolicyRow]:
    """The rows, read-only.  Raises TypeError unless there is one for every ability."""
    for ability in Ability:
        if ability not in rows:
            raise TypeError(f"the page does not say who has {ability.name}: give it a row in auth/policy.py")
    return MappingProxyType(dict(rows))


AREA, OWN, no = Cell.AREA, Cell.OWN, None

# fmt: off
PAGE = total({
    Ability.SEE_OPEN: row(
        officer=AREA, village_verifier=AREA, regency_coordinator=AREA, regional_viewer=AREA, province_officer=AREA,
        ministry_analyst=AREA, ministry_admin=AREA, protection_desk=AREA, auditor=AREA, system_admin=AREA, service=AREA,
        why="the map and code lists are public to every signed-in caller; nobody can name an area without them"),
    Ability.SEE_OPERATIONAL: row(
        officer=AREA, village_verifier=AREA, regency_coordinator=AREA, regional_viewer=AREA, province_officer=AREA,
        ministry_analyst=AREA, ministry_admin=AREA, protection_desk=OWN,  auditor=no,   system_admin=no,   service=AREA,
        why="without it a row does not exist; desk: only its own cases, and only while they are open"),
    Ability.SEE_PERSONAL: row(
        officer=AREA, village_verifier=AREA, regency_coordinator=AREA, regional_viewer=no,   province_officer=AREA,
        ministry_analyst=no,   ministry_admin=AREA, protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="UU 27/2022 Art. 4(3): data only for those who work on the records"),
    Ability.SEE_IDENTITY: row(
        officer=AREA, village_verifier=AREA, regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=AREA, protection_desk=OWN,  auditor=no,   system_admin=no,   service=no,
        why="masks and typed numbers only; the full value needs identity:reveal; desk: its own records"),
    Ability.SEE_SPECIAL: row(
        officer=AREA, village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=OWN,  auditor=no,   system_admin=no,   service=no,
        why="UU 27/2022 Art. 4(2) and 25: whoever records it and whoever verifies it; desk: its own cases"),
    Ability.SEE_PROTECTIVE: row(
        officer=OWN,  village_verifier=no,   regency_coordinator=no,   regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=OWN,  auditor=no,   system_admin=no,   service=no,
        why="the most dangerous class is seen by its writer only; all else is an audited act"),
    Ability.SEE_SYSTEM: row(
        officer=no,   village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=AREA, protection_desk=no,   auditor=AREA, system_admin=AREA, service=no,
        why="accounts and grants are of this class: who gives grants or keeps accounts or audits them; nobody else"),
    Ability.HOUSEHOLD_SUBMIT: row(
        officer=AREA, village_verifier=no,   regency_coordinator=no,   regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="who may submit also sees drafts, so nobody who verifies or counts holds it"),
    Ability.HOUSEHOLD_WITHDRAW: row(
        officer=AREA, village_verifier=no,   regency_coordinator=no,   regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="officer while SUBMITTED; the two officers of a village stand in for each other"),
    Ability.HOUSEHOLD_AMEND: row(
        officer=AREA, village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="both with a reason, and verified by another (state rule)"),
    Ability.HOUSEHOLD_ARCHIVE: row(
        officer=AREA, village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="whoever learns that a household has left; withdrawn consent has 72 hours"),
    Ability.SUBMISSION_VERIFY: row(
        officer=no,   village_verifier=AREA, regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="village step and regency step; four eyes is a state rule"),
    Ability.SUBMISSION_RETURN: row(
        officer=no,   village_verifier=AREA, regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="by either verifier, with remarks"),
    Ability.SUBMISSION_REJECT: row(
        officer=no,   village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="final refusal is the coordinator's alone"),
    Ability.REPORT_LOCK: row(
        officer=no,   village_verifier=AREA, regency_coordinator=no,   regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="the village signs its own month"),
    Ability.IDENTITY_REVEAL: row(
        officer=AREA, village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=AREA, protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="one value with a purpose and an audit row; the verifier sees masks only"),
    Ability.PROGRAMME_MANAGE: row(
        officer=no,   village_verifier=no,   regency_coordinator=no,   regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=AREA, protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="programmes are the ministry's"),
    Ability.USER_READ: row(
        officer=no,   village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=AREA, protection_desk=no,   auditor=no,   system_admin=AREA, service=no,
        why="who gives a grant or keeps an account must find it"),
    Ability.USER_MANAGE: row(
        officer=no,   village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=AREA, protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="who may give all of an account's roles creates it, resets its password and disables it; no other account"),
    Ability.USER_DISABLE: row(
        officer=no,   village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=AREA, protection_desk=no,   auditor=no,   system_admin=AREA, service=no,
        why="who keeps accounts closes them and revokes devices, and learns no password (separation of duties)"),
    Ability.GRANT_GIVE: row(
        officer=no,   village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=AREA, protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="the coordinator assigns inside the regency and the ministry the rest; never to themselves"),
    Ability.GRANT_APPROVE: row(
        officer=no,   village_verifier=no,   regency_coordinator=no,   regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=AREA, protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="a second administrator signs; never the giver or the receiver (state rule)"),
    Ability.PILLAR_RECORD: row(
        officer=AREA, village_verifier=no,   regency_coordinator=no,   regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="the village's officer keeps the records of the four pillars"),
    Ability.CASE_RECORD: row(
        officer=AREA, village_verifier=no,   regency_coordinator=no,   regional_viewer=no,   province_officer=no,
        ministry_analyst=no,   ministry_admin=no,   protection_desk=OWN,  auditor=no,   system_admin=no,   service=no,
        why="desk: its own cases; officer: a successor closes a case, whose type and notes stay with their writer"),
    Ability.FIGURE_EXACT: row(
        officer=no,   village_verifier=no,   regency_coordinator=AREA, regional_viewer=no,   province_officer=AREA,
        ministry_analyst=AREA, ministry_admin=AREA, protection_desk=no,   auditor=no,   system_admin=no,   service=no,
        why="who plans sees counts of persons from the regency up without their records; nobody counts PROTECTIVE so"),
    Ability.SESSION_OWN: row(
        officer=OWN,  village_verifier=OWN,  regency_coordinator=OWN,  regional_viewer=OWN,  province_officer=OWN,
        ministry_analyst=OWN,  ministry_admin=OWN,  protection_desk=OWN,  auditor=OWN,  system_admin=OWN,  service=no,
        why="everybody their own sign-in, with or without grants; a service account has keys on the command line only"),
})
# fmt: on

VERIFICATION_STAGES: Mapping[Role, VerificationStage] = MappingProxyType(
    {Role.VILLAGE_VERIFIER: VerificationStage.VILLAGE, Role.REGENCY_COORDINATOR: VerificationStage.REGENCY}
)
"""The stage that a grant verifies, by its role; every role with SUBMISSION_VERIFY has one."""

SECOND_FACTOR: frozenset[Role] = frozenset(Role) - {Role.OFFICER, Role.VILLAGE_VERIFIER, Role.SERVICE}
"""The roles that see beyond one village, so that a password alone does not open their records (NIST SP 800-63B-4,
AAL2).  A service account has keys and no password."""


def needs_second_factor(role: Role, area: AreaSet) -> bool:
    """Whether a grant opens records only to who has shown a second factor: by its role, or by an area that is more than
    one village."""
    return role in SECOND_FACTOR or not area.is_one_village


OF_SESSION: frozenset[Ability] = frozenset({Ability.SESSION_OWN})
"""The abilities that a session gives to whoever began it, with or without grants and in no area: who was let in may
change their password and leave.  A service account begins no session."""

MAY_GIVE: Mapping[Role, frozenset[Role]] = MappingProxyType(
    dict.fromkeys(Role, frozenset[Role]())
    | {
        Role.REGENCY_COORDINATOR: frozenset({Role.OFFICER, Role.VILLAGE_VERIFIER, Role.REGIONAL_VIEWER}),
        Role.MINISTRY_ADMIN: frozenset(Role),
    }
)
"""The roles that a holder of a role may give, within their own area and never to themselves."""

REGISTERED_ONLY: frozenset[Role] = frozenset({Role.SERVICE})
"""Roles whose holders run nothing but the operations that are registered for them."""

REGIONAL_ROLES = frozenset({Role.OFFICER, Role.VILLAGE_VERIFIER, Role.REGENCY_COORDINATOR, Role.REGIONAL_VIEWER})
"""The roles that one signature gives in a regency and below; every other grant waits for a second person."""

ADMINISTRATORS = frozenset(role for role in Role if MAY_GIVE[role] == set(Role))
"""The roles that may give every role: one of their holders, of the whole country, must always be left."""


def cell(ability: Ability, role: Role) -> Cell | None:
    """How far a role has an ability: AREA, OWN, or None for not at all."""
    return PAGE[ability].cells.get(role)


def within_reach(ability: Ability, role: Role) -> frozenset[Role]:
    """The roles over whose holders a holder of `role` has an ability on accounts or grants, within their own area.

    They are those that they may give.  Who keeps accounts without giving any role may close every account."""
    if cell(ability, role) is not Cell.AREA:
        return frozenset()
    if ability is Ability.USER_DISABLE and cell(Ability.USER_MANAGE, role) is None:
        return frozenset(Role)
    return MAY_GIVE[role]


def needs_second_person(role: Role, code: str) -> bool:
    """Whether a grant of a role in the region of this code waits until a second person approves it.

    So do all that reach beyond a regency: other roles than the regional ones, and every role in a province or in the
    whole country, whose code is COUNTRY."""
    return role not in REGIONAL_ROLES or "." not in code


if VERIFICATION_STAGES.keys() != PAGE[Ability.SUBMISSION_VERIFY].cells.keys():
    raise TypeError(
        "each role with SUBMISSION_VERIFY has a verification stage and no other role has one:"
        " correct VERIFICATION_STAGES or the row of SUBMISSION_VERIFY in auth/policy.py"
    )
