"""Who asks: the bearer token of a request, and the grants that the database holds for it now.

Rule: a token says who and nothing else; the grants of every request are the database's of this moment, so a revoked one
ends at once.  Whatever is wrong is one answer.  Test: tests/test_http.py.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from auth.area import NATIONAL, AreaSet
from auth.errors import Unauthenticated
from auth.principal import Grant, Principal
from auth.role import Role
from auth.token import Keyring
from registry.db import Database

CAPITAL = ZoneInfo("Asia/Jakarta")


async def principal_of(header: str | None, keyring: Keyring, database: Database) -> Principal:
    """The signed-in user of an `Authorization` header.  Raises Unauthenticated."""
    scheme, _, text = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Unauthenticated
    claims = keyring.verify(text.strip())
    rows = await database.sign_in(claims.sub)
    if not rows:
        raise Unauthenticated
    today = dt.datetime.now(CAPITAL).date()
    grants = []
    for row in rows:
        if row["role"] in Role.__members__:  # a role that this code does not know gives nothing
            area = NATIONAL if row["region_id"] is None else AreaSet.of(row["code"])
            grants.append(Grant(Role[row["role"]], area, row["region_id"], row["valid_from"], row["valid_to"], True))
    in_force = tuple(grant for grant in grants if grant.in_force(today))
    return Principal(claims.sub, rows[0]["name"], rows[0]["username"], in_force, claims.expires_at)
