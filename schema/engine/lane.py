"""Lanes: threads for work that keeps the processor busy, so that the event loop serves others meanwhile.

Rule: each lane does one thing at a time and serves callers in turn, so that nobody waits for all that another sends.
Test: tests/test_lanes.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from registry.store.db import Turn
from registry.store.turns import Turns

T = TypeVar("T")
MAX_WAITING, TIMEOUT = 50, 10.0  # how much work of one caller may wait, and for how many seconds


class Lane:
    """A thread that does one thing at a time, callers in turn."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self.turns = Turns(1, 1, MAX_WAITING, TIMEOUT)

    async def run(self, caller: Hashable, work: Callable[..., T], *arguments: Any) -> T:
        """What `work` returns.  Raises RateLimited or Unreachable if the caller's turn does not come in time."""
        async with Turn(self.turns, caller):
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
