"""Accounts of the world that call nobody, whose texts show whose they are: those that callers find, change and disable.

Their devices are revoked already, so that revoking them again changes nothing.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field

from tests.personas import LONG_AGO, NEVER_YET, TODAY, Grant, Persona

_NUMBERS = itertools.count(90001)


def _mark() -> str:
    """A text that exists once."""
    return f"mk{next(_NUMBERS)}z"


@dataclass(frozen=True)
class Colleague(Persona):
    """An account whose name, user name and device are marked."""

    username: str = field(default_factory=_mark)
    device: uuid.UUID = field(default_factory=uuid.uuid4, compare=False)
    device_label: str = field(default_factory=_mark)


def _colleague(*grants: Grant, active: bool = True, creator: str | None = None) -> Colleague:
    return Colleague(_mark(), grants, active, creator=creator)


ADMIN = "MINISTRY_ADMIN@country"
COLLEAGUES = {
    "officer here": _colleague(Grant("OFFICER", "A111")),
    "officer far away": _colleague(Grant("OFFICER", "B111")),
    "verifier here, viewer far away": _colleague(Grant("VILLAGE_VERIFIER", "A112"), Grant("REGIONAL_VIEWER", "B")),
    "coordinator": _colleague(Grant("REGENCY_COORDINATOR", "A1")),
    "of the province": _colleague(Grant("PROVINCE_OFFICER", "A")),
    "analyst": _colleague(Grant("MINISTRY_ANALYST", None)),
    "auditor to be": _colleague(Grant("AUDITOR", None, active=False, pending=True, giver=ADMIN)),
    "officer to be": _colleague(Grant("OFFICER", "A121", NEVER_YET)),
    "officer before": _colleague(Grant("OFFICER", "A111", LONG_AGO, LONG_AGO)),
    "verifier dismissed": _colleague(Grant("VILLAGE_VERIFIER", "A11", LONG_AGO, TODAY, active=False)),
    "officer on leave": _colleague(Grant("OFFICER", "A112"), active=False),
    "new here": _colleague(creator="REGENCY_COORDINATOR@A1"),
    "new in the ministry": _colleague(creator=ADMIN),
    "new to nobody who keeps accounts": _colleague(creator="OFFICER@A111"),
    "gone far away": _colleague(Grant("OFFICER", "B111"), creator="REGENCY_COORDINATOR@A1"),
}
"""By what they are; the name is a marked text."""
