"""An id belongs to one record of one type in the whole registry: the database enforces it, with `ID_TAKEN`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from registry.guard.record_id import TRIGGERS, named_tables
from registry.models.household_aggregate import LISTS, NOUNS
from registry.models.noun import Noun
from registry.models.workflow import Remark
from schema.build import build, check_ids, nodes_of
from schema.declare.makers import NOUNS_BY_FACE
from schema.engine.guarded import face_of
from schema.inputs.household import LISTED
from schema.types.node import Node
from tests.accounts import new_account
from tests.eventually import eventually
from tests.village import (
    FAR,
    HERE,
    REVEAL,
    SUBMIT,
    Place,
    household,
    infant,
    last_record,
    path_of,
    person,
    shop,
    whole_household,
)
from tests.world import ENTRIES

pytestmark = pytest.mark.anyio
KINDS = (*NOUNS, "region", "account", "grants", "programme")


async def far_household(village: Place) -> dict[str, Any]:
    """A household with one record of every kind that the officer does not see."""
    hidden = whole_household(FAR)
    assert (await village.submit("stranger", hidden))["outcome"] == "ACCEPTED"
    return hidden


async def id_of(village: Place, kind: str, hidden: dict[str, Any]) -> str:
    """The id of a record of this kind that the officer does not see."""
    if kind in NOUNS:
        return str(last_record(hidden, kind)["id"])
    return str(await village.admin.fetchval(f"SELECT id FROM {kind} ORDER BY id LIMIT 1"))


def with_child(kind: str, id_: str) -> dict[str, Any]:
    """A household that holds a record of this kind under this id."""
    document = whole_household()
    last_record(document, kind)["id"] = id_
    return document


def taken_at(payload: Any) -> list[list[str]]:
    """The paths of `ID_TAKEN`; fails on any other outcome."""
    assert payload["outcome"] == "REJECTED", payload
    assert payload["household"] is None
    assert {error["code"] for error in payload["userErrors"]} == {"ID_TAKEN"}
    return [error["path"] for error in payload["userErrors"]]


# --- every type against every other -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("as_", NOUNS)
async def test_an_id_of_any_type_is_taken_for_every_type(village: Place, as_: str, kind: str) -> None:
    id_ = await id_of(village, kind, await far_household(village))
    sent = with_child(as_, id_)
    assert taken_at(await village.submit("officer", sent)) == [[*path_of(sent, as_), "id"]]
    assert await village.admin.fetchval("SELECT count(*) FROM household WHERE id = $1", uuid.UUID(sent["id"])) == int(
        as_ == kind == "household"
    )


@pytest.mark.parametrize("as_", LISTS)
async def test_an_edit_cannot_add_a_record_with_a_taken_id(village: Place, as_: str) -> None:
    """The id of a record elsewhere, or of the household's own records of other types."""
    hidden, mine = await far_household(village), whole_household()
    mine["members"].insert(2, infant())
    assert (await village.submit("officer", mine))["outcome"] == "ACCEPTED"
    elsewhere = [await id_of(village, kind, hidden) for kind in KINDS]
    own = [last_record(mine, kind)["id"] for kind in LISTS if kind != as_]
    for id_ in elsewhere + own:
        child = last_record(with_child(as_, id_), as_)
        child |= {key: value for key, value in last_record(mine, as_).items() if key.endswith("Id")}
        if as_ == "child_care":  # of the child who has none yet
            child["childId"] = mine["members"][2]["id"]
        if as_ == "migration_episode":
            child |= {"stage": "RETURNED", "departedOn": "2015", "returnedOn": "2018", "returnReason": "CONTRACT_ENDED"}
        payload = await village.submit("officer", {"id": mine["id"], LISTS[as_]: [child]}, 1)
        assert taken_at(payload) == [["household", LISTS[as_], "0", "id"]]
    assert (await village.household("officer", mine["id"], "rev"))["rev"] == 1


@pytest.mark.parametrize("saved", ["DRAFT", "SUBMITTED"])
async def test_an_id_occurs_once_in_a_document(village: Place, saved: str) -> None:
    for one, other in (("household", "member"), ("household", "business"), ("member", "business")):
        document = household(people=2)
        document["businesses"].append(shop(document["members"][0]))
        child = document["members"][1] if other == "member" else document["businesses"][0]
        child["id"] = document["id"] if one == "household" else document["members"][0]["id"]
        payload = (await village.query("officer", SUBMIT, household=document, saveAs=saved)).data["submitHousehold"]
        place = ["members", "1"] if other == "member" else ["businesses", "0"]
        assert taken_at(payload) == [["household", *place, "id"]]


