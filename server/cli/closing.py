"""The verb that closes: what has changed in enough households becomes published numbers.

Test: tests/test_nightly.py.
"""

from __future__ import annotations

import asyncio

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from server.cli.options import Owner, owner_url
from server.cli.tables import Json, print_json, print_line

console = Console()


def close(as_json: Json = False, database: Owner = None) -> None:
    """Publish the figures of what has changed: villages first, then regencies, provinces and the country.

    Numbers that everybody may see move only here, and at midnight in Jakarta, when `serve` does the same. A village
    moves when five of its households have changed since its last close, a regency when 25, a province when 125, the
    country when 25; so running it twice publishes nothing new. The registry may serve meanwhile.

    `desmigratif close`
    """
    from server.database.closing import close as close_now

    async def run() -> dict[str, int]:
        connection = await asyncpg.connect(owner_url(database), command_timeout=None)
        bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        try:
            with Progress(*bars, console=Console(stderr=True), transient=True) as progress:
                task = progress.add_task("", total=None)
                return await close_now(
                    connection,
                    lambda label, done, total: progress.update(task, description=label, completed=done, total=total),
                )
        finally:
            await connection.close()

    closed = asyncio.run(run())
    if as_json:
        print_json(closed)
        return
    for ledger, blocks in closed.items():
        print_line(console, f"{blocks} blocks of the ledger {ledger}")
