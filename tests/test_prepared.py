"""Prepared operations: only the shape changes the SQL, and no statement contains a value of a caller."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from graphql import get_variable_values

from registry.models.fact import VillageCode
from registry.read.run import STATEMENTS
from registry.read.visibility import Visibility
from registry.store.cache import LruCache
from schema.build import build
from schema.declare.strawberry_internals import graphql_schema
from schema.engine.operation import PLANS, Invalid, Operations
from schema.engine.variables import shape, with_placeholders
from tests.village import FAR, HERE, NEXT_DOOR, Place, household

pytestmark = pytest.mark.anyio
TEXT = """query($id: ID!, $size: Int, $filter: MemberFilter, $search: String, $order: MemberOrder,
    $within: [RegionCode!], $age: Int, $states: [WorkflowState!], $by: MemberGroupBy!, $bars: Int, $code: RegionCode!,
    $show: Boolean!) {
  node(id: $id) { id }
  region(code: $code) { name households(first: $size, filter: {workflowState: $states}) { totalCount } }
  members(first: $size, filter: $filter, search: $search, orderBy: $order) { nodes { id fullName @include(if: $show) } }
  others: members(filter: {within: $within, or: [{age: {gt: $age}}, {fullName: {startsWith: "s"}}]}) {
    groups(by: $by, first: $bars) { key count } } }"""
BASE: dict[str, Any] = {
    "id": "6a1d0000-0000-4000-8000-000000000001",
    "size": 3,
    "filter": {"fullName": {"in": ["a"], "startsWith": "s"}, "sex": ["MALE"], "birthDate": {"lt": "2020-01-01"}},
    "search": "siti",
    "order": {"field": "FULL_NAME", "direction": "ASC"},
    "within": [HERE],
    "age": 3,
    "states": ["SUBMITTED"],
    "by": "SEX",
    "bars": 2,
    "code": "35",
    "show": True,
}
BOUND: dict[str, list[Any]] = {
    "id": ["no uuid", "", "x" * 10_000],
    "size": [1, 1000],
    "filter": [
        {"fullName": {"in": ["a", "b", "'; --"], "startsWith": ""}, "sex": [], "birthDate": {"lt": "0001-01-01"}},
        {"fullName": {"in": [], "startsWith": "É%_"}, "sex": ["MALE", "FEMALE"], "birthDate": {"lt": "9999-12-31"}},
    ],
    "search": ["%", "a b c d e f"],
    "within": [[NEXT_DOOR], FAR],
    "age": [-1, 2**31 - 1],
    "states": [["DRAFT", "VERIFIED"], "DRAFT"],
    "bars": [1, 1000],
    "code": [HERE, "52.03"],
}
"""Other values of variables that are bound, so the SQL stays the same."""
SHAPING: dict[str, list[Any]] = {
    "filter": [None, {}, {"sex": ["MALE"]}, {"not": {"sex": ["MALE"]}}, {"birthCertificate": True}, {"or": []}],
    "search": [None],
    "order": [None, {"field": "FULL_NAME", "direction": "DESC"}, {"field": "BIRTH_DATE"}],
    "by": ["STAGE", "VILLAGE"],
    "within": [["35"]],
    "show": [False],
}
"""Other values of variables that select the SQL."""


async def texts(village: Place, who: str = "officer", text: str = TEXT, **changes: Any) -> list[str]:
    """The statements of one call, sorted because roots run at the same time."""
    before = len(village.statements)
    variables = {name: value for name, value in {**BASE, **changes}.items() if f"${name}" in text and value is not None}
    answer = await village.query(who, text, **variables)
    assert "data" in answer.json, answer.errors
    return sorted(village.statements[before:])


@pytest.mark.parametrize("name", BOUND)
async def test_values_do_not_change_the_sql(village: Place, name: str) -> None:
    usual = await texts(village)
    count = len(STATEMENTS)
    for value in BOUND[name]:
        assert await texts(village, **{name: value}) == usual, value
    assert len(STATEMENTS) == count


@pytest.mark.parametrize("name", SHAPING)
async def test_each_shape_is_one_statement(village: Place, name: str) -> None:
    known_shapes = {tuple(await texts(village))}
    for value in SHAPING[name]:
        shape = tuple(await texts(village, **{name: value}))
        assert shape not in known_shapes, value
        known_shapes.add(shape)
        assert tuple(await texts(village, **{name: value})) == shape
    assert tuple(await texts(village)) in known_shapes


async def test_a_filter_by_regions_has_two_shapes(village: Place) -> None:
    usual, alone = await texts(village, within=["35"]), await texts(village)
    for several in ([], ["35.07"], ["35", FAR], [HERE, NEXT_DOOR]):
        assert await texts(village, within=several) == usual, several
    for written in (f'"{HERE}"', f'["{HERE}"]'):
        text = TEXT.replace("within: $within", f"within: {written}").replace("$within: [RegionCode!], ", "")
        assert await texts(village, text=text) == alone
    text = TEXT.replace("within: $within", "within: [$within]").replace(
        "$within: [RegionCode!], ", "$within: RegionCode!, "
    )
    assert await texts(village, text=text, within=HERE) == alone
    assert await texts(village, text=text, within="35") == usual


async def test_the_order_of_variables_and_absent_ones_do_not_matter(village: Place) -> None:
    usual = await texts(village)
    before = len(village.statements)
    turned = dict(reversed(list(BASE.items())))
    assert "data" in (await village.query("officer", TEXT, **turned)).json
    assert sorted(village.statements[before:]) == usual
    moved = TEXT.replace("$id: ID!, $size: Int,", "$size: Int, $id: ID!,")
    assert await texts(village, text=moved) == usual
    assert await texts(village, size=None) == usual  # a missing size is the default one, bound like any other


async def test_the_order_of_filter_keys_does_not_matter(village: Place) -> None:
    for n in range(3):
        await village.submit("officer", household(hamlet=f"Dusun {n}", people=2))
    text = "query($f: MemberFilter) { members(filter: $f) { totalCount nodes { id } } }"
    one = {"sex": ["FEMALE"], "age": {"gte": 1}, "fullName": {"startsWith": "siti aminah 2"}}
    other = dict(reversed(one.items()))
    answers = [(await village.ask("officer", text, f=filter_))["members"] for filter_ in (one, other, one)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["totalCount"] >= 3


LONE = [VillageCode(HERE)], [VillageCode(FAR)]


async def test_null_absent_and_false_are_three_shapes() -> None:
    values = [{}, {"a": None}, {"a": False}, {"a": True}, {"a": 1}, {"a": []}, {"a": {}}, {"b": 1}, {"a": [{}, {}]}]
    values += [{"a": VillageCode(HERE)}, {"a": [VillageCode(HERE)]}]
    assert len({shape(value) for value in values if value != {"a": {}}}) == len(values) - 1
    for one, other in (("x", 1), (["x"], ["y", "z"]), (dt.date.min, dt.date.max), ({"a": "x"}, {"a": 2.5}), LONE):
        assert shape(one) == shape(other)
        assert str(with_placeholders(one, ("v",))) == str(with_placeholders(other, ("v",)))


async def test_callers_of_different_visibility_do_not_share_a_plan(village: Place) -> None:
    """Whoever calls first, each caller gets what they would get alone."""
    document = household(people=2)
    await village.submit("officer", document)
    text = (
        "query($id: ID!) { node(id: $id) { ... on Household { id withheld address members { fullName nikMasked } } } }"
    )
    people = ["officer", "viewer", "analyst", "verifier", "coordinator", "province", "ministry", "auditor", "stranger"]
    alone = {}
    for who in people:
        PLANS.clear()
        STATEMENTS.clear()
        alone[who] = (await village.ask(who, text, id=document["id"]))["node"]
    for who in [*people, *reversed(people)]:
        assert (await village.ask(who, text, id=document["id"]))["node"] == alone[who], who
    assert alone["officer"]["address"] == "Jalan Melati 1"
    assert alone["viewer"]["address"] is alone["viewer"]["members"][0]["fullName"] is None
    assert alone["stranger"] is alone["auditor"] is None
    visibilities = {Visibility.of(await village.principal(who)) for who in people}
    assert len(visibilities) == len({Visibility.of(await village.principal(who)) for who in [*people, "second"]}) > 5


async def test_callers_of_equal_visibility_share_a_plan(village: Place) -> None:
    text = "query($n: Int) { members(first: $n) { nodes { fullName household { address } } } }"
    await texts(village, "officer", text, n=1)
    before = len(PLANS), len(STATEMENTS)
    await texts(village, "second", text, n=2)
    await texts(village, "stranger", text, n=3)
    assert (len(PLANS), len(STATEMENTS)) == before


async def test_statements_and_cache_keys_hold_no_values(village: Place) -> None:
    canary, number = "CANARY-7f3a", 1_203_040_506
    variables: dict[str, Any] = {
        "id": canary,
        "filter": {"fullName": {"eq": canary, "in": [canary], "startsWith": canary}, "age": {"gt": number}},
        "search": canary,
        "age": number,
    }
    sent = await texts(village, **variables)
    literal = f"""{{ members(search: "{canary}", filter: {{fullName: {{in: ["{canary}"]}}, age: {{lt: {number}}}}}) {{
      totalCount }} household(by: {{householdNo: "{canary}"}}) {{ id }} }}"""
    sent += await texts(village, text=literal)
    assert len(sent) == 6
    stored = [*sent, *map(repr, STATEMENTS._values), *(s.text for s in STATEMENTS._values.values())]
    stored += [repr(key[1:]) for key in PLANS._values]  # the operation itself is the caller's document
    for text in stored:
        assert canary.lower() not in text.lower()
        assert str(number) not in text


async def test_the_plan_cache_is_bounded(village: Place) -> None:
    memories = {memory.name: memory for memory in LruCache.all}
    assert {"plans", "statements", "operations"} <= memories.keys()
    assert all(0 < memory.limit <= 10_000 for memory in memories.values())
    operations = Operations(village.app.service.executable)
    limit = operations._operations.limit
    for n in range(limit + 50):
        operations.get(f"{{ a{n}: __typename }}", None)
    assert len(operations._operations) == limit


async def test_an_evicted_plan_is_made_again(village: Place) -> None:
    text = "query($f: HouseholdFilter) { households(filter: $f) { totalCount } }"
    filters: list[dict[str, Any]] = [{}, {"status": ["ACTIVE"]}, {"not": {"status": ["ACTIVE"]}}, {"or": []}]
    counted = [(await village.ask("officer", text, f=f))["households"]["totalCount"] for f in filters]
    PLANS.clear()
    limit, PLANS.limit = PLANS.limit, 2
    try:
        for _ in range(3):
            again = [(await village.ask("officer", text, f=f))["households"]["totalCount"] for f in filters]
            assert again == counted
            assert len(PLANS) <= 2
    finally:
        PLANS.limit = limit


COERCED = """query($n: Int!, $w: [RegionCode!], $s: [HouseholdStatus!], $d: Date, $t: String = "x") {
  households(first: $n, filter: {within: $w, status: $s}, search: $t) { totalCount }
  migrations(filter: {returnedOn: {lt: $d}}) { totalCount } }"""


@pytest.mark.parametrize(
    "sent",
    [
        {"n": 3, "w": ["35", "35.07"], "s": ["ACTIVE"], "d": "2026-01-31", "t": "y"},
        {"n": 3, "w": "35", "s": "ACTIVE", "d": "2026-01-31", "t": "y"},
        {"n": 3},
        {"n": 3, "w": None, "d": None, "t": None},
        {"n": 3, "w": [], "s": [], "d": "2026-01-31", "t": ""},
        {"n": 3.0, "w": ["35"], "s": ["ACTIVE"], "d": "2026-01-31", "t": "y", "unknown": 1},
        {},
        {"n": None},
        {"n": "3"},
        {"n": 2**40, "w": ["35"], "s": ["ACTIVE"], "d": "2026-01-31", "t": "y"},
        {"n": 3, "w": [None], "s": ["ACTIVE"], "d": "2026-01-31", "t": "y"},
        {"n": 3, "w": ["3507"], "s": ["GONE"], "d": "31.1.2026", "t": 7},
    ],
)
def test_fast_coercion_equals_that_of_the_library(sent: dict[str, Any]) -> None:
    schema = graphql_schema(build())
    operation = Operations(schema).get(COERCED, None)
    whole = get_variable_values(schema, operation.definition.variable_definitions or (), sent, 10)
    if not isinstance(whole, list):
        assert operation.variables(sent).coerced == whole.coerced
        return
    with pytest.raises(Invalid) as refused:
        operation.variables(sent)
    ours = [re.match(r"Variable (\$\w+)(\S*)", error.message) for error in refused.value.errors]
    theirs = [re.match(r"Variable '(\$\w+)' has invalid value(?: at (\S+))?:", error.message) for error in whole]
    assert [place and place.groups("") for place in ours] == [place and place.groups("") for place in theirs]


async def test_variables_of_a_command_follow_graphql(village: Place) -> None:
    """Defaults, directives and variables in literals: the executor gets coerced values and declares no variables."""
    document = household()
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    text = """mutation($id: ID!, $rev: Int = 1, $text: String = "Jalan apa?", $quiet: Boolean = true,
        $path: [String!]!) {
      returnHousehold(input: {id: $id, rev: $rev, remarks: [{path: $path, text: $text}]}) {
        household @skip(if: $quiet) { id } seen: household @include(if: $quiet) { ...Remarked } userErrors { code } } }
      fragment Remarked on Household { workflowState remarks { path text } }"""
    answer = await village.query("verifier", text, id=document["id"], path="address")
    assert answer.data["returnHousehold"] == {
        "seen": {"workflowState": "RETURNED", "remarks": [{"path": ["address"], "text": "Jalan apa?"}]},
        "userErrors": [],
    }
    wrong = await village.query("verifier", text, id=document["id"], path="address", rev="two")
    assert wrong.codes == ["BAD_USER_INPUT"]


async def test_a_class_that_is_not_seen_is_null_in_a_payload(village: Place) -> None:
    document = household()
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    text = """mutation($items: [VerifyItemInput!]!) { verifyHouseholds(input: {items: $items}) { results {
      household { village { name members(filter: {schoolStatus: [ATTENDING]}) { totalCount } } }
      userErrors { code } } } }"""
    body = {"query": text, "variables": {"items": [{"id": document["id"], "rev": 1, "acceptFindings": True}]}}
    headers = village.bearer("verifier") | {"accept": "application/graphql-response+json"}
    answer = await village.send("POST", json=body, headers=headers)
    assert (answer.status, answer.codes) == (200, ["FORBIDDEN"])
    assert answer.errors[0]["path"] == ["verifyHouseholds", "results", 0, "household", "village", "members"]
    assert answer.errors[0]["extensions"]["field"] == "schoolStatus"
    (result,) = answer.json["data"]["verifyHouseholds"]["results"]
    assert result["household"]["village"] == {"name": "Arjowilangun", "members": None}
    assert (await village.household("officer", document["id"], "workflowState"))["workflowState"] == "VERIFIED_VILLAGE"
