"""The statements that put a document into its tables: one a table, whatever the number of rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.business import Business
from registry.db import Sql, arg
from registry.document import CHILDREN, NOUNS, TYPED
from registry.household import HOUSEHOLD, HouseholdNumber
from registry.migration import MigrationEpisode
from registry.noun import SCHEMA, const, table_of
from registry.region import REGION
from registry.vault import IDENTITY
from registry.workflow import FINDING, REMARK, REVISION

NOW = sa.func.now()
EXTRA: dict[str, tuple[str, ...]] = {
    "household": (),
    "member": (),
    table_of(MigrationEpisode).name: ("seq", "underage_at_departure"),
    table_of(Business).name: ("owner_category", "scale"),
}
"""Columns that the server derives and writes with the typed ones."""


def _names(table: str) -> list[str]:
    return [c.name for c in TYPED[table] if c.name != "village_id"] + list(EXTRA[table])


def _sent(table: sa.Table, *names: str) -> Any:
    """The rows of the argument `rows`, typed like the table's own."""
    row_type: sa.ColumnElement[Any] = sa.literal_column(f"NULL::{SCHEMA}.{table.name}")
    columns = [sa.column(name, table.c[name].type) for name in names]
    return sa.func.jsonb_populate_recordset(row_type, arg("rows", JSONB())).table_valued(*columns, name="r")


def _placed() -> dict[str, Any]:
    return {
        "village_id": arg("village", sa.Uuid()),
        "area": arg("area", sa.Text()),
        "draft": arg("draft", sa.Boolean()),
        "created_by": arg("me", sa.Uuid()),
    }


def _insert(name: str) -> Sql:
    table, names = table_of(NOUNS[name]), _names(name)
    sent = _sent(table, "id", *names)
    placed = _placed() | {"household_id": arg("household", sa.Uuid())}
    values = sa.select(sent.c.id, *placed.values(), *[sent.c[n] for n in names])
    return Sql(
        upsert(table)
        .from_select(["id", *placed, *names], values)
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(table.c.id)
    )


def _update(name: str) -> Sql:
    table, names = table_of(NOUNS[name]), _names(name)
    sent = _sent(table, "id", *names)
    values = {n: sent.c[n] for n in names} | {"updated_at": NOW, "archived_at": sa.null()}
    mine = sa.and_(table.c.id == sent.c.id, table.c.household_id == arg("household", sa.Uuid()))
    return Sql(sa.update(table).values(values).where(mine).returning(table.c.id))


INSERT = {name: _insert(name) for name in CHILDREN}
UPDATE = {name: _update(name) for name in CHILDREN}
REMOVE = {
    name: Sql(
        sa.update(t := table_of(NOUNS[name]))
        .values(archived_at=NOW, updated_at=NOW)
        .where(t.c.household_id == arg("household", sa.Uuid()), t.c.id == sa.any_(arg("ids", sa.ARRAY(sa.Uuid()))))
    )
    for name in CHILDREN
}

_STATE = (
    "rev",
    "workflow_state",
    "submitted_at",
    "submitted_by_id",
    "submitted_by_name",
    "submitted_by_role",
    "village_verified_by_id",
)
_HOUSEHOLD = _names("household")
_sent_household = _sent(HOUSEHOLD, "id", *_HOUSEHOLD, *_STATE)
CREATE_HOUSEHOLD = Sql(
    upsert(HOUSEHOLD)
    .from_select(
        ["id", *_placed(), "household_no", *_HOUSEHOLD, *_STATE],
        sa.select(
            _sent_household.c.id,
            *_placed().values(),
            arg("household_no", sa.Text()),
            *[_sent_household.c[n] for n in (*_HOUSEHOLD, *_STATE)],
        ),
    )
    .on_conflict_do_nothing(index_elements=["id"])
    .returning(HOUSEHOLD.c.id)
)
SAVE_HOUSEHOLD = Sql(
    sa.update(HOUSEHOLD)
    .values(
        {n: _sent_household.c[n] for n in (*_HOUSEHOLD, *_STATE)}
        | {
            "updated_at": NOW,
            "village_id": arg("village", sa.Uuid()),
            "area": arg("area", sa.Text()),
            "draft": arg("draft", sa.Boolean()),
        }
    )
    .where(HOUSEHOLD.c.id == _sent_household.c.id)
)

