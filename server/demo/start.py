"""The life of the demo: its PostgreSQL starts while the program is still being read, and stops last.

Rule: a signal ends everything in order, the database too, and another one, however late, does not break into that.
Test: tests/test_demo.py.
"""

from __future__ import annotations

import errno
import signal
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from server.database.embedded import Embedded, EmbeddedError
from server.database.postgres import Programs
from server.settings import Settings

FOLDER = Path(".demo")
ELSEWHERE = Path("/var/lib/desmigratif-demo")
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def data_folder(given: Path | None) -> Path:
    """Where the demo keeps its database: as asked, else beside the tokens, else where PostgreSQL can reach it."""
    near = (FOLDER / "database").resolve()
    return given or (ELSEWHERE if Programs("18").closed(near) else near)


def start(settings: Settings, data: Path, scale: int, only: Collection[str], console: Console) -> None:
    """Serves until a signal.  ServingError, EmbeddedError, NewerDatabase: one sentence says what to correct."""
    for ending in ENDS:
        signal.signal(ending, _end)
    server = Embedded(data)
    beside = ThreadPoolExecutor(1)
    try:
        console.print(f"PostgreSQL starts in {data}", highlight=False, soft_wrap=True)
        starting = beside.submit(server.start)
        from server.demo.run import run  # reading all of the program takes longer than PostgreSQL

        try:
            starting.result()
            run(settings, server, scale, only, console)
        finally:
            _ignore_signals()
    except KeyboardInterrupt:
        console.print(f"Stopped. The data stay in {data}.", highlight=False, soft_wrap=True)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise EmbeddedError(f"There is no space left for {data}: free some, or choose another DATA.") from None
    finally:
        beside.shutdown()
        server.stop()


def _end(*_: object) -> NoReturn:
    """The first signal; the next ones are ignored while everything ends."""
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """Python gives handlers of its own back to the system as it exits, and a signal would then count as the cause of
    death; a signal that is ignored stays so."""
    for ending in ENDS:
        signal.signal(ending, signal.SIG_IGN)
