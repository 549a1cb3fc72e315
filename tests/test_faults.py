"""When the database is slow, busy or gone, the caller is told to try again, and the server goes on."""

from __future__ import annotations

import asyncio

import pytest

from tests.eventually import waiting_for_locks
from tests.village import SUBMIT, Place, household, served_with

pytestmark = pytest.mark.anyio
NAMES = "{ households { totalCount } }"
LOCKED = "SELECT id FROM household WHERE id = $1 FOR UPDATE"
KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE usename = 'registry_app' AND datname = current_database()"
)


async def test_a_row_that_another_holds_is_a_timeout_and_nothing_stays(village: Place) -> None:
    made = household()
    assert (await village.submit("officer", made))["outcome"] == "ACCEPTED"
    edit = {"household": made | {"hamlet": "Baru"}, "baseRev": 1, "saveAs": "SUBMITTED"}
    async with served_with(village, statement_timeout_ms=300) as hurried:
        async with village.admin.transaction():
            await village.admin.execute(LOCKED, made["id"])
            late = await hurried.query("officer", SUBMIT, **edit)
            assert late.codes == ["TIMEOUT"]
            assert late.json["data"] == {"submitHousehold": None}
        again = await hurried.query("officer", SUBMIT, **edit)
    assert again.data["submitHousehold"]["outcome"] == "ACCEPTED"


async def test_who_cannot_be_signed_in_in_time_is_told_to_come_again(village: Place) -> None:
    async with served_with(village, statement_timeout_ms=300) as hurried, village.admin.transaction():
        await village.admin.execute("LOCK TABLE grants")
        late = await hurried.query("officer", NAMES)
    assert (late.status, late.codes, "data" in late.json) == (503, ["TIMEOUT"], False)
    assert int(late.headers["retry-after"]) > 0


@pytest.mark.parametrize("warm", [False, True])
async def test_a_full_pool_is_told_as_overload_with_a_time_to_wait(village: Place, warm: bool) -> None:
    async with served_with(village, pool_size=1, queue_timeout_ms=300) as narrow:
        if warm:  # who asks is known without a look-up
            assert (await narrow.query("officer", NAMES)).codes == []
        held = await narrow.database.pool.take()
        busy = await narrow.query("officer", NAMES)
        narrow.database.pool.give(held)
        free = await narrow.query("officer", NAMES)
    assert (busy.status, busy.codes) == (503, ["OVERLOADED"])
    assert int(busy.headers["retry-after"]) > 0
    assert free.codes == []


@pytest.mark.parametrize("command", [False, True], ids=["query", "command"])
async def test_a_connection_lost_under_way_is_told_as_overload_and_may_be_sent_again(
    village: Place, command: bool
) -> None:
    text, variables = (SUBMIT, {"household": household(), "saveAs": "SUBMITTED"}) if command else (NAMES, {})
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
