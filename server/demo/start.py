"""The start and end of the demo: its PostgreSQL starts while modules are still being imported, and stops last.

Rule: a signal ends everything in order, the database too, and no later signal interrupts that.
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
ROOT_DATA = Path("/var/lib/desmigratif-demo")
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def data_folder(chosen: Path | None) -> Path:
    """The folder of the demo's database: the chosen one, else that beside the tokens if PostgreSQL can enter it."""
    if chosen:
        return chosen
    near = (FOLDER / "database").resolve()
    return ROOT_DATA if Programs("18").closed(near) else near


def start(settings: Settings, data: Path, scale: int, only: Collection[str], console: Console) -> None:
    """Serve until a signal.

    Raises ServingError, EmbeddedError, NewerDatabase, whose messages say what to correct."""
    for signum in END_SIGNALS:
        signal.signal(signum, _end)
    server = Embedded(data)
    thread = ThreadPoolExecutor(1)
    try:
        console.print(f"PostgreSQL starts in {data}", highlight=False, soft_wrap=True)
        starting = thread.submit(server.start)
        from server.demo.run import run  # importing the whole program takes longer than starting PostgreSQL

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
        thread.shutdown()
        server.stop()


def _end(*_: object) -> NoReturn:
    """Handle the first signal; later ones are ignored while everything ends."""
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """Ignore signals until the process has ended.

    A handler would not do: Python removes handlers as it exits, and a signal that came then would kill the process."""
    for signum in END_SIGNALS:
        signal.signal(signum, signal.SIG_IGN)
