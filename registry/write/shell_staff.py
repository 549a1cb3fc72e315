"""Accounts and grants at the command line: appointing people before anybody is there who could, and after.

The rules are those of the API: days, the last administrator, a village left without officer, and roles that wait for a
second person; only whose grants reach whom is not asked.  So the shell makes the first administrator of the ministry,
and nobody's grant is active by the shell alone where two administrators would have to agree.
Rule: every act leaves an audit row.  Tests: tests/test_cli_staff.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa

from auth.ability import Ability
from auth.area import COUNTRY
from auth.policy import ADMINISTRATORS, needs_second_person
from auth.role import Role
from registry.codes.messages import UserErrorCode as Code
from registry.models.account import ACCOUNT, GRANTS, not_ended
from registry.models.credential import CREDENTIAL
from registry.models.session import SESSION
from registry.store.db import Transaction
from registry.store.sql import Sql, arg
from registry.values.civil_day import civil_day
from registry.write.act import Effect
from registry.write.credentials import forget_second_factor, give_temporary_password, sign_out_everywhere
from registry.write.grants import GrantArea, NewGrant, check_days, end_in, find_area, outgrow_password, store_grant
from registry.write.people import UserEdit, check_names, require_whole
from registry.write.safeguards import has_administrator, keep_an_administrator, left_without_officer
from registry.write.second_factor import has_second_factor
from registry.write.shell import WHOLE_COUNTRY, Shell, ShellRefused

(ADMINISTRATOR,) = ADMINISTRATORS

_OF_NAME = ACCOUNT.c.username == arg("username", sa.Text())
FIND = Sql(sa.select(ACCOUNT.c.id, ACCOUNT.c.active, ACCOUNT.c.service).where(_OF_NAME).with_for_update())
ADD = Sql(
    sa.insert(ACCOUNT).inline().values({name: arg(name, ACCOUNT.c[name].type) for name in ("id", "username", "name")})
)
DISABLE = Sql(sa.update(ACCOUNT).where(ACCOUNT.c.id == arg("id", sa.Uuid())).values(active=sa.false()))
_OF_ACCOUNT = sa.select(GRANTS).where(GRANTS.c.user_id == arg("user", sa.Uuid()), not_ended(GRANTS))
LOCK_GRANTS = Sql(_OF_ACCOUNT.order_by(GRANTS.c.id).with_for_update())


@dataclass(frozen=True)
class GrantEffect(Effect):
    """What giving a role did; `pending` while the grant waits for a second person."""

    pending: bool = False


async def _account(tx: Transaction, username: str, *, active: bool) -> asyncpg.Record:
    """The account of a user name under lock.  Raises ShellRefused if there is none, or if it should be `active`."""
    row = await tx.one(FIND, username=username)
    if row is None:
        raise ShellRefused(f"There is no account {username}: see `desmigratif user list`.", Code.NOT_FOUND)
    if active and not row["active"]:
        raise ShellRefused(f"The account {username} is disabled.")
    return row


# --- accounts ---------------------------------------------------------------------------------------------------------


async def add_account(
    work: Shell, username: str | None, name: str | None, password_hash: str, *, first_administrator: bool
) -> uuid.UUID:
    """Add an account with a temporary password, perhaps as the first administrator of the ministry.

    Raises Refused for a name that does not fit, and ShellRefused if it is taken, or if there is an administrator."""
    tx, id_ = work.tx, uuid.uuid4()
    account = UserEdit(id_, username, name)
    require_whole(account)
    check_names(account)
    if first_administrator and await has_administrator(tx, civil_day()):
        raise ShellRefused(
            "The ministry has an administrator, so this account would not be its first: another administrator"
            " appoints it, by grantRole.",
            Code.GRANT_NOT_HELD,
        )
    try:
        await tx.rows(ADD, id=id_, username=username, name=name)
    except asyncpg.UniqueViolationError:
        raise ShellRefused(
            f"The user name {username} is taken: choose another, or give that account a new password by"
            f" `desmigratif user reset-password {username}`."
        ) from None
    await give_temporary_password(tx, id_, password_hash)
    await work.audit(Ability.USER_MANAGE, id_, "user add")
    if first_administrator:
        new = NewGrant(uuid.uuid4(), id_, ADMINISTRATOR, None)
        await store_grant(tx, new, GrantArea(COUNTRY, None), None, pending=False)
        await work.audit(Ability.GRANT_GIVE, new.id, "user add --first-administrator")
    return id_


async def disable_account(work: Shell, username: str) -> Effect:
    """Disable an account and end its sessions.  Raises ShellRefused, and Refused for the last administrator's."""
    account = await _account(work.tx, username, active=False)
    grants = await work.tx.rows(LOCK_GRANTS, user=account["id"])
    today = civil_day()
    if account["active"]:
        await keep_an_administrator(work.tx, grants)
        await work.tx.rows(DISABLE, id=account["id"])
        await sign_out_everywhere(work.tx, account["id"])
    await work.audit(Ability.USER_DISABLE, account["id"], "user disable", changed=account["active"])
    return Effect(account["active"], await left_without_officer(work.tx, grants, today))


