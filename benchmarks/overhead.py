"""What the engine and the executor add to a query: a page of 20 households with 4 members each, over HTTP's inside.

    .venv/bin/python -m benchmarks.overhead

Interleaved in one run, medians.  `sql` is the same prepared statement run directly on the same pool; `fetch` adds the
door of the database; `request` is the whole request in the server's process, with token, grants and JSON.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import orjson
from rich.console import Console
from rich.progress import track
from starlette.requests import Request

from auth.principal import SETTINGS
from auth.token import Keyring
from registry.db import SETTING, Database, Statement
from registry.vault import Vault
from server import graphql
from server.app import create
from server.demo.accounts import personas
from server.demo.load import load
from server.embedded import temporary
from server.identity import principal_of
from server.migrate import migrate
from server.settings import Settings

ROUNDS = 1500
PERSONA = "officer@35.07.11.2008"
QUERY = """{ households(first: 20) { nodes { id householdNo workflowState address memberCount
  members { id seq fullName nikMasked birthDate relationToHead } } pageInfo { hasNextPage endCursor } } }"""


class Kept(Database):
    """The door, which also remembers its last statement."""

    last: tuple[Statement, list[Any]]

    async def fetch(self, statement: Statement, principal: Any, arguments: Any) -> bytes | None:
        known = {**arguments, **{SETTING + name: principal.setting(name) for name in SETTINGS}}
        self.last = statement, [known[name] for name in statement.names]
        return await super().fetch(statement, principal, arguments)


async def main() -> None:
    with temporary() as postgres:
        await migrate(postgres.dsn())
        admin = await asyncpg.connect(postgres.dsn(), server_settings={"search_path": "registry"})
        vault = Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))
        await load(admin, vault, only=("35.07.11.2008",))
        await admin.execute("ANALYZE")
        await admin.close()
        keyring = Keyring.generate()
        app = create(Settings(mode="demo"), postgres.dsn(user="registry_app"), keyring, vault, b"x" * 32)
        async with app.router.lifespan_context(app):
            await measure(app, keyring)


async def measure(app: Any, keyring: Keyring) -> None:
    database = app.state.database
    database.__class__ = Kept
    token = f"Bearer {keyring.issue(personas()[PERSONA], 600, dt.datetime.now(dt.UTC))}"
    body = orjson.dumps({"query": QUERY})
    headers = [(b"content-type", b"application/json"), (b"authorization", token.encode())]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers, "app": app}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def request() -> None:
        answer = await graphql.endpoint(Request(dict(scope), receive))
        assert b'"errors"' not in answer.body

    await request()
    statement, values = database.last
    principal = await principal_of(token, keyring, database)

    async def sql() -> None:
        await database._pool.fetchval(statement.text, *values)

    async def fetch() -> None:
        await Database.fetch(database, statement, principal, dict(zip(statement.names, values, strict=True)))

    async def grants() -> None:
        await principal_of(token, keyring, database)

    runs: dict[str, Callable[[], Awaitable[None]]] = {"sql": sql, "fetch": fetch, "grants": grants, "request": request}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in track(range(ROUNDS), "rounds"):
        for name, run in runs.items():
            begun = time.perf_counter()
            await run()
            times[name].append(time.perf_counter() - begun)
    base = statistics.median(times["sql"])
    for name, found in times.items():
        Console().print(f"{name:<8} {statistics.median(found) * 1e6:7.0f} µs   {statistics.median(found) / base:.2f} ×")


if __name__ == "__main__":
    asyncio.run(main())
