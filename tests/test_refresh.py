"""Refresh: a token is good once, a stolen one ends its session, and a lost answer costs nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import pyotp
import pytest

from tests.eventually import answer_of
from tests.test_sign_in import (  # noqa: F401  (a fixture)
    PASSWORD,
    SESSION,
    audit_rows,
    bearer,
    last_row,
    me,
    session_of,
    unlimited,
    with_password,
)
from tests.village import Answer, Place, served_with

pytestmark = pytest.mark.anyio
REFRESH = f"mutation($input: RefreshSessionInput!) {{ refreshSession(input: $input) {{ {SESSION} }} }}"
SIGN_OUT = "mutation($everywhere: Boolean!) { signOut(input: {everywhere: $everywhere}) { signedOut } }"
ENROL = "mutation($p: String!) { enrolTotp(input: {password: $p}) { uri userErrors { code } } }"
CONFIRM = "mutation($o: String!) { confirmTotp(input: {otp: $o}) { confirmed userErrors { code } } }"
CHANGE = f"mutation($input: ChangePasswordInput!) {{ changePassword(input: $input) {{ {SESSION} }} }}"


async def refresh(village: Place, token: str, device: str | None = None) -> Answer:
    sent = {"refreshToken": token, "deviceId": device}
    return await village.send("POST", json={"query": REFRESH, "variables": {"input": sent}})


async def renewed(village: Place, session: Any, device: str | None = None) -> Any:
    payload = (await refresh(village, session["refreshToken"], device)).data["refreshSession"]
    assert payload["userErrors"] == []
    return payload["session"]


async def codes(village: Place, token: str, device: str | None = None) -> list[str]:
    payload = (await refresh(village, token, device)).data["refreshSession"]
    assert (payload["session"] is None) is bool(payload["userErrors"])
    return [error["code"] for error in payload["userErrors"]]


async def send(village: Place, session: Any, query: str, **variables: Any) -> Answer:
    return await village.send("POST", json={"query": query, "variables": variables}, headers=bearer(session))


async def later(village: Place, account: uuid.UUID, seconds: int) -> None:
    """As if the sessions of an account had been renewed so many seconds earlier."""
    await village.admin.execute(
        "UPDATE session SET renewed_at = renewed_at - make_interval(secs => $2) WHERE account_id = $1",
        *(account, seconds),
    )


async def test_a_refresh_token_is_good_once_and_its_successor_goes_on(village: Place) -> None:
    account, username = await with_password(village)
    session, since = await session_of(village, username), await last_row(village)
    tokens = {session["refreshToken"]}
    for _ in range(3):
        session = await renewed(village, session)
        tokens.add(session["refreshToken"])
        assert (await me(village, session)).status == 200
    assert len(tokens) == 4
    assert await audit_rows(village, since) == [(account, "sign-in", account, "ACCEPTED")] * 3


async def test_a_spent_token_ends_the_whole_session(village: Place) -> None:
    """Whoever stole it, or whom it was stolen from, signs in again."""
    account, username = await with_password(village)
    stolen = await session_of(village, username)
    owner = await renewed(village, stolen)
    other = await session_of(village, username)
    since = await last_row(village)
    assert await codes(village, stolen["refreshToken"]) == ["CREDENTIALS_WRONG"]
    await becomes(village, owner, 401)
    assert await codes(village, owner["refreshToken"]) == ["CREDENTIALS_WRONG"]
    assert (await me(village, other)).status == 200, "another session of the account goes on"
    rows = await village.admin.fetch("SELECT note, outcome FROM audit_event WHERE id > $1 ORDER BY id", since)
    assert "used twice" in rows[0]["note"]
    assert {row["outcome"] for row in rows} == {"CREDENTIALS_WRONG"}
    ended = await village.admin.fetchval("SELECT count(ended_at) FROM session WHERE account_id = $1", account)
    assert ended == 1


async def test_its_own_device_gets_the_same_successor_when_an_answer_was_lost(village: Place) -> None:
    _, username = await with_password(village)
    phone = str(uuid.uuid4())
    first = await session_of(village, username, deviceId=phone)
    lost = await renewed(village, first, phone)
    again = await renewed(village, first, phone)
    assert again["refreshToken"] == lost["refreshToken"]
    following = await renewed(village, again, phone)
    assert (await me(village, following)).status == 200
    assert await codes(village, first["refreshToken"], phone) == ["CREDENTIALS_WRONG"], "its successor is spent too"
    await becomes(village, following, 401)


async def test_after_thirty_seconds_even_its_own_device_is_refused(village: Place) -> None:
    account, username = await with_password(village)
    phone = str(uuid.uuid4())
    first = await session_of(village, username, deviceId=phone)
    second = await renewed(village, first, phone)
    await later(village, account, 31)
    assert await codes(village, first["refreshToken"], phone) == ["CREDENTIALS_WRONG"]
    await becomes(village, second, 401)


async def test_another_device_is_refused_and_nothing_changes(village: Place) -> None:
    _, username = await with_password(village)
    phone = str(uuid.uuid4())
    session = await session_of(village, username, deviceId=phone)
    for device in (None, str(uuid.uuid4())):
        assert await codes(village, session["refreshToken"], device) == ["CREDENTIALS_WRONG"]
    assert (await me(village, session)).status == 200
    session = await renewed(village, session, phone)
    without_device = await session_of(village, username)
    assert await codes(village, without_device["refreshToken"], phone) == ["CREDENTIALS_WRONG"]


@pytest.mark.parametrize("has_device", [True, False])
async def test_a_token_that_is_sent_twice_at_once_has_one_successor(village: Place, has_device: bool) -> None:
    _, username = await with_password(village)
    phone = str(uuid.uuid4()) if has_device else None
    session = await session_of(village, username, deviceId=phone)
    answers = await asyncio.gather(*[refresh(village, session["refreshToken"], phone) for _ in range(4)])
    sessions = [answer.data["refreshSession"]["session"] for answer in answers]
    tokens = [each["refreshToken"] for each in sessions if each is not None]
    assert len(set(tokens)) == 1
    assert len(tokens) == (4 if has_device else 1)


ENDINGS = {
    "disabled": ("UPDATE account SET active = false WHERE id = $1", "CREDENTIALS_WRONG"),
    "signed out everywhere": (
        "UPDATE account SET signed_out_at = clock_timestamp() WHERE id = $1",
        "CREDENTIALS_WRONG",
    ),
    "ended": ("UPDATE session SET ended_at = now() WHERE account_id = $1", "CREDENTIALS_WRONG"),
    "over": ("UPDATE session SET expires_at = now() WHERE account_id = $1", "CREDENTIALS_WRONG"),
    "idle": ("UPDATE session SET renewed_at = now() - interval '8 days' WHERE account_id = $1", "CREDENTIALS_WRONG"),
    "its device revoked": ("UPDATE device SET revoked = true WHERE account_id = $1", "DEVICE_REVOKED"),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_session_that_has_ended_is_not_renewed(village: Place, ending: str) -> None:
    account, username = await with_password(village)
    phone = str(uuid.uuid4())
    session = await session_of(village, username, deviceId=phone)
    statement, code = ENDINGS[ending]
    await village.admin.execute(statement, account)
    assert await codes(village, session["refreshToken"], phone) == [code]


@pytest.mark.parametrize("token", ["", "x", "A" * 112, "x" * 10_000])
async def test_what_is_no_refresh_token_is_refused(village: Place, token: str) -> None:
    since = await last_row(village)
    assert await codes(village, token) == ["CREDENTIALS_WRONG"]
    assert await audit_rows(village, since) == [(uuid.UUID(int=0), "sign-in", None, "CREDENTIALS_WRONG")]


async def test_tokens_do_not_outlive_their_session(village: Place) -> None:
    account, username = await with_password(village)
    session = await session_of(village, username)
    await village.admin.execute(
        "UPDATE session SET expires_at = now() + interval '5 minutes' WHERE account_id = $1", account
    )
    session = await renewed(village, session)
    expires_at = dt.datetime.fromisoformat(session["expiresAt"])
    assert expires_at <= dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)


# --- signing out ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("everywhere", [False, True])
async def test_signing_out_ends_a_session_or_all_in_every_worker(village: Place, everywhere: bool) -> None:
    account, username = await with_password(village)
    first, second = await session_of(village, username), await session_of(village, username)
    async with served_with(village) as worker:
        for place in (village, worker):
            assert (await me(place, first)).status == (await me(place, second)).status == 200
        since = await last_row(village)
        assert (await send(village, first, SIGN_OUT, everywhere=everywhere)).data == {"signOut": {"signedOut": True}}
        assert await audit_rows(village, since) == [(account, "session:own", account, "ACCEPTED")]
        for place in (village, worker):
            await becomes(place, first, 401)
            await becomes(place, second, 401 if everywhere else 200)
    assert await codes(village, first["refreshToken"]) == ["CREDENTIALS_WRONG"]


async def becomes(place: Place, session: Any, status: int) -> Answer:
    """The answer with this status, when the notification has arrived."""
    return await answer_of(status, lambda: me(place, session))


# --- changing the password --------------------------------------------------------------------------------------------

NEW = "hujan deras di atas genting"


async def change(village: Place, session: Any, current: str = PASSWORD, new: str = NEW) -> Any:
    answer = await send(village, session, CHANGE, input={"current": current, "new": new})
    return answer.data["changePassword"]


async def test_a_temporary_password_opens_nothing_but_its_change(village: Place) -> None:
    account, username = await with_password(village, temporary=True)
    session = await session_of(village, username)
    for query in ("{ viewer { username } }", "{ __typename }", "mutation { signOut(input: {}) { signedOut } }"):
        answer = await send(village, session, query)
        assert (answer.status, answer.codes) == (403, ["PASSWORD_CHANGE_REQUIRED"])
    payload = await change(village, session)
    assert payload["userErrors"] == []
    answer = await becomes(village, payload["session"], 200)
    assert answer.data["viewer"]["username"] == username
    assert await session_of(village, username, password=NEW)
    row = await village.admin.fetchrow("SELECT * FROM credential WHERE account_id = $1", account)
    assert row is not None
    assert (row["temporary"], row["valid_until"]) == (False, None)


NO_GRANT = {
    "never had one": "DELETE FROM grants WHERE user_id = $1",
    "all have ended": "UPDATE grants SET valid_to = '2020-01-01' WHERE user_id = $1",
    "all were taken away": "UPDATE grants SET active = false WHERE user_id = $1",
}


@pytest.mark.parametrize("case", NO_GRANT)
async def test_who_has_no_grant_keeps_their_own_sign_in_and_sees_no_record(village: Place, case: str) -> None:
    account, username = await with_password(village, temporary=True)
    await village.admin.execute(NO_GRANT[case], account)
    session = (await change(village, await session_of(village, username)))["session"]
    other = await session_of(village, username, password=NEW)
    enrolled = await send(village, session, ENROL, p=NEW)
    assert enrolled.data["enrolTotp"]["userErrors"] == []
    app = pyotp.parse_uri(enrolled.data["enrolTotp"]["uri"])
    assert isinstance(app, pyotp.TOTP)
    confirmed = await send(village, session, CONFIRM, o=app.now())
    assert confirmed.data["confirmTotp"] == {"confirmed": True, "userErrors": []}
    viewer = (await send(village, session, "{ viewer { username abilities } }")).data["viewer"]
    assert viewer == {"username": username, "abilities": ["SESSION_OWN"]}
    for records in ("households", "users"):
        answer = await send(village, session, f"{{ {records}(first: 1) {{ nodes {{ id }} }} }}")
        assert answer.codes == ["FORBIDDEN"], answer.body
    assert (await send(village, session, SIGN_OUT, everywhere=True)).data == {"signOut": {"signedOut": True}}
    for ended in (session, other):
        await becomes(village, ended, 401)
    rows = await audit_rows(village, 0)
    assert {row[3] for row in rows if account in (row[0], row[2]) and row[1] == "session:own"} == {"ACCEPTED"}


async def test_a_changed_password_ends_all_sessions_and_goes_on_with_another(village: Place) -> None:
    """A token of before that somebody stole opens nothing; the new session lasts no longer than the old one."""
    account, username = await with_password(village)
    phone = str(uuid.uuid4())
    here, there = await session_of(village, username, deviceId=phone), await session_of(village, username)
    kept = "SELECT device_id, begun_at, expires_at FROM session WHERE account_id = $1 AND device_id IS NOT NULL"
    before = await village.admin.fetch(kept, account)
    payload = await change(village, here)
    assert (await me(village, payload["session"])).status == 200
    assert await village.admin.fetch(f"{kept} AND ended_at IS NULL", account) == before
    for ended in (here, there):
        await becomes(village, ended, 401)
        assert await codes(village, ended["refreshToken"]) == ["CREDENTIALS_WRONG"]
    assert await codes(village, payload["session"]["refreshToken"], phone) == []


REFUSED = {
    "a wrong one": ("salah " + PASSWORD, NEW, "CREDENTIALS_WRONG", ["current"]),
    "too short": (PASSWORD, "pendek", "PASSWORD_WEAK", ["new"]),
    "a common one": (PASSWORD, "passwordpassword", "PASSWORD_WEAK", ["new"]),
    "the same again": (PASSWORD, PASSWORD, "PASSWORD_WEAK", ["new"]),
    "a megabyte, nearly": (PASSWORD, "hujan deras " * 80_000, "PASSWORD_WEAK", ["new"]),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_refused_change_changes_nothing(village: Place, case: str) -> None:
    account, username = await with_password(village)
    session = await session_of(village, username)
    since = await last_row(village)
    current, new, code, path = REFUSED[case]
    payload = await change(village, session, current, new)
    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [(code, path)]
    assert payload["session"] is None
    assert await audit_rows(village, since) == [(account, "session:own", account, code)]
    assert (await me(village, session)).status == 200
    assert await session_of(village, username)
