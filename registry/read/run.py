"""Run a Want for a principal: compiled once per shape and sight, then one prepared statement a root field.

Rule: the only way from a Want to rows.  Test: tests/test_read.py counts statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import asyncpg

from auth.principal import Principal
from registry.cache import Remembered
from registry.db import CLAIM, Database, Statement
from registry.read.compile import Compiler
from registry.read.sight import Sight
from registry.read.want import Root

STATEMENTS: Remembered[tuple[Root, Sight], Statement] = Remembered("statements", 2000)
NO_REGION = "DR001"  # what `registry.areas_of` raises


class UnknownRegion(Exception):
    """A region code that leads to no region of today, or to several: `heirs`."""

    def __init__(self, heirs: list[str]) -> None:
        self.heirs = heirs


def statement(want: Root, sight: Sight) -> Statement:
    """The statement of a Want for every caller of this sight."""
    if (known := STATEMENTS.get((want, sight))) is None:
        known = Compiler(sight).statement(want)
        STATEMENTS.put((want, sight), known)
    return known


class Reader:
    """Reads as one principal, in one language ("id" or "en")."""

    def __init__(self, database: Database, principal: Principal, language: str) -> None:
        self.database, self.principal, self.language = database, principal, language

    @cached_property
    def _claims(self) -> dict[str, Any]:
        return {
            f"{CLAIM}user": self.principal.user_id,
            f"{CLAIM}language": self.language,
            f"{CLAIM}abilities": self.principal.ability_names,
            f"{CLAIM}expires_at": self.principal.expires_at,
        }

    async def fetch(self, want: Root, arguments: Mapping[str, Any]) -> bytes | None:
        """The JSON of one root field; None for null."""
        made = statement(want, Sight.of(self.principal))
        return await self.answer(made.text, made.bind(self.principal, {**self._claims, **arguments}))

    async def answer(self, text: str, values: Sequence[Any]) -> bytes | None:
        """The JSON of a prepared statement with its values.  Raises UnknownRegion, TooSlow, Unreachable."""
        try:
            return await self.database.answer(text, values)
        except asyncpg.PostgresError as error:
            if error.sqlstate != NO_REGION:
                raise
            raise UnknownRegion((error.detail or "").split()) from None
