"""The second factor: required before the first record where the page marks it, and each code good once."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from cryptography.exceptions import InvalidTag

from tests.eventually import answer_of, eventually
from tests.test_refresh import becomes, refresh, renewed, send
from tests.test_sessions import new_session
from tests.test_sign_in import (  # noqa: F401  (a fixture)
    PASSWORD,
    audit_rows,
    codes,
    last_row,
    me,
    session_of,
    sign_in,
    unlimited,
    with_password,
)
from tests.village import HERE, Place

pytestmark = pytest.mark.anyio
ENROL = "mutation($p: String!) { enrolTotp(input: {password: $p}) { uri userErrors { code path } } }"
CONFIRM = "mutation($o: String!) { confirmTotp(input: {otp: $o}) { confirmed recoveryCodes userErrors { code path } } }"
HOUSEHOLDS = "{ households(first: 1) { nodes { id } } }"
VIEWER = "{ viewer { grants { region { code households(first: 1) { nodes { id } } } } } }"
COORDINATOR = "REGENCY_COORDINATOR"


class Authenticator:
    """An app that has read the address of an enrolment; each code is of a time step of its own."""

    def __init__(self, uri: str) -> None:
        (self.secret,) = parse_qs(urlsplit(uri).query)["secret"]
        self._totp = pyotp.TOTP(self.secret)

    def code(self) -> str:
        return self._totp.now()


async def enrolled(village: Place, session: Any) -> Authenticator:
    payload = (await send(village, session, ENROL, p=PASSWORD)).data["enrolTotp"]
    assert payload["userErrors"] == []
    return Authenticator(payload["uri"])


async def confirmed(village: Place, session: Any, code: str) -> list[str]:
    payload = (await send(village, session, CONFIRM, o=code)).data["confirmTotp"]
    assert (payload["confirmed"], payload["userErrors"]) == (True, [])
    recovery_codes: list[str] = payload["recoveryCodes"]
    return recovery_codes


async def forget_step(village: Place, account: uuid.UUID) -> None:
    """As if the last code had been used a while ago."""
    await village.admin.execute("UPDATE second_factor SET last_step = last_step - 10 WHERE account_id = $1", account)


async def with_factor(village: Place) -> tuple[uuid.UUID, str, Authenticator, list[str]]:
    account, username = await with_password(village, COORDINATOR)
    session = await session_of(village, username)
    app = await enrolled(village, session)
    recovery_codes = await confirmed(village, session, app.code())
    await forget_step(village, account)
    return account, username, app, recovery_codes


async def test_before_the_second_factor_no_record_is_read(village: Place) -> None:
    _, username = await with_password(village, COORDINATOR)
    session = await session_of(village, username)
    assert (await me(village, session)).status == 200
    for query in (HOUSEHOLDS, "{ ...F } fragment F on Query { households(first: 1) { nodes { id } } }"):
        answer = await send(village, session, query)
        assert (answer.status, answer.codes) == (403, ["SECOND_FACTOR_REQUIRED"])
    app = await enrolled(village, session)
    assert (await send(village, session, HOUSEHOLDS)).status == 403, "it is not confirmed"
    await confirmed(village, session, app.code())
    answer = await answer_of(200, lambda: send(village, session, HOUSEHOLDS))
    assert answer.data["households"]["nodes"] is not None
    renewed_session = await renewed(village, session)
    assert (await send(village, renewed_session, HOUSEHOLDS)).status == 200


async def test_nor_by_what_a_caller_may_ask_before_it(village: Place) -> None:
    """`viewer` is answered, and leads to the caller's area; until the second factor the area opens nothing."""
    await village.new_household("SUBMITTED")
    account, username = await with_password(village, COORDINATOR)
    session = await session_of(village, username)
    answer = await send(village, session, VIEWER)
    assert answer.data["viewer"]["grants"] == [{"region": {"code": HERE, "households": {"nodes": []}}}]
    await village.admin.execute("UPDATE session SET second_factor = true WHERE account_id = $1", account)

    async def sees_a_household() -> bool:
        (grant,) = (await send(village, session, VIEWER)).data["viewer"]["grants"]
        return bool(grant["region"]["households"]["nodes"])

    await eventually(sees_a_household)


