"""Every value that is accepted can be read: by every filter, order and group, and in the figures.

A household is stored with each column at the ends of its bounds; a value just beyond is refused with a sentence
that names the bound, in drafts too, and the database holds the same.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
)

from registry.codes import Code
from registry.codes.countries import HOME, ISO_3166
from registry.models.fact import fact_of
from registry.models.household_aggregate import NOUNS, TYPED
from registry.models.noun import camel, table_of
from registry.values.bounds import FIRST_DAY, LAST_DAY
from schema.build import build
from schema.declare.strawberry_internals import graphql_schema
from schema.inputs.household import RECORDS
from tests.village import (
    HERE,
    REVEAL,
    SUBMIT,
    VERIFY,
    Place,
    care,
    episode,
    household,
    last_record,
    participation,
    person,
    shop,
    whole_household,
)

pytestmark = pytest.mark.anyio
SCHEMA: GraphQLSchema = graphql_schema(build())
LISTS = {"households": "Household", "members": "Member", "migrations": "MigrationEpisode", "businesses": "Business"}
FORMED = {
    "rt": "009",
    "rw": "009",
    "nib": "9" * 13,
    "occupation_code": "89",
    "kbli_code": "47111",
    "phone": "+62812345678901",
    "passport_no": "X1234567",
    "epmi_no": "E" * 32,
}
"""Values of columns with a form of their own."""
SKIPPED = {"nik", "kk_number", "seq"}


def extreme(column: Any, high: bool) -> Any:
    """The greatest or smallest value that a column may hold, in the form of GraphQL."""
    codes: type[Code] | None = column.info.get("codes")
    bounds = fact_of(column).bounds
    if column.name in FORMED:
        return FORMED[column.name]
    if codes is not None:
        values = [code.value for code in codes if code.value not in ("MERGED", "DISSOLVED")]
        return values if bounds is not None and bounds.items else values[-1 if high else 0]
    if column.name == "export_countries":
        return sorted(ISO_3166 - {HOME})[: 50 if high else 0]
    if bounds is None:
        return high
    if bounds.days:
        day = LAST_DAY if high else FIRST_DAY
        if column.type.python_type is dt.datetime:
            return f"{day}T23:59:59.999Z"
        return str(day) if high or column.type.python_type is dt.date else str(day.year)
    if bounds.within is not None:
        end = bounds.within[high]
        if column.type.python_type is Decimal:
            return str(end)
        return float(end) if column.type.python_type is float else int(end)
    if column.name == "country":
        return "ZW"
    if column.name.endswith("_currency"):
        return "IDR"
    assert bounds.longest is not None
    if bounds.items is not None:
        return [f"{n:02}".ljust(bounds.longest, "Ñ") for n in range(bounds.items if high else 0)]
    return ("Ñ" if high else "x") * (bounds.longest if high else 1)


def record(table: str, high: bool) -> dict[str, Any]:
    """The typed values of one record of a table, in the form of its input."""
    values: dict[str, Any] = {}
    columns = table_of(NOUNS[table]).c
    for field in RECORDS[table].fields:
        for part, name in field.columns:
            if name in SKIPPED or isinstance(columns[name].type, sa.Uuid):
                continue
            value = extreme(columns[name], high)
            if part is None:
                values[camel(field.name)] = value
            else:
                values.setdefault(camel(field.name), {})[camel(part)] = value
    return values


def at_the_ends(high: bool, people: int = 1) -> dict[str, Any]:
    """A household with every column at an end of its bounds and the maximum of children."""
    members = [person(seq) | record("member", high) for seq in range(1, people + 1)]
    for member in members:
        member |= {"nik": None, "nikMissingReason": "NONE_YET"}
    return (
        household()
        | record("household", high)
        | {
            "villageCode": HERE,
            "kkNumber": None,
            "members": members,
            "migrations": [episode(member) | record("migration_episode", high) for member in members],
            "businesses": [shop(member) | record("business", high) for member in members],
            "pillars": [participation() | record("pillar_participation", high) for _ in members],
            "childCare": [care(member) | record("child_care", high) for member in members],
        }
    )


def complete(people: int = 50) -> dict[str, Any]:
    """The largest household that can be submitted: plausible dates, everything else at the upper end."""
    document = at_the_ends(True, people)
    for member in document["members"]:
        member |= {"birthDate": "1985-04-23", "relationToHead": "HEAD" if member is document["members"][0] else "OTHER"}
        member |= {"lifeStatus": "ALIVE"}
    for sent in document["migrations"]:
        sent |= {key: "2022-01-01" for key in sent if key.endswith("On")}
        sent |= {"stage": "RETURNED", "passportExpiresOn": str(LAST_DAY)}
    for business in document["businesses"]:
        business |= {"startedOn": "2020", "closedOn": "2021"}
    document["childCare"] = []  # nobody in it is a child
    for pillar in document["pillars"]:
        pillar |= {"since": "2020", "until": "2021"}
    document["consent"] |= {"givenOn": "2022-01-01", "withdrawnOn": "2022-01-01"}
    document["capturedAt"] = "2022-01-01T00:00:00.000Z"
    return document


@pytest.fixture(scope="module")
async def stored(village: Place) -> Place:
    """The village with a draft at each end and the largest verified household."""
    for document in (at_the_ends(False), at_the_ends(True)):
        done = await village.submit("officer", document, save="DRAFT")
        assert done["outcome"] == "ACCEPTED", done["userErrors"]
    largest = complete()
    done = await village.submit("officer", largest)
    assert done["outcome"] == "ACCEPTED", done["userErrors"]
    for who in ("verifier", "coordinator"):
        assert not (await village.verify(who, largest))["userErrors"]
    return village


# --- reading ----------------------------------------------------------------------------------------------------------

LEAVES: dict[str, list[Any]] = {
    "Int": [2147483647, -2147483648],
    "Float": [1e308],
    "Boolean": [True, False],
    "Date": ["0001-01-01", "9999-12-31"],
    "DateTime": ["0001-01-02T00:00:00.000Z", "9999-12-30T00:00:00.000Z"],
    "PartialDate": ["0001", "9999-12-31"],
    "String": ["Ñ" * 150, "%_\\"],
    "ID": [str(uuid.uuid4())],
    "RegionCode": [HERE],
    "CountryCode": ["ZW"],
    "CurrencyCode": ["IDR"],
    "Decimal": ["999999999999999.99"],
}


def conditions(type_: GraphQLInputObjectType) -> Iterator[dict[str, Any]]:
    """Filters with one key each, with values of every comparator; for related records, that some exist."""
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        several = isinstance(get_nullable_type(field.type), GraphQLList)
        if isinstance(inner, GraphQLEnumType):
            yield {name: list(inner.values)}
        elif isinstance(inner, GraphQLInputObjectType):
            if "eq" in inner.fields or "gt" in inner.fields:
                yield from ({name: value} for value in conditions(inner))
            elif inner.name.endswith("ListFilter"):
                yield from ({name: {quantifier: {}}} for quantifier in inner.fields)
            else:
                yield {name: [{}] if several else {}}
        else:
            for value in LEAVES[inner.name]:
                yield {name: [value] if several else value}


def requests() -> Iterator[tuple[str, dict[str, Any]]]:
    """A document with variables for every argument of a list."""
    for root, noun in LISTS.items():
        filters, orders, groups = (SCHEMA.type_map[noun + kind] for kind in ("Filter", "OrderField", "GroupBy"))
        ask = f"""query($f: {noun}Filter, $o: {noun}Order) {{
                  {root}(filter: $f, orderBy: $o) {{ totalCount nodes {{ id }} }} }}"""
        assert isinstance(filters, GraphQLInputObjectType)
        for condition in conditions(filters):
            yield ask, {"f": condition}
        for key in orders.values:  # type: ignore[attr-defined]
            for direction in ("ASC", "DESC"):
                yield ask, {"o": {"field": key, "direction": direction}}
        for key in groups.values:  # type: ignore[attr-defined]
            yield f"{{ {root} {{ groups(by: {key}) {{ key label count }} }} }}", {}


async def test_filters_orders_and_groups_read_every_accepted_value(stored: Place) -> None:
    answered = 0
    for document, variables in requests():
        answer = await stored.query("officer", document, **variables)
        assert set(answer.codes) <= {"FORBIDDEN", "BAD_USER_INPUT"}, (document, variables, answer.json)
        answered += "FORBIDDEN" not in answer.codes
    assert answered > 200


async def test_pages_of_extreme_values_can_be_walked_to_the_end(stored: Place) -> None:
    for root, noun in LISTS.items():
        for key in SCHEMA.type_map[f"{noun}OrderField"].values:  # type: ignore[attr-defined]
            ask = f"""query($a: String) {{ {root}(orderBy: {{field: {key}}}, first: 25, after: $a)
                      {{ totalCount nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"""
            ids: list[str] = []
            cursor = None
            while True:
                answer = await stored.query("officer", ask, a=cursor)
                if answer.codes == ["FORBIDDEN"]:
                    break
                page = answer.data[root]
                ids += [node["id"] for node in page["nodes"]]
                if not page["pageInfo"]["hasNextPage"]:
                    assert len(set(ids)) == len(ids) == page["totalCount"], (root, key)
                    break
                cursor = page["pageInfo"]["endCursor"]


async def test_figures_read_extreme_values(stored: Place) -> None:
    for who in ("officer", "coordinator", "analyst"):
        data = await stored.ask(who, "{ nationalSummary { villages households businesses exportReady } }")
        assert data["nationalSummary"]["villages"] is not None


async def test_extreme_values_are_read_as_sent(stored: Place) -> None:
    largest = "orderBy: {field: WORKERS, direction: DESC}, first: 1"
    selection = "name workersFamily exportCountries capital { amount }"
    rows = await stored.ask("officer", f"{{ businesses({largest}) {{ nodes {{ {selection} }} }} }}")
    (top,) = rows["businesses"]["nodes"]
    assert (top["workersFamily"], len(top["exportCountries"])) == (100_000, 50)
    assert (top["name"], top["capital"]["amount"]) == ("Ñ" * 150, "999999999999999.99")


# --- one step beyond --------------------------------------------------------------------------------------------------


def too_much() -> Iterator[tuple[str, str, Any]]:
    """(table, column, value that GraphQL accepts and the column does not)."""
    for table, columns in TYPED.items():
        for column in columns:
            bounds = fact_of(column).bounds
            if bounds is None or column.info.get("codes") or column.name in SKIPPED - {"nik", "kk_number", "seq"}:
                continue
            if column.name == "country" or column.name.endswith("_currency"):
                continue  # a code of two or three letters, or refused earlier
            if bounds.items is not None:
                yield table, column.name, sorted(ISO_3166 - {HOME})[: bounds.items + 1]
            elif bounds.days:
                instant = column.type.python_type is dt.datetime
                for day in ("1799-12-31", "2200-01-01"):
                    yield table, column.name, f"{day}T00:00:00.000Z" if instant else day
            elif bounds.within is not None and column.type.python_type is not Decimal:
                yield table, column.name, bounds.within[1] + 1
            elif bounds.longest is not None:
                yield table, column.name, ("9" if column.name in ("rt", "rw") else "x") * (bounds.longest + 1)


@pytest.mark.parametrize("save", ["DRAFT", "SUBMITTED"])
@pytest.mark.parametrize(
    ("table", "column", "value"), list(too_much()), ids=lambda v: v if isinstance(v, str) and len(v) < 40 else ""
)
async def test_a_value_just_beyond_a_bound_is_refused(
    village: Place, table: str, column: str, value: Any, save: str
) -> None:
    document = whole_household()
    holder = last_record(document, table)
    field, part = next((f, p) for f in RECORDS[table].fields for p, name in f.columns if name == column)
    if part is None:
        holder[camel(field.name)] = value
    else:
        beside = {"latitude": 0, "longitude": 0, "currency": "IDR", "basis": "CONSENT"}
        keys = [p for p, _ in field.columns if p]
        holder[camel(field.name)] = {camel(p): beside[p] for p in keys if p in beside} | {camel(part): value}
    refused = await village.submit("officer", document, save=save)
    assert refused["outcome"] == "REJECTED"
    errors = [e for e in refused["userErrors"] if e["path"][-1] == camel(part or field.name)]
    assert errors
    if save == "DRAFT":
        assert len(errors) == 1
        assert errors[0]["code"] == "UNKNOWN_VALUE"
        assert errors[0]["params"][0]["value"] in errors[0]["message"]


async def test_the_database_enforces_the_bounds_too(village: Place) -> None:
    document = household()
    await village.submit("officer", document)
    for column, value in (("address", "x" * 301), ("location_lat", float("nan")), ("welfare_decile", 11)):
        with pytest.raises(asyncpg.CheckViolationError, match=f"ck_household_{column}"):
            await village.admin.execute(
                f"UPDATE household SET {column} = $2 WHERE id = $1", uuid.UUID(document["id"]), value
            )


async def test_too_many_children_are_refused_with_the_maximum(village: Place) -> None:
    for language, words in (("en", "at most 50"), ("id", "paling banyak 50")):
        answer = await village.query("officer", SUBMIT, language, household=household(people=51), saveAs="SUBMITTED")
        (error,) = answer.data["submitHousehold"]["userErrors"]
        assert words in error["message"]
        assert error["params"] == [{"name": "items", "value": "50"}]


async def test_remarks_and_notes_are_bounded(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    long = await village.return_household("verifier", document, 1, "y" * 2001)
    assert [(e["code"], e["path"]) for e in long["userErrors"]] == [("UNKNOWN_VALUE", ["remarks", "0", "text"])]
    item = {"id": document["id"], "rev": 1, "acceptFindings": True}
    noted = (await village.ask("verifier", VERIFY, items=[item], note="y" * 1001))["verifyHouseholds"]["results"]
    assert [(e["code"], e["path"]) for e in noted[0]["userErrors"]] == [("UNKNOWN_VALUE", ["note"])]
    payload = await village.ask(
        "coordinator", REVEAL, id=document["members"][0]["id"], field="NIK", purpose="VERIFICATION", note="y" * 1001
    )
    assert [(e["code"], e["path"]) for e in payload["revealIdentity"]["userErrors"]] == [("UNKNOWN_VALUE", ["note"])]
