"""The close, as an operator or the demo runs it: each ledger in a transaction of its own.

Rule: it writes what the nightly close of a server writes, by the same functions.  Tests: tests/test_nightly.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncpg

from registry.guard.close_crossings import CLOSING
from registry.models.noun import SCHEMA

Report = Callable[[str, int, int], None]
"""Is called with progress: of what, how many are done, of how many."""


class CloseRefused(Exception):
    """Another process closes; the message is the sentence for the operator."""


async def close(
    connection: asyncpg.Connection[Any], report: Report = lambda label, done, total: None
) -> dict[str, int]:
    """Close every ledger now.  Returns ledger → how many blocks closed.  Raises CloseRefused."""
    closed: dict[str, int] = {}
    for unit, crossing in CLOSING.items():
        report("published figures", len(closed), len(CLOSING))
        blocks = await connection.fetchval(f"SELECT {SCHEMA}.{crossing.name}('infinity')", timeout=None)
        if blocks is None:
            raise CloseRefused("Another process closes the figures: run this again when it has ended.")
        closed[unit.name] = int(blocks)
    report("published figures", len(closed), len(CLOSING))
    return closed
