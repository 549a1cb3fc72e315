"""Folding the queue of the figures into the cells, beside the requests of every process that serves.

Rule: a process that cannot fold, because the database is away or another process folds, tries again a second later;
until then figures are as right, and a little slower.  Tests: tests/test_cells.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from auth.errors import RateLimited
from registry.store.outage import TooSlow, Unreachable
from registry.write.fold import fold
from server.http.beside import beside
from server.http.service import Service

SECONDS = 1.0
FAILURES = Unreachable, TooSlow, RateLimited, asyncpg.PostgresError, asyncpg.InterfaceError, OSError
log = logging.getLogger("desmigratif")


@asynccontextmanager
async def folding(service: Service) -> AsyncIterator[None]:
    """Fold once a second until the block ends."""
    async with beside(_fold(service)):
        yield


async def _fold(service: Service) -> None:
    failing = False
    while True:
        await asyncio.sleep(SECONDS)
        try:
            service.folded += await fold(service.database)
            failing = False
        except FAILURES as error:
            if not failing:
                log.warning("Figures are not folded, and take longer: %s.", type(error).__name__)
            failing = True
