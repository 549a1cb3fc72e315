"""Binding a subject of an identity provider to an account: by an administrator, or by a name the provider vouches for.

Rule: neither an account nor a subject that is bound is bound again; somebody unbinds it first.  A service account is
nobody's: it has keys of its own.  Tests: tests/test_cli_bindings.py, tests/test_sign_in_by_provider.py.
"""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from auth.ability import Ability
from auth.principal import NOBODY
from registry.models.account import ACCOUNT
from registry.models.account_subject import ACCOUNT_SUBJECT
from registry.store.db import Database, Transaction
from registry.store.sql import Sql, arg

ABILITY = Ability.USER_MANAGE
_TABLE = ACCOUNT_SUBJECT.c
_IS_PERSON = sa.and_(ACCOUNT.c.username == arg("username", sa.Text()), sa.not_(ACCOUNT.c.service))
_FIND = Sql(sa.select(ACCOUNT.c.id).where(_IS_PERSON))
_BIND = Sql(
    insert(ACCOUNT_SUBJECT)
    .values(issuer=arg("issuer", sa.Text()), subject=arg("subject", sa.Text()), account_id=arg("account_id", sa.Uuid()))
    .on_conflict_do_nothing()
    .returning(_TABLE.account_id)
)
_BOUND = Sql(
    sa.select(_TABLE.account_id).where(
        _TABLE.issuer == arg("issuer", sa.Text()), _TABLE.subject == arg("subject", sa.Text())
    )
)
_UNBIND = Sql(
    sa.delete(ACCOUNT_SUBJECT)
    .where(_TABLE.issuer == arg("issuer", sa.Text()), _TABLE.account_id == arg("account_id", sa.Uuid()))
    .returning(_TABLE.subject)
)
_LIST = Sql(
    sa.select(ACCOUNT.c.username, _TABLE.issuer, _TABLE.subject, _TABLE.bound_at)
    .join_from(ACCOUNT_SUBJECT, ACCOUNT, ACCOUNT.c.id == _TABLE.account_id)
    .order_by(ACCOUNT.c.username, _TABLE.issuer)
)
_BIND_BY_NAME = Sql(
    sa.select(
        sa.func.registry.bind_subject(arg("issuer", sa.Text()), arg("subject", sa.Text()), arg("username", sa.Text()))
    )
)


class BindingError(Exception):
    """Why nothing is bound or unbound: a sentence for the operator."""


async def account_named(tx: Transaction, username: str) -> uuid.UUID:
    """The person's account with this user name.  Raises BindingError."""
    account: uuid.UUID | None = await tx.value(_FIND, username=username)
    if account is None:
        raise BindingError(f"No person has the user name {username}.")
    return account


async def bind(tx: Transaction, issuer: str, subject: str, account: uuid.UUID) -> bool:
    """Bind the subject to the account.  Returns False if it is already.  Raises BindingError."""
    if await tx.one(_BIND, issuer=issuer, subject=subject, account_id=account):
        return True
    bound = await tx.value(_BOUND, issuer=issuer, subject=subject)
    if bound == account:
        return False
    if bound is None:
        raise BindingError("The account is bound to another subject of this issuer: unbind it first.")
    raise BindingError("The subject is bound to another account: unbind that first.")


async def unbind(tx: Transaction, issuer: str, account: uuid.UUID) -> bool:
    """End the account's binding to its subject of the issuer.  Returns False if it has none."""
    return await tx.one(_UNBIND, issuer=issuer, account_id=account) is not None


async def bindings(tx: Transaction) -> list[dict[str, Any]]:
    """Every binding, by user name."""
    return [dict(row) for row in await tx.rows(_LIST)]


async def bind_by_name(database: Database, issuer: str, subject: str, username: str) -> uuid.UUID | None:
    """The account that the subject is bound to from now on, because its provider vouches for this user name.

    None if the name is nobody's, or that account has another subject of the issuer."""
    async with database.write(NOBODY, "submit") as tx:  # any setting: the crossing asks for none
        account: uuid.UUID | None = await tx.value(_BIND_BY_NAME, issuer=issuer, subject=subject, username=username)
        return account
