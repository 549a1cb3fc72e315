"""A service account signs in by tokens that its team signs; the database holds public keys only."""

from __future__ import annotations

import datetime as dt
import secrets
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from auth.service_key import ServiceKey, ServiceKeyError
from server.http.app import create
from server.settings import Settings
from tests.eventually import eventually
from tests.test_registered import JSON, QUERY, account, register
from tests.village import FIXED, Answer, Place

pytestmark = pytest.mark.anyio
EXAMPLE = Path(__file__).parents[1] / "examples" / "service_token.py"
PEM = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PRIVATE_PEM = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass
class Team:
    """A frontend team with its private key."""

    service: uuid.UUID
    audience: str
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def key(self) -> ServiceKey:
        return ServiceKey.read(self.private.public_key().public_bytes(*PEM))

    def token(self, headers: dict[str, Any] | None = None, algorithm: str = "EdDSA", **changes: Any) -> str:
        """A token of ten minutes; `changes` are of its claims, and None leaves one out."""
        now = int(dt.datetime.now(dt.UTC).timestamp())
        service = str(self.service)
        claims: dict[str, Any] = {"iss": service, "sub": service, "aud": self.audience, "jti": secrets.token_hex(8)}
        claims |= {"iat": now, "exp": now + 600} | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        key: Any = self.private if algorithm == "EdDSA" else self.private.public_key().public_bytes(*PEM).hex()
        return jwt.encode(claims, key, algorithm, headers={"kid": self.key.kid} | (headers or {}))

    def bearer(self, **changes: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(**changes)}"} | JSON


async def add_key(village: Place, team: Team) -> None:
    await village.admin.execute(
        "INSERT INTO service_key (kid, account_id, public_key) VALUES ($1, $2, $3)",
        *(team.key.kid, team.service, team.key.public_key),
    )


async def new_team(village: Place) -> Team:
    await account(village, "service", "SERVICE", True)
    await register(village, "service", QUERY)
    team = Team(village.ids["service"], village.keyring.audience)
    await add_key(village, team)
    return team


@pytest.fixture
async def team(village: Place) -> Team:
    """A team that was just given a key."""
    return await new_team(village)


async def send(client: httpx.AsyncClient, headers: dict[str, str]) -> Answer:
    response = await client.post("/graphql", json={"query": QUERY}, headers=headers)
    return Answer(response.status_code, response.headers, response.content)


async def has_status(client: httpx.AsyncClient, team: Team, status: int) -> bool:
    return (await send(client, team.bearer())).status == status


@pytest.fixture
async def another_worker(village: Place) -> AsyncIterator[httpx.AsyncClient]:
    """Another process over the same database."""
    settings = Settings(**FIXED, audience=village.keyring.audience)
    app = create(settings, village.login, village.keyring, village.vault, secrets.token_bytes(32))
    async with app.router.lifespan_context(app):
        await eventually(lambda: app.service.principals.listening)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://registry") as client:
            yield client


async def test_a_team_signs_in_by_a_token_that_it_signs(village: Place, team: Team) -> None:
    await eventually(partial(has_status, village.client, team, 200))
    assert (await send(village.client, team.bearer())).data == (await village.query("coordinator", QUERY)).data
    answer = await village.send("POST", json={"query": "{ viewer { id } }"}, headers=team.bearer())
    assert answer.codes == ["OPERATION_NOT_REGISTERED"]


