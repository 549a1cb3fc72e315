"""The ledger of cases: it counts what is saved, moves with households, and nobody reads it."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import uuid
from typing import Any

import pytest

from registry.codes import CaseStatus, CaseType, IndicatorName
from registry.codes.case import SETTLED
from registry.figures.ledger import PARTITIONS
from registry.models.case import Case
from tests.test_case import case, save
from tests.test_record_ledger import TODAY, compare, known, move_back, revisions
from tests.village import FAR, HERE, NEXT_DOOR, Place, episode, household

pytestmark = pytest.mark.anyio
OFFICERS = {HERE: "officer", NEXT_DOOR: "next door", FAR: "stranger"}
TABLES = ("ledger_case", *(name for name in PARTITIONS if name.startswith("ledger_case_")))
HIDDEN = "SELECT has_table_privilege('registry_app', $1, $2) OR has_any_column_privilege('registry_app', $1, $2)"


async def open_rows(village: Place, id_: str) -> list[bool]:
    """Whether each row of a case is open, in the order in which they were written."""
    query = "SELECT until = 'infinity' FROM ledger_case WHERE subject_id = $1 ORDER BY since, until"
    return [row[0] for row in await village.admin.fetch(query, uuid.UUID(id_))]


async def saved(village: Place, columns: dict[str, Any], who: str = "officer") -> str:
    payload = await save(village, who, columns)
    assert payload["outcome"] in ("ACCEPTED", "MERGED", "UNCHANGED"), payload["userErrors"]
    return str(columns["id"])


async def test_a_save_leaves_one_open_row(village: Place) -> None:
    of = await village.new_household("SUBMITTED")
    first, other = case(of), case(of, type="DEATH")
    id_ = await saved(village, first)
    await saved(village, other)
    await saved(village, first)  # resent
    await saved(village, {"id": id_, "status": "CLOSED", "closedOn": "2026-07-20"})
    for one in (first, other):
        rows = await open_rows(village, one["id"])
        assert (rows.count(True), rows[-1]) == (1, True)
    (row,) = await village.admin.fetch(
        "SELECT case_status, case_type, days, l.lot = c.lot AS same_lot FROM ledger_case l"
        " JOIN household_case c ON c.id = l.subject_id WHERE subject_id = $1 AND until = 'infinity'",
        uuid.UUID(id_),
    )
    assert tuple(row) == ("CLOSED", "UNPAID_WAGES", 6, True)


async def test_cases_of_a_household_are_counted_at_the_same_time(village: Place) -> None:
    of = await village.new_household("SUBMITTED")
    cases = [case(of) for _ in range(5)]
    await asyncio.gather(*(saved(village, one) for one in cases))
    await asyncio.gather(*(saved(village, {"id": one["id"], "status": "REFERRED"}) for one in cases))
    for one in cases:
        assert await open_rows(village, one["id"]) == [False, True]


async def test_a_refused_case_leaves_no_row(village: Place) -> None:
    of = await village.new_household("SUBMITTED")
    refused = case(of, status="CLOSED", closedOn="2026-07-01")  # before it was opened
    assert (await save(village, "officer", refused))["userErrors"]
    assert await open_rows(village, refused["id"]) == []


async def test_no_login_reads_or_writes_the_ledger_of_cases(village: Place) -> None:
    for table in TABLES:
        for act in ("SELECT", "INSERT", "UPDATE"):
            assert not await village.admin.fetchval(HIDDEN, f"registry.{table}", act), (table, act)
        assert not await village.admin.fetchval(
            "SELECT has_table_privilege('registry_app', $1, 'DELETE')", f"registry.{table}"
        )


async def test_moving_cases_tells_nothing(village: Place) -> None:
    """The answer is the same for a household with a case, for one without, and for none."""
    with_case, without = await village.new_household("SUBMITTED"), await village.new_household("SUBMITTED")
    await saved(village, case(with_case))
    ids = (uuid.UUID(with_case["id"]), uuid.UUID(without["id"]), uuid.uuid4())
    move = "SELECT registry.move_cases($1, $2, $3)"
    answers = [await village.admin.fetch(move, id_, village.regions[HERE], HERE) for id_ in ids]
    assert answers[0] == answers[1] == answers[2]


async def test_a_case_counts_where_its_household_has_moved(village: Place) -> None:
    of = await village.new_household("DRAFT", "both villages")
    id_ = await saved(village, case(of), "both villages")
    moved = await village.submit("both villages", {"id": of["id"], "villageCode": NEXT_DOOR}, 1, "DRAFT")
    assert moved["outcome"] == "ACCEPTED", moved["userErrors"]
    rows = await village.admin.fetch(
        "SELECT area, until = 'infinity' AS is_open FROM ledger_case WHERE subject_id = $1 ORDER BY since",
        uuid.UUID(id_),
    )
    assert [tuple(row) for row in rows] == [(HERE, False), (NEXT_DOOR, True)]


# --- the recount ------------------------------------------------------------------------------------------------------


def some_case(rng: random.Random, of: Any) -> dict[str, Any]:
    opened = TODAY - dt.timedelta(days=rng.randrange(20, 300))
    status = rng.choice(list(CaseStatus))
    closed = str(opened + dt.timedelta(days=rng.randrange(20))) if status in SETTLED else None
    columns = {"type": rng.choice(list(CaseType)).value, "status": status.value, "closedOn": closed}
    about = rng.choice([None, of["migrations"][0]["id"]])
    return case(of, openedOn=str(opened), migrationId=about) | columns


async def test_the_indicators_of_cases_equal_a_recount(village: Place) -> None:
    seed = random.randrange(10**6)
    rng = random.Random(seed)
    for _ in range(25):
        code = rng.choice(list(OFFICERS))
        document = household(villageCode=code)
        document["migrations"] = [episode(document["members"][0], country=rng.choice(["MY", "HK"]))]
        of = await village.new_household("SUBMITTED", OFFICERS[code], **document)
        columns = some_case(rng, of)
        id_ = await saved(village, columns, OFFICERS[code])
        for _ in range(rng.randrange(3)):
            await move_back(village.admin, Case, id_, rng.randrange(1, 40))
            await saved(village, some_case(rng, of) | {"id": id_}, OFFICERS[code])
    indicators = [IndicatorName.CASES_OPEN, IndicatorName.CASE_MEDIAN_DAYS]
    saved_, names = await revisions(village.admin), await known(village.admin)
    assert await compare(village, rng, saved_, names, indicators) > 100, seed
