"""A record of its own about a household on the write path, such as a case: it lies where its household lies.

The household is named by its id or its number, and looked up under the caller's row security, so one that is absent,
hidden or archived is NOT_FOUND, the same for all of them.  It stays the household of the record.
Rule: the household of a new record is locked until the record is stored, so it is neither moved nor archived meanwhile.
A stored record is locked itself, and then its household is not: a command that moves a household locks the household
first and the records about it afterwards, and the two would wait for each other.
Tests: tests/test_case.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa

from registry.codes.messages import UserErrorCode as Code
from registry.models.household import HOUSEHOLD
from registry.store.db import Transaction
from registry.store.sql import Sql, arg
from registry.write.submission_context import Place
from registry.write.user_errors import refusal
from registry.write.village_record import VillageRecordSubmission


def _household(column: sa.Column[Any]) -> sa.Select[Any]:
    """SELECT id, village_id, area, draft FROM household WHERE … AND archived_at IS NULL."""
    place = [HOUSEHOLD.c[name] for name in ("id", "village_id", "area", "draft")]
    return sa.select(*place).where(column == arg("key", column.type), HOUSEHOLD.c.archived_at.is_(None))


KEYS = {"id": HOUSEHOLD.c.id, "householdNo": HOUSEHOLD.c.household_no}
HOUSEHOLD_BY = {key: Sql(_household(column)) for key, column in KEYS.items()}
"""Key of a household → the statement that looks it up, where the caller reads it."""
LOCKED_BY = {key: Sql(_household(column).with_for_update(read=True, key_share=True)) for key, column in KEYS.items()}
"""The same FOR KEY SHARE, where the command may write."""


@dataclass
class HouseholdRecordSubmission(VillageRecordSubmission):
    """A record about a household; `household` is the key that was sent and its value, None if none was."""

    household: tuple[str, uuid.UUID | str | None] | None = None

    @property
    def hashed(self) -> dict[str, str]:
        return super().hashed | {"household": str(self.household)}

    async def place(self, tx: Transaction, row: asyncpg.Record | None) -> Place:
        if row is None:
            household = await self._named(tx, LOCKED_BY)
            named = {"household_id": str(household["id"])}
            return Place(household["village_id"], household["area"], household["draft"], named)
        own = ("id", row["household_id"])
        if self.household not in (None, own) and ("id", (await self._named(tx, HOUSEHOLD_BY))["id"]) != own:
            raise refusal(Code.HOUSEHOLD_FIXED, *self.edit.root_path("household_id"))
        return Place(row["village_id"], row["area"], row["draft"])

    async def _named(self, tx: Transaction, statements: Mapping[str, Sql]) -> asyncpg.Record:
        """The household that was sent.  Raises Refused."""
        path = self.edit.root_path("household_id")
        if self.household is None:
            raise refusal(Code.REQUIRED, *path)
        key, value = self.household
        household = await tx.one(statements[key], key=value)
        if household is None:
            raise refusal(Code.NOT_FOUND, *path)
        return household
