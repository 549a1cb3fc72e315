"""Sign-in: a user name with its password, and a code where the account has a second factor, become a session.

Rule: an unknown name, a wrong password, a disabled account, a service's and one without a password have the same
answer, by the same statements, after a hash of the same cost; only a right password learns more.  Every attempt is
counted before anything is compared, and leaves an audit row; that of a refused one has nobody as its actor.
Tests: tests/test_sign_in.py, tests/test_throttle.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from auth.errors import RateLimited
from auth.password import hashed, is_outdated, is_right
from auth.principal import NOBODY
from auth.refresh_token import RefreshToken
from registry.codes import WriteOutcome
from registry.codes.messages import UserErrorCode as Code
from registry.guard import throttle
from registry.models.account import ACCOUNT
from registry.models.credential import CREDENTIAL
from registry.models.device import DEVICE
from registry.models.session import SESSION
from registry.store.db import Database, Transaction
from registry.store.sql import Sql, arg
from registry.write.command import audit, audit_refusal
from registry.write.entrance import SETTING, Entrance, Tokens, holder
from registry.write.second_factor import accept_code, has_second_factor
from registry.write.user_errors import Problem, unfit

UNNAMED = "—"
"""The label of a device whose app sends none."""

_ACCOUNT = arg("account", sa.Uuid())
READ_CREDENTIAL = Sql(
    sa.select(CREDENTIAL.c.password_hash)
    .select_from(ACCOUNT.join(CREDENTIAL, CREDENTIAL.c.account_id == ACCOUNT.c.id))
    .where(
        ACCOUNT.c.id == _ACCOUNT,
        ACCOUNT.c.active,
        sa.not_(ACCOUNT.c.service),
        sa.func.coalesce(CREDENTIAL.c.valid_until > sa.func.now(), sa.true()),
    )
)
# By the clock, because a password may have ended since this transaction began.
_IS_GOOD = sa.func.coalesce(CREDENTIAL.c.valid_until > sa.func.clock_timestamp(), sa.true())
LOCK_CREDENTIAL = Sql(
    sa.select(CREDENTIAL.c.password_hash).where(CREDENTIAL.c.account_id == _ACCOUNT, _IS_GOOD).with_for_update()
)
REHASH = Sql(
    sa.update(CREDENTIAL).where(CREDENTIAL.c.account_id == _ACCOUNT).values(password_hash=arg("hash", sa.Text()))
)
_LABEL = sa.func.coalesce(arg("label", sa.Text()), DEVICE.c.label)
ENTER_DEVICE = Sql(
    insert(DEVICE)
    .values(
        id=arg("device", sa.Uuid()),
        account_id=_ACCOUNT,
        label=sa.func.coalesce(arg("label", sa.Text()), sa.literal_column(f"'{UNNAMED}'")),
    )
    .on_conflict_do_update(index_elements=[DEVICE.c.id, DEVICE.c.account_id], set_={"label": _LABEL})
    .returning(DEVICE.c.revoked)
)
_CLOCK = sa.func.clock_timestamp()
BEGIN_SESSION = Sql(
    insert(SESSION)
    .values(
        id=arg("session", sa.Uuid()),
        account_id=_ACCOUNT,
        device_id=arg("device", sa.Uuid()),
        begun_at=_CLOCK,
        renewed_at=_CLOCK,
        expires_at=_CLOCK + arg("lifetime", sa.Interval()),
        second_factor=arg("second_factor", sa.Boolean()),
        generation=sa.literal_column("0"),
        token_hash=arg("hash", sa.LargeBinary()),
    )
    .returning(SESSION.c.expires_at)
)

MOST_SESSIONS = 50
"""Sessions that are kept of an account, over or not.  Beyond them those that have ended go first, then those that were
not renewed for the longest time; with the last session of a device goes the device, unless it is revoked."""
FORGET_SESSIONS = Sql(sa.select(sa.func.registry.forget_sessions(_ACCOUNT, arg("most", sa.Integer()))))


@dataclass(frozen=True)
class Attempt:
    """What was sent, and from where."""

    username: str
    password: str = field(repr=False)
    otp: str | None = field(repr=False)
    device: uuid.UUID | None
    label: str | None
    address: str


@dataclass(frozen=True)
class SignedIn:
    """The tokens of a session, or why there are none."""

    session: Tokens | None
    problems: tuple[Problem, ...] = ()


class _Refused(Exception):
    """The attempt is refused after its password was right; what its transaction has written stays."""

    def __init__(self, code: Code) -> None:
        self.code = code


async def sign_in(database: Database, entrance: Entrance, attempt: Attempt) -> SignedIn:
    """Begin a session.  Raises RateLimited, and Unreachable if too many passwords wait to be compared."""
    if problems := unfit(DEVICE.c.label, attempt.label, "deviceLabel"):
        return SignedIn(None, problems)
    network = throttle.network_of(attempt.address)
    admission = await admitted(database, entrance, attempt.username, attempt.device, attempt.address)
    account = admission.account
    stored = await password_hash(database, account or uuid.uuid4())
    if not await entrance.hashing.run(network, is_right, attempt.password, stored):
        await audit_refusal(database, NOBODY, None, account, Code.CREDENTIALS_WRONG.value, network)
        return refused(Code.CREDENTIALS_WRONG)
    assert account is not None
    assert stored is not None
    rehashed = None
    if is_outdated(stored):
        rehashed = await entrance.hashing.run(network, hashed, attempt.password)
    async with database.write(holder(account), SETTING) as tx:
        try:
            tokens = await _begin(tx, entrance, attempt, account, stored, rehashed)
        except _Refused as refusal:
            code, tokens = refusal.code, None
        else:
            await throttle.welcome(tx, admission)
            await audit(tx, holder(account), None, account, WriteOutcome.ACCEPTED.value)
    if tokens is None:
        await audit_refusal(database, NOBODY, None, account, code.value, network)
        return refused(code)
    return SignedIn(tokens)


def refused(code: Code, *path: str) -> SignedIn:
    """The answer to an attempt that is refused."""
    return SignedIn(None, (Problem(code, path),))


async def admitted(
    database: Database, entrance: Entrance, username: str, device: uuid.UUID | None, address: str
) -> throttle.Admission:
    """Count an attempt, in the turn of its network.  Raises RateLimited, and audits it."""
    keys = throttle.keys_of(entrance.throttle_key, username, address, device)
    return await _admitted(database, entrance.limits, username, device, keys, address)


async def admitted_by_address(database: Database, entrance: Entrance, address: str) -> throttle.Admission:
    """Count an attempt that names nobody, by its address alone.  Raises RateLimited, and audits it."""
    bucket = entrance.limits.address
    keys = throttle.keys_of_network(entrance.throttle_key, address)
    return await _admitted(database, throttle.Limits(bucket, bucket, bucket), "", None, keys, address)


async def _admitted(
    database: Database,
    limits: throttle.Limits,
    username: str,
    device: uuid.UUID | None,
    keys: list[uuid.UUID],
    address: str,
) -> throttle.Admission:
    async with database.write(NOBODY, SETTING, turn=throttle.network_of(address)) as tx:
        admission = await throttle.admit(tx, username, device, keys, limits)
        if admission.seconds:
            await audit(tx, NOBODY, None, admission.account, RateLimited.code)
    if admission.seconds:
        raise RateLimited(admission.seconds)
    return admission


async def password_hash(database: Database, account: uuid.UUID) -> str | None:
    """The hash of the password with which an account may sign in now; None if there is none."""
    async with database.write(holder(account), SETTING) as tx:
        stored: str | None = await tx.value(READ_CREDENTIAL, account=account)
    return stored


async def _begin(
    tx: Transaction, entrance: Entrance, attempt: Attempt, account: uuid.UUID, stored: str, rehashed: str | None
) -> Tokens:
    """Begin the session of an account whose password was right.  Raises _Refused."""
    # Whoever replaces the password meanwhile waits for this lock, and ends this session; or has ended it already.
    if await tx.value(LOCK_CREDENTIAL, account=account) != stored:
        raise _Refused(Code.CREDENTIALS_WRONG)
    if second_factor := await has_second_factor(tx, account):
        if attempt.otp is None:
            raise _Refused(Code.OTP_REQUIRED)
        if not await accept_code(tx, entrance, account, attempt.otp):
            raise _Refused(Code.CREDENTIALS_WRONG)
    if attempt.device is not None and await tx.value(
        ENTER_DEVICE, account=account, device=attempt.device, label=attempt.label
    ):
        raise _Refused(Code.DEVICE_REVOKED)
    if rehashed is not None:
        await tx.rows(REHASH, account=account, hash=rehashed)
    token = RefreshToken.first(account, uuid.uuid4())
    expires_at: dt.datetime = await tx.value(
        BEGIN_SESSION,
        session=token.session,
        account=account,
        device=attempt.device,
        lifetime=entrance.lifetimes.of(second_factor),
        second_factor=second_factor,
        hash=token.hash,
    )
    await tx.rows(FORGET_SESSIONS, account=account, most=MOST_SESSIONS)
    return entrance.tokens(token, expires_at)
