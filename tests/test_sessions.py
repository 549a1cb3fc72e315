"""Sessions: a token is good while the session that it names is, and no longer."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.area import COUNTRY
from auth.errors import SignInFault, Unauthenticated
from auth.principal import Duty
from auth.token import Keyring
from registry.guard.wall import DOORS
from server.http.identity import principal_of
from tests.accounts import new_account
from tests.eventually import eventually
from tests.village import HERE, Place

pytestmark = pytest.mark.anyio
ME = "{ viewer { username mustChangePassword } }"
NOW = dt.datetime.now(dt.UTC)


async def account_with(village: Place, role: str = "OFFICER") -> uuid.UUID:
    """The id of an account with one grant in the village."""
    return village.ids[await new_account(village, (role, HERE))]


async def new_session(village: Place, account: uuid.UUID, device: uuid.UUID | None = None, **columns: Any) -> uuid.UUID:
    """A session of this account that began a minute ago."""
    id_ = uuid.uuid4()
    if device is not None:
        await village.admin.execute(
            "INSERT INTO device (id, account_id, label) VALUES ($1, $2, 'Telepon') ON CONFLICT DO NOTHING",
            *(device, account),
        )
    begun, later = NOW - dt.timedelta(minutes=1), NOW + dt.timedelta(days=1)
    values = {"second_factor": False, "expires_at": later} | columns
    await village.admin.execute(
        "INSERT INTO session (id, account_id, device_id, begun_at, renewed_at, expires_at, second_factor, generation,"
        " token_hash) VALUES ($1, $2, $3, $4, $4, $5, $6, 0, '')",
        *(id_, account, device, begun, values["expires_at"], values["second_factor"]),
    )
    return id_


def header(village: Place, account: uuid.UUID, session: uuid.UUID | None) -> dict[str, str]:
    token = village.keyring.issue(account, 10, dt.datetime.now(dt.UTC), session)
    return {"authorization": f"Bearer {token}"}


async def status(village: Place, headers: dict[str, str]) -> int:
    return (await village.send("POST", json={"query": ME}, headers=headers)).status


ENDINGS = {
    "ended": "UPDATE session SET ended_at = now() WHERE id = $1",
    "its device revoked": "UPDATE device SET revoked = true"
    " WHERE (id, account_id) = (SELECT device_id, account_id FROM session WHERE id = $1)",
    "signed out everywhere": "UPDATE account SET signed_out_at = now()"
    " WHERE id = (SELECT account_id FROM session WHERE id = $1)",
    "the account disabled": "UPDATE account SET active = false"
    " WHERE id = (SELECT account_id FROM session WHERE id = $1)",
    "deleted": "DELETE FROM session WHERE id = $1",
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_running_token_ends_with_its_session(village: Place, ending: str) -> None:
    """Although the principal was cached: whoever caches it is told."""
    account, phone = await account_with(village), uuid.uuid4()
    session = await new_session(village, account, phone)
    headers = header(village, account, session)
    await eventually(lambda: village.app.service.principals.listening)
    assert await status(village, headers) == await status(village, headers) == 200
    await village.admin.execute(ENDINGS[ending], session)

    async def is_refused() -> bool:
        return await status(village, headers) == 401

    await eventually(is_refused)


async def test_one_session_ends_without_the_others(village: Place) -> None:
    account, phone = await account_with(village), uuid.uuid4()
    first, second = await new_session(village, account, phone), await new_session(village, account)
    await village.admin.execute(ENDINGS["its device revoked"], first)
    assert await status(village, header(village, account, first)) == 401
    assert await status(village, header(village, account, second)) == 200


async def test_a_phone_that_two_share_is_revoked_for_one(village: Place) -> None:
    first, second, phone = await account_with(village), await account_with(village), uuid.uuid4()
    lost, other = await new_session(village, first, phone), await new_session(village, second, phone)
    await village.admin.execute(ENDINGS["its device revoked"], lost)
    assert await status(village, header(village, first, lost)) == 401
    assert await status(village, header(village, second, other)) == 200


async def test_a_token_with_the_session_of_another_is_refused(village: Place) -> None:
    account, other = await account_with(village), await account_with(village)
    session = await new_session(village, other)
    assert await status(village, header(village, account, session)) == 401
    assert await status(village, header(village, account, uuid.uuid4())) == 401


async def test_a_session_is_over_at_its_last_instant(village: Place) -> None:
    account = await account_with(village)
    session = await new_session(village, account, expires_at=NOW - dt.timedelta(seconds=1))
    assert await status(village, header(village, account, session)) == 401


async def test_a_renewed_session_stays_cached(village: Place) -> None:
    """A refresh every quarter of an hour reads no grants again."""
    account = await account_with(village)
    session = await new_session(village, account)
    principals = village.app.service.principals
    await eventually(lambda: principals.listening)
    headers = header(village, account, session)
    assert await status(village, headers) == 200
    changes = principals.changes
    await village.admin.execute("UPDATE session SET generation = 1, renewed_at = now() WHERE id = $1", session)
    marker = await account_with(village)
    await village.admin.execute("UPDATE account SET name = 'T' WHERE id = $1", marker)
    await eventually(lambda: principals.changes > changes + 1)  # the grant and the name of the other account
    assert principals.changes == changes + 2


GRANTED = {
    "OFFICER@village": False,
    "VILLAGE_VERIFIER@village": False,
    "OFFICER@35.07.11": True,
    "REGIONAL_VIEWER@village": True,
    "REGENCY_COORDINATOR@35.07": True,
    "MINISTRY_ADMIN@": True,
    "SYSTEM_ADMIN@": True,
}


@pytest.mark.parametrize("grant", GRANTED)
async def test_whoever_sees_beyond_one_village_needs_a_second_factor(village: Place, grant: str) -> None:
    role, _, place = grant.partition("@")
    account = await account_with(village, role)
    code = HERE if place == "village" else place
    await village.admin.execute(
        "UPDATE grants SET region_id = $2, area = $3, national = ($2::uuid IS NULL) WHERE user_id = $1",
        *(account, village.regions.get(code), code or COUNTRY),
    )
    password_alone = await new_session(village, account)
    both_factors = await new_session(village, account, second_factor=True)
    assert await duty(village, account, password_alone) is (Duty.CONFIRM_SECOND_FACTOR if GRANTED[grant] else None)
    assert await duty(village, account, both_factors) is None
    assert await duty(village, account, None) is None, "a token made by hand has no session"


async def test_a_temporary_password_must_be_changed_first(village: Place) -> None:
    account = await account_with(village, "REGIONAL_VIEWER")
    session = await new_session(village, account, second_factor=True)
    await village.admin.execute(
        "INSERT INTO credential (account_id, password_hash, temporary) VALUES ($1, 'x', true)", account
    )
    assert await duty(village, account, session) is Duty.CHANGE_PASSWORD
    await village.admin.execute("UPDATE credential SET temporary = false WHERE account_id = $1", account)
    assert await duty(village, account, session) is None


async def duty(village: Place, account: uuid.UUID, session: uuid.UUID | None) -> Duty | None:
    authorization = header(village, account, session)["authorization"]
    return (await principal_of(authorization, village.keyring, village.database)).duty


async def test_only_a_demo_accepts_its_tokens_without_a_session(village: Place) -> None:
    account = await account_with(village)
    session, now = await new_session(village, account), dt.datetime.now(dt.UTC)
    production = Keyring("https://registry.example", village.keyring.audience, Ed25519PrivateKey.generate())
    accepted = await principal_of(f"Bearer {production.issue(account, 5, now, session)}", production, village.database)
    assert accepted.session == session
    with pytest.raises(Unauthenticated) as refusal:
        await principal_of(f"Bearer {production.issue(account, 5, now)}", production, village.database)
    assert refusal.value.fault is SignInFault.MISSING_CLAIM
    assert await status(village, header(village, account, None)) == 200, "a demo's"


OWN = ("session", "device", "credential", "second_factor", "recovery_code")


@pytest.mark.parametrize("table", OWN)
async def test_rows_are_seen_and_changed_by_their_holder_alone(village: Place, table: str) -> None:
    account, other = await account_with(village), await account_with(village)
    for holder in (account, other):
        await new_session(village, holder, uuid.uuid4())
        for statement in (
            "INSERT INTO credential (account_id, password_hash, temporary) VALUES ($1, 'x', false)",
            "INSERT INTO second_factor (id, account_id, key_id, sealed, last_step)"
            " VALUES (gen_random_uuid(), $1, 'k', '', 0)",
            "INSERT INTO recovery_code (id, account_id, code_hash) VALUES (gen_random_uuid(), $1, '')",
        ):
            await village.admin.execute(statement, holder)
    column = DOORS[table].update[0]
    connection = await asyncpg.connect(village.login, server_settings={"search_path": "registry"})
    try:
        await connection.execute("BEGIN READ WRITE")
        assert await connection.fetch(f"SELECT account_id FROM {table}") == [], "nobody"
        await connection.execute("SELECT set_config('app.user', $1, true)", str(account))
        rows = await connection.fetch(f"SELECT account_id FROM {table}")
        assert [row["account_id"] for row in rows] == [account]
        changed = await connection.fetch(f"UPDATE {table} SET {column} = {column} RETURNING account_id")
        assert [row["account_id"] for row in changed] == [account]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"DELETE FROM {table}")
    finally:
        await connection.close()
