"""How a retry is known: an edit that its sender had accepted before, whatever has become of the record since.

Rule: what is compared is the edit as it was sent, with the revision that it started from and what it was sent for; so a
new edit that brings back an earlier value is not a retry.  Tests: tests/test_late.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from registry.models.aggregate import Document
from registry.store.sql import CLAIM, Sql, arg
from registry.write.document import ChangeSet


def accepted_before(table: sa.Table, record: str) -> Sql:
    """Whether the caller had this very edit of the record `id` accepted; read under its lock.

    `table` keeps what was accepted, and its column `record` names the record."""
    return Sql(
        sa.select(
            sa.exists().where(
                table.c[record] == arg("id", sa.Uuid()),
                table.c.edit_hash == arg("edit_hash", sa.Text()),
                table.c.actor_id == arg(f"{CLAIM}user", sa.Uuid()),
            )
        )
    )


def edit_hash(edit: ChangeSet, base_rev: int | None, village: str | None, creates: bool, **more: str) -> str:
    """The same hash for the same edit, in whatever order its records and columns stand; `more` is what else was sent.

    An identity number counts by its blind index, because sealing it again gives other bytes.  If the edit `creates` a
    record, a value that the record would have anyway, null or a default, counts as left out."""
    sent: Document = {}
    for table, records in edit.sent.items():
        defaults = edit.aggregate.defaults.get(table, {}) if creates else None
        sent[table] = {id_: _content(columns, defaults) for id_, columns in records.items()}
    start: dict[str, Any] = {"base_rev": base_rev, "village": village, **more}
    if edit.whole:  # an empty list that was sent is not one that was left out
        start["whole"] = sorted(edit.whole)
    content: dict[str, Any] = {"sent": sent, "removed": sorted(edit.removed), **start}
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _content(columns: Mapping[str, Any], defaults: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        name: value["blind"] if isinstance(value, dict) else value
        for name, value in columns.items()
        if defaults is None or (value is not None and value != defaults.get(name))
    }
