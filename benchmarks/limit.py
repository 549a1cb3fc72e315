"""The hand-written limit: a bare ASGI application that runs one prepared statement and sends PostgreSQL's own bytes.

    POST /walled/W1 {"a": [settings …, arguments …]}      as the application's login, under row security
    POST /free/W1   {"a": [arguments …]}                  as a login that row security does not bind

No framework, no validation, no token: what nobody can be faster than, with the same server, driver and database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import asyncpg
import orjson

from benchmarks.statements import MADE, statement
from benchmarks.submission import STORES, Connections, writing
from registry.guard.vault import Vault
from server.settings import Settings

Run = Callable[[bytes], Awaitable[bytes]]
SIZE = Settings().connections
"""Connections, as in the product's pool."""
SETTINGS = {"walled": {}, "free": {"plan_cache_mode": "force_generic_plan"}}
"""The application's login has its own; the other gets the one that matters."""
JSON, LENGTH = (b"content-type", b"application/json"), b"content-length"


async def _connect(dsn: str, settings: dict[str, str]) -> asyncpg.Connection:
    """A connection that returns a varchar as the bytes on the wire."""
    connection = await asyncpg.connect(dsn, max_cacheable_statement_size=0, server_settings=settings)
    await connection.set_type_codec("varchar", schema="pg_catalog", encoder=str.encode, decoder=bytes, format="binary")
    return connection


class App:
    """Both kinds of the limit; `walled` and `free` are the addresses of the two logins."""

    def __init__(self, walled: str, free: str, vault: Vault) -> None:
        self._dsns, self._vault = {"walled": walled, "free": free}, vault
        self._runs: dict[str, Run] = {}
        self._open: list[asyncpg.Connection] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        message = await receive()
        body = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
        answer = await self._runs[scope["path"]](body)
        headers = [JSON, (LENGTH, b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        for kind, dsn in self._dsns.items():
            free: Connections = asyncio.LifoQueue()
            for _ in range(SIZE):
                self._open.append(await _connect(dsn, SETTINGS[kind]))
                free.put_nowait(self._open[-1])
            for name in MADE:
                self._runs[f"/{kind}/{name}"] = _reading(free, name, kind == "walled")
            for name, store in STORES.items():
                self._runs[f"/{kind}/{name}"] = writing(free, self._vault, store, kind == "walled")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for connection in self._open:
            await connection.close()
        await send({"type": "lifespan.shutdown.complete"})


def _reading(free: Connections, name: str, walled: bool) -> Run:
    text = statement(name, walled)
    before, after = (part.encode() for part in MADE[name][1].split("%s"))

    async def run(body: bytes) -> bytes:
        values = orjson.loads(body)["a"]
        connection = await free.get()
        try:
            # fetchval would ask for one row, which forbids parallel plans
            ((answer,),) = await connection.fetch(text, *values)
        finally:
            free.put_nowait(connection)
        return before + cast("bytes", answer) + after

    return run
