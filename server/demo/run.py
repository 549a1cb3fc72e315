"""The demo's server: an invented country, with a token for each persona.

The data folder holds the database and the demo's keys, so a second start keeps both; `.demo/tokens.json` of the working
folder is written again at each start.
Rule: what was answered is stored, even if a process is killed, and the next start goes on from there.
Test: tests/test_demo.py.
"""

from __future__ import annotations

import asyncio
import errno
import gc
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from registry.guard.vault import Vault
from registry.guard.wall import LOGIN
from registry.models.noun import SCHEMA
from server.database.checks import check_vault
from server.database.embedded import Embedded
from server.database.migrate import migrate
from server.demo.greeting import greet
from server.demo.load import load
from server.demo.operations import register_examples
from server.demo.personas import ROUTE
from server.demo.tokens import KEYS, issue, write
from server.http import serving
from server.http.app import create
from server.keys import demo_keys
from server.logs import configure
from server.settings import Settings


def run(settings: Settings, server: Embedded, scale: int, only: Collection[str], console: Console) -> None:
    """Bring the database up to date and serve it until a signal."""
    listening = serving.listen(settings.host, settings.port)
    keyring, vault = demo_keys(server.data / KEYS, settings.audience)
    try:
        asyncio.run(_prepare(server.dsn(), vault, scale, only, console))
        asyncio.run(check_vault(server.dsn(user=LOGIN), vault))
    except asyncpg.DiskFullError:
        raise OSError(errno.ENOSPC, "no space for the database") from None
    tokens = issue(keyring)
    write(tokens)
    app = create(settings, server.dsn(user=LOGIN), keyring, vault, vault.derive(serving.CURSORS), [ROUTE])
    asyncio.run(register_examples(server.dsn(), app.service.schema))
    configure(settings.log_form)
    serving.run(app, listening, partial(greet, serving.origin(settings), tokens, console))


async def _prepare(dsn: str, vault: Vault, scale: int, only: Collection[str], console: Console) -> None:
    await migrate(dsn)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": SCHEMA})
    try:
        bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*bars, console=console) as progress:
            tasks: dict[str, TaskID] = {}

            def report(label: str, done: int, total: int) -> None:
                if label not in tasks:
                    tasks[label] = progress.add_task(label, total=total)
                progress.update(tasks[label], completed=done)

            with _without_collector():
                await load(connection, vault, scale, report, only=only or None)
    finally:
        await connection.close()


@contextmanager
def _without_collector() -> Iterator[None]:
    """Invented people hold no cycles; looking for some among millions of values takes a sixth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
