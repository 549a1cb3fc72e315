"""Two people for an appointment: neither holds it alone, because they know the password of the account."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid

import asyncpg
import pytest

from tests.accounts import new_account
from tests.eventually import waiting_for_locks
from tests.test_grants import APPROVE, give
from tests.test_people import RESET, SAVE
from tests.test_refresh import CHANGE, NEW
from tests.test_sign_in import PASSWORD, session_of, sign_in, with_password
from tests.user_errors import codes
from tests.village import Place

pytestmark = pytest.mark.anyio


async def created(village: Place) -> tuple[str, str]:
    """A new account of an administrator's, and its password."""
    name, id_ = f"puppet.{uuid.uuid4()}", uuid.uuid4()
    village.ids[name] = id_
    account = {"id": str(id_), "username": name, "name": "Puppet"}
    answer = (await village.query("ministry", SAVE, input=account)).data["saveUser"]
    return name, answer["temporaryPassword"]


async def reset(village: Place, who: str, name: str) -> tuple[str | None, list[str]]:
    """The new password of an account, and the problems."""
    answer = (await village.query(who, RESET, id=str(village.ids[name]))).data["resetPassword"]
    return answer["temporaryPassword"], codes(answer)


async def appointed(village: Place, name: str, second: str, role: str = "MINISTRY_ADMIN") -> list[str]:
    """The problems when the one administrator gives an account a role and the other approves it."""
    grant = (await give(village, "ministry", name, role, None))["grant"]
    answer = (await village.query(second, APPROVE, id=grant["id"])).data["approveGrant"]
    assert answer["grant"]["pending"] is False
    return codes(answer)


async def signs_in(village: Place, name: str, password: str | None) -> bool:
    return (await sign_in(village, name, password or "")).data["signIn"]["session"] is not None


async def test_who_proposes_an_administrator_does_not_know_their_password(village: Place) -> None:
    second = await new_account(village, ("MINISTRY_ADMIN", None))
    name, password = await created(village)
    assert await signs_in(village, name, password)
    assert await appointed(village, name, second) == ["PASSWORD_OUTGROWN"]
    assert not await signs_in(village, name, password)

    assert await reset(village, "ministry", name) == (None, ["SECOND_PERSON_REQUIRED"])
    handed_over, problems = await reset(village, second, name)
    assert problems == []
    assert await signs_in(village, name, handed_over)


async def test_a_password_of_the_second_person_or_of_the_shell_stays(village: Place) -> None:
    second = await new_account(village, ("MINISTRY_ADMIN", None))
    name, _ = await created(village)
    password, _ = await reset(village, second, name)
    assert await appointed(village, name, second) == []
    assert await signs_in(village, name, password)
    _, username = await with_password(village)
    village.ids[username] = await village.admin.fetchval("SELECT id FROM account WHERE username = $1", username)
    assert await appointed(village, username, second) == []
    assert await signs_in(village, username, PASSWORD)


async def test_with_a_second_factor_of_its_own_anybody_who_manages_an_account_resets_its_password(
    village: Place,
) -> None:
    """The new password alone opens nothing, so nobody is lost while the second person is away."""
    second = await new_account(village, ("MINISTRY_ADMIN", None))
    name, _ = await created(village)
    await appointed(village, name, second)
    for confirmed, expected in (("NULL", ["SECOND_PERSON_REQUIRED"]), ("now()", [])):
        await village.admin.execute("DELETE FROM second_factor WHERE account_id = $1", village.ids[name])
        await village.admin.execute(
            "INSERT INTO second_factor (id, account_id, key_id, sealed, last_step, confirmed_at)"
            f" VALUES (gen_random_uuid(), $1, 'k1', '', 0, {confirmed})",
            village.ids[name],
        )
        assert (await reset(village, "ministry", name))[1] == expected


async def test_a_grant_of_one_person_leaves_the_password_to_them(village: Place) -> None:
    name, _ = await created(village)
    assert codes(await give(village, "ministry", name, "OFFICER", "35.07")) == []
    assert (await reset(village, "ministry", name))[1] == []


async def test_a_password_that_ends_while_it_is_changed_is_not_changed(village: Place) -> None:
    """It ends after the change has begun, which waits for whoever ends it."""
    account, username = await with_password(village)
    session = await session_of(village, username)
    elsewhere = await asyncpg.connect(village.login)
    sent = {"input": {"current": PASSWORD, "new": NEW}}
    headers = {"authorization": f"Bearer {session['accessToken']}"}
    async with village.admin.transaction():
        await village.admin.execute("SELECT FROM credential WHERE account_id = $1 FOR UPDATE", account)
        changing = asyncio.create_task(village.send("POST", json={"query": CHANGE, "variables": sent}, headers=headers))
        await waiting_for_locks(elsewhere, 1)
        await village.admin.execute(
            "UPDATE credential SET temporary = true, valid_until = clock_timestamp() WHERE account_id = $1", account
        )
    await elsewhere.close()
    answer = await changing
    assert [error["code"] for error in answer.data["changePassword"]["userErrors"]] == ["CREDENTIALS_WRONG"]
    stored = await village.admin.fetchrow(
        "SELECT temporary, valid_until FROM credential WHERE account_id = $1", account
    )
    assert stored is not None
    assert stored["temporary"]
    assert stored["valid_until"] <= dt.datetime.now(dt.UTC)
