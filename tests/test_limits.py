"""No document, however short, makes the server work for seconds: too costly ones are refused before anything runs."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest

from registry.codes import HouseholdStatus
from registry.values.bounds import LONGEST_ENTRIES, LONGEST_LIST
from schema.engine import complexity, price
from schema.limits import MOST_META_ROOTS, Limit
from tests.accounts import new_account
from tests.test_explain import explain, scanned_rows
from tests.village import FAR, HERE, Place, household, served_with

pytestmark = pytest.mark.anyio

DOUBLING = "{ households(first: 1) { nodes { ...H0 } } }" + "".join(
    f" fragment H{n} on Household {{ a: head {{ household {{ ...H{n + 1} }} }}"
    f" b: head {{ household {{ ...H{n + 1} }} }} }}"
    for n in range(12)
)
PARENTS = '{ region(code: "35") { ' + "parent { " * 14 + "id" + " }" * 14 + " } }"
ABSURD = {
    "fragments that double": DOUBLING + " fragment H12 on Household { id }",
    "deep": "{ members { nodes { " + "household { members { " * 8 + "id" + " } }" * 8 + " } } }",
    "many nodes": "{ members(first: 1000) { nodes { " + "household { members { " * 3 + "id" + " } }" * 3 + " } } }",
    "many roots": "{ " + " ".join(f"a{n}: households {{ totalCount }}" for n in range(Limit.ROOTS.limit + 1)) + " }",
    "many roots in a fragment": "{ ...f } fragment f on Query { "
    + " ".join(f"a{n}: viewer {{ id }}" for n in range(Limit.ROOTS.limit + 1))
    + " }",
    "many roots in a bracket": "{ ... { " + " ".join(f"a{n}: viewer {{ id }}" for n in range(99)) + " } }",
    "many groups": "{ regions(first: 1000) { nodes { members { groups(by: VILLAGE, first: 100) { key } } } } }",
    "many lists together": "{ "
    + " ".join(f"a{n}: members(first: 1000) {{ nodes {{ id }} edges {{ cursor }} }}" for n in range(26))
    + " }",
    "many conditions": "{ households(filter: {or: [" + "{memberCount: {gte: 1, lte: 9}}" * 150 + "]}) { totalCount } }",
    "deep filter": "{ households(filter: " + "{not: " * 14 + "{within: []}" + "}" * 14 + ") { totalCount } }",
    "many lists": "{ households { nodes { " + " ".join(f"m{n}: members {{ id }}" for n in range(200)) + " } } }",
    "many lists in many roots": "{ "
    + " ".join(f"r{n}: households(first: {n + 1}) {{ nodes {{ ...w }} }}" for n in range(29))
    + " } fragment w on Household { "
    + " ".join(f"m{n}: members {{ id }}" for n in range(20))
    + " }",
    "many counts": "{ households { " + " ".join(f"a{n}: totalCount" for n in range(399)) + " } }",
    "many cursors": "{ households { edges { " + " ".join(f"a{n}: cursor" for n in range(401)) + " } } }",
    "many values": "{ regions(first: 1000) { nodes { "
    + " ".join(f"p{n}: ancestors {{ " + " ".join(f"c{m}: code" for m in range(70)) + " }" for n in range(3))
    + " } } }",
    "many skipped": "{ regions(first: 1) { nodes { "
    + "parent { ...s " * 5
    + "}" * 5
    + " } } } fragment s on Region { "
    + " ".join(f"a{n}: code @skip(if: true)" for n in range(400))
    + " ...t ...u } fragment t on Region { "
    + " ".join(f"b{n}: code @skip(if: true)" for n in range(300))
    + " } fragment u on Region { "
    + " ".join(f"c{n}: code @skip(if: true)" for n in range(300))
    + " }",
    "one field again and again": "{ households { nodes { " + "id " * 300 + "} } }",
    "fields of fields again and again": "{ households { " + "nodes { id } " * 200 + "} }",
    "brackets again and again": "{ households { nodes { " + "... { id } " * 300 + "} } }",
    "uses of fragments": "{ viewer { " + "...f " * 300 + "} } fragment f on Viewer { id }",
    "fragments": "{ viewer { ...f0 } }" + "".join(f" fragment f{n} on Viewer {{ id }}" for n in range(101)),
    "questions about the schema": "{ __schema { " + " ".join(f"a{n}: types {{ name }}" for n in range(11)) + " } }",
    "many fields": "{ households { nodes { " + " ".join(f"f{n}: id" for n in range(Limit.FIELDS.limit + 1)) + " } } }",
    "many tokens": "{ " + "a " * Limit.TOKENS.limit + "}",
    "long": "{ viewer { id } } # " + "x" * Limit.CHARACTERS.limit,
    "directives": "{ viewer { id " + "@skip(if: false) " * (Limit.DIRECTIVES.limit + 1) + "} }",
    "deep brackets": "{" * 3000,
}


@pytest.mark.parametrize("name", sorted(ABSURD))
async def test_an_excessive_query_is_refused_with_its_limit(village: Place, name: str) -> None:
    began = time.process_time()
    answer: Any = await village.query("officer", ABSURD[name])
    assert time.process_time() - began < 5, "a bound for a hang, not a claim about speed"
    (error,) = answer.errors
    if name == "deep brackets":
        assert error["extensions"]["code"] in ("QUERY_TOO_COMPLEX", "GRAPHQL_PARSE_FAILED")
    else:
        assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX", error
        assert error["extensions"]["requested"] > error["extensions"]["limit"]


async def test_an_answer_shows_the_cost_of_its_query(village: Place) -> None:
    """The product of `first` along the path, with 5 for a list inside a household; and the rows read and sorted."""
    text = """query($n: Int!) { regions(first: 3) { nodes { households(first: $n) { nodes { members { id } } } } }
      viewer { name } }"""
    for size in (2, 7):
        answer = await village.query("officer", text, n=size)
        returned = 3 + 3 * size + 3 * size * complexity.PLAIN_LIST_SIZE
        read = 3 * price.BELOW * (price.READ + price.COMPARED)
        assert answer.json["extensions"]["cost"] == {"requested": returned + read}


@pytest.mark.parametrize(
    ("list_", "entries"),
    [
        ("trainings", "participants { certified }"),
        ("businessGroups", "members { id }"),
        ("cooperatives", "members { id }"),
        ("cooperatives", "figures { year }"),
        ("parentingSessions", "attendees { id }"),
    ],
)
async def test_entries_count_in_proportion_to_how_many_there_may_be(village: Place, list_: str, entries: str) -> None:
    """A record may have 200 of them, each of which leads to a household of 50."""
    alone = await cost_of(village, "officer", f"{{ {list_}(first: 10) {{ nodes {{ id }} }} }}")
    with_entries = await cost_of(village, "officer", f"{{ {list_}(first: 10) {{ nodes {{ {entries} }} }} }}")
    assert with_entries - alone == 10 * complexity.PLAIN_LIST_SIZE * LONGEST_ENTRIES // LONGEST_LIST


async def test_the_events_of_a_household_count_as_its_other_lists(village: Place) -> None:
    """There may be 1,000, but a household takes a few steps; nobody could list households with them otherwise."""
    alone = await cost_of(village, "officer", "{ households(first: 10) { nodes { id } } }")
    with_events = await cost_of(village, "officer", "{ households(first: 10) { nodes { events { to } } } }")
    assert with_events - alone == 10 * complexity.PLAIN_LIST_SIZE


async def cost_of(village: Place, who: str, text: str, **variables: Any) -> int:
    answer = await village.query(who, text, **variables)
    assert answer.codes == []
    cost: int = answer.json["extensions"]["cost"]["requested"]
    return cost


async def test_the_cost_of_reading_grows_with_the_rows_read(village: Place) -> None:
    """The caller's areas or the regions they name, once for each page, count and grouping."""
    count = "query($w: [RegionCode!]) { households(filter: {within: $w}) { totalCount } }"
    national, regency, one = price.NATION, price.WIDTHS[5], price.WIDTHS[13]
    assert await cost_of(village, "analyst", "{ households { totalCount } }") == national
    assert await cost_of(village, "viewer", "{ households { totalCount } }") == regency
    assert await cost_of(village, "officer", "{ households { totalCount } }") == one
    assert await cost_of(village, "analyst", count, w=["35.07"]) == regency
    assert await cost_of(village, "analyst", count, w=[HERE, FAR]) == 2 * one
    assert await cost_of(village, "officer", count, w=["35"]) == one
    assert await cost_of(village, "viewer", "{ households { a: totalCount b: totalCount } }") == 2 * regency
    grouped = await cost_of(village, "viewer", "{ households { groups(by: STATUS) { key } } }")
    assert grouped == regency * (price.READ + price.COMPARED) + len(HouseholdStatus) + 1


