"""A caller's own credentials: a new password, and a second factor.

Rule: whoever changes how they sign in proves once more that they know the password, throttled like sign-in; sessions
that know less than the new way to sign in end.  Tests: tests/test_refresh.py, tests/test_second_factor.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from auth import totp
from auth.password import SHORTEST, hashed, is_right, is_weak
from auth.principal import Principal
from registry.codes.messages import UserErrorCode as Code
from registry.guard import throttle
from registry.models.credential import CREDENTIAL
from registry.store.db import Database
from registry.store.sql import Sql, arg
from registry.write import second_factor
from registry.write.command import audit, audit_refusal, require
from registry.write.entrance import SETTING, Entrance
from registry.write.sessions import ABILITY, ACCEPTED, another_session, has_shown_second_factor, show_second_factor
from registry.write.sign_in import LOCK_CREDENTIAL, SignedIn, admitted, password_hash, refused
from registry.write.user_errors import Problem

SET_PASSWORD = Sql(
    sa.update(CREDENTIAL)
    .where(CREDENTIAL.c.account_id == arg("account", sa.Uuid()))
    .values(
        password_hash=arg("hash", sa.Text()),
        temporary=sa.false(),
        valid_until=sa.null(),
        changed_at=sa.func.now(),
    )
)


@dataclass(frozen=True)
class Proof:
    """The password by which a caller proves once more who they are, and from where it was sent."""

    password: str = field(repr=False)
    address: str


async def change_password(
    database: Database, entrance: Entrance, principal: Principal, proof: Proof, new: str
) -> SignedIn:
    """Replace the caller's password; all their sessions end, and a new one goes on.

    Raises Forbidden, RateLimited, Unreachable."""
    me = principal.user_id
    stored = await _proven(database, entrance, principal, proof)
    if stored is None:
        return refused(Code.CREDENTIALS_WRONG, "current")
    words = (principal.username, principal.name)
    if new == proof.password or await entrance.hashing.run(me, is_weak, new, *words):
        await audit_refusal(database, principal, ABILITY, me, Code.PASSWORD_WEAK.value)
        return SignedIn(None, (Problem(Code.PASSWORD_WEAK, ("new",), {"shortest": str(SHORTEST)}),))
    hash_ = await entrance.hashing.run(me, hashed, new)
    async with database.write(principal, SETTING) as tx:
        if is_unchanged := await tx.value(LOCK_CREDENTIAL, account=me) == stored:
            await tx.rows(SET_PASSWORD, account=me, hash=hash_)
            tokens = await another_session(tx, entrance, principal)
            await audit(tx, principal, ABILITY, me, ACCEPTED)
    if not is_unchanged:
        await audit_refusal(database, principal, ABILITY, me, Code.CREDENTIALS_WRONG.value)
        return refused(Code.CREDENTIALS_WRONG, "current")
    return SignedIn(tokens)


@dataclass(frozen=True)
class Enrolled:
    """The address of a new authenticator, once."""

    uri: str | None = field(repr=False)
    problems: tuple[Problem, ...] = ()


async def enrol_totp(database: Database, entrance: Entrance, principal: Principal, proof: Proof) -> Enrolled:
    """Begin a second factor.  Raises Forbidden, RateLimited, Unreachable."""
    me = principal.user_id
    if await _proven(database, entrance, principal, proof) is None:
        return Enrolled(None, (Problem(Code.CREDENTIALS_WRONG, ("password",)),))
    async with database.write(principal, SETTING) as tx:
        secret = await second_factor.enrol(tx, entrance, me)
        await audit(tx, principal, ABILITY, me, ACCEPTED)
    return Enrolled(totp.uri(secret, principal.username, entrance.keyring.issuer))


@dataclass(frozen=True)
class Confirmed:
    """Whether the second factor stands, and its recovery codes, once."""

    confirmed: bool
    recovery_codes: list[str] | None = field(default=None, repr=False)
    problems: tuple[Problem, ...] = ()


async def confirm_totp(database: Database, entrance: Entrance, principal: Principal, otp: str) -> Confirmed:
    """Finish a second factor by its first code; the caller's session has shown it by that.  Raises Forbidden."""
    await require(database, principal, ABILITY)
    me = principal.user_id
    async with database.write(principal, SETTING) as tx:
        await tx.rows(LOCK_CREDENTIAL, account=me)  # whoever signs in meanwhile waits, and is asked for a code
        codes = None
        if not await second_factor.has_second_factor(tx, me) or await has_shown_second_factor(tx, principal):
            codes = await second_factor.confirm(tx, entrance, me, otp)
        if codes is not None:
            await show_second_factor(tx, entrance, principal)
            await audit(tx, principal, ABILITY, me, ACCEPTED)
    if codes is None:
        await audit_refusal(database, principal, ABILITY, me, Code.CREDENTIALS_WRONG.value)
        return Confirmed(False, None, (Problem(Code.CREDENTIALS_WRONG, ("otp",)),))
    return Confirmed(True, codes)


async def _proven(database: Database, entrance: Entrance, principal: Principal, proof: Proof) -> str | None:
    """The stored hash of the caller's password if they have sent it; None, and an audit row, if not.

    Throttled like sign-in, so that a stolen token cannot find the password out.  Raises Forbidden, RateLimited."""
    await require(database, principal, ABILITY)
    admission = await admitted(database, entrance, principal.username, None, proof.address)
    stored = await password_hash(database, principal.user_id)
    if not await entrance.hashing.run(principal.user_id, is_right, proof.password, stored):
        await audit_refusal(database, principal, ABILITY, principal.user_id, Code.CREDENTIALS_WRONG.value)
        return None
    async with database.write(principal, SETTING) as tx:
        await throttle.welcome(tx, admission)
    return stored