async def test_a_code_is_asked_only_after_the_right_password_and_is_good_once(village: Place) -> None:
    account, username, app, _ = await with_factor(village)
    since, code = await last_row(village), app.code()
    assert codes(await sign_in(village, username)) == ["OTP_REQUIRED"]
    assert codes(await sign_in(village, username, "salah " + PASSWORD)) == ["CREDENTIALS_WRONG"]
    assert codes(await sign_in(village, username, "salah " + PASSWORD, otp=code)) == ["CREDENTIALS_WRONG"]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert codes(await sign_in(village, username, otp=wrong)) == ["CREDENTIALS_WRONG"]
    session = await session_of(village, username, otp=code)
    assert (await send(village, session, HOUSEHOLDS)).status == 200
    assert codes(await sign_in(village, username, otp=code)) == ["CREDENTIALS_WRONG"], "replayed"
    outcomes = [row[3] for row in await audit_rows(village, since)]
    assert outcomes == ["OTP_REQUIRED", *["CREDENTIALS_WRONG"] * 3, "ACCEPTED", "CREDENTIALS_WRONG"]
    assert account


async def test_one_code_at_the_same_time_signs_in_once(village: Place) -> None:
    _, username, app, _ = await with_factor(village)
    code = app.code()
    answers = await asyncio.gather(*[sign_in(village, username, otp=code) for _ in range(3)])
    assert sorted(map(codes, answers)) == [[], ["CREDENTIALS_WRONG"], ["CREDENTIALS_WRONG"]]


async def test_each_recovery_code_signs_in_once(village: Place) -> None:
    _, username, _, recovery_codes = await with_factor(village)
    assert len(set(recovery_codes)) == 10
    first, second, *_ = recovery_codes
    assert await session_of(village, username, otp=first)
    assert codes(await sign_in(village, username, otp=first)) == ["CREDENTIALS_WRONG"]
    answers = await asyncio.gather(*[sign_in(village, username, otp=second.lower()) for _ in range(3)])
    assert sorted(map(codes, answers)) == [[], ["CREDENTIALS_WRONG"], ["CREDENTIALS_WRONG"]]


async def test_recovery_codes_are_those_of_their_account(village: Place) -> None:
    _, _, _, recovery_codes = await with_factor(village)
    _, other, _, _ = await with_factor(village)
    assert codes(await sign_in(village, other, otp=recovery_codes[0])) == ["CREDENTIALS_WRONG"]


async def test_a_new_authenticator_replaces_the_old_one_at_its_first_code(village: Place) -> None:
    account, username, old, old_codes = await with_factor(village)
    session = await session_of(village, username, otp=old.code())
    await forget_step(village, account)
    new = await enrolled(village, session)
    assert await session_of(village, username, otp=old.code()), "until then the old one counts"
    await forget_step(village, account)
    await confirmed(village, session, new.code())
    assert codes(await sign_in(village, username, otp=old.code())) == ["CREDENTIALS_WRONG"]
    assert codes(await sign_in(village, username, otp=old_codes[0])) == ["CREDENTIALS_WRONG"]
    await forget_step(village, account)
    assert await session_of(village, username, otp=new.code())
    rows = await village.admin.fetch("SELECT sealed FROM second_factor WHERE account_id = $1 AND sealed <> ''", account)
    assert len(rows) == 1, "what is replaced is forgotten"


async def test_what_has_ended_or_was_used_is_not_kept(village: Place) -> None:
    account, username, _, recovery_codes = await with_factor(village)
    session = await session_of(village, username, otp=recovery_codes[0])
    for _ in range(3):
        await enrolled(village, session)
    rows = "SELECT confirmed_at IS NOT NULL FROM second_factor WHERE account_id = $1 ORDER BY 1"
    stored = [row[0] for row in await village.admin.fetch(rows, account)]
    assert stored == [False, True], "the last that waits, and the one that counts"
    codes_ = "SELECT count(*) FROM recovery_code WHERE account_id = $1"
    assert await village.admin.fetchval(codes_, account) == len(recovery_codes) - 1
    new = await enrolled(village, session)
    fresh = await confirmed(village, session, new.code())
    assert [row[0] for row in await village.admin.fetch(rows, account)] == [True]
    assert await village.admin.fetchval(codes_, account) == len(fresh)


