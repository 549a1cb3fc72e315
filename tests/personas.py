"""Who asks in the tests of access: every role at every level, and those whose grants are odd.

Names say who they are: `OFFICER@A11`.  Regions are the keys of tests/world.py.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from auth.token import Keyring
from tests.oracle import EVERYBODY

TODAY = dt.datetime.now(dt.UTC).date()
LONG_AGO, NEVER_YET = TODAY - dt.timedelta(days=900), TODAY + dt.timedelta(days=30)
LEVELS = {"village": "A111", "district": "A11", "regency": "A1", "province": "A", "country": None}


@dataclass(frozen=True)
class Grant:
    role: str
    region: str | None
    from_: dt.date = LONG_AGO
    to: dt.date | None = None
    active: bool = True


@dataclass(frozen=True)
class Persona:
    name: str
    grants: tuple[Grant, ...]
    active: bool = True
    id: uuid.UUID = field(default_factory=uuid.uuid4, compare=False)


def person(name: str, *grants: Grant, active: bool = True) -> Persona:
    return Persona(name, grants, active)


def one(role: str, region: str | None) -> Persona:
    return person(f"{role}@{region or 'country'}", Grant(role, region))


ROLES_AT_LEVELS = tuple(one(role, region) for role in sorted(EVERYBODY) for region in LEVELS.values())
ODD = (
    one("OFFICER", "A112"),
    one("OFFICER", "B111"),
    one("REGENCY_COORDINATOR", "A2"),
    one("VILLAGE_VERIFIER", "A112"),
    person("nobody"),
    person("officer-A111-viewer-B", Grant("OFFICER", "A111"), Grant("REGIONAL_VIEWER", "B")),
    person("verifier-A11-analyst", Grant("VILLAGE_VERIFIER", "A11"), Grant("MINISTRY_ANALYST", None)),
    person("officer-of-two-far-villages", Grant("OFFICER", "A112"), Grant("OFFICER", "B222")),
    person("coordinator-A1-officer-A111", Grant("REGENCY_COORDINATOR", "A1"), Grant("OFFICER", "A111")),
    person("desk-and-officer-A111", Grant("PROTECTION_DESK", None), Grant("OFFICER", "A111")),
    person("officer-of-recoded", Grant("OFFICER", "recoded")),
    person("officer-of-its-old-district", Grant("OFFICER", "B12")),
    person("officer-of-closed-whose-code-is-reused", Grant("OFFICER", "closed")),
    person("officer-of-split", Grant("OFFICER", "split")),
    person("officer-of-prefix", Grant("OFFICER", "prefix")),
    person("ended", Grant("OFFICER", "A111", LONG_AGO, TODAY - dt.timedelta(days=3))),
    person("not-yet", Grant("OFFICER", "A111", NEVER_YET)),
    person("unsigned", Grant("OFFICER", "A111", active=False)),
)
DISABLED = person("disabled", Grant("OFFICER", None), active=False)
PERSONAS = (*ROLES_AT_LEVELS, *ODD)
"""Everybody who can sign in."""
BY_NAME = {persona.name: persona for persona in (*PERSONAS, DISABLED)}
FEW = tuple(
    BY_NAME[name]
    for name in [
        "OFFICER@A111",
        "OFFICER@country",
        "VILLAGE_VERIFIER@A11",
        "REGENCY_COORDINATOR@A1",
        "REGIONAL_VIEWER@A",
        "PROVINCE_OFFICER@A",
        "MINISTRY_ADMIN@country",
        "MINISTRY_ANALYST@country",
        "AUDITOR@country",
        "officer-A111-viewer-B",
        "verifier-A11-analyst",
        "nobody",
    ]
)
"""One for each way of seeing: the seeded share of the long proofs."""


def without_standing(keyring: Keyring, audience: str) -> dict[str, str | None]:
    """Authorization headers of people who are nobody, by what is wrong with them."""
    officer, now = BY_NAME["OFFICER@country"].id, dt.datetime.now(dt.UTC)
    hour = dt.timedelta(hours=1)
    good = keyring.issue(officer, 10, now)
    head, body, signature = good.split(".")

    def coded(said: object) -> str:
        return urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()

    other = Keyring.generate(audience)
    return {
        "anonymous": None,
        "expired": "Bearer " + keyring.issue(officer, 10, now - hour),
        "not yet valid": "Bearer " + keyring.issue(officer, 10, now + hour),
        "wrong audience": "Bearer " + Keyring(keyring.issuer, "elsewhere", keyring._signing).issue(officer, 10, now),
        "wrong issuer": "Bearer " + Keyring("other", audience, keyring._signing).issue(officer, 10, now),
        "alg none": f"Bearer {coded({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "unknown kid": "Bearer " + other.issue(officer, 10, now),
        "changed body": f"Bearer {head}.{coded({'sub': str(officer)})}.{signature}",
        "garbage": "Bearer garbage",
        "no bearer": good,
        "disabled": "Bearer " + keyring.issue(DISABLED.id, 10, now),
        "unknown account": "Bearer " + keyring.issue(uuid.uuid4(), 10, now),
    }
