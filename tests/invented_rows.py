"""Invented rows of every ledger, so that each condition and each day of a definition decides some of them.

Any two facts that decide together are there in all their combinations: every code of a list with what is not recorded,
and of a date the day before, the day itself and the day after each limit that the words of an indicator name.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import sqlalchemy as sa

from registry.codes import CaregiverRelation, ParentsAbroad, Sex
from registry.figures.ledger import HOUSEHOLD_LEDGERS, LEDGERS
from registry.figures.unit import Unit
from tests.recount import Row
from tests.recounting import INFINITY, JAKARTA, later

FIRST = dt.datetime(2021, 1, 1, tzinfo=JAKARTA)
OPEN_CODES: dict[str, tuple[str, ...]] = {
    "sex": tuple(Sex),
    "parents_abroad": tuple(ParentsAbroad),
    "caregiver": tuple(CaregiverRelation),
    "country": ("MY", "HK", "TW"),
    "kbli_section": ("KBLI_2020 G", "KBLI_2020 C"),
    "skill": ("SEWING", "COOKING"),
    "programme": ("DESMIGRATIF", "OTHER"),
}
"""Codes of the facts whose columns name no list."""
DECIDING = {
    "person": ("born", "parents_abroad", "school_status", "attends_parenting", "migrant_family"),
    "migrant": (
        *("stage", "contract_ends", "procedural_status", "sector", "sex"),
        *("insured", "has_business", "left_underage", "life_status"),
    ),
    "household": ("has_business", "has_migrant_abroad", "receives_remittances"),
    "business": ("status", "export_readiness", "has_nib", "survived", "started_on"),
    "case": ("case_status", "opened_on", "closed_on"),
}
"""Unit → the facts by which an indicator says who counts."""
MONTHS = {
    "born": [-12 * years for years in (0, 5, 7, 12, 18, 25, 35, 45, 60)],
    "contract_ends": [0, 6],
    "started_on": [0, -12],
}
"""Date → how many months from the day asked for the limits lie that somebody counts by."""


def values_of(fact: sa.Column[Any], days: Sequence[dt.date], rng: random.Random) -> list[Any]:
    """Every value that may decide; of a number, some."""
    if isinstance(fact.type, sa.Boolean):
        return [True, False, None]
    if isinstance(fact.type, sa.Date):
        limits = [later(day, months) for day in days for months in MONTHS.get(fact.name, (0,))]
        some = {days[0] - dt.timedelta(rng.randrange(900)) for _ in range(20)}
        return [None, *sorted(some | {limit + dt.timedelta(off) for limit in limits for off in (-1, 0, 1)})]
    if isinstance(fact.type, sa.Integer):
        return [rng.randrange(12) for _ in range(5)]
    if isinstance(fact.type, sa.Numeric):
        return [Decimal(rng.randrange(10**8)) / 100 for _ in range(9)]
    return [*(code.value for code in fact.info.get("closed") or ()), *OPEN_CODES.get(fact.name, ()), None]


def facts_of(unit: Unit, days: Sequence[dt.date], rng: random.Random) -> Iterator[Row]:
    """The facts of invented rows of one unit."""
    values = {fact.name: values_of(fact, days, rng) for fact in unit_facts(unit)}

    def some(**chosen: Any) -> Row:
        facts = {name: rng.choice(several) for name, several in values.items()} | chosen
        # whoever receives money has somebody abroad: registry/figures/units.py
        return facts | ({"has_migrant_abroad": True} if facts.get("receives_remittances") else {})

    for one, other in itertools.combinations(DECIDING.get(unit.name, ()), 2):
        for pair in itertools.product(values[one], values[other]):
            yield some(**dict(zip((one, other), pair, strict=True)))
    for name, several in values.items():
        for value in several:
            yield some(**{name: value})
    yield from (some() for _ in range(30))


def unit_facts(unit: Unit) -> list[sa.Column[Any]]:
    keys = {"since", "until", "subject_id", unit.owner, "lot", "village_id", "village_then", "area"}
    return [column for column in LEDGERS[unit].c if column.name not in keys]


def invented_rows(
    villages: Mapping[str, uuid.UUID], days: Sequence[dt.date], rng: random.Random
) -> dict[Unit, list[Row]]:
    """Rows of each unit, of which a few held only for a time."""
    now = dt.datetime.now(JAKARTA)
    ledgers: dict[Unit, list[Row]] = {}
    for unit in LEDGERS:
        rows = ledgers[unit] = []
        for facts in facts_of(unit, days, rng):
            area = rng.choice(list(villages))
            row: Row = {"since": FIRST, "until": INFINITY}
            if rng.random() < 0.1:
                since = FIRST + (now - FIRST) * rng.random()
                row = {"since": since, "until": since + (now - since) * rng.random()}
            row |= {"subject_id": uuid.uuid4(), unit.owner: uuid.uuid4(), "lot": rng.getrandbits(31), "area": area}
            rows.append(row | {"village_id": villages[area], "village_then": villages[area]} | facts)
    return ledgers


async def write(admin: asyncpg.Connection, unit: Unit, rows: Sequence[Row]) -> None:
    """Enter the rows in the ledger, and in the queue of the cells whose they are and when they changed."""
    await _copy(admin, unit.ledger, rows)
    if unit not in HOUSEHOLD_LEDGERS:
        return
    moments = [(row, row[end]) for row in rows for end in ("since", "until") if row[end] != INFINITY]
    due = [{name: row[name] for name in ("household_id", "village_id", "area")} | {"at": at} for row, at in moments]
    await _copy(admin, "figure_due", due)


async def _copy(admin: asyncpg.Connection, table: str, rows: Iterable[Row]) -> None:
    names, records = list(next(iter(rows))), [tuple(row.values()) for row in rows]
    await admin.copy_records_to_table(table, columns=names, records=records, schema_name="registry")
