"""People of the ministry's identity provider: their token leads to their account, with the grants of the database."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from auth.principal import Duty, Principal
from server.http import provider_keys
from server.http.identity import principal_of
from server.http.provider_keys import ProviderKeys
from tests.eventually import eventually
from tests.fake_provider import KEYS_PATH, FakeProvider, fake_provider, response
from tests.test_provider import EC, RSA, SMALL, jwk, shared_secret, signed
from tests.village import Answer, Place, served_with

pytestmark = pytest.mark.anyio
VIEWER = "{ viewer { username grants { role } } }"
BIND = "INSERT INTO account_subject (issuer, subject, account_id) VALUES ($1, $2, $3)"
UNBIND = "DELETE FROM account_subject WHERE subject = $1"
PUBLISHED = [jwk(RSA, "rsa"), jwk(EC, "ec")]


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeProvider]:
    """A provider with two keys."""
    monkeypatch.setattr(provider_keys, "PAUSE_SECONDS", 0.0)
    async with fake_provider() as provider:
        provider.key_set = {"keys": PUBLISHED}
        yield provider


@pytest.fixture
async def place(village: Place, fake: FakeProvider) -> AsyncIterator[Place]:
    """The village, where tokens of the provider are accepted."""
    async with serving(village, fake) as place:
        yield place


@asynccontextmanager
async def serving(village: Place, fake: FakeProvider, **settings: Any) -> AsyncIterator[Place]:
    """The village with tokens of the provider, once its keys and changes of grants are heard."""
    trust = {"oidc_issuer": fake.issuer, "oidc_audience": "registry", **settings}
    async with served_with(village, **trust) as place:
        await eventually(lambda: place.app.service.principals.listening)
        await eventually(lambda: keys_of(place).current)
        yield place


def keys_of(place: Place) -> ProviderKeys:
    accounts = place.app.service.provider_accounts
    assert accounts is not None
    return accounts.keys


def claims(fake: FakeProvider, subject: str, **more: object) -> dict[str, Any]:
    """The claims of a token that is valid for ten minutes."""
    now = int(time.time())
    common = {"iss": fake.issuer, "aud": "registry", "client_id": "app", "jti": uuid.uuid4().hex}
    return {**common, "sub": subject, "iat": now, "exp": now + 600, **more}


async def subject_of(place: Place, fake: FakeProvider, who: str) -> str:
    """A new subject that is bound to this person's account; earlier ones are not any more."""
    await place.admin.execute("DELETE FROM account_subject WHERE account_id = $1", place.ids[who])
    subject = uuid.uuid4().hex
    await place.admin.execute(BIND, fake.issuer, subject, place.ids[who])
    return subject


async def send(place: Place, text: str, query: str = VIEWER) -> Answer:
    return await place.send("POST", json={"query": query}, headers={"authorization": f"Bearer {text}"})


async def is_refused(place: Place, text: str) -> bool:
    """Whether the token is refused, by the bytes that every refused token gets."""
    answer, garbage = await send(place, text), await send(place, "x")
    if answer.status == 200:
        return False
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert before_id(answer) == before_id(garbage)
    assert {n for n in answer.headers if n != "x-request-id"} == {n for n in garbage.headers if n != "x-request-id"}
    return True


def before_id(answer: Answer) -> bytes:
    return answer.body.split(b'"extensions":{"requestId"')[0]


async def test_a_bound_subject_is_its_account_with_the_grants_of_the_database(place: Place, fake: FakeProvider) -> None:
    subject = await subject_of(place, fake, "officer")
    claimed = {"scope": "registry:all", "roles": ["MINISTRY_ADMIN"], "realm_access": {"roles": ["SYSTEM_ADMIN"]}}
    answer = await send(place, signed("ES256", payload=claims(fake, subject, **claimed)))
    assert answer.data["viewer"] == {"username": "officer", "grants": [{"role": "OFFICER"}]}


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
async def test_each_algorithm_of_the_key_set_is_accepted(place: Place, fake: FakeProvider, algorithm: str) -> None:
    subject = await subject_of(place, fake, "officer")
    assert not await is_refused(place, signed(algorithm, payload=claims(fake, subject)))


