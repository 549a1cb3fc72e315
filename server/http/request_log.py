"""One line of the log for each request: who asked for what, how it ended and how long it took; never a value.

A line is put into a queue in memory, and a thread writes the queue ten times a second, so that a slow reader of the
log delays no request.  A full queue loses lines and counts them.
Rule: of what a caller sent, only a request id and the name of an operation are written, and only if they have a shape
that no name and no number of a person has (docs/decisions/log-lines.md).  Test: tests/test_logs.py.
"""

from __future__ import annotations

import os
import re
import select
import threading
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from starlette.types import Message, Scope, Send

from auth.errors import SignInFault
from server.logs import instant, written

REQUEST_ID = b"x-request-id"
TAKEN_OVER = re.compile(rb"(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9_-]{16,64}")
"""A request id of the proxy: it has letters and digits, as random ids have; names and numbers of people do not."""
OPERATION_NAME = re.compile(r"[A-Za-z_]{1,60}\d{0,2}")
"""A name of an operation that is written: a number of a person has more digits."""
MAX_WAITING = 20_000  # lines, of about 300 bytes
WRITE_SECONDS = 0.1  # between two writings
STOP_SECONDS = 2.0  # that the last writing may take
WHOLE_BYTES = getattr(select, "PIPE_BUF", 512)  # a pipe takes so many at once, so that lines of two workers do not mix
LEVELS = {"INTERNAL": "ERROR", "OVERLOADED": "WARNING", "TIMEOUT": "WARNING", "NOT_READY": "WARNING"}
OUTCOMES = ((500, "INTERNAL"), (400, "BAD_REQUEST"), (100, "OK"), (0, "INTERNAL"))
"""The outcome of a request that nothing else named one for, by the least status; 0 is one that was never answered."""
STDERR = 2


def new_request_id() -> str:
    """A random UUID, built here because `uuid4` takes as long as finding a plan."""
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def request_id_of(headers: Mapping[bytes, bytes]) -> str:
    """The id that the proxy sent, if there is one and it has the shape of one; else a new one."""
    sent = headers.get(REQUEST_ID)
    return sent.decode() if sent is not None and TAKEN_OVER.fullmatch(sent) else new_request_id()


@lru_cache(1000)
def operation_name(name: str | None) -> str | None:
    """The name of an operation, if it is short and has hardly any digit; else None."""
    return name if name is not None and OPERATION_NAME.fullmatch(name) else None


@dataclass(slots=True)
class LogEntry:
    """One request, as its line tells it.  `route` is one of the declared routes, '' if none was reached; `outcome` is
    OK or the first error code of the answer."""

    request_id: str
    route: str = ""
    account: uuid.UUID | None = None
    acting_for: uuid.UUID | None = None  # the user for whom the account, a service's, acts
    operation: str | None = None
    outcome: str = ""
    status: int = 0
    fault: SignInFault | None = None
    began: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0
    ended_at: float = 0.0

    def end(self) -> None:
        """Note the time, and an outcome if there is none yet."""
        self.seconds = time.perf_counter() - self.began
        self.ended_at = time.time()
        if not self.outcome:
            self.outcome = next(outcome for above, outcome in OUTCOMES if self.status >= above)

    def watching(self, send: Send) -> Send:
        """`send`, which also notes the status of the answer."""

        def noting(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            return send(message)

        return noting

    def line(self) -> dict[str, object]:
        """The fields of the line."""
        return {
            "time": instant(self.ended_at),
            "level": LEVELS.get(self.outcome, "INFO"),
            "event": "request",
            "requestId": self.request_id or None,
            "account": self.account,
            "actingFor": self.acting_for,
            "route": self.route or None,
            "operation": self.operation,
            "outcome": self.outcome,
            "reason": None if self.fault is None else self.fault.name,
            "status": self.status or None,
            "ms": round(self.seconds * 10_000) / 10,  # `round(…, 1)` takes three times as long
        }


def entry_of(scope: Scope) -> LogEntry:
    """The entry of the request that is answered."""
    entry: LogEntry = scope["entry"]
    return entry


class RequestLog:
    """The queue of one process.  `lost` counts the lines that found it full or could not be written."""

    def __init__(self, form: str, file: int = STDERR) -> None:
        self.lost = 0
        self._form, self._file = form, file
        self._waiting: deque[LogEntry] = deque()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, entry: LogEntry) -> None:
        """Queue the line of a request that has ended."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(entry)
        else:
            self.lost += 1

    def take(self) -> Iterator[bytes]:
        """The lines of the queue, which is empty then."""
        while self._waiting:
            yield written(self._waiting.popleft().line(), self._form)

    def start(self) -> None:
        """Write the queue from now on, in a thread that does not keep the process alive."""
        self._thread = threading.Thread(target=self._keep_writing, name="request log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, unless the log's reader is slow, and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _keep_writing(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stopping.wait(WRITE_SECONDS)
            for piece in _pieces(self.take()):
                try:
                    _write(self._file, piece)
                except OSError:  # nobody reads the log any more
                    self.lost += piece.count(b"\n")


def _pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines together, so many that a pipe takes them at once."""
    piece = b""
    for line in lines:
        if piece and len(piece) + len(line) > WHOLE_BYTES:
            yield piece
            piece = b""
        piece += line
    if piece:
        yield piece


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
