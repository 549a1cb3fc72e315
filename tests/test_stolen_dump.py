"""A stolen dump of the database opens nothing: no password, no token and no secret of an authenticator is in it.

And a stopwatch at the door learns nothing: whoever is refused waits as long, whatever the reason."""

from __future__ import annotations

import base64
import collections
import hashlib
import statistics
import time
import uuid

import pytest

from auth.refresh_token import RefreshToken
from tests.hashing import todays_hashing  # noqa: F401  (a fixture)
from tests.test_refresh import refresh, renewed
from tests.test_second_factor import with_factor
from tests.test_sign_in import (  # noqa: F401  (a fixture)
    PASSWORD,
    password_for,
    refused_names,
    session_of,
    sign_in,
    unlimited,
)
from tests.village import Place

pytestmark = pytest.mark.anyio
TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'registry' AND table_type = 'BASE TABLE'"
)


async def dump(village: Place) -> str:
    """Every row of every table as text, bytes in hexadecimal as pg_dump writes them."""
    names = [row["table_name"] for row in await village.admin.fetch(TABLES)]
    assert {"credential", "second_factor", "recovery_code", "session", "throttle", "audit_event"} <= set(names)
    rows = [row[0] for name in names for row in await village.admin.fetch(f"SELECT t::text FROM {name} t")]
    assert len(rows) > 100
    return "\n".join(rows)


def forms_of(secret: bytes) -> list[str]:
    """How bytes may stand in a dump."""
    standard, for_addresses = base64.b64encode(secret), base64.urlsafe_b64encode(secret)
    return [secret.hex(), standard.decode().rstrip("="), for_addresses.decode().rstrip("=")]


async def test_nothing_in_a_dump_can_be_used(village: Place) -> None:
    _, username, app, recovery_codes = await with_factor(village)
    first = await session_of(village, username, otp=app.code(), deviceId=str(uuid.uuid4()))
    other = await session_of(village, username, otp=recovery_codes[0])
    await renewed(village, other)
    entrance = village.app.service.entrance
    stolen = await dump(village)
    for token in (first["refreshToken"], other["refreshToken"]):
        content = RefreshToken.read(token, entrance.token_key)
        assert content is not None
        assert not any(form in stolen for form in [token, *forms_of(content.secret)])
        assert content.hash.hex() in stolen or token == other["refreshToken"], "the hash is there, so the search works"
    assert first["accessToken"] not in stolen
    assert not any(part in stolen for part in first["accessToken"].split("."))
    for text in (PASSWORD, app.secret, *recovery_codes):
        bare = text.replace("-", "")
        assert not any(form in stolen for form in [text, bare, *forms_of(text.encode()), *forms_of(bare.encode())])
        assert hashlib.sha256(bare.encode()).hexdigest() not in stolen, "a hash without a key lets thieves try codes"
    assert not any(form in stolen for form in forms_of(base64.b32decode(app.secret)))


async def test_what_a_dump_holds_of_a_session_renews_nothing(village: Place) -> None:
    _, username, app, _ = await with_factor(village)
    session = await session_of(village, username, otp=app.code())
    key = village.app.service.entrance.token_key
    content = RefreshToken.read(session["refreshToken"], key)
    assert content is not None
    forged = RefreshToken(content.account, content.session, content.generation, content.hash)
    for token in (forged.text(b"guess" * 8), content.hash.hex(), base64.b64encode(content.hash).decode()):
        payload = (await refresh(village, token)).data["refreshSession"]
        assert payload["session"] is None
    assert await renewed(village, session), "and nothing has changed"


# --- the stopwatch ----------------------------------------------------------------------------------------------------


async def rounds(village: Place, tries: int) -> dict[str, list[float]]:
    """The seconds of each refusal in each round: every kind once, each round beginning with another one."""
    names = await refused_names(village)
    seconds: dict[str, list[float]] = {case: [] for case in names}
    turns = collections.deque(names)
    for _ in range(tries):
        for case in turns:
            username, _ = names[case]
            begun = time.perf_counter()
            await sign_in(village, username, password_for(case))
            seconds[case].append(time.perf_counter() - begun)
        turns.rotate()
    return seconds


def relative(seconds: dict[str, list[float]]) -> dict[str, float]:
    """The median of each kind, each try measured against its own round, so that a machine may be busy for a while."""
    usual = list(map(statistics.median, zip(*seconds.values(), strict=True)))
    return {
        case: statistics.median(time / round_ for time, round_ in zip(times, usual, strict=True))
        for case, times in seconds.items()
    }


@pytest.mark.usefixtures("todays_hashing")
async def test_a_refusal_always_takes_about_as_long(village: Place) -> None:
    """A hash is the most of it: without one an answer would come in a tenth of the time."""
    fastest = {case: min(seconds) for case, seconds in (await rounds(village, 5)).items()}
    assert max(fastest.values()) < 2 * min(fastest.values()), fastest


@pytest.mark.usefixtures("todays_hashing")
@pytest.mark.prove
async def test_medians_of_refusals_differ_by_less_than_five_percent(village: Place) -> None:
    seconds = await rounds(village, 200)
    times = relative(seconds)
    print({case: f"{1000 * statistics.median(all_):.2f} ms" for case, all_ in seconds.items()}, times)  # noqa: T201  (the count of a proof)
    assert max(times.values()) < 1.05 * min(times.values()), times
