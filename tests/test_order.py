"""Pages in the order of an index are read from it for every caller, instead of sorting everything they may see."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.test_explain import explain, scanned_rows
from tests.village import FAR, HERE, NEXT_DOOR, Place, episode, household, shop

pytestmark = pytest.mark.anyio
TABLES = {
    "households": "household",
    "members": "member",
    "migrations": "migration_episode",
    "businesses": "business",
}
LISTS = [
    "households",
    "households(orderBy: {field: HOUSEHOLD_NO, direction: DESC})",
    "members",
    "members(orderBy: {field: HOUSEHOLD_NO, direction: DESC})",
    "migrations",
    "businesses",
]
INSIDE = ['members(filter: {within: ["35.07"]})', f'members(filter: {{within: ["{HERE}"]}})', "region/members"]
PEOPLE = 3  # of a household
OWN_IDS = ("id", "household_id", "member_id", "owner_id")
TIMES = 100


@pytest.fixture(scope="module")
async def country(village: Place) -> Place:
    """Households of three villages, recorded in turn, with and without dates."""
    for n in range(8):
        for place, who in ((HERE, "officer"), (NEXT_DOOR, "next door"), (FAR, "stranger")):
            document = household(place, people=PEOPLE)
            day = None if n % 3 else f"20{10 + n}-0{1 + n}"
            migrant = document["members"][0]
            document["migrations"] = [
                episode(migrant, departedOn=day, stage="WORKING_ABROAD" if day else "PROSPECTIVE")
            ]
            document["businesses"] = [shop(migrant, startedOn=day)]
            payload = await village.submit(who, document)
            assert payload["outcome"] == "ACCEPTED", payload
    await village.admin.execute("SET session_replication_role = replica")  # the copies are consistent by construction
    for table in TABLES.values():
        await village.admin.execute(await multiply_statement(village, table))
    await village.admin.execute("SET session_replication_role = DEFAULT; ANALYZE")
    return village


async def multiply_statement(village: Place, table: str) -> str:
    """The statement that adds TIMES copies of a table's rows, because small tables are planned differently."""
    names = await village.admin.fetch(
        """SELECT attname, atttypid = 'uuid'::regtype AS id FROM pg_attribute
           WHERE attrelid = $1::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped""",
        table,
    )
    values = {name: f"md5({name}::text || n)::uuid" for name, id_ in names if id_ and name in OWN_IDS}
    values["household_no"] = "household_no || '/' || n"
    columns = [name for name, _ in names]
    selected = ", ".join(values.get(name, name) for name in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {selected} FROM {table}, generate_series(1, {TIMES}) AS n"
    )


def page_query(field: str, *arguments: str, fields: str = "nodes { id } pageInfo { startCursor endCursor }") -> str:
    """The query for a page of a root list, or of one inside a region (`region/members`)."""
    name, bracket, rest = field.rpartition("/")[2].partition("(")
    all_arguments = ", ".join(([rest.removesuffix(")")] if bracket else []) + list(arguments))
    page = f"list: {name}({all_arguments}) {{ {fields} }}"
    return f'{{ region(code: "35.07") {{ {page} }} }}' if "/" in field else f"{{ {page} }}"


async def page(country: Place, who: str, field: str, *arguments: str) -> Any:
    data = await country.ask(who, page_query(field, *arguments))
    return data["region"]["list"] if "/" in field else data["list"]


@pytest.mark.parametrize("who", ["ministry", "analyst"])
@pytest.mark.parametrize("field", LISTS)
async def test_a_national_page_reads_only_its_rows(country: Place, who: str, field: str) -> None:
    """The first and the last page, and one after and one before a cursor."""
    middle = (await page(country, who, field, "first: 10"))["pageInfo"]["endCursor"]
    for arguments in ("first: 3", "last: 3", f'first: 3, after: "{middle}"', f'last: 3, before: "{middle}"'):
        (root,) = await explain(country, who, page_query(field, arguments, fields="nodes { id }"))
        table = TABLES[field.partition("(")[0]]
        read = scanned_rows(root, table)
        assert 3 <= read <= (3 + 3 * PEOPLE if table == "member" else 4), (arguments, root.plan)
        passed_over = re.findall(r"Rows Removed by .*: (\d+)", "\n".join(root.plan))
        assert sum(map(int, passed_over)) <= PEOPLE, (arguments, root.plan)
        if table == "member":
            assert scanned_rows(root, "household") <= 5, root.plan


@pytest.mark.parametrize("who", ["coordinator", "viewer", "officer", "analyst"])
@pytest.mark.parametrize("field", ["members", *INSIDE])
async def test_members_are_read_by_household(country: Place, who: str, field: str) -> None:
    (root,) = await explain(country, who, page_query(field, "first: 3", fields="nodes { id }"))
    assert 3 <= scanned_rows(root, "member") <= 3 + 3 * PEOPLE, root.plan


@pytest.mark.parametrize("who", ["ministry", "analyst", "coordinator", "viewer", "officer"])
@pytest.mark.parametrize("field", [*LISTS, *INSIDE])
async def test_pages_from_both_ends_give_the_same_list(country: Place, who: str, field: str) -> None:
    forward, backward = list[list[str]](), list[list[str]]()
    pages: list[str | None] = [""]
    while pages[-1] is not None:
        page_data = await page(country, who, field, "first: 1000", *([f'after: "{pages[-1]}"'] if pages[-1] else []))
        forward.append([node["id"] for node in page_data["nodes"]])
        pages.append(page_data["pageInfo"]["endCursor"])
    pages = [""]
    while pages[-1] is not None:
        page_data = await page(country, who, field, "last: 900", *([f'before: "{pages[-1]}"'] if pages[-1] else []))
        backward.insert(0, [node["id"] for node in page_data["nodes"]])
        pages.append(page_data["pageInfo"]["startCursor"])
    ids = [id_ for page_ in forward for id_ in page_]
    assert len(ids) == len(set(ids)) >= 8 * TIMES
    assert ids == [id_ for page_ in backward for id_ in page_]


@pytest.mark.parametrize("who", ["ministry", "coordinator", "officer"])
@pytest.mark.parametrize(
    "field", ["members", "members(orderBy: {field: HOUSEHOLD_NO, direction: DESC})", "members(filter: {sex: [MALE]})"]
)
async def test_members_are_ordered_by_household(country: Place, who: str, field: str) -> None:
    """Whether they are read in that order, or sorted because few of them may meet a condition."""
    nodes = (
        await country.ask(who, page_query(field, "first: 1000", fields="nodes { id seq household { householdNo } }"))
    )["list"]["nodes"]
    rows = [(node["household"]["householdNo"], node["seq"], node["id"]) for node in nodes]
    if "DESC" in field:
        numbers = [number for number, _, _ in rows]
        assert numbers == sorted(numbers, reverse=True)
        for number in set(numbers):
            ids = [id_ for other, _, id_ in rows if other == number]
            assert ids == sorted(ids, reverse=True)
    else:
        assert rows == sorted(rows)
