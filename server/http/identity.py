"""Who asks: the bearer token of a request, and the grants that the database holds for it.

Rule: a token says who and nothing else; grants are the database's, remembered only while their changes are told, so a
revoked one ends when its change is heard, within 10 seconds.  Whatever is wrong is one answer.
Tests: tests/test_http.py, tests/test_principals.py.
"""

from __future__ import annotations

import datetime as dt
import uuid

from auth.area import NATIONAL, AreaSet
from auth.errors import Unauthenticated
from auth.principal import Grant, Principal
from auth.role import Role
from auth.token import Keyring
from registry.store.db import Database
from server.http.principals import Principals, today


async def principal_of(
    header: str, keyring: Keyring, database: Database, principals: Principals | None = None
) -> Principal:
    """The signed-in user of an `Authorization` header; `principals` remember him.  Raises Unauthenticated."""
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Unauthenticated
    claims = keyring.verify(text.lstrip(" "))
    if principals is None:
        return await principal_now(claims.sub, claims.expires_at, database)
    if known := principals.get(claims.sub, claims.expires_at):
        return known
    changes = principals.changes
    read = await principal_now(claims.sub, claims.expires_at, database)
    principals.put(read, changes)
    return read


async def principal_now(user: uuid.UUID, expires_at: dt.datetime, database: Database) -> Principal:
    """A user with the grants in force today, whose token ends then.  Raises Unauthenticated: no open account."""
    day = today()
    rows = await database.sign_in(user)
    if not rows:
        raise Unauthenticated
    grants = []
    for row in rows:
        if row["role"] in Role.__members__:  # a role that this code does not know gives nothing
            area = NATIONAL if row["region_id"] is None else AreaSet.of(row["code"])
            grants.append(Grant(Role[row["role"]], area, row["region_id"], row["valid_from"], row["valid_to"], True))
    in_force = tuple(grant for grant in grants if grant.in_force(day))
    return Principal(user, rows[0]["name"], rows[0]["username"], in_force, expires_at)
