"""The verified ledger: exactly the verified content, without names and numbers.

The proof counts it again from its only other source, the verified revision documents.
"""

from __future__ import annotations

import datetime as dt
import itertools
import secrets
import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import asyncpg
import orjson
import pytest
import sqlalchemy as sa

from registry.figures.ledger import HOUSEHOLD_LEDGERS as LEDGERS
from registry.figures.unit import Unit, Verified
from registry.guard.vault import Vault
from registry.models.household import Household
from registry.models.member import Member
from registry.models.noun import table_of
from registry.store.prepared import LARGEST
from registry.write.step import COUNT
from server.demo.load import load
from tests.recount import UNITS, Row
from tests.village import Place, episode, household, person, shop, with_changes

pytestmark = pytest.mark.anyio
Interval = tuple[dt.datetime, dt.datetime]
COMPUTED_CODES = ("parents_abroad", "caregiver", "sex")
VERIFIED = (
    "SELECT h.id::text AS household, e.at, r.document, e.to_state, h.area, h.lot, h.village_id::text AS village"
    " FROM workflow_event e JOIN household h ON h.id = e.household_id"
    " JOIN household_revision r ON r.household_id = e.household_id AND r.rev = e.rev"
    " WHERE e.to_state IN ('VERIFIED', 'REJECTED', 'ARCHIVED') ORDER BY e.household_id, e.at"
)
INFINITY = dt.datetime.max  # noqa: DTZ901  (as asyncpg reads it)


async def intervals(admin: asyncpg.Connection, household: str, steps: list[asyncpg.Record]) -> list[Interval]:
    """From when until when each verification of a household counts, as its own ledger says it; the steps agree."""
    rows = await admin.fetch(
        "SELECT since, until FROM ledger_household WHERE household_id = $1 ORDER BY since", uuid.UUID(household)
    )
    verified = [n for n, step in enumerate(steps) if step["to_state"] == "VERIFIED"]
    assert len(rows) == len(verified), household
    for row, n in zip(rows, verified, strict=True):
        assert row["since"] >= steps[n]["at"]
        following = steps[n + 1] if n + 1 < len(steps) else None
        assert (row["until"] == INFINITY) is (following is None)
    for row, next_row, n in zip(rows, rows[1:], verified, strict=False):
        if n + 1 in verified:
            assert row["until"] == next_row["since"], "nothing lies between"
    return [(row["since"], row["until"]) for row in rows]


async def expected_ledger(admin: asyncpg.Connection) -> dict[str, list[Row]]:
    """The ledgers that follow from the verified documents."""
    ledgers: dict[str, list[Row]] = defaultdict(list)
    households = itertools.groupby(await admin.fetch(VERIFIED), key=lambda step: str(step["household"]))
    for household_id, steps in ((id_, list(group)) for id_, group in households):
        held = iter(await intervals(admin, household_id, steps))
        for step in (step for step in steps if step["to_state"] == "VERIFIED"):
            since, until = next(held)
            key = {"household_id": household_id, "since": since, "until": until, "area": step["area"]}
            key |= {"village_id": step["village"], "village_then": step["village"], "lot": step["lot"]}
            document = orjson.loads(step["document"])
            for ledger, recount in UNITS.items():
                ledgers[ledger] += [key | {"subject_id": id_} | facts_ for id_, facts_ in recount(document)]
    return ledgers


def plain(value: Any) -> Any:
    """As documents write it."""
    return value.isoformat() if type(value) is dt.date else str(value) if isinstance(value, uuid.UUID) else value


async def stored_ledger(admin: asyncpg.Connection) -> dict[str, list[Row]]:
    """The ledgers as stored."""
    ledgers: dict[str, list[Row]] = defaultdict(list)
    for ledger in LEDGERS.values():
        for row in await admin.fetch(f"SELECT * FROM {ledger.name}"):
            ledgers[ledger.name].append({name: plain(value) for name, value in row.items()})
    return ledgers


async def prove(admin: asyncpg.Connection) -> dict[str, int]:
    """Compare the ledgers with a recount, row by row; return how many rows each has."""
    stored, expected = await stored_ledger(admin), await expected_ledger(admin)
    for ledger in UNITS:
        a, b = (sorted(rows[ledger], key=lambda r: (r["subject_id"], r["since"])) for rows in (stored, expected))
        assert len(a) == len(b), ledger
        for stored_row, expected_row in zip(a, b, strict=True):
            assert stored_row == expected_row, ledger
    return {name: len(rows) for name, rows in stored.items()}


