"""An act: what a command does in one transaction, with its audit row; and what comes of it.

Rule: a refusal changes nothing and is audited.  Tests: tests/test_grants.py, tests/test_people.py,
tests/test_programmes.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from auth.ability import Ability
from auth.errors import Forbidden
from auth.principal import SETTING_OF, Principal
from registry.codes import WriteOutcome
from registry.store.db import Database, Transaction
from registry.write.command import audit, audit_refusal, require
from registry.write.probing import count_taken
from registry.write.user_errors import IdTaken, Problem, Refused


@dataclass(frozen=True)
class Effect:
    """What an act did: whether it changed anything, warnings about it, and the record, if the act looked it up."""

    changed: bool
    warnings: tuple[Problem, ...] = ()
    record: uuid.UUID | None = None


@dataclass(frozen=True)
class ActOutcome:
    """The outcome of an act: the id of its record, None if it was refused, and the problems."""

    record: uuid.UUID | None
    problems: tuple[Problem, ...] = ()


async def carry_out(
    database: Database,
    principal: Principal,
    ability: Ability,
    subject: uuid.UUID | None,
    taken_ids: int,
    act: Callable[[Transaction], Awaitable[Effect]],
    prepare: Callable[[], Awaitable[None]] | None = None,
) -> ActOutcome:
    """Run an act in one transaction with its audit row.  Raises Forbidden without the ability, and RateLimited.

    `subject` is the record that the command names, None if the act looks it up.  `taken_ids` is how many ids of other
    records a caller may name in an hour.  What takes long is done by `prepare`, before the transaction begins: no
    connection is held meanwhile."""
    await require(database, principal, ability, subject)
    try:
        if prepare is not None:
            await prepare()
        async with database.write(principal, SETTING_OF[ability]) as tx:
            effect = await act(tx)
            record = subject if effect.record is None else effect.record
            await audit(tx, principal, ability, record, WriteOutcome.of(effect.changed).value)
    except IdTaken as taken:
        await count_taken(database, principal, ability, subject, taken.id, taken_ids)
        return ActOutcome(None, taken.problems)
    except Refused as refused:
        await audit_refusal(database, principal, ability, subject, refused.codes)
        return ActOutcome(None, refused.problems)
    except Forbidden:
        await audit_refusal(database, principal, ability, subject, Forbidden.code)
        raise
    return ActOutcome(record, effect.warnings)
