"""An enum column accepts exactly the values of its code list, and migrate keeps the lists equal."""

from __future__ import annotations

import enum
import re
from typing import Any, get_args, get_type_hints

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

import registry.guard.wall  # noqa: F401  (declares every table)
from registry.guard import constraints
from registry.models.noun import SCHEMA, Noun
from server.database.embedded import Embedded
from server.database.migrate import migrate

pytestmark = pytest.mark.anyio
CLOSED = {
    f"{table.name}.{column.name}": column
    for table in Noun.metadata.sorted_tables
    for column in table.columns
    if column.info.get("closed")
}


def test_every_enum_column_has_a_constraint() -> None:
    """By its type, or by its name if it is stored as text."""
    open_columns = []
    for mapper in Noun.registry.mappers:
        for name, hint in get_type_hints(mapper.class_).items():
            types = [part for arg in get_args(hint) for part in (arg, *get_args(arg))]
            closes = any(isinstance(part, type) and issubclass(part, enum.Enum) for part in types)
            column = mapper.local_table.c.get(name)
            if column is not None and (closes or re.search("(^|_)(role|state|ability|severity)$", name)):
                open_columns += [f"{mapper.class_.__tablename__}.{name}"] * (not column.info.get("closed"))
    assert open_columns == []
    assert {"grants.role", "ledger_person.sex", "workflow_event.actor_role", "audit_event.ability"} < CLOSED.keys()


@pytest.mark.parametrize("name", CLOSED)
async def test_an_enum_column_accepts_only_its_codes(admin: asyncpg.Connection, name: str) -> None:
    """On a copy of the table with all its checks and no required column."""
    table, column = name.split(".")
    await admin.execute(f"CREATE TEMP TABLE copy (LIKE {SCHEMA}.{table} INCLUDING CONSTRAINTS)")
    for other in CLOSED[name].table.columns:
        await admin.execute(f"ALTER TABLE copy ALTER COLUMN {other.name} DROP NOT NULL")
    values: list[Any] = [member.value for member in CLOSED[name].info["closed"]]
    stranger: Any = "NOBODY"
    if isinstance(CLOSED[name].type, ARRAY):
        values, stranger = [[], *[[value] for value in values]], [*values, stranger]
    insert = f"INSERT INTO copy ({column}) VALUES ($1)"
    await admin.executemany(insert, [(value,) for value in values if name != "household.workflow_state"])
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await admin.execute(insert, stranger)
    assert refused.value.constraint_name == f"ck_{table}_{column}"


async def stored(admin: asyncpg.Connection) -> dict[str, str | None]:
    """The comment of each constraint."""
    return {name: comment for name, comment in await admin.fetch(constraints.EXISTING)}


async def test_migrate_replaces_only_constraints_whose_list_has_changed(
    postgres: Embedded, admin: asyncpg.Connection
) -> None:
    existing = await stored(admin)
    assert list(constraints.statements(existing)) == []
    await admin.execute(
        "ALTER TABLE grants DROP CONSTRAINT ck_grants_role, ADD CONSTRAINT ck_grants_role CHECK (role = 'OFFICER');"
        "COMMENT ON CONSTRAINT ck_grants_role ON grants IS 'older'"
    )
    changed = list(constraints.statements(await stored(admin)))
    assert len(changed) == 2
    name = await admin.fetchval("SELECT current_database()")
    await migrate(postgres.dsn(name))
    assert await stored(admin) == existing
    definition = await admin.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck_grants_role'"
    )
    assert "SERVICE" in definition


def test_constraints_are_declared_once() -> None:
    names = [name for _, name, _ in constraints.constraints()]
    assert len(names) == len(set(names))
    assert {f"ck_{name.replace('.', '_')}" for name in CLOSED} <= set(names)
    assert all(isinstance(column.type, (sa.Text, ARRAY)) for column in CLOSED.values())
