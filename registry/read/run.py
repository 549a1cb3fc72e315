"""Run a query tree for a caller: compiled once for each query tree and visibility, one prepared statement a root field.

Rule: the only way from a query tree to rows (tests/test_architecture.py), and one statement each (tests/test_read.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import asyncpg

from auth.principal import Duty, Principal
from registry.read.compile import Compiler
from registry.read.query import QueryTree
from registry.read.visibility import Visibility
from registry.store.cache import LruCache
from registry.store.db import Database
from registry.store.sql import CLAIM, SETTING, Statement

WEIGHT = 4  # bytes that a statement and its query tree take for each letter of the SQL
STATEMENTS: LruCache[tuple[QueryTree, Visibility], Statement] = LruCache(
    "statements", 500, 20_000_000, lambda cached: WEIGHT * len(cached.text)
)
NO_REGION = "DR001"  # what `registry.areas_of` and `registry.village_of` raise


REFUSED = "DR002"  # what `registry.statistics` raises for a question that has no answer; the message is its problem


class Unanswerable(Exception):
    """A question of figures that only the data can refuse; `problem` is a word for programs."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class UnknownRegion(Exception):
    """A region code that leads to no region of today, to several, or to none of its level.

    `successors` are the codes of the regions that it leads to."""

    def __init__(self, successors: list[str]) -> None:
        self.successors = successors


def statement(query: QueryTree, visibility: Visibility) -> Statement:
    """The statement of a query tree for every caller of this visibility."""
    compiled = STATEMENTS.get((query, visibility))
    if compiled is None:
        compiled = Compiler(visibility).statement(query)
        STATEMENTS.put((query, visibility), compiled)
    return compiled


class Caller(Protocol):
    """The principal that calls, and their language ("id" or "en")."""

    @property
    def principal(self) -> Principal: ...
    @property
    def language(self) -> str: ...


CLAIMS: dict[str, Callable[[Caller], Any]] = {
    "user": lambda caller: caller.principal.user_id,
    "caller": lambda caller: caller.principal.caller_id,
    "acting_for": lambda caller: caller.principal.acting_for_id,
    "acting_for_name": lambda caller: caller.principal.name,
    "acting_for_role": lambda caller: caller.principal.first_role,
    "language": lambda caller: caller.language,
    "abilities": lambda caller: caller.principal.ability_names,
    "expires_at": lambda caller: caller.principal.expires_at,
    "must_change_password": lambda caller: caller.principal.duty is Duty.CHANGE_PASSWORD,
}


def of_caller(name: str) -> Callable[[Caller], Any] | None:
    """How to read the value of a caller's own argument: areas of a setting, or a claim.  None for other arguments."""
    if name.startswith(SETTING):
        setting = name.removeprefix(SETTING)
        return lambda caller: caller.principal.setting(setting)
    return CLAIMS[name.removeprefix(CLAIM)] if name.startswith(CLAIM) else None


async def execute(
    database: Database, statement: Statement, values: Sequence[Any], seconds: float | None = None, keeps: bool = False
) -> bytes | None:
    """The JSON of a statement with its values in order; `keeps` says that it keeps what it answers.

    Raises UnknownRegion, Unanswerable, TooSlow, Unreachable."""
    timeout = () if seconds is None else (seconds,)
    try:
        if keeps:
            return await database.fetch_kept(statement.text, values, *timeout)
        return await database.fetch_json(statement.text, values, *timeout)
    except asyncpg.PostgresError as error:
        if error.sqlstate == REFUSED:
            raise Unanswerable(str(error)) from None
        if error.sqlstate != NO_REGION:
            raise
        raise UnknownRegion(successors_of(error)) from None


def successors_of(error: asyncpg.PostgresError) -> list[str]:
    """The region codes in the detail of a `NO_REGION` error."""
    return (error.detail or "").split()


async def fetch(database: Database, caller: Caller, query: QueryTree, arguments: Mapping[str, Any]) -> bytes | None:
    """The JSON of a query tree that is no part of a document, such as the successors of a region; None for null.

    Plans bind their values themselves and call `execute`.  Raises what that does."""
    compiled = statement(query, Visibility.of(caller.principal))
    values = []
    for name in compiled.names:
        read = of_caller(name)
        values.append(arguments[name] if read is None else read(caller))
    return await execute(database, compiled, values)
