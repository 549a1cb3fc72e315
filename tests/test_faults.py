"""If the database is slow, busy or unreachable, the caller is asked to try again and the server goes on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from tests.eventually import eventually, waiting_for_locks
from tests.village import SUBMIT, Place, household, served_with

pytestmark = pytest.mark.anyio
NAMES = "{ households { totalCount } }"
LOCKED = "SELECT id FROM household WHERE id = $1 FOR UPDATE"
KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE usename = 'registry_app' AND datname = current_database()"
)


async def test_a_locked_row_is_a_timeout_and_nothing_is_stored(village: Place) -> None:
    document = household()
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    edit: dict[str, Any] = {"household": document | {"hamlet": "Baru"}, "baseRev": 1, "saveAs": "SUBMITTED"}
    async with served_with(village, statement_timeout_ms=300) as hurried:
        async with village.admin.transaction():
            await village.admin.execute(LOCKED, document["id"])
            late = await hurried.query("officer", SUBMIT, **edit)
            assert late.codes == ["TIMEOUT"]
            assert late.json["data"] == {"submitHousehold": None}
        again = await hurried.query("officer", SUBMIT, **edit)
    assert again.data["submitHousehold"]["outcome"] == "ACCEPTED"


async def test_a_sign_in_that_takes_too_long_is_overload(village: Place) -> None:
    async with served_with(village, statement_timeout_ms=300) as hurried, village.admin.transaction():
        await village.admin.execute("LOCK TABLE grants")
        late = await hurried.query("officer", NAMES)
    assert (late.status, late.codes, "data" in late.json) == (503, ["TIMEOUT"], False)
    assert int(late.headers["retry-after"]) > 0


@pytest.mark.parametrize("warm", [False, True])
async def test_a_full_pool_is_overload_with_retry_after(village: Place, warm: bool) -> None:
    async with served_with(village, pool_size=1, queue_timeout_ms=300) as narrow:
        if warm:  # the caller is cached, so that signing in needs no connection
            assert (await narrow.query("officer", NAMES)).codes == []
        connection = await narrow.database.pool.acquire()
        busy = await narrow.query("officer", NAMES)
        narrow.database.pool.release(connection)
        free = await narrow.query("officer", NAMES)
    assert (busy.status, busy.codes) == (503, ["OVERLOADED"])
    assert int(busy.headers["retry-after"]) > 0
    assert free.codes == []


@pytest.mark.parametrize("command", [False, True], ids=["query", "command"])
async def test_a_connection_lost_in_a_request_is_overload_and_can_be_retried(village: Place, command: bool) -> None:
    variables: dict[str, Any] = {"household": household(), "saveAs": "SUBMITTED"} if command else {}
    text = SUBMIT if command else NAMES
    async with village.admin.transaction():
        await village.admin.execute("LOCK TABLE household")
        struck = asyncio.create_task(village.query("officer", text, **variables))
        await waiting_for_locks(village.admin, 1)
        await village.admin.execute(KILL)
        assert (await struck).codes == ["OVERLOADED"]
    again = await village.query("officer", text, **variables)
    assert again.codes == []
    if command:
        assert again.data["submitHousehold"]["outcome"] == "ACCEPTED"


# --- what the database cannot do now --------------------------------------------------------------------------------

PASSING = {
    "disk_full": "53100",
    "out_of_memory": "53200",
    "too_many_connections": "53300",
    "io_error": "58030",
    "admin_shutdown": "57P01",
    "crash_shutdown": "57P02",
    "cannot_connect_now": "57P03",
    "read_only_sql_transaction": "25006",
    "serialization_failure": "40001",
    "deadlock_detected": "40P01",
}


@asynccontextmanager
async def refusing(village: Place, table: str, state: str) -> AsyncIterator[None]:
    """The database refuses every row of this table with this state."""
    await village.admin.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$ BEGIN RAISE 'no' USING ERRCODE = '{state}'; END $$;"
        f" CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    try:
        yield
    finally:
        await village.admin.execute("DROP FUNCTION refuse() CASCADE")


@pytest.mark.parametrize("name", PASSING)
async def test_temporary_database_errors_are_overload_with_retry_after(village: Place, name: str) -> None:
    document = household()
    async with refusing(village, "audit_event", PASSING[name]):
        refused = await village.query("officer", SUBMIT, household=document)
    assert (refused.status, refused.codes) == (503, ["OVERLOADED"])
    assert int(refused.headers["retry-after"]) > 0
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED", "and nothing was stored before"


async def test_a_submission_that_a_deadlock_ended_is_tried_once_more(village: Place) -> None:
    document = household()
    await village.admin.execute("CREATE SEQUENCE attempts; GRANT USAGE ON SEQUENCE attempts TO PUBLIC")
    await village.admin.execute(
        "CREATE FUNCTION deadlock_once() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF nextval('attempts') = 1 THEN RAISE 'no' USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$;"
        " CREATE TRIGGER deadlock_once BEFORE INSERT ON household_revision"
        " FOR EACH ROW EXECUTE FUNCTION deadlock_once()"
    )
    try:
        for edit, base in ((document, None), ({"id": document["id"], "hamlet": "Lor"}, 1)):
            await village.admin.execute("ALTER SEQUENCE attempts RESTART")
            assert (await village.submit("officer", edit, base))["outcome"] == "ACCEPTED"
            assert await village.admin.fetchval("SELECT last_value FROM attempts") == 2
    finally:
        await village.admin.execute("DROP FUNCTION deadlock_once() CASCADE; DROP SEQUENCE attempts")


async def test_a_limit_that_a_statement_exceeds_is_not_overload(village: Place) -> None:
    async with refusing(village, "audit_event", "53400"):
        assert (await village.query("officer", SUBMIT, household=household())).codes == ["TIMEOUT"]
        assert (await village.send("GET", "/readyz")).status == 200


@pytest.mark.parametrize("command", [False, True], ids=["by itself", "by a command"])
async def test_the_service_is_not_ready_while_nothing_can_be_stored(village: Place, command: bool) -> None:
    rows = await village.admin.fetchval("SELECT count(*) FROM audit_event")
    async with refusing(village, "audit_event", "53100"):
        assert (await village.send("GET", "/readyz")).status == 200, "nobody has tried yet"
        assert (await village.query("officer", SUBMIT, household=household())).codes == ["OVERLOADED"]
        for _ in range(2):
            answer = await village.send("GET", "/readyz")
            assert (answer.status, answer.body) == (503, b"not ready to store\n")
        assert (await village.query("officer", NAMES)).codes == [], "reading goes on"
    if command:
        assert (await village.submit("officer", household()))["outcome"] == "ACCEPTED"
        rows += 1
    answer = await village.send("GET", "/readyz")
    assert (answer.status, answer.body) == (200, b"ready\n")
    assert await village.admin.fetchval("SELECT count(*) FROM audit_event") == rows, "what was tried was taken back"


ORPHAN = """
import asyncio, sys
from registry.store.db import Database
async def main():
    async with Database.open(sys.argv[1], 1, 60) as database:
        await database.fetch_json("SELECT pg_sleep(50)::text::varchar -- orphan", [])
asyncio.run(main())
"""
ORPHANS = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%-- orphan' AND pid <> pg_backend_pid()"


async def test_statements_of_a_killed_server_end(village: Place) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ORPHAN, village.login)
    await eventually(lambda: village.admin.fetchval(ORPHANS))
    process.kill()
    await process.wait()

    async def have_ended() -> bool:
        return not await village.admin.fetchval(ORPHANS)

    await eventually(have_ended)


async def test_the_login_has_limits_of_its_own(village: Place) -> None:
    connection = await asyncpg.connect(village.login)
    limits = ("statement_timeout", "idle_in_transaction_session_timeout", "client_connection_check_interval")
    try:
        for name in limits:
            assert await connection.fetchval("SELECT setting::int FROM pg_settings WHERE name = $1", name) > 0, name
        assert await connection.fetchval("SHOW work_mem") == "4MB"
    finally:
        await connection.close()
