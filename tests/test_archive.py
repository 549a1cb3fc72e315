"""Archiving: nobody finds what has left the register, the figures stop counting it, and numbers are erased for good.

Who may archive in which state is in tests/test_workflow.py, the races in tests/test_steps.py.
"""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import orjson
import pytest

from auth.ability import Ability
from auth.policy import PAGE
from registry.figures.ledger import HOUSEHOLD_LEDGERS as LEDGERS
from registry.guard.sealed import PLACES
from registry.models.household_aggregate import CHILDREN, SEALED
from tests.test_ledger import family, prove
from tests.user_errors import codes_and_paths
from tests.village import HERE, Place, household, person

pytestmark = pytest.mark.anyio
REASONS = ["MOVED_OUT", "DISSOLVED", "CONSENT_WITHDRAWN", "ENTERED_BY_MISTAKE"]
FORGETS = "CONSENT_WITHDRAWN"
_serial = itertools.count(1)


def with_numbers() -> dict[str, Any]:
    """A household with a record in every table and a number of every kind."""
    n = next(_serial)
    document = family() | {"phone": f"08123456{n:04d}", "kkNumber": f"350711010120{n:04d}", "kkMissingReason": None}
    document["migrations"][0] |= {"passportNo": f"B123{n:04d}", "epmiNo": f"123456{n:04d}"}
    return document


async def archived(village: Place, reason: str = "MOVED_OUT", **changes: Any) -> dict[str, Any]:
    """A household that was verified, and has left."""
    document = await village.new_household("VERIFIED", **with_numbers() | changes)
    payload = await village.archive("officer", document, reason=reason, note="Diberi tahu RT.")
    assert payload == {"household": None, "userErrors": []}
    return document


# --- nobody finds it --------------------------------------------------------------------------------------------------

LISTS = """query($name: String!) {
  households(search: $name) { totalCount nodes { id } }
  members(search: $name) { totalCount nodes { id } }
  migrations(filter: {country: ["HK"]}) { nodes { id } }
  businesses { nodes { id } } }"""


@pytest.mark.parametrize("reason", REASONS)
async def test_nobody_finds_a_household_that_has_left_nor_what_lies_in_it(village: Place, reason: str) -> None:
    name = "Ngatiyem Sutarjo Wibowo"
    whole = with_numbers()
    whole["members"][0] |= {"fullName": name}
    document = await archived(village, reason, **whole)
    number = await village.admin.fetchval("SELECT household_no FROM household WHERE id = $1", document["id"])
    ids = {document["id"], *[child["id"] for key in ("members", "migrations", "businesses") for child in document[key]]}
    assert len(ids) > 6
    for who in ("officer", "second", "verifier", "coordinator", "viewer", "ministry"):
        assert await village.household(who, document["id"], "id") is None
        by_number = "query($no: String!) { household(by: {householdNo: $no}) { id } }"
        assert await village.ask(who, by_number, no=number) == {"household": None}
        for id_ in ids:
            assert await village.ask(who, "query($id: ID!) { node(id: $id) { id } }", id=id_) == {"node": None}
        answer = await village.query(who, LISTS, name=name)
        assert not [id_ for id_ in ids if id_.encode() in answer.body], who
        assert "INTERNAL" not in answer.codes
    assert (await village.ask("officer", LISTS, name=name))["members"]["totalCount"] == 0


async def test_no_command_finds_a_household_that_has_left(village: Place) -> None:
    document = await archived(village)
    edit = {"id": document["id"], "rt": "007"}
    not_found = [("NOT_FOUND", ["id"])]
    for payload in (
        await village.return_household("coordinator", document),
        await village.reject("coordinator", document),
        await village.withdraw("officer", document),
        await village.archive("second", document),
        await village.archive("officer", document, reason="DISSOLVED"),  # another reason than theirs
        await village.archive("coordinator", document),
    ):
        assert codes_and_paths(payload) == not_found
    assert codes_and_paths(await village.verify("coordinator", document)) == [("NOT_FOUND", ["items", "0", "id"])]
    assert codes_and_paths(await village.amend("officer", edit)) == [("NOT_FOUND", ["household", "id"])]
    assert codes_and_paths(await village.submit("officer", edit, 1)) == [("NOT_FOUND", ["household", "id"])]
    assert codes_and_paths(await village.submit("officer", document)) == [("ID_TAKEN", ["household", "id"])]
    reveal = """mutation($id: ID!) { revealIdentity(input: {id: $id, field: NIK, purpose: SERVICE}) {
      value userErrors { code path } } }"""
    payload = (await village.ask("officer", reveal, id=document["members"][0]["id"]))["revealIdentity"]
    assert (payload["value"], codes_and_paths(payload)) == (None, not_found)


