"""The application: six routes, one pool, one schema.

Rule: every route is declared with the reason for which it may be open, or the application is not made.
Tests: tests/test_http.py, tests/test_cli.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from auth.principal import Principal
from auth.token import Keyring
from registry.db import Database
from registry.vault import Vault
from schema.build import build
from schema.cursor import Cursors
from schema.operation import Operations
from server import graphql
from server.declared import Declared, Reason, undeclared_routes
from server.metrics import Outcomes, exposition
from server.migrate import head
from server.principals import Principals
from server.settings import Settings

NOBODY = Principal(uuid.UUID(int=0), "", "", (), dt.datetime.max.replace(tzinfo=dt.UTC))
"""Who reads the schema without a token: no grant, no row."""


async def healthz(request: Request) -> Response:
    """Open: it says only that the process answers."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """Open: 200 only when queries will be answered, that is, the database has this code's version."""
    try:
        ready = await request.app.state.database.ready(head())
    except Exception:
        ready = False
    return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)


async def metrics(request: Request) -> Response:
    """Open where the setting `metrics` is on, and in the demo: counts of this process for Prometheus."""
    state = request.app.state
    if not (state.settings.metrics or state.settings.mode == "demo"):
        return PlainTextResponse("not found\n", 404)
    text = exposition(state.database, state.principals, state.outcomes, state.worker)
    return Response(text, media_type="text/plain; version=0.0.4")


async def sdl(request: Request) -> Response:
    """Open: the schema with its directives, which introspection does not carry; it holds no data."""
    return PlainTextResponse(request.app.state.sdl)


async def jwks(request: Request) -> Response:
    """Open: the public keys of our tokens."""
    return JSONResponse(request.app.state.keyring.jwks())


ROUTES = [
    Declared("/graphql", graphql.endpoint, Reason.EACH_FIELD, ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    Declared("/schema.graphql", sdl, Reason.PUBLIC, ["GET"]),
    Declared("/healthz", healthz, Reason.HEALTH, ["GET"]),
    Declared("/readyz", readyz, Reason.HEALTH, ["GET"]),
    Declared("/metrics", metrics, Reason.COUNTS, ["GET"]),
    Declared("/.well-known/jwks.json", jwks, Reason.PUBLIC_KEYS, ["GET"]),
]


def create(settings: Settings, dsn: str, keyring: Keyring, vault: Vault, cursor_secret: bytes) -> Starlette:
    """The application over the database that its login opens by `dsn`.  TypeError: a route is undeclared."""
    if found := undeclared_routes(ROUTES):
        raise TypeError(f"declare these routes with server.declared.Declared: {', '.join(found)}")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        limits = settings.pool_size, settings.statement_timeout_ms / 1000, settings.queue_timeout_ms / 1000
        async with Database.open(dsn, *limits) as database, Principals().opening(settings.listen_url or dsn) as told:
            app.state.database, app.state.principals = database, told
            yield

    app = Starlette(routes=ROUTES, lifespan=lifespan)
    app.state.settings, app.state.keyring, app.state.vault = settings, keyring, vault
    app.state.schema, app.state.cursors, app.state.nobody = build(), Cursors(cursor_secret), NOBODY
    app.state.operations = Operations(app.state.schema._schema)
    app.state.outcomes, app.state.worker = Outcomes(), 0
    app.state.sdl = app.state.schema.as_str() + "\n"
    return app
