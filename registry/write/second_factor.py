"""The second factor: enrolled with the password, confirmed by its first code, and asked at every sign-in from then on.

Rule: its secret is sealed by the vault and bound to its row; a time step is good once, and so is a recovery code.
A new authenticator replaces the old one only when its first code is right, and only for who has shown the old one.
What has ended or was used goes when the next one is enrolled, so an account has a bounded number of rows.
Tests: tests/test_second_factor.py.
"""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from auth import totp
from registry.models.credential import RECOVERY_CODE, SECOND_FACTOR
from registry.store.db import Transaction
from registry.store.sql import Sql, arg
from registry.write.credentials import FORGET_CODES
from registry.write.entrance import Entrance

_ACCOUNT = arg("account", sa.Uuid())
_NONE: sa.ColumnElement[bytes] = sa.literal_column("''::bytea")
_STANDS = (SECOND_FACTOR.c.account_id == _ACCOUNT, SECOND_FACTOR.c.ended_at.is_(None))
_CONFIRMED = SECOND_FACTOR.c.confirmed_at.is_not(None)


def _locked(*conditions: sa.ColumnElement[bool]) -> Sql:
    columns = (SECOND_FACTOR.c.id, SECOND_FACTOR.c.key_id, SECOND_FACTOR.c.sealed, SECOND_FACTOR.c.last_step)
    return Sql(sa.select(*columns).where(*_STANDS, *conditions).with_for_update())


CONFIRMED, PENDING = _locked(_CONFIRMED), _locked(sa.not_(_CONFIRMED))
USE_STEP = Sql(
    sa.update(SECOND_FACTOR)
    .where(SECOND_FACTOR.c.id == arg("id", sa.Uuid()))
    .values(
        last_step=arg("step", sa.BigInteger()),
        confirmed_at=sa.func.coalesce(SECOND_FACTOR.c.confirmed_at, sa.func.now()),
    )
)
USE_CODE = Sql(
    sa.update(RECOVERY_CODE)
    .where(
        RECOVERY_CODE.c.account_id == _ACCOUNT,
        RECOVERY_CODE.c.code_hash == arg("hash", sa.LargeBinary()),
        RECOVERY_CODE.c.used_at.is_(None),
    )
    .values(used_at=sa.func.now())
    .returning(RECOVERY_CODE.c.id)
)
END_OTHERS = Sql(
    sa.update(SECOND_FACTOR)
    .where(*_STANDS, SECOND_FACTOR.c.id != arg("id", sa.Uuid()))
    .values(ended_at=sa.func.now(), sealed=_NONE)
)
END_PENDING = Sql(
    sa.update(SECOND_FACTOR).where(*_STANDS, sa.not_(_CONFIRMED)).values(ended_at=sa.func.now(), sealed=_NONE)
)
ADD_PENDING = Sql(
    insert(SECOND_FACTOR).values(
        id=arg("id", sa.Uuid()),
        account_id=_ACCOUNT,
        key_id=arg("key_id", sa.Text()),
        sealed=arg("sealed", sa.LargeBinary()),
        last_step=sa.literal_column("0"),
    )
)
ADD_CODE = Sql(
    insert(RECOVERY_CODE).values(id=arg("id", sa.Uuid()), account_id=_ACCOUNT, code_hash=arg("hash", sa.LargeBinary()))
)
FORGET_ENDED = Sql(sa.select(sa.func.registry.forget_factors(_ACCOUNT)))


async def has_second_factor(tx: Transaction, account: uuid.UUID) -> bool:
    """Whether the account has a confirmed authenticator; its row is locked, so that no code is used twice at once."""
    return await tx.one(CONFIRMED, account=account) is not None


async def accept_code(tx: Transaction, entrance: Entrance, account: uuid.UUID, code: str) -> bool:
    """Use a code of the confirmed authenticator, or a recovery code; false if it is neither, or was used."""
    if await _accept(tx, entrance, account, CONFIRMED, code) is not None:
        return True
    hash_ = totp.recovery_hash(code, str(account), entrance.recovery_key)
    return await tx.value(USE_CODE, account=account, hash=hash_) is not None


async def enrol(tx: Transaction, entrance: Entrance, account: uuid.UUID) -> str:
    """A new secret, which waits for its first code."""
    secret = totp.new_secret()
    id_ = uuid.uuid4()
    key_id, sealed = entrance.vault.seal_secret(SECOND_FACTOR.name, id_, secret.encode())
    await tx.rows(END_PENDING, account=account)
    await tx.rows(ADD_PENDING, account=account, id=id_, key_id=key_id, sealed=sealed)
    await tx.rows(FORGET_ENDED, account=account)
    return secret


async def confirm(tx: Transaction, entrance: Entrance, account: uuid.UUID, code: str) -> list[str] | None:
    """Make the waiting authenticator the account's by its first code.

    Returns the new recovery codes, which replace all earlier ones; None if the code is wrong."""
    factor = await _accept(tx, entrance, account, PENDING, code)
    if factor is None:
        return None
    await tx.rows(END_OTHERS, account=account, id=factor)
    await tx.rows(FORGET_CODES, account=account)
    codes = totp.new_recovery_codes()
    for each in codes:
        hash_ = totp.recovery_hash(each, str(account), entrance.recovery_key)
        await tx.rows(ADD_CODE, account=account, id=uuid.uuid4(), hash=hash_)
    await tx.rows(FORGET_ENDED, account=account)
    return codes


async def _accept(tx: Transaction, entrance: Entrance, account: uuid.UUID, which: Sql, code: str) -> uuid.UUID | None:
    """Use a time step of an authenticator; its id, or None if the code is wrong."""
    factor = await tx.one(which, account=account)
    if factor is None:
        return None
    sealed = factor["key_id"], factor["sealed"]
    secret = entrance.vault.open_secret(SECOND_FACTOR.name, factor["id"], *sealed).decode()
    step = totp.step_of(secret, code, dt.datetime.now(dt.UTC), factor["last_step"])
    if step is None:
        return None
    await tx.rows(USE_STEP, id=factor["id"], step=step)
    id_: uuid.UUID = factor["id"]
    return id_
