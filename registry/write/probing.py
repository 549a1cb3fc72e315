"""Probing: what it costs to name ids of other records.

Rule: `ID_TAKEN` is audited and counted; past the limit it is not returned any more, for any id.  Test:
tests/test_quota.py.
"""

from __future__ import annotations

import uuid

from auth.errors import RateLimited
from auth.principal import Principal
from registry.codes.messages import UserErrorCode
from registry.guard.quota import Metered, take
from registry.store.db import Database
from registry.write.command import audit
from registry.write.submission_context import Submission


async def count_taken(
    database: Database, principal: Principal, submission: Submission, taken: uuid.UUID, limit: int
) -> None:
    """Audit that an id is taken, and count it.  Raises RateLimited past the limit.

    There are two counts.  A device that repeats one row is slowed down for that row alone.  A caller who has named
    `limit` different ids makes no new record at all for now, or they could still tell free ids from those in use."""
    async with database.write(principal, submission.setting) as tx:
        waits = [
            await take(tx, principal.user_id, Metered.TAKEN_ID, limit, taken),
            await take(tx, principal.user_id, Metered.TAKEN_ANSWER, limit),
        ]
        outcome = RateLimited.code if any(waits) else UserErrorCode.ID_TAKEN.value
        await audit(tx, principal, submission.ability, submission.id, outcome)
    if any(waits):
        raise RateLimited(max(waits))
