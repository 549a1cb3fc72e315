"""Run a Want for a principal: compiled once per shape and sight, then one prepared statement a root field.

Rule: the only way from a Want to rows.  Test: tests/test_read.py counts statements.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from auth.principal import Principal
from registry.db import CLAIM, Database, Statement
from registry.read.compile import Compiler
from registry.read.sight import Sight
from registry.read.want import Root


@lru_cache(maxsize=2000)
def statement(want: Root, sight: Sight) -> Statement:
    """The statement of a Want for every caller of this sight."""
    return Compiler(sight).statement(want)


class Reader:
    """Reads as one principal, in one language ("id" or "en")."""

    def __init__(self, database: Database, principal: Principal, language: str) -> None:
        self.database, self.principal, self.language = database, principal, language
        self._sight = Sight.of(principal)
        self._claims = {
            f"{CLAIM}user": principal.user_id,
            f"{CLAIM}language": language,
            f"{CLAIM}abilities": sorted(a.name for a in principal.abilities()),
            f"{CLAIM}expires_at": principal.expires_at,
        }

    async def fetch(self, want: Root, arguments: Mapping[str, Any]) -> bytes | None:
        """The JSON of one root field; None for null."""
        made = statement(want, self._sight)
        return await self.database.fetch(made, self.principal, {**self._claims, **arguments})
