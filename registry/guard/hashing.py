"""Hashing of passwords beside the requests: few at a time, because each takes 64 MiB and a processor.

Rule: the event loop never hashes; whoever waits too long gets an error, and one caller's attempts do not keep others
waiting.  Tests: tests/test_password.py.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from registry.store.db import Turn
from registry.store.turns import Turns

T = TypeVar("T")
MAX_WAITING, TIMEOUT = 20, 5.0  # how much work of one caller may wait, and for how many seconds
NICENESS = 19  # of the threads: requests come first, and a busy machine still signs people in; only on Linux


class Hashing:
    """Threads that hash at most `at_once` passwords, callers in turn."""

    def __init__(self, at_once: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, "hashing", _give_way)
        self.turns = Turns(at_once, at_once, MAX_WAITING, TIMEOUT)

    async def run(self, caller: Hashable, work: Callable[..., T], *arguments: object) -> T:
        """What `work` returns.  Raises RateLimited or Unreachable if the caller's turn does not come in time."""
        async with Turn(self.turns, caller):
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _give_way() -> None:
    if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
