"""Run a query tree for a caller: compiled once per query tree and visibility, then one prepared statement a root field.

Rule: the only way from a query tree to rows (tests/test_architecture.py), and one statement each (tests/test_read.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import asyncpg

from auth.principal import Principal
from registry.read.compile import Compiler
from registry.read.query import Root
from registry.read.visibility import Visibility
from registry.store.cache import LruCache
from registry.store.db import Database
from registry.store.sql import CLAIM, SETTING, Statement

WEIGHT = 4  # bytes that a statement and its query tree take for each letter of the SQL
STATEMENTS: LruCache[tuple[Root, Visibility], Statement] = LruCache(
    "statements", 500, 20_000_000, lambda made: WEIGHT * len(made.text)
)
NO_REGION = "DR001"  # what `registry.areas_of` and `registry.village_of` raise


class UnknownRegion(Exception):
    """A region code that leads to no region of today, to several, or to none of its level: `heirs` are their codes."""

    def __init__(self, heirs: list[str]) -> None:
        self.heirs = heirs


def statement(query: Root, visibility: Visibility) -> Statement:
    """The statement of a query tree for every caller of this visibility."""
    if (known := STATEMENTS.get((query, visibility))) is None:
        known = Compiler(visibility).statement(query)
        STATEMENTS.put((query, visibility), known)
    return known


class Caller(Protocol):
    """Who asks, and in which language ("id" or "en")."""

    @property
    def principal(self) -> Principal: ...
    @property
    def language(self) -> str: ...


CLAIMS: dict[str, Callable[[Caller], Any]] = {
    "user": lambda caller: caller.principal.user_id,
    "language": lambda caller: caller.language,
    "abilities": lambda caller: caller.principal.ability_names,
    "expires_at": lambda caller: caller.principal.expires_at,
}


def of_caller(name: str) -> Callable[[Caller], Any] | None:
    """How an argument that is the caller's own is found: the areas of a setting, or a claim; None for all others."""
    if name.startswith(SETTING):
        setting = name.removeprefix(SETTING)
        return lambda caller: caller.principal.setting(setting)
    return CLAIMS[name.removeprefix(CLAIM)] if name.startswith(CLAIM) else None


async def fetch(database: Database, caller: Caller, query: Root, arguments: Mapping[str, Any]) -> bytes | None:
    """The JSON of one root field; None for null.  Raises what `answer` does."""
    made = statement(query, Visibility.of(caller.principal))
    own = {name: find(caller) for name in made.names if (find := of_caller(name)) is not None}
    return await answer(database, made, [own[name] if name in own else arguments[name] for name in made.names])


async def answer(
    database: Database, made: Statement, values: Sequence[Any], seconds: float | None = None
) -> bytes | None:
    """The JSON of a statement with its values in order.  Raises UnknownRegion, TooSlow, Unreachable."""
    try:
        return await database.answer(made.text, values, *(() if seconds is None else (seconds,)))
    except asyncpg.PostgresError as error:
        if error.sqlstate != NO_REGION:
            raise
        raise UnknownRegion(successors_of(error)) from None


def successors_of(error: asyncpg.PostgresError) -> list[str]:
    """The codes that PostgreSQL names where one of `NO_REGION` leads nowhere."""
    return (error.detail or "").split()
