"""The shell: commands without a caller, by whoever has the login that owns the tables.

No ability is required and no policy decides, because that login could do everything by hand; so the audit says that it
was the shell, and which user of the operating system.  It works as the owner of the tables, also if its login is a
superuser, so that it can do the same for every operator.
Rule: a verb that writes is one transaction with its audit rows; a dry run is the same transaction, rolled back.
Tests: tests/test_cli_programmes.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import sqlalchemy as sa

from auth.ability import Ability
from auth.principal import Principal
from registry.guard.wall import OWNER
from registry.models.audit import AUDIT, LONGEST_SHELL_USER
from registry.models.noun import SCHEMA
from registry.store.db import CONNECT, Transaction
from registry.store.sql import Sql, arg

_NAMES = ("shell_user", "ability", "subject_id", "outcome", "note")
ADD_AUDIT = Sql(sa.insert(AUDIT).inline().values({name: arg(name, AUDIT.c[name].type) for name in _NAMES}))
_NOBODY = Principal(uuid.UUID(int=0), "", "", (), dt.datetime.max.replace(tzinfo=dt.UTC))


@dataclass(frozen=True)
class Shell:
    """A transaction of the shell, and who runs it, as the operating system names them."""

    tx: Transaction
    user: str

    async def audit(self, ability: Ability, subject: uuid.UUID | None, outcome: str, note: str | None = None) -> None:
        """Write the audit row of what was done, by the ability that a caller of the API would need for it."""
        await self.tx.rows(
            ADD_AUDIT,
            shell_user=self.user[:LONGEST_SHELL_USER],
            ability=ability.value,
            subject_id=subject,
            outcome=outcome,
            note=note,
        )


@asynccontextmanager
async def shell(dsn: str, user: str, *, dry_run: bool = False) -> AsyncIterator[Shell]:
    """A transaction of the owner of the tables; after a dry run it is rolled back.

    Raises what asyncpg raises if the database cannot be reached, or if the login may not act as the owner."""
    connection = await asyncpg.connect(dsn, timeout=CONNECT, server_settings={"search_path": SCHEMA})
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"SET LOCAL ROLE {OWNER}")
        try:
            yield Shell(Transaction(connection, _NOBODY), user)
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.rollback() if dry_run else transaction.commit())
    finally:
        await connection.close()
