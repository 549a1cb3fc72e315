"""What must remain when a grant or an account ends: an administrator of the ministry, and the officers of a village.

Rule: the ministry never loses its last administrator who can sign in; what takes an officer from a village says so.
Tests: tests/test_grants.py, tests/test_people.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.area import COUNTRY
from auth.policy import ADMINISTRATORS
from auth.role import Role
from registry.codes import RegionLevel, Severity
from registry.codes.messages import UserErrorCode as Code
from registry.models.account import ACCOUNT, GRANTS, in_force_on, of_roles
from registry.models.field_work import OFFICERS, covers
from registry.models.noun import const
from registry.models.region import REGION
from registry.store.db import Transaction
from registry.store.sql import Sql, arg
from registry.values.civil_day import civil_day
from registry.write.user_errors import Problem, refusal

ONE_AT_A_TIME = 0x61646D696E  # "admin": the advisory lock of whoever takes away an administrator


_ON = arg("on", sa.Date())


def _stays(grant: sa.FromClause) -> sa.ColumnElement[bool]:
    """The grant is not one of those that end now."""
    return sa.not_(grant.c.id == sa.any_(arg("without", ARRAY(sa.Uuid()))))


_OTHER_ADMINISTRATOR = Sql(
    sa.select(
        sa.exists(
            sa.select(const(1))
            .select_from(GRANTS, ACCOUNT)
            .where(
                ACCOUNT.c.id == GRANTS.c.user_id,
                ACCOUNT.c.active,
                sa.func.registry.can_sign_in(ACCOUNT.c.id),
                GRANTS.c.national,
                of_roles(GRANTS, ADMINISTRATORS),
                in_force_on(GRANTS, _ON),
                _stays(GRANTS),
                sa.or_(GRANTS.c.valid_to.is_(None), GRANTS.c.valid_to >= arg("until", sa.Date())),
            )
        )
    )
)
_LOCK_ADMINISTRATORS = Sql(sa.select(sa.func.pg_advisory_xact_lock(const(ONE_AT_A_TIME))))


def is_administrator(grant: Any) -> bool:
    """Whether a grant, as a row, makes its holder an administrator of the ministry."""
    return bool(grant["active"] and grant["national"] and Role[grant["role"]] in ADMINISTRATORS)


async def keep_an_administrator(tx: Transaction, ending: list[Any]) -> None:
    """Raises Refused if one of the grants `ending` would have kept the ministry an administrator longer than others do.

    Only one transaction at a time takes administrators away, so two cannot take each other's."""
    last_days = [grant["valid_to"] for grant in ending if is_administrator(grant)]
    if not last_days:
        return
    until = None if None in last_days else max(last_days)
    if not await has_administrator(tx, until, ending):
        raise refusal(Code.LAST_ADMINISTRATOR)


async def has_administrator(tx: Transaction, until: dt.date | None, ending: Sequence[Any] = ()) -> bool:
    """Whether somebody administers the ministry until a day (None: without end), when the grants `ending` are over.

    It stays so until this transaction is over, because the next one that asks waits."""
    await tx.rows(_LOCK_ADMINISTRATORS)
    without = [grant["id"] for grant in ending]
    return bool(await tx.value(_OTHER_ADMINISTRATOR, on=civil_day(), without=without, until=until))


def _villages_without_officer() -> Sql:
    # SELECT count(*) FROM region WHERE level = 'VILLAGE' AND valid_to IS NULL AND (code within the areas $1) AND NOT
    # EXISTS (SELECT 1 FROM grants g, account a WHERE … g covers the code on the day $2 AND NOT g.id = ANY ($3))
    grant, account = GRANTS.alias("g"), ACCOUNT.alias("a")
    tests = (covers(grant, account, REGION.c.code, _ON), _stays(grant))
    officer = sa.select(const(1)).select_from(grant, account).where(*tests)
    areas = sa.func.unnest(arg("areas", ARRAY(sa.Text())))
    ended = areas.table_valued(sa.column("area", sa.Text()), name="ended").render_derived()
    below = sa.and_(REGION.c.code >= ended.c.area, REGION.c.code < ended.c.area + const("/"))
    inside = sa.or_(ended.c.area == const(COUNTRY), below)
    lies_there = sa.exists(sa.select(const(1)).select_from(ended).where(inside).correlate(REGION))
    return Sql(
        sa.select(sa.func.count())
        .select_from(REGION)
        .where(
            REGION.c.level == const(RegionLevel.VILLAGE.value),
            REGION.c.valid_to.is_(None),
            lies_there,
            sa.not_(sa.exists(officer.correlate(REGION))),
        )
    )


_VILLAGES_WITHOUT_OFFICER = _villages_without_officer()


async def left_without_officer(tx: Transaction, ending: list[Any], on: dt.date, *path: str) -> tuple[Problem, ...]:
    """A warning if villages have no officer on the day `on`, when the grants `ending` are over.

    It counts the officers whose grants the caller sees."""
    areas = [grant["area"] for grant in ending if Role[grant["role"]] in OFFICERS]
    if not areas:
        return ()
    without = [grant["id"] for grant in ending]
    villages = await tx.value(_VILLAGES_WITHOUT_OFFICER, on=on, without=without, areas=areas)
    if not villages:
        return ()
    return (Problem(Code.VILLAGE_WITHOUT_OFFICER, path, {"villages": str(villages)}, Severity.WARNING),)
