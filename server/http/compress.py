"""Compressed answers: gzip, for callers that take it, where it saves bytes and not at anybody's cost.

Rule: large answers are compressed beside the event loop, and where too many wait for that they are sent as they are.
Only answers of queries are compressed (docs/decisions/compression.md).  Test: tests/test_compress.py.
"""

from __future__ import annotations

import asyncio
import zlib
from concurrent.futures import ThreadPoolExecutor

SMALLEST = 1_000  # bytes; less fits one packet as it is
AT_ONCE = 32_000  # bytes that are compressed inside the event loop, in less than a millisecond
WAITING = 4  # answers that may wait for their turn beside it
LEVEL = 1  # a tenth larger than level 6, in half the time
_GZIP = zlib.MAX_WBITS | 16
_COMPRESSING = ThreadPoolExecutor(1, "compressing")
_waiting = 0


async def compressed(text: bytes) -> bytes | None:
    """The text as gzip; None where it is sent as it is."""
    global _waiting
    if len(text) < SMALLEST:
        return None
    if len(text) <= AT_ONCE:
        return gzip(text)
    if _waiting >= WAITING:
        return None
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_COMPRESSING, gzip, text)
    finally:
        _waiting -= 1


def gzip(text: bytes) -> bytes:
    """The text as gzip."""
    return zlib.compress(text, LEVEL, _GZIP)
