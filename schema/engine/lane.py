"""Lanes: threads for work that takes the processor, so that the event loop serves others meanwhile.

Rule: one at a time in each lane, and callers in turn, so that nobody waits for all that another one sends.
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
QUEUE, PATIENCE = 50, 10.0  # what one caller may have waiting, and for how many seconds


class Lane:
    """A thread of its own for work that takes the processor: one at a time, callers in turn."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self.turns = Turns(1, 1, QUEUE, PATIENCE)

    async def run(self, caller: Hashable, work: Callable[..., T], *arguments: Any) -> T:
        """What the work answers.  Raises RateLimited or Unreachable where the caller's turn does not come in time."""
        async with Turn(self.turns, caller):
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