async def test_node_returns_the_first_record_of_an_id(village: Place) -> None:
    region = str(village.regions[FAR])
    await village.submit("officer", household(id=region))
    assert await village.ask("analyst", "query($id: ID!) { node(id: $id) { __typename } }", id=region) == {
        "node": {"__typename": "Village"}
    }


# --- at the same time -------------------------------------------------------------------------------------------------

WAITING = """
SELECT count(*) FROM pg_locks
WHERE NOT granted AND locktype = 'transactionid' AND transactionid = pg_current_xact_id()::xid
"""


@asynccontextmanager
async def registered_elsewhere(village: Place, *ids: str) -> AsyncIterator[None]:
    """Another transaction has registered these ids and is rolled back at the end."""
    transaction = village.admin.transaction()
    await transaction.start()
    for id_ in ids:
        await village.admin.execute("INSERT INTO record_id (id, noun) VALUES ($1, 'x')", uuid.UUID(id_))
    yield
    await transaction.rollback()


async def until_waiting(village: Place, callers: int) -> None:
    """Wait until this many transactions wait for the one of `entered`."""

    async def all_wait() -> bool:
        waiting: int = await village.admin.fetchval(WAITING)
        return waiting >= callers

    await eventually(all_wait)


async def submit_both(village: Place, ids: tuple[str, ...], one: dict[str, Any], other: dict[str, Any]) -> list[Any]:
    """The payloads of two officers' submissions that waited for the same ids."""
    async with registered_elsewhere(village, *ids):
        submissions = [asyncio.ensure_future(village.submit(*s)) for s in (("officer", one), ("stranger", other))]
        await until_waiting(village, 2)
    return list(await asyncio.gather(*submissions))


async def test_one_of_two_simultaneous_submissions_gets_an_id(village: Place) -> None:
    for kind in LISTS:
        id_ = str(uuid.uuid4())
        other = with_child(kind, id_) | {"villageCode": FAR}
        payloads = await submit_both(village, (id_,), household(id=id_), other)
        assert sorted(p["outcome"] for p in payloads) == ["ACCEPTED", "REJECTED"], payloads
        (refused,) = [p for p in payloads if p["outcome"] == "REJECTED"]
        assert taken_at(refused) == [["household", "id"] if refused is payloads[0] else [*path_of(other, kind), "id"]]
        assert await village.admin.fetchval("SELECT count(*) FROM record_id WHERE id = $1", uuid.UUID(id_)) == 1


async def test_submissions_with_each_other_s_ids_do_not_deadlock(village: Place) -> None:
    a, b = str(uuid.uuid4()), str(uuid.uuid4())
    one, other = household(id=a), household(FAR, id=b)
    one["members"].append(person(2, id=b))
    other["members"].append(person(2, id=a))
    payloads = await submit_both(village, (a, b), one, other)
    assert sorted(p["outcome"] for p in payloads) == ["ACCEPTED", "REJECTED"], payloads


# --- a number of the vault belongs to one record ----------------------------------------------------------------------


async def two_grants(village: Place) -> str:
    """A person who may reveal in one village, and sees masks in the other."""
    return await new_account(village, ("OFFICER", HERE), ("VILLAGE_VERIFIER", FAR))


async def household_by_hand(village: Place, id_: str, like: str) -> None:
    """Insert a second record with an id, in a database with its triggers turned off."""
    columns = [
        row["attname"]
        for row in await village.admin.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'household'::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = ''"
        )
    ]
    values = ", ".join(
        {"id": "$1::uuid", "household_no": "left($1::uuid::text, 32)"}.get(name, name) for name in columns
    )
    async with village.admin.transaction():
        await village.admin.execute("SET LOCAL session_replication_role = replica")
        await village.admin.execute(
            f"INSERT INTO household ({', '.join(columns)}) SELECT {values} FROM household WHERE id = $2",
            *(uuid.UUID(id_), uuid.UUID(like)),
        )


