"""A fetch ends in bounded time and size, over TLS or on this machine, and follows nobody elsewhere."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import pytest

from server.http import fetch
from server.http.fetch import MAX_BYTES, FetchError, fetch_json, is_safe_url
from tests.fake_provider import KEYS_PATH, FakeProvider, fake_provider, response

pytestmark = pytest.mark.anyio
TLS = ssl.create_default_context()


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with fake_provider() as provider:
        yield provider


@pytest.mark.parametrize(
    "url",
    [
        "https://sso.example.go.id/keys",
        "https://sso.example.go.id:8443/keys?realm=staff",
        "http://127.0.0.1:8000/keys",
        "http://[::1]:8000/keys",
        "http://localhost/keys",
    ],
)
def test_https_may_be_fetched_and_http_of_this_machine(url: str) -> None:
    assert is_safe_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://sso.example.go.id/keys",
        "http://127.0.0.1.example.go.id/keys",
        "http://localhost@example.go.id/keys",
        "http://0x7f000001/keys",
        "file:///etc/passwd",
        "ftp://127.0.0.1/keys",
        "HTTPS://sso.example.go.id/keys",
        "//sso.example.go.id/keys",
        "https:///keys",
        "https://siti:rahasia@sso.example.go.id/keys",
        "https://sso.example.go.id/keys#top",
        "https://sso.example.go.id:99999/keys",
        "https://sso.example.go.id/ke ys",
        "https://sso.example.go.id/keys\r\nHost: elsewhere",
        "https://sso.example.go.id/" + "x" * 3000,
        "https://[::1/keys",
        "None",
        "",
    ],
)
async def test_nothing_else_is_fetched(url: str) -> None:
    assert not is_safe_url(url)
    with pytest.raises(FetchError, match="not https"):
        await fetch_json(url, TLS)


async def test_a_document_comes_whole_or_in_chunks(provider: FakeProvider) -> None:
    provider.key_set = {"keys": ["x" * 50_000]}
    assert await fetch_json(provider.issuer + KEYS_PATH, TLS) == provider.key_set
    chunked = b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n'
    provider.answers[KEYS_PATH] = chunked
    assert await fetch_json(provider.issuer + KEYS_PATH, TLS) == {"a": 1}
    assert all(set(head.split("\r\n")[1:]) <= HEADERS | {f"Host: {provider.issuer[7:]}"} for head in provider.heads)


HEADERS = {"Accept: application/json", "Connection: close", ""}
ANSWERS = {
    "another status": (response(b"{}", "500 Internal Server Error"), "status 500"),
    "a redirect": (response(b"{}", "302 Found", "location: http://127.0.0.1:1/keys"), "status 302"),
    "a promise without an answer": (b"HTTP/1.1 100 Continue\r\n\r\n", "status 100|incomplete"),
    "too large": (response(b"[" + b"1," * MAX_BYTES + b"1]"), "too large"),
    "too large a head": (response(b"{}", "200 OK", "x: " + "x" * MAX_BYTES), "too large|HTTP"),
    "no end of it": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\n1\r\n" * MAX_BYTES, "too large"),
    "cut": (response(b'{"keys": []}')[:-1], "incomplete"),
    "without its length": (b"HTTP/1.1 200 OK\r\n\r\n{}", "incomplete"),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n", "HTTP"),
    "nothing": (b"", "incomplete"),
    "no JSON": (response(b"<html>"), "not JSON"),
    "packed": (response(b"\x1f\x8b\x08\x00", "200 OK", "content-encoding: gzip"), "not JSON"),
    "very deep": (response(b"[" * 100_000), "not JSON"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_that_is_not_as_agreed_is_an_error(provider: FakeProvider, name: str) -> None:
    provider.answers[KEYS_PATH], reason = ANSWERS[name]
    with pytest.raises(FetchError, match=reason):
        await fetch_json(provider.issuer + KEYS_PATH, TLS)
    assert provider.requests.total() == 1


async def test_a_server_that_does_not_answer_is_left(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_SECONDS", 0.2)
    provider.holding.set()
    with pytest.raises(FetchError, match="too long"):
        await fetch_json(provider.issuer + KEYS_PATH, TLS)


async def test_a_server_that_is_not_there_is_an_error() -> None:
    async with fake_provider() as stopped:
        pass
    with pytest.raises(FetchError, match="cannot be reached"):
        await fetch_json(stopped.issuer + KEYS_PATH, TLS)
