"""The server: its socket, its signals, its processes, and the application of production.

Rule: production serves only with keys that are no demo's, on a database that passes server/database/checks.py.
No request line reaches a log, because the address of a GET query holds its variables.  Test: tests/test_serving.py.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import uvicorn

from server.database.checks import ServingError
from server.http.app import App, create
from server.http.bounds import Bounds, Connections
from server.http.closing import closing
from server.http.folding import folding
from server.http.protocol import protocol_of
from server.http.provider_accounts import trusted_certificates
from server.keys import KeyFileError, KeyFiles
from server.settings import Settings

CURSORS = b"cursors"
SIGNALS = [each for each in signal.Signals if each.name in ("SIGINT", "SIGTERM", "SIGBREAK")]  # the last is Windows'
SHUTDOWN_SECONDS = 5  # for open requests to end when the server stops
BACKLOG = 2048  # connections that wait to be accepted; uvicorn's own number

BesideRequests = Callable[[], Coroutine[None, None, None]]
"""Work that a server does beside its requests."""


def production(settings: Settings) -> App:
    """The application of these settings, with keys from files.

    Raises ServingError if a key is missing, broken or a demo's, and SettingsError for an unreadable certificate."""
    assert settings.database_url is not None
    assert settings.signing_keys is not None
    assert settings.vault_keys is not None
    trusted_certificates(settings)
    files = KeyFiles(settings.signing_keys, settings.vault_keys, settings.issuer, settings.audience)
    try:
        keyring, vault = files.load()
    except KeyFileError as error:
        raise ServingError(str(error)) from None
    app = create(settings, settings.database_url, keyring, vault, vault.derive(CURSORS))
    app.service.key_files = files
    return app


def listen(host: str, port: int, setting: str = "PORT") -> socket.socket:
    """A listening socket, opened before anything slow begins: two programs can bind to a port, but only one can listen.

    Callers that connect wait until the server has started.  `setting` is the setting that chose the port.
    Raises ServingError if the port cannot be used, as when another program has it."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _port_error(host, port, error, setting) from None
    return listening


def origin(settings: Settings) -> str:
    """The address of the server for a client on this machine."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


class Server(uvicorn.Server):
    """Serves on a socket that already listens.

    `started_up` runs beside the requests once the server accepts them; if it fails, the server ends.  `parent` is a
    file descriptor whose other end the parent process holds: when that process is gone, the server ends, too."""

    def __init__(self, app: App, started_up: BesideRequests | None = None, parent: int | None = None) -> None:
        service = app.service
        connections = Connections(Bounds.of(service.settings), service.outcomes, service.log)
        self._log = service.log
        super().__init__(
            uvicorn.Config(
                app,
                access_log=False,
                log_config=None,
                log_level="warning",
                server_header=False,
                proxy_headers=False,  # server/http/address.py decides which proxy is believed
                http=protocol_of(connections),
                ws="none",
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        self.failure: BaseException | None = None
        self.ended_by: int | None = None
        """The first signal that ended it."""
        self._started_up = started_up
        self._parent = parent
        self._beside = AsyncExitStack()
        self._folding, self._closing = folding(service), closing(service)
        self._task: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.ended_by is None:
            self.ended_by = sig
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but it does not raise the signal again inside the event loop: `run` does, after everything is
        closed.  Until then further signals are ignored, so that they cannot interrupt the closing."""
        handlers = {signum: signal.signal(signum, self.handle_exit) for signum in SIGNALS}
        try:
            yield
        finally:
            for signum, handler in handlers.items():
                signal.signal(signum, handler if self.ended_by is None else signal.SIG_IGN)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._parent is not None:
            asyncio.get_running_loop().add_reader(self._parent, self._parent_gone, self._parent)
        self._log.start()
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # the objects of now live as long as the process: collections need not look at them
        if self.started:
            await self._beside.enter_async_context(self._folding)
            await self._beside.enter_async_context(self._closing)
        if self.started and self._started_up:
            self._task = asyncio.create_task(self._started_up())
            self._task.add_done_callback(self._task_done)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._beside.aclose()
        await super().shutdown(sockets)
        self._log.stop()

    def _task_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()):
            self.failure = failure
            self.should_exit = True

    def _parent_gone(self, parent: int) -> None:
        asyncio.get_running_loop().remove_reader(parent)
        self.should_exit = True


def run(
    app: App,
    listening: socket.socket,
    started_up: BesideRequests | None = None,
    workers: int = 1,
) -> None:
    """Serve until a signal, and raise that signal again when everything is closed.

    Raises ServingError if the server or one of its workers cannot start, and whatever `started_up` raises."""
    settings = app.service.settings
    handlers = _handlers()
    sockets = [listening]
    if settings.metrics_port is not None:
        sockets.append(listen(settings.host, settings.metrics_port, "METRICS_PORT"))
    with TemporaryDirectory(prefix="desmigratif-") as counts:
        app.service.counts = Path(counts)
        ended_by = _run(app, sockets, started_up, workers)
    if ended_by is not None:
        _raise_again(ended_by, handlers)


Handlers = dict[signal.Signals, Any]


def _handlers() -> Handlers:
    return {signum: signal.getsignal(signum) for signum in SIGNALS}


def _raise_again(ended_by: int, handlers: Handlers) -> None:
    """Let the signal do what it would have done without the server."""
    for signum, handler in handlers.items():
        signal.signal(signum, handler)
    signal.raise_signal(ended_by)


def _run(
    app: App,
    sockets: list[socket.socket],
    started_up: BesideRequests | None,
    workers: int,
) -> int | None:
    """Serve until a signal, and return it."""
    if workers == 1:
        return _serve(sockets, Server(app, started_up))
    if not hasattr(os, "fork"):
        raise ServingError("This system cannot share a port between workers: set WORKERS to 1.")
    from server.http.workers import WorkerFailed, supervise  # imports what only systems that fork have

    def work(number: int, parent: int) -> None:
        handlers = _handlers()
        ended_by = _serve(sockets, Server(app, started_up, parent))
        if ended_by is not None:
            _raise_again(ended_by, handlers)

    try:
        return supervise(work, workers)
    except WorkerFailed as error:
        raise ServingError(str(error)) from None
    finally:
        for listening in sockets:
            listening.close()


def _serve(sockets: list[socket.socket], server: Server) -> int | None:
    host, port = sockets[0].getsockname()[:2]
    try:
        server.run(sockets=sockets)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise _port_error(host, port, error) from None
    finally:
        for listening in sockets:
            listening.close()
    if server.failure is not None:
        raise server.failure
    if not server.started:
        raise ServingError("The server did not start: the lines above say why.")
    return server.ended_by


def _port_error(host: str, port: int, error: OSError, setting: str = "PORT") -> ServingError:
    if error.errno == errno.EADDRINUSE:
        return ServingError(
            f"Port {port} of {host} is taken: stop the program that has it, or choose another {setting}."
        )
    return ServingError(f"Port {port} of {host} cannot be used ({error.strerror}): choose another {setting}.")