async def test_lists_of_accounts_cost_where_accounts_are_seen(village: Place) -> None:
    """A system administrator sees no household, but every account."""
    keeper = await new_account(village, ("SYSTEM_ADMIN", None))
    count = "query($w: [RegionCode!]) { users(filter: {within: $w}) { totalCount } }"
    within = price.READ + price.NAMED
    assert await cost_of(village, keeper, "{ users { totalCount } }") == price.NATION
    assert await cost_of(village, "coordinator", "{ users { totalCount } }") == price.WIDTHS[5]
    assert await cost_of(village, keeper, count, w=[HERE, FAR]) == 2 * price.WIDTHS[13] * within
    assert await cost_of(village, "coordinator", count, w=["35"]) == price.WIDTHS[5] * within
    searched = '{ users(search: "budi") { totalCount } }'
    assert await cost_of(village, keeper, searched) == price.NATION * (price.READ + price.NAMED)


async def test_a_page_by_index_costs_only_its_rows(village: Place) -> None:
    """For callers with smaller areas, the rows of those are sorted."""
    for field in ("households", "members", "migrations", "businesses"):
        assert await cost_of(village, "analyst", f"{{ {field}(first: 7) {{ nodes {{ id }} }} }}") < 20
        filtered = f"{{ {field}(first: 7, filter: {{household: {{status: [ACTIVE]}}}}) {{ nodes {{ id }} }} }}"
        if field != "households":
            assert await cost_of(village, "analyst", filtered) > price.NATION
    assert await cost_of(village, "viewer", "{ members(first: 7) { nodes { id } } }") == 7 + price.WIDTHS[5]


