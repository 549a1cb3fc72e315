"""Records of villages made from their facts, whatever their noun: every value above OPERATIONAL exists once."""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.codes.open_lists import OpenList
from registry.models.aggregate import by_itself
from registry.models.business import Business
from registry.models.fact import Fact, fact_of, is_currency, is_free, python_type
from registry.models.household import Household
from registry.models.member import Member
from registry.models.noun import Noun
from tests.unique_values import UniqueValues
from tests.world import House, Row

PLAIN = (Sensitivity.OPEN, Sensitivity.OPERATIONAL)
PLACE = ("village_id", "area", "created_by")


def _value(unique: UniqueValues, row: Row, noun: type[Noun], column: sa.Column[Any]) -> Any:
    """A value of a column that people fill in; those that name a record name one of the row's household."""
    fact: Fact = fact_of(column)
    named = {Member: "member", Business: "business", Household: "household"}
    tables = [named[kind] for kind in fact.names if kind in named]
    if fact.names:
        return next((str(one.id) for one in row.house.rows if one.table in tables), None)
    if isinstance(fact.listed, OpenList):
        return next(iter(fact.listed.codes))
    if column.info.get("codes"):
        return next(iter(column.info["codes"])).value
    if is_currency(column.name):
        return "IDR"
    if is_free(column):
        return "x" if fact.sensitivity in PLAIN else unique.text(fact.sensitivity.value, row)
    if python_type(getattr(noun, column.name)) in (int, bool):
        return 2024 if column.name == "year" else python_type(getattr(noun, column.name))(1)
    return "1" if isinstance(column.type, sa.Numeric) else "2025-06-07"


async def add_records(admin: asyncpg.Connection, unique: UniqueValues, house: House, noun: type[Noun]) -> None:
    """Store one record of the noun where a household lies, with one entry in each of its lists and its revision."""
    aggregate = by_itself(noun)
    place = await admin.fetchrow(f"SELECT {', '.join(PLACE)} FROM household WHERE id = $1", house.id)
    assert place is not None
    root = Row(aggregate.root, uuid.uuid4(), house, house.author)
    for table in (aggregate.root, *aggregate.children):
        row = root if table == aggregate.root else Row(table, uuid.uuid5(root.id, table), house, house.author)
        house.rows.append(row)
        columns = [column for column in aggregate.typed[table] if column.name != "village_id"]
        values = {column.name: _value(unique, row, aggregate.nouns[table], column) for column in columns}
        values |= {"id": row.id, "draft": False, **{name: place[name] for name in PLACE}}
        values |= {"rev": 1} if row is root else {"record_id": root.id}
        await admin.execute(
            f"INSERT INTO {table} ({', '.join(values)})"
            f" SELECT {', '.join(values)} FROM jsonb_populate_record(NULL::{table}, $1::jsonb)",
            orjson.dumps(values, default=str).decode(),
        )
    await admin.execute(
        "INSERT INTO record_revision (record_id, noun, rev, document, edit_hash, actor_id, actor_name, actor_role,"
        " id, village_id, area, draft, created_by)"
        " SELECT $1, $2, 1, '{}', 'x', $5, 'x', 'OFFICER', gen_random_uuid(), $3, $4, false, $5",
        *(root.id, aggregate.root, *(place[name] for name in PLACE)),
    )