async def test_a_password_alone_replaces_no_authenticator(village: Place) -> None:
    """Neither in a session that began before there was one, nor by a token without a session."""
    account, username = await with_password(village, COORDINATOR)
    thief, holder = await session_of(village, username), await session_of(village, username)
    app = await enrolled(village, holder)
    await confirmed(village, holder, app.code())
    await forget_step(village, account)
    await becomes(village, thief, 401)
    payload = (await refresh(village, thief["refreshToken"])).data["refreshSession"]
    assert [error["code"] for error in payload["userErrors"]] == ["CREDENTIALS_WRONG"]
    await becomes(village, holder, 200)

    for session in (None, await new_session(village, account)):
        token = village.keyring.issue(account, 10, dt.datetime.now(dt.UTC), session)
        theirs = await enrolled(village, {"accessToken": token})
        payload = (await send(village, {"accessToken": token}, CONFIRM, o=theirs.code())).data["confirmTotp"]
        assert (payload["confirmed"], payload["recoveryCodes"]) == (False, None)
        assert payload["userErrors"] == [{"code": "CREDENTIALS_WRONG", "path": ["otp"]}]
    assert await session_of(village, username, otp=app.code()), "it still counts"


@pytest.mark.parametrize("otp", ["", "000000", "abc", "1" * 1000])
async def test_a_wrong_first_code_confirms_nothing(village: Place, otp: str) -> None:
    account, username = await with_password(village, COORDINATOR)
    session = await session_of(village, username)
    await enrolled(village, session)
    since = await last_row(village)
    payload = (await send(village, session, CONFIRM, o=otp)).data["confirmTotp"]
    assert payload["userErrors"] == [{"code": "CREDENTIALS_WRONG", "path": ["otp"]}]
    assert (payload["confirmed"], payload["recoveryCodes"]) == (False, None)
    assert await audit_rows(village, since) == [(account, "session:own", account, "CREDENTIALS_WRONG")]
    assert await session_of(village, username), "no code is asked"


async def test_enrolling_takes_the_password(village: Place) -> None:
    account, username = await with_password(village, COORDINATOR)
    session = await session_of(village, username)
    payload = (await send(village, session, ENROL, p="salah " + PASSWORD)).data["enrolTotp"]
    assert payload == {"uri": None, "userErrors": [{"code": "CREDENTIALS_WRONG", "path": ["password"]}]}
    assert not await village.admin.fetch("SELECT FROM second_factor WHERE account_id = $1", account)


async def test_a_session_with_two_factors_ends_after_a_working_day(village: Place) -> None:
    account, username, app, _ = await with_factor(village)
    await session_of(village, username, otp=app.code())
    rows = await village.admin.fetch(
        "SELECT expires_at - begun_at AS lasts FROM session WHERE account_id = $1", account
    )
    assert len(rows) == 2, "that in which it was confirmed, and the new one"
    assert all(row["lasts"] < dt.timedelta(hours=13) for row in rows)


async def test_a_sealed_secret_opens_in_its_own_row_alone(village: Place) -> None:
    account, _, app, _ = await with_factor(village)
    row = await village.admin.fetchrow("SELECT * FROM second_factor WHERE account_id = $1", account)
    assert row is not None
    sealed = row["key_id"], row["sealed"]
    assert village.vault.open_secret("second_factor", row["id"], *sealed).decode() == app.secret
    for table, id_ in (("second_factor", uuid.uuid4()), ("service_account", row["id"])):
        with pytest.raises(InvalidTag):
            village.vault.open_secret(table, id_, *sealed)


async def test_who_needs_none_may_have_one(village: Place) -> None:
    _, username = await with_password(village)
    session = await session_of(village, username)
    app = await enrolled(village, session)
    await confirmed(village, session, app.code())
    assert codes(await sign_in(village, username)) == ["OTP_REQUIRED"]
    await becomes(village, session, 200)