@pytest.mark.parametrize(
    ("dear", "cheap"),
    [
        ("members(first: 1, orderBy: {field: FULL_NAME}) { nodes { id } }", "orderBy: {field: BIRTH_DATE}"),
        ('members(filter: {birthDate: {lt: "2001-01-01"}}) { totalCount }', "filter: {sex: [MALE]}"),
        ('members(filter: {fullName: {startsWith: "a"}}) { totalCount }', 'filter: {fullName: {eq: "a"}}'),
        ('members(filter: {birthDate: {lt: "2001-01-01"}}) { totalCount }', "filter: {birthDate: {isNull: true}}"),
    ],
)
async def test_a_computed_field_costs_more_than_a_column(village: Place, dear: str, cheap: str) -> None:
    """Names are ordered without case and accents, partial dates compared by their first day."""
    plainer = re.sub(r"(filter|orderBy): .*\}(?=\) \{)", cheap.replace("\\", ""), dear)
    more = (price.WORKED_OUT - price.COMPARED) * price.NATION
    assert (
        await cost_of(village, "ministry", f"{{ {dear} }}")
        == await cost_of(village, "ministry", f"{{ {plainer} }}") + more
    )


def down(counts: str, *firsts: int) -> str:
    """Nested regions, with a number for each level, each with these counts."""
    inner = ""
    for name, first in reversed([*zip(("provinces", "regencies", "districts", "villages"), firsts, strict=False)]):
        inner = f"{name}(first: {first}) {{ nodes {{ {counts} {inner} }} }}"
    return f"{{ {inner} }}"


