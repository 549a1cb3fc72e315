"""What whoever keeps accounts does with other people's sign-in: end it, or give a temporary password.

Each runs in a transaction of the caller, whose policies decide which accounts it reaches.
Rule: a password that somebody else knows ends all sessions and must be changed before anything else; the second factor
stays, so that who gives such a password cannot sign in with it alone.  Tests: tests/test_credentials.py.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from auth.password import TEMPORARY_FOR
from registry.models.account import ACCOUNT
from registry.models.credential import CREDENTIAL, RECOVERY_CODE, SECOND_FACTOR
from registry.models.device import DEVICE
from registry.models.noun import const
from registry.store.db import Transaction
from registry.store.sql import Sql, arg

_ACCOUNT = arg("account", sa.Uuid())
# Later than any session that began while this transaction waited; never earlier than it was, should the clock go back.
_INSTANT = sa.func.greatest(ACCOUNT.c.signed_out_at, sa.func.clock_timestamp())

SIGN_OUT = Sql(sa.update(ACCOUNT).where(ACCOUNT.c.id == _ACCOUNT).values(signed_out_at=_INSTANT))
REVOKE = Sql(
    sa.update(DEVICE)
    .where(DEVICE.c.id == arg("device", sa.Uuid()))
    .values(revoked=sa.true())
    .returning(DEVICE.c.account_id)
)
_GIVEN = {
    "password_hash": arg("hash", sa.Text()),
    "temporary": sa.true(),
    "valid_until": sa.func.now() + sa.cast(const(f"{TEMPORARY_FOR.days} days"), sa.Interval()),
    "changed_at": sa.func.now(),
    "given_by": sa.null(),
}
GIVE = Sql(
    insert(CREDENTIAL)
    .values(account_id=_ACCOUNT, **_GIVEN)
    .on_conflict_do_update(index_elements=[CREDENTIAL.c.account_id], set_=_GIVEN)
)
FORGET_FACTOR = Sql(
    sa.update(SECOND_FACTOR)
    .where(SECOND_FACTOR.c.account_id == _ACCOUNT, SECOND_FACTOR.c.ended_at.is_(None))
    .values(ended_at=sa.func.now(), sealed=sa.literal_column("''::bytea"))
)
FORGET_CODES = Sql(
    sa.update(RECOVERY_CODE)
    .where(RECOVERY_CODE.c.account_id == _ACCOUNT, RECOVERY_CODE.c.used_at.is_(None))
    .values(used_at=sa.func.now())
)


async def sign_out_everywhere(tx: Transaction, account: uuid.UUID) -> None:
    """End all sessions of an account, in every worker as soon as this transaction commits."""
    await tx.rows(SIGN_OUT, account=account)


async def revoke_device(tx: Transaction, device: uuid.UUID) -> list[uuid.UUID]:
    """Refuse a device from now on, with its sessions.  Returns the accounts that used it; none if it is not there."""
    return [row["account_id"] for row in await tx.rows(REVOKE, device=device)]


async def give_temporary_password(tx: Transaction, account: uuid.UUID, password_hash: str) -> None:
    """Replace the password of an account, or give it its first; its sessions end.

    Make the password by `auth.password.temporary` and the hash beside the requests, by `Hashing`."""
    await tx.rows(GIVE, account=account, hash=password_hash)
    await sign_out_everywhere(tx, account)


async def forget_second_factor(tx: Transaction, account: uuid.UUID) -> None:
    """Forget an authenticator that is lost, with its recovery codes; the sessions of the account end."""
    await tx.rows(FORGET_FACTOR, account=account)
    await tx.rows(FORGET_CODES, account=account)
    await sign_out_everywhere(tx, account)