async def reopen(village: Place, document: Mapping[str, Any]) -> None:
    """Put a verified household under revision, as if it had been returned."""
    await village.admin.execute("UPDATE household SET workflow_state = 'RETURNED' WHERE id = $1", document["id"])


async def ledger_rows(village: Place, document: Mapping[str, Any], ledger: str) -> list[bool]:
    """Whether each row of a household is open, in the order in which they were written."""
    query = f"SELECT until = 'infinity' FROM {ledger} WHERE household_id = $1 ORDER BY since"
    return [row[0] for row in await village.admin.fetch(query, document["id"])]


def family() -> dict[str, Any]:
    """A household with a record in every table."""
    document = household(people=3, welfareDecile=3, houseOwnership="OWNED")
    one, two, three = document["members"]
    two |= {"birthDate": "2004-05", "nikMissingReason": "NONE_YET", "nik": None, "motherId": one["id"]}
    three |= {"disability": False}
    document["migrations"] += [
        episode(one, stage="RETURNED", departedOn="2015", returnedOn="2018", returnReason="CONTRACT_ENDED"),
        episode(two, departedOn="2020-01"),
    ]
    document["businesses"] = [
        shop(
            one,
            capital={"amount": "5000000.00", "currency": "IDR"},
            permits=["PIRT", "HALAL"],
            exportCountries=["MY", "HK"],
        ),
        shop(two, status="CLOSED"),
    ]
    return document


# --- when rows are written and closed ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["DRAFT", "SUBMITTED", "RETURNED", "VERIFIED_VILLAGE"])
async def test_the_ledger_is_empty_before_the_last_step(village: Place, state: str) -> None:
    document = await village.new_household(state)
    for ledger in LEDGERS.values():
        assert await ledger_rows(village, document, ledger.name) == []


async def test_the_last_step_adds_every_record_once(village: Place) -> None:
    document = await village.new_household("VERIFIED", **family())
    by_ledger = {ledger.name: await ledger_rows(village, document, ledger.name) for ledger in LEDGERS.values()}
    nothing = dict.fromkeys(by_ledger, 0)
    lists = nothing | {"ledger_household": 1, "ledger_person": 3, "ledger_episode": 3, "ledger_business": 2}
    lists |= {"ledger_migrant": 2}
    assert by_ledger == {name: [True] * count for name, count in lists.items()}
    await village.verify("coordinator", document)
    assert await ledger_rows(village, document, "ledger_person") == [True] * 3


async def test_a_household_under_revision_counts_as_last_verified(village: Place) -> None:
    document = await village.new_household("VERIFIED", **family())
    before = {ledger.name: await ledger_rows(village, document, ledger.name) for ledger in LEDGERS.values()}
    await reopen(village, document)
    changed = {
        "id": document["id"],
        "members": [{"id": document["members"][2]["id"], "removed": True}],
        "businesses": [{"id": document["businesses"][0]["id"], "status": "CLOSED", "closedOn": "2026"}],
    }
    assert (await village.submit("officer", changed, 1))["outcome"] == "ACCEPTED"
    assert not (await village.verify("verifier", document, 2))["userErrors"]
    assert {ledger.name: await ledger_rows(village, document, ledger.name) for ledger in LEDGERS.values()} == before
    trades = "SELECT has_business FROM ledger_household WHERE household_id = $1 AND until = 'infinity'"
    assert await village.admin.fetchval(trades, document["id"]) is True
    assert not (await village.verify("coordinator", document, 2))["userErrors"]
    assert await village.admin.fetchval(trades, document["id"]) is False
    assert await ledger_rows(village, document, "ledger_household") == [False, True]
    assert await ledger_rows(village, document, "ledger_person") == [False] * 3 + [True] * 2
    await prove(village.admin)


async def test_a_row_opens_when_the_previous_one_closes(village: Place) -> None:
    document = await village.new_household("VERIFIED")
    await reopen(village, document)
    await village.submit("officer", {"id": document["id"]}, 1)  # the same document, submitted after a return
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, document))["userErrors"]
    rows = await village.admin.fetch(
        "SELECT since, until FROM ledger_household WHERE household_id = $1 ORDER BY since", document["id"]
    )
    assert (rows[0]["until"], rows[1]["until"]) == (rows[1]["since"], INFINITY)
    assert rows[0]["since"] < rows[0]["until"]


