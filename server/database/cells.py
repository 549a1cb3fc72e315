"""The cells of the figures: rebuilt where a cube was declared anew or an operator asks for it, and proven.

Rule: a rebuild is one REPEATABLE READ transaction that no fold overlaps, and readers see the cells of before until it
ends.  Tests: tests/test_cells.py.
"""

from __future__ import annotations

import asyncpg

from registry.figures.fold import BOOKS, DECLARED, LOCK, REBUILD
from registry.models.noun import SCHEMA

_KEPT = "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'pk_figure_cell'"


async def rebuild(connection: asyncpg.Connection) -> int:
    """Count all cells anew from the ledgers.  Returns how many there are."""
    # The lock comes before the snapshot, which otherwise could miss what a fold had added when it was waited for.
    await connection.execute(f"SELECT pg_advisory_lock({LOCK})")
    try:
        async with connection.transaction(isolation="repeatable_read"):
            await connection.execute(f"SET LOCAL search_path = {SCHEMA}")
            for statement in REBUILD:
                await connection.execute(statement)
            await connection.execute(f"COMMENT ON CONSTRAINT pk_figure_cell ON {SCHEMA}.figure_cell IS '{DECLARED}'")
            return int(await connection.fetchval("SELECT count(*) FROM figure_cell"))
    finally:
        await connection.execute(f"SELECT pg_advisory_unlock({LOCK})")


async def rebuild_if_declared_anew(connection: asyncpg.Connection) -> None:
    """Rebuild the cells if they are not those of the cubes that this program declares."""
    if await connection.fetchval(_KEPT) != DECLARED:
        await rebuild(connection)


async def wrong_cells(connection: asyncpg.Connection) -> tuple[int, int, int]:
    """How many cells there are, how many households wait in the queue, and how many cells do not equal the ledgers."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(f"SET LOCAL search_path = {SCHEMA}")
        cells = await connection.fetchval("SELECT count(*) FROM figure_cell")
        waiting = await connection.fetchval("SELECT count(*) FROM figure_due")
        return int(cells), int(waiting), int(await connection.fetchval(BOOKS))
