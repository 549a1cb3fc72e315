"""What a new noun of the household can do; tests/test_new_noun.py runs these tests in a copy that has one."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

import registry
from registry.guard.wall import DOORS, Kind
from registry.models.noun import SCHEMA, Noun
from registry.store.sql import Sql
from tests.village import Place, household
from tests.world import LEDGERS, SCOPED

pytestmark = pytest.mark.anyio
PASSPORT = "X1234567"
SEEN = "id withheld viewerCan regular recipient amount { amount currency } passportMasked sender { id }"


def remittance(sender: str, **changes: Any) -> dict[str, Any]:
    document = {
        "id": str(uuid.uuid4()),
        "senderId": sender,
        "regular": True,
        "sentFrom": "HK",
        "recipient": "Siti Aminah",
        "amount": {"amount": "1500.00", "currency": "HKD"},
        "passportNo": PASSPORT,
    }
    return document | changes


async def submit_with_remittance(
    village: Place, state: str = "SUBMITTED", **changes: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Submit a household with one remittance; return both."""
    document = household()
    sent = remittance(document["members"][0]["id"], **changes)
    return await village.new_household(state, **document | {"remittances": [sent]}), sent


def test_these_tests_run_in_the_copy() -> None:
    assert "remittance" in DOORS, registry.__path__


async def test_it_is_an_input_with_its_money_as_one_value(village: Place) -> None:
    fields = await village.ask(
        "officer",
        '{ __type(name: "RemittanceInput") { inputFields { name type { name ofType { name } } } } }',
    )
    types = {f["name"]: f["type"]["name"] or f["type"]["ofType"]["name"] for f in fields["__type"]["inputFields"]}
    assert types == {
        "id": "ID",
        "removed": "Boolean",
        "senderId": "ID",
        "regular": "Boolean",
        "sentFrom": "CountryCode",
        "sentOn": "PartialDate",
        "recipient": "String",
        "amount": "MoneyInput",
        "passportNo": "String",
    }


async def test_it_is_stored_sealed_masked_and_revealed(village: Place) -> None:
    document, sent = await submit_with_remittance(village)
    (record,) = (await village.household("officer", document["id"], f"remittances {{ {SEEN} }}"))["remittances"]
    assert record == {
        "id": sent["id"],
        "withheld": [],
        "viewerCan": ["IDENTITY_REVEAL"],
        "regular": True,
        "recipient": "Siti Aminah",
        "amount": {"amount": "1500.00", "currency": "HKD"},
        "passportMasked": "X1******",
        "sender": {"id": document["members"][0]["id"]},
    }
    row = await village.admin.fetchrow("SELECT * FROM remittance WHERE id = $1", uuid.UUID(sent["id"]))
    assert row is not None
    assert row["passport_no"] == "X1******"
    revision = await village.admin.fetchval(
        "SELECT document::text FROM household_revision WHERE household_id = $1", uuid.UUID(document["id"])
    )
    assert sent["id"] in revision
    assert PASSPORT not in revision
    answer = await village.ask(
        "officer",
        """mutation($id: ID!) { revealIdentity(input: {id: $id, field: PASSPORT, purpose: VERIFICATION}) {
             value userErrors { code } } }""",
        id=sent["id"],
    )
    assert answer["revealIdentity"] == {"value": PASSPORT, "userErrors": []}


async def test_it_is_withheld_from_callers_without_its_class(village: Place) -> None:
    document, _ = await submit_with_remittance(village)
    (record,) = (await village.household("verifier", document["id"], f"remittances {{ {SEEN} }}"))["remittances"]
    assert (record["withheld"], record["amount"]) == (["amount"], None)
    assert (record["recipient"], record["passportMasked"]) == ("Siti Aminah", "X1******")
    (record,) = (await village.household("viewer", document["id"], f"remittances {{ {SEEN} }}"))["remittances"]
    assert sorted(record["withheld"]) == ["amount", "passportMasked", "recipient"]
    assert (record["amount"], record["recipient"], record["passportMasked"]) == (None, None, None)


