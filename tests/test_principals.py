"""A principal is cached only while notifications of grants arrive, so that a revoked grant ends at once."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
import pytest

from auth.ability import Ability
from auth.errors import Unauthenticated
from auth.principal import Principal
from registry.guard.wall import LOGIN
from registry.store.db import Database
from server.database.embedded import Embedded
from server.http import principals as remembering
from server.http.identity import principal_of
from server.http.principals import BYTES, CHANNEL, GRANT_BYTES, MAX_TOKENS, Principals
from tests.accounts import new_account
from tests.eventually import eventually
from tests.village import FAR, HERE, Place

pytestmark = pytest.mark.anyio
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


class Counted(Database):
    """A database that counts how often grants are read."""

    reads = 0

    async def sign_in(self, user: uuid.UUID, session: uuid.UUID | None = None) -> list[asyncpg.Record]:
        Counted.reads += 1
        return await super().sign_in(user, session)


@pytest.fixture
async def database(village: Place) -> Database:
    Counted.reads = 0
    return Counted(village.database.pool)


@pytest.fixture
async def authorization(village: Place) -> str:
    """The Authorization header of a new officer."""
    await new_account(village, ("OFFICER", HERE), name="someone")
    return village.bearer("someone")["authorization"]


@pytest.fixture
async def principals(village: Place, authorization: str) -> AsyncIterator[Principals]:
    """The cache of principals, listening since the officer was created."""
    async with Principals().opening(village.login) as opened:
        await eventually(lambda: opened.listening)
        yield opened


@asynccontextmanager
async def no_new_connections(postgres: Embedded, database: str) -> AsyncIterator[None]:
    """For a while nobody can connect to a database; open connections stay."""
    elsewhere = await asyncpg.connect(postgres.dsn("postgres"))
    await elsewhere.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    try:
        yield
    finally:
        await elsewhere.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        await elsewhere.close()


async def test_grants_are_cached_after_the_first_request(
    village: Place, database: Database, principals: Principals, authorization: str
) -> None:
    first = await principal_of(authorization, village.keyring, database, principals)
    assert first == await principal_of(authorization, village.keyring, database)
    assert await principal_of(authorization, village.keyring, database, principals) is first
    assert Counted.reads == 2


CHANGES = {
    "a grant revoked": "UPDATE grants SET active = false WHERE user_id = $1",
    "a grant ended": "UPDATE grants SET valid_to = '2020-01-01' WHERE user_id = $1",
    "a grant deleted": "DELETE FROM grants WHERE user_id = $1",
    "a grant moved": "UPDATE grants SET (region_id, area) ="
    f" (SELECT id, code FROM region WHERE code = '{FAR}') WHERE user_id = $1",
    "a grant given": "INSERT INTO grants (user_id, role, national, valid_from)"
    " VALUES ($1, 'AUDITOR', true, '2019-01-01')",
    "a grant handed over": "UPDATE grants SET user_id = (SELECT id FROM account WHERE username = 'nobody')"
    " WHERE user_id = $1",
    "another name": "UPDATE account SET name = 'T' WHERE id = $1",
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_of_a_principal_takes_effect_after_commit(
    village: Place, database: Database, principals: Principals, authorization: str, change: str
) -> None:
    before = await principal_of(authorization, village.keyring, database, principals)

    async def changed() -> bool:
        return (await principal_of(authorization, village.keyring, database, principals)) != before

    async with village.admin.transaction():
        await village.admin.execute(CHANGES[change], village.ids["someone"])
        assert not await changed()
    await eventually(changed)


async def test_a_closed_account_is_refused_after_commit(
    village: Place, database: Database, principals: Principals, authorization: str
) -> None:
    await principal_of(authorization, village.keyring, database, principals)

    async def refused() -> bool:
        try:
            await principal_of(authorization, village.keyring, database, principals)
        except Unauthenticated:
            return True
        return False

    await village.admin.execute("UPDATE account SET active = false WHERE id = $1", village.ids["someone"])
    await eventually(refused)


async def test_a_recoded_or_closed_region_changes_its_principals(
    village: Place, database: Database, principals: Principals, authorization: str
) -> None:
    async def reads(code: str) -> bool:
        found = await principal_of(authorization, village.keyring, database, principals)
        return found.areas(Ability.SEE_OPERATIONAL).codes == ({code} if code else set())

    assert await reads(HERE)
    for change, code in (
        ("code = '35.07.11.2099'", "35.07.11.2099"),
        (f"code = '{HERE}'", HERE),
        ("valid_to = '2020-01-01'", ""),
        ("valid_to = NULL", HERE),
    ):
        await village.admin.execute(f"UPDATE region SET {change} WHERE id = $1", village.regions[HERE])
        await eventually(partial(reads, code))


async def test_a_revoked_grant_is_refused_over_http_after_commit(village: Place, authorization: str) -> None:
    async def count() -> int:
        body = {"query": "{ viewer { grants { role } } }"}
        answer = await village.send("POST", json=body, headers={"authorization": authorization})
        return len(answer.data["viewer"]["grants"])

    async def none() -> bool:
        return await count() == 0

    assert await count() == 1
    await village.admin.execute("DELETE FROM grants WHERE user_id = $1", village.ids["someone"])
    await eventually(none)


async def test_without_its_listener_the_cache_is_off_and_returns_empty(
    village: Place, database: Database, principals: Principals, authorization: str, postgres: Embedded
) -> None:
    await principal_of(authorization, village.keyring, database, principals)
    name = await village.admin.fetchval("SELECT current_database()")
    async with no_new_connections(postgres, name):
        pids = [row["pid"] for row in await village.admin.fetch(LISTENERS)]
        assert pids
        for pid in pids:
            await village.admin.execute("SELECT pg_terminate_backend($1)", pid)
        await eventually(lambda: not principals.listening)
        before = Counted.reads
        for _ in range(3):
            await principal_of(authorization, village.keyring, database, principals)
        assert Counted.reads == before + 3
        await village.admin.execute("UPDATE account SET name = 'unheard' WHERE id = $1", village.ids["someone"])
    await eventually(lambda: principals.listening)
    assert (await principal_of(authorization, village.keyring, database, principals)).name == "unheard"


async def test_a_silent_listener_is_not_trusted(
    village: Place,
    database: Database,
    postgres: Embedded,
    authorization: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It listens, but on a connection where notifications of our database do not arrive, like behind a pooler."""
    monkeypatch.setattr(remembering, "HEARTBEAT_SECONDS", 0.5)
    elsewhere = postgres.dsn("desmigratif", LOGIN)
    async with Principals().opening(village.login, elsewhere) as principals:
        for _ in range(2):
            await eventually(lambda: "notifications are lost on the way" in caplog.text)
            assert not principals.listening
            await principal_of(authorization, village.keyring, database, principals)
    assert Counted.reads == 2