WRONG: dict[str, dict[str, Any]] = {
    "expired": {"exp": 1_700_000_000, "iat": 1_699_999_900},
    "valid too long": {"exp": 4_000_000_000},
    "another audience": {"aud": "elsewhere"},
    "our issuer": {"iss": "demo"},
    "another issuer": {"iss": str(uuid.uuid4())},
    "no issuer": {"iss": None},
    "no id": {"jti": None},
    "no audience": {"aud": None},
    "HMAC with the public key": {"algorithm": "HS256"},
    "no such key": {"headers": {"kid": "A" * 43}},
    "a key id that is no text": {"headers": {"kid": ""}},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_token_that_is_not_quite_right_signs_nobody_in(village: Place, team: Team, wrong: str) -> None:
    await eventually(partial(has_status, village.client, team, 200))
    answer = await send(village.client, team.bearer(**WRONG[wrong]))
    stranger = await send(village.client, {"authorization": "Bearer x"} | JSON)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert answer.errors[0]["message"] == stranger.errors[0]["message"]


async def test_a_team_signs_for_its_own_account_alone(village: Place, team: Team) -> None:
    await eventually(partial(has_status, village.client, team, 200))
    other = await new_team(village)
    await eventually(partial(has_status, village.client, other, 200))
    for somebody in (other.service, village.ids["officer"]):
        for claims in ({"sub": str(somebody)}, {"sub": str(somebody), "iss": str(somebody)}):
            assert (await send(village.client, team.bearer(**claims))).status == 401
    forged = team.token(headers={"kid": other.key.kid}, sub=str(other.service), iss=str(other.service))
    assert (await send(village.client, {"authorization": f"Bearer {forged}"} | JSON)).status == 401


async def test_a_key_is_replaced_while_both_are_valid_and_the_old_one_then_ends_at_once(
    village: Place, team: Team, another_worker: httpx.AsyncClient
) -> None:
    workers = (village.client, another_worker)
    successor = Team(team.service, team.audience)
    await add_key(village, successor)
    for client in workers:
        for each in (team, successor):
            await eventually(partial(has_status, client, each, 200))
    await village.admin.execute("DELETE FROM service_key WHERE kid = $1", team.key.kid)
    for client in workers:
        await eventually(partial(has_status, client, team, 401))
        assert await has_status(client, successor, 200)


@pytest.mark.parametrize("change", ["active = false", "service = false"])
async def test_a_disabled_account_signs_in_no_more(village: Place, team: Team, change: str) -> None:
    await eventually(partial(has_status, village.client, team, 200))
    await village.admin.execute(f"UPDATE account SET {change} WHERE id = $1", team.service)
    await eventually(partial(has_status, village.client, team, 401))


async def test_an_unknown_key_costs_no_statement(village: Place, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    await eventually(partial(has_status, village.client, team, 200))
    reads, read = 0, village.database.service_keys

    async def counted() -> Any:
        nonlocal reads
        reads += 1
        return await read()

    monkeypatch.setattr(village.database, "service_keys", counted)

    async def costs_nothing() -> bool:
        before = reads
        for _ in range(5):
            assert (await send(village.client, team.bearer(headers={"kid": secrets.token_urlsafe(32)}))).status == 401
        return reads == before

    await eventually(costs_nothing)


def test_the_example_signs_a_token_that_is_accepted(tmp_path: Path) -> None:
    private, service = Ed25519PrivateKey.generate(), uuid.uuid4()
    path = tmp_path / "private.pem"
    path.write_bytes(private.private_bytes(*PRIVATE_PEM))
    token = subprocess.run(
        (sys.executable, EXAMPLE, str(service), "audience", str(path)), capture_output=True, text=True, check=True
    ).stdout.strip()
    key = ServiceKey.read(private.public_key().public_bytes(*PEM))
    assert jwt.get_unverified_header(token)["kid"] == key.kid
    assert key.keyring(service, "audience").verify(token).sub == service


def test_only_the_public_ed25519_key_of_a_team_is_accepted() -> None:
    private = Ed25519PrivateKey.generate()
    key = ServiceKey.read(private.public_key().public_bytes(*PEM))
    assert (len(key.kid), len(key.public_key)) == (43, 43)
    for content, sentence in (
        (private.private_bytes(*PRIVATE_PEM), "private key"),
        (generate_ec(SECP256R1()).public_key().public_bytes(*PEM), "Ed25519"),
        (b"-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n", "PEM"),
        (b"", "PEM"),
    ):
        with pytest.raises(ServiceKeyError, match=sentence):
            ServiceKey.read(content)
