"""The callers of the access tests: every role at every level, and people with unusual grants.

Names show role and region: `OFFICER@A11`.  Regions are the keys of tests/building.py.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from auth.token import Keyring
from registry.values.civil_day import civil_day
from tests.oracle import EVERYBODY

TODAY = civil_day()
LONG_AGO, NEVER_YET = TODAY - dt.timedelta(days=900), TODAY + dt.timedelta(days=30)
_END_OF_LAST_MONTH = TODAY.replace(day=1) - dt.timedelta(days=1)
UNSIGNED_MONTH = f"{_END_OF_LAST_MONTH:%Y-%m}"
"""The newest month that has ended; the world has no report of it."""
SIGNED_MONTH = f"{_END_OF_LAST_MONTH.replace(day=1) - dt.timedelta(days=1):%Y-%m}"
"""The month before, whose reports the world has."""
LEVELS = {"village": "A111", "district": "A11", "regency": "A1", "province": "A", "country": None}


@dataclass(frozen=True)
class Grant:
    role: str
    region: str | None
    from_: dt.date = LONG_AGO
    to: dt.date | None = None
    active: bool = True
    pending: bool = False
    giver: str | None = None  # the name of the persona who gave it


@dataclass(frozen=True)
class Persona:
    name: str
    grants: tuple[Grant, ...]
    active: bool = True
    id: uuid.UUID = field(default_factory=uuid.uuid4, compare=False)
    creator: str | None = None  # the name of the persona who created the account

    @property
    def runs_registered_only(self) -> bool:
        return any(grant.role == "SERVICE" for grant in self.grants)


def persona(name: str, *grants: Grant, active: bool = True) -> Persona:
    return Persona(name, grants, active)


def role_at(role: str, region: str | None) -> Persona:
    return persona(f"{role}@{region or 'country'}", Grant(role, region))


ROLES_AT_LEVELS = tuple(role_at(role, region) for role in sorted(EVERYBODY) for region in LEVELS.values())
UNUSUAL = (
    role_at("OFFICER", "A112"),
    role_at("OFFICER", "B111"),
    role_at("REGENCY_COORDINATOR", "A2"),
    role_at("VILLAGE_VERIFIER", "A112"),
    persona("nobody"),
    persona("officer-A111-viewer-B", Grant("OFFICER", "A111"), Grant("REGIONAL_VIEWER", "B")),
    persona("verifier-A11-analyst", Grant("VILLAGE_VERIFIER", "A11"), Grant("MINISTRY_ANALYST", None)),
    persona("officer-of-two-far-villages", Grant("OFFICER", "A112"), Grant("OFFICER", "B222")),
    persona("coordinator-A1-officer-A111", Grant("REGENCY_COORDINATOR", "A1"), Grant("OFFICER", "A111")),
    persona("desk-and-officer-A111", Grant("PROTECTION_DESK", None), Grant("OFFICER", "A111")),
    persona("officer-of-recoded", Grant("OFFICER", "recoded")),
    persona("officer-of-its-old-district", Grant("OFFICER", "B12")),
    persona("officer-of-closed-whose-code-is-reused", Grant("OFFICER", "closed")),
    persona("officer-of-split", Grant("OFFICER", "split")),
    persona("officer-of-prefix", Grant("OFFICER", "prefix")),
    persona("ended", Grant("OFFICER", "A111", LONG_AGO, TODAY - dt.timedelta(days=3))),
    persona("not-yet", Grant("OFFICER", "A111", NEVER_YET)),
    persona("unsigned", Grant("OFFICER", "A111", active=False)),
)
DISABLED = persona("disabled", Grant("OFFICER", None), active=False)
PERSONAS = (*ROLES_AT_LEVELS, *UNUSUAL)
"""Everybody who can sign in."""
BY_NAME = {persona.name: persona for persona in (*PERSONAS, DISABLED)}
REPRESENTATIVES = tuple(
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
"""One for each visibility: the callers of the shorter proofs."""


def invalid_authorizations(keyring: Keyring, audience: str) -> dict[str, str | None]:
    """Authorization headers that identify nobody, by what is wrong with them."""
    officer, now = BY_NAME["OFFICER@country"].id, dt.datetime.now(dt.UTC)
    hour = dt.timedelta(hours=1)
    good = keyring.issue(officer, 10, now)
    signing = keyring._schedule.signing_at(now)
    head, body, signature = good.split(".")

    def encode(part: object) -> str:
        return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    other = Keyring.generate(audience)
    return {
        "anonymous": None,
        "expired": "Bearer " + keyring.issue(officer, 10, now - hour),
        "not yet valid": "Bearer " + keyring.issue(officer, 10, now + hour),
        "wrong audience": "Bearer " + Keyring(keyring.issuer, "elsewhere", signing).issue(officer, 10, now),
        "wrong issuer": "Bearer " + Keyring("other", audience, signing).issue(officer, 10, now),
        "alg none": f"Bearer {encode({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "unknown kid": "Bearer " + other.issue(officer, 10, now),
        "changed body": f"Bearer {head}.{encode({'sub': str(officer)})}.{signature}",
        "garbage": "Bearer garbage",
        "no bearer": good,
        "disabled": "Bearer " + keyring.issue(DISABLED.id, 10, now),
        "unknown account": "Bearer " + keyring.issue(uuid.uuid4(), 10, now),
    }