async def test_a_reveal_does_not_find_a_number_by_id_alone(village: Place) -> None:
    """A person who reveals in one village and sees masks in another gets no number of the latter, for any id."""
    hidden, mine, who = household(FAR), household(), await two_grants(village)
    await village.submit("stranger", hidden)
    await village.submit("officer", mine)
    member = hidden["members"][0]["id"]
    await household_by_hand(village, member, mine["id"])
    for field in ("NIK", "PHONE"):
        answer = await village.ask(who, REVEAL, id=member, field=field, purpose="VERIFICATION")
        assert answer["revealIdentity"]["value"] is None, field
    await village.admin.execute("DELETE FROM household WHERE id = $1", uuid.UUID(member))
    owner = await village.ask("stranger", REVEAL, id=member, field="NIK", purpose="VERIFICATION")
    assert owner["revealIdentity"]["value"] == hidden["members"][0]["nik"]


# --- what the database holds ------------------------------------------------------------------------------------------


async def test_every_table_with_client_ids_registers_them(village: Place) -> None:
    """New tables take part by default; these do not, because nobody looks them up by id."""
    have_id = {t.name for t in Noun.metadata.tables.values() if list(t.primary_key.columns.keys()) == ["id"]}
    inside = {"household_revision", "workflow_event", "remark", "finding", "identity"}
    history = {"record_revision", "signed_report", "region_lineage", "region_list", "audit_event", "record_id"}
    own = {"vault_check", "session", "second_factor", "recovery_code", "figure"}
    assert have_id - named_tables().keys() == inside | history | own | set(ENTRIES)
    rows = await village.admin.fetch(
        "SELECT tgrelid::regclass::text AS relation, tgname FROM pg_trigger WHERE tgfoid = 'enter_ids'::regproc"
        " AND tgenabled = 'O'"
    )
    assert {tuple(row) for row in rows} == {(t, name) for t in named_tables() for name in TRIGGERS}


async def test_registered_ids_are_those_of_all_records(village: Place) -> None:
    await far_household(village)
    tables = " UNION ALL ".join(f"SELECT id, '{table}' FROM {table}" for table in named_tables())
    assert await village.admin.fetch(f"({tables}) EXCEPT ALL SELECT id, noun FROM record_id") == []


async def test_an_id_cannot_change_or_be_reused(village: Place) -> None:
    document = await village.new_household("DRAFT")
    id_, fresh = uuid.UUID(document["id"]), uuid.uuid4()
    with pytest.raises(asyncpg.RaiseError, match="never changes"):
        await village.admin.execute(
            "UPDATE grants SET id = $1 WHERE id = (SELECT min(id::text)::uuid FROM grants)", fresh
        )
    async with village.admin.transaction():
        await village.admin.execute("SET LOCAL session_replication_role = replica")
        for table in (*LISTS, "identity", "household_revision", "workflow_event", "finding"):
            await village.admin.execute(f"DELETE FROM {table} WHERE household_id = $1", id_)
        await village.admin.execute("DELETE FROM household WHERE id = $1", id_)
    assert taken_at(await village.submit("officer", household(id=document["id"]))) == [["household", "id"]]


async def test_the_rule_of_ids_applies_to_plain_sql_too(village: Place) -> None:
    for table in ("programme", "account"):
        columns = {"programme": "id, code, name, agency", "account": "id, username, name"}[table]
        rest = {"programme": "$2, 'x', 'x'", "account": "$2, 'x'"}[table]
        with pytest.raises(asyncpg.UniqueViolationError, match="the id names another record"):
            await village.admin.execute(
                f"INSERT INTO {table} ({columns}) VALUES ($1, {rest})", village.regions[HERE], str(uuid.uuid4())
            )


def test_a_noun_whose_ids_are_not_registered_fails_at_start() -> None:
    schema = build()
    nodes = {type_.name: NOUNS_BY_FACE[face_of(type_)] for type_ in nodes_of(schema)}
    assert {"Household", "Village", "Programme"} <= nodes.keys()
    assert {face.__name__ for face in LISTED.values() if issubclass(face, Node)} <= nodes.keys()
    check_ids(nodes.values())
    with pytest.raises(TypeError, match=r"`node` finds .*Remark"):
        check_ids([*nodes.values(), Remark])
