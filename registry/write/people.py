"""Accounts: creating and changing them, disabling them, their passwords and devices.

Rule: an account is managed by whoever may give its every grant (registry/models/post.py), never by its holder.  A
temporary password leaves the server once, in the answer; its hash is written by a crossing, so nobody reads another's.
It is made by the threads of sign-in, for callers with the ability only, while no connection is held.
Tests: tests/test_people.py.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import sqlalchemy as sa

from auth.ability import Ability
from auth.password import TEMPORARY_FOR, hashed, temporary
from auth.principal import SETTING_OF, Principal
from registry.codes.messages import UserErrorCode as Code
from registry.guard.hashing import Hashing
from registry.guard.record_id import taken_in
from registry.models.account import ACCOUNT, GRANTS, not_ended
from registry.models.device import DEVICE
from registry.models.post import manageable
from registry.store.db import Database, Transaction
from registry.store.sql import Sql, arg
from registry.values.civil_day import civil_day
from registry.write.act import ActOutcome, Effect, carry_out
from registry.write.credentials import revoke_device as revoke
from registry.write.credentials import sign_out_everywhere
from registry.write.safeguards import keep_an_administrator, left_without_officer
from registry.write.statements import CALLER
from registry.write.user_errors import IdTaken, Problem, Refused, refusal, unfit

USERNAME = re.compile(r"[a-z0-9][a-z0-9._+@-]{2,99}")
"""User names of people and services, however they are made: none is mistaken for another, and none needs quotes."""
_ID = ACCOUNT.c.id == arg("id", sa.Uuid())
_JUDGED = sa.select(
    ACCOUNT.c.id,
    ACCOUNT.c.username,
    ACCOUNT.c.name,
    ACCOUNT.c.active,
    manageable(ACCOUNT, CALLER, Ability.USER_MANAGE).label(Ability.USER_MANAGE.name),
    manageable(ACCOUNT, CALLER, Ability.USER_DISABLE).label(Ability.USER_DISABLE.name),
).where(_ID)
FIND, LOCK = Sql(_JUDGED), Sql(_JUDGED.with_for_update(of=ACCOUNT))
_OWN = ("id", "username", "name", "active")
CREATE = Sql(
    sa.insert(ACCOUNT).inline().values({name: arg(name, ACCOUNT.c[name].type) for name in (*_OWN, "created_by")})
)
CHANGE = Sql(
    sa.update(ACCOUNT).where(_ID).values({name: arg(f"new_{name}", ACCOUNT.c[name].type) for name in _OWN[1:]})
)
HELD = Sql(sa.select(GRANTS).where(GRANTS.c.user_id == arg("id", sa.Uuid()), not_ended(GRANTS), GRANTS.c.active))
GIVE_PASSWORD = Sql(
    sa.select(
        sa.func.registry.give_password(arg("id", sa.Uuid()), arg("hash", sa.Text()), arg("good_for", sa.Interval()))
    )
)
DEVICES = Sql(sa.select(DEVICE.c.account_id, DEVICE.c.revoked).where(DEVICE.c.id == arg("id", sa.Uuid())))


@dataclass(frozen=True)
class UserEdit:
    """What an account is to be; None leaves it as it is."""

    id: uuid.UUID
    username: str | None = None
    name: str | None = None
    active: bool | None = None


@dataclass(frozen=True)
class PasswordOutcome:
    """The outcome of a command that may give a password, which is returned once."""

    record: uuid.UUID | None
    problems: tuple[Problem, ...] = ()
    temporary_password: str | None = None


async def _lock(tx: Transaction, principal: Principal, id_: uuid.UUID, ability: Ability, path: str) -> asyncpg.Record:
    """The account under lock.  Raises Refused if it is hidden, the caller's own, or not theirs to manage."""
    account = await tx.one(FIND, id=id_)
    if account is None:
        raise refusal(Code.NOT_FOUND, path)
    if id_ == principal.user_id:
        raise refusal(Code.ACCOUNT_SELF, path)
    if not account[ability.name]:
        raise refusal(Code.GRANT_NOT_HELD, path)
    locked = await tx.one(LOCK, id=id_)
    if locked is None:  # it has had a grant meanwhile that the caller may not give
        raise refusal(Code.GRANT_NOT_HELD, path)
    return locked


# --- create and change ------------------------------------------------------------------------------------------------


async def save_user(
    database: Database, hashing: Hashing, principal: Principal, edit: UserEdit, taken_ids: int
) -> PasswordOutcome:
    """Create or change an account; a new one gets a temporary password.  Raises Forbidden and RateLimited.

    Sent again, it changes nothing, and the password is not repeated: it is not kept."""
    first: _Password | None = None
    password: _Password | None = None

    async def prepare() -> None:
        nonlocal first
        check_names(edit)
        async with database.write(principal, SETTING_OF[Ability.USER_MANAGE]) as tx:
            is_new = await tx.one(FIND, id=edit.id) is None
        if is_new:
            require_whole(edit)
            first = await _temporary(hashing, principal)

    async def act(tx: Transaction) -> Effect:
        nonlocal password
        if first is not None and await tx.one(FIND, id=edit.id) is None:
            await _create(tx, principal, edit)
            await _give(tx, edit.id, first)
            password = first
            return Effect(True)
        account = await _lock(tx, principal, edit.id, Ability.USER_MANAGE, "id")
        return await _change(tx, account, edit)

    outcome = await carry_out(database, principal, Ability.USER_MANAGE, edit.id, taken_ids, act, prepare)
    return _with_password(outcome, password)


