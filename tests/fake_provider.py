"""An identity provider on loopback that does what a certified one refuses to do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson

DISCOVERY_PATH, KEYS_PATH = "/.well-known/openid-configuration", "/keys"


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole response of HTTP/1.1."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class FakeProvider:
    """What it publishes, which tests change while it runs; `answers` are raw responses in the place of it.

    While `holding` is set, every connection waits.  `requests` counts them by path."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.discovery: dict[str, Any] = {"issuer": self.issuer, "jwks_uri": self.issuer + KEYS_PATH}
        self.key_set: Any = {"keys": []}
        self.answers: dict[str, bytes] = {}
        self.requests: Counter[str] = Counter()
        self.heads: list[str] = []
        self.holding = asyncio.Event()
        self.released = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        path = head.split()[1]
        self.requests[path] += 1
        if self.holding.is_set():
            await self.released.wait()
        documents: Mapping[str, Any] = {DISCOVERY_PATH: self.discovery, KEYS_PATH: self.key_set}
        if path in self.answers:
            writer.write(self.answers[path])
        elif path in documents:
            writer.write(response(orjson.dumps(documents[path])))
        else:
            writer.write(response(b"", "404 Not Found"))
        writer.close()


@asynccontextmanager
async def fake_provider() -> AsyncIterator[FakeProvider]:
    """A provider at a free port of 127.0.0.1."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await provider.answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the caller has gone
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    provider = FakeProvider(server.sockets[0].getsockname()[1])
    try:
        yield provider
    finally:
        provider.released.set()
        server.close()
