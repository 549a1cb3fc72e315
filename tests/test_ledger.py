"""The verified ledger: exactly the verified content, without names and numbers.

The proof counts it again from its only other source, the verified revision documents.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import asyncpg
import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.sensitivity import Sensitivity
from registry.figures.ledger import LEDGERS
from registry.guard.vault import Vault
from registry.models.fact import fact_of
from registry.models.noun import Noun, facts
from registry.values import derived as derive
from registry.values.bounds import Written
from server.demo.load import load
from tests.village import Place, episode, household, person, shop, with_changes

pytestmark = pytest.mark.anyio
KEYS = {"id", "subject_id", "household_id", "village_id", "area", "rev", "since", "until"}
VERIFIED = (
    "SELECT e.household_id::text AS household, e.rev, to_jsonb(e.at) #>> '{}' AS at, r.document, h.area, e.to_state,"
    " h.village_id::text AS village FROM workflow_event e JOIN household h ON h.id = e.household_id"
    " JOIN household_revision r ON r.household_id = e.household_id AND r.rev = e.rev"
    " WHERE e.to_state IN ('VERIFIED', 'REJECTED', 'ARCHIVED') ORDER BY e.household_id, e.at"
)
Row = dict[str, Any]


def counted(table: sa.Table) -> list[str]:
    return [column.name for column in LEDGERS[table].c if column.name not in KEYS]


def derived(table: str, columns: Mapping[str, Any], document: Mapping[str, Any]) -> Row:
    """The counted facts that follow from a document."""
    if table == "migration_episode":
        born = document["member"][columns["member_id"]].get("birth_date")
        return {"underage_at_departure": derive.underage_at_departure(born, columns.get("departed_on"))}
    if table == "business":
        rupiah = {
            name: Decimal(columns[f"{name}_amount"]) if columns.get(f"{name}_currency") == "IDR" else None
            for name in ("annual_sales", "capital")
        }
        return {"scale": derive.scale(rupiah["annual_sales"], rupiah["capital"])}
    return {}


async def expected_ledger(admin: asyncpg.Connection) -> dict[str, list[Row]]:
    """The ledger that follows from the verified documents."""
    ledgers: dict[str, list[Row]] = defaultdict(list)
    rows = await admin.fetch(VERIFIED)
    for row, next_row in zip(rows, [*rows[1:], None], strict=True):
        if row["to_state"] != "VERIFIED":
            continue  # it ends what was counted, and nothing is counted from then on
        until = next_row["at"] if next_row is not None and next_row["household"] == row["household"] else None
        document = orjson.loads(row["document"])
        key = {name: row[name] for name in ("household", "area", "rev", "village")} | {"since": row["at"]}
        for table, ledger in LEDGERS.items():
            for id_, columns in document[table.name].items():
                all_facts = columns | derived(table.name, columns, document)
                facts_ = {name: all_facts.get(name) for name in counted(table)}
                ledgers[ledger.name].append(key | {"subject": id_, "until": until} | facts_)
    return ledgers


async def stored_ledger(admin: asyncpg.Connection) -> dict[str, list[Row]]:
    """The ledger as stored."""
    ledgers: dict[str, list[Row]] = defaultdict(list)
    for ledger in LEDGERS.values():
        for row in await admin.fetch(f"SELECT to_jsonb(l) - 'id' FROM {ledger.name} l"):
            entry = orjson.loads(row[0])
            for name in ("subject", "household", "village"):
                entry[name] = entry.pop(f"{name}_id")
            ledgers[ledger.name].append(entry)
    return ledgers


async def prove(admin: asyncpg.Connection) -> dict[str, int]:
    """Compare the ledger with a recount, row by row; return how many rows each ledger has."""
    stored, expected = await stored_ledger(admin), await expected_ledger(admin)
    for ledger in LEDGERS.values():
        a, b = (sorted(rows[ledger.name], key=lambda r: (r["subject"], r["since"])) for rows in (stored, expected))
        assert len(a) == len(b), ledger.name
        for stored_row, expected_row in zip(a, b, strict=True):
            for name in ("since", "until"):  # the ledger has when the transaction began, the event when it was written
                at, until = stored_row.pop(name), expected_row.pop(name)
                assert at == until or at < until, ledger.name
            assert stored_row == expected_row, ledger.name
    return {name: len(rows) for name, rows in stored.items()}


async def reopen(village: Place, document: Mapping[str, Any]) -> None:
    """Put a verified household under revision, as if it had been returned."""
    await village.admin.execute("UPDATE household SET workflow_state = 'RETURNED' WHERE id = $1", document["id"])


async def ledger_rows(village: Place, document: Mapping[str, Any], ledger: str) -> list[tuple[int, bool]]:
    """The revision of each row of a household, and whether the row is open."""
    records = await village.admin.fetch(
        f"SELECT rev, until IS NULL FROM {ledger} WHERE household_id = $1 ORDER BY since, rev", document["id"]
    )
    return [(row[0], row[1]) for row in records]


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
    assert by_ledger == {name: [(1, True)] * count for name, count in lists.items()}
    await village.verify("coordinator", document)
    assert await ledger_rows(village, document, "ledger_person") == [(1, True)] * 3


async def test_a_household_under_revision_counts_as_last_verified(village: Place) -> None:
    document = await village.new_household("VERIFIED", **family())
    before = {ledger.name: await ledger_rows(village, document, ledger.name) for ledger in LEDGERS.values()}
    await reopen(village, document)
    changed = {
        "id": document["id"],
        "welfareDecile": 7,
        "members": [{"id": document["members"][2]["id"], "removed": True}],
    }
    assert (await village.submit("officer", changed, 1))["outcome"] == "ACCEPTED"
    assert not (await village.verify("verifier", document, 2))["userErrors"]
    assert {ledger.name: await ledger_rows(village, document, ledger.name) for ledger in LEDGERS.values()} == before
    decile = "SELECT welfare_decile FROM ledger_household WHERE household_id = $1 AND until IS NULL"
    assert await village.admin.fetchval(decile, document["id"]) == 3
    assert not (await village.verify("coordinator", document, 2))["userErrors"]
    assert await village.admin.fetchval(decile, document["id"]) == 7
    assert await ledger_rows(village, document, "ledger_household") == [(1, False), (2, True)]
    assert await ledger_rows(village, document, "ledger_person") == [(1, False)] * 3 + [(2, True)] * 2
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
    assert (rows[0]["until"], rows[1]["until"]) == (rows[1]["since"], None)
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


# --- what is in it ----------------------------------------------------------------------------------------------------


def test_ledger_columns_are_the_counted_facts_without_free_text() -> None:
    nouns = {noun.class_.__table__: noun.class_ for noun in Noun.registry.mappers}
    for table, ledger in LEDGERS.items():
        declared = {column.name: fact for column, fact in facts(nouns[table])}
        assert counted(table) == [name for name, fact in declared.items() if fact.counted]
        for name in counted(table):
            assert declared[name].sensitivity not in (Sensitivity.IDENTITY, Sensitivity.SYSTEM), name
            column = table.c[name]
            inner = column.type.item_type if isinstance(column.type, ARRAY) else column.type
            coded = (
                "codes" in column.info
                or declared[name].listed is not None
                or isinstance(inner, Written)
                or name in ("country", "export_countries")
            )
            assert coded or not isinstance(inner, sa.Text), f"{ledger.name}.{name} can hold a name"


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
        assert len(rows) == (ledger.name not in ("ledger_child_care", "ledger_pillar")), ledger.name
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


def test_every_counted_fact_is_typed_or_derived() -> None:
    follows = {"seq", "underage_at_departure", "owner_category", "scale"}
    for table in LEDGERS:
        assert {name for name in counted(table) if fact_of(table.c[name]).server} <= follows


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
