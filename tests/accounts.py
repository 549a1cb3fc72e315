"""Accounts of a test's own, with their grants: tests that change people do not see each other's."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from tests.village import Place

Grant = tuple[str, str | None]
"""A role, and the code of its region; None is the whole country."""


async def insert_account(
    admin: asyncpg.Connection,
    regions: Mapping[str, uuid.UUID],
    username: str,
    *grants: Grant,
    name: str | None = None,
    service: bool = False,
) -> uuid.UUID:
    """Store an account with grants that began long ago; without a name it has its user name."""
    id_ = uuid.uuid4()
    columns = "INSERT INTO account (id, username, name, service) VALUES ($1, $2, $3, $4)"
    await admin.execute(columns, id_, username, name or username, service)
    for role, code in grants:
        await admin.execute(
            "INSERT INTO grants (user_id, role, region_id, national, valid_from) VALUES ($1, $2, $3, $4, '2019-01-01')",
            *(id_, role, None if code is None else regions[code], code is None),
        )
    return id_


async def new_account(village: Place, *grants: Grant, name: str | None = None, service: bool = False) -> str:
    """Add an account to the village, and return the name by which it sends queries; an administrator may sign in."""
    username = f"colleague.{uuid.uuid4()}"
    caller = name or username
    village.ids[caller] = await insert_account(
        village.admin, village.regions, username, *grants, name=caller, service=service
    )
    if any(role == "MINISTRY_ADMIN" for role, _ in grants):
        await let_in(village, caller)
    return caller


async def let_in(village: Place, name: str, valid_until: str | None = None) -> None:
    """Give an account a password, which nobody knows, until then."""
    await village.admin.execute(
        "INSERT INTO credential (account_id, password_hash, temporary, valid_until)"
        " VALUES ($1, 'x', false, $2::text::timestamptz) ON CONFLICT (account_id) DO UPDATE SET valid_until ="
        " excluded.valid_until",
        *(village.ids[name], valid_until),
    )
