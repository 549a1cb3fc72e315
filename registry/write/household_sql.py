"""The statements that store a household: one for a new one, one for an existing one, whatever its size.  Lists at the
end of `PARTS` of which an edit writes nothing are left out.

    WITH number AS (INSERT INTO household_number … RETURNING year, last),
         home AS (INSERT INTO household … ON CONFLICT (id) DO NOTHING RETURNING id),
         new_member AS (INSERT INTO member … SELECT … FROM home, jsonb_populate_recordset(…) RETURNING id),
         with_member AS (SELECT id FROM home WHERE (SELECT count(*) FROM new_member) = jsonb_array_length($n)),
         …, revision AS (…), findings AS (…), event AS (…), audit AS (…)
    SELECT 'household', id FROM home UNION ALL SELECT 'member', id FROM new_member …

Each part takes the household's id from the part before it, which passes it on only if all its new rows were written.
Rule: nothing is attached to another's record, and the answer names the rows that were written, by table and id.
Test: tests/test_submission.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.models.fact import WRITTEN_AT
from registry.models.finding import FINDING
from registry.models.history import is_shown
from registry.models.household import HOUSEHOLD, HouseholdNumber
from registry.models.household_aggregate import CHILDREN, DERIVED, NOUNS, TYPED
from registry.models.identity import IDENTITY
from registry.models.noun import const, table_of
from registry.models.region import REGION
from registry.models.workflow import EVENT, REMARK, REVISION
from registry.store.sql import Sql, arg
from registry.write.statements import CALLER, audited, scope_columns, sent_rows, todays_village

STEP = ("from_state", "to_state", "rev", "actor_id", "actor_name", "actor_role", "reason")
"""The columns of an event that describe its step."""


def _names(table: str) -> list[str]:
    """The columns of a part that a submission writes."""
    return [column.name for column in TYPED[table] if column.name != "village_id"] + list(DERIVED[table])


# --- the household ----------------------------------------------------------------------------------------------------

_number = table_of(HouseholdNumber)
_village = todays_village(REGION.c.id, REGION.c.code, arg("year", sa.Integer()), const(1))
_NEXT = (
    upsert(_number)
    .from_select(["village_id", "area", "year", "last"], _village)
    .on_conflict_do_update(index_elements=["village_id", "year"], set_={"last": _number.c.last + const(1)})
    .returning(_number.c.year, sa.cast(_number.c.last, sa.Text()).label("serial"))
    .cte("number")
)
# concat_ws('-', area, year, lpad(serial, greatest(4, length(serial)), '0')), such as 35.07.11.2008-2026-0007
_width = sa.func.greatest(const(4), sa.func.length(_NEXT.c.serial))
_household_no = sa.func.concat_ws(
    const("-"), arg("area", sa.Text()), _NEXT.c.year, sa.func.lpad(_NEXT.c.serial, _width, const("0"))
)
_STATE = (
    "rev",
    "workflow_state",
    "submitted_at",
    "submitted_by_id",
    "submitted_by_name",
    "submitted_by_role",
    "village_verified_by_id",
)
_HOUSEHOLD = (*_names("household"), *_STATE)
_sent_household = sent_rows(HOUSEHOLD, "household", "id", *_HOUSEHOLD)
_ME = arg("me", sa.Uuid())
# CASE WHEN ($document IS NOT NULL OR village_id <> $village) AND $me <> ALL (authors)
#   THEN authors || $me ELSE authors END
_moves = HOUSEHOLD.c.village_id != arg("village", sa.Uuid())
_changes = sa.or_(arg("document", sa.JSON()).is_not(None), _moves)
_is_new_author = sa.and_(_changes, sa.all_(HOUSEHOLD.c.authors) != _ME)
_AUTHORS = sa.case((_is_new_author, sa.func.array_append(HOUSEHOLD.c.authors, _ME)), else_=HOUSEHOLD.c.authors)
"""Whoever changes content, or the village, becomes an author, once; who only sends it does not."""
_CREATE = (
    upsert(HOUSEHOLD)
    .from_select(
        ["id", *scope_columns(), "household_no", "authors", *_HOUSEHOLD],
        sa.select(
            _sent_household.c.id,
            *scope_columns().values(),
            _household_no,
            array([_ME]),
            *[_sent_household.c[name] for name in _HOUSEHOLD],
        ).select_from(_NEXT.join(_sent_household, sa.true())),
    )
    .on_conflict_do_nothing(index_elements=["id"])
    .returning(HOUSEHOLD.c.id)
)
_SAVE = (
    sa.update(HOUSEHOLD)
    .values({n: _sent_household.c[n] for n in _HOUSEHOLD} | {"updated_at": WRITTEN_AT, "authors": _AUTHORS})
    .values({name: value for name, value in scope_columns().items() if name != "created_by"})
    .where(HOUSEHOLD.c.id == _sent_household.c.id)
    .returning(HOUSEHOLD.c.id)
)


# --- what belongs to it: each part takes the household from `home` ----------------------------------------------------


def _add(table: sa.Table, home: sa.CTE, columns: dict[str, Any], rows: Any = None, id_: Any = None) -> Any:
    """INSERT INTO table (id, household_id, village_id, area, draft, created_by, columns) SELECT … FROM home[, rows]."""
    own = {"id": sa.func.gen_random_uuid() if id_ is None else id_, "household_id": home.c.id, **scope_columns()}
    values = sa.select(*own.values(), *columns.values())
    values = values.select_from(home if rows is None else home.join(rows, sa.true()))
    return upsert(table).from_select([*own, *columns], values)


def _insert(name: str, home: sa.CTE) -> Any:
    table, names = table_of(NOUNS[name]), _names(name)
    sent = sent_rows(table, f"new_{name}", "id", *names)
    added = _add(table, home, {n: sent.c[n] for n in names}, sent, sent.c.id)
    return added.on_conflict_do_nothing(index_elements=["id"]).returning(table.c.id)


def _update(name: str, home: sa.CTE) -> Any:
    table, names = table_of(NOUNS[name]), _names(name)
    sent = sent_rows(table, f"changed_{name}", "id", *names)
    values = {n: sent.c[n] for n in names} | {"updated_at": WRITTEN_AT, "archived_at": sa.null()}
    mine = sa.and_(table.c.id == sent.c.id, table.c.household_id == home.c.id)
    return sa.update(table).values(values).where(mine).returning(table.c.id)


def _archive(table: sa.Table, home: sa.CTE, *which: Any) -> Any:
    there = (table.c.household_id == home.c.id, table.c.archived_at.is_(None))
    return sa.update(table).values(archived_at=WRITTEN_AT, updated_at=WRITTEN_AT).where(*there, *which)


def _remove(name: str, home: sa.CTE) -> Any:
    table = table_of(NOUNS[name])
    return _archive(table, home, table.c.id == sa.any_(arg(f"removed_{name}", sa.ARRAY(sa.Uuid()))))


def _numbers(argument: str) -> Any:
    names: dict[str, Any] = {
        "subject_id": sa.Uuid(),
        "field": sa.Text(),
        "key_id": sa.Text(),
        "sealed": sa.Text(),
        "blind": sa.Text(),
    }
    columns: list[Any] = [sa.column(name, type_) for name, type_ in names.items()]
    sent = sa.func.jsonb_to_recordset(arg(argument, JSONB())).table_valued(*columns, name="r")
    return sent.render_derived(with_types=True)


def _seal(home: sa.CTE) -> Any:
    sent = _numbers("sealed")
    columns = {n: sent.c[n] for n in ("subject_id", "field", "key_id")}
    columns |= {n: sa.func.decode(sent.c[n], const("base64")) for n in ("sealed", "blind")}
    return _add(IDENTITY, home, columns, sent)


def _seal_again(home: sa.CTE) -> Any:
    """For an existing household: a new number replaces the old one."""
    added = _seal(home)
    values = {n: added.excluded[n] for n in ("key_id", "sealed", "blind")}
    values |= {"archived_at": sa.null(), "updated_at": WRITTEN_AT}
    return added.on_conflict_do_update(index_elements=["subject_id", "field"], set_=values)


def _unseal(home: sa.CTE) -> Any:
    sent = _numbers("cleared")
    cleared = sa.select(sent.c.subject_id, sent.c.field)
    return _archive(IDENTITY, home, sa.tuple_(IDENTITY.c.subject_id, IDENTITY.c.field).in_(cleared))


def _add_revision(home: sa.CTE) -> Any:
    """If there is no document, content did not change, and there is no revision."""
    document = arg("document", sa.JSON())
    columns = {"rev": arg("rev", sa.Integer()), "source": arg("source", sa.Text()), "document": document}
    revised = sa.select(home.c.id).where(document.is_not(None)).cte("revised")
    return _add(REVISION, revised, columns)


_FINDING = (
    "position",
    "code",
    "severity",
    "path",
    "message_id",
    "message_en",
    "params",
    "about",
    "about_author",
    "must_see",
)


def _add_findings(home: sa.CTE) -> Any:
    sent = sent_rows(FINDING, "findings", *_FINDING)
    return _add(FINDING, home, {n: sent.c[n] for n in _FINDING}, sent)


def _resolve_remarks(home: sa.CTE) -> Any:
    """UPDATE of the remarks that this revision answers."""
    values = {"resolved_in_rev": arg("rev", sa.Integer()), "updated_at": WRITTEN_AT}
    answered = REMARK.c.id == sa.any_(arg("resolved", sa.ARRAY(sa.Uuid())))
    return sa.update(REMARK).values(values).where(REMARK.c.household_id == home.c.id, answered)


def _add_event(home: sa.CTE) -> Any:
    return _add(EVENT, home, {n: arg(n, EVENT.c[n].type) for n in (*STEP, "edit_hash")})


def lists_to_write(rows: Mapping[str, Sequence[Sized]]) -> tuple[str, ...]:
    """The lists up to the last one that has rows to write: so many lists, so many statements, and no more.

    An empty part is not free: PostgreSQL opens its table with every index and policy."""
    last = max((number for number, table in enumerate(CHILDREN, 1) if any(rows[table])), default=0)
    return tuple(CHILDREN)[:last]


@cache
def storing(lists: tuple[str, ...], *, existing: bool) -> Sql:
    """The whole statement, with parts for these lists; a new household needs no updates and removals."""
    home = (_SAVE if existing else _CREATE).cte("home")
    written, others = [(HOUSEHOLD.name, home)], []
    for name in lists:
        written.append((name, new := _insert(name, home).cte(f"new_{name}")))
        if existing:
            written.append((name, _update(name, home).cte(f"changed_{name}")))
            others.append(_remove(name, home).cte(f"removed_{name}"))
        count = sa.select(sa.func.count()).select_from(new).scalar_subquery()
        all_written = count == sa.func.jsonb_array_length(arg(f"new_{name}", JSONB()))
        home = sa.select(home.c.id).where(all_written).cte(f"with_{name}")
    parts = {
        "numbers": _seal,
        "revision": _add_revision,
        "findings": _add_findings,
        "event": _add_event,
        "audit": audited,
    }
    if existing:
        parts |= {
            "numbers": _seal_again,
            "cleared": _unseal,
            "remarks": _resolve_remarks,
            "old_findings": lambda home: _archive(FINDING, home),
        }
    others += [part(home).cte(name) for name, part in parts.items()]
    rows = [sa.select(const(noun).label("noun"), part.c.id) for noun, part in written]
    return Sql(sa.union_all(*rows).add_cte(*others))


# --- what is stored ---------------------------------------------------------------------------------------------------

_revisions = sa.select(REVISION.c.rev, REVISION.c.document).where(
    REVISION.c.household_id == arg("household", sa.Uuid()),
    REVISION.c.rev == sa.any_(arg("revs", sa.ARRAY(sa.Integer()))),
)
REVISIONS = Sql(_revisions)
SHOWN_REVISIONS = Sql(_revisions.where(is_shown(REVISION, CALLER)))
"""Those that the history shows the caller, for a number that they send: what drafts held is told to nobody else."""


def _recorders(table: sa.Table) -> sa.Select[Any]:
    columns = const(table.name).label("noun"), table.c.id, table.c.created_by
    return sa.select(*columns).where(table.c.household_id == arg("household", sa.Uuid()))


RECORDERS = Sql(sa.union_all(*[_recorders(table_of(NOUNS[name])) for name in CHILDREN]))
"""Who recorded each child of a household, removed ones too: a removed child is named here and not in the document."""
