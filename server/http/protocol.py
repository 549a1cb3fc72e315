"""HTTP on the wire: uvicorn's own protocol, with bounds on what a caller may do before the token is checked.

uvicorn bounds neither the head of a request nor the time that a head, a body or the reading of an answer takes.
Rule: a refusal on the wire has the shape of every other refusal, and the connection ends with it; an answer that is
under way is never mixed with another.  No other file uses a private name of uvicorn: tests/test_private_api.py holds
that, and tests/test_libraries.py fails first if a new version moves one.  Test: tests/test_protocol.py.
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
from server.http.request_log import request_id_of
from server.http.responses import Reply, rendered

LINGER_SECONDS = 1.0  # a refused caller has this long to read why; nothing more is read from them
MIN_PROGRESS = 64_000  # bytes of an answer that a caller takes in `answer_seconds`, unless less is left
MIN_COUNTED_UNREAD = 64_000  # unread bytes of one answer from which the unread bytes of all callers are added up
MAX_PIPELINE = 16  # requests that wait on one connection while another is answered
BODY_HEADERS = {b"content-length", b"transfer-encoding"}
CHUNK_FRAMING = 64_000  # bytes that chunked encoding may add to twice the size of a body


class BoundedProtocol(HttpToolsProtocol):
    """One connection.  `waits_since` is None while a request is read or answered.

    Times are seconds of the event loop's clock."""

    all_connections: ClassVar[Connections]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._bounds = self.all_connections.bounds
        self._application: Any = self.app
        self.app = self._run_application
        self.address = ""
        self.waits_since: float | None = None
        self._in_head = True
        self._head_bytes = 0
        self._body_bytes = 0
        self._silent_bytes = 0  # of a body, since the parser last reported a part of it
        self._head_due: float | None = None
        self._body_due: float | None = None
        self._close_due: float | None = None
        self._unread_since: float | None = None
        self._progress_due: float | None = None  # when fewer bytes must be unread than the next line says
        self._unread_before = 0
        self._parser_error: RequestError | None = None  # why the parser was stopped
        self._reads_no_more = False
        self._running: RequestResponseCycle | None = None

    # --- uvicorn's own steps ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        now = self.loop.time()
        self.address = self.client[0] if self.client else ""
        self.waits_since = now
        self._head_due = now + self._bounds.head_seconds
        error = self.all_connections.enter(self, self.loop)
        if self.all_connections.is_crowded:
            self.transport.abort()
        elif error is not None:
            self._refuse(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self.all_connections.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        size = self._bounds.head_bytes
        if len(data) <= size:
            self._feed(data)
            return
        for start in range(0, len(data), size):
            self._feed(data[start : start + size])

    def on_headers_complete(self) -> None:
        if len(self.headers) > MAX_HEADERS:
            self._parser_error = HeadTooLarge(MAX_HEADERS, "header")
        elif self.parser.should_upgrade() and any(name in BODY_HEADERS for name, _ in self.headers):
            # The parser would skip the body and read it as the next request.
            self._parser_error = RequestError("Kirim tanpa header Upgrade.", "Send it without the header Upgrade.")
        if self._parser_error is not None:
            raise ValueError
        self._in_head = False
        self._body_bytes = self._silent_bytes = 0
        self.waits_since = self._head_due = None
        self._body_due = self.loop.time() + self._bounds.body_seconds
        super().on_headers_complete()
        self.headers = []  # trailers after the body are not headers: the scope has the list of those before it

    def on_body(self, body: bytes) -> None:
        self._silent_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._body_due = None
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

    # --- reading, within bounds ---

    def _feed(self, data: bytes) -> None:
        """Pass at most `head_bytes` to the parser, unless this connection reads no more."""
        if self._reads_no_more:
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
        except httptools.HttpParserUpgrade:  # no other protocol is spoken here: answer as HTTP, then close
            self._end_after_answer()
            return
        except httptools.HttpParserError:
            not_http = RequestError("Permintaan ini bukan HTTP.", "This is no HTTP request.")
            self._refuse(self._parser_error or not_http)
            return
        is_still_head = in_head and self._in_head
        # What comes beside the body (chunk headers, trailers) is bounded like a head.
        bytes_outside_body = self._head_bytes if is_still_head else self._silent_bytes
        if bytes_outside_body > self._bounds.head_bytes:
            self._refuse(HeadTooLarge(self._bounds.head_bytes, "byte"))
        elif len(self.pipeline) > MAX_PIPELINE:
            self._refuse(RequestError("Kirim satu per satu.", "Send them one after another."))
        elif self._body_bytes > 2 * self._bounds.body_bytes + CHUNK_FRAMING:
            self._refuse(PayloadTooLarge(self._bounds.body_bytes))

    # --- what `Connections` needs of a connection ---

    def end_if_overdue(self, now: float) -> None:
        """End the connection if its head, its body or the reading of its answer takes too long."""
        is_closing_late = self._close_due is not None and now > self._close_due
        if is_closing_late or self._is_stalled(now):
            self.transport.abort()
        elif self._head_due is not None and now > self._head_due:
            if self._head_bytes:
                self._refuse(RequestTimeout())
            else:
                self.transport.close()
        elif self._body_due is not None and now > self._body_due:
            if self.flow.read_paused:  # the application does not read: the caller is not to blame
                self._body_due = now + self._bounds.body_seconds
            else:
                self._refuse(RequestTimeout())

    @property
    def body_deadline(self) -> float | None:
        """When a body that has not come wholly is due; None while no body is read, or while an earlier request is
        answered.  Bodies are due in the order in which they began."""
        running = self._running
        is_busy = running is not None and not running.response_complete and running is not self.cycle
        return None if is_busy else self._body_due

    @property
    def unread_bytes(self) -> int:
        """Bytes of answers that the caller has not taken."""
        return self.transport.get_write_buffer_size()

    def unread_seconds(self, now: float) -> float:
        """For how long the caller has left bytes unread."""
        return 0.0 if self._unread_since is None else now - self._unread_since

    def give_way(self) -> None:
        """Close at once, because another connection needs the place."""
        self.all_connections.leave(self)
        self.transport.abort()

    def _is_stalled(self, now: float) -> bool:
        """Whether the caller took less than MIN_PROGRESS of an answer in `answer_seconds`."""
        unread = self.unread_bytes
        if not unread:
            self._progress_due = self._unread_since = None
            return False
        has_progressed = unread <= self._unread_before - MIN_PROGRESS
        has_grown = unread > self._unread_before
        if self._progress_due is None or has_progressed or has_grown:
            self._unread_before = unread
            self._progress_due = now + self._bounds.answer_seconds
        return now > self._progress_due

    # --- refusing and closing ---

    def _refuse(self, error: RequestError | AccessError) -> None:
        """Read no more, and answer with this error unless an answer is under way: that one is then the last."""
        self._reads_no_more = True
        self._head_due = self._body_due = self.waits_since = None
        headers: Headers = dict(self.headers or ())
        language = language_of(headers) if b"accept-language" in headers else None
        reply = Reply.new(language or "id", request_id=request_id_of(headers))
        self.all_connections.note_refusal(error.code, reply.request_id)
        running = self._running
        is_busy = running is not None and not running.response_complete
        if is_busy and (running is not self.cycle or self._in_head):
            self._end_after_answer()
        elif is_busy and running is not None and running.response_started:
            self.transport.close()
        elif running is not None and not self._in_head and not is_busy:  # answered before all of its body came
            self._close_soon()
        else:
            if is_busy and running is not None:
                running.disconnected = True
                running.message_event.set()
            self.transport.write(self._error_response(reply, refusal(reply, error, both=language is None)))
            self._close_soon()

    def _end_after_answer(self) -> None:
        self._reads_no_more = True
        self.pipeline.clear()
        if self._running is not None:
            self._running.keep_alive = False

    def _close_soon(self) -> None:
        """Close after LINGER_SECONDS: if closed at once, the system would drop what the caller has not read yet."""
        self._close_due = self.loop.time() + LINGER_SECONDS
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
            self.flow.pause_reading()
        else:
            self.transport.close()

    def _error_response(self, reply: Reply, refused: dict[str, Any]) -> bytes:
        head, body = rendered(reply, refused)
        lines = [b"%b: %b\r\n" % header for header in [*self.server_state.default_headers, *head]]
        return b"".join([STATUS_LINE[reply.status], *lines, b"connection: close\r\n\r\n", body])

    async def _run_application(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the application.  What fails because the caller has left is no failure of the application."""
        cycle = self._running
        try:
            await self._application(scope, receive, send)
            if self.unread_bytes > MIN_COUNTED_UNREAD:
                self._count_unread()
        except Exception:
            if not self.transport.is_closing():
                raise
            if cycle is not None:
                cycle.disconnected = True

    def _count_unread(self) -> None:
        now = self.loop.time()
        if self._unread_since is None:
            self._unread_since = now
        self.all_connections.bound_unread(now)


def protocol_of(connections: Connections) -> type[asyncio.Protocol]:
    """A protocol class for one process, whose connections all belong to `connections`."""
    return type("Protocol", (BoundedProtocol,), {"all_connections": connections})