async def test_equal_counts_of_nested_regions_are_read_once(village: Place) -> None:
    """They are made together for the outermost and looked up below, so every level reads the country once."""
    assert (await village.submit("officer", household(HERE)))["outcome"] == "ACCEPTED"
    regions = 5 + 5 * 4 + 5 * 4 * 3 + 5 * 4 * 3 * 2
    for nouns in (("households",), ("households", "members", "businesses")):
        counts = " ".join(f"{noun} {{ totalCount }}" for noun in nouns)
        cost = await cost_of(village, "analyst", down(counts, 5, 4, 3, 2))
        assert cost == regions + len(nouns) * 5 * price.BELOW
        (root,) = await explain(village, "analyst", down(counts, 5, 4, 3, 2))
        total = (await village.ask("analyst", "{ households { totalCount } }"))["households"]["totalCount"]
        assert scanned_rows(root, "household") == total


async def test_the_ministry_may_count_every_level_down_to_villages(village: Place) -> None:
    counts = "households { totalCount } members { totalCount } migrations { totalCount } businesses { totalCount }"
    assert (await village.query("analyst", down(counts, 40, 10, 10, 5))).codes == []


async def test_regions_of_a_level_cost_at_most_their_number(village: Place) -> None:
    """However many are requested in each region above; repeating the same ones costs their number."""
    counts = "households { totalCount }"
    cost = await cost_of(village, "analyst", down(counts, 40, 30, 20, 4))
    assert cost == 40 + 600 + 8_000 + 32_000 + 40 * price.BELOW
    text = """query($n: Int) { provinces(first: 40) { nodes {
      regencies(first: $n) { nodes { districts { nodes { id } } } } } } }"""
    assert await cost_of(village, "analyst", text, n=30) == 40 + 600 + 8_000
    assert await cost_of(village, "analyst", text, n=5) == 40 + 200 + 4_000
    again = """{ members(first: 20) { nodes { household { village { parent { parent {
      ... on Regency { districts(first: 30) { nodes { id } } } } } } } } } }"""
    assert await cost_of(village, "analyst", again) > 20 * 30
    twice = """{ provinces(first: 40) { nodes { regencies(first: 40) { nodes { parent {
      ... on Province { regencies(first: 30) { nodes { id } } } } } } } } }"""
    assert await cost_of(village, "analyst", twice) == 40 + 600 + 600 * 30


async def test_counts_that_depend_on_the_region_are_read_for_each(village: Place) -> None:
    """Counts with a condition, counts of regions outside any region, and groups."""
    some = "households(filter: {status: [ACTIVE]}) { totalCount }"
    cost = await cost_of(village, "analyst", down(some, 5, 4))
    assert cost == 25 + 25 * price.BELOW * (price.READ + price.COMPARED)
    above = "{ regions(first: 7) { nodes { ancestors { households { totalCount } } } } }"
    assert await cost_of(village, "analyst", above) == 7 + 7 * 5 + 7 * 5 * price.NATION
    once = await cost_of(village, "analyst", "{ regions(first: 7) { nodes { a: households { totalCount } } } }")
    assert once == 7 + 7 * price.BELOW


async def test_a_figure_costs_its_count(village: Place) -> None:
    assert await cost_of(village, "officer", "{ nationalSummary { households } }") == price.NATIONAL_SUMMARY
    here = '{ region(code: "35.07") { summary { households } } }'
    assert await cost_of(village, "officer", here) == price.SUMMARY


