"""Statistics: any allowed breakdown of what is declared, equal to a count by hand, and exact only where it may be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry.figures.catalogue import INDICATORS
from registry.guard.close_crossings import CLOSING
from tests.test_figures import counted
from tests.village import FAR, HERE, NEXT_DOOR, Answer, Place

__all__ = ["counted"]

pytestmark = pytest.mark.anyio
ROW = "{ keys { dimension key label } figures { value suppressed exact margin } }"
ANSWER = f"""{{
  indicators {{ name }} region {{ code }} on periodFrom periodTo cutOff regionVersion villagesReporting villagesEnrolled
  villagesPublished
  includesUnverified suppressedCells total {ROW} rows(first: 1000) {{ totalCount nodes {ROW} }} }}"""
STATISTICS = f"""query($i: [IndicatorName!]!, $by: [Dimension!]!, $in: RegionCode, $on: Date, $period: DateRangeInput,
  $map: Boundaries! = NOW) {{
  statistics(indicators: $i, by: $by, within: $in, on: $on, period: $period, boundaries: $map) {ANSWER} }}"""
PAGE = """query($i: [IndicatorName!]!, $by: [Dimension!]!, $order: StatisticOrder, $first: Int, $after: String) {
  statistics(indicators: $i, by: $by) { rows(orderBy: $order, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { keys { key } figures { value } } } } }"""
WAS = "35.07.11.2077"
Rows = dict[tuple[str, ...], tuple[float | None, ...]]


async def asked(place: Place, who: str, *indicators: str, by: tuple[str, ...] = (), **more: Any) -> Any:
    answer = await place.ask(who, STATISTICS, i=list(indicators), by=list(by), **more)
    return answer["statistics"]


def rows_of(answer: Any) -> Rows:
    """Keys → values."""
    return {
        tuple(key["key"] for key in row["keys"]): tuple(figure["value"] for figure in row["figures"])
        for row in answer["rows"]["nodes"]
    }


def total_of(answer: Any) -> tuple[float | None, ...]:
    return tuple(figure["value"] for figure in answer["total"]["figures"])


# --- counted by hand --------------------------------------------------------------------------------------------------


async def test_the_country_by_hand(counted: Place) -> None:
    answer = await asked(counted, "ministry", "PERSONS_ACTIVE", "HOUSEHOLD_MEMBERS", "BUSINESSES", by=("PROVINCE",))
    assert rows_of(answer) == {("35",): (7, 10, 6), ("52",): (0, 1, 1)}
    assert total_of(answer) == (7, 11, 7)
    assert answer["rows"]["totalCount"] == 2
    assert [row["keys"][0]["label"] for row in answer["rows"]["nodes"]] == ["Jawa Timur", "Nusa Tenggara Barat"]
    assert [each["name"] for each in answer["indicators"]] == ["PERSONS_ACTIVE", "HOUSEHOLD_MEMBERS", "BUSINESSES"]
    assert (answer["region"], answer["villagesEnrolled"], answer["villagesReporting"]) == (None, 3, 3)
    assert (answer["suppressedCells"], answer["includesUnverified"], answer["on"]) == (0, False, None)
    figures = [figure for row in answer["rows"]["nodes"] for figure in row["figures"]]
    assert {(figure["suppressed"], figure["exact"], figure["margin"]) for figure in figures} == {(False, True, 0)}


async def test_breakdowns_by_facts_and_places(counted: Place) -> None:
    by_field = await asked(counted, "ministry", "BUSINESSES", by=("BUSINESS_FIELD",))
    assert rows_of(by_field) == {("CRAFTS",): (1,), ("RETAIL",): (5,), ("TOURISM_LODGING",): (1,)}
    assert by_field["rows"]["nodes"][1]["keys"][0] == {
        "dimension": "BUSINESS_FIELD",
        "key": "RETAIL",
        "label": "Warung dan toko (47)",
    }
    both = await asked(counted, "ministry", "BUSINESSES", by=("BUSINESS_FIELD", "VILLAGE"))
    assert rows_of(both) == {("CRAFTS", HERE): (1,), ("RETAIL", HERE): (5,), ("TOURISM_LODGING", FAR): (1,)}
    assert total_of(both) == (7,)
    within = await asked(counted, "ministry", "BUSINESSES", by=("PROVINCE", "BUSINESS_FIELD"), **{"in": "35.07"})
    assert rows_of(within) == {("35", "CRAFTS"): (1,), ("35", "RETAIL"): (5,)}
    assert (within["region"], total_of(within)) == ({"code": "35.07"}, (6,))


async def test_every_declared_breakdown_adds_up_to_its_total(counted: Place) -> None:
    for indicator in INDICATORS.values():
        if indicator.counts is None or indicator.per is not None or indicator.counts.dated is not None:
            continue
        for dimension in indicator.by:
            if dimension.value in ("MONTH", "QUARTER", "YEAR", "WORKFLOW_STATE"):
                continue
            answer = await asked(counted, "ministry", indicator.name.value, by=(dimension.value,))
            values = [values[0] for values in rows_of(answer).values()]
            assert sum(value or 0 for value in values) == total_of(answer)[0], (indicator.name, dimension)


async def test_a_share_is_divided_last(counted: Place) -> None:
    answer = await asked(counted, "ministry", "FEMALE_SHARE", by=("VILLAGE",))
    for value in (*total_of(answer), *[values[0] for values in rows_of(answer).values()]):
        assert value is None or 0 <= value <= 100
    (country,) = total_of(answer)
    women = await counted.admin.fetchval(
        "SELECT round(100.0 * count(*) FILTER (WHERE sex = 'FEMALE') / count(*) FILTER (WHERE sex IS NOT NULL), 1)"
        " FROM ledger_migrant WHERE until = 'infinity' AND stage = 'WORKING_ABROAD'"
    )
    assert country == float(women)
    assert rows_of(answer)[FAR,] == (None,), "nobody of that village works abroad"


async def test_regions_answer_like_the_root_and_in_the_same_statement(counted: Place) -> None:
    few = "{ total { figures { value } } rows(first: 5) { nodes { keys { key } figures { value } } } }"
    text = f"""query($i: [IndicatorName!]!) {{ provinces(first: 5) {{ nodes {{ code statistics(indicators: $i) {few}
      regencies(first: 5) {{ nodes {{ code statistics(indicators: $i, by: [VILLAGE]) {few} }} }} }} }} }}"""
    counted.statements.clear()
    data = await counted.ask("ministry", text, i=["BUSINESSES", "HOUSEHOLD_MEMBERS"])
    assert len(counted.statements) == 1
    for province in data["provinces"]["nodes"]:
        root = await asked(counted, "ministry", "BUSINESSES", "HOUSEHOLD_MEMBERS", **{"in": province["code"]})
        assert total_of(province["statistics"]) == total_of(root) == rows_of(province["statistics"])[()]
        for regency in province["regencies"]["nodes"]:
            answer = regency["statistics"]
            sums = [sum(filter(None, values)) for values in zip(*rows_of(answer).values(), strict=True)]
            assert tuple(sums) == total_of(answer)


# --- time -------------------------------------------------------------------------------------------------------------


async def test_a_past_day_is_counted_as_it_was(counted: Place) -> None:
    """As if the household of one village had been verified long ago."""
    ledgers = ("ledger_household", "ledger_person", "ledger_migrant", "ledger_episode", "ledger_business")
    opened = await counted.admin.fetchval("SELECT max(since) FROM ledger_household WHERE area = $1", FAR)
    for ledger in ledgers:
        await counted.admin.execute(f"UPDATE {ledger} SET since = '2025-03-10 12:00+07' WHERE area = $1", FAR)
    before = await asked(counted, "ministry", "HOUSEHOLD_MEMBERS", "BUSINESSES", on="2025-03-10")
    assert (total_of(before), before["on"]) == ((1, 1), "2025-03-10")
    refused = await counted.query("ministry", STATISTICS, "en", i=["BUSINESSES"], by=[], on="2025-03-08")
    assert problem(refused) == "BEFORE_FIRST_VERIFICATION"
    months = {"from": "2025-02-01", "to": "2025-04-30"}
    series = await asked(counted, "ministry", "BUSINESSES", by=("MONTH", "PROVINCE"), period=months)
    assert rows_of(series) == {("2025-03", "52"): (1,), ("2025-04", "52"): (1,)}
    assert series["rows"]["nodes"][0]["keys"][0]["label"] == "Maret 2025"
    assert (series["periodFrom"], series["periodTo"], total_of(series)) == ("2025-02-01", "2025-04-30", (1,))
    began = await counted.admin.fetchval("SELECT valid_from FROM region_code WHERE code = $1", FAR)
    await counted.admin.execute("UPDATE region_code SET valid_from = '2025-04-01' WHERE code = $1", FAR)
    await counted.admin.execute(
        "INSERT INTO region_code (region_id, code, valid_from, valid_to)"
        " VALUES ($1, '52.03.99.2002', '2000-01-01', '2025-04-01')",
        counted.regions[FAR],
    )
    then = await asked(counted, "ministry", "BUSINESSES", by=("MONTH", "VILLAGE"), period=months, map="THEN")
    assert set(rows_of(then)) == {("2025-03", "52.03.99.2002"), ("2025-04", FAR)}
    quarters = await asked(counted, "ministry", "BUSINESSES", by=("QUARTER",), period=months)
    assert rows_of(quarters) == {("2025-Q1",): (1,), ("2025-Q2",): (1,)}
    await counted.admin.execute("DELETE FROM region_code WHERE code = '52.03.99.2002'")
    await counted.admin.execute("UPDATE region_code SET valid_from = $2 WHERE code = $1", FAR, began)
    for ledger in ledgers:
        await counted.admin.execute(f"UPDATE {ledger} SET since = $2 WHERE area = $1", FAR, opened)


# --- who sees how much ------------------------------------------------------------------------------------------------


async def test_a_row_is_exact_where_its_whole_area_is_the_callers(counted: Place) -> None:
    answer = await asked(counted, "coordinator", "BUSINESSES", by=("PROVINCE", "VILLAGE"))
    exact = {
        row["keys"][1]["key"]: [(figure["exact"], figure["suppressed"]) for figure in row["figures"]]
        for row in answer["rows"]["nodes"]
    }
    assert exact == {HERE: [(True, False)], NEXT_DOOR: [(True, False)], FAR: [(False, True)]}
    assert rows_of(answer)["52", FAR] == (None,)
    assert total_of(answer) == (None,), "the country is not theirs"
    province = await asked(counted, "coordinator", "BUSINESSES", by=("PROVINCE",))
    assert rows_of(province) == {("35",): (None,), ("52",): (None,)}
    own = await asked(counted, "coordinator", "BUSINESSES", by=("BUSINESS_FIELD",), **{"in": "35.07"})
    assert rows_of(own) == {("CRAFTS",): (1,), ("RETAIL",): (5,)}


@pytest.mark.parametrize("who", ["officer", "viewer", "coordinator", "nobody", "stranger"])
async def test_nothing_of_others_is_counted(counted: Place, who: str) -> None:
    """No row, key or number tells what lies elsewhere: a breakdown by a fact has no rows for others' facts."""
    elsewhere = "52.03" if who != "stranger" else "35.07"
    answer = (
        await asked(counted, who, "BUSINESSES", "PERSONS_ACTIVE", by=("SEX",), **{"in": elsewhere}) if False else None
    )
    answer = await asked(counted, who, "BUSINESSES", by=("BUSINESS_FIELD",), **{"in": elsewhere})
    assert rows_of(answer) == {}
    assert total_of(answer) == (None,)
    assert answer["suppressedCells"] == 1


