"""What the ledgers must hold of a village's record, and what indicators count of it, recounted from its revisions."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from registry.codes import IndicatorName

Document = Mapping[str, Mapping[str, Mapping[str, Any]]]
Facts = dict[str, Any]
JAKARTA = ZoneInfo("Asia/Jakarta")
LENGTHS = {"PROVINCE": 2, "REGENCY": 5, "DISTRICT": 8, "VILLAGE": 13}


@dataclass(frozen=True)
class Known:
    """What a record names: sex by member, code by programme, country by migration."""

    sex: Mapping[str, str | None]
    programmes: Mapping[str, str]
    countries: Mapping[str, str | None]


@dataclass(frozen=True)
class Revision:
    """What a record of a village held from an instant on."""

    record: str
    area: str
    at: dt.datetime
    document: Document


def _only(document: Document, table: str) -> Mapping[str, Any]:
    ((_, columns),) = document[table].items()
    return columns


def first_day(partial: str) -> str:
    return f"{partial}-01-01"[:10] if len(partial) == 4 else f"{partial}-01"[:10]


def visits(document: Document, known: Known) -> Iterator[Facts]:
    columns = _only(document, "service_visit")
    yield {"service_type": columns["type"], "date": columns["date"]}


def trainings(document: Document, known: Known) -> Iterator[Facts]:
    columns = _only(document, "training")
    yield {"skill": columns["skill"], "starts_on": columns["starts_on"]}


def participants(document: Document, known: Known) -> Iterator[Facts]:
    (training,) = trainings(document, known)
    for entry in document["training_participant"].values():
        yield training | {"sex": known.sex[entry["member_id"]]}


def assistance(document: Document, known: Known) -> Iterator[Facts]:
    columns = _only(document, "assistance")
    programme, amount = columns["programme_id"], columns["value_amount"]
    yield {
        "assistance_type": columns["type"],
        "programme": None if programme is None else known.programmes[programme],
        "date": columns["date"],
        "rupiah": Decimal(amount) if columns["value_currency"] == "IDR" else Decimal(0),
    }


def groups(document: Document, known: Known) -> Iterator[Facts]:
    columns = _only(document, "business_group")
    yield {"formed_on": first_day(columns["formed_on"])}


def cooperatives(document: Document, known: Known) -> Iterator[Facts]:
    yield {"cooperative_status": _only(document, "cooperative")["status"]}


def legal_entities(document: Document, known: Known) -> Iterator[Facts]:
    yield from (facts for facts in cooperatives(document, known) if facts["cooperative_status"] == "LEGAL_ENTITY")


def cooperative_members(document: Document, known: Known) -> Iterator[Facts]:
    for _ in document["cooperative_member"]:
        yield from cooperatives(document, known)


def cases(document: Document, known: Known) -> Iterator[Facts]:
    columns = _only(document, "household_case")
    opened, closed, about = columns["opened_on"], columns.get("closed_on"), columns.get("migration_id")
    days = None if closed is None else (dt.date.fromisoformat(closed) - dt.date.fromisoformat(opened)).days
    yield {
        "country": None if about is None else known.countries[about],
        "case_type": columns["type"],
        "case_status": columns["status"],
        "opened_on": opened,
        "closed_on": closed,
        "days": days,
    }


def open_cases(document: Document, known: Known) -> Iterator[Facts]:
    yield from (facts for facts in cases(document, known) if facts["case_status"] not in ("RESOLVED", "CLOSED"))


def settled_cases(document: Document, known: Known) -> Iterator[Facts]:
    yield from (facts for facts in cases(document, known) if facts["case_status"] in ("RESOLVED", "CLOSED"))


LEDGERS: dict[str, dict[str, Callable[[Document, Known], Iterator[Facts]]]] = {
    "service_visit": {"ledger_visit": visits},
    "training": {"ledger_training": trainings, "ledger_participant": participants},
    "assistance": {"ledger_assistance": assistance},
    "business_group": {"ledger_group": groups},
    "household_case": {"ledger_case": cases},
    "cooperative": {"ledger_cooperative": cooperatives, "ledger_cooperative_member": cooperative_members},
}
"""Table of the record → ledger → the facts of each row that the record has in it."""
COUNTED: dict[IndicatorName, tuple[str, Callable[[Document, Known], Iterator[Facts]], str | None]] = {
    IndicatorName.SERVICE_VISITS: ("service_visit", visits, "date"),
    IndicatorName.TRAININGS: ("training", trainings, "starts_on"),
    IndicatorName.TRAINING_PARTICIPANTS: ("training", participants, "starts_on"),
    IndicatorName.ASSISTANCE_IDR: ("assistance", assistance, "date"),
    IndicatorName.GROUPS: ("business_group", groups, None),
    IndicatorName.COOPERATIVES: ("cooperative", cooperatives, None),
    IndicatorName.COOPERATIVE_MEMBERS: ("cooperative", cooperative_members, None),
    IndicatorName.CASES_OPEN: ("household_case", open_cases, None),
    IndicatorName.CASE_MEDIAN_DAYS: ("household_case", settled_cases, "closed_on"),
    IndicatorName.COOPERATIVE_LEGAL_SHARE: ("cooperative", legal_entities, None),
}
"""Indicator → the table of its records, what is counted of each, and the fact by which it is dated.

