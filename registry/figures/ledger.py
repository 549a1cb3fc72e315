"""The verified ledger: what may be counted, without names or numbers.

Rule: verification appends the counted facts of a household and closes the rows of its earlier revision; nothing else
changes the ledger.  So a household under revision stays in the figures as it was last verified.
Tests: tests/test_ledger.py recounts the ledger from the verified documents.
"""

from __future__ import annotations

import sqlalchemy as sa

from registry.models.household import Household
from registry.models.household_aggregate import PARTS
from registry.models.noun import C_TEXT, Noun, facts, table_of
from registry.models.region import village_key
from registry.values.bounds import check, tests

_KEYS = ("subject_id", "household_id", "village_id", "area", "rev", "since", "until")


def _ledger(name: str, noun: type[Noun]) -> sa.Table:
    counted = [
        sa.Column(column.name, column.type, info={"closed": column.info.get("closed")})
        for column, fact in facts(noun)
        if fact.counted
    ]
    ledger = sa.Table(
        name,
        Noun.metadata,
        sa.Column("id", sa.Uuid(), primary_key=True, server_default=sa.func.gen_random_uuid()),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("village_id", sa.Uuid(), nullable=False),
        sa.Column("area", C_TEXT, nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("until", sa.DateTime(timezone=True)),
        *counted,
        village_key(),
        sa.Index(f"ix_{name}_open", "area", postgresql_where=sa.literal_column("until IS NULL")),
        sa.Index(f"ix_{name}_household_id", "household_id"),
    )
    for column in ledger.columns:
        for test in tests(column, None):
            ledger.append_constraint(check(column, test))
    return ledger


LEDGERS: dict[sa.Table, sa.Table] = {table_of(part.noun): _ledger(part.ledger, part.noun) for part in PARTS}
"""Noun table → its ledger."""


def closing(ledger: sa.Table, households: sa.ColumnElement[object]) -> sa.Update:
    """Close the open rows of these households."""
    is_open = sa.and_(ledger.c.household_id == sa.any_(households), ledger.c.until.is_(None))
    return sa.update(ledger).where(is_open).values(until=sa.func.now())


def writing(source: sa.Table, ledger: sa.Table, households: sa.ColumnElement[object]) -> sa.Insert:
    """Write the counted facts of these households as they are now."""
    # INSERT INTO registry.ledger_person (subject_id, household_id, village_id, area, rev, sex, …)
    # SELECT t.id, t.household_id, t.village_id, t.area, h.rev, t.sex, …
    # FROM registry.member AS t JOIN registry.household AS h ON h.id = t.household_id
    # WHERE t.household_id = ANY ($1) AND t.archived_at IS NULL
    household, record = table_of(Household).alias("h"), source.alias("t")
    household_id = record.c.id if source is table_of(Household) else record.c.household_id
    counted = [column.name for column in ledger.c if column.name not in (*_KEYS, "id")]
    rows = (
        sa.select(record.c.id, household_id, record.c.village_id, record.c.area, household.c.rev)
        .add_columns(*[record.c[name] for name in counted])
        .select_from(record.join(household, household.c.id == household_id))
        .where(household_id == sa.any_(households), record.c.archived_at.is_(None))
    )
    return sa.insert(ledger).from_select(["subject_id", "household_id", "village_id", "area", "rev", *counted], rows)