async def reset_password(work: Shell, username: str, password_hash: str) -> None:
    """Give an account a temporary password; its sessions end, its second factor stays.  Raises ShellRefused."""
    account = await _account(work.tx, username, active=True)
    if account["service"]:
        raise ShellRefused(
            f"{username} is a service account, which signs in by its keys: see `desmigratif service --help`.",
            Code.GRANT_NOT_HELD,
        )
    await give_temporary_password(work.tx, account["id"], password_hash)
    await work.audit(Ability.USER_MANAGE, account["id"], "user reset-password")


async def reset_second_factor(work: Shell, username: str) -> Effect:
    """Forget the authenticator of an account with its recovery codes; its sessions end.  Raises ShellRefused."""
    account = await _account(work.tx, username, active=True)
    changed = await has_second_factor(work.tx, account["id"])
    if changed:
        await forget_second_factor(work.tx, account["id"])
    await work.audit(Ability.USER_MANAGE, account["id"], "user reset-second-factor", changed=changed)
    return Effect(changed)


# --- grants -----------------------------------------------------------------------------------------------------------


async def give(
    work: Shell, username: str, role: Role, region_code: str | None, first: dt.date | None, last: dt.date | None
) -> GrantEffect:
    """Give a role in the region of a code or, for None, in the whole country; a grant that is there stays as it is.

    Raises ShellRefused and Refused."""
    account = await _account(work.tx, username, active=True)
    area = await find_area(work.tx, region_code)
    new = NewGrant(uuid.uuid4(), account["id"], role, region_code, first, last)
    check_days(new)
    pending = needs_second_person(role, area.code)
    for grant in await _same(work.tx, account["id"], role, area):
        await work.audit(Ability.GRANT_GIVE, grant["id"], "grant add", changed=False)
        return GrantEffect(False, area.warnings, pending=grant["pending"])
    await store_grant(work.tx, new, area, None, pending=pending)
    warnings = (*area.warnings, *await outgrow_password(work.tx, new, area))
    await work.audit(Ability.GRANT_GIVE, new.id, "grant add")
    return GrantEffect(True, warnings, pending=pending)


async def end(work: Shell, username: str, role: Role, region_code: str | None, on: dt.date | None) -> Effect:
    """End a role of an account in an area at once, or with the day `on` as its last.  Raises ShellRefused, Refused."""
    account = await _account(work.tx, username, active=False)
    area = await find_area(work.tx, region_code)
    grants = await _same(work.tx, account["id"], role, area)
    if not grants:
        raise ShellRefused(
            f"{username} does not have this role there: see `desmigratif grant list --user {username}`.", Code.NOT_FOUND
        )
    changed, warnings = False, area.warnings
    for grant in grants:
        effect = await end_in(work.tx, grant, on)
        await work.audit(Ability.GRANT_GIVE, grant["id"], "grant end", changed=effect.changed)
        changed |= effect.changed
        warnings = (*warnings, *effect.warnings)
    return Effect(changed, warnings)


async def _same(tx: Transaction, account: uuid.UUID, role: Role, area: GrantArea) -> list[asyncpg.Record]:
    """The grants of an account of this role in this area that have not ended, under lock."""
    grants = await tx.rows(LOCK_GRANTS, user=account)
    return [grant for grant in grants if (grant["role"], grant["region_id"]) == (role.value, area.region_id)]


# --- lists ------------------------------------------------------------------------------------------------------------

_LAST_SEEN = sa.select(sa.func.max(SESSION.c.renewed_at)).where(SESSION.c.account_id == ACCOUNT.c.id)
ACCOUNTS = Sql(
    sa.select(
        ACCOUNT.c.id,
        ACCOUNT.c.username,
        ACCOUNT.c.name,
        ACCOUNT.c.active,
        CREDENTIAL.c.temporary,
        _LAST_SEEN.scalar_subquery().label("last_seen_at"),
    )
    .select_from(ACCOUNT.outerjoin(CREDENTIAL, CREDENTIAL.c.account_id == ACCOUNT.c.id))
    .order_by(ACCOUNT.c.username)
)
_SHOWN = ("id", "role", "area", "valid_from", "valid_to", "pending")
GIVEN = Sql(
    sa.select(ACCOUNT.c.username, *[GRANTS.c[name] for name in _SHOWN])
    .select_from(GRANTS.join(ACCOUNT, ACCOUNT.c.id == GRANTS.c.user_id))
    .where(not_ended(GRANTS))
    .order_by(ACCOUNT.c.username, GRANTS.c.area, GRANTS.c.role)
)


async def grants_given(tx: Transaction, username: str | None = None) -> list[dict[str, Any]]:
    """The grants that have not ended, of all accounts or of one; the whole country is `national`."""
    rows = [dict(row) for row in await tx.rows(GIVEN)]
    for row in rows:
        row["area"] = WHOLE_COUNTRY if row["area"] == COUNTRY else row["area"]
    return [row for row in rows if username in (None, row["username"])]


async def accounts(tx: Transaction) -> list[dict[str, Any]]:
    """Every account with its grants that have not ended, as `ROLE area`."""
    grants: dict[str, list[str]] = defaultdict(list)
    for grant in await grants_given(tx):
        grants[grant["username"]].append(f"{grant['role']} {grant['area']}" + " (pending)" * grant["pending"])
    return [dict(row) | {"grants": grants[row["username"]]} for row in await tx.rows(ACCOUNTS)]
