"""What whoever keeps accounts does with other people's sign-in."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from registry.guard.wall import OWNER
from registry.store.db import Transaction
from registry.write import credentials
from tests.test_sessions import account_with, header, new_session, status
from tests.village import Place

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def as_owner(village: Place) -> AsyncIterator[Transaction]:
    """A transaction of the owner of the tables, as the command line has one."""
    connection = await asyncpg.connect(village.login.replace("registry_app", "postgres"))
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL ROLE {OWNER}")
            yield Transaction(connection, await village.principal("ministry"))
    finally:
        await connection.close()


async def test_all_sessions_of_an_account_end_and_new_ones_begin(village: Place) -> None:
    account, other = await account_with(village), await account_with(village)
    headers = [header(village, account, await new_session(village, account)) for _ in range(2)]
    others = header(village, other, await new_session(village, other))
    async with as_owner(village) as tx:
        await credentials.sign_out_everywhere(tx, account)
    assert [await status(village, each) for each in headers] == [401, 401]
    assert await status(village, others) == 200
    session = await new_session(village, account)
    await village.admin.execute("UPDATE session SET begun_at = clock_timestamp() WHERE id = $1", session)
    assert await status(village, header(village, account, session)) == 200


async def test_a_session_that_began_while_the_end_was_written_ends_too(village: Place) -> None:
    """The end is the instant of the statement, not of its transaction, which may have begun long before."""
    account = await account_with(village)
    async with as_owner(village) as tx:
        await asyncio.sleep(0.05)
        session = await new_session(village, account)
        await village.admin.execute("UPDATE session SET begun_at = clock_timestamp() WHERE id = $1", session)
        await credentials.sign_out_everywhere(tx, account)
    assert await status(village, header(village, account, session)) == 401


async def test_a_revoked_device_ends_its_sessions_of_every_account(village: Place) -> None:
    accounts, phone = [await account_with(village) for _ in range(2)], uuid.uuid4()
    sessions = [await new_session(village, account, phone) for account in accounts]
    async with as_owner(village) as tx:
        assert sorted(await credentials.revoke_device(tx, phone)) == sorted(accounts)
        assert await credentials.revoke_device(tx, uuid.uuid4()) == []
    for account, session in zip(accounts, sessions, strict=True):
        assert await status(village, header(village, account, session)) == 401


async def test_a_temporary_password_replaces_the_old_one_and_ends_sessions(village: Place) -> None:
    account = await account_with(village)
    session = await new_session(village, account)
    for password_hash in ("first", "second"):
        async with as_owner(village) as tx:
            await credentials.give_temporary_password(tx, account, password_hash)
        row = await village.admin.fetchrow("SELECT * FROM credential WHERE account_id = $1", account)
        assert row is not None
        assert (row["password_hash"], row["temporary"]) == (password_hash, True)
        assert row["valid_until"] > row["changed_at"]
    assert await status(village, header(village, account, session)) == 401


async def test_a_forgotten_second_factor_leaves_no_secret(village: Place) -> None:
    account = await account_with(village)
    await village.admin.execute(
        "INSERT INTO second_factor (id, account_id, key_id, sealed, last_step)"
        " VALUES (gen_random_uuid(), $1, 'k', 'secret', 0)",
        account,
    )
    await village.admin.execute(
        "INSERT INTO recovery_code (id, account_id, code_hash) VALUES (gen_random_uuid(), $1, 'x')", account
    )
    async with as_owner(village) as tx:
        await credentials.forget_second_factor(tx, account)
    factor = await village.admin.fetchrow("SELECT * FROM second_factor WHERE account_id = $1", account)
    assert factor is not None
    assert factor["ended_at"] is not None
    assert factor["sealed"] == b""
    codes = await village.admin.fetchval("SELECT count(*) FROM recovery_code WHERE used_at IS NULL")
    assert codes == 0