def check_names(edit: UserEdit) -> None:
    """Raises Refused for a name that cannot be one."""
    problems = [*unfit(ACCOUNT.c.name, edit.name, "name"), *unfit(ACCOUNT.c.username, edit.username, "username")]
    if not problems and edit.username is not None and not USERNAME.fullmatch(edit.username):
        problems = [Problem(Code.USERNAME_FORMAT, ("username",))]
    if problems:
        raise Refused(*problems)


def require_whole(edit: UserEdit) -> None:
    """Raises Refused if an account cannot be made of it, because something is left out."""
    missing = [name for name in ("username", "name") if getattr(edit, name) is None]
    if missing:
        raise Refused(*[Problem(Code.REQUIRED, (name,)) for name in missing])


async def _create(tx: Transaction, principal: Principal, edit: UserEdit) -> None:
    values = {"username": edit.username, "name": edit.name, "active": edit.active is not False}
    try:
        await tx.rows(CREATE, id=edit.id, created_by=principal.user_id, **values)
    except asyncpg.UniqueViolationError as error:
        raise _taken(error, edit) from None


def _taken(error: asyncpg.UniqueViolationError, edit: UserEdit) -> Exception:
    """Why an account cannot be stored.  A user name is counted as an id is: both tell that somebody exists."""
    if error.constraint_name == "uq_account_username":
        return IdTaken(uuid.uuid5(uuid.NAMESPACE_URL, str(edit.username)), ("username",), Code.USERNAME_TAKEN)
    if taken_in(error) is not None or error.constraint_name == "pk_account":
        return IdTaken(edit.id, ("id",))
    return error


async def _change(tx: Transaction, account: asyncpg.Record, edit: UserEdit) -> Effect:
    new = {name: account[name] if getattr(edit, name) is None else getattr(edit, name) for name in _OWN[1:]}
    effect = Effect(False)
    if edit.active is False:
        effect = await disable_in(tx, account)
    if any(new[name] != account[name] for name in _OWN[1:]):
        try:
            await tx.rows(CHANGE, id=edit.id, **{f"new_{name}": value for name, value in new.items()})
        except asyncpg.UniqueViolationError as error:
            raise _taken(error, edit) from None
        effect = replace(effect, changed=True)
    return effect


# --- disable ----------------------------------------------------------------------------------------------------------


async def disable_user(database: Database, principal: Principal, id_: uuid.UUID, taken_ids: int) -> ActOutcome:
    """Disable an account: its sessions end in every worker, and it signs in no more.  Raises Forbidden."""

    async def act(tx: Transaction) -> Effect:
        return await disable_in(tx, await _lock(tx, principal, id_, Ability.USER_DISABLE, "userId"))

    return await carry_out(database, principal, Ability.USER_DISABLE, id_, taken_ids, act)


async def disable_in(tx: Transaction, account: Any) -> Effect:
    """Disable an account that is locked, in a transaction of the caller's.  Raises Refused for the last administrator.

    Its sessions do not come back when it is active again."""
    grants = await tx.rows(HELD, id=account["id"])
    warned = await left_without_officer(tx, grants, civil_day())
    if not account["active"]:
        return Effect(False, warned)
    await keep_an_administrator(tx, grants)
    old = {f"new_{name}": account[name] for name in _OWN[1:]}
    await tx.rows(CHANGE, id=account["id"], **old | {"new_active": False})
    await sign_out_everywhere(tx, account["id"])
    return Effect(True, warned)


# --- passwords and devices --------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class _Password:
    """A temporary password, and its hash."""

    text: str
    hash: str


async def _temporary(hashing: Hashing, principal: Principal) -> _Password:
    text = temporary()
    return _Password(text, await hashing.run(principal.user_id, hashed, text))


def _with_password(outcome: ActOutcome, password: _Password | None) -> PasswordOutcome:
    """The outcome with the password, unless it was refused: then nobody has it."""
    text = None if password is None or outcome.record is None else password.text
    return PasswordOutcome(outcome.record, outcome.problems, text)


async def reset_password(
    database: Database, hashing: Hashing, principal: Principal, id_: uuid.UUID, taken_ids: int
) -> PasswordOutcome:
    """Give an account a temporary password; its sessions end.  Each call gives another.  Raises Forbidden."""
    password: _Password | None = None

    async def prepare() -> None:
        nonlocal password
        password = await _temporary(hashing, principal)

    async def act(tx: Transaction) -> Effect:
        assert password is not None
        await _lock(tx, principal, id_, Ability.USER_MANAGE, "userId")
        await _give(tx, id_, password)
        await sign_out_everywhere(tx, id_)
        return Effect(True)

    outcome = await carry_out(database, principal, Ability.USER_MANAGE, id_, taken_ids, act, prepare)
    return _with_password(outcome, password)


async def _give(tx: Transaction, id_: uuid.UUID, password: _Password) -> None:
    """Give a password to an account that is the caller's to manage.  Raises Refused if another person has to."""
    if not await tx.value(GIVE_PASSWORD, id=id_, hash=password.hash, good_for=TEMPORARY_FOR):
        raise refusal(Code.SECOND_PERSON_REQUIRED, "userId")


async def revoke_device(database: Database, principal: Principal, id_: uuid.UUID, taken_ids: int) -> ActOutcome:
    """Refuse a device from now on, for all accounts that used it.  Raises Forbidden."""

    async def act(tx: Transaction) -> Effect:
        devices = await tx.rows(DEVICES, id=id_)
        if not devices:
            raise refusal(Code.NOT_FOUND, "id")
        for account in sorted(device["account_id"] for device in devices):
            await _lock(tx, principal, account, Ability.USER_DISABLE, "id")
        if all(device["revoked"] for device in devices):
            return Effect(False)
        await revoke(tx, id_)
        return Effect(True)

    return await carry_out(database, principal, Ability.USER_DISABLE, id_, taken_ids, act)
