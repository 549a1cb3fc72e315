"""Every indicator of household records, counted again from the verified documents as its words say.

The recount here does not read the definitions: a wrong condition, window or sum there differs from it.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from registry.codes import Dimension, IndicatorName
from registry.figures.catalogue import INDICATORS
from registry.figures.count import Count, amount, conditions, key_of
from registry.figures.units import UNITS
from server.demo.load import load
from tests.recount import Row
from tests.test_ledger import INFINITY, SOME, expected_ledger, vault

pytestmark = pytest.mark.anyio
Test = Callable[[Row, dt.date], bool]
JAKARTA = ZoneInfo("Asia/Jakarta")
LIVE = (Dimension.WORKFLOW_STATE,)
PERIODS = (Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR)
LETTERS = {Dimension.PROVINCE: 2, Dimension.REGENCY: 5, Dimension.DISTRICT: 8, Dimension.VILLAGE: 13}
CALLED = {Dimension.BUSINESS_FIELD: "field", Dimension.BUSINESS_SCALE: "scale"}
BANDS = ((5, "00-04"), (12, "05-11"), (18, "12-17"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (60, "45-59"))


# --- the words, once more ---------------------------------------------------------------------------------------------


def later(day: dt.date, months: int) -> dt.date:
    """The same date so many months later; where that month has none, the first of the next."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    try:
        return dt.date(year, month, day.day)
    except ValueError:
        return dt.date(year + month // 12, month % 12 + 1, 1)


def day_of(row: Row, fact: str) -> dt.date | None:
    return dt.date.fromisoformat(row[fact]) if row[fact] else None


def age(row: Row, day: dt.date) -> int | None:
    born = day_of(row, "born")
    return None if born is None else day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def every(row: Row, day: dt.date) -> bool:
    return True


def having(**facts: object) -> Test:
    return lambda row, day: all(row[name] in (v if isinstance(v, tuple) else (v,)) for name, v in facts.items())


def both(*tests: Test) -> Test:
    return lambda row, day: all(test(row, day) for test in tests)


def is_child(row: Row, day: dt.date) -> bool:
    years = age(row, day)
    return years is not None and years < 18


def is_of_school_age(row: Row, day: dt.date) -> bool:
    years = age(row, day)
    return years is not None and 7 <= years < 18


def ends_soon(row: Row, day: dt.date) -> bool:
    """A date that six months after the day has no such date lies after them."""
    ends = day_of(row, "contract_ends")
    return ends is not None and day <= ends < later(day + dt.timedelta(1), 6)


def is_a_year_old(row: Row, day: dt.date) -> bool:
    began = day_of(row, "started_on")
    return began is not None and later(began, 12) <= day


active = having(stage="WORKING_ABROAD")
returned = having(stage="RETURNED")
left_behind = both(is_child, having(parents_abroad=("MOTHER", "FATHER", "BOTH")))
runs = having(status="RUNNING")
outside = having(procedural_status=("NON_PROCEDURAL", "BECAME_IRREGULAR"))
WHOLE: dict[str, tuple[str, Test, str | None]] = {
    "HOUSEHOLDS": ("household", every, None),
    "PERSONS_PROSPECTIVE": ("migrant", having(stage="PROSPECTIVE"), None),
    "PERSONS_ACTIVE": ("migrant", active, None),
    "PERSONS_RETURNED": ("migrant", returned, None),
    "FAMILY_MEMBERS": ("person", having(migrant_family=True), None),
    "HOUSEHOLD_MEMBERS": ("person", every, None),
    "CHILDREN_UNDER_18": ("person", is_child, None),
    "CHILDREN_LEFT_BEHIND": ("person", left_behind, None),
    "CHILDREN_OF_MOTHER_ABROAD": ("person", both(is_child, having(parents_abroad="MOTHER")), None),
    "CHILDREN_OF_FATHER_ABROAD": ("person", both(is_child, having(parents_abroad="FATHER")), None),
    "CHILDREN_OF_BOTH_ABROAD": ("person", both(is_child, having(parents_abroad="BOTH")), None),
    "CHILDREN_OUT_OF_SCHOOL": (
        "person",
        both(is_of_school_age, having(school_status=("DROPPED_OUT", "NOT_YET"))),
        None,
    ),
    "BUSINESSES": ("business", runs, None),
    "HOUSEHOLDS_WITH_BUSINESS": ("household", having(has_business=True), None),
    "RETURNED_WITH_BUSINESS": ("migrant", both(returned, having(has_business=True)), None),
    "WORKERS_PAID": ("business", runs, "workers_paid"),
    "WORKERS_FAMILY": ("business", runs, "workers_family"),
    "EXPORT_READY": ("business", both(runs, having(export_readiness=("READY", "EXPORTING"))), None),
    "DEPARTURES": ("episode", lambda row, day: bool(row["departed_on"]), None),
    "RETURNS": ("episode", lambda row, day: bool(row["returned_on"]), None),
    "UNDERAGE_FIRST_DEPARTURE": ("migrant", having(left_underage=True), None),
    "CONTRACTS_ENDING_6M": ("migrant", both(active, ends_soon), None),
    "DEATHS": ("migrant", having(stage="DIED_ABROAD"), None),
    "MISSING": ("migrant", having(life_status="MISSING"), None),
}
SHARES: dict[str, tuple[str, Test, Test, str | None, str | None]] = {
    "FEMALE_SHARE": ("migrant", having(sex="FEMALE"), both(active, having(sex=("FEMALE", "MALE"))), None, None),
    "HOUSEHOLDS_WITH_BUSINESS_SHARE": ("household", having(has_business=True), every, None, None),
    "RETURNED_WITH_BUSINESS_SHARE": ("migrant", having(has_business=True), returned, None, None),
    "NIB_SHARE": ("business", having(has_nib=True), runs, None, None),
    "BUSINESS_SURVIVAL_12M": (
        "business",
        having(survived=True),
        both(is_a_year_old, having(survived=(True, False))),
        None,
        None,
    ),
    "NON_PROCEDURAL_SHARE": (
        "migrant",
        outside,
        both(active, having(procedural_status=("PROCEDURAL", "NON_PROCEDURAL", "BECAME_IRREGULAR"))),
        None,
        None,
    ),
    "PROCEDURAL_UNKNOWN_SHARE": ("migrant", having(procedural_status=("UNKNOWN", None)), active, None, None),
    "INFORMAL_SHARE": (
        "migrant",
        having(sector="INFORMAL"),
        both(active, having(sector=("FORMAL", "INFORMAL", "SEA_BASED"))),
        None,
        None,
    ),
    "SOCIAL_SECURITY_COVERAGE": ("migrant", having(insured=True), active, None, None),
    "REMITTANCE_RECEIVING_SHARE": (
        "household",
        having(receives_remittances=True),
        having(has_migrant_abroad=True),
        None,
        None,
    ),
    "PARENTING_REACH": ("person", having(attends_parenting=True), left_behind, None, None),
    "COMPLETENESS": ("household", every, every, "answered", "answers"),
}
"""Of a share: its unit, which of the denominator are in the numerator, the denominator, and what each adds up."""


def recounts(name: str) -> list[tuple[str, Test, str | None]]:
    """Numerator and, of a share, denominator."""
    if name in WHOLE:
        return [WHOLE[name]]
    unit, part, whole, of_part, of_whole = SHARES[name]
    return [(unit, both(whole, part), of_part), (unit, whole, of_whole)]


def key(row: Row, dimension: Dimension, day: dt.date, dated: str | None) -> str:
    if dimension in LETTERS:
        return str(row["area"])[: LETTERS[dimension]]
    if dimension in PERIODS and dated is not None:
        year, month, _ = str(row[dated]).split("-")
        quarter = f"{year}-Q{(int(month) + 2) // 3}"
        return {Dimension.YEAR: year, Dimension.MONTH: f"{year}-{month}"}.get(dimension, quarter)
    if dimension is Dimension.AGE_BAND:
        years = age(row, day)
        return "" if years is None else next((band for end, band in BANDS if years < end), "60+")
    fact = row[CALLED.get(dimension, dimension.value.lower())]
    return "" if fact is None else str(fact)


# --- the questions ----------------------------------------------------------------------------------------------------


async def counted(
    admin: asyncpg.Connection, count: Count, by: list[Dimension], area: str, day: dt.date, at: dt.datetime | None
) -> Counter[tuple[str, ...]]:
    date = f"'{day}'::date"
    held = "l.until = 'infinity'" if at is None else "l.since < $2 AND l.until >= $2"
    tests = [f"left(l.area, {len(area)}) = $1", held, *conditions(count, date)]
    keys = ", ".join(key_of(count, dimension, date) for dimension in by)
    rows = await admin.fetch(
        f"SELECT ARRAY[{keys}]::text[] AS keys, {amount(count)} AS n FROM {count.unit.ledger} l"
        f" WHERE {' AND '.join(tests)} GROUP BY 1",
        *((area,) if at is None else (area, at)),
    )
    return +Counter({tuple(row["keys"]): row["n"] for row in rows})


def recounted(
    rows: list[Row],
    recount: tuple[str, Test, str | None],
    by: list[Dimension],
    area: str,
    day: dt.date,
    at: dt.datetime | None,
    dated: str | None,
) -> Counter[tuple[str, ...]]:
    _, test, summed = recount
    cells: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        is_open = row["until"] == INFINITY
        held = is_open if at is None else row["since"] < at and (is_open or at <= row["until"])
        if held and row["area"].startswith(area) and test(row, day):
            cells[tuple(key(row, dimension, day, dated) for dimension in by)] += row[summed] if summed else 1
    return +cells


DATED = {"DEPARTURES": "departed_on", "RETURNS": "returned_on"}
AREAS = ("", *SOME, "35", "52.03", "12.07.26", "99")


def some_day(today: dt.date) -> tuple[dt.date, dt.datetime | None]:
    """A day of the last two years as it was at its end, or what holds now on a day up to ten years ahead."""
    if random.random() < 0.5:
        day = today - dt.timedelta(random.randrange(730))
        return day, dt.datetime.combine(day + dt.timedelta(1), dt.time(), JAKARTA)
    return today + dt.timedelta(random.randrange(3653)), None


async def differing(
    admin: asyncpg.Connection, ledgers: dict[str, list[Row]], name: str, counts: list[Count], questions: int
) -> list[str]:
    """The questions whose answer is not the recounted one."""
    differences = []
    allowed = [each for each in INDICATORS[IndicatorName(name)].by if each not in LIVE]
    dated = DATED.get(name)
    if dated is None:
        allowed = [each for each in allowed if each not in PERIODS]
    for _ in range(questions):
        by = random.sample(allowed, min(len(allowed), random.choice([0, 1, 1, 2, 3])))
        area, (day, at) = random.choice(AREAS), some_day(dt.datetime.now(JAKARTA).date())
        for part, (count, recount) in enumerate(zip(counts, recounts(name), strict=True)):
            # Only the numerator is broken down by procedural status.
            of_part = [each for each in by if part == 0 or each is not Dimension.PROCEDURAL_STATUS]
            answer = await counted(admin, count, of_part, area, day, at)
            rows = ledgers[f"ledger_{recount[0]}"]
            if answer != recounted(rows, recount, of_part, area, day, at, dated):
                differences.append(f"{name} part {part} by {of_part} in {area!r} on {day} at {at}")
    return differences


def declared(name: str) -> list[Count]:
    indicator = INDICATORS[IndicatorName(name)]
    return [count for count in (indicator.counts, indicator.per) if count is not None]


def test_every_indicator_of_households_is_recounted() -> None:
    of_households = {
        name.value for name, each in INDICATORS.items() if each.counts is not None and each.counts.unit in UNITS
    }
    assert of_households == {*WHOLE, *SHARES}


async def test_every_indicator_equals_a_recount(admin: asyncpg.Connection) -> None:
    await load(admin, vault(), only=SOME)
    ledgers = await expected_ledger(admin)
    for name in (*WHOLE, *SHARES):
        assert await differing(admin, ledgers, name, declared(name), 12) == []
