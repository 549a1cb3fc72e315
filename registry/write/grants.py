"""Giving, approving and ending grants.

Rule: nobody gives what the page does not let them give, outside their own area, or to themselves; one single grant of
the giver has both the role that may give and the area.  A grant beyond the regional roles and areas waits for a second
person, who is neither the giver nor the receiver.
Tests: tests/test_grants.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.ability import Ability
from auth.area import COUNTRY
from auth.policy import ADMINISTRATORS, MAY_GIVE, needs_second_person
from auth.principal import Principal
from auth.role import Role
from registry.codes import Severity
from registry.codes.messages import UserErrorCode as Code
from registry.guard.record_id import taken_in
from registry.models.account import ACCOUNT, GRANTS
from registry.models.noun import camel
from registry.store.db import Database, Transaction
from registry.store.sql import Sql, arg
from registry.values.civil_day import civil_day
from registry.write.act import ActOutcome, Effect, carry_out
from registry.write.command import Actor
from registry.write.safeguards import keep_an_administrator, left_without_officer
from registry.write.user_errors import IdTaken, Problem, Refused, refusal, unfit
from registry.write.village_lookup import REGIONS, named_region

_BY_ID = sa.select(GRANTS).where(GRANTS.c.id == arg("id", sa.Uuid()))
FIND_GRANT, LOCK_GRANT = Sql(_BY_ID), Sql(_BY_ID.with_for_update())
FIND_ACCOUNT = Sql(sa.select(ACCOUNT.c.id).where(ACCOUNT.c.id == arg("id", sa.Uuid())))
_NEW = (
    "id",
    "user_id",
    "role",
    "region_id",
    "national",
    "valid_from",
    "valid_to",
    "granted_by",
    "granted_by_name",
    "granted_by_role",
    "active",
    "pending",
)
ADD_GRANT = Sql(sa.insert(GRANTS).inline().values({name: arg(name, GRANTS.c[name].type) for name in _NEW}))
APPROVE = Sql(
    sa.update(GRANTS)
    .where(GRANTS.c.id == arg("grant", sa.Uuid()))
    .values(active=sa.true(), pending=sa.false(), approved_by=arg("approver", sa.Uuid()))
)
END_ON = Sql(
    sa.update(GRANTS).where(GRANTS.c.id == arg("grant", sa.Uuid())).values(valid_to=arg("last_day", sa.Date()))
)
END_AT_ONCE = Sql(
    sa.update(GRANTS)
    .where(GRANTS.c.id == arg("grant", sa.Uuid()))
    .values(active=sa.false(), pending=sa.false(), valid_to=arg("last_day", sa.Date()))
)
OUTGROW = Sql(sa.select(sa.func.registry.outgrow_password(arg("grant", sa.Uuid()), arg("givers", ARRAY(sa.Text())))))
_OTHERS_GIVE = frozenset[Role]().union(*(roles for giver, roles in MAY_GIVE.items() if giver not in ADMINISTRATORS))
"""The roles that others than administrators of the ministry may give in a regency."""


@dataclass(frozen=True)
class NewGrant:
    """A grant to give: `region_code` None is the whole country, `valid_from` None today, `valid_to` None no end."""

    id: uuid.UUID
    user_id: uuid.UUID
    role: Role
    region_code: str | None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True)
class GrantArea:
    """Where a grant is given, and what to say of the code that named it."""

    code: str
    region_id: uuid.UUID | None
    warnings: tuple[Problem, ...] = ()


AREA = ("area", "regionCode")


# --- give -------------------------------------------------------------------------------------------------------------


async def grant_role(database: Database, principal: Principal, new: NewGrant, taken_ids: int) -> ActOutcome:
    """Give a role.  The same grant sent again by its giver changes nothing.  Raises Forbidden and RateLimited."""

    async def act(tx: Transaction) -> Effect:
        area = await find_area(tx, new.region_code)
        if (stored := await tx.one(FIND_GRANT, id=new.id)) is not None:
            if not _is_the_same(stored, new, area, principal):
                raise IdTaken(new.id, ("id",))
            return Effect(False, area.warnings)
        giver = _judge(principal, new, area)
        if await tx.value(FIND_ACCOUNT, id=new.user_id) is None:
            raise refusal(Code.NOT_FOUND, "userId")
        check_days(new)
        await store_grant(tx, new, area, giver, pending=needs_second_person(new.role, area.code))
        return Effect(True, (*area.warnings, *await outgrow_password(tx, new, area)))

    return await carry_out(database, principal, Ability.GRANT_GIVE, new.id, taken_ids, act)


async def find_area(tx: Transaction, region_code: str | None) -> GrantArea:
    """The region of a code, or the whole country for None.  Raises Refused."""
    if region_code is None:
        return GrantArea(COUNTRY, None)
    region, warnings = named_region(await tx.value(REGIONS, code=region_code), region_code, AREA)
    return GrantArea(region["code"], uuid.UUID(region["id"]), tuple(warnings))


def _is_the_same(stored: asyncpg.Record, new: NewGrant, area: GrantArea, principal: Principal) -> bool:
    """Whether this caller gave this very grant; what has ended since may have another last day."""
    same = (stored["user_id"], stored["role"], stored["region_id"], stored["granted_by"]) == (
        new.user_id,
        new.role.value,
        area.region_id,
        principal.user_id,
    )
    same_start = new.valid_from in (None, stored["valid_from"])
    is_over = not (stored["active"] or stored["pending"])
    return same and same_start and (is_over or new.valid_to == stored["valid_to"])


def _judge(principal: Principal, new: NewGrant, area: GrantArea) -> Actor:
    """The caller in the role that may give.  Raises Refused unless the page lets them, there and to somebody else."""
    if new.user_id == principal.user_id:
        raise refusal(Code.GRANT_SELF, "userId")
    if not principal.areas(Ability.GRANT_GIVE).covers(area.code):
        raise refusal(Code.OUT_OF_SCOPE, *(AREA if area.region_id else ("area", "national")))
    role = principal.role_over(Ability.GRANT_GIVE, new.role, area.code)
    if role is None:
        raise refusal(Code.GRANT_NOT_HELD, "role")
    return Actor(principal.user_id, principal.name, role.value)


def check_days(new: NewGrant) -> None:
    """Raises Refused for days in the wrong order, and for a grant that would be over already."""
    for name in ("valid_from", "valid_to"):
        if problems := unfit(GRANTS.c[name], getattr(new, name), camel(name)):
            raise Refused(*problems)
    if new.valid_to is None:
        return
    if new.valid_from is not None and new.valid_to < new.valid_from:
        raise refusal(Code.DATES_ORDER, "validTo")
    if new.valid_to < civil_day():
        raise refusal(Code.DATE_PAST, "validTo")


async def store_grant(tx: Transaction, new: NewGrant, area: GrantArea, giver: Actor | None, pending: bool) -> None:
    """Store a new grant; `giver` is None for one that is given at the server itself.  Raises IdTaken."""
    try:
        await tx.rows(
            ADD_GRANT,
            id=new.id,
            user_id=new.user_id,
            role=new.role.value,
            region_id=area.region_id,
            national=area.region_id is None,
            valid_from=new.valid_from or civil_day(),
            valid_to=new.valid_to,
            granted_by=None if giver is None else giver.id,
            granted_by_name=None if giver is None else giver.name,
            granted_by_role=None if giver is None else giver.role,
            active=not pending,
            pending=pending,
        )
    except asyncpg.UniqueViolationError as error:
        if taken_in(error) is None and error.constraint_name != "pk_grants":
            raise
        raise IdTaken(new.id, ("id",)) from None


async def outgrow_password(tx: Transaction, new: NewGrant, area: GrantArea) -> tuple[Problem, ...]:
    """A warning if the password of the account is over, because its giver may not give what was given now.

    They could sign in with it: before its owner ever did, or as its owner, with a second factor of their own."""
    if new.role in _OTHERS_GIVE and not needs_second_person(new.role, area.code):
        return ()
    return await _end_password(tx, new.id, "userId")


async def _end_password(tx: Transaction, grant: uuid.UUID, path: str) -> tuple[Problem, ...]:
    if await tx.value(OUTGROW, grant=grant, givers=[role.value for role in ADMINISTRATORS]):
        return (Problem(Code.PASSWORD_OUTGROWN, (path,), severity=Severity.WARNING),)
    return ()


# --- approve ----------------------------------------------------------------------------------------------------------


async def approve_grant(database: Database, principal: Principal, id_: uuid.UUID, taken_ids: int) -> ActOutcome:
    """Sign a grant that waits.  Of two who sign at the same time, the second changes nothing.  Raises Forbidden.

    A password that others gave the account ends: from now on its new one comes from the second person."""

    async def act(tx: Transaction) -> Effect:
        grant = await _lock(tx, principal, id_, Ability.GRANT_APPROVE)
        if grant["granted_by"] == principal.user_id:
            raise refusal(Code.SECOND_PERSON_REQUIRED, "id")
        if grant["active"]:
            return Effect(False)
        if not grant["pending"] or (grant["valid_to"] is not None and grant["valid_to"] < civil_day()):
            raise refusal(Code.GRANT_ENDED, "id")
        await tx.rows(APPROVE, grant=id_, approver=principal.user_id)
        return Effect(True, await _end_password(tx, id_, "id"))

    return await carry_out(database, principal, Ability.GRANT_APPROVE, id_, taken_ids, act)


async def _lock(tx: Transaction, principal: Principal, id_: uuid.UUID, ability: Ability) -> asyncpg.Record:
    """The grant under lock.  Raises Refused if it is hidden, the caller's own, or out of their reach."""
    grant = await tx.one(FIND_GRANT, id=id_)
    if grant is None:
        raise refusal(Code.NOT_FOUND, "id")
    if grant["user_id"] == principal.user_id:
        raise refusal(Code.GRANT_SELF, "id")
    if principal.role_over(ability, Role[grant["role"]], grant["area"]) is None:
        raise refusal(Code.GRANT_NOT_HELD, "id")
    locked = await tx.one(LOCK_GRANT, id=id_)
    if locked is None:  # its region was recoded to where the caller does not reach
        raise refusal(Code.NOT_FOUND, "id")
    return locked


