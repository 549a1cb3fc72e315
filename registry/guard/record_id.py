"""Ids: an id names one record of one type in the whole registry, for ever.

Clients create ids, and the tables of different types cannot share a unique index.  So the database itself enters each
new id in `record_id`, whose key is violated if the id already names a record, and no INSERT can skip this.
Rule: every table with a UUID `id` takes part unless its noun has `named = False`, which is for rows that nobody looks
up by id; a deleted record keeps its id.  Tests: tests/test_record_id.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import asyncpg
import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.guard.quota import FULL
from registry.models.fact import fact
from registry.models.noun import SCHEMA, Noun, table_of

KEY = "pk_record_id"
TRIGGERS = ("record_id_new", "record_id_kept")


class RecordId(Noun):
    """An id in use, and the table of the record that it names."""

    __tablename__ = "record_id"
    row_sensitivity = Sensitivity.SYSTEM
    named = False
    id: Mapped[uuid.UUID] = fact(Sensitivity.SYSTEM, "Id", "Id", primary_key=True, server=True)
    noun: Mapped[str] = fact(Sensitivity.SYSTEM, "Jenis data", "Table of the record", server=True, longest=40)


RECORD_ID = table_of(RecordId)

ENTER = f"""
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'the id of a record never changes';
  END IF;
  INSERT INTO record_id (id, noun) SELECT NEW.id, TG_TABLE_NAME WHERE NOT EXISTS ({FULL}) ON CONFLICT (id) DO NOTHING;
  IF NOT FOUND THEN
    RAISE unique_violation USING MESSAGE = 'the id names another record', CONSTRAINT = '{KEY}',
      TABLE = TG_TABLE_NAME, DETAIL = NEW.id;
  END IF;
  RETURN NULL;
END
"""
"""Body of the trigger function.  The error names the id that is taken, and nothing of its record; for a caller whose
quota of taken ids is used up, every id is taken."""


def named_tables() -> dict[str, type[Noun]]:
    """Table → noun, for ids that name one record in the whole registry.  Raises TypeError if an `id` is not a UUID."""
    tables: dict[str, type[Noun]] = {}
    for mapper in Noun.registry.mappers:
        noun = mapper.class_
        if not noun.named:
            continue
        table = table_of(noun)
        if list(table.primary_key.columns.keys()) != ["id"]:
            continue  # it has no id: its key are the records that it connects
        if not isinstance(table.c.id.type, sa.Uuid):
            raise TypeError(f"{table.name}.id is not a UUID: set `named = False` if nobody looks its rows up by id")
        tables[table.name] = noun
    return tables


def triggers(function: str) -> Iterator[str]:
    """The CREATE TRIGGER statements of all tables."""
    on_insert, on_update = TRIGGERS
    for name in sorted(named_tables()):
        table = f"{SCHEMA}.{name}"
        yield f"CREATE TRIGGER {on_insert} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.{function}()"
        yield (
            f"CREATE TRIGGER {on_update} AFTER UPDATE OF id ON {table}"
            f" FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION {SCHEMA}.{function}()"
        )


def taken_in(error: asyncpg.UniqueViolationError) -> tuple[str, uuid.UUID] | None:
    """The table and the id that could not be entered; None for any other unique violation."""
    if error.constraint_name != KEY:
        return None
    assert error.table_name, "the trigger sets it"
    assert error.detail, "the trigger sets it"
    return error.table_name, uuid.UUID(error.detail)
