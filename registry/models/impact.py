"""What depends on a grant today, so that whoever ends it or reassigns its area looks first.

Rule: it counts what the caller sees, and is null where they do not see the households of the area.
Test: tests/test_impact.py.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.models.account import ACCOUNT, GRANTS, TODAY
from registry.models.device import DEVICE
from registry.models.fact import StatementContext, derived
from registry.models.field_work import covers
from registry.models.household import HOUSEHOLD
from registry.models.noun import const

SYSTEM = Sensitivity.SYSTEM
_DEVICE = DEVICE.alias("d$")


@derived(SYSTEM, "Dampak terlihat", "Whether the caller sees the households of the area", sa.Boolean())
def is_seen(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    here = row.c.area.op("<@", is_comparison=True)(ctx.areas("read"))
    return sa.case((here, sa.true()), else_=sa.null())


@derived(SYSTEM, "Rumah tangga", "Households of the area", sa.Integer(), nullable=False)
def households(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # CAST((SELECT count(*) FROM registry.household AS h$held WHERE … in the area … AND archived_at IS NULL) AS INTEGER)
    household = HOUSEHOLD.alias("h$held")
    below = sa.and_(household.c.area >= row.c.area, household.c.area < row.c.area + const("/"))
    tests = (sa.or_(row.c.national, below), household.c.archived_at.is_(None))
    return _count(sa.select(sa.func.count()).select_from(household).where(*tests), row)


@derived(SYSTEM, "Petugas lain", "Others who would still do the field work of the whole area", sa.Integer(), False)
def other_officers(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # CAST((SELECT count(DISTINCT o$.user_id) FROM registry.grants AS o$, registry.account AS a$
    #       WHERE o$.user_id <> t$1.user_id AND … it covers t$1.area today) AS INTEGER)
    other, account = GRANTS.alias("o$"), ACCOUNT.alias("a$")
    tests = (other.c.user_id != row.c.user_id, covers(other, account, row.c.area, TODAY))
    return _count(sa.select(sa.func.count(other.c.user_id.distinct())).select_from(other, account).where(*tests), row)


@derived(SYSTEM, "Perangkat", "Devices of the account that are not revoked", sa.Integer(), nullable=False)
def devices(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return _count(_of_devices(row, sa.func.count()), row)


def _of_devices(row: sa.FromClause, value: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """A value of the account's devices that are in use."""
    return (
        sa.select(value).select_from(_DEVICE).where(_DEVICE.c.account_id == row.c.user_id, sa.not_(_DEVICE.c.revoked))
    )


def _count(select: sa.Select[Any], row: sa.FromClause) -> sa.ColumnElement[Any]:
    return sa.cast(select.correlate(row).scalar_subquery(), sa.Integer())


@derived(SYSTEM, "Kirim terakhir", "When the device that is silent longest last synchronised", sa.DateTime(True))
def last_push_at(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return _of_devices(row, sa.func.min(_DEVICE.c.last_sync_at)).correlate(row).scalar_subquery()
