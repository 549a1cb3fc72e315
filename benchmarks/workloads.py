"""What is measured: W1 to W7 as GraphQL documents, who asks them and with which variables.

Variables rotate over real ids and codes, and callers over real accounts, so that no cache holds the answer itself.
Rule: a workload is one request of one screen, and the same rows for every side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from auth.role import Role
from benchmarks.documents import MUTATION, document, whole_document
from benchmarks.places import Country, Persona

GOAL = 0.90
"""Requests a second, as a share of the limit's."""
PERSONAS = 64
HOUSEHOLD = "id householdNo workflowState status address hamlet"
MEMBER = "id seq fullName sex birthDate relationToHead"
COUNTS = "code name households { totalCount } members { totalCount }"
W1 = f"""query W1($id: ID!) {{ household(by: {{id: $id}}) {{ {HOUSEHOLD} memberCount capturedAt
  members {{ id seq fullName nikMasked sex birthDate relationToHead residence }}
  migrations {{ id seq stage country sector departedOn returnedOn proceduralStatus }}
  businesses {{ id name field status startedOn scale exportReadiness workersFamily }} }} }}"""
W2 = f"""query W2($code: RegionCode!) {{ households(first: 20, filter: {{within: [$code]}}) {{
  nodes {{ {HOUSEHOLD} respondentName updatedAt members {{ {MEMBER} }} }}
  pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
W3 = f"""query W3($code: RegionCode!) {{ region(code: $code) {{ ... on Province {{ {COUNTS}
  regencies(first: 20) {{ nodes {{ {COUNTS}
    districts(first: 7) {{ nodes {{ {COUNTS}
      villages(first: 5) {{ nodes {{ {COUNTS} }} }} }} }} }} }} }} }} }}"""
W4 = f"""query W4($first: Int!) {{ households(first: $first) {{
  nodes {{ {HOUSEHOLD} rt rw capturedAt visitResult members {{ {MEMBER} }} }} }} }}"""
W5 = """query W5 { households { totalCount } members { totalCount }
  businesses { totalCount groups(by: FIELD) { key count } } }"""
W5B = """query W5b { nationalSummary {
  provinces regencies villages households persons prospective workingAbroad returned
  businesses exportReady businessesByField { key count } } }"""
W7 = f"""query W7($id: ID!) {{ household(by: {{id: $id}}) {{ {HOUSEHOLD}
  memberCount businessCount capturedAt welfareDecile
  members {{ id seq fullName nikMasked sex birthDate relationToHead maritalStatus education residence schoolStatus }}
  migrations {{ id seq stage country sector departedOn returnedOn proceduralStatus contractEndsOn returnReason
    wage {{ amount currency }} remittance {{ frequency band channel uses }} }}
  businesses {{ id name field status startedOn scale exportReadiness workersFamily permits
    annualSales {{ amount currency }} }}
  pillars {{ id pillar since until }}
  childCare {{ id caregiver needs attendsParenting child {{ id fullName }} caregiverMember {{ id fullName }} }}
  findings {{ code severity path message }} }} }}"""


@dataclass(frozen=True)
class Call:
    """One request: who asks the product and the ordinary server for what, and what the limit's statement is given."""

    persona: Persona
    variables: dict[str, Any]
    arguments: tuple[Any, ...] = ()

    def settings(self, names: Iterable[str]) -> list[str]:
        """Of a walled statement, in the order of its settings: what the product sets for this caller."""
        reach = self.persona.reach
        own = reach.literal() if self.persona.role is Role.OFFICER else ""
        below, user = {"submit": own, "protective_own": own, "special": own}, str(self.persona.id)
        values = {"read_from": reach.hull[0], "read_below": reach.hull[1], "user": user, **below}
        return [values.get(name, reach.literal()) for name in names]


@dataclass(frozen=True)
class Workload:
    """`goal` is a share of the limit, or None; `ordinary` says whether the ordinary server answers it."""

    name: str
    title: str
    document: str
    calls: list[Call] = field(repr=False)
    goal: float | None = GOAL
    ordinary: bool = True
    writes: bool = False


async def workloads(dsn: str, country: Country) -> list[Workload]:
    """Every workload over this country."""
    connection = await asyncpg.connect(dsn)
    officers = list(_spread(country, Role.OFFICER))
    codes = [officer.area for officer in officers]
    found = await connection.fetch("SELECT id, area FROM registry.household WHERE area = ANY($1) ORDER BY id", codes)
    rich = await connection.fetch(
        "SELECT h.id, h.area FROM registry.household h WHERE h.area = ANY($1) AND EXISTS"
        " (SELECT FROM registry.child_care c WHERE c.household_id = h.id) ORDER BY h.id",
        codes,
    )
    region_ids = {place.code: str(place.id) for place in country.places}
    await connection.close()
    by_area = {officer.area: officer for officer in officers}
    one, whole = (
        [Call(by_area[row["area"]], {"id": str(row["id"])}, (str(row["id"]),)) for row in rows]
        for rows in (found, rich)
    )
    page = [Call(o, {"code": o.area}, (o.area,)) for o in officers]
    down = [Call(p, {"code": p.area}, (p.area,)) for p in _spread(country, Role.PROVINCE_OFFICER)]
    long = [Call(c, {"first": 1000}, (c.area,)) for c in _spread(country, Role.REGENCY_COORDINATOR)]
    analyst = Persona(Role.MINISTRY_ANALYST, None)
    country_wide = [Call(analyst, {})]
    four, all_of_it = (
        [_submission(o, region_ids[o.area or ""], make) for o in officers] for make in (document, whole_document)
    )
    return [
        Workload("W1", "one household with members, migrations, businesses", W1, one, goal=0.80),
        Workload("W2", "village page: 20 households with members", W2, page),
        Workload("W3", "province to village with counts", W3, down),
        Workload("W4", "1,000 households with members", W4, long),
        Workload("W5", "national counts of the lists", W5, country_wide),
        Workload("W5b", "the Minister's sentence", W5B, country_wide, goal=None, ordinary=False),
        Workload("W6", "submit a household of four", MUTATION, four, goal=0.60, ordinary=False, writes=True),
        Workload("W7", "one household with everything", W7, whole, ordinary=False),
        Workload("W7b", "submit it", MUTATION, all_of_it, goal=0.55, ordinary=False, writes=True),
    ]


def _submission(officer: Persona, village: str, make: Callable[[str], dict[str, Any]]) -> Call:
    """The limit also gets what the product looks up: the village's id and the officer's name."""
    home = make(officer.area or "")
    name = f"Petugas {officer.area}"
    settings = (officer.reach.literal(), *officer.reach.hull, str(officer.id))
    arguments = (*settings, village, officer.area, name, home)
    return Call(officer, {"input": {"household": home}}, arguments)


def _spread(country: Country, role: Role) -> Iterator[Persona]:
    """Personas of a role from all over the country."""
    of_role = [persona for persona in country.staff() if persona.role is role]
    yield from of_role[:: max(1, len(of_role) // PERSONAS)][:PERSONAS]
