"""Where a remark stands in a household, and when it is answered.

A path names a field as the form does, `["consent", "basis"]`, and of a member, episode or business first its list and
id, `["members", "<id>", "nik"]`; a whole record or list may be named too.  A place in the list, as it is shown, is
read as the id that stands there, so that a later edit which reorders the list does not move the remark.
Rule: a change of what a remark names answers it, or whoever verifies settles it.  Callers who do not see the class of a
field neither make nor read remarks on it, because they would learn when it changes.  A remark on a record or value of
several classes is answered only by what everybody sees there.  Tests: tests/test_remarks.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.models.aggregate import Document
from registry.models.fact import WRITTEN_AT, fact_of
from registry.models.finding import PLAIN
from registry.models.household_aggregate import LISTS, NOUNS
from registry.models.noun import table_of
from registry.models.workflow import REMARK
from registry.store.db import Transaction
from registry.store.sql import Sql, arg
from registry.write import household_sql
from registry.write.document import Path, listed, same

TABLES = {name: table for table, name in LISTS.items()}
Inside = Mapping[str, Mapping[str, Path]]
"""Table → column → where in a record it stands."""
_HOUSEHOLD = arg("household", sa.Uuid())
_of_household = (REMARK.c.household_id == _HOUSEHOLD, REMARK.c.resolved_in_rev.is_(None))
OPEN = Sql(sa.select(REMARK.c.id, REMARK.c.path, REMARK.c.rev).where(*_of_household))
SETTLE = Sql(
    sa.update(REMARK)
    .values(resolved_in_rev=arg("rev", sa.Integer()), updated_at=WRITTEN_AT)
    .where(*_of_household, sa.or_(arg("author", sa.Uuid()).is_(None), REMARK.c.author_id == arg("author", sa.Uuid())))
)
"""Settle the open remarks of one author, or of all if `author` is null."""
_REMARK = (
    "village_id",
    "area",
    "draft",
    "created_by",
    "path",
    "rev",
    "about",
    "about_author",
    "text",
    "author_id",
    "author_name",
    "author_role",
)
ADD_REMARK = Sql(
    sa.insert(REMARK)
    .inline()
    .values(
        id=sa.func.gen_random_uuid(),
        household_id=arg("household", sa.Uuid()),
        **{n: arg(n, REMARK.c[n].type) for n in _REMARK},
    )
)


def stored_path(path: list[str], document: Document, inside: Inside) -> list[str] | None:
    """The path as it is stored, with the id of a child and the field as in the form; None if it leads nowhere."""
    if not path or path[0] not in TABLES:
        field = _field("household", tuple(path), inside)
        return list(field) if field else None
    name, *rest = path
    if not rest:
        return [name]
    table, (place, *within) = TABLES[name], rest
    child = _child(place, listed(table, document))
    field = _field(table, tuple(within), inside)
    if child is None or (within and not field):
        return None
    return [name, child, *field]


def _child(place: str, ids: list[str]) -> str | None:
    """The id of the child that `place` names, by its id in any letters or by its position in the list."""
    if place.isascii() and place.isdecimal() and len(place) <= len(str(len(ids))):
        return ids[int(place)] if int(place) < len(ids) else None
    return place.lower() if place.lower() in ids else None


def _field(table: str, path: Path, inside: Inside) -> Path:
    """A field of the form, or the value that it is part of; else empty."""
    places = [where for column, where in inside[table].items() if column != "id"]
    return path if path and any(where[: len(path)] == path for where in places) else ()


def split_path(path: list[str]) -> tuple[str, str | None, Path]:
    """The table of what a path names, the id of the child, None for the household or a whole list, and the field."""
    if path[0] not in TABLES:
        return "household", None, tuple(path)
    return TABLES[path[0]], path[1] if len(path) > 1 else None, tuple(path[2:])


def class_of(path: list[str], inside: Inside) -> Sensitivity:
    """The class of what a path names; OPERATIONAL if everybody sees a part of it."""
    table, _, field = split_path(path)
    kinds = {_class(table, column) for column in _columns(table, field, inside)}
    if not kinds.isdisjoint(PLAIN):
        return Sensitivity.OPERATIONAL
    return min(kinds, key=list(Sensitivity).index)


def changed(path: list[str], before: Document, after: Document, inside: Inside) -> bool:
    """Whether a field, a whole record or a whole list that the path names differs in `after`."""
    table, id_, field = split_path(path)
    answering = {*PLAIN, class_of(path, inside)}
    columns = [column for column in _columns(table, field, inside) if _class(table, column) in answering]
    ids = [id_] if id_ is not None else before[table].keys() | after[table].keys()
    return any(_differs(before[table].get(id_), after[table].get(id_), columns) for id_ in ids)


def _columns(table: str, field: Path, inside: Inside) -> list[str]:
    """The columns of a field, or of a whole record without its id."""
    where = inside[table].items()
    return [column for column, path in where if column != "id" and path[: len(field)] == field]


def _class(table: str, column: str) -> Sensitivity:
    return fact_of(table_of(NOUNS[table]).c[column]).sensitivity


def _differs(before: dict[str, Any] | None, after: dict[str, Any] | None, columns: list[str]) -> bool:
    if before is None or after is None:
        return before is not after
    return any(not same(before.get(column), after.get(column)) for column in columns)


async def answered(
    tx: Transaction, household: uuid.UUID, rev: int, current: Document, document: Document, inside: Inside
) -> list[uuid.UUID]:
    """The open remarks of a household that its new document answers; `current` is the stored document, at `rev`."""
    open_ = await tx.rows(OPEN, household=household)
    documents = {rev: current}
    if earlier := sorted({remark["rev"] for remark in open_} - {rev}):
        for row in await tx.rows(household_sql.REVISIONS, household=household, revs=earlier):
            documents[row["rev"]] = orjson.loads(row["document"])
    return [remark["id"] for remark in open_ if changed(remark["path"], documents[remark["rev"]], document, inside)]
