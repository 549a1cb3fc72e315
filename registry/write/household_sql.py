"""The statements that put a document into its tables: one for a new household, one for a known one, whatever its size.

A part takes the household's id from the part before it, which hands it on only when all its new rows were written.
Rule: nothing hangs on a record that is another's, and the answer names the rows that were written, by table and id.
Test: tests/test_submission.py.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.models.aggregate import CHILDREN, DERIVED, NOUNS, TYPED
from registry.models.finding import FINDING
from registry.models.household import HOUSEHOLD, HouseholdNumber
from registry.models.identity import IDENTITY
from registry.models.noun import const, table_of
from registry.models.region import REGION
from registry.models.workflow import EVENT, REMARK, REVISION
from registry.store.sql import Sql, arg
from registry.write.statements import audited, placed, sent_rows, todays_village

NOW = sa.func.now()
STEP = ("from_state", "to_state", "rev", "actor_id", "actor_name", "actor_role", "reason")
"""What an event says of its step."""


def _names(table: str) -> list[str]:
    return [c.name for c in TYPED[table] if c.name != "village_id"] + list(DERIVED[table])


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
_home = sent_rows(HOUSEHOLD, "household", "id", *_HOUSEHOLD)
_ME = arg("me", sa.Uuid())
_moves = HOUSEHOLD.c.village_id != arg("village", sa.Uuid())
_writes = sa.and_(sa.or_(arg("document", sa.JSON()).is_not(None), _moves), sa.all_(HOUSEHOLD.c.authors) != _ME)
_AUTHORS = sa.case((_writes, sa.func.array_append(HOUSEHOLD.c.authors, _ME)), else_=HOUSEHOLD.c.authors)
"""Whoever changes content, or the village, is an author from then on, each once; who only sends it is not."""
_CREATE = (
    upsert(HOUSEHOLD)
    .from_select(
        ["id", *placed(), "household_no", "authors", *_HOUSEHOLD],
        sa.select(
            _home.c.id, *placed().values(), _household_no, array([_ME]), *[_home.c[n] for n in _HOUSEHOLD]
        ).select_from(_NEXT.join(_home, sa.true())),
    )
    .on_conflict_do_nothing(index_elements=["id"])
    .returning(HOUSEHOLD.c.id)
)
_SAVE = (
    sa.update(HOUSEHOLD)
    .values({n: _home.c[n] for n in _HOUSEHOLD} | {"updated_at": NOW, "authors": _AUTHORS})
    .values({name: value for name, value in placed().items() if name != "created_by"})
    .where(HOUSEHOLD.c.id == _home.c.id)
    .returning(HOUSEHOLD.c.id)
)


# --- what hangs on it: each takes the household from `home` -----------------------------------------------------------


def _add(table: sa.Table, home: sa.CTE, columns: dict[str, Any], rows: Any = None, id_: Any = None) -> Any:
    """INSERT of the rows, or of one row, into a table of the household."""
    own = {"id": sa.func.gen_random_uuid() if id_ is None else id_, "household_id": home.c.id, **placed()}
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
    sent = sent_rows(table, f"kept_{name}", "id", *names)
    values = {n: sent.c[n] for n in names} | {"updated_at": NOW, "archived_at": sa.null()}
    mine = sa.and_(table.c.id == sent.c.id, table.c.household_id == home.c.id)
    return sa.update(table).values(values).where(mine).returning(table.c.id)


def _archive(table: sa.Table, home: sa.CTE, *which: Any) -> Any:
    there = (table.c.household_id == home.c.id, table.c.archived_at.is_(None))
    return sa.update(table).values(archived_at=NOW, updated_at=NOW).where(*there, *which)


def _remove(name: str, home: sa.CTE) -> Any:
    table = table_of(NOUNS[name])
    return _archive(table, home, table.c.id == sa.any_(arg(f"gone_{name}", sa.ARRAY(sa.Uuid()))))


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
    """Of a known household: a new number takes the place of the old one."""
    added = _seal(home)
    values = {n: added.excluded[n] for n in ("key_id", "sealed", "blind")}
    values |= {"archived_at": sa.null(), "updated_at": NOW}
    return added.on_conflict_do_update(index_elements=["subject_id", "field"], set_=values)


def _unseal(home: sa.CTE) -> Any:
    sent = _numbers("cleared")
    cleared = sa.select(sent.c.subject_id, sent.c.field)
    return _archive(IDENTITY, home, sa.tuple_(IDENTITY.c.subject_id, IDENTITY.c.field).in_(cleared))


def _revise(home: sa.CTE) -> Any:
    """Without a document content is as it was, and there is no revision."""
    document = arg("document", sa.JSON())
    told = sa.select(home.c.id).where(document.is_not(None)).cte("revised")
    return _add(REVISION, told, {"rev": arg("rev", sa.Integer()), "document": document})


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


def _find(home: sa.CTE) -> Any:
    sent = sent_rows(FINDING, "findings", *_FINDING)
    return _add(FINDING, home, {n: sent.c[n] for n in _FINDING}, sent)


def _resolve(home: sa.CTE) -> Any:
    """The remarks that this revision answers."""
    values = {"resolved_in_rev": arg("rev", sa.Integer()), "updated_at": NOW}
    answered = REMARK.c.id == sa.any_(arg("resolved", sa.ARRAY(sa.Uuid())))
    return sa.update(REMARK).values(values).where(REMARK.c.household_id == home.c.id, answered)


def _tell(home: sa.CTE) -> Any:
    return _add(EVENT, home, {n: arg(n, EVENT.c[n].type) for n in (*STEP, "edit_hash")})


def _storing(household: Any, *, known: bool) -> Sql:
    """The whole statement; what only a known household can need is left out for a new one."""
    home = household.cte("home")
    written, others = [(HOUSEHOLD.name, home)], []
    for name in CHILDREN:
        written.append((name, new := _insert(name, home).cte(f"new_{name}")))
        if known:
            written.append((name, _update(name, home).cte(f"kept_{name}")))
            others.append(_remove(name, home).cte(f"gone_{name}"))
        count = sa.select(sa.func.count()).select_from(new).scalar_subquery()
        all_ = count == sa.func.jsonb_array_length(arg(f"new_{name}", JSONB()))
        home = sa.select(home.c.id).where(all_).cte(f"with_{name}")
    parts = {"numbers": _seal, "revision": _revise, "findings": _find, "event": _tell, "audit": audited}
    if known:
        parts |= {
            "numbers": _seal_again,
            "cleared": _unseal,
            "remarks": _resolve,
            "old_findings": lambda home: _archive(FINDING, home),
        }
    others += [part(home).cte(name) for name, part in parts.items()]
    rows = [sa.select(const(noun).label("noun"), part.c.id) for noun, part in written]
    return Sql(sa.union_all(*rows).add_cte(*others))


CREATE, SAVE = _storing(_CREATE, known=False), _storing(_SAVE, known=True)

# --- what is there ----------------------------------------------------------------------------------------------------

REVISIONS = Sql(
    sa.select(REVISION.c.rev, REVISION.c.document).where(
        REVISION.c.household_id == arg("household", sa.Uuid()),
        REVISION.c.rev == sa.any_(arg("revs", sa.ARRAY(sa.Integer()))),
    )
)
AUTHORS = Sql(
    sa.union_all(
        *[
            sa.select(const(t.name).label("noun"), t.c.id, t.c.created_by).where(
                t.c.household_id == arg("household", sa.Uuid())
            )
            for t in (table_of(NOUNS[name]) for name in CHILDREN)
        ]
    )
)
