"""Archive: a household leaves the register, with all that lies in it.

From then on nobody finds it, and the figures of that day and later do not count it.  Nothing is deleted, but for
numbers whose family has withdrawn their consent: docs/decisions/archived.md.
Rule: what lies in a household leaves with it, whatever nouns there are; its cases stay, and an open one keeps it in the
register.  Tests: tests/test_archive.py, tests/test_case.py.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.codes import ArchiveReason
from registry.codes.messages import UserErrorCode as Code
from registry.models.case import CASE, is_open
from registry.models.fact import WRITTEN_AT
from registry.models.finding import FINDING
from registry.models.household import HOUSEHOLD
from registry.models.household_aggregate import CHILDREN, NOUNS, SEALED
from registry.models.identity import IDENTITY
from registry.models.noun import const, table_of
from registry.models.workflow import ARCHIVE, REVISION
from registry.store.sql import Sql, arg
from registry.write.one_step import OneStep, changing
from registry.write.step import COUNT

_ID = arg("id", sa.Uuid())


def _archived_with_it(table: sa.Table) -> Sql:
    here = (table.c.household_id == _ID, table.c.archived_at.is_(None))
    return Sql(sa.update(table).values(archived_at=WRITTEN_AT, updated_at=WRITTEN_AT).where(*here))


def _without_masks(name: str) -> Sql:
    """UPDATE member SET nik = NULL WHERE household_id = $1: also of those who were removed from it earlier."""
    table = table_of(NOUNS[name])
    masks = {column: sa.null() for sealed, column in SEALED if sealed == name}
    household = table.c.id if table is HOUSEHOLD else table.c.household_id
    return Sql(sa.update(table).values(masks | {"updated_at": WRITTEN_AT}).where(household == _ID))


def _without_numbers(document: sa.ColumnElement[object]) -> sa.ColumnElement[object]:
    """A document with null in place of each sealed number, which are its only objects below a column.

    (SELECT jsonb_object_agg(t.key, (SELECT … jsonb_object_agg(r.key, (SELECT … FROM jsonb_each(r.value) c))
    FROM jsonb_each(t.value) r)) FROM jsonb_each(document) t)"""
    table, record, column = (
        sa.func.jsonb_each(value).table_valued(sa.column("key", sa.Text()), sa.column("value", JSONB()), name=name)
        for name, value in (
            ("t", sa.cast(document, JSONB())),
            ("r", sa.literal_column("t.value", JSONB())),
            ("c", sa.literal_column("r.value", JSONB())),
        )
    )
    is_number = sa.func.jsonb_typeof(column.c.value) == const("object")
    kept: sa.ColumnElement[object] = sa.case((is_number, sa.literal_column("'null'::jsonb")), else_=column.c.value)
    empty: sa.ColumnElement[object] = sa.literal_column("'{}'::jsonb")
    for level in (column, record, table):
        objects = sa.func.coalesce(sa.func.jsonb_object_agg(level.c.key, kept), empty)
        kept = sa.select(objects).select_from(level).scalar_subquery()
    return sa.cast(kept, sa.JSON())


_empty: sa.ColumnElement[bytes] = sa.literal_column("''::bytea")
_FORGOTTEN = {"sealed": _empty, "blind": _empty, "updated_at": WRITTEN_AT}
FORGET_NUMBERS = (
    Sql(sa.update(IDENTITY).values(_FORGOTTEN).where(IDENTITY.c.household_id == _ID)),
    *[_without_masks(name) for name in sorted({name for name, _ in SEALED})],
    Sql(
        sa.update(REVISION).values(document=_without_numbers(REVISION.c.document)).where(REVISION.c.household_id == _ID)
    ),
)
"""No number of the household is left, sealed, blind or masked, in no record and no revision."""

HAS_OPEN_CASE = Sql(
    sa.select(sa.exists().where(CASE.c.household_id == _ID, is_open(CASE), CASE.c.archived_at.is_(None)))
)
"""Whether somebody still works on a case of the household.  It is locked by now, so no case is added meanwhile; and
whoever may archive it sees all its cases, because they see the class of cases where it lies."""

# The household first: whoever waits for its lock waits for all of it, and the wall lets go of the numbers in revisions
# only once their household has left.
ARCHIVING = OneStep(
    ARCHIVE,
    changing(ARCHIVE, archived_at=WRITTEN_AT, verified_rev=sa.null()),
    *[_archived_with_it(table) for table in (*[table_of(NOUNS[name]) for name in CHILDREN], FINDING, IDENTITY)],
    COUNT,
    because={ArchiveReason.CONSENT_WITHDRAWN.value: FORGET_NUMBERS},
    unless={Code.CASES_OPEN: HAS_OPEN_CASE},
)
"""A household leaves the register."""
