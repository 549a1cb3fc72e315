"""Audit: every command writes one row whatever its outcome, and no row holds a personal value."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_nullable_type,
    is_list_type,
    is_required_input_field,
)

from registry.models.noun import camel
from schema.declare.commands import COMMANDS
from schema.declare.strawberry_internals import definition_of
from tests.village import (
    FAR,
    NEXT_DOOR,
    RETURN,
    REVEAL,
    SUBMIT,
    VERIFY,
    Place,
    episode,
    household,
    person,
    with_changes,
)

pytestmark = pytest.mark.anyio
Row = tuple[str, str, str | None, str, int | None]


class AuditRows:
    """The audit rows written since `now()`."""

    def __init__(self, village: Place, last: int) -> None:
        self.village, self.last = village, last

    @classmethod
    async def now(cls, village: Place) -> AuditRows:
        return cls(village, await village.admin.fetchval("SELECT coalesce(max(id), 0) FROM audit_event"))

    async def records(self) -> list[asyncpg.Record]:
        return list(await self.village.admin.fetch("SELECT * FROM audit_event WHERE id > $1 ORDER BY id", self.last))

    async def rows(self) -> list[Row]:
        """Actor, ability, subject, outcome and revision of each row."""
        names = {id_: name for name, id_ in self.village.ids.items()}
        return [
            (names[r["actor_id"]], r["ability"], r["subject_id"] and str(r["subject_id"]), r["outcome"], r["rev"])
            for r in await self.records()
        ]


async def reveal(village: Place, who: str, id_: str, **more: Any) -> Any:
    arguments = {"field": "NIK", "purpose": "SERVICE"} | more
    return await village.query(who, REVEAL, id=id_, **arguments)


# --- one row for each command -----------------------------------------------------------------------------------------


async def test_a_submission_and_each_retry_write_a_row(village: Place) -> None:
    since, document = await AuditRows.now(village), household()
    await village.submit("officer", document, save="DRAFT")
    await village.submit("officer", document, 1, "DRAFT")
    await village.submit("second", {"id": document["id"], "rt": "002"}, 1, "DRAFT")
    await village.submit("officer", {"id": document["id"], "rw": "003"}, 1, "DRAFT")
    assert await since.rows() == [
        ("officer", "household:submit", document["id"], "ACCEPTED", 1),
        ("officer", "household:submit", document["id"], "UNCHANGED", 1),
        ("second", "household:submit", document["id"], "ACCEPTED", 2),
        ("officer", "household:submit", document["id"], "MERGED", 3),
    ]


@pytest.mark.parametrize(
    ("who", "change", "code"),
    [
        ("officer", {"villageCode": "99.99.99.9999"}, "REGION_UNKNOWN"),
        ("officer", {"villageCode": "35.07.11"}, "REGION_NOT_VILLAGE"),
        ("officer", {"villageCode": FAR}, "OUT_OF_SCOPE"),
        ("officer", {"villageCode": None}, "REQUIRED"),
        ("viewer", {}, "FORBIDDEN"),
        ("nobody", {}, "FORBIDDEN"),
    ],
)
async def test_a_refused_submission_writes_only_its_audit_row(
    village: Place, who: str, change: Mapping[str, Any], code: str
) -> None:
    since, document = await AuditRows.now(village), with_changes(household(), **change)
    before = await village.admin.fetchval("SELECT count(*) FROM household_revision")
    await village.query(who, SUBMIT, household=document, saveAs="SUBMITTED")
    assert await since.rows() == [(who, "household:submit", document["id"], code, None)]
    assert await village.admin.fetchval("SELECT count(*) FROM household_revision") == before


def smallest(type_: Any) -> Any:
    """A value of an input type with what it requires and nothing else."""
    inner = get_nullable_type(type_)
    if is_list_type(inner):
        return [smallest(inner.of_type)]
    match inner:
        case GraphQLInputObjectType():
            if definition_of(inner).is_one_of:
                name, field = next(iter(inner.fields.items()))
                return {name: smallest(field.type)}
            required = {name: field for name, field in inner.fields.items() if is_required_input_field(field)}
            return {name: smallest(field.type) for name, field in required.items()}
        case GraphQLEnumType():
            return next(iter(inner.values))
    values = {"ID": str(uuid.uuid4()), "Int": 1, "Boolean": True, "RegionCode": FAR, "PartialDate": "2026-10"}
    return values.get(inner.name, "Sudah dilihat")


async def test_each_command_refuses_a_caller_without_its_ability(village: Place) -> None:
    """`@requires` is only printed: the function of the command checks, and leaves the audit row."""
    mutation = village.app.service.executable.mutation_type
    assert mutation is not None
    abilities = {camel(name): command.ability for name, command in COMMANDS.items()}
    assert abilities.keys() == mutation.fields.keys()
    for name, ability in abilities.items():
        if ability is None:
            continue  # it needs no token: tests/test_sign_in.py
        since, input_type = await AuditRows.now(village), mutation.fields[name].args["input"].type
        text = f"mutation($input: {input_type}) {{ {name}(input: $input) {{ __typename }} }}"
        answer = await village.query("nobody", text, input=smallest(input_type))
        assert (answer.status, answer.json["data"]) == (200, {name: None}), (name, answer.errors)
        assert [error["extensions"] for error in answer.errors] == [{"code": "FORBIDDEN", "ability": ability.name}]
        ((who, of, _, outcome, _),) = await since.rows()
        assert (who, of, outcome) == ("nobody", ability.value, "FORBIDDEN")


async def test_a_row_names_each_code_of_a_refusal_once(village: Place) -> None:
    since = await AuditRows.now(village)
    wrong = household(people=2)
    for member in wrong["members"]:
        member |= {"nik": "1111111111111111", "relationToHead": "HEAD"}
    payload = await village.submit("officer", wrong)
    ((_, _, _, outcome, _),) = await since.rows()
    assert outcome.split(",") == sorted({error["code"] for error in payload["userErrors"]})
    assert len(outcome.split(",")) > 1


async def test_each_item_of_a_batch_writes_a_row(village: Place) -> None:
    document, draft = await village.new_household("SUBMITTED"), await village.new_household("DRAFT")
    since, unknown = await AuditRows.now(village), str(uuid.uuid4())
    items = [
        {"id": id_, "rev": rev}
        for id_, rev in ((document["id"], 7), (unknown, 1), (document["id"], 1), (draft["id"], 1))
    ]
    await village.ask("verifier", VERIFY, items=items, note="Sudah dilihat")
    await village.ask("verifier", VERIFY, items=items[2:3], note=None)
    ability = "submission:verify"
    assert await since.rows() == [
        ("verifier", ability, document["id"], "VERSION_CONFLICT", 7),
        ("verifier", ability, unknown, "NOT_FOUND", 1),
        ("verifier", ability, document["id"], "ACCEPTED", 1),
        ("verifier", ability, draft["id"], "NOT_FOUND", 1),
        ("verifier", ability, document["id"], "UNCHANGED", 1),
    ]


async def test_a_return_writes_a_row_even_if_refused(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    since, ability = await AuditRows.now(village), "submission:return"
    await village.ask("verifier", RETURN, id=document["id"], rev=1, remarks=[])
    await village.return_household("verifier", document)
    await village.return_household("verifier", document)
    await village.query("officer", RETURN, id=document["id"], rev=1, remarks=[])
    assert await since.rows() == [
        ("verifier", ability, document["id"], "REMARK_REQUIRED", 1),
        ("verifier", ability, document["id"], "ACCEPTED", 1),
        ("verifier", ability, document["id"], "UNCHANGED", 1),
        ("officer", ability, document["id"], "FORBIDDEN", None),
    ]


async def test_the_row_of_a_reveal_has_its_field_purpose_and_note(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    member = document["members"][0]["id"]
    since = await AuditRows.now(village)
    await reveal(village, "officer", member, note="Diminta warga")
    await reveal(village, "stranger", member, purpose="PROTECTION", note="Kasus 12/2026")
    await reveal(village, "viewer", member)
    await reveal(village, "officer", document["id"], field="PHONE")  # it has none, but the look-up counts
    columns = ("outcome", "field", "purpose", "note")
    assert [tuple(row[name] for name in columns) for row in await since.records()] == [
        ("ACCEPTED", "NIK", "SERVICE", "Diminta warga"),
        ("NOT_FOUND", "NIK", "PROTECTION", "Kasus 12/2026"),
        ("FORBIDDEN", None, None, None),
        ("ACCEPTED", "PHONE", "SERVICE", None),
    ]
    assert [row[:3] for row in await since.rows()] == [
        ("officer", "identity:reveal", member),
        ("stranger", "identity:reveal", member),
        ("viewer", "identity:reveal", member),
        ("officer", "identity:reveal", document["id"]),
    ]


async def test_reads_and_malformed_commands_write_no_row(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    since = await AuditRows.now(village)
    await village.household("officer", document["id"], "address members { fullName }")
    await village.query("officer", "mutation { submitHousehold(input: {household: {}}) { outcome } }")
    await village.query(None, SUBMIT, household=household())
    assert await since.rows() == []


# --- what a row is ----------------------------------------------------------------------------------------------------


async def test_an_accepted_command_and_its_row_share_a_transaction(village: Place) -> None:
    """One transaction writes the row and the revision."""
    since, document = await AuditRows.now(village), household()
    await village.submit("officer", document)
    revision = await village.admin.fetchval(
        "SELECT xmin::text FROM household_revision WHERE household_id = $1", document["id"]
    )
    written = await village.admin.fetchval("SELECT xmin::text FROM audit_event WHERE id > $1", since.last)
    assert written == revision


async def test_no_row_holds_personal_values(village: Place) -> None:
    """No name, number or text of accepted or refused commands; only a note is stored as written."""
    since, word = await AuditRows.now(village), "Rahasia" + secrets.token_hex(4)
    member = person(1, fullName=word, birthPlace=word)
    document = household(address=word, hamlet=word, respondentName=word, phone="081234567890")
    document |= {
        "members": [member],
        "migrations": [episode(member, city=word, employerName=word, passportNo="X7654321")],
    }
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    refused = [
        with_changes(document, id=str(uuid.uuid4()), villageCode=NEXT_DOOR),
        with_changes(document, address=word + "2"),
        with_changes(document, members=[member | {"nik": "3507116399990001", "fullName": word}]),
        household(members=[member], migrations=[]),
    ]
    for sent in refused:
        payload = await village.submit("officer", sent)
        assert payload["outcome"] == "REJECTED"
    await village.return_household("verifier", document, 1, word)
    await reveal(village, "officer", member["id"])
    rows = await since.records()
    assert len(rows) == len(refused) + 3
    for row in rows:
        text = " ".join(str(value) for value in row.values())
        for secret in (word, member["nik"], "81234567890", "X7654321", "3507116399990001", "1985-04-23", "Jalan"):
            assert secret not in text


async def test_the_application_may_only_insert_rows(village: Place) -> None:
    for privilege, may in (("INSERT", True), ("SELECT", False), ("UPDATE", False), ("DELETE", False)):
        value = await village.admin.fetchval(
            "SELECT has_table_privilege('registry_app', 'registry.audit_event', $1)", privilege
        )
        assert value is may, privilege
