"""The demo's accounts: a persona for every role, and the officers, verifiers and coordinators who did the demo's work.

A persona is called `role@area`; its village or regency has no other account for that duty, so the persona sees records
of their own.
Rule: ids and names follow from the user name alone.
Test: tests/test_demo_households.py.
"""

import datetime as dt
import random
import uuid
from dataclasses import dataclass

from auth.role import Role
from registry.codes import Sex
from server.demo import geography
from server.demo.names import culture_of, given_name

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:desmigratif:demo")
GRANTED_FROM = dt.date(2019, 1, 1)


@dataclass(frozen=True, slots=True)
class Account:
    """A user with one role in one area: a region code, or None for the whole country."""

    id: uuid.UUID
    username: str
    name: str
    role: Role
    area: str | None

    @property
    def grant_id(self) -> uuid.UUID:
        return uuid.uuid5(self.id, "grant")


def account(username: str, role: Role, area: str | None) -> Account:
    """An account whose id and name follow from its user name."""
    id_ = uuid.uuid5(NAMESPACE, f"account/{username}")
    if role is Role.SERVICE:
        return Account(id_, username, "Layanan Satu Data", role, area)
    rng = random.Random(username)
    sex = rng.choice(list(Sex))
    culture = culture_of(area, rng)
    name = given_name(culture, sex, rng)
    if culture.families:
        name = f"{name} {rng.choice(culture.families)}"
    return Account(id_, username, name, role, area)


PERSONAS: tuple[Account, ...] = (
    account("officer@35.07.11.2008", Role.OFFICER, "35.07.11.2008"),
    account("officer@52.03.21.2002", Role.OFFICER, "52.03.21.2002"),
    account("verifier@35.07.11.2008", Role.VILLAGE_VERIFIER, "35.07.11.2008"),
    account("coordinator@35.07", Role.REGENCY_COORDINATOR, "35.07"),
    account("viewer@35.07", Role.REGIONAL_VIEWER, "35.07"),
    account("province@35", Role.PROVINCE_OFFICER, "35"),
    account("analyst@national", Role.MINISTRY_ANALYST, None),
    account("admin@national", Role.MINISTRY_ADMIN, None),
    account("protection@national", Role.PROTECTION_DESK, None),
    account("auditor@national", Role.AUDITOR, None),
    account("system", Role.SYSTEM_ADMIN, None),
    account("service@national", Role.SERVICE, None),
)


def personas() -> dict[str, uuid.UUID]:
    """Account ids of the personas by their user names."""
    return {persona.username: persona.id for persona in PERSONAS}


VILLAGE_DUTIES = ((Role.OFFICER, "officer"), (Role.VILLAGE_VERIFIER, "verifier"))


def _staff() -> dict[tuple[Role, str], Account]:
    """The account of each duty and place: the place's persona, else an account named after duty and code."""
    villages = [place.code for place in geography.read() if place.since is not None]
    duties: list[tuple[Role, str, str]] = []
    for village in villages:
        duties += [(role, name, village) for role, name in VILLAGE_DUTIES]
    regencies = dict.fromkeys(village[:5] for village in villages)
    duties += [(Role.REGENCY_COORDINATOR, "coordinator", regency) for regency in regencies]
    personas_by_duty = {(persona.role, persona.area): persona for persona in PERSONAS}
    staff: dict[tuple[Role, str], Account] = {}
    for role, name, code in duties:
        staff[role, code] = personas_by_duty.get((role, code)) or account(f"{name}.{code}", role, code)
    return staff


STAFF = _staff()
"""The accounts by role and place: officers and verifiers by village, coordinators by regency."""

ACCOUNTS: tuple[Account, ...] = tuple({account.id: account for account in (*PERSONAS, *STAFF.values())}.values())


def officer_of(village: str) -> Account:
    return STAFF[Role.OFFICER, village]


def verifier_of(village: str) -> Account:
    return STAFF[Role.VILLAGE_VERIFIER, village]


def coordinator_of(village: str) -> Account:
    """The coordinator of the village's regency."""
    return STAFF[Role.REGENCY_COORDINATOR, village[:5]]
