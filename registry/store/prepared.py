"""Prepared statements of a connection, bounded by the size of their plans, not by their number.

PostgreSQL keeps about 150 bytes for each letter of a prepared statement while the connection lives, and callers decide
how long a statement is and how many different ones there are (docs/decisions/cost.md).
Rule: a connection keeps statements of LETTERS letters in total and drops the least recently used; one that is larger
than LARGEST is not kept.
Test: tests/test_prepared_statements.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

LETTERS = 300_000  # about 45 MB in the backend
LARGEST = 20_000  # letters of a statement that is kept


class Connection(asyncpg.Connection):
    """A connection that keeps its reading statements prepared."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepared: dict[str, PreparedStatement] = {}
        self.letters = 0

    async def fetch_value(self, text: str, values: Sequence[Any], seconds: float | None) -> Any:
        """The single value that a statement returns, within `seconds`.  Raises TimeoutError, asyncpg's errors."""
        if len(text) > LARGEST:
            return await self.fetchval(text, *values, timeout=seconds)
        if (statement := self._prepared.pop(text, None)) is None:
            self._make_room(len(text))
            statement = await self.prepare(text, timeout=seconds)
            self.letters += len(text)
        self._prepared[text] = statement  # dicts keep insertion order: the first was used least recently
        try:
            return await statement.fetchval(*values, timeout=seconds)
        except (asyncpg.OutdatedSchemaCacheError, asyncpg.InvalidCachedStatementError):
            self._drop(text)  # a table has changed since it was planned
            return await self.fetchval(text, *values, timeout=seconds)

    def _make_room(self, letters: int) -> None:
        while self._prepared and self.letters + letters > LETTERS:
            self._drop(next(iter(self._prepared)))

    def _drop(self, text: str) -> None:
        """asyncpg closes a statement without references when it prepares the next one."""
        del self._prepared[text]
        self.letters -= len(text)