@pytest.mark.parametrize(
    "text",
    [
        "{ " + " ".join(f"a{n}: nationalSummary {{ households }}" for n in range(30)) + " }",
        "{ regions(first: 1000) { nodes { summary { households } } } }",
        "{ regions(first: 1000) { nodes { parent { members { totalCount } } } } }",
        "{ regions(first: 1000) { nodes { ancestors { members { totalCount } } } } }",
        "{ households(first: 1000) { nodes { village { parent { parent { members { totalCount } } } } } } }",
        "{ regions(first: 1000) { nodes { " + " ".join(f"a{n}: lastVerifiedAt" for n in range(25)) + " } } }",
        "{ households(filter: {or: [" + "{members: {some: {age: {gt: 1}}}}" * 7 + "]}) { totalCount } }",
        "{ "
        + " ".join(
            f"a{n}: members(filter: {{or: ["
            + "".join(f'{{fullName: {{startsWith: "{n} {m}"}}}}' for m in range(60))
            + "]}) { totalCount }"
            for n in range(8)
        )
        + " }",
        "{ members { " + " ".join(f"a{n}: groups(by: AGE_BAND) {{ key }}" for n in range(12)) + " } }",
    ],
)
async def test_rows_that_are_read_but_not_returned_count_too(village: Place, text: str) -> None:
    answer = await village.query("ministry", text)
    (error,) = answer.errors
    assert (error["extensions"]["code"], error["extensions"]["dimension"]) == ("QUERY_TOO_COMPLEX", "nodes"), error


async def test_repeated_regions_are_looked_up_once(village: Place) -> None:
    text = "query($w: [RegionCode!]) { households(filter: {within: $w}) { totalCount } }"
    once = await village.ask("officer", text, w=["35"])
    assert await village.ask("officer", text, w=["35"] * 20_000) == once
    many = [f"{n // 100 + 11}.{n % 100:02}" for n in range(2_000)]
    before = len(village.statements)
    answer = await village.query("officer", text, w=many)
    assert (answer.codes, "data" in answer.json, len(village.statements)) == (["QUERY_TOO_COMPLEX"], False, before)


LEDGERS = "query($f: HouseholdFilter) { households(filter: $f) { totalCount } }"
PEOPLE = "query($f: MemberFilter) { members(filter: $f) { totalCount } }"
LARGE: dict[str, tuple[str, dict[str, Any]]] = {
    "empty filters": (LEDGERS, {"f": {"or": [{}] * 25_000}}),
    "empty filters in each other": (LEDGERS, {"f": {"or": [{"and": [{}, {}]}] * 100}}),
    "more empty filters than variables may hold": (LEDGERS, {"f": {"or": [{}] * 475_000}}),
    "values that are different": (PEOPLE, {"f": {"age": {"in": list(range(2_000))}}}),
    "values that are the same": (PEOPLE, {"f": {"age": {"in": [7] * 150_000}}}),
    "texts": (LEDGERS, {"f": {"householdNo": {"in": [str(n) for n in range(1_001)]}}}),
    "enum values": (LEDGERS, {"f": {"status": ["ACTIVE"] * 40_000}}),
    "a long text": (PEOPLE, {"f": {"fullName": {"startsWith": "a" * 501}}}),
    "a long text in a list": (PEOPLE, {"f": {"fullName": {"in": ["Siti", "a" * 501]}}}),
    "a long search": ("query($s: String) { members(search: $s) { totalCount } }", {"s": "siti " * 200}),
    "what is not declared": ("{ viewer { name } }", {"x": [0] * 30_001}),
}


@pytest.mark.parametrize("name", sorted(LARGE))
async def test_large_variables_are_refused_before_anything_runs(village: Place, name: str) -> None:
    """Values count as sent, even if they are empty or repeated."""
    text, variables = LARGE[name]
    before = len(village.statements)
    answer: Any = await village.query("officer", text, **variables)
    (error,) = answer.errors
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX", error
    assert error["extensions"]["requested"] > error["extensions"]["limit"]
    assert len(village.statements) == before


