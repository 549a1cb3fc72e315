"""Probing: what it costs to name ids of other records.

Rule: `ID_TAKEN` is audited and counted; past the limit it is not returned any more, for any id.  Test:
tests/test_quota.py.
"""

from __future__ import annotations

import uuid

from auth.ability import Ability
from auth.errors import RateLimited
from auth.principal import SETTING_OF, Principal
from registry.codes.messages import UserErrorCode
from registry.guard.quota import Metered, take
from registry.store.db import Database
from registry.write.command import audit


async def count_taken(
    database: Database, principal: Principal, ability: Ability, subject: uuid.UUID | None, taken: uuid.UUID, limit: int
) -> None:
    """Audit that an id is taken which a command on `subject` named, and count it.  Raises RateLimited past the limit.

    There are two counts.  A device that repeats one row is slowed down for that row alone.  A caller who has named
    `limit` different ids makes no new record at all for now, or they could still tell free ids from those in use."""
    async with database.write(principal, SETTING_OF[ability]) as tx:
        waits = [
            await take(tx, principal.user_id, Metered.TAKEN_ID, limit, taken),
            await take(tx, principal.user_id, Metered.TAKEN_ANSWER, limit),
        ]
        outcome = RateLimited.code if any(waits) else UserErrorCode.ID_TAKEN.value
        await audit(tx, principal, ability, subject, outcome)
    if any(waits):
        raise RateLimited(max(waits))