_number = table_of(HouseholdNumber)
NEXT_NUMBER = Sql(
    upsert(_number)
    .values(
        village_id=arg("village", sa.Uuid()), area=arg("area", sa.Text()), year=arg("year", sa.Integer()), last=const(1)
    )
    .on_conflict_do_update(index_elements=["village_id", "year"], set_={"last": _number.c.last + const(1)})
    .returning(_number.c.last)
)

_raw = (
    sa.func.jsonb_to_recordset(arg("rows", JSONB()))
    .table_valued(
        sa.column("subject_id", sa.Uuid()),
        sa.column("field", sa.Text()),
        sa.column("key_id", sa.Text()),
        sa.column("sealed", sa.Text()),
        sa.column("blind", sa.Text()),
        name="r",
    )
    .render_derived(with_types=True)
)


def _bytes(column: Any) -> Any:
    return sa.func.decode(column, const("base64"))


_seal = upsert(IDENTITY).from_select(
    ["id", "household_id", *_placed(), "subject_id", "field", "key_id", "sealed", "blind"],
    sa.select(
        sa.func.gen_random_uuid(),
        arg("household", sa.Uuid()),
        *_placed().values(),
        _raw.c.subject_id,
        _raw.c.field,
        _raw.c.key_id,
        _bytes(_raw.c.sealed),
        _bytes(_raw.c.blind),
    ),
)
SEAL = Sql(
    _seal.on_conflict_do_update(
        index_elements=["subject_id", "field"],
        set_={n: _seal.excluded[n] for n in ("key_id", "sealed", "blind")}
        | {"archived_at": sa.null(), "updated_at": NOW},
    )
)
UNSEAL = Sql(
    sa.update(IDENTITY)
    .values(archived_at=NOW, updated_at=NOW)
    .where(IDENTITY.c.household_id == arg("household", sa.Uuid()), IDENTITY.c.archived_at.is_(None))
    .where(sa.tuple_(IDENTITY.c.subject_id, IDENTITY.c.field).in_(sa.select(_raw.c.subject_id, _raw.c.field)))
)

ADD_REVISION = Sql(
    sa.insert(REVISION)
    .inline()
    .values(
        id=sa.func.gen_random_uuid(),
        household_id=arg("household", sa.Uuid()),
        **_placed(),
        rev=arg("rev", sa.Integer()),
        document=arg("document", sa.JSON()),
    )
)
REVISIONS = Sql(
    sa.select(REVISION.c.rev, REVISION.c.document).where(
        REVISION.c.household_id == arg("household", sa.Uuid()),
        REVISION.c.rev == sa.any_(arg("revs", sa.ARRAY(sa.Integer()))),
    )
)
CLOSE_FINDINGS = Sql(
    sa.update(FINDING)
    .values(archived_at=NOW, updated_at=NOW)
    .where(FINDING.c.household_id == arg("household", sa.Uuid()), FINDING.c.archived_at.is_(None))
)
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
_sent_findings = _sent(FINDING, *_FINDING)
ADD_FINDINGS = Sql(
    sa.insert(FINDING).from_select(
        ["id", "household_id", *_placed(), *_FINDING],
        sa.select(
            sa.func.gen_random_uuid(),
            arg("household", sa.Uuid()),
            *_placed().values(),
            *[_sent_findings.c[n] for n in _FINDING],
        ),
    )
)
RESOLVE_REMARKS = Sql(
    sa.update(REMARK)
    .values(resolved_in_rev=arg("rev", sa.Integer()), updated_at=NOW)
    .where(REMARK.c.household_id == arg("household", sa.Uuid()), REMARK.c.resolved_in_rev.is_(None))
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
_heirs = sa.func.registry.regions_of(arg("code", sa.Text())).table_valued(sa.column("id", sa.Uuid()), name="heir")
HEIRS = Sql(
    sa.select(REGION.c.id, REGION.c.code, REGION.c.level)
    .select_from(_heirs.join(REGION, REGION.c.id == _heirs.c.id))
    .order_by(REGION.c.code)
)