async def test_the_application_can_only_close_a_row(village: Place) -> None:
    for ledger in LEDGERS.values():
        name = f"registry.{ledger.name}"
        may = [
            column.name
            for column in ledger.c
            if await village.admin.fetchval(
                "SELECT has_column_privilege('registry_app', $1, $2, 'UPDATE')", name, column.name
            )
        ]
        assert may == ["until"]
        assert not await village.admin.fetchval("SELECT has_table_privilege('registry_app', $1, 'DELETE')", name)


async def test_a_migrant_has_one_open_row(village: Place) -> None:
    await village.new_household("VERIFIED", **family())
    again = "INSERT INTO ledger_migrant SELECT * FROM ledger_migrant_open LIMIT 1"
    with pytest.raises(asyncpg.UniqueViolationError):
        await village.admin.execute(again)


def test_the_statement_that_writes_the_ledgers_stays_prepared() -> None:
    """Planned anew each time, it would take longer to plan than to run."""
    assert len(COUNT.text) <= LARGEST


# --- what is in it ----------------------------------------------------------------------------------------------------


def test_a_ledger_keeps_codes_dates_numbers_and_yes_or_no() -> None:
    """A text is one of the codes of a list, or the code of a country or of a section of KBLI."""
    for ledger in LEDGERS.values():
        for column in ledger.c:
            if isinstance(column.type, sa.Text) and column.name != "area":
                is_code = column.info.get("closed") or column.name in ("country", "kbli_section", *COMPUTED_CODES)
                assert is_code, f"{ledger.name}.{column.name} can hold a name"


@pytest.mark.parametrize("column", [Member.nik, Household.created_by])
def test_a_number_or_an_account_is_not_counted(column: Any) -> None:
    unit = Unit("some", lambda verified: sa.select(verified.households.c[column.key]))
    rows = table_of(column.class_)
    with pytest.raises(TypeError, match="no ledger counts that class"):
        unit.facts(Verified(rows, rows))


async def test_the_ledger_holds_no_typed_text_and_no_number(village: Place) -> None:
    word = "Bunyi" + secrets.token_hex(4)
    member = person(1, fullName=word, birthPlace=word, occupationCode="01")
    document = household(address=word, hamlet=word, rt="077", respondentName=word, phone="081234567890")
    document |= {"members": [member], "kkMissingReason": None, "kkNumber": "3507112304190001"}
    document["migrations"] = [episode(member, city=word, employerName=word, jobTitle=word, passportNo="X1234567")]
    document["businesses"] = [shop(member, name=word, description=word, nib="1234567890123")]
    stored = await village.submit("officer", document)
    assert stored["outcome"] == "ACCEPTED", stored["userErrors"]
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, document))["userErrors"]
    numbers = (member["nik"], document["kkNumber"], "81234567890", "X1234567", "1234567890123")
    for ledger in LEDGERS.values():
        rows = await village.admin.fetch(f"SELECT * FROM {ledger.name} WHERE household_id = $1", document["id"])
        assert len(rows) == 1, ledger.name
        values = [value for row in rows for value in row.values()]
        # ids and times come from the server, and may hold any three digits
        texts = [str(value) for value in values if not isinstance(value, uuid.UUID | dt.datetime)]
        for secret in (word, "077", *numbers):
            assert not any(secret in text for text in texts), ledger.name


async def test_the_counted_facts_equal_the_documents(village: Place) -> None:
    document = await village.new_household("VERIFIED", **family())
    await reopen(village, document)
    await village.submit(
        "officer", with_changes({"id": document["id"]}, businesses=[{"id": document["businesses"][0]["id"]}]), 1
    )
    assert (await prove(village.admin))["ledger_business"] >= 2


# --- the proof --------------------------------------------------------------------------------------------------------

SOME = ("35.07.11.2008", "52.03.21.2002", "12.07.26.2001")


def vault() -> Vault:
    return Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))


async def test_figures_of_a_small_demo_equal_a_recount(admin: asyncpg.Connection) -> None:
    await load(admin, vault(), only=SOME)
    assert (await prove(admin))["ledger_household"] > 20


@pytest.mark.prove
async def test_the_country_recounted(admin: asyncpg.Connection) -> None:
    await load(admin, vault())
    found = await prove(admin)
    print("ledger rows recounted from verified documents:", found)  # noqa: T201  (the proof's count)
    assert found["ledger_household"] > 7_000
