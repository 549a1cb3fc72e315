"""Folding the queue of the figures into the cells, beside the requests of every process that serves.

Rule: a process that cannot fold, because the database is away or another process folds, tries again a second later;
until then figures are as right, and a little slower.  Tests: tests/test_cells.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from auth.errors import RateLimited
from registry.store.outage import TooSlow, Unreachable
from registry.write.fold import fold
from server.http.service import Service

SECONDS = 1.0


@asynccontextmanager
async def folding(service: Service) -> AsyncIterator[None]:
    """Fold once a second until the block ends."""
    task = asyncio.create_task(_fold(service))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _fold(service: Service) -> None:
    while True:
        await asyncio.sleep(SECONDS)
        with suppress(Unreachable, TooSlow, RateLimited, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            service.folded += await fold(service.database)
