"""Sign-in over HTTP: who gets in, what the others are told, and what is left of an attempt."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import jwt
import pytest
from argon2 import PasswordHasher

from auth.password import LONGEST, hashed, is_outdated
from registry.guard.throttle import Bucket, Limits
from tests.eventually import eventually
from tests.test_sessions import account_with
from tests.village import Answer, Place, served_with

pytestmark = pytest.mark.anyio
PASSWORD = "korek kuda baterai staples"
NEVER = Bucket(1_000_000, 1, 1)
UNLIMITED = Limits(NEVER, NEVER, NEVER)
SESSION = "session { accessToken refreshToken expiresAt } userErrors { code path message }"
SIGN_IN = f"mutation($input: SignInInput!) {{ signIn(input: $input) {{ {SESSION} }} }}"
ME = "{ viewer { username } }"
Row = tuple[uuid.UUID, str, uuid.UUID | None, str]


@pytest.fixture(autouse=True)
def unlimited(village: Place) -> None:
    """No attempt of these tests is throttled: tests/test_throttle.py does that."""
    village.app.service.entrance.limits = UNLIMITED


async def with_password(village: Place, role: str = "OFFICER", **columns: Any) -> tuple[uuid.UUID, str]:
    """The id and the user name of a new account whose password is PASSWORD."""
    account = await account_with(village, role)
    values = {"password_hash": hashed(PASSWORD), "temporary": False, "valid_until": None} | columns
    await village.admin.execute(
        "INSERT INTO credential (account_id, password_hash, temporary, valid_until) VALUES ($1, $2, $3, $4)",
        *(account, values["password_hash"], values["temporary"], values["valid_until"]),
    )
    return account, await village.admin.fetchval("SELECT username FROM account WHERE id = $1", account)


async def sign_in(village: Place, username: str, password: str = PASSWORD, **more: Any) -> Answer:
    sent = {"username": username, "password": password} | more
    headers = more.pop("headers", {})
    sent.pop("headers", None)
    return await village.send("POST", json={"query": SIGN_IN, "variables": {"input": sent}}, headers=headers)


async def session_of(village: Place, username: str, **more: Any) -> Any:
    payload = (await sign_in(village, username, **more)).data["signIn"]
    assert payload["userErrors"] == []
    return payload["session"]


def codes(answer: Answer) -> list[str]:
    return [error["code"] for error in answer.data["signIn"]["userErrors"]]


def bearer(session: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {session['accessToken']}"}


async def me(village: Place, session: Any) -> Answer:
    return await village.send("POST", json={"query": ME}, headers=bearer(session))


async def audit_rows(village: Place, since: int) -> list[Row]:
    rows = await village.admin.fetch("SELECT * FROM audit_event WHERE id > $1 ORDER BY id", since)
    return [(row["actor_id"], row["ability"], row["subject_id"], row["outcome"]) for row in rows]


async def last_row(village: Place) -> int:
    last: int = await village.admin.fetchval("SELECT coalesce(max(id), 0) FROM audit_event")
    return last


# --- who gets in ------------------------------------------------------------------------------------------------------


async def test_a_user_name_and_its_password_become_a_session(village: Place) -> None:
    account, username = await with_password(village)
    since = await last_row(village)
    session = await session_of(village, username)
    claims = jwt.decode(session["accessToken"], options={"verify_signature": False})
    assert (await me(village, session)).data["viewer"]["username"] == username
    assert claims["sub"] == str(account)
    assert claims["exp"] - claims["iat"] == 15 * 60
    expires_at = dt.datetime.fromisoformat(session["expiresAt"])
    assert int(expires_at.timestamp()) == claims["exp"]
    assert await audit_rows(village, since) == [(account, "sign-in", account, "ACCEPTED")]
    row = await village.admin.fetchrow("SELECT * FROM session WHERE id = $1", uuid.UUID(claims["sid"]))
    assert row is not None
    assert (row["account_id"], row["device_id"], row["second_factor"]) == (account, None, False)


async def test_a_device_is_entered_once_and_may_be_renamed(village: Place) -> None:
    account, username = await with_password(village)
    phone = str(uuid.uuid4())
    for label in (None, "Telepon Siti", None, "Telepon desa"):
        await session_of(village, username, deviceId=phone, deviceLabel=label)
        rows = await village.admin.fetch("SELECT * FROM device WHERE account_id = $1", account)
        (row,) = rows
        assert str(row["id"]) == phone
    assert row["label"] == "Telepon desa"


async def test_of_many_sessions_the_latest_are_kept_with_their_devices(village: Place, monkeypatch: Any) -> None:
    """Those that have ended go first; a revoked device stays revoked although nothing of its sessions is left."""
    monkeypatch.setattr("registry.write.sign_in.MOST_SESSIONS", 3)
    account, username = await with_password(village)
    _, other = await with_password(village)
    phone, stolen = str(uuid.uuid4()), str(uuid.uuid4())
    foreign = await session_of(village, other, deviceId=phone)
    living, lost = (
        await session_of(village, username, deviceId=phone),
        await session_of(village, username, deviceId=stolen),
    )
    await village.admin.execute("UPDATE device SET revoked = true WHERE id = $1", uuid.UUID(stolen))
    await village.admin.execute("UPDATE session SET ended_at = now() WHERE device_id = $1", uuid.UUID(stolen))
    await session_of(village, username)
    await session_of(village, username)
    assert await kept(village, account) == (3, {phone, stolen})
    assert (await me(village, living)).status == 200, "older than the ended one, which went"
    await session_of(village, username)
    assert await kept(village, account) == (3, {stolen}), "the phone's only session was the oldest"
    await becomes_refused(village, living)
    assert (await me(village, lost)).status == 401
    assert codes(await sign_in(village, username, deviceId=stolen)) == ["DEVICE_REVOKED"]
    assert (await me(village, foreign)).status == 200
    assert await session_of(village, username, deviceId=phone)
    assert await kept(village, account) == (3, {phone, stolen})


async def becomes_refused(village: Place, session: Any) -> None:
    async def is_refused() -> bool:
        return (await me(village, session)).status == 401

    await eventually(is_refused)


async def kept(village: Place, account: uuid.UUID) -> tuple[int, set[str]]:
    """How many sessions an account has, ended ones too, and its devices."""
    devices = await village.admin.fetch("SELECT id FROM device WHERE account_id = $1", account)
    sessions = await village.admin.fetchval("SELECT count(*) FROM session WHERE account_id = $1", account)
    return sessions, {str(row["id"]) for row in devices}


async def test_a_revoked_device_signs_nobody_in(village: Place) -> None:
    account, username = await with_password(village)
    phone = str(uuid.uuid4())
    await session_of(village, username, deviceId=phone)
    await village.admin.execute("UPDATE device SET revoked = true WHERE account_id = $1", account)
    since = await last_row(village)
    assert codes(await sign_in(village, username, deviceId=phone)) == ["DEVICE_REVOKED"]
    assert codes(await sign_in(village, username, "wrong " + PASSWORD, deviceId=phone)) == ["CREDENTIALS_WRONG"]
    assert [row[3] for row in await audit_rows(village, since)] == ["DEVICE_REVOKED", "CREDENTIALS_WRONG"]
    assert await session_of(village, username, deviceId=str(uuid.uuid4()))


async def test_a_hash_of_fewer_rounds_is_replaced_at_sign_in(village: Place) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    account, username = await with_password(village, password_hash=old)
    await session_of(village, username)
    stored = await village.admin.fetchval("SELECT password_hash FROM credential WHERE account_id = $1", account)
    assert is_outdated(old)
    assert not is_outdated(stored)
    assert await session_of(village, username)


# --- who does not -----------------------------------------------------------------------------------------------------


async def refused_names(village: Place) -> dict[str, tuple[str, uuid.UUID | None]]:
    """User names that do not get in, each with its account."""
    wrong, wrong_name = await with_password(village)
    disabled, disabled_name = await with_password(village)
    await village.admin.execute("UPDATE account SET active = false WHERE id = $1", disabled)
    without = await account_with(village)
    service, service_name = await with_password(village, "SERVICE")
    await village.admin.execute("UPDATE account SET service = true WHERE id = $1", service)
    late = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    expired, expired_name = await with_password(village, temporary=True, valid_until=late)
    return {
        "unknown": (f"nobody-{uuid.uuid4()}", None),
        "wrong password": (wrong_name, wrong),
        "disabled": (disabled_name, disabled),
        "service account": (service_name, service),
        "no password": (
            str(await village.admin.fetchval("SELECT username FROM account WHERE id = $1", without)),
            without,
        ),
        "expired temporary password": (expired_name, expired),
    }


def password_for(case: str) -> str:
    return "salah " + PASSWORD if case == "wrong password" else PASSWORD


async def test_all_who_are_refused_get_the_same_bytes_by_the_same_statements(
    village: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    write = village.database.write

    def counted(*args: Any, **kw: Any) -> Any:
        statements.append("transaction")
        return write(*args, **kw)

    from registry.store.db import Transaction

    for name in ("rows", "one", "value"):
        original = getattr(Transaction, name)

        async def recorded(self: Any, sql: Any, original: Any = original, **arguments: Any) -> Any:
            statements.append(sql.text)
            return await original(self, sql, **arguments)

        monkeypatch.setattr(Transaction, name, recorded)
    monkeypatch.setattr(village.database, "write", counted)
    seen: dict[str, tuple[bytes, list[str]]] = {}
    for case, (username, account) in (await refused_names(village)).items():
        since = await last_row(village)
        statements.clear()
        answer = await sign_in(village, username, password_for(case))
        request_id = answer.json["extensions"]["requestId"].encode()
        seen[case] = answer.body.replace(request_id, b""), list(statements)
        assert codes(answer) == ["CREDENTIALS_WRONG"], case
        assert await audit_rows(village, since) == [(uuid.UUID(int=0), "sign-in", account, "CREDENTIALS_WRONG")]
    first = seen.pop("unknown")
    assert {case: result == first for case, result in seen.items()} == dict.fromkeys(seen, True)


async def test_an_unknown_name_is_not_stored(village: Place) -> None:
    """Perhaps it is a password that was typed in the wrong field."""
    name = "Rahasia-Sekali-" + uuid.uuid4().hex
    await sign_in(village, name)
    for table in ("throttle", "audit_event", "account", "session"):
        rows = await village.admin.fetch(f"SELECT * FROM {table}")
        assert not any(name in str(tuple(row.values())) for row in rows), table


@pytest.mark.parametrize("password", ["", "x" * (LONGEST + 1), "x" * 10_000, PASSWORD + " " * 300])
async def test_what_is_no_password_is_wrong(village: Place, password: str) -> None:
    _, username = await with_password(village)
    since = await last_row(village)
    assert codes(await sign_in(village, username, password)) == ["CREDENTIALS_WRONG"]
    assert len(await audit_rows(village, since)) == 1


async def test_a_password_of_a_megabyte_is_refused_unread(village: Place) -> None:
    _, username = await with_password(village)
    since = await last_row(village)
    answer = await sign_in(village, username, "x" * 1_000_000)
    assert (answer.status, answer.codes) == (413, ["PAYLOAD_TOO_LARGE"])
    assert await audit_rows(village, since) == []


@pytest.mark.parametrize("field", ["username", "password"])
async def test_a_nul_is_refused_with_its_reason(village: Place, field: str) -> None:
    sent = {"username": "siti", "password": PASSWORD} | {field: "a\0b"}
    answer = await village.send("POST", json={"query": SIGN_IN, "variables": {"input": sent}})
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
    assert "NUL" in answer.errors[0]["message"]


@pytest.mark.parametrize(
    ("language", "sentence"), [("id", "Nama pengguna, kata sandi"), ("en", "The user name, password or code")]
)
async def test_the_refusal_is_in_the_language_of_the_caller(village: Place, language: str, sentence: str) -> None:
    answer = await sign_in(village, "nobody", headers={"accept-language": language})
    (error,) = answer.data["signIn"]["userErrors"]
    assert error["message"].startswith(sentence)
    assert error["path"] == []


async def test_a_password_that_changes_while_it_is_compared_is_wrong(village: Place) -> None:
    """Whoever resets it ends the session that would begin meanwhile."""
    account, username = await with_password(village)
    hashing = village.app.service.entrance.hashing
    run = hashing.run

    async def slow(*args: Any) -> Any:
        result = await run(*args)
        await village.admin.execute("UPDATE credential SET password_hash = 'x' WHERE account_id = $1", account)
        return result

    hashing.run = slow  # type: ignore[method-assign, assignment]
    try:
        assert codes(await sign_in(village, username)) == ["CREDENTIALS_WRONG"]
    finally:
        hashing.run = run  # type: ignore[method-assign]
    assert await village.admin.fetchval("SELECT count(*) FROM session WHERE account_id = $1", account) == 0


# --- what a stranger may do -------------------------------------------------------------------------------------------

NOT_ALONE = {
    "two sign-ins": 'mutation { a: signIn(input: {username: "a", password: "b"}) { __typename }'
    ' b: signIn(input: {username: "a", password: "b"}) { __typename } }',
    "another command": "mutation { signOut(input: {}) { signedOut } }",
    "a sign-in and another command": 'mutation { signIn(input: {username: "a", password: "b"}) { __typename }'
    " signOut(input: {}) { signedOut } }",
    "in a fragment": "mutation { ...F } fragment F on Mutation { signOut(input: {}) { signedOut } }",
    "a query of that name": "{ signIn: viewer { username } }",
    "a query": ME,
}


@pytest.mark.parametrize("case", NOT_ALONE)
async def test_a_stranger_may_sign_in_and_nothing_else(village: Place, case: str) -> None:
    answer = await village.query(None, NOT_ALONE[case])
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


MISSPELT = {
    "a field": ('mutation { signIn(input: {username: "a", password: "b"}) { sesion { accessToken } } }', "sesion"),
    "an input": ('mutation { signIn(input: {user: "a", password: "b"}) { __typename } }', "user"),
    "a field of a renewal": ('mutation { r: refreshSession(input: {refreshToken: "a"}) { token } }', "token"),
    "a bracket": ('mutation S { signIn(input: {username: "a", password: "b"} { __typename } }', "Syntax Error"),
}


@pytest.mark.parametrize("case", MISSPELT)
async def test_a_misspelt_sign_in_says_what_is_wrong(village: Place, case: str) -> None:
    text, word = MISSPELT[case]
    code = "GRAPHQL_PARSE_FAILED" if case == "a bracket" else "GRAPHQL_VALIDATION_FAILED"
    answer = await village.query(None, text)
    assert (set(answer.codes), "data" in answer.json) == ({code}, False)
    assert word in answer.errors[0]["message"]
    async with served_with(village, introspection=False) as closed:
        assert (await closed.query(None, text)).codes == ["UNAUTHENTICATED"], "its schema is not public"


MISSPELT_OTHERS = (
    "{ householdz { id } }",
    "mutation { signOut(input: {}) { sesion } }",
    'mutation { signIn(input: {username: "a", password: "b"}) { sesion } signOut(input: {}) { signedOut } }',
    "mutation { ...F } fragment F on Mutation { signIn(input: {}) { sesion } }",
    "{ signIn { sesion } }",
    "{ x",
    "mutation { signOut(input: {} { signIn } }",
    "mutation { signInto(input: {} }",
)


@pytest.mark.parametrize("text", MISSPELT_OTHERS)
async def test_what_is_no_sign_in_says_nothing_however_misspelt(village: Place, text: str) -> None:
    answer = await village.query(None, text)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_sign_in_goes_by_post_only(village: Place) -> None:
    query = 'mutation { signIn(input: {username: "a", password: "b"}) { userErrors { code } } }'
    answer = await village.send("GET", params={"query": query})
    assert (answer.status, answer.codes) == (405, ["METHOD_NOT_ALLOWED"])