async def test_archiving_that_is_sent_twice_is_done_once(village: Place) -> None:
    document = await archived(village)
    again = await village.archive("officer", document, note="Diberi tahu RT.")
    assert again == {"household": None, "userErrors": []}
    events = await village.admin.fetch(
        "SELECT to_state, reason, archive_reason FROM workflow_event WHERE household_id = $1 ORDER BY at",
        document["id"],
    )
    assert [row["to_state"] for row in events] == ["SUBMITTED", "VERIFIED_VILLAGE", "VERIFIED", "ARCHIVED"]
    assert (events[-1]["reason"], events[-1]["archive_reason"]) == ("Diberi tahu RT.", "MOVED_OUT")
    audits = "SELECT outcome FROM audit_event WHERE subject_id = $1 AND ability = 'household:archive' ORDER BY id"
    assert [row[0] for row in await village.admin.fetch(audits, document["id"])] == ["ACCEPTED", "UNCHANGED"]


async def test_everything_in_a_household_leaves_with_it(village: Place) -> None:
    document = await archived(village)
    tables = set()
    for table in (*CHILDREN, "finding", "identity"):
        rows = await village.admin.fetch(f"SELECT archived_at FROM {table} WHERE household_id = $1", document["id"])
        tables |= {table} if rows else set()
        assert None not in {row["archived_at"] for row in rows}, table
    assert tables >= {"member", "migration_episode", "business", "identity"}


async def test_what_was_removed_before_keeps_the_day_of_its_removal(village: Place) -> None:
    document = await with_several_revisions(village)
    removed = "SELECT archived_at FROM member WHERE id = $1"
    before = await village.admin.fetchval(removed, document["members"][-1]["id"])
    assert not (await village.archive("officer", document, 3))["userErrors"]
    assert await village.admin.fetchval(removed, document["members"][-1]["id"]) == before
    left = "SELECT archived_at FROM household WHERE id = $1"
    assert await village.admin.fetchval(left, document["id"]) > before


async def test_no_revision_of_a_household_that_has_left_is_the_verified_one(village: Place) -> None:
    document = await archived(village)
    (row,) = await village.admin.fetch(
        "SELECT workflow_state, verified_rev FROM household WHERE id = $1", document["id"]
    )
    assert (row["workflow_state"], row["verified_rev"]) == ("ARCHIVED", None)


async def test_a_draft_that_has_left_stays_a_draft(village: Place) -> None:
    """Nobody but those who may submit there ever has its rows, whatever a query forgets to ask."""
    document = await village.new_household("DRAFT")
    assert not (await village.archive("second", document, reason="ENTERED_BY_MISTAKE"))["userErrors"]
    for table, key in (("household", "id"), ("member", "household_id"), ("household_revision", "household_id")):
        rows = await village.admin.fetch(f"SELECT draft FROM {table} WHERE {key} = $1", document["id"])
        assert {row["draft"] for row in rows} == {True}, table
    assert await village.household("officer", document["id"], "id") is None


# --- figures ----------------------------------------------------------------------------------------------------------


async def test_figures_count_a_household_until_it_leaves(village: Place) -> None:
    summary = "query($c: RegionCode!) { region(code: $c) { summary { households persons businesses } } }"

    async def counted() -> dict[str, int]:
        region = (await village.ask("coordinator", summary, c=HERE))["region"]
        figures: dict[str, int] = region["summary"]
        return figures

    before = await counted()
    document = await village.new_household("VERIFIED", **with_numbers())
    assert (await counted())["persons"] == before["persons"] + 3
    await village.amend("officer", {"id": document["id"], "rt": "007"})  # the verified revision counts
    assert not (await village.archive("coordinator", document, 2))["userErrors"]
    assert await counted() == before
    kept = 0
    for ledger in LEDGERS.values():
        rows = await village.admin.fetch(
            f"SELECT since, until FROM {ledger.name} WHERE household_id = $1", document["id"]
        )
        kept += len(rows)
        assert all(row["since"] < row["until"] for row in rows), ledger.name
    assert kept == 1 + 3 + 2 + 3 + 2  # nothing is deleted: the figures of an earlier day stay
    await prove(village.admin)


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_whoever_archives_a_household_sees_the_class_of_its_numbers() -> None:
    """Row security lets nobody else write them, so they would stay behind without an error."""
    assert PAGE[Ability.HOUSEHOLD_ARCHIVE].cells.items() <= PAGE[Ability.SEE_IDENTITY].cells.items()