async def test_a_subject_without_an_account_is_refused(place: Place, fake: FakeProvider) -> None:
    assert await is_refused(place, signed(payload=claims(fake, "nobody here")))
    named = claims(fake, "officer", preferred_username="officer", email="officer", email_verified=True)
    assert await is_refused(place, signed(payload=named)), "names in a token bind nobody without a setting"


async def test_a_subject_that_is_bound_to_a_service_is_refused(place: Place, fake: FakeProvider) -> None:
    """Binding refuses it; so does every token, should the binding be there all the same."""
    subject = await subject_of(place, fake, "viewer")
    await place.admin.execute("UPDATE account SET service = true WHERE id = $1", place.ids["viewer"])
    try:
        assert await is_refused(place, signed(payload=claims(fake, subject)))
    finally:
        await place.admin.execute("UPDATE account SET service = false WHERE id = $1", place.ids["viewer"])
    assert not await is_refused(place, signed(payload=claims(fake, subject)))


async def test_a_user_id_of_ours_is_no_subject_of_a_provider(place: Place, fake: FakeProvider) -> None:
    assert await is_refused(place, signed(payload=claims(fake, str(place.ids["officer"]))))


CHANGES = {
    "unbound": ("DELETE FROM account_subject WHERE subject = $1", True),
    "handed over": ("UPDATE account_subject SET account_id = (SELECT id FROM account WHERE username = 'second')"
                    " WHERE subject = $1", False),
    "renamed": ("UPDATE account_subject SET subject = 'another' WHERE subject = $1", True),
    "all unbound": ("TRUNCATE account_subject", True),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
async def test_a_binding_that_ends_is_refused_with_a_running_token(
    place: Place, fake: FakeProvider, change: str
) -> None:
    subject = await subject_of(place, fake, "verifier")
    await place.admin.execute("DELETE FROM account_subject WHERE account_id = $1", place.ids["second"])
    text = signed(payload=claims(fake, subject))
    assert not await is_refused(place, text)
    statement, ends = CHANGES[change]
    await place.admin.execute(statement, *([subject] if "$1" in statement else []))

    async def has_changed() -> bool:
        if ends:
            return await is_refused(place, text)
        return bool((await send(place, text)).data["viewer"]["username"] == "second")

    await eventually(has_changed)
    await place.admin.execute("DELETE FROM account_subject WHERE subject = 'another'")


async def test_a_disabled_account_is_refused_with_a_running_token(place: Place, fake: FakeProvider) -> None:
    subject = await subject_of(place, fake, "nobody")
    text = signed(payload=claims(fake, subject))
    assert not await is_refused(place, text)
    for active, refused in ((False, True), (True, False)):
        await place.admin.execute("UPDATE account SET active = $2 WHERE id = $1", place.ids["nobody"], active)

        async def reached(wanted: bool) -> bool:
            return await is_refused(place, text) is wanted

        await eventually(partial(reached, refused))


@pytest.mark.parametrize(("who", "needs_one"), [("officer", False), ("coordinator", True), ("ministry", True)])
async def test_a_second_factor_is_the_provider_s_where_the_setting_says_how_it_shows(
    village: Place, fake: FakeProvider, who: str, needs_one: bool
) -> None:
    async with serving(village, fake, oidc_second_factor="mfa,otp") as place:
        subject = await subject_of(place, fake, who)
        for more, shows_one in (({}, False), ({"amr": ["pwd"]}, False), ({"amr": ["pwd", "otp"]}, True)):
            text = signed(payload=claims(fake, subject, exp=int(time.time()) // 600 * 600 + 1200, **more))
            assert (await principal(place, text)).duty is (
                Duty.CONFIRM_SECOND_FACTOR if needs_one > shows_one else None
            )
    async with serving(village, fake) as place:
        text = signed(payload=claims(fake, subject, amr=["pwd", "otp"], acr="mfa"))
        assert (await principal(place, text)).duty is (Duty.CONFIRM_SECOND_FACTOR if needs_one else None)


async def principal(place: Place, text: str) -> Principal:
    service = place.app.service
    signed_in = service.keyring, service.database, service.principals, service.provider_accounts
    return await principal_of(f"Bearer {text}", *signed_in)


BY_NIP = {"oidc_account_claim": "nip"}
BY_EMAIL = {"oidc_account_claim": "email"}


async def test_a_claim_binds_once_what_its_provider_vouches_for(village: Place, fake: FakeProvider) -> None:
    await village.admin.execute("DELETE FROM account_subject")
    async with serving(village, fake, **BY_NIP) as place:
        first, again = (signed(payload=claims(fake, "siti", nip="second", roles=["OFFICER"])) for _ in range(2))
        answers = await asyncio.gather(send(place, first), send(place, again), send(place, first))
        assert [answer.data["viewer"]["username"] for answer in answers] == ["second"] * 3
        note = "SELECT actor_id, subject_id, outcome FROM audit_event WHERE note LIKE 'Bound by a claim%'"
        assert [tuple(row) for row in await place.admin.fetch(note)] == [(place.ids["second"],) * 2 + ("ACCEPTED",)]
        renamed = signed(payload=claims(fake, "siti", nip="officer"))
        assert (await send(place, renamed)).data["viewer"]["username"] == "second", "the subject decides from then on"
        heir = signed(payload=claims(fake, "somebody else", nip="second"))
        assert await is_refused(place, heir), "a name that the provider gives to another leads nowhere"


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (BY_NIP, {"nip": "no such name"}),
        (BY_NIP, {"preferred_username": "viewer"}),
        (BY_NIP, {"nip": "left"}),
        (BY_NIP, {"nip": "dashboard"}),
        (BY_EMAIL, {"email": "viewer"}),
        (BY_EMAIL, {"email": "viewer", "email_verified": "true"}),
        (BY_NIP | {"oidc_verified_claim": "nip_checked"}, {"nip": "viewer"}),
    ],
)
async def test_a_claim_binds_nobody_else(
    village: Place, fake: FakeProvider, settings: dict[str, str], more: dict[str, object]
) -> None:
    """Not an unknown name, a disabled or a service account, nor by a name that its provider does not vouch for."""
    await village.admin.execute(
        "INSERT INTO account (id, username, name, active, service) VALUES (gen_random_uuid(), 'left', 'left', false,"
        " false), (gen_random_uuid(), 'dashboard', 'dashboard', true, true) ON CONFLICT DO NOTHING"
    )
    async with serving(village, fake, **settings) as place:
        before = await place.admin.fetchval("SELECT count(*) FROM account_subject")
        assert await is_refused(place, signed(payload=claims(fake, uuid.uuid4().hex, **more)))
        assert await place.admin.fetchval("SELECT count(*) FROM account_subject") == before


async def test_a_binding_is_looked_up_once(place: Place, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = await subject_of(place, fake, "officer")
    text, principals = signed(payload=claims(fake, subject)), place.app.service.principals

    async def is_cached() -> bool:  # not while the change above is still being reported
        assert not await is_refused(place, text)
        return principals.account((fake.issuer, subject)) == place.ids["officer"]

    await eventually(is_cached)
    monkeypatch.setattr(type(place.database), "account_of", None)
    monkeypatch.setattr(type(place.database), "sign_in", None)
    assert not await is_refused(place, text)


async def test_our_own_tokens_need_no_provider(place: Place, fake: FakeProvider) -> None:
    fake.holding.set()
    assert (await place.query("officer", VIEWER)).data["viewer"]["username"] == "officer"


async def test_a_token_of_a_removed_issuer_is_refused(village: Place, place: Place, fake: FakeProvider) -> None:
    subject = await subject_of(place, fake, "officer")
    text = signed(payload=claims(fake, subject))
    assert not await is_refused(place, text)
    assert await is_refused(village, text), "no provider is set"
    async with fake_provider() as other:
        other.key_set = fake.key_set
        async with serving(village, other) as elsewhere:
            assert await is_refused(elsewhere, text)
    assert not await is_refused(place, text)


async def test_nothing_is_written_for_a_refused_token(place: Place, fake: FakeProvider) -> None:
    count = "SELECT (SELECT count(*) FROM account_subject), (SELECT count(*) FROM audit_event)"
    before = await place.admin.fetchrow(count)
    assert await is_refused(place, signed(payload=claims(fake, "nobody here")))
    assert await place.admin.fetchrow(count) == before


# --- a provider that turns hostile --------------------------------------------------------------------------------


async def turn(place: Place, fake: FakeProvider, *entries: Mapping[str, Any]) -> None:
    """The provider publishes these keys now, and they have been fetched."""
    fake.key_set = {"keys": [*entries, jwk(EC, marker := uuid.uuid4().hex)]}

    async def arrived() -> bool:
        await send(place, signed("ES256", kid=marker, payload=claims(fake, "nobody here")))
        return any(name.kid == marker for name in keys_of(place).current)

    await eventually(arrived)


async def test_a_token_of_another_issuer_by_the_same_keys_is_refused(place: Place, fake: FakeProvider) -> None:
    subject = await subject_of(place, fake, "officer")
    for issuer in (fake.issuer + "/", "https://elsewhere.example", place.keyring.issuer, ""):
        assert await is_refused(place, signed(payload=claims(fake, subject, iss=issuer)))


async def test_an_unsigned_token_is_refused(place: Place, fake: FakeProvider) -> None:
    subject = await subject_of(place, fake, "officer")
    await turn(place, fake, *PUBLISHED, {**jwk(RSA, "none"), "alg": "none"})
    for kid in ("rsa", "none"):
        assert await is_refused(place, signed("none", kid=kid, payload=claims(fake, subject)))


async def test_hmac_with_what_the_provider_publishes_is_refused(place: Place, fake: FakeProvider) -> None:
    subject, secret = await subject_of(place, fake, "officer"), jwk(RSA, "rsa")["n"].encode()
    await turn(place, fake, *PUBLISHED, shared_secret("hmac", secret), shared_secret("both", secret, alg="RS256"))
    for kid in ("rsa", "hmac", "both"):
        assert await is_refused(place, signed("HS256", secret, kid=kid, payload=claims(fake, subject)))


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
async def test_keys_that_shrink_verify_no_token(place: Place, fake: FakeProvider) -> None:
    subject, small = await subject_of(place, fake, "officer"), SMALL[1024]
    good = signed(payload=claims(fake, subject))
    weak = signed("RS256", small, payload=claims(fake, subject))
    assert not await is_refused(place, good)
    await turn(place, fake, jwk(small, "rsa"))
    assert await is_refused(place, weak)
    assert await is_refused(place, good), "the key that it took away does not fill the gap"


async def test_a_key_that_the_provider_takes_away_verifies_no_token(place: Place, fake: FakeProvider) -> None:
    subject = await subject_of(place, fake, "officer")
    text = signed(payload=claims(fake, subject))
    assert not await is_refused(place, text)
    await turn(place, fake)
    assert await is_refused(place, text)


async def test_while_the_provider_is_down_known_keys_go_on_and_unknown_ones_are_refused(
    place: Place, fake: FakeProvider
) -> None:
    subject = await subject_of(place, fake, "officer")
    fake.answers[KEYS_PATH] = response(b"", "503 Service Unavailable")
    before = keys_of(place).fetches
    assert await is_refused(place, signed(kid="new", payload=claims(fake, subject)))
    await eventually(lambda: keys_of(place).fetches > before)
    assert not await is_refused(place, signed(payload=claims(fake, subject)))
