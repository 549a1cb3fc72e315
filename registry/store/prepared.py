"""The statements that a connection keeps prepared, bounded by what their plans weigh and not by their number.

PostgreSQL keeps about 150 bytes for each letter of a prepared statement, for as long as the connection lives, and
callers decide how long a statement is and how many different ones there are (docs/decisions/cost.md).
Rule: what a connection keeps has LETTERS together, the longest unused given up first; a larger one is planned anew.
Test: tests/test_prepared_statements.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

LETTERS = 300_000  # 45 MB of the server's
LARGEST = 20_000  # letters of a statement that is kept


class Connection(asyncpg.Connection):
    """A connection that keeps the statements which answer prepared."""

    def __init__(self, *made: Any, **by: Any) -> None:
        super().__init__(*made, **by)
        self._kept: dict[str, PreparedStatement] = {}
        self.letters = 0

    async def answer(self, text: str, values: Sequence[Any], seconds: float | None) -> Any:
        """The one value that a statement answers, within these seconds.  Raises TimeoutError, and what asyncpg does."""
        if len(text) > LARGEST:
            return await self.fetchval(text, *values, timeout=seconds)
        if (statement := self._kept.pop(text, None)) is None:
            self._make_room(len(text))
            statement = await self.prepare(text, timeout=seconds)
            self.letters += len(text)
        self._kept[text] = statement  # dicts keep the order of insertion: the first is the longest unused
        try:
            return await statement.fetchval(*values, timeout=seconds)
        except (asyncpg.OutdatedSchemaCacheError, asyncpg.InvalidCachedStatementError):
            self._give_up(text)  # the database was changed under it
            return await self.fetchval(text, *values, timeout=seconds)

    def _make_room(self, letters: int) -> None:
        while self._kept and self.letters + letters > LETTERS:
            self._give_up(next(iter(self._kept)))

    def _give_up(self, text: str) -> None:
        """asyncpg closes a statement that nobody refers to, with the next one that it prepares."""
        del self._kept[text]
        self.letters -= len(text)