@pytest.fixture
async def moved(counted: Place) -> AsyncIterator[Place]:
    """As if FAR had lain in the regency of HERE until April 2025, and its household been verified before."""
    admin = counted.admin
    began = await admin.fetchval("SELECT valid_from FROM region_code WHERE code = $1", FAR)
    opened = await admin.fetchval("SELECT max(since) FROM ledger_household WHERE area = $1", FAR)
    for ledger in ("ledger_household", "ledger_person", "ledger_migrant", "ledger_episode", "ledger_business"):
        await admin.execute(f"UPDATE {ledger} SET since = '2025-03-10 12:00+07' WHERE area = $1", FAR)
    await admin.execute("UPDATE region_code SET valid_from = '2025-04-01' WHERE code = $1", FAR)
    await admin.execute(
        "INSERT INTO region_code (region_id, code, valid_from, valid_to) VALUES ($1, $2, '2000-01-01', '2025-04-01')",
        *(counted.regions[FAR], WAS),
    )
    yield counted
    await admin.execute("DELETE FROM region_code WHERE code = $1", WAS)
    await admin.execute("UPDATE region_code SET valid_from = $2 WHERE code = $1", FAR, began)
    for ledger in ("ledger_household", "ledger_person", "ledger_migrant", "ledger_episode", "ledger_business"):
        await admin.execute(f"UPDATE {ledger} SET since = $2 WHERE area = $1", FAR, opened)


