"""HTTP on the wire: uvicorn's own protocol, with an end to everything that a caller may do before he is known.

uvicorn bounds neither the head of a request nor the time that a head, a body or the reading of an answer takes.
Rule: whatever is refused here is answered as everything else is, and the connection ends with it; an answer that is
under way is never mixed with another.  The names of uvicorn that stand here are not public: tests/test_protocol.py
fails first when they move.  Test: tests/test_protocol.py.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from auth.errors import AccessError
from schema.errors import HeadTooLarge, PayloadTooLarge, RequestError, RequestTimeout
from server.http.bounds import MAX_HEADERS, Connections
from server.http.errors import refusal
from server.http.headers import Headers, language_of
from server.http.responses import Reply, rendered

LINGER = 1.0  # seconds in which a refused caller may read why, while nothing more is read of him
MIN_PROGRESS = 64_000  # bytes of an answer that are taken in `answer_seconds`, if not all
NOTED = 64_000  # bytes of an answer that is not taken at once from which those of all callers are counted
MAX_PIPELINE = 16  # requests that wait behind one that is answered
BODY = {b"content-length", b"transfer-encoding"}
WIRE = 64_000  # bytes that the chunks of a body may take beside twice its size


class BoundedProtocol(HttpToolsProtocol):
    """One connection.  `waits_since` is None while a request is read or answered."""

    held: ClassVar[Connections]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._held, self._bounds = self.held, self.held.bounds
        self._application: Any = self.app
        self.app = self._answered
        self.address = ""
        self.waits_since: float | None = None
        self._in_head = True
        self._head_bytes = self._body_bytes = self._silent_bytes = 0
        self._head_due: float | None = None
        self._body_due: float | None = None
        self._leaves_at: float | None = None
        self._unread: tuple[int, float] | None = None  # bytes of answers not taken, and until when that must change
        self._unread_since: float | None = None
        self._refusal: RequestError | None = None  # why the parser was stopped
        self._is_ended = False
        """Whether nothing is read any more."""
        self._running: RequestResponseCycle | None = None

    # --- uvicorn's own steps ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        now = self.loop.time()
        self.address = self.client[0] if self.client else ""
        self.waits_since, self._head_due = now, now + self._bounds.head_seconds
        why = self._held.enter(self, self.loop)
        if self._held.is_crowded:
            self.transport.abort()
        elif why is not None:
            self._refuse(why)

    def connection_lost(self, exc: Exception | None) -> None:
        self._held.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        size = self._bounds.head_bytes
        if len(data) <= size:
            self._take(data)
            return
        for start in range(0, len(data), size):
            self._take(data[start : start + size])

    def on_headers_complete(self) -> None:
        if len(self.headers) > MAX_HEADERS:
            self._refusal = HeadTooLarge(MAX_HEADERS, "header")
        elif self.parser.should_upgrade() and BODY & {name for name, _ in self.headers}:  # the parser would skip it
            self._refusal = RequestError("Kirim tanpa header Upgrade.", "Send it without the header Upgrade.")
        if self._refusal is not None:
            raise ValueError
        self._in_head, self._body_bytes, self._silent_bytes = False, 0, 0
        self.waits_since = self._head_due = None
        self._body_due = self.loop.time() + self._bounds.body_seconds
        super().on_headers_complete()
        self.headers = []  # what follows a body is no head: the scope has the list of those before it

    def on_body(self, body: bytes) -> None:
        self._silent_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head, self._head_bytes, self._body_due = True, 0, None
        if self.cycle.response_complete:
            self.waits_since = self.loop.time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_head and not self.pipeline:
            self.waits_since = self.loop.time()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    # --- ours ---

    def _take(self, data: bytes) -> None:
        """Let the parser have at most `head_bytes`, unless this connection is at its end."""
        if self._is_ended:
            return
        in_head = self._in_head
        if in_head and self._head_bytes >= self._bounds.head_bytes:
            self._refuse(HeadTooLarge(self._bounds.head_bytes, "byte"))
            return
        if in_head:
            self._head_bytes += len(data)
            if self._head_due is None:
                self._head_due = self.loop.time() + self._bounds.head_seconds
        else:
            self._body_bytes += len(data)
            self._silent_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # to nothing that is spoken here: answered, and then it ends
            self._end_after_answer()
            return
        except httptools.HttpParserError:
            self._refuse(self._refusal or RequestError("Permintaan ini bukan HTTP.", "This is no HTTP request."))
            return
        head_bytes = self._head_bytes if in_head and self._in_head else self._silent_bytes
        if head_bytes > self._bounds.head_bytes:
            self._refuse(HeadTooLarge(self._bounds.head_bytes, "byte"))
        elif len(self.pipeline) > MAX_PIPELINE:
            self._refuse(RequestError("Kirim satu per satu.", "Send them one after another."))
        elif self._body_bytes > 2 * self._bounds.body_bytes + WIRE:
            self._refuse(PayloadTooLarge(self._bounds.body_bytes))

    def look(self, now: float) -> None:
        """End what takes too long."""
        if (self._leaves_at is not None and now > self._leaves_at) or self._is_unread(now):
            self.transport.abort()
        elif self._head_due is not None and now > self._head_due:
            if self._head_bytes:
                self._refuse(RequestTimeout())
            else:
                self.transport.close()
        elif self._body_due is not None and now > self._body_due:
            if self.flow.read_paused:  # it is we who do not read
                self._body_due = now + self._bounds.body_seconds
            else:
                self._refuse(RequestTimeout())

    @property
    def reads_since(self) -> float | None:
        """Since when a body is read of which some has not come, later by its seconds; None while none is, or while an
        earlier request is answered."""
        running = self._running
        is_busy = running is not None and not running.response_complete and running is not self.cycle
        return None if is_busy else self._body_due

    @property
    def unread_bytes(self) -> int:
        """Bytes of answers that the caller has not taken."""
        return self.transport.get_write_buffer_size()

    def unread_seconds(self, now: float) -> float:
        """For how long there have been some."""
        return 0.0 if self._unread_since is None else now - self._unread_since

    def give_way(self) -> None:
        """Close at once: somebody else needs the place."""
        self._held.leave(self)
        self.transport.abort()

    def _is_unread(self, now: float) -> bool:
        """Whether the caller takes nearly nothing of what he asked for."""
        left = self.unread_bytes
        if not left:
            self._unread = self._unread_since = None
        elif self._unread is None or not self._unread[0] - MIN_PROGRESS < left <= self._unread[0]:
            self._unread = left, now + self._bounds.answer_seconds  # less is left, or more has been written
        return self._unread is not None and now > self._unread[1]

    def _refuse(self, why: RequestError | AccessError) -> None:
        """Answer no more than this; an answer that is under way comes first, and then it is the last one."""
        self._is_ended, self._head_due, self._body_due, self.waits_since = True, None, None, None
        self._held.outcomes[why.code] = self._held.outcomes.get(why.code, 0) + 1
        running = self._running
        is_busy = running is not None and not running.response_complete
        if is_busy and (running is not self.cycle or self._in_head):
            self._end_after_answer()
        elif is_busy and running is not None and running.response_started:
            self.transport.close()
        elif running is not None and not self._in_head and not is_busy:  # answered before all of it came
            self._leave()
        else:
            if is_busy and running is not None:
                running.disconnected = True
                running.message_event.set()
            self.transport.write(self._written(why))
            self._leave()

    def _end_after_answer(self) -> None:
        self._is_ended = True
        self.pipeline.clear()
        if self._running is not None:
            self._running.keep_alive = False

    def _leave(self) -> None:
        """Close a moment later: closed at once, the system would throw away what the caller has not read yet."""
        self._leaves_at = self.loop.time() + LINGER
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
            self.flow.pause_reading()
        else:
            self.transport.close()

    def _written(self, why: RequestError | AccessError) -> bytes:
        headers: Headers = dict(self.headers or ())
        language = language_of(headers) if b"accept-language" in headers else None
        reply = Reply.new(language or "id")
        head, body = rendered(reply, refusal(reply, why, both=language is None))
        lines = [b"%b: %b\r\n" % header for header in [*self.server_state.default_headers, *head]]
        return b"".join([STATUS_LINE[reply.status], *lines, b"connection: close\r\n\r\n", body])

    async def _answered(self, scope: Any, receive: Any, send: Any) -> None:
        """The application's answer; what fails because the caller has left is no fault of it."""
        cycle = self._running
        try:
            await self._application(scope, receive, send)
            if self.unread_bytes > NOTED:
                self._note_unread()
        except Exception:
            if not self.transport.is_closing():
                raise
            if cycle is not None:
                cycle.disconnected = True

    def _note_unread(self) -> None:
        now = self.loop.time()
        if self._unread_since is None:
            self._unread_since = now
        self._held.bound_unread(now)


def protocol_of(connections: Connections) -> type[asyncio.Protocol]:
    """The protocol of one process, which makes one for each of its connections."""
    return type("Protocol", (BoundedProtocol,), {"held": connections})
