"""What goes wrong with a database: too slow, unreachable, full.

Rule: an error that may not occur a moment later is told from one that will.  Test: tests/test_faults.py.
"""

from __future__ import annotations

import asyncpg


class TooSlow(Exception):
    """A statement passed its time limit."""


class Unreachable(Exception):
    """No connection came in time, or it was lost; the request may be sent again."""


class Deadlocked(Unreachable):
    """PostgreSQL ended this transaction, because it and another waited for each other."""


CONNECTION_ERRORS = OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError
"""The errors of a lost connection; some of them have other causes too."""


UNAVAILABLE = "53", "57P", "58", "25006", "40001", "40P01"
"""SQLSTATEs of errors that may pass by themselves: no disk, memory or connections left, a server that stops, starts or
is read-only, and transactions that conflict."""
NOT_STORING = "53", "57P", "58", "25006"
"""Those that concern every command."""
TOO_MUCH = "53400"  # a statement reached a limit of its own, such as temporary files


def sqlstate(error: BaseException | None) -> str:
    """The SQLSTATE of an error of PostgreSQL; empty for any other error."""
    return (error.sqlstate or "") if isinstance(error, asyncpg.PostgresError) else ""


def is_passing(error: BaseException | None, states: tuple[str, ...] = UNAVAILABLE) -> bool:
    """Whether the same may succeed a moment later."""
    return sqlstate(error).startswith(states) and sqlstate(error) != TOO_MUCH
