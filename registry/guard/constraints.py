"""Constraints on the values of columns, whoever writes them: closed lists and bounds.

They are declared with the columns (registry/models/noun.py) and applied by `migrate`, like the policies, so that a
value that enters a list of the code needs no migration.  Rule: the comment of a constraint is the test from which it
was made; one that differs is replaced, and rows with a value that has left the list make `migrate` fail.
Test: tests/test_closed.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from registry.models.noun import SCHEMA, Noun

EXISTING = f"""
SELECT conname, obj_description(oid, 'pg_constraint') FROM pg_constraint
WHERE connamespace = '{SCHEMA}'::regnamespace AND contype = 'c' AND coninhcount = 0
"""


def constraints() -> Iterator[tuple[sa.Table, str, str]]:
    """Table, name and test of every constraint of a column's values."""
    for table in Noun.metadata.sorted_tables:
        for constraint in sorted(table.constraints, key=lambda constraint: str(constraint.name)):
            if isinstance(constraint, sa.CheckConstraint) and "column" in constraint.info:
                yield table, str(constraint.name), str(constraint.sqltext)


def statements(existing: Mapping[str, str | None]) -> Iterator[str]:
    """The statements that bring the database to the code's constraints; `existing` has their comments by name."""
    for table, name, test in constraints():
        if existing.get(name) == test:
            continue
        yield (
            f"ALTER TABLE {SCHEMA}.{table.name} DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name} CHECK ({test})"
        )
        comment = test.replace("'", "''")
        yield f"COMMENT ON CONSTRAINT {name} ON {SCHEMA}.{table.name} IS '{comment}'"