async def test_a_repeated_value_is_bound_once(village: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, bound = village.database.fetch_json, list[Any]()

    async def watched(text: str, values: Any, *seconds: float) -> bytes | None:
        bound.extend(value for value in values if isinstance(value, list))
        return await plain(text, values, *seconds)

    monkeypatch.setattr(village.database, "fetch_json", watched)
    await village.ask("officer", LEDGERS, f={"status": ["ACTIVE"] * 900, "householdNo": {"in": ["x"] * 9_000}})
    assert sorted(bound) == [["ACTIVE"], ["x"]]


async def test_one_request_runs_few_statements_at_once(village: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, running, most = village.database.fetch_json, 0, 0

    async def watched(text: str, values: Any, *seconds: float) -> bytes | None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return await plain(text, values, *seconds)
        finally:
            running -= 1

    monkeypatch.setattr(village.database, "fetch_json", watched)
    roots = " ".join(f"a{n}: households {{ totalCount }}" for n in range(12))
    assert (await village.query("officer", f"{{ {roots} }}")).codes == []
    assert most == complexity.CONCURRENT_STATEMENTS


async def test_others_are_served_while_a_large_query_is_planned(village: Place) -> None:
    """A document that takes a second to plan, and a cached one at the same time."""
    cached = "{ viewer { name } }"
    await village.ask("officer", cached)
    large = "{ " + " ".join(f"r{n}: households(first: {n + 1}) {{ nodes {{ ...w }} }}" for n in range(7)) + " } "
    large += "fragment w on Household { " + " ".join(f"m{n}: members {{ id }}" for n in range(20)) + " }"
    slow = asyncio.create_task(village.query("officer", large))
    await asyncio.sleep(0.01)
    for _ in range(3):
        assert (await village.query("officer", cached)).codes == []
    assert not slow.done(), "the known one did not wait"
    assert (await slow).codes == []


async def test_a_page_of_regions_may_have_several_counts(village: Place) -> None:
    """The regions of a level do not overlap, so counting in all of them counts the country once per level."""
    text = """{ regions(first: 1000) { nodes { households(first: 1000) { totalCount groups(by: STATUS) { key } }
      members(first: 1000) { totalCount } businesses(first: 1000) { totalCount } } } }"""
    assert (await village.query("analyst", text)).codes == []


async def test_the_types_of_an_interface_are_compiled_once(village: Place) -> None:
    answer: Any = await village.query("officer", PARENTS)
    assert answer.codes == []


async def test_without_a_token_introspection_is_limited(village: Place) -> None:
    many = "{ " + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(MOST_META_ROOTS + 1)) + " }"
    answer: Any = await village.query(None, many)
    assert answer.status == 401


SHOWN = """mutation($items: [VerifyItemInput!]!) { verifyHouseholds(input: {items: $items}) {
  results { household { members { household { members { household { members { %s } } } } } } } } }"""


async def test_a_record_selected_many_times_in_a_payload_costs_as_often(village: Place) -> None:
    """Each of fifty results selects the household with everything in it: the command is refused."""
    document = await village.new_household("SUBMITTED")
    items = [{"id": document["id"], "rev": 1}]
    deeper = "id household { members { household { members { id } } } }"
    answer = await village.query("verifier", SHOWN % deeper, items=items)
    assert answer.codes == ["QUERY_TOO_COMPLEX"]
    assert answer.errors[0]["extensions"]["requested"] > Limit.NODES.limit
    assert (await village.household("officer", document["id"], "workflowState"))["workflowState"] == "SUBMITTED"
    answer = await village.query("verifier", SHOWN % "id", items=items)
    assert answer.codes == []
    assert answer.json["extensions"]["cost"]["requested"] == 50 * (1 + 5 + 25 + 125)


async def test_payloads_have_the_timeout_of_a_query(village: Place) -> None:
    """The command is done; only its payload is left out."""
    document = household(people=50)
    await village.submit("officer", document)
    async with served_with(village, query_timeout_ms=100) as hurried:
        answer = await hurried.query("verifier", SHOWN % "id", items=[{"id": document["id"], "rev": 1}] * 50)
    assert set(answer.codes) == {"TIMEOUT"}
    households = [result["household"] for result in answer.json["data"]["verifyHouseholds"]["results"]]
    assert len(households) == 50
    assert households[-1] is None
    state = await village.household("officer", document["id"], "workflowState")
    assert state["workflowState"] == "VERIFIED_VILLAGE"
