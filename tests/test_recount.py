"""Every indicator that counts a ledger, counted again as its words say: from the ledgers' rows, and by `statistics`."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import asyncpg
import pytest

from auth.sensitivity import Sensitivity
from registry.codes import Dimension, IndicatorName
from registry.figures.catalogue import INDICATORS
from registry.figures.count import Count, amount, conditions, key_of
from registry.figures.unit import Unit
from registry.write.fold import fold
from server.demo.load import load
from tests.invented_rows import invented_rows, write
from tests.recount import Row
from tests.recounting import (
    DATED,
    INFINITY,
    JAKARTA,
    LIVE,
    PERIODS,
    SHARES,
    WHOLE,
    Cells,
    period_of,
    recounted,
    recounts,
)
from tests.test_ledger import SOME, expected_ledger, vault
from tests.test_statistics import asked, total_of
from tests.village import FAR, HERE, NEXT_DOOR, Place

pytestmark = pytest.mark.anyio
Moment = tuple[dt.date, dt.datetime | None]
"""A day, and the end of it if it is over."""
Ledgers = dict[str, list[Row]]
"""Unit → its rows."""
TODAY = dt.datetime.now(JAKARTA).date()
DAYS = (TODAY, *map(dt.date.fromisoformat, ("2024-02-29", "2025-03-01", "2025-08-30", "2025-08-31", "2028-02-29")))
"""Days around which invented rows change: also those that other months and years have not."""
NAMES = (*WHOLE, *SHARES)


def moment_of(day: dt.date) -> Moment:
    """The end of a day that is over; what holds now of today and of a day to come."""
    return day, dt.datetime.combine(day + dt.timedelta(1), dt.time(), JAKARTA) if day < TODAY else None


def some_moment(rng: random.Random) -> Moment:
    return moment_of(TODAY + dt.timedelta(rng.randrange(-730, 3653)))


def counts_of(name: str) -> list[Count]:
    """The numerator and, of a share, the denominator."""
    indicator = INDICATORS[IndicatorName(name)]
    return [count for count in (indicator.counts, indicator.per) if count is not None]


def breakdowns(name: str) -> list[Dimension]:
    """Those of a day: by periods only flows."""
    indicator = INDICATORS[IndicatorName(name)]
    periods = PERIODS if counts_of(name)[0].dated is None else ()
    return [dimension for dimension in indicator.by if dimension not in (*LIVE, *periods)]


def test_every_indicator_of_a_ledger_is_recounted() -> None:
    of_ledgers = {name.value for name, indicator in INDICATORS.items() if indicator.counts is not None}
    assert of_ledgers == {*NAMES}
    for name in NAMES:
        assert [count.unit.name for count in counts_of(name)] == [unit for unit, _, _ in recounts(name)]


# --- by the SQL of the definitions ------------------------------------------------------------------------------------


async def counted(admin: asyncpg.Connection, count: Count, by: Sequence[Dimension], area: str, moment: Moment) -> Cells:
    day, at = moment
    date = f"'{day}'::date"
    held = "l.until = 'infinity'" if at is None else "l.since < $2 AND l.until >= $2"
    tests = [f"left(l.area, {len(area)}) = $1", held, *conditions(count, date)]
    keys = ", ".join(key_of(count, dimension, date) for dimension in by)
    rows = await admin.fetch(
        f"SELECT ARRAY[{keys}]::text[] AS keys, {amount(count)} AS n FROM {count.unit.ledger} l"
        f" WHERE {' AND '.join(tests)} GROUP BY 1",
        *((area,) if at is None else (area, at)),
    )
    return {tuple(row["keys"]): row["n"] for row in rows if row["n"]}


async def differences(
    admin: asyncpg.Connection, ledgers: Ledgers, name: str, by: Sequence[Dimension], area: str, moment: Moment
) -> list[str]:
    """What is counted otherwise than recounted of one question."""
    wrong = []
    for part, count in enumerate(counts_of(name)):
        # Only the numerator is broken down by procedural status.
        of_part = [each for each in by if part == 0 or each is not Dimension.PROCEDURAL_STATUS]
        answer = await counted(admin, count, of_part, area, moment)
        if answer != recounted(name, part, ledgers[count.unit.name], of_part, area, *moment):
            wrong.append(f"{name} part {part} by {of_part} in {area!r} on {moment}")
    return wrong


async def random_differences(
    admin: asyncpg.Connection, ledgers: Ledgers, name: str, areas: Sequence[str], rng: random.Random, number: int
) -> list[str]:
    wrong = []
    for _ in range(number):
        dimensions = breakdowns(name)
        by = rng.sample(dimensions, min(len(dimensions), rng.choice([0, 1, 1, 2, 3])))
        wrong += await differences(admin, ledgers, name, by, rng.choice(areas), some_moment(rng))
    return wrong


async def test_indicators_of_a_small_demo_equal_a_recount_of_its_documents(admin: asyncpg.Connection) -> None:
    await load(admin, vault(), only=SOME)
    ledgers = {name.removeprefix("ledger_"): rows for name, rows in (await expected_ledger(admin)).items()}
    rng = random.Random(seed := random.randrange(10**6))
    of_households = [name for name in NAMES if recounts(name)[0][0] in ledgers]
    assert len(of_households) > 30
    for name in of_households:
        areas = ("", *SOME, "35", "52.03", "12.07.26", "99")
        assert await random_differences(admin, ledgers, name, areas, rng, 6) == [], seed


@pytest.fixture(scope="module")
async def invented(village: Place) -> Ledgers:
    """Invented rows in three villages, some of them folded."""
    rng = random.Random(seed := random.randrange(10**6))
    print(f"invented with seed {seed}")  # noqa: T201  (shown when a test fails)
    places = {code: village.regions[code] for code in (HERE, NEXT_DOOR, FAR)}
    ledgers: dict[Unit, list[Row]] = invented_rows(places, DAYS, rng)
    for unit, rows in ledgers.items():
        await write(village.admin, unit, rows[::2])
    while await fold(village.database):
        pass
    for unit, rows in ledgers.items():
        await write(village.admin, unit, rows[1::2])
    return {unit.name: rows for unit, rows in ledgers.items()}


@pytest.mark.parametrize("name", NAMES)
async def test_every_condition_and_every_limit_decides(village: Place, invented: Ledgers, name: str) -> None:
    for day in DAYS:
        assert await differences(village.admin, invented, name, [], "", moment_of(day)) == []
    for dimension in breakdowns(name):
        for day in random.sample(DAYS, 2):
            assert await differences(village.admin, invented, name, [dimension], "", moment_of(day)) == []
    rng = random.Random(seed := random.randrange(10**6))
    assert await random_differences(village.admin, invented, name, ("35.07", HERE, FAR), rng, 6) == [], seed


# --- by statistics ----------------------------------------------------------------------------------------------------

Line = tuple[tuple[str, ...], float | None]
EXACT = [name for name in NAMES if INDICATORS[IndicatorName(name)].sensitivity is not Sensitivity.PROTECTIVE]
"""Those that a coordinator sees as they are in their regency; of the others everybody sees what is published."""
OWN = ("35.07", "35.07.11", HERE)


def exact_breakdowns(name: str) -> list[Dimension]:
    return [
        dimension
        for dimension in INDICATORS[IndicatorName(name)].by
        if dimension not in LIVE and dimension.sensitivity is not Sensitivity.PROTECTIVE
    ]


def value_of(name: str, whole: Cells, part: Cells, keys: tuple[str, ...]) -> float | None:
    """What is shown of a numerator `part`, of a share per cent of the `whole`."""
    if name in SHARES:
        per_cent = Decimal(100 * part.get(keys, 0)) / whole[keys] if keys in whole else None
        return per_cent and float(per_cent.quantize(Decimal("0.1"), ROUND_HALF_UP))
    return float(part[keys]) if keys in part else None if name == "CASE_MEDIAN_DAYS" else 0


def month_ends(first: dt.date, last: dt.date, dimension: Dimension) -> list[dt.date]:
    """The last days of the periods between two days, the last one cut off at its end."""
    days = [first + dt.timedelta(n) for n in range((last - first).days + 1)]
    last_days = {period_of(str(day), dimension): day for day in days}
    return list(last_days.values())


def shown_keys(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(key or "UNKNOWN" for key in keys)


def expected(ledgers: Ledgers, name: str, by: Sequence[Dimension], area: str, days: Sequence[dt.date]) -> Counter[Line]:
    """The rows of an answer on these days: those of a series have the period as a key."""
    shown: Counter[Line] = Counter()
    for day in days:
        own = [dimension for dimension in by if dimension not in PERIODS]
        parts = [
            recounted(name, part, ledgers[unit], own, area, *moment_of(day))
            for part, (unit, _, _) in enumerate(recounts(name))
        ]
        for keys in {keys for part in parts for keys in part}:
            named = iter(shown_keys(keys))
            line = tuple(period_of(str(day), each) if each in PERIODS else next(named) for each in by)
            shown[line, value_of(name, parts[-1], parts[0], keys)] += 1
    return shown


def lines_of(answer: Any) -> Counter[Line]:
    """Keys and value of each row: what is recorded as unknown and what is not recorded are two of the same keys."""
    rows = answer["rows"]["nodes"]
    lines = [(tuple(key["key"] for key in row["keys"]), row["figures"][0]["value"]) for row in rows]
    return without_nothing(Counter(lines))


def without_nothing(lines: Counter[Line]) -> Counter[Line]:
    """Rows without anything to count may be shown or left out."""
    return Counter({line: number for line, number in lines.items() if line[1]})


async def check_answer(
    place: Place, ledgers: Ledgers, name: str, by: Sequence[Dimension], area: str, days: Sequence[dt.date], **when: Any
) -> None:
    answer = await asked(place, "coordinator", name, by=tuple(by), **{"in": area}, **when)
    figures = [figure for row in (*answer["rows"]["nodes"], answer["total"]) for figure in row["figures"]]
    assert {(figure["exact"], figure["suppressed"]) for figure in figures} <= {(True, False)}, (name, by, area, when)
    assert lines_of(answer) == without_nothing(expected(ledgers, name, by, area, days)), (name, by, area, when)
    ((_, total),) = expected(ledgers, name, [], area, days[-1:]) or [((), value_of(name, {}, {}, ()))]
    assert total_of(answer) == (total,), (name, by, area, when)


@pytest.mark.parametrize(
    ("name", "by", "area"),
    [
        ("PARENTING_REACH", Dimension.PARENTS_ABROAD, "35.07"),  # of the children whose mother is abroad, not of all
        ("HOUSEHOLDS", Dimension.PROVINCE, "35.07"),  # one row for what lies inside, and none for the province
        ("HOUSEHOLDS", Dimension.DISTRICT, HERE),
    ],
)
async def test_statistics_of_one_breakdown_equal_the_recount(
    village: Place, invented: Ledgers, name: str, by: Dimension, area: str
) -> None:
    await check_answer(village, invented, name, [by], area, [TODAY])


@pytest.mark.parametrize("name", [name for name in EXACT if counts_of(name)[0].dated is None])
async def test_statistics_of_a_stock_equal_the_recount(village: Place, invented: Ledgers, name: str) -> None:
    rng = random.Random()
    dimensions = [dimension for dimension in exact_breakdowns(name) if dimension not in PERIODS]
    for day in (None, TODAY - dt.timedelta(rng.randrange(1, 730))):
        by = rng.sample(dimensions, min(len(dimensions), rng.choice([0, 1, 2, 3])))
        when = {} if day is None else {"on": str(day)}
        await check_answer(village, invented, name, by, rng.choice(OWN), [day or TODAY], **when)
    if not set(PERIODS) & set(exact_breakdowns(name)):
        return
    period = rng.choice(PERIODS)
    by = [period, *rng.sample(dimensions, min(len(dimensions), rng.choice([0, 1])))]
    rng.shuffle(by)
    first = TODAY - dt.timedelta(rng.randrange(200, 700))
    last = rng.choice([TODAY, TODAY - dt.timedelta(rng.randrange(100))])
    days = month_ends(first, last, period)
    within: dict[str, Any] = {"period": {"from": str(first), "to": str(last)}}
    await check_answer(village, invented, name, by, rng.choice(OWN), days, **within)


def happened(rows: Iterable[Row], dated: str, period: tuple[dt.date, dt.date] | None) -> list[Row]:
    """Those that hold now and happened in the period, or on any recorded day."""
    first, last = period or (dt.date.min, dt.date.max)
    return [row for row in rows if row["until"] == INFINITY and row[dated] and first <= row[dated] <= last]


@pytest.mark.parametrize("name", [name for name in EXACT if counts_of(name)[0].dated is not None])
async def test_statistics_of_a_flow_equal_the_recount(village: Place, invented: Ledgers, name: str) -> None:
    """Of a period, and of all that is known."""
    rng = random.Random()
    first, last = TODAY - dt.timedelta(rng.randrange(300, 900)), TODAY - dt.timedelta(rng.randrange(100))
    for period in ((first, last), None):
        rows = happened(invented[recounts(name)[0][0]], DATED[name], period)
        by = rng.sample(exact_breakdowns(name), rng.choice([0, 1, 2, 3]))
        when: dict[str, Any] = {} if period is None else {"period": {"from": str(first), "to": str(last)}}
        answer = await asked(village, "coordinator", name, by=tuple(by), **{"in": "35.07"}, **when)
        part = recounted(name, 0, rows, by, "35.07", TODAY, None)
        assert lines_of(answer) == Counter((shown_keys(keys), float(number)) for keys, number in part.items()), by
        whole = recounted(name, 0, rows, [], "35.07", TODAY, None)
        assert total_of(answer) == (value_of(name, {}, whole, ()),), when
