"""What becomes of a session: it is renewed, it ends, and it goes on when its account has a new way to sign in.

Rule: a refresh token is good once.  A spent one ends its session, because one of two holders is a thief; only the
device of the session gets the same successor again for thirty seconds, because its answer may have been lost
(docs/decisions/refresh-tokens.md).  Tests: tests/test_refresh.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from auth.ability import Ability
from auth.principal import NOBODY, Principal
from auth.refresh_token import RefreshToken
from registry.codes import WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.guard import throttle
from registry.models.account import ACCOUNT
from registry.models.device import DEVICE
from registry.models.session import SESSION
from registry.store.db import Database, Transaction
from registry.store.sql import Sql, arg
from registry.write.command import audit, audit_refusal, require
from registry.write.entrance import GRACE, SETTING, Entrance, Tokens, holder
from registry.write.sign_in import SignedIn, admitted_by_address, refused
from registry.write.user_errors import Problem

ABILITY = Ability.SESSION_OWN
ACCEPTED = WriteOutcome.ACCEPTED.value
SPENT = "refresh token used twice: the session is ended"
"""The note of the audit row."""

_ACCOUNT, _SESSION = arg("account", sa.Uuid()), arg("session", sa.Uuid())
_MINE = (SESSION.c.id == _SESSION, SESSION.c.account_id == _ACCOUNT)
_OPEN = sa.and_(
    ACCOUNT.c.active,
    SESSION.c.ended_at.is_(None),
    SESSION.c.expires_at > sa.func.now() + sa.literal_column("interval '1 minute'"),
    SESSION.c.renewed_at > sa.func.now() - arg("idle", sa.Interval()),
    sa.or_(ACCOUNT.c.signed_out_at.is_(None), SESSION.c.begun_at > ACCOUNT.c.signed_out_at),
)
LOCK_SESSION = Sql(
    sa.select(
        SESSION.c.device_id,
        SESSION.c.generation,
        SESSION.c.token_hash,
        SESSION.c.expires_at,
        (sa.func.clock_timestamp() - SESSION.c.renewed_at).label("age"),
        sa.func.coalesce(DEVICE.c.revoked, sa.false()).label("revoked"),
    )
    .select_from(
        SESSION.join(ACCOUNT, ACCOUNT.c.id == SESSION.c.account_id).outerjoin(
            DEVICE, sa.and_(DEVICE.c.id == SESSION.c.device_id, DEVICE.c.account_id == SESSION.c.account_id)
        )
    )
    .where(*_MINE, _OPEN)
    .with_for_update(of=SESSION)
)
RENEW = Sql(
    sa.update(SESSION)
    .where(*_MINE)
    .values(
        generation=arg("generation", sa.Integer()),
        token_hash=arg("hash", sa.LargeBinary()),
        renewed_at=sa.func.clock_timestamp(),
    )
    .returning(SESSION.c.expires_at)
)
_ENDED = {"ended_at": sa.func.now()}
END = Sql(sa.update(SESSION).where(*_MINE, SESSION.c.ended_at.is_(None)).values(**_ENDED))
END_ALL = Sql(sa.update(SESSION).where(SESSION.c.account_id == _ACCOUNT, SESSION.c.ended_at.is_(None)).values(**_ENDED))
END_OTHERS = Sql(
    sa.update(SESSION)
    .where(SESSION.c.account_id == _ACCOUNT, SESSION.c.id != _SESSION, SESSION.c.ended_at.is_(None))
    .values(**_ENDED)
)
# INSERT INTO session (…) SELECT $1, account_id, device_id, begun_at, clock_timestamp(), … FROM session WHERE id = $2 …
_CONTINUED: dict[str, Any] = {column.name: column for column in SESSION.c} | {
    "id": arg("next", sa.Uuid()),
    "renewed_at": sa.func.clock_timestamp(),
    "generation": sa.literal_column("0"),
    "token_hash": arg("hash", sa.LargeBinary()),
}
CONTINUE = Sql(
    insert(SESSION)
    .from_select(
        list(_CONTINUED),
        sa.select(*_CONTINUED.values()).where(*_MINE, SESSION.c.ended_at.is_(None)).with_for_update(),
    )
    .returning(SESSION.c.expires_at)
)
END_UNSHOWN = Sql(
    sa.update(SESSION)
    .where(SESSION.c.account_id == _ACCOUNT, sa.not_(SESSION.c.second_factor), SESSION.c.ended_at.is_(None))
    .values(**_ENDED)
)
SHOWN = Sql(sa.select(SESSION.c.second_factor).where(*_MINE))
RAISE = Sql(
    sa.update(SESSION)
    .where(*_MINE, SESSION.c.ended_at.is_(None))
    .values(
        second_factor=sa.true(),
        expires_at=sa.func.least(SESSION.c.expires_at, sa.func.now() + arg("lifetime", sa.Interval())),
    )
)


async def refresh(
    database: Database, entrance: Entrance, text: str, device: uuid.UUID | None, address: str
) -> SignedIn:
    """New tokens for a refresh token, which is spent by that.

    Texts that we never made are counted as attempts of their address.  Raises RateLimited."""
    token = RefreshToken.read(text, entrance.token_key)
    if token is None:
        network = throttle.network_of(address)
        await admitted_by_address(database, entrance, address)
        await audit_refusal(database, NOBODY, None, None, Code.CREDENTIALS_WRONG.value, network)
        return refused(Code.CREDENTIALS_WRONG)
    me, spent = holder(token.account), False
    async with database.write(me, SETTING) as tx:
        row = await tx.one(LOCK_SESSION, account=token.account, session=token.session, idle=entrance.lifetimes.idle)
        tokens, code = None, Code.CREDENTIALS_WRONG
        if row is not None and row["device_id"] == device:
            if row["revoked"]:
                code = Code.DEVICE_REVOKED
            elif token.hash == row["token_hash"]:
                tokens = await _renewed(tx, entrance, token.successor(entrance.token_key))
            elif _may_be_lost(row, token, entrance):
                tokens = entrance.tokens(token.successor(entrance.token_key), row["expires_at"])
            else:
                spent = True
                await tx.rows(END, account=token.account, session=token.session)
        if tokens is not None:
            await audit(tx, me, None, token.account, ACCEPTED)
    if tokens is None:
        note = SPENT if spent else None
        await audit_refusal(database, NOBODY, None, token.account, code.value, token.account, note=note)
        return refused(code)
    return SignedIn(tokens)


def _may_be_lost(row: asyncpg.Record, token: RefreshToken, entrance: Entrance) -> bool:
    """Whether the answer to the first use of this spent token may be lost: its device sends it again at once."""
    is_last = token.successor(entrance.token_key).hash == row["token_hash"]
    return is_last and row["device_id"] is not None and row["age"] <= GRACE


async def _renewed(tx: Transaction, entrance: Entrance, token: RefreshToken) -> Tokens:
    expires_at: dt.datetime = await tx.value(
        RENEW, account=token.account, session=token.session, generation=token.generation, hash=token.hash
    )
    return entrance.tokens(token, expires_at)


@dataclass(frozen=True)
class SignedOut:
    """Whether the session, or all of the account's, has ended."""

    signed_out: bool
    problems: tuple[Problem, ...] = ()