async def numbers_of(village: Place, document: dict[str, Any]) -> set[str]:
    """All forms in which the registry keeps the numbers of a household: sealed, blind and masked."""
    forms: set[str] = set()
    rows = await village.admin.fetch("SELECT sealed, blind FROM identity WHERE household_id = $1", document["id"])
    forms |= {row[name].hex() for row in rows for name in ("sealed", "blind")}
    revisions = "SELECT document FROM household_revision WHERE household_id = $1"
    for row in await village.admin.fetch(revisions, document["id"]):
        for table, column in SEALED:
            for columns in orjson.loads(row["document"])[table].values():
                if (number := columns.get(column)) is not None:
                    forms |= {number["sealed"], number["blind"]}
    return forms


async def dump(village: Place) -> str:
    """The whole database as text."""
    tables = await village.admin.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'registry'::regnamespace AND relkind = 'r'"
    )
    parts = [
        await village.admin.fetchval(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM {row['relname']} t")
        for row in tables
    ]
    return "\n".join(parts)


async def with_several_revisions(village: Place) -> dict[str, Any]:
    """Numbers in two revisions: of a member who is removed, and one that was changed."""
    document = await village.new_household("SUBMITTED", **with_numbers())
    first, *_, last = document["members"]
    changed = {
        "id": document["id"],
        "phone": f"08129876{next(_serial):04d}",
        "members": [{"id": last["id"], "nik": person(1)["nik"]}],
    }
    assert (await village.submit("officer", changed, 1))["outcome"] == "ACCEPTED"
    removed = {"id": document["id"], "members": [{"id": last["id"], "removed": True}]}
    assert (await village.submit("officer", removed, 2))["outcome"] == "ACCEPTED"
    assert first["nik"]
    return document


async def test_no_number_is_left_of_a_family_that_withdraws_its_consent(village: Place) -> None:
    document = await with_several_revisions(village)
    before, forms = await dump(village), await numbers_of(village, document)
    assert len(forms) > 12
    assert not [form for form in forms if form not in before]
    assert not (await village.archive("officer", document, 3, FORGETS))["userErrors"]
    after = await dump(village)
    assert not [form for form in forms if form in after]
    for table, column in SEALED:
        key = "id" if table == "household" else "household_id"
        masks = await village.admin.fetch(f"SELECT {column} FROM {table} WHERE {key} = $1", document["id"])
        assert {row[0] for row in masks} == {None}, (table, column)
    for place in PLACES:  # nor does a rotation of the keys look for any
        stale = f"SELECT count(*) FROM {place.table.name} WHERE ({place.stale}) AND household_id = $2"
        if "household_id" in place.table.c:
            assert await village.admin.fetchval(stale, "another key", uuid.UUID(document["id"])) == 0


async def test_what_else_the_revisions_held_stays(village: Place) -> None:
    document = await with_several_revisions(village)
    query = "SELECT rev, document FROM household_revision WHERE household_id = $1 ORDER BY rev"
    before = [orjson.loads(row["document"]) for row in await village.admin.fetch(query, document["id"])]
    await village.archive("officer", document, 3, FORGETS)
    for each in before:
        for table, column in SEALED:
            for columns in each[table].values():
                columns |= {column: None} if isinstance(columns.get(column), dict) else {}
    after = [orjson.loads(row["document"]) for row in await village.admin.fetch(query, document["id"])]
    assert after == before


@pytest.mark.parametrize("reason", [reason for reason in REASONS if reason != FORGETS])
async def test_numbers_of_others_who_left_stay_sealed_and_are_not_found(village: Place, reason: str) -> None:
    document = await archived(village, reason)
    rows = await village.admin.fetch("SELECT sealed, archived_at FROM identity WHERE household_id = $1", document["id"])
    assert all(row["sealed"] and row["archived_at"] for row in rows)
    again = household(
        kkNumber=document["kkNumber"], kkMissingReason=None
    )  # the family comes back, and is recorded anew
    again["members"][0] |= {"nik": document["members"][0]["nik"]}
    assert (await village.submit("officer", again))["outcome"] == "ACCEPTED"