async def test_a_heartbeat_does_not_affect_other_processes(
    village: Place, principals: Principals, authorization: str
) -> None:
    read = await principal_of(authorization, village.keyring, village.database)
    principals.put(read, principals.changes)
    changes = principals.changes
    await village.admin.execute(f"NOTIFY {CHANNEL}, '{remembering.HEARTBEAT} 0123456789abcdef'")
    await village.admin.execute(f"NOTIFY {CHANNEL}, '{uuid.uuid4()}'")
    await eventually(lambda: principals.changes > changes)  # both notifications arrived
    assert principals.changes == changes + 1
    assert principals.get(read.user_id, read.expires_at) is read


@pytest.mark.parametrize("fault", [OSError, asyncpg.InternalClientError, asyncpg.TooManyConnectionsError, TimeoutError])
async def test_the_listener_reconnects_after_any_error(
    village: Place, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    connect, faults = asyncpg.connect, [fault("lost"), fault("lost")]

    async def sometimes(*args: Any, **options: Any) -> asyncpg.Connection:
        if faults:
            raise faults.pop()
        return await connect(*args, **options)

    monkeypatch.setattr(remembering, "RECONNECT_SECONDS", 0.0)
    monkeypatch.setattr(asyncpg, "connect", sometimes)
    async with Principals().opening(village.login) as principals:
        await eventually(lambda: principals.listening)


async def test_a_server_that_stops_answering_is_not_trusted(
    village: Place, principals: Principals, authorization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    principal = await principal_of(authorization, village.keyring, village.database)
    principals.put(principal, principals.changes)
    assert principals.get(principal.user_id, principal.expires_at) is principal
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 2 * remembering.HEARTBEAT_SECONDS)
    assert not principals.listening
    assert principals.get(principal.user_id, principal.expires_at) is None


async def test_a_read_that_a_notification_overtakes_is_not_cached(
    village: Place, principals: Principals, authorization: str
) -> None:
    changes = principals.changes
    read = await principal_of(authorization, village.keyring, village.database)
    await village.admin.execute(f"NOTIFY {CHANNEL}, '{village.ids['someone']}'")
    await eventually(lambda: principals.changes > changes)
    principals.put(read, changes)
    assert principals.get(read.user_id, read.expires_at) is None


@pytest.mark.parametrize("payload", ["*", "", "who?"])
async def test_an_unknown_notification_clears_the_cache(
    village: Place, principals: Principals, authorization: str, payload: str
) -> None:
    read = await principal_of(authorization, village.keyring, village.database)
    principals.put(read, principals.changes)
    await village.admin.execute(f"NOTIFY {CHANNEL}, '{payload}'")
    await eventually(lambda: principals.get(read.user_id, read.expires_at) is None)


async def test_the_cache_is_cleared_at_midnight_in_jakarta(
    village: Place, principals: Principals, authorization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = await principal_of(authorization, village.keyring, village.database)
    principals.get(read.user_id, read.expires_at)
    principals.put(read, principals.changes)
    midnight = remembering._next_midnight()
    assert dt.datetime.fromtimestamp(midnight, dt.UTC).hour == 17
    for at, cached in ((midnight - 1, read), (midnight, None)):
        monkeypatch.setattr(time, "time", lambda at=at: at)
        assert principals.get(read.user_id, read.expires_at) is cached


async def test_principals_of_one_user_are_cached_by_token_up_to_a_limit(
    village: Place, principals: Principals, authorization: str
) -> None:
    read = await principal_of(authorization, village.keyring, village.database)
    by_token = [
        Principal(read.user_id, read.name, read.username, read.grants, read.expires_at + dt.timedelta(seconds=n))
        for n in range(MAX_TOKENS + 1)
    ]
    principals.get(read.user_id, read.expires_at)
    for one in by_token[:2]:
        principals.put(one, principals.changes)
    assert [principals.get(one.user_id, one.expires_at) for one in by_token[:2]] == by_token[:2]
    for one in by_token[2:]:
        principals.put(one, principals.changes)
    cached = [one for one in by_token if principals.get(one.user_id, one.expires_at)]
    assert 0 < len(cached) <= MAX_TOKENS
    assert by_token[-1] in cached


async def test_the_cache_of_principals_is_bounded_in_bytes(
    village: Place, principals: Principals, authorization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each token and each of its grants counts, so that the number of users alone does not set the memory."""
    read = await principal_of(authorization, village.keyring, village.database)
    one = BYTES + GRANT_BYTES * len(read.grants)
    monkeypatch.setattr(principals._cache, "most", 3 * one)
    for user in (uuid.uuid4(), uuid.uuid4()):
        for n in range(3):
            ends = read.expires_at + dt.timedelta(seconds=n)
            principals.put(Principal(user, read.name, read.username, read.grants, ends), principals.changes)
            assert principals.get(user, ends) is not None
            assert principals._cache.bytes <= 3 * one
    assert principals._cache.bytes == 3 * one, "the other user's were given up"
    wide = Principal(uuid.uuid4(), read.name, read.username, read.grants * 60, read.expires_at)
    principals.put(wide, principals.changes)
    assert principals.get(wide.user_id, wide.expires_at) is None
