"""The history of a household: who saved each revision, by which door, and what it changed.

A change is worked out from the revisions when it is read, and stored nowhere.
Rule: a change shows no more than the record does now: only fields whose class the caller sees there, protective ones to
whom recorded the row, and of a number of the vault that it changed, never a digit.  Revisions that were only ever a
draft are those of whoever may submit there, and what they held is compared with nothing that others read.
Tests: tests/test_history.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array

from auth.sensitivity import Sensitivity
from registry.codes import WorkflowState
from registry.models.fact import Derived, Fact, StatementContext, derived, fact_of
from registry.models.household import HOUSEHOLD
from registry.models.household_aggregate import LISTS, NOUNS, PLACES, TYPED
from registry.models.noun import TableFunction, const, table_of
from registry.models.region import REGION
from registry.models.workflow import EVENT, REVISION
from registry.values.bounds import LONGEST_LIST, NAME, Bounds

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL
LONGEST_TEXT = max(fact.bounds.longest or 0 for t in TYPED for c in TYPED[t] if (fact := fact_of(c)).bounds)
"""Characters of the longest text of a household."""
MOST_CHANGES = sum(len(columns) * (LONGEST_LIST if table in LISTS else 1) for table, columns in TYPED.items())
"""What a revision changes at most: every field of every record."""
IN_RECORD: dict[str, Mapping[str, tuple[str, ...]]] = {}
"""Table → column → where in a record the form has it; filled by schema/inputs/household.py."""


# --- revisions --------------------------------------------------------------------------------------------------------


def _was_sent(revision: sa.FromClause) -> sa.ColumnElement[bool]:
    """It stood in a state beyond that of a draft at least once, so others have seen it or could have."""
    of_revision = (EVENT.c.household_id == revision.c.household_id, EVENT.c.rev == revision.c.rev)
    beyond_draft = EVENT.c.to_state != const(WorkflowState.DRAFT.value)
    return sa.exists(sa.select(const(1)).select_from(EVENT).where(*of_revision, beyond_draft).correlate(revision))


def _is_shown(revision: sa.FromClause) -> sa.ColumnElement[bool]:
    # r.area <@ (SELECT registry.areas('submit')) OR EXISTS (SELECT 1 FROM registry.workflow_event …)
    drafts_are_theirs = revision.c.area.op("<@")(sa.select(sa.func.registry.areas(const("submit"))).scalar_subquery())
    return sa.or_(drafts_are_theirs, _was_sent(revision))


def is_shown(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: the caller may submit there, or the revision was more than a draft."""
    return _is_shown(row)


@dataclass(frozen=True)
class Since:
    """Named condition: a later revision than the argument."""

    argument: str

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        return row.c.rev > ctx.argument(self.argument, sa.Integer())


def _of_saving(row: sa.FromClause, column: str) -> sa.ColumnElement[Any]:
    """A column of the event by which its author saved the revision."""
    by_author = (
        EVENT.c.household_id == row.c.household_id,
        EVENT.c.rev == row.c.rev,
        EVENT.c.actor_id == row.c.created_by,
    )
    first = sa.select(EVENT.c[column]).where(*by_author).order_by(EVENT.c.at, EVENT.c.id).limit(const(1))
    return first.correlate(row).scalar_subquery()