Of a share, the numerator."""


def period(dimension: str, day: str) -> str:
    year, month = day[:4], day[5:7]
    return {"YEAR": year, "MONTH": f"{year}-{month}", "QUARTER": f"{year}-Q{(int(month) + 2) // 3}"}[dimension]


def held_on(revisions: Sequence[Revision], day: dt.date | None) -> list[Revision]:
    """The newest revision of each record at the end of the day; today's without one."""
    end = None if day is None else dt.datetime.combine(day + dt.timedelta(1), dt.time(), JAKARTA)
    newest: dict[str, Revision] = {}
    for revision in sorted(revisions, key=lambda each: each.at):
        if end is None or revision.at < end:
            newest[revision.record] = revision
    return list(newest.values())


def count(
    name: IndicatorName, revisions: Sequence[Revision], known: Known, area: str, day: dt.date | None, by: Sequence[str]
) -> dict[tuple[str, ...], int | float]:
    """Keys → the number, of the area and as of the day."""
    table, facts_of, dated = COUNTED[name]
    numbers: Counter[tuple[str, ...]] = Counter()
    sums: dict[tuple[str, ...], Decimal] = {}
    days: dict[tuple[str, ...], list[int]] = {}
    for revision in held_on(revisions, day):
        if table not in revision.document or not revision.area.startswith(area):
            continue
        for facts in facts_of(revision.document, known):
            begins = facts.get("formed_on") or facts.get("opened_on") or ""
            if dated is None and day is not None and begins > day.isoformat():
                continue
            keys = tuple(_key(dimension, revision.area, facts, dated) for dimension in by)
            numbers[keys] += 1
            days.setdefault(keys, []).append(facts.get("days") or 0)
            sums[keys] = sums.get(keys, Decimal(0)) + facts.get("rupiah", Decimal(0))
    if name is IndicatorName.CASE_MEDIAN_DAYS:
        return {keys: statistics.median(several) for keys, several in days.items()}
    if name is IndicatorName.ASSISTANCE_IDR:
        return {keys: int(number.quantize(Decimal(1), ROUND_HALF_UP)) for keys, number in sums.items()}
    return dict(numbers)


def _key(dimension: str, area: str, facts: Facts, dated: str | None) -> str:
    if dimension in LENGTHS:
        return area[: LENGTHS[dimension]]
    if dimension in ("YEAR", "MONTH", "QUARTER"):
        assert dated is not None
        return period(dimension, facts[dated])
    value = facts[dimension.lower()]
    return "" if value is None else str(value)