async def test_a_village_that_left_a_region_is_not_its_officials_on_the_map_of_then(moved: Place) -> None:
    """The map of then decides where a village is counted, and today's map who sees it."""
    period = {"from": "2015-01-01", "to": "2025-03-31"}
    for more in ({"on": "2025-03-31"}, {"period": period}):
        name = "BUSINESSES" if "on" in more else "RETURNS"
        arguments: dict[str, Any] = more | {"in": "35.07", "map": "THEN"}
        whole = await asked(moved, "ministry", name, by=("VILLAGE",), **arguments)
        (count,) = rows_of(whole)[WAS,]
        assert count
        for who in ("coordinator", "province", "viewer"):
            answer = await asked(moved, who, name, by=("VILLAGE",), **arguments)
            assert rows_of(answer).get((WAS,), (None,)) == (None,), who
            assert total_of(answer) == (None,), "whoever knows the rest could subtract it"
            assert not answer["total"]["figures"][0]["exact"]
            by_regency = await asked(moved, who, name, by=("REGENCY",), **arguments)
            assert rows_of(by_regency) == {("35.07",): (None,)}


async def test_planners_see_from_the_regency_up(counted: Place) -> None:
    """`figure:exact` gives PERSONAL figures of a regency without the records, and nothing of its villages."""
    assert "SEE_PERSONAL" not in (await counted.ask("analyst", "{ viewer { abilities } }"))["viewer"]["abilities"]
    for place in (None, "35", "35.07"):
        whole = await asked(counted, "analyst", "PERSONS_ACTIVE", by=("SEX",), **{"in": place})
        assert total_of(whole) == (7,)
        assert sum(values[0] or 0 for values in rows_of(whole).values()) == 7
    assert rows_of(await asked(counted, "analyst", "PERSONS_ACTIVE", by=("REGENCY",)))["35.07",] == (7,)
    for place in ("35.07.11", HERE):
        below = await asked(counted, "analyst", "PERSONS_ACTIVE", by=("SEX",), **{"in": place})
        assert (total_of(below), rows_of(below)) == ((None,), {})
    assert set(rows_of(await asked(counted, "analyst", "PERSONS_ACTIVE", by=("VILLAGE",))).values()) == {(None,)}


