"""Close: what changed in enough households of a block becomes its published numbers.  Test: tests/test_closes.py."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP

from auth.principal import NOBODY
from registry.guard.close_crossings import CLOSING
from registry.models.noun import const
from registry.store.db import Database
from registry.store.sql import Sql, arg

SECONDS = 3_600.0
"""The longest that a ledger may take."""
_PATIENT = Sql(sa.select(sa.func.set_config(const("statement_timeout"), const(f"{SECONDS:.0f}s"), sa.true())))
CLOSES = {
    unit.name: Sql(sa.select(getattr(sa.func.registry, crossing.name)(arg("after", TIMESTAMP(timezone=True)))))
    for unit, crossing in CLOSING.items()
}
"""Ledger → the statement that closes its blocks, unless that was done since `after`: how many, or NULL while another
process closes."""


async def close(database: Database, after: dt.datetime) -> int | None:
    """Close all ledgers that were not looked through since `after`, each in a transaction of its own.

    Returns how many blocks closed; None if another process closes."""
    closed = 0
    for statement in CLOSES.values():
        async with database.write(NOBODY, "read") as tx:
            await tx.value(_PATIENT)
            blocks = await tx.value_within(SECONDS, statement, after=after)
        if blocks is None:
            return None
        closed += blocks
    return closed
