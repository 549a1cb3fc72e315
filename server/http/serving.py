"""The server: its socket, its signals, its processes, and what it serves in production.

Rule: production serves only with keys of its own, on a database that server/database/checks.py lets pass.
No request line reaches a log: the address of a GET query holds its variables.  Test: tests/test_serving.py.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from auth.token import Keyring
from registry.guard.vault import Vault
from server.database.checks import ServingError
from server.http.app import App, create
from server.http.bounds import Bounds, Connections
from server.http.protocol import protocol_of
from server.keys import is_demo
from server.settings import Settings

CURSORS = b"cursors"
PATIENCE = 5  # seconds that open requests have when the server stops
BACKLOG = 2048  # connections that wait to be accepted; uvicorn's own number


def production(settings: Settings) -> App:
    """The application of these settings, with keys from files.  ServingError: a key is missing, broken or a demo's."""
    assert settings.database_url is not None
    assert settings.signing_keys is not None
    assert settings.vault_keys is not None
    try:
        keyring = Keyring.load(settings.signing_keys, issuer=settings.issuer, audience=settings.audience)
        vault = Vault.load(settings.vault_keys)
        demo = [path for path in (*settings.signing_keys.glob("*.pem"), settings.vault_keys) if is_demo(path)]
    except (OSError, ValueError) as error:
        raise ServingError(str(error)) from None
    if demo:
        raise ServingError(f"{demo[0]} is a demo's key: make one with `desmigratif keys create` or `vault create`.")
    return create(settings, settings.database_url, keyring, vault, vault.derive(CURSORS))


def listen(host: str, port: int, setting: str = "PORT") -> socket.socket:
    """A socket that has the port before anything slow begins: two programs can bind to it, but only one can listen.
    Who connects waits for the server to start.  ServingError: another program has the port."""
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((host, port))
        held.listen(BACKLOG)
    except OSError as error:
        held.close()
        raise _unusable(host, port, error, setting) from None
    return held


def origin(settings: Settings) -> str:
    """The address of the server for a client on this machine."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


class Server(uvicorn.Server):
    """Serves on a held socket.  `started_up` runs beside the requests from the first one on, and its failure ends the
    server.  It ends with the process that holds the other end of `parent`, too."""

    def __init__(
        self, app: App, started_up: Callable[[], Coroutine[None, None, None]] | None = None, parent: int | None = None
    ) -> None:
        service = app.service
        super().__init__(
            uvicorn.Config(
                app,
                access_log=False,
                log_level="warning",
                server_header=False,
                proxy_headers=False,  # nothing asks where a request comes from
                http=protocol_of(Connections(Bounds.of(service.settings), service.outcomes)),
                ws="none",
                timeout_graceful_shutdown=PATIENCE,
            )
        )
        self.failure: BaseException | None = None
        self._started_up, self._parent = started_up, parent
        self._beside: asyncio.Task[None] | None = None

    @property
    def ended_by(self) -> int | None:
        """The first signal that ended it."""
        return next(iter(self._captured_signals), None)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, which also raises the signal again inside the event loop: here the caller decides.

        Signals after the one that ended the server do not break into what is closed then; `run` lets them in again."""
        before = {signum: signal.signal(signum, self.handle_exit) for signum in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler if self.ended_by is None else signal.SIG_IGN)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._parent is not None:
            asyncio.get_running_loop().add_reader(self._parent, self._orphaned, self._parent)
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what is there now stays, so that no later collection looks at it again
        if self.started and self._started_up:
            self._beside = asyncio.create_task(self._started_up())
            self._beside.add_done_callback(self._started)

    def _started(self, beside: asyncio.Task[None]) -> None:
        if not beside.cancelled() and (failure := beside.exception()):
            self.failure = failure
            self.should_exit = True

    def _orphaned(self, parent: int) -> None:
        asyncio.get_running_loop().remove_reader(parent)
        self.should_exit = True


def run(
    app: App,
    held: socket.socket,
    started_up: Callable[[], Coroutine[None, None, None]] | None = None,
    workers: int = 1,
) -> None:
    """Serve until a signal; the signal is raised again when everything is closed.

    ServingError: it cannot start, or one of several workers could not; and what `started_up` raises."""
    settings, handlers = app.service.settings, _handlers()
    sockets = [held]
    if settings.metrics_port is not None:
        sockets.append(listen(settings.host, settings.metrics_port, "METRICS_PORT"))
    with TemporaryDirectory(prefix="desmigratif-") as counts:
        app.service.counts = Path(counts)
        ended = _run(app, sockets, started_up, workers)
    if ended is not None:
        _raise_again(ended, handlers)


Handlers = dict[signal.Signals, Any]


def _handlers() -> Handlers:
    return {signum: signal.getsignal(signum) for signum in HANDLED_SIGNALS}


def _raise_again(signum: int, handlers: Handlers) -> None:
    """Everything is closed: the signal does what it would have done without the server."""
    for each, handler in handlers.items():
        signal.signal(each, handler)
    signal.raise_signal(signum)


def _run(
    app: App,
    sockets: list[socket.socket],
    started_up: Callable[[], Coroutine[None, None, None]] | None,
    workers: int,
) -> int | None:
    """Serve until a signal, and return it."""
    if workers == 1:
        return _serve(sockets, Server(app, started_up))
    if not hasattr(os, "fork"):
        raise ServingError("This system cannot share a port between workers: let there be one.")
    from server.http.workers import GaveUp, supervise  # of systems that fork

    def work(number: int, parent: int) -> None:
        handlers = _handlers()
        if (ended := _serve(sockets, Server(app, started_up, parent))) is not None:
            _raise_again(ended, handlers)

    try:
        return supervise(work, workers)
    except GaveUp as why:
        raise ServingError(str(why)) from None
    finally:
        for held in sockets:
            held.close()


def _serve(sockets: list[socket.socket], server: Server) -> int | None:
    host, port = sockets[0].getsockname()[:2]
    try:
        server.run(sockets=sockets)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise _unusable(host, port, error) from None
    finally:
        for held in sockets:
            held.close()
    if server.failure is not None:
        raise server.failure
    if not server.started:
        raise ServingError("The server did not start: the lines above say why.")
    return server.ended_by


def _unusable(host: str, port: int, error: OSError, setting: str = "PORT") -> ServingError:
    if error.errno == errno.EADDRINUSE:
        words = f"Port {port} of {host} is taken: stop the program that has it, or choose another {setting}."
    else:
        words = f"Port {port} of {host} cannot be used ({error.strerror}): choose another {setting}."
    return ServingError(words)
