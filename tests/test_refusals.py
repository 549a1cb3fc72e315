"""Refusals: absent, archived and hidden records are refused in equal bytes after equal statements."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from typing import Any

import pytest

from tests import oracle
from tests.personas import BY_NAME, PERSONAS, REPRESENTATIVES, TODAY, Persona, invalid_authorizations
from tests.village_records import ability_of, payload_field, saved_nouns, saving
from tests.world import Answer, World

pytestmark = pytest.mark.anyio
OFFICER = BY_NAME["OFFICER@A111"]
VERIFIERS = frozenset({"VILLAGE_VERIFIER", "REGENCY_COORDINATOR"})

READS = {
    "node": "query($id: ID!) { node(id: $id) { id __typename } }",
    "node of a type": "query($id: ID!) { node(id: $id) { ... on Record { withheld } ... on Member { fullName } } }",
    "household": "query($id: ID!) { household(by: {id: $id}) { id address members { id } } }",
}
PROBLEM = "userErrors { code path message params { name value } }"
COMMANDS = {
    "verify": (
        VERIFIERS,
        "mutation($id: ID!) { verifyHouseholds(input: {items: [{id: $id, rev: 1, acceptFindings: true}]})"
        f" {{ results {{ householdId household {{ id }} {PROBLEM} }} }} }}",
    ),
    "return": (
        VERIFIERS,
        'mutation($id: ID!) { returnHousehold(input: {id: $id, rev: 1, remarks: [{path: ["address"], text: "x"}]})'
        f" {{ household {{ id }} {PROBLEM} }} }}",
    ),
    "withdraw": (
        oracle.SUBMITS,
        f"mutation($id: ID!) {{ withdrawHousehold(input: {{id: $id, rev: 1}}) {{ household {{ id }} {PROBLEM} }} }}",
    ),
    "reject": (
        frozenset({"REGENCY_COORDINATOR"}),
        "mutation($id: ID!) { rejectHousehold(input: {id: $id, rev: 1, reason: DUPLICATE})"
        f" {{ household {{ id }} {PROBLEM} }} }}",
    ),
    "archive": (
        oracle.AMENDS,
        "mutation($id: ID!) { archiveHousehold(input: {id: $id, rev: 1, reason: MOVED_OUT})"
        f" {{ household {{ id }} {PROBLEM} }} }}",
    ),
    "amend": (
        oracle.AMENDS,
        'mutation($id: ID!) { amendHousehold(input: {household: {id: $id, address: "x"}, baseRev: 1, reason: "x"})'
        f" {{ outcome household {{ id }} {PROBLEM} }} }}",
    ),
    "reveal": (
        oracle.REVEALS,
        "mutation($id: ID!) { revealIdentity(input: {id: $id, field: NIK, purpose: VERIFICATION})"
        f" {{ value {PROBLEM} }} }}",
    ),
    "submit without a village": (
        oracle.SUBMITS,
        'mutation($id: ID!) { submitHousehold(input: {household: {id: $id, address: "x"}, baseRev: 1})'
        f" {{ outcome household {{ id }} {PROBLEM} }} }}",
    ),
}

COMMANDS |= {
    saving(noun): (
        oracle.RECORDS[ability_of(noun)],
        f"mutation($id: ID!) {{ {saving(noun)}(input: {{id: $id}})"
        f" {{ outcome {payload_field(noun)} {{ id }} {PROBLEM} }} }}",
    )
    for noun in saved_nouns()
}
SUBMIT = f"""mutation($h: HouseholdInput!, $rev: Int, $as: SaveAs!) {{
  submitHousehold(input: {{household: $h, baseRev: $rev, saveAs: $as}}) {{ outcome household {{ id }} {PROBLEM} }} }}"""


async def answer_and_statements(world: World, who: Persona, text: str, id_: object) -> tuple[bytes, list[str]]:
    """An answer without the sent id, and its statements."""
    before = len(world.sent)
    answer = await world.ask(who, text, id=str(id_))
    await asyncio.sleep(0)  # callbacks record the statements
    sent = [text for text in world.sent[before:] if "sign_in" not in text]  # grants are read now and then
    return answer.without_request_id.replace(str(id_).encode(), b"?"), sent


def hidden_ids(world: World, who: Persona) -> list[uuid.UUID]:
    """The ids of records that they cannot see: one of each table, elsewhere, in drafts and archived."""
    ids: dict[object, uuid.UUID] = {}
    for row in world.rows:
        if row.has_left or not world.exists(who, row):
            ids.setdefault((row.table, row.draft, row.has_left), row.id)
    return list(ids.values())


async def digest(world: World) -> dict[str, str]:
    """A digest of everything stored, except the audit, quotas, and what the world registers for services as it asks."""
    tables = await world.admin.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'registry'::regnamespace AND relkind = 'r'"
        " AND relname NOT IN ('audit_event', 'quota', 'service_operation')"
    )
    return {
        t["relname"]: await world.admin.fetchval(
            f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {t['relname']} t"
        )
        for t in tables
    }


@pytest.mark.parametrize("name", READS)
async def test_a_hidden_record_reads_like_an_absent_one(world: World, name: str) -> None:
    for who in REPRESENTATIVES:
        absent = await answer_and_statements(world, who, READS[name], uuid.uuid4())
        for hidden in hidden_ids(world, who):
            assert await answer_and_statements(world, who, READS[name], hidden) == absent, (who.name, hidden)


async def test_a_hidden_household_number_reads_like_an_absent_one(world: World) -> None:
    text = "query($id: String!) { household(by: {householdNo: $id}) { id } }"
    numbers = {row["id"]: row["household_no"] for row in await world.admin.fetch("SELECT * FROM household")}
    for who in REPRESENTATIVES:
        absent = await answer_and_statements(world, who, text, "35.01.11.2001-2026-9999")
        for row in world.of("household"):
            if row.house.archived or not world.exists(who, row):
                assert await answer_and_statements(world, who, text, numbers[row.id]) == absent, (who.name, row.house)


@pytest.mark.parametrize("name", COMMANDS)
async def test_commands_on_hidden_and_absent_records_give_equal_answers(world: World, name: str) -> None:
    _, text = COMMANDS[name]
    before = await digest(world)
    for who in REPRESENTATIVES:
        absent = await answer_and_statements(world, who, text, uuid.uuid4())
        for hidden in hidden_ids(world, who):
            assert await answer_and_statements(world, who, text, hidden) == absent, (who.name, hidden)
    assert await digest(world) == before


@pytest.mark.parametrize("name", COMMANDS)
async def test_without_the_ability_every_id_is_refused_alike(world: World, name: str) -> None:
    roles, text = COMMANDS[name]
    ids = [world.houses[0].id, world.houses[1].id, world.houses[13].id, uuid.uuid4()]
    for who in PERSONAS:
        able = any(oracle.has(world.tree, who, roles, village, TODAY) for village in world.tree)
        answers = {await answer_to(world, who, text, id_) for id_ in ids} if not able else set()
        assert len(answers) <= 1, who.name
        assert all(b'"FORBIDDEN"' in answer for answer in answers), who.name


async def answer_to(world: World, who: Persona, text: str, id_: uuid.UUID) -> bytes:
    return (await answer_and_statements(world, who, text, id_))[0]


# --- submitting -------------------------------------------------------------------------------------------------------


def household(world: World, id_: object, village: str, **more: Any) -> dict[str, Any]:
    return {"id": str(id_), "villageCode": world.codes[village], "address": "x", **more}


async def submit_draft(world: World, who: Persona, sent: dict[str, Any]) -> Answer:
    return await world.ask(who, SUBMIT, h=sent, **{"as": "DRAFT"})


async def test_the_id_of_a_hidden_record_is_taken(world: World) -> None:
    """The exception: a new record with a hidden id cannot be created, and is refused without reading that record."""
    before, answers = await digest(world), set()
    for hidden in hidden_ids(world, OFFICER):
        row = next(r for r in world.rows if r.id == hidden)
        if row.table == "household" and row.village != "A111":
            answer = await submit_draft(world, OFFICER, household(world, hidden, "A111"))
            assert answer.data["submitHousehold"]["outcome"] == "REJECTED"
            assert [e["code"] for e in answer.data["submitHousehold"]["userErrors"]] == ["ID_TAKEN"]
            answers.add(answer.without_request_id)
    assert len(answers) == 1
    for table, key, more in (
        ("member", "members", {"seq": 1}),
        ("business", "businesses", {"ownerId": None, "field": "RETAIL"}),
    ):
        row = next(r for r in world.of(table) if not world.exists(OFFICER, r))
        mine = str(uuid.uuid4())
        people = [{"id": mine, "seq": 1}] if table != "member" else []
        child = {"id": str(row.id)} | {k: v or mine for k, v in more.items()}
        sent = household(world, uuid.uuid4(), "A111", **({"members": people} | {key: [child]}))
        answer = await submit_draft(world, OFFICER, sent)
        assert [e["code"] for e in answer.data["submitHousehold"]["userErrors"]] == ["ID_TAKEN"], answer.body
    assert await digest(world) == before


async def test_a_relation_to_a_hidden_record_is_not_found(world: World) -> None:
    """Owner, mother and migrant of a new household are members of another one, or nobody."""
    before = await digest(world)
    hidden = next(r for r in world.of("member") if r.village == "B111" and not r.draft)
    pointing: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("businesses", "ownerId", {"field": "RETAIL"}),
        ("migrations", "memberId", {}),
        ("members", "motherId", {"seq": 2}),
    )
    for key, field, more in pointing:
        answers = set()
        for target in (hidden.id, uuid.uuid4()):
            head = {"id": "0b5a2ba4-5b1f-4d6e-9e5e-000000000001", "seq": 1}
            child = {"id": "0b5a2ba4-5b1f-4d6e-9e5e-000000000002", field: str(target), **more}
            lists = {"members": [head]} | {key: [head, child] if key == "members" else [child]}
            answer = await submit_draft(
                world, OFFICER, household(world, "0b5a2ba4-5b1f-4d6e-9e5e-000000000000", "A111", **lists)
            )
            assert "INTERNAL" not in answer.codes, (key, answer.body)
            assert b'"REJECTED"' in answer.body, (key, answer.body)
            answers.add(answer.without_request_id.replace(str(target).encode(), b"?"))
        assert len(answers) == 1, key
    assert await digest(world) == before


async def test_a_submission_outside_the_caller_s_areas_is_refused(world: World) -> None:
    """For everybody, in villages of every kind, with a new id and with that of a visible household."""
    before, refused = await digest(world), 0
    villages = ("A111", "A112", "B111", "recoded", "successor-1")
    for who, village in itertools.product(PERSONAS, villages):
        if oracle.has(world.tree, who, oracle.SUBMITS, village, TODAY):
            continue
        there = next(h for h in world.houses if h.village == village)
        for id_ in (uuid.uuid4(), there.id):
            answer = await submit_draft(world, who, household(world, id_, village))
            done = answer.data and answer.data["submitHousehold"]
            assert answer.codes == ["FORBIDDEN"] or [e["code"] for e in done["userErrors"]] == ["OUT_OF_SCOPE"], (
                who.name,
                village,
                answer.body,
            )
            refused += 1
    assert refused > 300
    assert await digest(world) == before


async def test_two_grants_do_not_combine_role_and_area(world: World) -> None:
    """An officer here and viewer there sees the household there without names, and cannot change it."""
    both, there = BY_NAME["officer-A111-viewer-B"], next(h for h in world.houses if h.village == "B111")
    answer_ = await world.ask(both, READS["household"].replace("address", "address withheld"), id=str(there.id))
    assert answer_.data["household"]["address"] is None
    assert "address" in answer_.data["household"]["withheld"]
    before = await digest(world)
    for sent in (household(world, there.id, "A111"), household(world, there.id, "B111")):
        answer = await submit_draft(world, both, sent)
        assert answer.data["submitHousehold"]["outcome"] == "REJECTED"
    for name in ("verify", "return", "reveal"):
        answer = await world.ask(both, COMMANDS[name][1], id=str(there.id))
        assert answer.codes == ["FORBIDDEN"] or b'"NOT_FOUND"' in answer.body, name
    assert await digest(world) == before


# --- unauthenticated callers ------------------------------------------------------------------------------------------

ANYTHING = (
    "{ households { nodes { id address } } }",
    "{ viewer { id } }",
    "{ nationalSummary { households } }",
    "{ __typename }",
    "{ __schema { queryType { name } } viewer { id } }",
    'mutation { revealIdentity(input: {id: "x", field: NIK, purpose: VERIFICATION}) { value } }',
    "{ nonsense }",
    "{ households(first: ",
)


@pytest.mark.parametrize("text", ANYTHING)
async def test_unauthenticated_callers_get_equal_bytes(world: World, text: str) -> None:
    headers = invalid_authorizations(world.keyring, world.keyring.audience)
    answers = {name: await world.ask(None, text, header) for name, header in headers.items()}
    anonymous, expired = answers.pop("anonymous"), answers["expired"]
    assert len(answers) > 10
    assert (expired.status, expired.codes, expired.data) == (401, ["UNAUTHENTICATED"], None)
    for name, answer in answers.items():
        assert (answer.without_request_id, answer.status) == (expired.without_request_id, 401), name
        assert _differing(answer, expired) <= {"x-request-id"}, name
    if text == "{ __typename }":  # the schema is public, but a bad token is refused all the same
        assert anonymous.data == {"__typename": "Query"}
    else:
        assert (anonymous.without_request_id, anonymous.status) == (expired.without_request_id, 401)
        assert _differing(anonymous, expired) <= {"x-request-id", "www-authenticate"}


def _differing(one: Any, other: Any) -> set[str]:
    """The names of the headers that differ between two answers."""
    names = one.headers.keys() | other.headers.keys()
    return {name for name in names if one.headers.get(name) != other.headers.get(name)}


async def test_a_caller_without_grants_sees_the_map_and_themselves(world: World) -> None:
    for name in ("nobody", "ended", "not-yet", "unsigned", "officer-of-closed-whose-code-is-reused"):
        who = BY_NAME[name]
        for text in ("households", "members", "migrations", "businesses"):
            answer = await world.ask(who, f"{{ {text} {{ totalCount nodes {{ id }} }} }}")
            assert (answer.codes, answer.data) == (["FORBIDDEN"], {text: None}), name
        answer = await world.ask(who, '{ viewer { username grants { role } } region(code: "35") { name } }')
        assert answer.data == {"viewer": {"username": name, "grants": []}, "region": {"name": "Place A"}}
