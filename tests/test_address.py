"""The address of a caller: only our own proxies are believed, and only as far as they wrote."""

from __future__ import annotations

import ipaddress

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from server.http.address import address_of
from server.http.service import Service
from server.http.serving import Server
from tests.village import Place

PROXIES = [ipaddress.ip_network(each) for each in ("10.0.0.0/8", "2001:db8::/32")]
XFF, FORWARDED = "x-forwarded-for", "forwarded"


def address(peer: str, *lines: str, header: str = XFF, written: str | None = None) -> str:
    headers = [((written or header).encode(), line.encode()) for line in lines]
    return address_of({"type": "http", "client": (peer, 5), "headers": headers}, PROXIES, header)


@pytest.mark.parametrize(
    ("peer", "lines", "expected"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.1"], "198.51.100.7"),  # no proxy of ours
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.1"], "203.0.113.1"),  # what the caller sent stands before
        ("10.0.0.1", ["1.2.3.4", "203.0.113.1"], "203.0.113.1"),  # in a line of its own
        ("10.0.0.1", ["203.0.113.1, 10.0.0.2"], "203.0.113.1"),  # two proxies
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.1:4711"], "203.0.113.1"),
        ("2001:db8::1", ["[2a00::5]:80"], "2a00::5"),
        ("::ffff:198.51.100.7", [], "198.51.100.7"),  # as a socket of IPv6 shows IPv4
        ("::ffff:10.0.0.1", ["1.2.3.4, ::ffff:203.0.113.1, ::ffff:10.0.0.2"], "203.0.113.1"),
        ("10.0.0.1", ["garbage"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.1, garbage"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
    ],
)
def test_x_forwarded_for_is_read_from_its_end(peer: str, lines: list[str], expected: str) -> None:
    assert address(peer, *lines) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("for=203.0.113.1", "203.0.113.1"),
        ('for=1.2.3.4, For="203.0.113.1:80";proto=https;by=10.0.0.1', "203.0.113.1"),
        ('proto=https; for="[2a00::5]:4711"', "2a00::5"),
        ("for=unknown", "10.0.0.1"),
        ("for=_hidden", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
    ],
)
def test_forwarded_is_read_by_rfc_7239(line: str, expected: str) -> None:
    assert address("10.0.0.1", line, header=FORWARDED) == expected


def test_the_other_header_is_not_read() -> None:
    """A proxy that writes one of them passes the other on as the caller sent it."""
    assert address("10.0.0.1", "for=1.2.3.4", header=XFF, written=FORWARDED) == "10.0.0.1"
    assert address("10.0.0.1", "1.2.3.4", header=FORWARDED, written=XFF) == "10.0.0.1"


def test_without_the_setting_no_header_is_read() -> None:
    scope = {"type": "http", "client": ("10.0.0.1", 5), "headers": [(b"x-forwarded-for", b"1.2.3.4")]}
    assert address_of(scope, [], XFF) == "10.0.0.1"


class Heard:
    """An application that remembers who called it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.clients: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.clients.append(scope["client"][0])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.anyio
async def test_the_server_itself_believes_no_header(village: Place) -> None:
    """By itself uvicorn believes whoever connects from this machine."""
    heard = Heard(village.app.service)
    config = Server(heard).config  # type: ignore[arg-type]
    config.load()
    transport = httpx.ASGITransport(config.loaded_app, client=("127.0.0.1", 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
        await client.get("/", headers={XFF: "203.0.113.1", FORWARDED: "for=203.0.113.1"})
    assert heard.clients == ["127.0.0.1"]
