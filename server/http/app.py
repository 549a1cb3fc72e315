"""The application: its routes, one pool, one schema.

/graphql is answered before Starlette's layers, which would take as long as finding a plan does.

Rule: every route is declared with the reason why it may be open, or the application does not start.
Tests: tests/test_http.py, tests/test_cli.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from auth.token import Keyring
from registry.guard.vault import Vault
from registry.store.db import Database
from schema.build import build
from schema.engine.cursor import Cursors
from schema.errors import MethodNotAllowed, NotFound, RequestError
from server.access_declarations import Declared, Reason, undeclared_routes
from server.database.migrate import head
from server.http.cors import Cors
from server.http.errors import refusal
from server.http.graphql import GRAPHQL
from server.http.headers import ORIGIN, accepts_gzip, accepts_page, headers_of, language_of
from server.http.key_watch import watching_keys
from server.http.metrics import MEDIA_TYPE, Published, publishing
from server.http.page import respond_with_page
from server.http.principals import Principals
from server.http.provider_accounts import opening_provider
from server.http.request_log import LogEntry, entry_of, request_id_of
from server.http.responses import SAFE_HEADERS, Reply, rendered
from server.http.service import Service
from server.settings import Settings


def _service(request: Request) -> Service:
    service: Service = request.app.service
    return service


NO_STORE = {name.decode(): value.decode() for name, value in SAFE_HEADERS}


def _plain(text: str, status: int = 200) -> Response:
    """A line of text that no cache stores."""
    return PlainTextResponse(f"{text}\n", status, NO_STORE)


def _refuse(request: Request, error: RequestError, allow: str = "") -> Response:
    """A refusal in the shape of GraphQL's."""
    entry = entry_of(request.scope)
    entry.outcome = error.code
    reply = Reply.new(language_of(headers_of(request.scope)), request_id=entry.request_id)
    reply.allow = allow.encode()
    headers, body = rendered(reply, refusal(reply, error))
    return Response(body, reply.status, {name.decode(): value.decode() for name, value in headers})


async def _not_found(request: Request, error: Exception) -> Response:
    return _refuse(request, NotFound())


async def _not_allowed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    allow = (error.headers or {}).get("Allow", "")
    return _refuse(request, MethodNotAllowed(f"Gunakan {allow}.", f"Use {allow}."), allow)


async def welcome(request: Request) -> Response:
    """Open: it says what this is and where to look."""
    if not accepts_page(headers_of(request.scope)):
        return _refuse(request, NotFound())
    return respond_with_page(request.scope, _service(request), "home")


async def asset(request: Request) -> Response:
    """Open: a file of the web build, which a browser may keep for ever, because its name changes with its content."""
    file = _service(request).web.files.get(request.path_params["name"])
    if file is None:
        return _refuse(request, NotFound())
    headers = ASSET_HEADERS | {"etag": file.etag}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = file.content
    if file.compressed is not None and accepts_gzip(headers_of(request.scope)):
        content, headers["content-encoding"] = file.compressed, "gzip"
    return Response(content, headers=headers | {"content-type": file.media_type})


async def healthz(request: Request) -> Response:
    """Open: it says only that the process answers."""
    return _plain("ok")


async def readyz(request: Request) -> Response:
    """Open: 200 only if queries will be answered (the database has this code's version) and commands stored."""
    database = _service(request).database
    entry_of(request.scope).outcome = "NOT_READY"
    try:
        if not await database.ready(head()):
            return _plain("not ready", 503)
        if not await database.stores():
            return _plain("not ready to store", 503)
    except Exception:
        return _plain("not ready", 503)
    entry_of(request.scope).outcome = "OK"
    return _plain("ready")


async def metrics(request: Request) -> Response:
    """Open if the setting `metrics` is on, and in the demo: counts of the whole service for Prometheus."""
    app: App = request.app
    settings = app.service.settings
    if not (settings.metrics or settings.metrics_port or settings.mode == "demo"):
        return _refuse(request, NotFound())
    return Response(app.published.exposition(), media_type=MEDIA_TYPE, headers=NO_STORE)


