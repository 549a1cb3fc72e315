"""The shell: commands without a caller, by whoever has the login that owns the tables.

No ability is required and no policy decides, because that login could do everything by hand; so the audit says that it
was the shell, and which user of the operating system.  It works as the owner of the tables, also if its login is a
superuser, so that it can do the same for every operator.
Rule: a verb that writes is one transaction with its audit rows; a dry run is the same transaction, rolled back.
Tests: tests/test_cli_programmes.py.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import asyncpg
import sqlalchemy as sa

from auth.ability import Ability
from auth.principal import NOBODY
from registry.codes import WriteOutcome
from registry.guard.wall import OWNER
from registry.models.audit import AUDIT, LONGEST_SHELL_USER
from registry.models.noun import SCHEMA
from registry.store.db import CONNECT, Transaction
from registry.store.sql import Sql, arg
from registry.write.user_errors import Problem, Refused

T = TypeVar("T")
WHOLE_COUNTRY = "national"
"""How an operator writes the whole country where the code of a region could stand."""
_NAMES = ("shell_user", "ability", "subject_id", "outcome", "note")
ADD_AUDIT = Sql(sa.insert(AUDIT).inline().values({name: arg(name, AUDIT.c[name].type) for name in _NAMES}))


@dataclass(frozen=True)
class Shell:
    """A transaction of the shell, and who runs it, as the operating system names them."""

    tx: Transaction
    user: str

    async def audit(self, ability: Ability, subject: uuid.UUID | None, note: str, *, changed: bool = True) -> None:
        """Write the audit row of what was done, by the ability that a caller of the API would need for it."""
        await self._add(ability.value, subject, WriteOutcome.of(changed).value, note)

    async def audit_action(self, action: str, note: str, *, changed: bool = True) -> None:
        """Write the audit row of what no caller of the API does: VAULT_KEYS, REGION_LIST or CODE_LIST."""
        await self._add(action, None, WriteOutcome.of(changed).value, note)

    async def audit_refusal(self, ability: Ability, outcome: str, note: str) -> None:
        """Write the audit row of what was not done."""
        await self._add(ability.value, None, outcome, note)

    async def _add(self, action: str, subject: uuid.UUID | None, outcome: str, note: str) -> None:
        await self.tx.rows(
            ADD_AUDIT,
            shell_user=self.user[:LONGEST_SHELL_USER],
            ability=action,
            subject_id=subject,
            outcome=outcome,
            note=note,
        )


class ShellRefused(Exception):
    """Why a verb does nothing: a sentence for the operator; `outcome` is what the audit has of it."""

    def __init__(self, sentence: str, outcome: str = WriteOutcome.REJECTED.value) -> None:
        super().__init__(sentence)
        self.outcome = outcome


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
            yield Shell(Transaction(connection, NOBODY), user)
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.rollback() if dry_run else transaction.commit())
    finally:
        await connection.close()


async def carry_out(dsn: str, user: str, ability: Ability, verb: str, act: Callable[[Shell], Awaitable[T]]) -> T:
    """Run an act of a verb in one transaction; the audit row of a refusal is in another.  Raises ShellRefused."""
    try:
        async with shell(dsn, user) as work:
            return await act(work)
    except ShellRefused as error:
        refused = error
    except Refused as error:
        refused = ShellRefused(" ".join(sentences(error.problems, named=True)), error.codes)
    async with shell(dsn, user) as work:
        await work.audit_refusal(ability, refused.outcome, verb)
    raise refused


def sentences(problems: Iterable[Problem], *, named: bool = False) -> list[str]:
    """What an operator reads of problems; `named` begins each with the name of what it is about."""
    return [
        f"{problem.path[-1]}: {problem.message('en')}" if named and problem.path else problem.message("en")
        for problem in problems
    ]
