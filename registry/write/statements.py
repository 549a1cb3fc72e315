"""Parts of the statements that write: the locked record, the rows that were sent, where they lie, the audit row.

Rule: a statement holds no value of a caller, only arguments.  Tests: tests/test_submission.py.
"""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.codes import RegionLevel
from registry.models.audit import AUDIT
from registry.models.fact import StatementContext
from registry.models.noun import SCHEMA, const
from registry.models.region import REGION
from registry.store.sql import CLAIM, Sql, arg
from registry.write.village_lookup import NAMED_REGIONS


class _Caller(StatementContext):
    """The statement context of commands: through it, the state table becomes a part of their own statements."""

    def areas(self, setting: str) -> Any:
        return sa.select(sa.func.registry.areas(sa.literal_column(f"'{setting}'"))).scalar_subquery()

    def claim(self, name: str, type_: Any) -> Any:
        return arg(CLAIM + name, type_)

    def argument(self, name: str, type_: Any) -> Any:
        raise NotImplementedError("a command passes its arguments by arg()")


CALLER = _Caller()


def locking(table: sa.Table, *columns: sa.ColumnElement[Any]) -> Sql:
    """One row: the regions of the village `code`, and columns of the record `id` under lock, or nulls in their place.

    WITH place AS (…), locked AS (SELECT … FROM table WHERE id = $1 AND archived_at IS NULL FOR UPDATE)
    SELECT place.regions, locked.* FROM place LEFT JOIN locked ON true"""
    here = (table.c.id == arg("id", sa.Uuid()), table.c.archived_at.is_(None))
    locked = sa.select(*columns).where(*here).with_for_update().cte("locked")
    return Sql(sa.select(NAMED_REGIONS.c.regions, locked).select_from(NAMED_REGIONS.outerjoin(locked, sa.true())))


def sent_rows(table: sa.Table, argument: str, *names: str) -> Any:
    """The rows of a JSON argument, typed like the table's own: jsonb_populate_recordset(NULL::table, $1)."""
    row_type: sa.ColumnElement[Any] = sa.literal_column(f"NULL::{SCHEMA}.{table.name}")
    columns = [sa.column(name, table.c[name].type) for name in names]
    return sa.func.jsonb_populate_recordset(row_type, arg(argument, JSONB())).table_valued(*columns, name="r")


def scope_columns() -> dict[str, Any]:
    """The columns of every `Scoped` record: where it lies, whether it is a draft, who records it."""
    return {
        "village_id": arg("village", sa.Uuid()),
        "area": arg("area", sa.Text()),
        "draft": arg("draft", sa.Boolean()),
        "created_by": arg("me", sa.Uuid()),
    }


def todays_village(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Columns for the village, if it is one of today's; else no row, and so nothing is written."""
    return sa.select(*columns).where(
        REGION.c.id == arg("village", sa.Uuid()),
        REGION.c.code == arg("area", sa.Text()),
        REGION.c.level == const(RegionLevel.VILLAGE.value),
        REGION.c.valid_to.is_(None),
    )


def audited(home: sa.CTE) -> Any:
    """INSERT of the audit row of an accepted command on the record of `home`."""
    names = ("actor_id", "ability", "outcome", "rev")
    columns = {name: arg(name, AUDIT.c[name].type) for name in names} | {"subject_id": home.c.id}
    return sa.insert(AUDIT).from_select(list(columns), sa.select(*columns.values()))


def as_json(value: Any) -> str:
    """The text of a JSON argument."""
    return orjson.dumps(value, default=str).decode()  # orjson does not know asyncpg's UUIDs
