"""What every run of pytest over this project does, whichever tests it has: it hears Ctrl-C, judges no property by the
clock, tells its seed, and has one embedded PostgreSQL for each of its processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from server.database.embedded import Embedded, temporary


def pytest_configure() -> None:
    """A shell ignores SIGINT for what it starts in the background, and so would the servers that the tests start.
    Hypothesis gives an example a fifth of a second, which is a claim about the machine."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("any machine", settings.default, deadline=None)
    settings.load_profile("any machine")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The seed, which pytest-randomly shows in the header only, and -q leaves that out."""
    if (seed := config.getoption("randomly_seed", None)) is not None:
        terminalreporter.write_line(f"The same order and chance again: --randomly-seed={seed}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Embedded]:
    """The server of this process: `make test` runs several processes, and they share nothing."""
    with temporary() as server:
        yield server
