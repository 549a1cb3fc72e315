"""The verified ledger: what may be counted, without names or numbers.

Rule: verification appends the counted facts of a household and closes the rows of its revision before; nothing is
ever changed otherwise.  So a household under revision stays in the figures as it was last verified.
Tests: tests/test_ledger.py recounts it from the verified documents.
"""

from __future__ import annotations

import sqlalchemy as sa

from registry.models.aggregate import PARTS
from registry.models.household import Household
from registry.models.noun import C_TEXT, SCHEMA, Noun, facts, table_of
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
        sa.ForeignKeyConstraint(
            ["village_id", "area"], [f"{SCHEMA}.region.id", f"{SCHEMA}.region.code"], onupdate="CASCADE"
        ),
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
    return (
        sa.update(ledger)
        .where(ledger.c.household_id == sa.any_(households), ledger.c.until.is_(None))
        .values(until=sa.func.now())
    )


def writing(source: sa.Table, ledger: sa.Table, households: sa.ColumnElement[object]) -> sa.Insert:
    """Write the counted facts of these households as they are now."""
    household = table_of(Household).alias("h")
    names = [c.name for c in ledger.c if c.name not in (*_KEYS, "id")]
    here = source.alias("t")
    key = here.c.id if source is table_of(Household) else here.c.household_id
    rows = (
        sa.select(here.c.id, key, here.c.village_id, here.c.area, household.c.rev, *[here.c[n] for n in names])
        .select_from(here.join(household, household.c.id == key))
        .where(key == sa.any_(households), here.c.archived_at.is_(None))
    )
    return sa.insert(ledger).from_select(["subject_id", "household_id", "village_id", "area", "rev", *names], rows)
