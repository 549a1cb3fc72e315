"""Answers compressed by gzip, for callers that accept it, if it saves bytes and delays nobody else.

Rule: large answers are compressed in a thread; if too many wait for it, they are sent as they are.
Only answers of queries are compressed (docs/decisions/compression.md).  Test: tests/test_compress.py.
"""

from __future__ import annotations

import asyncio
import gzip as gzip_format
from concurrent.futures import ThreadPoolExecutor

MIN_BYTES = 1_000  # a smaller answer fits one packet as it is
MAX_INLINE_BYTES = 32_000  # compressed inside the event loop, in less than a millisecond
MAX_WAITING = 4  # answers in the thread, running or waiting
LEVEL = 1  # its output is a tenth larger than that of level 6, in half the time
_THREAD = ThreadPoolExecutor(1, "compressing")
_waiting = 0


async def compressed(text: bytes) -> bytes | None:
    """The text as gzip; None if it is better sent as it is."""
    global _waiting
    if len(text) < MIN_BYTES:
        return None
    if len(text) <= MAX_INLINE_BYTES:
        return gzip(text)
    if _waiting >= MAX_WAITING:
        return None
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREAD, gzip, text)
    finally:
        _waiting -= 1


def gzip(text: bytes) -> bytes:
    """The text as gzip."""
    return gzip_format.compress(text, LEVEL, mtime=0)