async def test_two_edits_of_its_money_conflict_instead_of_mixing(village: Place) -> None:
    document, sent = await submit_with_remittance(village)

    def edit(**changes: Any) -> dict[str, Any]:
        return {"id": document["id"], "remittances": [{"id": sent["id"]} | changes]}

    assert (await village.submit("officer", edit(amount={"amount": "9", "currency": "HKD"}), 1))[
        "outcome"
    ] == "ACCEPTED"
    other = await village.submit("officer", edit(amount={"amount": "1500.00", "currency": "TWD"}), 1)
    assert (other["outcome"], [error["code"] for error in other["userErrors"]]) == ("REJECTED", ["VERSION_CONFLICT"])
    assert other["userErrors"][0]["path"] == ["household", "remittances", "0", "amount", "currency"]
    beside = await village.submit("officer", edit(recipient="Budi"), 1)
    assert (beside["outcome"], beside["userErrors"]) == ("MERGED", [])
    (record,) = (await village.household("officer", document["id"], f"remittances {{ {SEEN} }}"))["remittances"]
    assert (record["amount"], record["recipient"]) == ({"amount": "9.00", "currency": "HKD"}, "Budi")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"senderId": str(uuid.uuid4())}, "NOT_FOUND", ["senderId"]),
        ({"senderId": None}, "REQUIRED", ["senderId"]),
        ({"sentFrom": "ID"}, "COUNTRY_IS_ID", ["sentFrom"]),
        ({"amount": {"amount": "-1", "currency": "HKD"}}, "AMOUNT_NEGATIVE", ["amount", "amount"]),
        ({"recipient": "3507116304850001"}, "NUMBER_IN_TEXT", ["recipient"]),
    ],
)
async def test_the_rules_of_its_columns_apply_to_it(
    village: Place, changes: dict[str, Any], code: str, field: list[str]
) -> None:
    document = household()
    sent = remittance(document["members"][0]["id"], **changes)
    errors = (await village.submit("officer", document | {"remittances": [sent]}))["userErrors"]
    assert [(error["code"], error["path"]) for error in errors] == [(code, ["household", "remittances", "0", *field])]


async def test_households_are_filtered_by_it(village: Place) -> None:
    document, _ = await submit_with_remittance(village, sentOn="2026-07", regular=False)
    query = (
        '{ households(filter: {remittances: {some: {regular: false, sentOn: {gte: "2026-07-01"}}}}) { nodes { id } } }'
    )
    assert (await village.ask("officer", query))["households"]["nodes"] == [{"id": document["id"]}]


async def test_a_remark_can_be_about_it(village: Place) -> None:
    document, sent = await submit_with_remittance(village)
    answer = await village.ask(
        "verifier",
        """mutation($id: ID!) { returnHousehold(input: {id: $id, rev: 1, remarks: [
             {path: ["remittances", "0", "recipient"], text: "Nama kurang jelas."}]}) { userErrors { code } } }""",
        id=document["id"],
    )
    assert answer["returnHousehold"]["userErrors"] == []
    (remark,) = (await village.household("officer", document["id"], "remarks { path }"))["remarks"]
    assert remark["path"] == ["remittances", sent["id"], "recipient"]


async def test_its_ledger_has_no_secret_columns(village: Place) -> None:
    document, sent = await submit_with_remittance(village, "VERIFIED")
    rows = await village.admin.fetch(
        "SELECT * FROM ledger_remittance WHERE household_id = $1", uuid.UUID(document["id"])
    )
    assert [(str(row["subject_id"]), row["regular"], row["until"]) for row in rows] == [(sent["id"], True, None)]
    assert {"recipient", "amount", "currency", "passport_no"}.isdisjoint(rows[0].keys())


async def test_removing_it_removes_its_number(village: Place) -> None:
    document, sent = await submit_with_remittance(village)
    gone = await village.submit(
        "officer", {"id": document["id"], "remittances": [{"id": sent["id"], "removed": True}]}, 1
    )
    assert gone["outcome"] == "ACCEPTED"
    assert (await village.household("officer", document["id"], "remittances { id }"))["remittances"] == []
    archived = "SELECT archived_at IS NOT NULL FROM {} WHERE {} = $1"
    for table, column in (("remittance", "id"), ("identity", "subject_id")):
        assert await village.admin.fetchval(archived.format(table, column), uuid.UUID(sent["id"])), table


async def test_other_villages_read_nothing_of_it(village: Place) -> None:
    await submit_with_remittance(village, "VERIFIED")
    assert {name: DOORS[name].kind for name in ("remittance", "ledger_remittance")} == {
        "remittance": Kind.SCOPED,
        "ledger_remittance": Kind.COUNTED,
    }
    # So that tests/test_wall.py reads them.
    assert ("remittance" in SCOPED, "ledger_remittance" in LEDGERS) == (
        True,
        True,
    )
    for who, sees in (("officer", True), ("stranger", False)):
        principal = await village.principal(who)
        async with village.database.write(principal, "submit") as tx:
            for table in ("remittance", "ledger_remittance"):
                rows = Noun.metadata.tables[f"{SCHEMA}.{table}"]
                count = await tx.value(Sql(sa.select(sa.func.count()).select_from(rows)))
                assert (count > 0) is sees, (who, table)