async def sdl(request: Request) -> Response:
    """Open: the schema with its directives, which introspection leaves out; it holds no data."""
    headers = {"x-content-type-options": "nosniff", "cache-control": "no-cache", "vary": "Accept-Encoding"}
    service = _service(request)
    if accepts_gzip(headers_of(request.scope)):
        return Response(service.sdl_gzip, media_type="text/plain", headers=headers | {"content-encoding": "gzip"})
    return PlainTextResponse(service.sdl, headers=headers)


async def jwks(request: Request) -> Response:
    """Open: the public keys of our tokens."""
    return JSONResponse(_service(request).keyring.jwks(), headers={"x-content-type-options": "nosniff"})


ASSET_HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; script-src 'self'; frame-ancestors 'none'",  # also a worker's
    "referrer-policy": "no-referrer",
    "vary": "Accept-Encoding",
    "x-content-type-options": "nosniff",
}
PATH = "/graphql"
ROUTES = [
    Declared(PATH, GRAPHQL, Reason.EACH_FIELD, ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    Declared("/", welcome, Reason.PUBLIC, ["GET"]),
    Declared("/assets/{name}", asset, Reason.PUBLIC, ["GET"]),
    Declared("/schema.graphql", sdl, Reason.PUBLIC, ["GET"]),
    Declared("/healthz", healthz, Reason.HEALTH, ["GET"]),
    Declared("/readyz", readyz, Reason.HEALTH, ["GET"]),
    Declared("/metrics", metrics, Reason.COUNTS, ["GET"]),
    Declared("/.well-known/jwks.json", jwks, Reason.PUBLIC_KEYS, ["GET"]),
]


PATHS = {route.path for route in ROUTES}


class App(Starlette):
    """The application, with the service that its routes use.  `dsn` is the database that it opens when it starts."""

    published: Published  # from its start to its end

    def __init__(self, service: Service, dsn: str, routes: Sequence[Declared]) -> None:
        self.service = service
        self._dsn = dsn
        super().__init__(routes=routes, lifespan=self._open, exception_handlers={404: _not_found, 405: _not_allowed})
        self.router.redirect_slashes = False  # behind a proxy, its redirect would name the wrong host and scheme
        self._cors = Cors(self._routed, service.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        headers = headers_of(scope)
        entry = LogEntry(request_id_of(headers), scope["path"] if scope["path"] in PATHS else "")
        scope["entry"] = entry
        application = self._cors if ORIGIN in headers else self._routed
        try:
            await application(scope, receive, entry.watching(send))
        finally:
            self.service.note(entry)

    def _is_wrong_port(self, scope: Scope) -> bool:
        """Whether this port does not serve the path: a port for metrics serves /metrics alone, other ports do not."""
        metrics_port = self.service.settings.metrics_port
        if metrics_port is None:
            return False
        is_metrics_port = scope["server"][1] == metrics_port
        return is_metrics_port is not (scope["path"] == "/metrics")

    async def _routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_wrong_port(scope):
            await _refuse(Request(scope), NotFound())(scope, receive, send)
            return
        if scope["path"] == PATH:
            scope["app"] = self
            await GRAPHQL(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    @asynccontextmanager
    async def _open(self, app: Starlette) -> AsyncIterator[None]:
        settings = self.service.settings
        opening_database = Database.open(
            self._dsn,
            size=settings.connections,
            seconds=settings.statement_timeout_ms / 1000,
            acquire_timeout=settings.queue_timeout_ms / 1000,
            heavy=settings.heavy_at_once,
            query_seconds=settings.query_timeout_ms / 1000,
        )
        listening = Principals().opening(self._dsn, settings.listen_url)
        provider = opening_provider(settings)
        async with opening_database as database, listening as principals, provider as provider_accounts:
            self.service.database, self.service.principals = database, principals
            self.service.provider_accounts = provider_accounts
            counting = publishing(self.service, self.service.counts)
            async with counting as self.published, watching_keys(self.service):
                yield


def create(
    settings: Settings,
    dsn: str,
    keyring: Keyring,
    vault: Vault,
    cursor_secret: bytes,
    more_routes: Sequence[Declared] = (),
) -> App:
    """The application over the database at `dsn`.  Raises TypeError if a route is not declared."""
    routes = [*ROUTES, *more_routes]
    if undeclared := undeclared_routes(routes):
        raise TypeError(f"declare these routes with server.access_declarations.Declared: {', '.join(undeclared)}")
    return App(Service(settings, keyring, vault, Cursors(cursor_secret), build()), dsn, routes)
