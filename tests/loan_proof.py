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
from tests.world import SCOPED

pytestmark = pytest.mark.anyio
PASSPORT = "X1234567"
SEEN = "id withheld viewerCan regular lender amount { amount currency } passportMasked borrower { id }"


def loan(borrower: str, **changes: Any) -> dict[str, Any]:
    document = {
        "id": str(uuid.uuid4()),
        "borrowerId": borrower,
        "regular": True,
        "lentFrom": "HK",
        "lender": "Siti Aminah",
        "amount": {"amount": "1500.00", "currency": "HKD"},
        "passportNo": PASSPORT,
    }
    return document | changes


async def submit_with_loan(
    village: Place, state: str = "SUBMITTED", **changes: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Submit a household with one loan; return both."""
    document = household()
    sent = loan(document["members"][0]["id"], **changes)
    return await village.new_household(state, **document | {"loans": [sent]}), sent


def test_these_tests_run_in_the_copy() -> None:
    assert "loan" in DOORS, registry.__path__


async def test_it_is_an_input_with_its_money_as_one_value(village: Place) -> None:
    fields = await village.ask(
        "officer",
        '{ __type(name: "LoanInput") { inputFields { name type { name ofType { name } } } } }',
    )
    types = {f["name"]: f["type"]["name"] or f["type"]["ofType"]["name"] for f in fields["__type"]["inputFields"]}
    assert types == {
        "id": "ID",
        "removed": "Boolean",
        "borrowerId": "ID",
        "regular": "Boolean",
        "lentFrom": "CountryCode",
        "borrowedOn": "PartialDate",
        "lender": "String",
        "amount": "MoneyInput",
        "passportNo": "String",
    }


async def test_it_is_stored_sealed_masked_and_revealed(village: Place) -> None:
    document, sent = await submit_with_loan(village)
    (record,) = (await village.household("officer", document["id"], f"loans {{ {SEEN} }}"))["loans"]
    assert record == {
        "id": sent["id"],
        "withheld": [],
        "viewerCan": ["IDENTITY_REVEAL"],
        "regular": True,
        "lender": "Siti Aminah",
        "amount": {"amount": "1500.00", "currency": "HKD"},
        "passportMasked": "X1******",
        "borrower": {"id": document["members"][0]["id"]},
    }
    row = await village.admin.fetchrow("SELECT * FROM loan WHERE id = $1", uuid.UUID(sent["id"]))
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
    document, _ = await submit_with_loan(village)
    (record,) = (await village.household("verifier", document["id"], f"loans {{ {SEEN} }}"))["loans"]
    assert (record["withheld"], record["amount"]) == (["amount"], None)
    assert (record["lender"], record["passportMasked"]) == ("Siti Aminah", "X1******")
    (record,) = (await village.household("viewer", document["id"], f"loans {{ {SEEN} }}"))["loans"]
    assert sorted(record["withheld"]) == ["amount", "lender", "passportMasked"]
    assert (record["amount"], record["lender"], record["passportMasked"]) == (None, None, None)


async def test_two_edits_of_its_money_conflict_instead_of_mixing(village: Place) -> None:
    document, sent = await submit_with_loan(village)

    def edit(**changes: Any) -> dict[str, Any]:
        return {"id": document["id"], "loans": [{"id": sent["id"]} | changes]}

    assert (await village.submit("officer", edit(amount={"amount": "9", "currency": "HKD"}), 1))[
        "outcome"
    ] == "ACCEPTED"
    other = await village.submit("officer", edit(amount={"amount": "1500.00", "currency": "TWD"}), 1)
    assert (other["outcome"], [error["code"] for error in other["userErrors"]]) == ("REJECTED", ["VERSION_CONFLICT"])
    assert other["userErrors"][0]["path"] == ["household", "loans", "0", "amount", "currency"]
    beside = await village.submit("officer", edit(lender="Budi"), 1)
    assert (beside["outcome"], beside["userErrors"]) == ("MERGED", [])
    (record,) = (await village.household("officer", document["id"], f"loans {{ {SEEN} }}"))["loans"]
    assert (record["amount"], record["lender"]) == ({"amount": "9.00", "currency": "HKD"}, "Budi")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"borrowerId": str(uuid.uuid4())}, "NOT_FOUND", ["borrowerId"]),
        ({"borrowerId": None}, "REQUIRED", ["borrowerId"]),
        ({"lentFrom": "ID"}, "COUNTRY_IS_ID", ["lentFrom"]),
        ({"amount": {"amount": "-1", "currency": "HKD"}}, "AMOUNT_NEGATIVE", ["amount", "amount"]),
        ({"lender": "3507116304850001"}, "NUMBER_IN_TEXT", ["lender"]),
    ],
)
async def test_the_rules_of_its_columns_apply_to_it(
    village: Place, changes: dict[str, Any], code: str, field: list[str]
) -> None:
    document = household()
    sent = loan(document["members"][0]["id"], **changes)
    errors = (await village.submit("officer", document | {"loans": [sent]}))["userErrors"]
    assert [(error["code"], error["path"]) for error in errors] == [(code, ["household", "loans", "0", *field])]


async def test_households_are_filtered_by_it(village: Place) -> None:
    document, _ = await submit_with_loan(village, borrowedOn="2026-07", regular=False)
    query = (
        '{ households(filter: {loans: {some: {regular: false, borrowedOn: {gte: "2026-07-01"}}}}) { nodes { id } } }'
    )
    assert (await village.ask("officer", query))["households"]["nodes"] == [{"id": document["id"]}]


async def test_a_remark_can_be_about_it(village: Place) -> None:
    document, sent = await submit_with_loan(village)
    answer = await village.ask(
        "verifier",
        """mutation($id: ID!) { returnHousehold(input: {id: $id, rev: 1, remarks: [
             {path: ["loans", "0", "lender"], text: "Nama kurang jelas."}]}) { userErrors { code } } }""",
        id=document["id"],
    )
    assert answer["returnHousehold"]["userErrors"] == []
    (remark,) = (await village.household("officer", document["id"], "remarks { path }"))["remarks"]
    assert remark["path"] == ["loans", sent["id"], "lender"]


async def test_removing_it_removes_its_number(village: Place) -> None:
    document, sent = await submit_with_loan(village)
    gone = await village.submit("officer", {"id": document["id"], "loans": [{"id": sent["id"], "removed": True}]}, 1)
    assert gone["outcome"] == "ACCEPTED"
    assert (await village.household("officer", document["id"], "loans { id }"))["loans"] == []
    archived = "SELECT archived_at IS NOT NULL FROM {} WHERE {} = $1"
    for table, column in (("loan", "id"), ("identity", "subject_id")):
        assert await village.admin.fetchval(archived.format(table, column), uuid.UUID(sent["id"])), table


async def test_other_villages_read_nothing_of_it(village: Place) -> None:
    await submit_with_loan(village, "VERIFIED")
    assert DOORS["loan"].kind is Kind.SCOPED
    assert "loan" in SCOPED, "tests/test_wall.py reads it"
    for who, sees in (("officer", True), ("stranger", False)):
        principal = await village.principal(who)
        async with village.database.write(principal, "submit") as tx:
            rows = Noun.metadata.tables[f"{SCHEMA}.loan"]
            count = await tx.value(Sql(sa.select(sa.func.count()).select_from(rows)))
            assert (count > 0) is sees, who