# --- end --------------------------------------------------------------------------------------------------------------


async def end_grant(
    database: Database, principal: Principal, id_: uuid.UUID, on: dt.date | None, taken_ids: int
) -> ActOutcome:
    """End a grant at once, or with the day `on` as its last.  Raises Forbidden."""

    async def act(tx: Transaction) -> Effect:
        return await end_in(tx, await _lock(tx, principal, id_, Ability.GRANT_GIVE), on)

    return await carry_out(database, principal, Ability.GRANT_GIVE, id_, taken_ids, act)


async def end_in(tx: Transaction, grant: Any, on: dt.date | None) -> Effect:
    """End a grant that is locked, in a transaction of the caller's.  Raises Refused for a day that cannot be."""
    today = civil_day()
    after = today if on is None else on + dt.timedelta(days=1)
    warned = await left_without_officer(tx, [grant], max(after, today), "id")
    has_ended = not (grant["active"] or grant["pending"])
    if has_ended or (on is not None and grant["valid_to"] == on):
        return Effect(False, warned)
    if on is not None:
        _check_last_day(grant, on, today)
    await keep_an_administrator(tx, [grant])
    if on is None:
        ended = max(grant["valid_from"], today)
        last_day = ended if grant["valid_to"] is None else min(grant["valid_to"], ended)
        await tx.rows(END_AT_ONCE, grant=grant["id"], last_day=last_day)
    else:
        await tx.rows(END_ON, grant=grant["id"], last_day=on)
    return Effect(True, warned)


def _check_last_day(grant: Any, on: dt.date, today: dt.date) -> None:
    """Raises Refused for a last day before today, before the first day, or after the last day that it has."""
    if problems := unfit(GRANTS.c.valid_to, on, "on"):
        raise Refused(*problems)
    if on < today:
        raise refusal(Code.DATE_PAST, "on")
    if on < grant["valid_from"] or (grant["valid_to"] is not None and on > grant["valid_to"]):
        raise refusal(Code.DATES_ORDER, "on")
