"""The caller of a request: the user of its bearer token, with the grants that the database holds.

Rule: a token names no right.  Grants are read from the database and cached only while changes are reported, so a
revoked grant ends within 10 seconds.  Outside a demo a token of ours names a session too, which can be ended; a
service's and a provider's have none.  Whatever is wrong with a token gets the same answer.
Tests: tests/test_http.py, tests/test_principals.py, tests/test_sessions.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace

import asyncpg

from auth.area import NATIONAL, AreaSet
from auth.errors import SignInFault, Unauthenticated
from auth.policy import needs_second_factor
from auth.principal import Duty, Grant, Principal
from auth.role import Role
from auth.token import Claims, Keyring
from registry.store.db import Database
from registry.values.civil_day import civil_day
from server.http.principals import Principals
from server.http.provider_accounts import ProviderAccounts
from server.http.service_keys import ServiceKeys


async def principal_of(
    header: str,
    keyring: Keyring,
    database: Database,
    principals: Principals | None = None,
    accounts: ProviderAccounts | None = None,
    service_keys: ServiceKeys | None = None,
) -> Principal:
    """The signed-in user of an `Authorization` header, from the cache `principals` if they are there.

    `accounts` are those of an identity provider, whose tokens say so; `service_keys` verify tokens that are signed by
    a key that is not ours.  Raises Unauthenticated."""
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Unauthenticated(SignInFault.MALFORMED)
    text = text.lstrip(" ")
    if accounts is None or not accounts.provider.issued(text):
        try:
            claims = keyring.verify(text)
        except Unauthenticated as error:
            if error.fault is not SignInFault.UNKNOWN_KEY or service_keys is None or principals is None:
                raise
            claims = await service_keys.claims(text, database, principals)
        else:
            if claims.session is None and keyring.needs_session:  # nothing could end it before it expires
                raise Unauthenticated(SignInFault.MISSING_CLAIM)
        return await _principal(claims, database, principals)
    claims = await accounts.claims(text, database, principals)
    principal = await _principal(claims, database, principals)
    if not claims.second_factor and _needs_second_factor(principal.grants):
        return replace(principal, duty=Duty.CONFIRM_SECOND_FACTOR)
    return principal


async def _principal(claims: Claims, database: Database, principals: Principals | None) -> Principal:
    """The user of a valid token, from the cache if there is one."""
    if principals is None:
        return await principal_now(claims.sub, claims.expires_at, database, claims.session)
    if cached := principals.get(claims.sub, claims.expires_at, claims.session):
        return cached
    changes = principals.changes
    principal = await principal_now(claims.sub, claims.expires_at, database, claims.session)
    principals.put(principal, changes)
    return principal


async def principal_now(
    user: uuid.UUID, expires_at: dt.datetime, database: Database, session: uuid.UUID | None = None
) -> Principal:
    """The user with the grants in force today.

    Raises Unauthenticated if they have no open account, or if the session has ended."""
    day = civil_day()
    rows = await database.sign_in(user, session)
    if not rows:
        raise Unauthenticated(SignInFault.NO_ACCOUNT if session is None else SignInFault.NO_SESSION)
    grants = []
    for row in rows:
        if row["role"] not in Role.__members__:  # a role that this code does not know gives no right
            continue
        area = NATIONAL if row["region_id"] is None else AreaSet.of(row["code"])
        grants.append(Grant(Role[row["role"]], area, row["region_id"], row["valid_from"], row["valid_to"], True))
    in_force = tuple(grant for grant in grants if grant.in_force(day))
    duty = None if session is None else _duty(rows[0], in_force)
    first = rows[0]
    return Principal(
        user, first["name"], first["username"], in_force, expires_at, first["service"], session=session, duty=duty
    )


def _duty(row: asyncpg.Record, grants: tuple[Grant, ...]) -> Duty | None:
    """What the user of a session must do before anything else."""
    if row["temporary"]:
        return Duty.CHANGE_PASSWORD
    if not row["second_factor"] and _needs_second_factor(grants):
        return Duty.CONFIRM_SECOND_FACTOR
    return None


def _needs_second_factor(grants: tuple[Grant, ...]) -> bool:
    return any(needs_second_factor(grant.role, grant.area) for grant in grants)
