"""The application: five routes, one pool, one schema.

Rule: every route is declared here with the reason for which it may be open.  Test: tests/test_http.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from auth.principal import Principal
from auth.token import Keyring
from registry.db import Database
from registry.vault import Vault
from schema.build import build
from schema.cursor import Cursors
from server import graphql
from server.migrate import head
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


async def sdl(request: Request) -> Response:
    """Open: the schema with its directives, which introspection does not carry; it holds no data."""
    return PlainTextResponse(request.app.state.sdl)


async def jwks(request: Request) -> Response:
    """Open: the public keys of our tokens."""
    return JSONResponse(request.app.state.keyring.jwks())


ROUTES = [
    Route("/graphql", graphql.endpoint, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    Route("/schema.graphql", sdl, methods=["GET"]),
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/.well-known/jwks.json", jwks, methods=["GET"]),
]


def create(settings: Settings, dsn: str, keyring: Keyring, vault: Vault, cursor_secret: bytes) -> Starlette:
    """The application over the database `dsn`, which the login of the application opens."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with Database.open(dsn, settings.pool_size, settings.statement_timeout_ms / 1000) as database:
            app.state.database = database
            yield

    app = Starlette(routes=ROUTES, lifespan=lifespan)
    app.state.settings, app.state.keyring, app.state.vault = settings, keyring, vault
    app.state.schema, app.state.cursors, app.state.nobody = build(), Cursors(cursor_secret), NOBODY
    app.state.sdl = app.state.schema.as_str() + "\n"
    return app
