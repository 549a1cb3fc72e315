"""The keys of a provider follow what it publishes, survive its outages for a while, and cost few fetches."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auth.provider import MAX_KEYS, KeyName, Provider
from server.http import fetch, provider_keys
from server.http.provider_keys import ProviderKeys
from tests.eventually import eventually
from tests.fake_provider import DISCOVERY_PATH, KEYS_PATH, FakeProvider, fake_provider, response
from tests.test_provider import EC, RSA, SMALL, jwk, shared_secret

pytestmark = pytest.mark.anyio
OLD, NEW = KeyName("old", "ES256"), KeyName("new", "RS256")
OLD_KEY, NEW_KEY = jwk(EC, "old"), jwk(RSA, "new", alg="RS256")
TLS = ssl.create_default_context()


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeProvider]:
    """A provider with the old key."""
    monkeypatch.setattr(provider_keys, "PAUSE_SECONDS", 0.0)
    async with fake_provider() as provider:
        provider.key_set = {"keys": [OLD_KEY]}
        yield provider


@asynccontextmanager
async def keys_of(fake: FakeProvider, **trust: Any) -> AsyncIterator[ProviderKeys]:
    """The provider's keys, after the first fetch."""
    async with ProviderKeys(replace(Provider(fake.issuer, "api"), **trust), TLS).opening() as keys:
        await keys.containing(KeyName("first", "RS256"))
        yield keys


async def names(keys: ProviderKeys, wanted: KeyName) -> set[KeyName]:
    return set(await keys.containing(wanted))


async def test_a_new_key_is_fetched_when_a_token_names_it_and_an_old_one_ends(fake: FakeProvider) -> None:
    async with keys_of(fake) as keys:
        assert await names(keys, OLD) == {OLD}
        fake.key_set = {"keys": [NEW_KEY, OLD_KEY]}
        await eventually(lambda: is_idle(keys))
        assert await names(keys, NEW) >= {OLD, NEW}
        fake.key_set = {"keys": [NEW_KEY]}
        await eventually(lambda: is_idle(keys))
        assert OLD not in await names(keys, KeyName("unknown", "RS256"))


def is_idle(keys: ProviderKeys) -> bool:
    """Whether the next unknown key would be fetched."""
    return not keys._pausing


async def test_keys_are_renewed_without_any_request(fake: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_keys, "FRESH_SECONDS", 0.05)
    async with keys_of(fake) as keys:
        fake.key_set = {"keys": []}
        await eventually(lambda: not keys.current)


async def test_invented_key_ids_fetch_once_and_then_not_for_a_while(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_keys, "PAUSE_SECONDS", 3600.0)
    async with keys_of(fake) as keys:
        for number in range(200):
            assert await names(keys, KeyName(f"invented {number}", "RS256")) == {OLD}
        assert (keys.fetches, fake.requests) == (1, {DISCOVERY_PATH: 1, KEYS_PATH: 1})


async def test_many_requests_wait_for_one_fetch_and_known_keys_for_none(fake: FakeProvider) -> None:
    async with keys_of(fake) as keys:
        await eventually(lambda: is_idle(keys))
        fake.holding.set()
        fake.key_set = {"keys": [NEW_KEY, OLD_KEY]}
        before = keys.fetches
        waiting = [asyncio.create_task(names(keys, NEW)) for _ in range(50)]
        await eventually(lambda: fake.requests.total() == 2 * before + 1)
        assert await names(keys, OLD) == {OLD}
        assert not any(task.done() for task in waiting)
        fake.released.set()
        assert all(NEW in each for each in await asyncio.gather(*waiting))
        assert keys.fetches == before + 1


async def test_who_stops_waiting_stops_nobody_else(fake: FakeProvider) -> None:
    async with keys_of(fake) as keys:
        await eventually(lambda: is_idle(keys))
        fake.holding.set()
        fake.key_set = {"keys": [NEW_KEY]}
        before = fake.requests.total()
        gone, waiting = (asyncio.create_task(names(keys, NEW)) for _ in range(2))
        await eventually(lambda: fake.requests.total() > before)
        gone.cancel()
        fake.released.set()
        assert await waiting == {NEW}


BROKEN = {
    "no answer": (KEYS_PATH, b""),
    "an error": (KEYS_PATH, response(b"{}", "503 Service Unavailable")),
    "no key set": (KEYS_PATH, response(b"[]")),
    "too many keys": (KEYS_PATH, response(b'{"keys": [' + b"1," * MAX_KEYS + b"1]}")),
    "no discovery": (DISCOVERY_PATH, response(b"null")),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_while_a_provider_is_down_its_last_keys_count_for_a_while(
    fake: FakeProvider, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, answer = BROKEN[name]
    async with keys_of(fake, longest=timedelta(seconds=2)) as keys:
        fake.answers[path] = answer
        await eventually(lambda: is_idle(keys))
        with caplog.at_level(logging.WARNING, "desmigratif"):
            assert await names(keys, NEW) == {OLD}
        assert "are not renewed" in caplog.text
        await eventually(lambda: not keys.current)
        del fake.answers[path]
        await eventually(lambda: is_idle(keys))
        assert await names(keys, OLD) == {OLD}, "they come back by themselves"


async def test_a_provider_that_is_down_at_the_start_is_fetched_later(fake: FakeProvider) -> None:
    fake.answers[DISCOVERY_PATH] = b""
    async with keys_of(fake) as keys:
        assert not keys.current
        del fake.answers[DISCOVERY_PATH]
        await eventually(lambda: is_idle(keys))
        assert await names(keys, OLD) == {OLD}


async def test_a_provider_that_hangs_holds_up_its_own_new_keys_alone(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MAX_SECONDS", 0.3)
    async with keys_of(fake) as keys:
        fake.holding.set()
        await eventually(lambda: is_idle(keys))
        waiting = asyncio.create_task(names(keys, NEW))
        assert await names(keys, OLD) == {OLD}
        assert await waiting == {OLD}


HOSTILE: dict[str, dict[str, str | None]] = {
    "the issuer with a slash": {"issuer": "{issuer}/"},
    "another issuer": {"issuer": "https://elsewhere.example"},
    "no issuer": {"issuer": None},
    "keys over plain HTTP": {"jwks_uri": "http://elsewhere.example/keys"},
    "keys in a file": {"jwks_uri": "file:///etc/passwd"},
    "no keys": {"jwks_uri": None},
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_discovery_document_that_lies_is_not_followed(fake: FakeProvider, name: str) -> None:
    for member, value in HOSTILE[name].items():
        fake.discovery[member] = value and value.format(issuer=fake.issuer)
    async with keys_of(fake) as keys:
        assert not keys.current
    assert fake.requests[KEYS_PATH] == 0


async def test_keys_that_shrink_verify_nothing(fake: FakeProvider) -> None:
    """The set is what the provider says now: weak keys in it are left out, and earlier ones do not fill the gap."""
    async with keys_of(fake) as keys:
        assert await names(keys, OLD) == {OLD}
        shrunk: list[list[Any]] = [[jwk(SMALL[1024], "old")], [shared_secret("old", b"x" * 32)], []]
        for entries in shrunk:
            fake.key_set = {"keys": [OLD_KEY]}
            await eventually(lambda: is_idle(keys))
            await names(keys, KeyName("unknown", "RS256"))
            assert set(keys.current) == {OLD}
            fake.key_set = {"keys": entries}
            await eventually(lambda: is_idle(keys))
            assert await names(keys, KeyName("unknown", "RS256")) == set(), entries
