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
    made = {
        "id": str(uuid.uuid4()),
        "senderId": sender,
        "regular": True,
        "sentFrom": "HK",
        "recipient": "Siti Aminah",
        "amount": {"amount": "1500.00", "currency": "HKD"},
        "passportNo": PASSPORT,
    }
    return made | changes


async def recorded(village: Place, state: str = "SUBMITTED", **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A household with one remittance, and that."""
    made = household()
    sent = remittance(made["members"][0]["id"], **changes)
    return await village.new_household(state, **made | {"remittances": [sent]}), sent


def test_it_is_the_copy_that_is_tested() -> None:
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


async def test_it_is_written_sealed_masked_and_revealed(village: Place) -> None:
    made, sent = await recorded(village)
    (shown,) = (await village.household("officer", made["id"], f"remittances {{ {SEEN} }}"))["remittances"]
    assert shown == {
        "id": sent["id"],
        "withheld": [],
        "viewerCan": ["IDENTITY_REVEAL"],
        "regular": True,
        "recipient": "Siti Aminah",
        "amount": {"amount": "1500.00", "currency": "HKD"},
        "passportMasked": "X1******",
        "sender": {"id": made["members"][0]["id"]},
    }
    row = await village.admin.fetchrow("SELECT * FROM remittance WHERE id = $1", uuid.UUID(sent["id"]))
    assert row is not None
    assert row["passport_no"] == "X1******"
    revision = await village.admin.fetchval(
        "SELECT document::text FROM household_revision WHERE household_id = $1", uuid.UUID(made["id"])
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


async def test_who_has_not_its_class_gets_null_and_is_told(village: Place) -> None:
    made, _ = await recorded(village)
    (shown,) = (await village.household("verifier", made["id"], f"remittances {{ {SEEN} }}"))["remittances"]
    assert (shown["withheld"], shown["amount"]) == (["amount"], None)
    assert (shown["recipient"], shown["passportMasked"]) == ("Siti Aminah", "X1******")
    (shown,) = (await village.household("viewer", made["id"], f"remittances {{ {SEEN} }}"))["remittances"]
    assert sorted(shown["withheld"]) == ["amount", "passportMasked", "recipient"]
    assert (shown["amount"], shown["recipient"], shown["passportMasked"]) == (None, None, None)


async def test_two_edits_of_its_money_conflict_and_never_mix(village: Place) -> None:
    made, sent = await recorded(village)

    def edit(**changes: Any) -> dict[str, Any]:
        return {"id": made["id"], "remittances": [{"id": sent["id"]} | changes]}

    assert (await village.submit("officer", edit(amount={"amount": "9", "currency": "HKD"}), 1))[
        "outcome"
    ] == "ACCEPTED"
    other = await village.submit("officer", edit(amount={"amount": "1500.00", "currency": "TWD"}), 1)
    assert (other["outcome"], [error["code"] for error in other["userErrors"]]) == ("REJECTED", ["VERSION_CONFLICT"])
    assert other["userErrors"][0]["path"] == ["household", "remittances", "0", "amount", "currency"]
    beside = await village.submit("officer", edit(recipient="Budi"), 1)
    assert (beside["outcome"], beside["userErrors"]) == ("MERGED", [])
    (shown,) = (await village.household("officer", made["id"], f"remittances {{ {SEEN} }}"))["remittances"]
    assert (shown["amount"], shown["recipient"]) == ({"amount": "9.00", "currency": "HKD"}, "Budi")


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
async def test_it_is_judged_by_the_rules_of_its_kinds(
    village: Place, changes: dict[str, Any], code: str, field: list[str]
) -> None:
    made = household()
    sent = remittance(made["members"][0]["id"], **changes)
    errors = (await village.submit("officer", made | {"remittances": [sent]}))["userErrors"]
    assert [(error["code"], error["path"]) for error in errors] == [(code, ["household", "remittances", "0", *field])]


async def test_households_are_filtered_by_it(village: Place) -> None:
    made, _ = await recorded(village, sentOn="2026-07", regular=False)
    query = (
        '{ households(filter: {remittances: {some: {regular: false, sentOn: {gte: "2026-07-01"}}}}) { nodes { id } } }'
    )
    assert (await village.ask("officer", query))["households"]["nodes"] == [{"id": made["id"]}]


async def test_a_remark_names_it(village: Place) -> None:
    made, sent = await recorded(village)
    answer = await village.ask(
        "verifier",
        """mutation($id: ID!) { returnHousehold(input: {id: $id, rev: 1, remarks: [
             {path: ["remittances", "0", "recipient"], text: "Nama kurang jelas."}]}) { userErrors { code } } }""",
        id=made["id"],
    )
    assert answer["returnHousehold"]["userErrors"] == []
    (remark,) = (await village.household("officer", made["id"], "remarks { path }"))["remarks"]
    assert remark["path"] == ["remittances", sent["id"], "recipient"]


async def test_what_is_verified_is_counted_without_what_is_secret(village: Place) -> None:
    made, sent = await recorded(village, "VERIFIED")
    rows = await village.admin.fetch("SELECT * FROM ledger_remittance WHERE household_id = $1", uuid.UUID(made["id"]))
    assert [(str(row["subject_id"]), row["regular"], row["until"]) for row in rows] == [(sent["id"], True, None)]
    assert {"recipient", "amount", "currency", "passport_no"}.isdisjoint(rows[0].keys())


async def test_it_is_taken_out_with_its_number(village: Place) -> None:
    made, sent = await recorded(village)
    gone = await village.submit("officer", {"id": made["id"], "remittances": [{"id": sent["id"], "removed": True}]}, 1)
    assert gone["outcome"] == "ACCEPTED"
    assert (await village.household("officer", made["id"], "remittances { id }"))["remittances"] == []
    archived = "SELECT archived_at IS NOT NULL FROM {} WHERE {} = $1"
    for table, column in (("remittance", "id"), ("identity", "subject_id")):
        assert await village.admin.fetchval(archived.format(table, column), uuid.UUID(sent["id"])), table


async def test_another_village_reads_nothing_of_it(village: Place) -> None:
    await recorded(village, "VERIFIED")
    assert {name: DOORS[name].kind for name in ("remittance", "ledger_remittance")} == {
        "remittance": Kind.SCOPED,
        "ledger_remittance": Kind.COUNTED,
    }
    assert ("remittance" in SCOPED, "ledger_remittance" in LEDGERS) == (True, True)  # so tests/test_wall.py asks them
    for who, sees in (("officer", True), ("stranger", False)):
        principal = await village.principal(who)
        async with village.database.write(principal, "submit") as tx:
            for table in ("remittance", "ledger_remittance"):
                rows = Noun.metadata.tables[f"{SCHEMA}.{table}"]
                count = await tx.value(Sql(sa.select(sa.func.count()).select_from(rows)))
                assert (count > 0) is sees, (who, table)
