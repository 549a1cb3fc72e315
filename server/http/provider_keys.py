"""The keys of the identity provider: fetched by one task beside the requests, and looked up by them.

A provider publishes its keys where its discovery document says (OpenID Connect Discovery 1.0).  They are fetched again
every FRESH_SECONDS, and once when a token names a key that is not there, because providers rotate theirs; but never
twice within PAUSE_SECONDS, so that invented key ids cannot make us fetch.  What the provider publishes now is what
counts: a key that it takes away verifies nothing any more.
Rule: one fetch at a time; while the provider cannot be reached, its last keys count no longer than its tokens live,
because by then every token that they signed before has ended.  Tests: tests/test_provider_keys.py.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from auth.provider import KeyName, Keys, Provider
from server.http.fetch import FetchError, fetch_json

DISCOVERY = "/.well-known/openid-configuration"
FRESH_SECONDS = 300.0  # between two fetches that nobody asks for
PAUSE_SECONDS = 10.0  # at least between two fetches

log = logging.getLogger("desmigratif")


class ProviderKeys:
    """The keys, and the task that fetches them.  `fetches` counts the attempts."""

    def __init__(self, provider: Provider, tls: ssl.SSLContext) -> None:
        self.fetches = 0
        self._provider, self._tls = provider, tls
        self._keys: Keys = {}
        self._valid_until = 0.0  # by the monotonic clock
        self._wanted = asyncio.Event()
        self._fetched = asyncio.Event()  # set after each fetch; the next one has another
        self._pausing = False

    async def containing(self, key: KeyName) -> Keys:
        """The provider's keys, fetched anew if this one is not among them and there was no fetch just before."""
        if key not in self.current and not self._pausing:
            self._wanted.set()
            await self._fetched.wait()
        return self.current

    @property
    def current(self) -> Keys:
        """The keys that count now."""
        return self._keys if time.monotonic() < self._valid_until else {}

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[ProviderKeys]:
        """Fetch the keys now and whenever it is time."""
        fetching = asyncio.create_task(self._keep_fetching())
        try:
            yield self
        finally:
            fetching.cancel()
            with suppress(asyncio.CancelledError):
                await fetching

    async def _keep_fetching(self) -> None:
        logged_fault = ""
        while True:
            fault = await self._fetch()
            if fault and fault != logged_fault:  # once, however often it fails
                log.warning("The keys of the identity provider are not renewed: %s.", fault)
            logged_fault = fault
            fetched, self._fetched = self._fetched, asyncio.Event()
            self._pausing = True
            fetched.set()
            await asyncio.sleep(PAUSE_SECONDS)
            self._wanted.clear()
            self._pausing = False
            with suppress(TimeoutError):
                async with asyncio.timeout(FRESH_SECONDS):
                    await self._wanted.wait()

    async def _fetch(self) -> str:
        """Fetch the keys once.  Returns what went wrong, '' if nothing did."""
        self.fetches += 1
        begun = time.monotonic()
        try:
            self._keys = await fetch_keys(self._provider, self._tls)
        except FetchError as error:
            return str(error)
        except Exception as error:  # whatever a provider answers, requests go on
            return type(error).__name__
        self._valid_until = begun + self._provider.longest.total_seconds()
        return ""


async def fetch_keys(provider: Provider, tls: ssl.SSLContext) -> Keys:
    """The keys that the provider publishes now.  Raises FetchError."""
    discovery = await fetch_json(provider.issuer.removesuffix("/") + DISCOVERY, tls)
    if not isinstance(discovery, dict) or discovery.get("issuer") != provider.issuer:
        raise FetchError("its discovery document names another issuer")
    key_set = await fetch_json(str(discovery.get("jwks_uri")), tls)
    try:
        return provider.keys(key_set)
    except ValueError:
        raise FetchError("it publishes no set of keys, or too large a one") from None
