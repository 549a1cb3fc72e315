"""Lists of the records of villages answer what plain Python selects of the stored rows, for every noun and caller.

The nouns, their lists and the column that a list is dated by follow from the declarations; which records exist for a
caller says the oracle of the access tests.  Filters, orders, counts and pages are worked out here a second time.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from registry.codes.case import SETTLED
from registry.models.aggregate import village_records
from registry.models.noun import table_of
from schema.declare.listing import LIST_OPTIONS
from server.database.embedded import Embedded
from tests.building import build_world
from tests.listing import first_day
from tests.personas import REPRESENTATIVES, Persona
from tests.world import VILLAGE_LISTS, World

pytestmark = pytest.mark.anyio
NOUN_OF = {str(noun.__tablename__): noun for noun in village_records()}
DAYS = ["2019-12-31", "2020-01-01", "2020-05-17", "2020-06-01", "2021-02-28"]
PARTIAL = [*DAYS, "2020", "2020-05", "2021-02", None]
QUERY = """query($filter: PillarFilter, $first: Int, $after: String) {{
  list: {name}(filter: $filter, first: $first, after: $after) {{
    totalCount nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"""
PLACES = ("A", "A1", "A11", "A111", "A112", "A2", "B", "B1", "B111")
DRAWS = 6  # filters for each list and caller
Row = Mapping[str, Any]


@pytest.fixture(scope="module")
async def dated(postgres: Embedded, fresh: Any, anyio_backend: str) -> AsyncIterator[World]:
    """A world of its own, whose records have many days, and partial ones or none where they may."""
    name, chance = await fresh(), random.Random(14)
    async with build_world(postgres.dsn(name), postgres.dsn(name, user="registry_app")) as world:
        for table in VILLAGE_LISTS.values():
            column = table_of(NOUN_OF[table]).c[day_of(table)]
            for row in sorted(world.of(table), key=lambda row: row.id):
                day = chance.choice([day for day in PARTIAL if day or column.nullable])
                value = dt.date.fromisoformat(first_day(day)) if day and column.type.python_type is dt.date else day
                await world.admin.execute(
                    f"UPDATE registry.{table} SET {column.name} = $2 WHERE id = $1", row.id, value
                )
        yield world


def day_of(table: str) -> str:
    """The column that a list of the table is dated and ordered by."""
    test: Any = LIST_OPTIONS[NOUN_OF[table]].filters["date"].test
    return str(test.datum.key)


def day(table: str, row: Row) -> str | None:
    """The first day of what is stored."""
    value = row[day_of(table)]
    return None if value is None else first_day(str(value))


def meets(table: str, row: Row, filter_: Mapping[str, Any], programmes: Mapping[str, Any], place: str) -> bool:
    """Whether a row meets all conditions: of the region, of the day, of the programme, and of how far a case is."""
    if "within" in filter_ and not any(f"{place}.".startswith(f"{code}.") for code in filter_["within"]):
        return False
    stored = day(table, row)
    for operator, operand in filter_.get("date", {}).items():
        if operator == "isNull":
            holds = (stored is None) is operand
        else:
            compared = {"gt": str.__gt__, "gte": str.__ge__, "lt": str.__lt__, "lte": str.__le__, "eq": str.__eq__}
            holds = stored is not None and bool(compared[operator](stored, first_day(operand)))
        if not holds:
            return False
    if "programme" in filter_:
        codes = programmes[str(row["programme_id"] if "programme_id" in row else row["village_id"])]
        if not codes & set(filter_["programme"]):
            return False
    return "caseStatus" not in filter_ or row["status"] in filter_["caseStatus"]


def draw(table: str, chance: random.Random, codes: list[str]) -> dict[str, Any]:
    """A random filter, of the keys that the noun's declaration has."""
    operator = chance.choice(["gt", "gte", "lt", "lte", "eq"])
    days: list[dict[str, Any]] = [{operator: chance.choice(DAYS)}, {"gte": DAYS[1], "lt": DAYS[4]}, {"isNull": True}]
    values: dict[str, Any] = {
        "within": chance.sample(codes, 2),
        "date": chance.choice(days),
        "programme": chance.sample(["DESMIGRATIF", "OTHER"], chance.randint(1, 2)),
        "caseStatus": chance.sample(["RECEIVED", *(status.value for status in SETTLED)], 2),
    }
    keys = [key for key in LIST_OPTIONS[NOUN_OF[table]].filters if key in values]
    assert {"within", "date", "programme"} <= {*keys}
    return {key: values[key] for key in chance.sample(keys, chance.randint(0, 2))}


async def programmes_of(world: World) -> dict[str, set[str]]:
    """The codes of the programmes by the id of a village that is enrolled, and by their own id."""
    rows = await world.admin.fetch(
        "SELECT id::text AS key, code FROM registry.programme UNION ALL"
        " SELECT e.region_id::text, p.code FROM registry.village_enrolment e JOIN registry.programme p"
        " ON p.id = e.programme_id WHERE e.active"
    )
    codes: dict[str, set[str]] = {key: set() for key in ("None", *map(str, world.regions.values()))}
    for row in rows:
        codes.setdefault(row["key"], set()).add(row["code"])
    return codes


async def answered(
    world: World, who: Persona, name: str, filter_: Mapping[str, Any], size: int
) -> tuple[int, list[str]]:
    """The count and the ids of all pages; nothing where the list is refused."""
    ids: list[str] = []
    after = None
    while True:
        answer = await world.ask(who, QUERY.format(name=name), filter=filter_, first=size, after=after)
        if answer.codes == ["FORBIDDEN"]:
            return 0, []
        assert not answer.codes, answer.body
        page = answer.data["list"]
        ids += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return page["totalCount"], ids
        assert len(page["nodes"]) == size
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("name", VILLAGE_LISTS)
async def test_a_list_answers_what_plain_python_selects(dated: World, name: str) -> None:
    world, table, chance = dated, VILLAGE_LISTS[name], random.Random(name)
    stored = {str(row["id"]): dict(row) for row in await world.admin.fetch(f"SELECT * FROM registry.{table}")}
    programmes, codes = await programmes_of(world), [world.codes[key] for key in PLACES]
    shown, narrowed = 0, 0
    for who in REPRESENTATIVES:
        exists = world.listed(who, table)
        for _ in range(DRAWS):
            filter_ = draw(table, chance, codes)
            met = [id_ for id_ in exists if meets(table, stored[id_], filter_, programmes, stored[id_]["area"])]
            known = sorted((id_ for id_ in met if day(table, stored[id_])), reverse=True)
            known.sort(key=lambda id_: str(stored[id_][day_of(table)]), reverse=True)  # a year before its days
            unknown = sorted((id_ for id_ in met if not day(table, stored[id_])), reverse=True)
            count, ids = await answered(world, who, name, filter_, chance.choice([1, 2, 50]))
            assert (count, ids) == (len(met), [*known, *unknown]), (who.name, filter_)
            shown += len(met)
            narrowed += 0 < len(met) < len(exists)
    assert shown > 20
    assert narrowed
