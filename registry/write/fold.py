"""Fold: a part of the queue of the figures becomes cells.  Test: tests/test_cells.py."""

from __future__ import annotations

import sqlalchemy as sa

from auth.principal import NOBODY
from registry.store.db import Database
from registry.store.sql import Sql, arg

MOST = 1_000
"""Households that are folded at a time."""
_FOLD = Sql(sa.select(sa.func.registry.fold(arg("most", sa.Integer()))))


async def fold(database: Database) -> int:
    """Fold once.  Returns how many households it took from the queue; none while another process folds."""
    async with database.write(NOBODY, "read") as tx:
        return int(await tx.value(_FOLD, most=MOST))