# --- order and pages --------------------------------------------------------------------------------------------------


async def test_rows_are_ordered_and_paged(counted: Place) -> None:
    arguments: dict[str, Any] = {"i": ["BUSINESSES", "WORKERS_PAID"], "by": ["BUSINESS_FIELD"], "first": 2}
    order = {"indicator": "BUSINESSES"}
    first = (await counted.ask("ministry", PAGE, **arguments, order=order))["statistics"]["rows"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (3, True)
    assert first["nodes"][0]["keys"][0]["key"] == "RETAIL"
    after = first["pageInfo"]["endCursor"]
    second = (await counted.ask("ministry", PAGE, **arguments, order=order, after=after))["statistics"]["rows"]
    keys = [row["keys"][0]["key"] for row in (*first["nodes"], *second["nodes"])]
    assert sorted(keys) == ["CRAFTS", "RETAIL", "TOURISM_LODGING"]
    assert len(second["nodes"]) == 1
    by_keys = (await counted.ask("ministry", PAGE, **arguments))["statistics"]["rows"]
    assert [row["keys"][0]["key"] for row in by_keys["nodes"]] == ["CRAFTS", "RETAIL"]
    other = arguments | {"by": ["BUSINESS_SCALE"]}
    refused = await counted.query("ministry", PAGE, **other, order=order, after=after)
    assert refused.codes == ["BAD_USER_INPUT"], "a cursor is good for its own question"
    refused = await counted.query("ministry", PAGE, **arguments, order={"indicator": "PERSONS_ACTIVE"})
    assert refused.codes == ["BAD_USER_INPUT"], "it is not among those asked for"


# --- refused ----------------------------------------------------------------------------------------------------------


def problem(answer: Answer) -> str:
    (error,) = answer.errors
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    return str(error["extensions"]["problem"])


async def test_refusals_say_what_to_do_in_the_callers_language(counted: Place) -> None:
    arguments = {"i": ["BUSINESSES"], "by": ["SEX"]}
    english = await counted.query("officer", STATISTICS, "en", **arguments)
    indonesian = await counted.query("officer", STATISTICS, "id", **arguments)
    assert problem(english) == problem(indonesian) == "DIMENSION_NOT_ALLOWED"
    assert english.errors[0]["message"] == "BUSINESSES has no breakdown by SEX: see `dimensions` of `indicators`."
    assert indonesian.errors[0]["message"] != english.errors[0]["message"]


async def test_others_flows_are_told_by_whole_months(counted: Place) -> None:
    """The parts of a month could be taken from each other; in the caller's own area any days may be asked for."""
    days = {"from": "2025-01-05", "to": "2025-03-31"}
    for who, place in (("nobody", None), ("coordinator", "52.03"), ("coordinator", None)):
        arguments: dict[str, Any] = {"i": ["DEPARTURES"], "by": ["COUNTRY"], "in": place}
        assert problem(await counted.query(who, STATISTICS, period=days, **arguments)) == "PERIOD_NOT_WHOLE_MONTHS"
        whole = await counted.query(who, STATISTICS, period=days | {"from": "2025-01-01"}, **arguments)
        assert rows_of(whole.data["statistics"]) == {}
    earlier: dict[str, Any] = {"in": "35.07", "period": {"from": "2010-01-05", "to": "2025-02-07"}}
    own = await asked(counted, "coordinator", "DEPARTURES", **earlier)
    departures = await counted.admin.fetchval(
        "SELECT count(*) FROM ledger_episode WHERE until = 'infinity' AND area < '36'"
        " AND departed_on BETWEEN '2010-01-05' AND '2025-02-07'"
    )
    assert total_of(own) == (departures,) != (0,), "of days before the first verification too"


async def test_a_code_that_never_was_is_refused(counted: Place) -> None:
    answer = await counted.query("officer", STATISTICS, i=["BUSINESSES"], by=[], **{"in": "99"})
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_a_day_before_the_map_has_no_boundaries_of_then(counted: Place) -> None:
    await counted.admin.execute(
        "INSERT INTO region_list (source, decree, checksum, regions, effective_on)"
        " VALUES ('', '', '', 1, current_date + 1)"
    )
    answer = await counted.query("officer", STATISTICS, "en", i=["BUSINESSES"], by=[], map="THEN")
    await counted.admin.execute("DELETE FROM region_list WHERE effective_on > current_date")
    assert problem(answer) == "BEFORE_THE_MAP"
    then = await asked(counted, "ministry", "BUSINESSES", by=("PROVINCE",), map="THEN")
    assert rows_of(then) == {("35",): (6,), ("52",): (1,)}


# --- published --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def closed(counted: Place) -> AsyncIterator[Place]:
    """The same villages after a close, of which nothing is left for the other tests."""
    for unit in CLOSING:
        await counted.admin.fetchval(f"SELECT registry.close_{unit.name}('infinity')")
    yield counted
    for table in ("published", "block_close"):
        await counted.admin.execute(f"DELETE FROM {table}")


async def test_others_see_the_same_published_number(closed: Place) -> None:
    """Nothing is published of few households; of enough, everybody gets the same multiples of five."""
    shown = [await asked(closed, who, "BUSINESSES", by=("VILLAGE",)) for who in ("stranger", "nobody", "desk")]
    assert shown[1]["rows"] == shown[2]["rows"]
    by_village = [rows_of(answer) for answer in shown]
    assert by_village[0][FAR,] == (1,), "their own"
    assert by_village[1][HERE,] == by_village[0][HERE,] in ((5,), (10,))
    assert by_village[1][FAR,] == (None,)
    published = await closed.admin.fetch(
        "SELECT place, shown FROM published WHERE indicator = 'BUSINESSES' AND part = 'n' AND by = ''"
        " AND place <> '0' AND until = 'infinity'"
    )
    assert {(row["place"],): (row["shown"],) for row in published} == {(HERE,): by_village[1][HERE,]}
    (row,) = [row for row in shown[1]["rows"]["nodes"] if row["keys"][0]["key"] == HERE]
    assert row["figures"][0] | {"value": 0} == {"value": 0, "suppressed": False, "exact": False, "margin": 4}
    by_regency = await asked(closed, "nobody", "BUSINESSES", by=("REGENCY",))
    assert rows_of(by_regency)["35.07",] == by_village[1][HERE,], "the sum of its villages"
    assert by_regency["rows"]["nodes"][0]["figures"][0]["margin"] == 8
    fine = await asked(closed, "nobody", "BUSINESSES", by=("VILLAGE", "BUSINESS_FIELD", "BUSINESS_SCALE"))
    assert rows_of(fine) == {}, "two details are published from the regency up"
    assert (shown[1]["villagesPublished"], shown[1]["cutOff"]) != (0, shown[0]["cutOff"])
