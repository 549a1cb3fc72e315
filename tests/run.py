"""What every run of pytest over this project does: it obeys Ctrl-C, gives property tests no deadline, prints its seed,
looks through the modules of the tests for garbage once, and has one embedded PostgreSQL for each of its processes."""

from __future__ import annotations

import gc
import os
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any, get_args

import pytest
from hypothesis import settings

from server.database.embedded import Embedded, temporary
from server.database.postgres import Version


def pytest_configure() -> None:
    """Restore SIGINT, which a shell ignores for background jobs and which servers would inherit; and turn off
    Hypothesis' deadline of a fifth of a second, which depends on the machine."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("any machine", settings.default, deadline=None)
    settings.load_profile("any machine")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests without collecting garbage, and leave what they consist of out of later collections, which
    would go through all of it again and again: it lives as long as the process."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print why tests were skipped, and the seed, which pytest-randomly shows only in the header that -q leaves out."""
    for reason, count in Counter(_reason(report) for report in terminalreporter.stats.get("skipped", ())).items():
        terminalreporter.write_line(f"{reason}: {count} tests skipped", yellow=True)
    if (seed := config.getoption("randomly_seed", None)) is not None:
        terminalreporter.write_line(f"To repeat this order and these random values: --randomly-seed={seed}")


def _reason(report: Any) -> str:
    """Why a test was skipped: the last part of (path, line, reason)."""
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Embedded]:
    """The server of this process; `make test` runs several processes that share nothing.

    `POSTGRES=16 make test` takes the oldest version that is supported."""
    versions: dict[str, Version] = {version: version for version in get_args(Version)}
    with temporary(versions[os.environ.get("POSTGRES", "18")]) as server:
        yield server
