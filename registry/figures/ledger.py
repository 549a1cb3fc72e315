"""The ledgers: what may be counted, without names or numbers, and from when until when it held.

Rule: one statement writes those of households, whenever what is verified of one has changed or ended, so a household
under revision stays in the figures as it was last verified; another one those of a village's records, whenever one is
saved or has ended.  Nothing else writes them.
Tests: tests/test_ledger.py recounts the ledgers from the verified documents, tests/test_record_ledger.py from the saved
records.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP

from registry.figures.record_units import RECORD_UNITS
from registry.figures.unit import Unit, Verified
from registry.figures.units import UNITS, newest_episodes
from registry.models.household import HOUSEHOLD
from registry.models.noun import C_TEXT, Noun, const, table_of
from registry.models.region import village_key
from registry.values.bounds import check, tests

INSTANT = TIMESTAMP(timezone=True)
OPEN: sa.ColumnElement[Any] = sa.literal_column("'infinity'::timestamptz")
"""`until` of what holds now."""
PLACED = ("lot", "village_id", "area")


def _ledger(unit: Unit) -> sa.Table:
    """The table of a unit: a partition of what holds now, which most figures read alone, and one of what held once."""
    ledger = sa.Table(
        unit.ledger,
        Noun.metadata,
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False, server_default="infinity"),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column(unit.owner, sa.Uuid(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=False),
        sa.Column("village_id", sa.Uuid(), nullable=False),
        sa.Column("village_then", sa.Uuid(), nullable=False),
        sa.Column("area", C_TEXT, nullable=False),
        *unit.facts(_source(unit)),
        village_key(),
        sa.Index(f"ix_{unit.ledger}_area", "area"),
        sa.Index(f"ix_{unit.ledger}_{unit.owner}", unit.owner),
        postgresql_partition_by="RANGE (until)",
    )
    for column in ledger.columns:
        for test in tests(column, None):
            ledger.append_constraint(check(column, test))
    return ledger


def _source(unit: Unit) -> Any:
    """What the rows of a unit are selected from."""
    if unit.record is None:
        return Verified(HOUSEHOLD, newest_episodes(HOUSEHOLD).subquery())
    return table_of(unit.record)


HOUSEHOLD_LEDGERS: dict[Unit, sa.Table] = {unit: _ledger(unit) for unit in UNITS}
RECORD_LEDGERS: dict[Unit, sa.Table] = {unit: _ledger(unit) for unit in RECORD_UNITS}
LEDGERS = HOUSEHOLD_LEDGERS | RECORD_LEDGERS
"""Unit → its ledger."""
PARTITIONS = tuple(f"{ledger.name}_{part}" for ledger in LEDGERS.values() for part in ("open", "closed"))
"""What holds now of each ledger, and what held once: written and read through the ledger."""

FIGURE_DUE = sa.Table(
    "figure_due",
    Noun.metadata,
    sa.Column("household_id", sa.Uuid(), nullable=False),
    sa.Column("village_id", sa.Uuid(), nullable=False),
    sa.Column("area", C_TEXT, nullable=False),
    sa.Column("at", INSTANT, nullable=False),
    village_key(),
)
"""The queue: whose ledger changed at which instant, until that is in the cells (registry/figures/fold.py)."""


def keeping(households: sa.ColumnElement[Any], since: sa.ColumnElement[Any] | None = None) -> sa.Insert:
    """Close what the ledgers count of these households, and enter what they count from now on.

    A household that is verified no more, or has left the register, is closed only.  The instant is that of the
    statement, not of the transaction's begin: whoever waited for the household's lock would close rows before they
    opened; `since` is another one, of the household, for a country that is invented with its past.  Put the household
    into the state that is to be counted first."""
    # WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS at),
    # verified AS MATERIALIZED (SELECT id, (SELECT at FROM moment) AS since, lot, village_id, area
    #                           FROM registry.household WHERE id = ANY ($1) AND …),
    # newest AS MATERIALIZED (SELECT DISTINCT ON …),
    # closed_person AS (UPDATE registry.ledger_person SET until = (SELECT at FROM moment)
    #                   WHERE household_id = ANY ($1) AND until = 'infinity' RETURNING 1),
    # opened_person AS (INSERT INTO registry.ledger_person (subject_id, …) SELECT … FROM (…) AS new$ JOIN verified …
    #                   WHERE … AND (SELECT count(*) FROM closed_person) >= 0 RETURNING 1), …
    # INSERT INTO registry.figure_due (household_id, village_id, area, at) SELECT …
    moment = sa.select(sa.func.clock_timestamp().label("at")).cte("moment").prefix_with("MATERIALIZED")
    at = sa.select(moment.c.at).scalar_subquery()
    chosen = HOUSEHOLD.c.id == sa.any_(households)
    counted = (HOUSEHOLD.c.verified_rev.is_not(None), HOUSEHOLD.c.archived_at.is_(None))
    begins = at if since is None else since
    places = sa.select(HOUSEHOLD.c.id, begins.label("since"), *[HOUSEHOLD.c[name] for name in PLACED])
    in_figures = places.where(chosen, *counted).cte("verified").prefix_with("MATERIALIZED")
    newest = newest_episodes(in_figures).cte("newest").prefix_with("MATERIALIZED")
    verified = Verified(in_figures, newest)
    parts = []
    for unit, ledger in HOUSEHOLD_LEDGERS.items():
        closed = _closing(unit, ledger, households, at)
        opened = _opening(unit, ledger, unit.rows(verified), in_figures, closed)
        parts += [closed, opened.returning(const(1)).cte(f"opened_{unit.name}")]
    due = sa.select(HOUSEHOLD.c.id, HOUSEHOLD.c.village_id, HOUSEHOLD.c.area, begins).where(chosen)
    return sa.insert(FIGURE_DUE).from_select(["household_id", "village_id", "area", "at"], due).add_cte(*parts)


def keeping_record(
    noun: type[Noun], records: sa.ColumnElement[Any], since: sa.ColumnElement[Any] | None = None
) -> sa.Insert:
    """Close what the ledgers count of these records of a village, and enter what they count from now on.

    A record that has ended is closed only.  The instant and `since` are those of `keeping`.  Save the record first.
    Raises KeyError for a noun of which nothing is counted."""
    # WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS at),
    # recorded AS MATERIALIZED (SELECT *, (SELECT at FROM moment) AS since FROM registry.training
    #                           WHERE id = ANY ($1) AND archived_at IS NULL),
    # closed_training AS (UPDATE registry.ledger_training …), opened_training AS (INSERT …), closed_participant AS …
    # INSERT INTO registry.ledger_participant (subject_id, …) SELECT …
    record = table_of(noun)
    moment = sa.select(sa.func.clock_timestamp().label("at")).cte("moment").prefix_with("MATERIALIZED")
    at = sa.select(moment.c.at).scalar_subquery()
    here = (record.c.id == sa.any_(records), record.c.archived_at.is_(None))
    counted = sa.select(record, (at if since is None else since).label("since")).where(*here)
    recorded = counted.cte("recorded").prefix_with("MATERIALIZED")
    *others, last = UNITS_OF[noun]
    parts = []
    for unit in others:
        closed = _closing(unit, RECORD_LEDGERS[unit], records, at)
        opened = _opening(unit, RECORD_LEDGERS[unit], unit.rows(recorded), recorded, closed)
        parts += [closed, opened.returning(const(1)).cte(f"opened_{unit.name}")]
    closed = _closing(last, RECORD_LEDGERS[last], records, at)
    opened = _opening(last, RECORD_LEDGERS[last], last.rows(recorded), recorded, closed)
    return opened.add_cte(*parts, closed)


def _closing(unit: Unit, ledger: sa.Table, owners: sa.ColumnElement[Any], at: sa.ColumnElement[Any]) -> sa.CTE:
    is_open = sa.and_(ledger.c[unit.key] == sa.any_(owners), ledger.c.until == OPEN)
    return sa.update(ledger).where(is_open).values(until=at).returning(const(1)).cte(f"closed_{unit.name}")


def _opening(unit: Unit, ledger: sa.Table, selected: sa.Select[Any], owner: sa.CTE, closed: sa.CTE) -> sa.Insert:
    rows = selected.subquery("new$")
    names = [column.name for column in rows.c]
    # What is open now ends first: the count waits for it.
    after = sa.select(sa.func.count()).select_from(closed).scalar_subquery() >= const(0)
    placed = [owner.c[name] for name in ("since", *PLACED, "village_id")]
    here = rows.join(owner, owner.c.id == rows.c[unit.key])
    source = sa.select(*rows.c, *placed).select_from(here).where(after)
    return sa.insert(ledger).from_select([*names, "since", *PLACED, "village_then"], source)


UNITS_OF: dict[type[Noun], tuple[Unit, ...]] = {
    unit.record: tuple(other for other in RECORD_UNITS if other.record is unit.record)
    for unit in RECORD_UNITS
    if unit.record is not None
}
"""Noun of a village's records → what is counted of each."""
