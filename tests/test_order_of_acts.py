"""Acts on one record have their times in the order in which they were done, whoever waited for its lock."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.village import HERE, Place

pytestmark = pytest.mark.anyio
VISIT = """mutation($input: ServiceVisitInput!) { saveServiceVisit(input: $input) {
  outcome userErrors { code path } } }"""
ACTS = {
    "workflow_event": "SELECT at FROM workflow_event WHERE household_id = $1 ORDER BY rev, to_state = 'RETURNED'",
    "household_revision": "SELECT created_at AS at FROM household_revision WHERE household_id = $1 ORDER BY rev",
    "record_revision": "SELECT at FROM record_revision WHERE record_id = $1 ORDER BY rev",
    "audit_event": "SELECT at FROM audit_event WHERE subject_id = $1 ORDER BY id",
}
"""Table → the times of the acts on a record, in the order in which they were done."""


@asynccontextmanager
async def overtaken(village: Place, command: Awaitable[Any]) -> AsyncIterator[asyncio.Task[Any]]:
    """A command whose transaction has begun and that goes on when the block ends: whatever is done in the block has
    the lock of the record first."""
    begun, goes_on = asyncio.Event(), asyncio.Event()
    write = village.database.write

    @asynccontextmanager
    async def paused(*arguments: Any, **options: Any) -> AsyncIterator[Any]:
        async with write(*arguments, **options) as tx:
            setattr(village.database, "write", write)  # noqa: B010  (on this object alone)
            begun.set()
            await goes_on.wait()
            yield tx

    setattr(village.database, "write", paused)  # noqa: B010  (on this object alone)
    try:
        async with asyncio.timeout(60):
            task = asyncio.ensure_future(command)
            await begun.wait()
            try:
                yield task
            finally:
                goes_on.set()
                await task
    finally:
        del village.database.write  # the method of its class again


async def times(village: Place, table: str, id_: str) -> list[Any]:
    return [row["at"] for row in await village.admin.fetch(ACTS[table], uuid.UUID(id_))]


async def in_order(village: Place, table: str, id_: str, acts: int) -> None:
    """Check that the times of so many acts rise."""
    at = await times(village, table, id_)
    assert len(at) == acts, table
    assert at == sorted(set(at)), table


async def test_a_step_that_was_overtaken_comes_after_what_overtook_it(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    async with overtaken(village, village.return_household("coordinator", document)) as late:
        assert not (await village.verify("verifier", document))["userErrors"]
    assert late.result()["household"]["workflowState"] == "RETURNED"
    for table in ("workflow_event", "audit_event"):
        await in_order(village, table, document["id"], 3)
    shown = await village.household("officer", document["id"], "events { to }")
    assert [event["to"] for event in shown["events"]] == ["SUBMITTED", "VERIFIED_VILLAGE", "RETURNED"]


async def test_a_revision_that_was_overtaken_comes_after_what_overtook_it(village: Place) -> None:
    document = await village.new_household("RETURNED")
    before = await village.admin.fetchval("SELECT updated_at FROM household WHERE id = $1", document["id"])
    edit = {"id": document["id"], "hamlet": "Sukun"}
    async with overtaken(village, village.submit("officer", edit, 1, "DRAFT")) as late:
        assert (await village.submit("second", edit | {"hamlet": "Krajan", "rt": "007"}, 1, "DRAFT"))["outcome"]
        between = await village.admin.fetchval("SELECT updated_at FROM household WHERE id = $1", document["id"])
    assert late.result()["outcome"] == "MERGED"
    after = await village.admin.fetchval("SELECT updated_at FROM household WHERE id = $1", document["id"])
    assert before < between < after
    await in_order(village, "household_revision", document["id"], 3)
    history = await village.household("officer", document["id"], "history { nodes { rev at } }")
    at = [revision["at"] for revision in history["history"]["nodes"]]
    assert at == sorted(set(at))


async def test_a_revision_of_a_village_s_record_that_was_overtaken_comes_after_what_overtook_it(village: Place) -> None:
    visit = {"id": str(uuid.uuid4()), "villageCode": HERE, "date": "2026-07-14", "type": "COMPLAINT"}
    visit |= {"visitorSex": "FEMALE", "visitorAgeBand": "25-34"}
    assert (await village.ask("officer", VISIT, input=visit))["saveServiceVisit"]["outcome"] == "ACCEPTED"
    edit = {"id": visit["id"], "baseRev": 1}
    async with overtaken(village, village.ask("officer", VISIT, input=edit | {"result": "Datang lagi."})) as late:
        assert (await village.ask("second", VISIT, input=edit | {"date": "2026-07-15"}))["saveServiceVisit"]["outcome"]
    assert late.result()["saveServiceVisit"]["outcome"] == "MERGED"
    for table in ("record_revision", "audit_event"):
        await in_order(village, table, visit["id"], 3)
