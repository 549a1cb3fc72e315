"""What is kept of the figures: cells and queue together equal the ledgers, whatever is written and folded meanwhile."""

from __future__ import annotations

import asyncio
import random
import uuid
from typing import Any

import asyncpg
import pytest

from registry.figures.fold import LOCK
from registry.write.fold import fold
from server.cli.main import main
from server.database.cells import rebuild, wrong_cells
from server.database.embedded import Embedded
from server.database.migrate import migrate
from server.http.folding import folding
from tests.eventually import eventually
from tests.test_figures import AS_PLANNER
from tests.village import Place, episode, household, person, shop

pytestmark = pytest.mark.anyio
STAGES = ("PROSPECTIVE", "WORKING_ABROAD", "RETURNED")
FIGURES = AS_PLANNER
KEPT = ("households", "persons", "prospective", "working_abroad", "returned", "households_with_business", "businesses")


def some_household(rng: random.Random) -> dict[str, Any]:
    people = [person(n + 1, nik=None, nikMissingReason="NONE_YET") for n in range(rng.randint(1, 4))]
    document = household() | {"members": people}
    returned = {"stage": "RETURNED", "departedOn": "2015", "returnedOn": "2018", "returnReason": "CONTRACT_ENDED"}
    stages: list[dict[str, Any]] = [{}, returned, {"stage": "PROSPECTIVE", "departedOn": None}]
    document["migrations"] = [episode(migrant, **rng.choice(stages)) for migrant in people[: rng.randint(1, 3)]]
    statuses = [{"status": "RUNNING"}, {"status": "CLOSED", "closedOn": "2024"}, {"exportReadiness": "READY"}]
    document["businesses"] = [shop(rng.choice(people), **rng.choice(statuses)) for _ in range(rng.randint(0, 3))]
    return document


@pytest.fixture
async def dsn(village: Place, postgres: Embedded) -> str:
    """The village's database, as its owner."""
    return postgres.dsn(await village.admin.fetchval("SELECT current_database()"))


async def wrong(village: Place) -> int:
    """How many cells, with what is in the queue, do not equal the ledgers."""
    return (await wrong_cells(village.admin))[2]


async def waiting(village: Place) -> int:
    return int(await village.admin.fetchval("SELECT count(*) FROM figure_due"))


async def counted(village: Place, area: str) -> dict[str, int]:
    """The same figures, counted from the ledgers by plain SQL."""

    async def count(ledger: str, where: str = "true") -> int:
        text = f"SELECT count(*) FROM {ledger} WHERE until = 'infinity' AND starts_with(area, $1) AND {where}"
        return int(await village.admin.fetchval(text, "" if area == "0" else area))

    figures = {"households": await count("ledger_household"), "persons": await count("ledger_person")}
    figures |= {stage.lower(): await count("ledger_migrant", f"stage = '{stage}'") for stage in STAGES}
    figures["households_with_business"] = await count("ledger_household", "has_business")
    return figures | {"businesses": await count("ledger_business", "status = 'RUNNING'")}


async def read(village: Place, area: str) -> dict[str, int]:
    row = await village.admin.fetchrow(FIGURES, area)
    assert row is not None
    return {name: row[name] for name in KEPT}


async def check(village: Place) -> None:
    """The books are balanced, and every level shows what the ledgers have."""
    assert await wrong(village) == 0
    (code,) = await village.admin.fetch("SELECT area FROM ledger_household_open LIMIT 1")
    for length in (1, 2, 5, 8, 13):
        area = "0" if length == 1 else code["area"][:length]
        assert await read(village, area) == await counted(village, area), area


@pytest.mark.parametrize("seed", range(2))
async def test_cells_and_queue_equal_the_ledgers_whatever_happens(village: Place, seed: int) -> None:
    rng = random.Random(seed)
    documents: list[dict[str, Any]] = []
    for _ in range(6):
        document = await village.new_household("VERIFIED", **some_household(rng))
        documents.append(document)
        if rng.random() < 0.4:
            await fold(village.database)
        await check(village)
    first, second, third = documents[:3]
    changed = {"id": first["id"], "members": [person(9, nik=None, nikMissingReason="NONE_YET")]}
    assert (await village.amend("officer", changed))["outcome"] == "ACCEPTED"
    await check(village)  # under revision, it counts as it was verified
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, first, 2))["userErrors"]
    await check(village)
    await village.amend("officer", {"id": second["id"], "rt": "007"})
    assert not (await village.reject("coordinator", second, 2, "NOT_RESIDENT"))["userErrors"]
    assert not (await village.archive("coordinator", third, 1))["userErrors"]
    await check(village)
    while await fold(village.database):
        await check(village)
    assert await waiting(village) == 0
    await check(village)