@derived(PERSONAL, "Penyimpan", "Who saved it", sa.Uuid())
def author_id(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return row.c.created_by


@derived(PERSONAL, "Nama penyimpan", "Name of whoever saved it", sa.Text(), longest=NAME)
def author_name(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return _of_saving(row, "actor_name")


@derived(PERSONAL, "Peran penyimpan", "Role of whoever saved it", sa.Text(), longest=40)
def author_role(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return _of_saving(row, "actor_role")


# --- what a revision changed ------------------------------------------------------------------------------------------


class RevisionChanges(TableFunction):
    """The changed fields of a revision against the one before it that the caller sees, as rows."""

    row_sensitivity = PERSONAL

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        # (SELECT s.position, s.about, …, c.before, c.after
        #  FROM registry.changes_between((SELECT r$earlier.document …), p.document) AS c
        #  JOIN (VALUES (1, 'household', 'hamlet', 'hamlet', 'PERSONAL'), …) AS s
        #    ON c.noun = s.noun AND c.fact = s.fact)
        assert parent is not None
        texts = [sa.column(n, sa.Text()) for n in ("noun", "id", "fact")]
        values = [sa.column(n, JSONB()) for n in ("before", "after")]
        between = sa.func.registry.changes_between(_document_before(parent), parent.c.document)
        change = between.table_valued(*texts, *values, name=f"{name}c")
        field = _fields(f"{name}s")
        is_number = field.c.about == const(Sensitivity.IDENTITY.value)
        columns = {
            "position": field.c.position,
            "id": change.c.id,
            "path": _path(change, field),
            "before": sa.case((is_number, sa.null()), else_=_text(change, change.c.before)),
            "after": sa.case((is_number, sa.null()), else_=_text(change, change.c.after)),
            "is_number": is_number,
            "about": field.c.about,
            "about_author": _recorder(parent, change),
            "area": parent.c.area,
        }
        on = sa.and_(change.c.noun == field.c.noun, change.c.fact == field.c.fact)
        rows = sa.select(*[value.label(label) for label, value in columns.items()]).select_from(change.join(field, on))
        return rows.correlate(parent).subquery(name)


def _document_before(parent: sa.FromClause) -> sa.ColumnElement[Any]:
    earlier = REVISION.alias("r$earlier")
    shown = (earlier.c.household_id == parent.c.household_id, earlier.c.rev < parent.c.rev, _is_shown(earlier))
    newest = sa.select(earlier.c.document).where(*shown).order_by(earlier.c.rev.desc()).limit(const(1))
    return newest.correlate(parent).scalar_subquery()


def _fields(name: str) -> sa.FromClause:
    """Every field that people fill in: its column, its place in the form, and its class."""
    rows: list[tuple[Any, ...]] = []
    for table, columns in TYPED.items():
        for column in columns:
            if (path := IN_RECORD[table].get(column.name)) is not None:
                rows.append((len(rows), table, column.name, "/".join(path), fact_of(column).sensitivity.value))
    texts = [sa.column(label, sa.Text()) for label in ("noun", "fact", "path", "about")]
    return sa.values(sa.column("position", sa.Integer()), *texts, name=name, literal_binds=True).data(rows)


def _path(change: sa.FromClause, field: sa.FromClause) -> sa.ColumnElement[Any]:
    """The field as the form names it: {consent,basis}, or {members,<id>,fullName}."""
    inside = sa.func.string_to_array(field.c.path, const("/"))
    lists = [(change.c.noun == const(table), const(list_)) for table, list_ in LISTS.items()]
    list_ = sa.case(*lists, else_=sa.null()) if lists else sa.null()
    of_child = sa.func.array_cat(array([list_, change.c.id]), inside)
    return sa.case((change.c.noun == const(HOUSEHOLD.name), inside), else_=of_child)


def _text(change: sa.FromClause, value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A value as text, a list as JSON; of a village its code."""
    text = value.op("#>>")(sa.literal_column("'{}'::text[]"))
    named = sa.select(REGION.c.code).where(REGION.c.id == sa.cast(text, sa.Uuid()))
    village = named.correlate(change).scalar_subquery()
    places = [sa.and_(change.c.noun == const(table), change.c.fact == const(column)) for table, column in PLACES]
    is_place = sa.or_(sa.false(), *places)
    return sa.case((is_place, village), else_=text)


def _recorder(parent: sa.FromClause, change: sa.FromClause) -> sa.ColumnElement[Any]:
    """Who recorded the row, which decides who sees its protective facts; null where it has none."""
    cases = []
    for table, columns in TYPED.items():
        if any(fact_of(column).sensitivity is Sensitivity.PROTECTIVE for column in columns):
            record = table_of(NOUNS[table]).alias("r$record")
            recorder = sa.select(record.c.created_by).where(record.c.id == sa.cast(change.c.id, sa.Uuid()))
            cases.append((change.c.noun == const(table), recorder.correlate(change).scalar_subquery()))
    return sa.case(*cases, else_=sa.null()) if cases else sa.cast(sa.null(), sa.Uuid())


def of_revision(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: always true, because the changes are those of the revision."""
    return sa.true()


def _shown(name: str, type_: Any, label_id: str, label_en: str, longest: int | None = None) -> Derived[Any]:
    items = 4 if isinstance(type_, ARRAY) else None
    bounds = None if longest is None else Bounds(longest, items=items)
    shown = Fact(PERSONAL, label_id, label_en, server=True, bounds=bounds)
    return Derived(name, shown, lambda row, ctx: row.c[name], type_, nullable=name in ("before", "after"))


change_path = _shown("path", ARRAY(sa.Text()), "Kolom", "Path of the field, of a child after its list and id", 40)
change_before = _shown("before", sa.Text(), "Sebelumnya", "Value before, as text", LONGEST_TEXT)
change_after = _shown("after", sa.Text(), "Sesudahnya", "Value after, as text", LONGEST_TEXT)
change_withheld = _shown("is_number", sa.Boolean(), "Disembunyikan", "The values are not shown")
change_position = _shown("position", sa.Integer(), "Urutan", "Position")
