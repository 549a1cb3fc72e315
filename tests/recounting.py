"""What each indicator counts of the ledgers' rows, as its words say, in plain Python.

Nothing here reads the definitions: a wrong condition, window or sum there differs from it.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from registry.codes import Dimension
from tests.recount import Row

Test = Callable[[Row, dt.date], bool]
Cells = dict[tuple[str, ...], Any]
JAKARTA = ZoneInfo("Asia/Jakarta")
INFINITY = dt.datetime.max  # noqa: DTZ901  (as asyncpg reads it)
LIVE = (Dimension.WORKFLOW_STATE,)
PERIODS = (Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR)
LETTERS = {Dimension.PROVINCE: 2, Dimension.REGENCY: 5, Dimension.DISTRICT: 8, Dimension.VILLAGE: 13}
CALLED = {Dimension.BUSINESS_FIELD: "field", Dimension.BUSINESS_SCALE: "scale"}
BANDS = ((5, "00-04"), (12, "05-11"), (18, "12-17"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (60, "45-59"))


def later(day: dt.date, months: int) -> dt.date:
    """The same date so many months later; where that month has none, the first of the next."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    try:
        return dt.date(year, month, day.day)
    except ValueError:
        return dt.date(year + month // 12, month % 12 + 1, 1)


def day_of(row: Row, fact: str) -> dt.date | None:
    day = row[fact]
    return dt.date.fromisoformat(day) if isinstance(day, str) else day


def age(row: Row, day: dt.date) -> int | None:
    born = day_of(row, "born")
    return None if born is None else day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def every(row: Row, day: dt.date) -> bool:
    return True


def having(**facts: object) -> Test:
    return lambda row, day: all(row[name] in (v if isinstance(v, tuple) else (v,)) for name, v in facts.items())


def dated(fact: str) -> Test:
    return lambda row, day: bool(row[fact])


def both(*tests: Test) -> Test:
    return lambda row, day: all(test(row, day) for test in tests)


def is_child(row: Row, day: dt.date) -> bool:
    years = age(row, day)
    return years is not None and years < 18


def is_of_school_age(row: Row, day: dt.date) -> bool:
    years = age(row, day)
    return years is not None and 7 <= years < 18


def ends_soon(row: Row, day: dt.date) -> bool:
    """Of the 31st, six months end on the last day of a shorter month."""
    ends = day_of(row, "contract_ends")
    month = day.year * 12 + day.month + 5
    return ends is not None and day <= ends and (ends.year * 12 + ends.month - 1, ends.day) <= (month, day.day)


def is_a_year_old(row: Row, day: dt.date) -> bool:
    began = day_of(row, "started_on")
    return began is not None and later(began, 12) <= day


def opened(row: Row, day: dt.date) -> bool:
    began = day_of(row, "opened_on")
    return began is not None and began <= day


def formed(row: Row, day: dt.date) -> bool:
    began = day_of(row, "formed_on")
    return began is not None and began <= day


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
    "DEPARTURES": ("episode", dated("departed_on"), None),
    "RETURNS": ("episode", dated("returned_on"), None),
    "UNDERAGE_FIRST_DEPARTURE": ("migrant", having(left_underage=True), None),
    "CONTRACTS_ENDING_6M": ("migrant", both(active, ends_soon), None),
    "DEATHS": ("migrant", having(stage="DIED_ABROAD"), None),
    "MISSING": ("migrant", having(life_status="MISSING"), None),
    "CASES_OPEN": ("case", both(opened, having(case_status=("RECEIVED", "IN_PROGRESS", "REFERRED"))), None),
    "CASE_MEDIAN_DAYS": ("case", both(dated("closed_on"), having(case_status=("RESOLVED", "CLOSED"))), "days"),
    "TRAININGS": ("training", dated("starts_on"), None),
    "TRAINING_PARTICIPANTS": ("participant", dated("starts_on"), None),
    "GROUPS": ("group", formed, None),
    "ASSISTANCE_IDR": ("assistance", dated("date"), "rupiah"),
    "COOPERATIVES": ("cooperative", every, None),
    "COOPERATIVE_MEMBERS": ("cooperative_member", every, None),
    "SERVICE_VISITS": ("visit", dated("date"), None),
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
    "COOPERATIVE_LEGAL_SHARE": ("cooperative", having(cooperative_status="LEGAL_ENTITY"), every, None, None),
    "COMPLETENESS": ("household", every, every, "answered", "answers"),
}
"""Of a share: its unit, which of the denominator are in the numerator, the denominator, and what each adds up."""


DATED = {"DEPARTURES": "departed_on", "RETURNS": "returned_on", "TRAININGS": "starts_on", "SERVICE_VISITS": "date"}
DATED |= {"TRAINING_PARTICIPANTS": "starts_on", "ASSISTANCE_IDR": "date", "CASE_MEDIAN_DAYS": "closed_on"}
"""Of a flow: the day by which it belongs to a period."""
MEDIANS = ("CASE_MEDIAN_DAYS",)


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
        return period_of(str(row[dated]), dimension)
    if dimension is Dimension.AGE_BAND:
        years = age(row, day)
        return "" if years is None else next((band for end, band in BANDS if years < end), "60+")
    fact = row[CALLED.get(dimension, dimension.value.lower())]
    return "" if fact is None else str(fact)


def period_of(day: str, dimension: Dimension) -> str:
    year, month, _ = day.split("-")
    quarter = f"{year}-Q{(int(month) + 2) // 3}"
    return {Dimension.YEAR: year, Dimension.MONTH: f"{year}-{month}"}.get(dimension, quarter)


def recounted(name: str, part: int, rows: Sequence[Row], by: Sequence[Dimension], area: str, day: dt.date,
              at: dt.datetime | None) -> Cells:  # fmt: skip
    """The keys of the numerator (part 0) or the denominator, and how much each has; of rows that held then, or now."""
    _, test, summed = recounts(name)[part]
    numbers: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for row in rows:
        is_open = row["until"] == INFINITY
        held = is_open if at is None else row["since"] < at and (is_open or at <= row["until"])
        if held and row["area"].startswith(area) and test(row, day):
            number = 1 if summed is None else row[summed]
            numbers[tuple(key(row, dimension, day, DATED.get(name)) for dimension in by)].append(number)
    amount = statistics.median if name in MEDIANS else whole_sum
    return {keys: amount(several) for keys, several in numbers.items() if amount(several)}


def whole_sum(numbers: Sequence[Any]) -> int:
    return int(Decimal(sum(numbers)).quantize(Decimal(1), ROUND_HALF_UP))
