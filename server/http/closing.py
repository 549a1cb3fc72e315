"""The nightly close of the figures, beside the requests of every process that serves.

Rule: one process closes and the others find it done; one that was away at midnight closes when it is back.  A close
that fails is tried again a minute later, and until then everybody sees the numbers of the night before.
Tests: tests/test_nightly.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from registry.values.civil_day import CAPITAL
from registry.write.close import close
from server.http.beside import beside
from server.http.folding import FAILURES
from server.http.service import Service

START, RETRY = 1.0, 60.0  # seconds
log = logging.getLogger("desmigratif")


@asynccontextmanager
async def closing(service: Service) -> AsyncIterator[None]:
    """Close at each midnight of the capital until the block ends, and soon what was missed."""
    async with beside(_close(service)):
        yield


def midnight(now: dt.datetime) -> dt.datetime:
    """The last midnight of the capital."""
    return now.astimezone(CAPITAL).replace(hour=0, minute=0, second=0, microsecond=0)


def until_midnight(now: dt.datetime) -> float:
    """Seconds until the next midnight of the capital, whose days all have 24 hours."""
    return (midnight(now) + dt.timedelta(days=1) - now).total_seconds()


async def _close(service: Service) -> None:
    await asyncio.sleep(START)  # whoever waited for the server comes first
    while True:
        service.night_closed = False
        service.night_closed = await _try(service, midnight(dt.datetime.now(dt.UTC)))
        await asyncio.sleep(until_midnight(dt.datetime.now(dt.UTC)) if service.night_closed else RETRY)


async def _try(service: Service, night: dt.datetime) -> bool:
    """Close what was not closed since then.  Returns whether all is closed."""
    try:
        blocks = await close(service.database, night)
    except FAILURES as error:
        log.warning("Published figures stay those of the night before: %s.", type(error).__name__)
        return False
    service.closed += blocks or 0
    return blocks is not None
