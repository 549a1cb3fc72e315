"""What keeps commands on people safe where two things happen at once, and where the wall alone would be silent."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid

import asyncpg
import pytest

from auth.principal import SETTINGS
from registry.guard.wall import LOGIN
from registry.write.safeguards import ONE_AT_A_TIME
from tests.accounts import new_account
from tests.eventually import eventually
from tests.test_grants import APPROVE, END, YESTERDAY, events, give
from tests.test_people import DISABLE, RESET, REVOKE, SAVE, VIEWER
from tests.user_errors import codes
from tests.village import HERE, Place

pytestmark = pytest.mark.anyio


async def test_of_two_administrators_who_go_at_once_one_stays(village: Place) -> None:
    """Somebody has ended the grant of the one, uncommitted, when the one ends that of the other."""
    others = await village.admin.fetch(
        "UPDATE grants SET active = false WHERE role = 'MINISTRY_ADMIN' AND active RETURNING id"
    )
    elsewhere = await asyncpg.connect(village.login)
    try:
        going, staying = [await new_account(village, ("MINISTRY_ADMIN", None)) for _ in range(2)]
        grant = await village.admin.fetchval("SELECT id FROM grants WHERE user_id = $1", village.ids[staying])
        async with village.admin.transaction():
            await village.admin.execute("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)
            await village.admin.execute("UPDATE grants SET active = false WHERE user_id = $1", village.ids[going])
            ending = asyncio.create_task(village.query(going, END, id=str(grant)))

            async def waits_or_is_through() -> bool:
                waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                return ending.done() or await elsewhere.fetchval(waiting) == 1

            await eventually(waits_or_is_through)
        assert codes((await ending).data["endGrant"]) == ["LAST_ADMINISTRATOR"]
        assert await village.admin.fetchval("SELECT active FROM grants WHERE id = $1", grant)
    finally:
        await elsewhere.close()
        await village.admin.execute("UPDATE grants SET active = true WHERE id = ANY($1)", [row["id"] for row in others])


async def test_a_grant_that_is_over_is_not_approved_any_more(village: Place) -> None:
    receiver = await new_account(village, ("REGIONAL_VIEWER", "35.07"))
    second = await new_account(village, ("MINISTRY_ADMIN", None))
    grant = (await give(village, "ministry", receiver, "AUDITOR", None))["grant"]
    await village.admin.execute("UPDATE grants SET valid_to = $1 WHERE id = $2", YESTERDAY, uuid.UUID(grant["id"]))
    answer = await village.query(second, APPROVE, id=grant["id"])
    assert codes(answer.data["approveGrant"]) == ["GRANT_ENDED"]
    assert not await village.admin.fetchval("SELECT active FROM grants WHERE id = $1", uuid.UUID(grant["id"]))


@pytest.mark.parametrize("command", ["disableUser", "saveUser"])
async def test_a_session_of_before_does_not_come_back_with_the_account(village: Place, command: str) -> None:
    officer, session = await new_account(village, ("OFFICER", HERE)), uuid.uuid4()
    id_ = village.ids[officer]
    await village.admin.execute(
        "INSERT INTO session (id, account_id, begun_at, renewed_at, expires_at, second_factor, generation, token_hash)"
        " VALUES ($1, $2, now(), now(), now() + interval '1 day', false, 0, '')",
        *(session, id_),
    )
    token = village.keyring.issue(id_, 10, dt.datetime.now(dt.UTC), session)
    headers = {"authorization": f"Bearer {token}"}
    assert (await village.send("POST", json={"query": VIEWER}, headers=headers)).status == 200
    if command == "disableUser":
        result = (await village.query("coordinator", DISABLE, id=str(id_))).data[command]
    else:
        result = (await village.query("coordinator", SAVE, input={"id": str(id_), "active": False})).data[command]
    assert codes(result) == []
    saved = (await village.query("coordinator", SAVE, input={"id": str(id_), "active": True})).data["saveUser"]
    assert (codes(saved), saved["user"]["active"]) == ([], True)

    async def is_refused() -> bool:
        return (await village.send("POST", json={"query": VIEWER}, headers=headers)).status == 401

    await eventually(is_refused)


async def test_the_device_of_an_account_that_is_not_theirs_to_keep_is_not_revoked(village: Place) -> None:
    """The coordinator sees the account, which has a grant elsewhere: an answer says so, and not that it was done."""
    both, phone = await new_account(village, ("OFFICER", HERE), ("REGIONAL_VIEWER", "52.03")), uuid.uuid4()
    await village.admin.execute(
        "INSERT INTO device (id, account_id, label) VALUES ($1, $2, 'Telepon')", phone, village.ids[both]
    )
    result = (await village.query("coordinator", REVOKE, id=str(phone))).data["revokeDevice"]
    assert (codes(result), result["device"]) == (["GRANT_NOT_HELD"], None)
    assert await events(village, str(phone)) == ["GRANT_NOT_HELD"]
    assert not await village.admin.fetchval("SELECT revoked FROM device WHERE id = $1", phone)


async def test_no_password_is_given_to_an_account_that_is_not_theirs_to_keep(village: Place) -> None:
    """Nor by plain SQL: the crossing itself asks who manages the account."""
    both = await new_account(village, ("OFFICER", HERE), ("REGIONAL_VIEWER", "52.03"))
    result = (await village.query("coordinator", RESET, id=str(village.ids[both]))).data["resetPassword"]
    assert (codes(result), result["temporaryPassword"]) == (["GRANT_NOT_HELD"], None)
    for who, given in (("coordinator", False), ("nobody", False), ("ministry", True)):
        principal = await village.principal(who)
        async with village.admin.transaction():
            await village.admin.execute(f"SET LOCAL ROLE {LOGIN}")
            for name in SETTINGS:
                await village.admin.execute("SELECT set_config('app.' || $1, $2, true)", name, principal.setting(name))
            give_ = "SELECT give_password($1, 'of the caller', interval '1 day')"
            assert await village.admin.fetchval(give_, village.ids[both]) is given, who
    stored = await village.admin.fetchval(
        "SELECT count(*) FROM credential WHERE account_id = $1 AND given_by = $2",
        *(village.ids[both], village.ids["ministry"]),
    )
    assert stored == 1