async def test_a_fold_that_is_undone_leaves_the_queue(village: Place) -> None:
    await village.new_household("VERIFIED", **some_household(random.Random(7)))
    transaction = village.admin.transaction(isolation="repeatable_read")
    await transaction.start()
    before = await waiting(village)
    taken = await village.admin.fetchval("SELECT registry.fold(1000)")
    assert await waiting(village) == before - taken
    assert await wrong(village) == 0
    await transaction.rollback()
    await check(village)


async def test_the_service_folds_by_itself_and_counts_it(village: Place) -> None:
    folded = village.app.service.folded
    await village.new_household("VERIFIED", **some_household(random.Random(12)))
    async with folding(village.app.service):
        await eventually(lambda: village.app.service.folded > folded)
    await check(village)


async def test_one_fold_at_a_time(village: Place) -> None:
    await village.admin.execute(f"SELECT pg_advisory_lock({LOCK})")
    try:
        await village.new_household("VERIFIED", **some_household(random.Random(8)))
        assert await fold(village.database) == 0
        assert await waiting(village) > 0
        assert await wrong(village) == 0
    finally:
        await village.admin.execute(f"SELECT pg_advisory_unlock({LOCK})")
    await check(village)


async def test_writers_and_folds_at_the_same_time(village: Place) -> None:
    async def write(seed: int) -> None:
        await village.new_household("VERIFIED", **some_household(random.Random(seed)))

    writing = asyncio.gather(*[write(100 + n) for n in range(8)])
    snapshots = 0
    while not writing.done():
        await fold(village.database)
        assert await wrong(village) == 0
        snapshots += 1
    await writing
    assert snapshots > 0
    await check(village)


async def test_a_wrong_cell_is_reported_and_counted_anew(
    village: Place, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await village.new_household("VERIFIED", **some_household(random.Random(9)))
    while await fold(village.database):
        pass
    await village.admin.execute("UPDATE figure_cell SET n = n + 1 WHERE cube = 1 AND region = '0'")
    assert await wrong(village) >= 1
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, ["figures", "prove", "--database", dsn])
    assert ended.value.code == 1
    assert "wrong" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, ["figures", "rebuild", "--database", dsn])
    assert ended.value.code == 0
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, ["figures", "prove", "--json", "--database", dsn])
    assert ended.value.code == 0
    await check(village)


async def test_a_rebuild_neither_stops_a_reader_nor_changes_what_they_read(village: Place, dsn: str) -> None:
    await village.new_household("VERIFIED", **some_household(random.Random(13)))
    reader = await asyncpg.connect(dsn, server_settings={"search_path": "registry"})
    async with reader.transaction(isolation="repeatable_read", readonly=True):
        before = await reader.fetchrow(FIGURES, "0")
        await village.admin.execute("SET lock_timeout = '5s'")
        try:
            await rebuild(village.admin)
        finally:
            await village.admin.execute("RESET lock_timeout")
        assert await reader.fetchrow(FIGURES, "0") == before
    await reader.close()
    await check(village)


async def test_a_fold_that_fails_is_told_once_and_tried_again(
    village: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    async def failing(database: Any) -> int:
        nonlocal tried
        tried += 1
        raise asyncpg.UndefinedFunctionError("it holds words of a statement")

    monkeypatch.setattr("server.http.folding.fold", failing)
    monkeypatch.setattr("server.http.folding.SECONDS", 0.01)
    async with folding(village.app.service):
        await eventually(lambda: tried >= 3)
    assert [record.getMessage() for record in caplog.records if "folded" in record.getMessage()] == [
        "Figures are not folded, and take longer: UndefinedFunctionError."
    ]


async def test_cubes_that_are_declared_anew_are_rebuilt(village: Place, dsn: str) -> None:
    await village.new_household("VERIFIED", **some_household(random.Random(10)))
    while await fold(village.database):
        pass
    await village.admin.execute("TRUNCATE figure_cell")
    await migrate(dsn)
    assert await wrong(village) > 0, "the declaration has not changed"
    await village.admin.execute("COMMENT ON CONSTRAINT pk_figure_cell ON figure_cell IS 'of yesterday'")
    await migrate(dsn)
    await check(village)


async def test_nobody_reads_or_writes_a_cell_but_by_figures(village: Place) -> None:
    principal = await village.principal("officer")
    for text in ("SELECT n FROM registry.figure_cell", "DELETE FROM registry.figure_due"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with village.database.write(principal, "submit") as tx:
                await tx._connection.fetch(text)


async def test_a_rebuild_waits_for_a_fold(village: Place) -> None:
    document = await village.new_household("VERIFIED", **some_household(random.Random(11)))
    assert await rebuild(village.admin) > 0
    assert await waiting(village) == 0
    rows = "SELECT count(*) FROM ledger_household WHERE household_id = $1"
    assert await village.admin.fetchval(rows, uuid.UUID(document["id"])) == 1
    await check(village)