async def sign_out(database: Database, principal: Principal, everywhere: bool) -> SignedOut:
    """End the caller's session, or all of theirs, in every worker.  Raises Forbidden."""
    await require(database, principal, ABILITY)
    me = principal.user_id
    async with database.write(principal, SETTING) as tx:
        if everywhere:
            await tx.rows(END_ALL, account=me)
        elif principal.session is not None:
            await tx.rows(END, account=me, session=principal.session)
        await audit(tx, principal, ABILITY, me, ACCEPTED)
    return SignedOut(everywhere or principal.session is not None)


# --- after a new password or second factor ----------------------------------------------------------------------------


async def another_session(tx: Transaction, entrance: Entrance, principal: Principal) -> Tokens | None:
    """End all sessions of the caller, and go on with a new one in place of the one that called; None without one.

    It ends when that would have, and counts as begun when that was.  Whoever stole a token of that has none of it."""
    me, token = principal.user_id, RefreshToken.first(principal.user_id, uuid.uuid4())
    expires_at: dt.datetime | None = None
    if principal.session is not None:
        expires_at = await tx.value(
            CONTINUE, account=me, session=principal.session, next=token.session, hash=token.hash
        )
    await tx.rows(END_OTHERS, account=me, session=token.session)
    return None if expires_at is None else entrance.tokens(token, expires_at)


async def has_shown_second_factor(tx: Transaction, principal: Principal) -> bool:
    """Whether the caller's session has shown a second factor, without which nobody replaces one that stands."""
    if principal.session is None:
        return False
    return bool(await tx.value(SHOWN, account=principal.user_id, session=principal.session))


async def show_second_factor(tx: Transaction, entrance: Entrance, principal: Principal) -> None:
    """The caller's session has shown a second factor, which stands from now on; the account's others that have not end.

    A password alone began those, and opens nothing any more."""
    if principal.session is not None:
        lifetime = entrance.lifetimes.of(second_factor=True)
        await tx.rows(RAISE, account=principal.user_id, session=principal.session, lifetime=lifetime)
    await tx.rows(END_UNSHOWN, account=principal.user_id)
