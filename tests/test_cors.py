"""Calls from web pages: only origins in the setting may read answers, and browsers send no credentials."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.http.cors import HEADERS
from server.settings import Settings
from tests.village import Answer, Place, served_with

pytestmark = pytest.mark.anyio
OWN, FOREIGN = "https://app.example.go.id", "https://evil.example"
VIEWER = {"query": "{ viewer { name } }"}


@pytest.fixture(scope="module")
async def open_to(village: Place) -> AsyncIterator[Place]:
    """Production with two allowed origins."""
    async with served_with(village, mode="production", origins=f"{OWN} , https://other.example.go.id:8443") as place:
        yield place


async def preflight(
    place: Place, origin: str, method: str = "POST", headers: str = "authorization, content-type"
) -> Answer:
    request_headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": headers,
    }
    return await place.send("OPTIONS", headers=request_headers)


async def post(place: Place, origin: str) -> Answer:
    return await place.send("POST", json=VIEWER, headers=place.bearer("officer") | {"origin": origin})


@pytest.mark.parametrize("origin", [OWN, "https://other.example.go.id:8443"])
async def test_a_listed_origin_may_call(open_to: Place, origin: str) -> None:
    preflight_answer = await preflight(open_to, origin)
    assert (preflight_answer.status, preflight_answer.body) == (204, b"")
    assert preflight_answer.headers["access-control-allow-origin"] == origin
    allowed = {name.strip().lower() for name in preflight_answer.headers["access-control-allow-headers"].split(",")}
    assert {name.lower() for name in HEADERS} <= allowed
    assert 0 < int(preflight_answer.headers["access-control-max-age"]) <= 3600
    answer = await post(open_to, origin)
    assert answer.data == {"viewer": {"name": "officer"}}
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    for headers in (preflight_answer.headers, answer.headers):
        assert "Origin" in headers["vary"]
        assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    [
        FOREIGN,
        "null",
        "",
        "*",
        "http://app.example.go.id",
        f"{OWN}:8443",
        f"{OWN}.evil.example",
        f"{OWN}, {FOREIGN}",
        "https://xapp.example.go.id",
        "http://localhost:3000",
    ],
)
async def test_other_origins_may_not_call(open_to: Place, origin: str) -> None:
    preflight_answer = await preflight(open_to, origin)
    assert (preflight_answer.status, preflight_answer.codes) == (400, ["BAD_REQUEST"])
    for headers in (preflight_answer.headers, (await post(open_to, origin)).headers):
        assert "access-control-allow-origin" not in headers


async def test_a_preflight_for_another_method_or_header_is_refused(open_to: Place) -> None:
    for method, names in (("PUT", "content-type"), ("POST", "x-secret"), ("POST", ", ".join(["a"] * 5_000))):
        refused = await preflight(open_to, OWN, method, names)
        assert (refused.status, refused.codes) == (400, ["BAD_REQUEST"])
        assert len(refused.body) < 1_000


async def test_a_listed_origin_may_read_refusals(open_to: Place) -> None:
    answer = await open_to.send("POST", json=VIEWER, headers={"origin": OWN})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (401, OWN)


@pytest.mark.parametrize(
    "origin", ["http://localhost:5173", "http://127.0.0.1:8000", "https://localhost", "http://[::1]:3000"]
)
async def test_the_demo_allows_loopback_origins(village: Place, origin: str) -> None:
    assert (await preflight(village, origin)).status == 204
    assert (await post(village, origin)).headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    "origin", ["http://localhost.evil.example", "http://xlocalhost", "http://localhost:1:2", "http://127.0.0.11"]
)
async def test_the_demo_allows_no_other_origin(village: Place, origin: str) -> None:
    assert (await preflight(village, origin)).status == 400
    assert "access-control-allow-origin" not in (await post(village, origin)).headers


@pytest.mark.parametrize(
    "wrong", ["*", "https://*.go.id", "app.example.go.id", f"{OWN}/", f"{OWN}/path", "https://", f"{OWN},,"]
)
def test_the_setting_accepts_only_complete_origins(wrong: str) -> None:
    with pytest.raises(ValueError, match="origins"):
        Settings(origins=wrong)
