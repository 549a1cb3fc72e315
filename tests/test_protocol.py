"""Limits of the wire: bytes, seconds and connections of any client are bounded, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from server.http import bounds
from server.http.bounds import MAX_HEADERS, Bounds, Connections
from server.http.protocol import MAX_PIPELINE, protocol_of
from tests.eventually import eventually_now

GET = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /read HTTP/1.1\r\nHost: x\r\n"
LARGE = 20_000_000  # bytes: more than the system's own buffers
QUICK = Bounds(head_seconds=0.5, body_seconds=0.5, answer_seconds=0.5)


@dataclass
class Wire:
    """A server with its own port and thread, and with the event loop used to serve."""

    port: int = 0
    connections: Connections = field(init=False)
    outcomes: Counter[str] = field(default_factory=Counter)
    ended: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """/read reads the body, /large answers much, /whole the same at once, /wait waits until it is released, /early
        reads nothing."""
        path = scope["path"].lstrip("/")
        try:
            body, more = b"", path == "read"
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.ended.append("gone")
                    return
                body, more = body + message["body"], message["more_body"]
            while path == "wait" and not self.release.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            names = b",".join(name for name, _ in scope["headers"])
            text = b"x" * LARGE if path in ("large", "whole") else b"%b:%d:%b" % (path.encode(), len(body), names)
            length = [(b"content-length", b"%d" % len(text))]
            await send({"type": "http.response.start", "status": 200, "headers": length})
            step = LARGE if path == "whole" else 1_000_000
            for start in range(0, len(text), step):
                more = start + step < len(text)
                await send({"type": "http.response.body", "body": text[start : start + step], "more_body": more})
        finally:
            self.ended.append(path)

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def ask(self, request: bytes) -> bytes:
        """Everything that the server sends until it closes or has answered one GET."""
        with self.connect() as caller:
            caller.sendall(request)
            return read(caller)

    def is_well(self) -> bool:
        return self.ask(GET % b"well").endswith(b"well:0:host")


def read(caller: socket.socket) -> bytes:
    """One complete answer, or what came until the server closes."""
    received = b""
    while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < length(received):
        try:
            part = caller.recv(1_000_000)
        except ConnectionResetError:
            break
        if not part:
            break
        received += part
    return received


def ends(caller: socket.socket) -> bool:
    """Whether the server closes; a timeout means that it does not."""
    try:
        while caller.recv(1_000_000):
            pass
    except ConnectionResetError:
        pass
    return True


def length(received: bytes) -> int:
    lines = received.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    return next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)


def error_of(received: bytes, status: int, code: str) -> dict[str, Any]:
    """The error of an answer, checked like every answer must be."""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0].startswith(f"http/1.1 {status} "), received[:300]
    assert {"connection: close", "content-type: application/json", "x-content-type-options: nosniff"} <= set(lines)
    answer = json.loads(body)
    assert set(answer) == {"errors", "extensions"}
    assert f"x-request-id: {answer['extensions']['requestId']}" in lines
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == code
    assert isinstance(error, dict)
    return error


@contextmanager
def running_wire(limits: Bounds = QUICK) -> Iterator[Wire]:
    wire = Wire()
    with socket.create_server(("127.0.0.1", 0), backlog=500) as listener:
        wire.port = listener.getsockname()[1]
        wire.connections = Connections(limits, wire.outcomes)
        http = protocol_of(wire.connections)
        options: dict[str, Any] = {"lifespan": "off", "log_config": None, "interface": "asgi3", "proxy_headers": False}
        # A refused connection lingers, and the deadlines of the others are checked once in CHECK_SECONDS.
        config = uvicorn.Config(wire.app, http=http, ws="none", timeout_graceful_shutdown=15, **options)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            eventually_now(lambda: server.started)
            yield wire
        finally:
            wire.release.set()
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with running_wire() as wire_:
        yield wire_


@pytest.fixture(autouse=True)
def frequent_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "CHECK_SECONDS", 0.05)


# --- heads --------------------------------------------------------------------------------------------------------


def test_three_hundred_half_open_requests_delay_nobody(wire: Wire) -> None:
    with ExitStack() as stack:
        callers = [stack.enter_context(wire.connect()) for _ in range(300)]
        for caller in callers:
            caller.sendall(b"POST /read HTTP/1.1\r\nHost: x\r\nX-")
        began = time.monotonic()
        assert wire.is_well()
        assert time.monotonic() - began < 5
        for caller in callers:
            error_of(read(caller), 408, "TIMEOUT")
            assert caller.recv(1) == b""


def test_a_slow_head_is_cut_off(wire: Wire) -> None:
    """A byte now and then does not extend the time."""
    with wire.connect() as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nX: ")
        began = time.monotonic()
        caller.settimeout(0.05)
        answer = b""
        while not answer:
            assert time.monotonic() - began < 10
            try:
                caller.sendall(b"x")
                answer = caller.recv(100_000)
            except TimeoutError:
                pass
    error_of(answer, 408, "TIMEOUT")


def test_a_silent_connection_is_closed_without_an_answer(wire: Wire) -> None:
    with wire.connect() as caller:
        assert caller.recv(1) == b""


ENDLESS = {
    "a value": (b"GET / HTTP/1.1\r\nX: ", b"x" * 1000),
    "a name": (b"GET / HTTP/1.1\r\n", b"x" * 1000),
    "an address": (b"GET /", b"x" * 1000),
    "lines": (b"GET / HTTP/1.1\r\n", b"X: y\r\n" * 100),
    "nothing": (b"", b"\r\n" * 500),
    "extensions of chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 1000),
    "what follows a body": (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"x" * 1000),
    "lines that follow a body": (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 100),
}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("at_once", [False, True])
def test_an_endless_head_is_refused(wire: Wire, name: str, at_once: bool) -> None:
    begin, more = ENDLESS[name]
    with wire.connect() as caller:
        sent = begin + more * 1_000 if at_once else begin
        try:
            caller.sendall(sent)
            while not at_once and len(sent) < 10_000_000:
                caller.sendall(more)
                sent += more
        except OSError:  # the server has closed it meanwhile
            pass
        answer = read(caller)
    assert len(sent) < 10_000_000
    if answer:  # the system may discard it with the connection
        error_of(answer, 431, "PAYLOAD_TOO_LARGE")
    assert wire.is_well()


def test_requests_within_the_bounds_are_read(wire: Wire) -> None:
    many = b"".join(b"x%d: y\r\n" % n for n in range(MAX_HEADERS - 1))
    assert b"200 OK" in wire.ask(b"GET /well HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n")
    error_of(wire.ask(b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n" + many + b"\r\n"), 431, "PAYLOAD_TOO_LARGE")
    long = b"GET /well HTTP/1.1\r\nHost: x\r\nX: "
    space = QUICK.head_bytes - len(long) - 4
    assert b"200 OK" in wire.ask(long + b"y" * space + b"\r\n\r\n")
    error_of(wire.ask(long + b"y" * (space + 5) + b"\r\n\r\n"), 431, "PAYLOAD_TOO_LARGE")


def test_trailers_are_ignored(wire: Wire) -> None:
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nAuthorization: Bearer x\r\n\r\n"
    assert wire.ask(chunked).endswith(b"read:2:host,transfer-encoding")


@pytest.mark.parametrize(
    "request_",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_bytes_that_are_not_http_are_a_bad_request(wire: Wire, request_: bytes) -> None:
    error = error_of(wire.ask(request_), 400, "BAD_REQUEST")
    assert "bukan HTTP" in error["message"]
    assert "no HTTP" in error["message"]


@pytest.mark.parametrize(("language", "words"), [("in-ID", "paling banyak"), ("en", "at most")])
def test_refusals_follow_accept_language(wire: Wire, language: str, words: str) -> None:
    begin = b"GET / HTTP/1.1\r\nAccept-Language: %b\r\nX: " % language.encode()
    message = error_of(wire.ask(begin + b"x" * 40_000), 431, "PAYLOAD_TOO_LARGE")["message"]
    assert words in message
    assert " / " not in message


# --- bodies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 10\r\n\r\nhi",
        b"Content-Length: 10\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhi",
        b"Expect: 100-continue\r\n",
    ],
)
def test_a_body_that_does_not_arrive_is_cut_off(wire: Wire, sent: bytes) -> None:
    wire.ended.clear()
    error_of(wire.ask(POST + sent), 408, "TIMEOUT")
    assert wire.is_well()
    if b"\r\n\r\n" in sent:
        eventually_now(lambda: "gone" in wire.ended)


def test_an_endless_body_is_cut_off_on_every_route(wire: Wire) -> None:
    for begin, part in (
        (b"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000),
        (b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\n", b"x" * 60_000),
    ):
        with wire.connect() as caller:
            sent = 0
            caller.sendall(begin)
            try:
                while sent < 100_000_000:
                    sent += caller.send(part)
            except OSError:
                pass
            assert sent < 20_000_000
        assert wire.is_well()


# --- connections --------------------------------------------------------------------------------------------------


def test_an_address_has_a_limited_share_of_connections() -> None:
    with running_wire(Bounds(connections_per_address=3)) as wire, ExitStack() as stack:
        for caller in [stack.enter_context(wire.connect()) for _ in range(3)]:
            caller.sendall(GET % b"wait")
        eventually_now(lambda: b" 429 " in wire.ask(GET % b"well")[:20])
        answer = wire.ask(GET % b"well")
        error_of(answer, 429, "RATE_LIMITED")
        assert b"retry-after: " in answer.lower()
        wire.release.set()
        eventually_now(wire.is_well)
        assert wire.outcomes["RATE_LIMITED"] > 0


@pytest.mark.parametrize("limits", [Bounds(connections=4), Bounds(connections_per_address=4)], ids=["all", "address"])
@pytest.mark.parametrize(
    "sent",
    [b"", GET[:10], GET % b"well", POST + b"Content-Length: 9\r\n\r\n{"],
    ids=["nothing", "head", "idle", "body"],
)
def test_idle_connections_give_way_to_new_ones(limits: Bounds, sent: bytes) -> None:
    """A client that holds all connections of an address or the process without a complete request keeps nobody out."""
    with running_wire(limits) as wire, ExitStack() as stack:
        callers = []
        for _ in range(40):
            callers.append(stack.enter_context(wire.connect()))
            callers[-1].sendall(sent)
        for caller in callers:
            caller.settimeout(10)
        assert wire.is_well()
        assert ends(callers[0])


def test_connections_that_send_a_body_give_way_last() -> None:
    with running_wire(Bounds(connections_per_address=2)) as wire, wire.connect() as sender, wire.connect() as silent:
        sender.sendall(POST + b"Content-Length: 9\r\n\r\n1234")
        eventually_now(lambda: any(caller.body_deadline is not None for caller in list(wire.connections._open)))
        assert wire.is_well()
        assert ends(silent)
        sender.sendall(b"56789")
        assert b"read:9:" in sender.recv(10_000)


def test_a_new_connection_is_refused_with_retry_after_if_all_are_busy() -> None:
    with running_wire(Bounds(connections=3)) as wire, ExitStack() as stack:
        callers = [stack.enter_context(wire.connect()) for _ in range(3)]
        for caller in callers:
            caller.sendall(GET % b"wait")

        def is_full() -> bool:
            return b" 503 " in wire.ask(GET % b"well")[:20]

        eventually_now(is_full)
        error_of(wire.ask(GET % b"well"), 503, "OVERLOADED")
        wire.release.set()
        assert all(read(caller).endswith(b"wait:0:host") for caller in callers)
        eventually_now(wire.is_well)


def test_excess_refusals_are_closed_without_an_answer() -> None:
    with running_wire(Bounds(connections=1)) as wire, ExitStack() as stack:
        first = stack.enter_context(wire.connect())
        first.sendall(GET % b"wait")
        eventually_now(lambda: b" 503 " in wire.ask(GET % b"well")[:20])
        for _ in range(300):
            stack.enter_context(wire.connect()).sendall(b"GET ")
        wire.release.set()
        assert read(first).endswith(b"wait:0:host")


def test_the_process_may_open_a_file_for_each_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import resource

    limits = {"now": (256, 512)}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda kind, wanted: limits.update(now=wanted))
    assert bounds._openable(100, 110) == 100
    assert limits["now"] == (256, 512)
    assert bounds._openable(300, 110) == 300
    assert limits["now"] == (410, 512)
    assert bounds._openable(1000, 110) == 402
    assert "at most 402 connections" in caplog.text


# --- answers ------------------------------------------------------------------------------------------------------


def test_an_unread_answer_is_cut_off(wire: Wire) -> None:
    wire.ended.clear()
    with wire.connect() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.sendall(GET % b"large")
        eventually_now(lambda: "large" in wire.ended)


def test_a_slowly_read_answer_is_complete() -> None:
    with running_wire(Bounds(answer_seconds=1)) as wire, wire.connect() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        caller.sendall(GET % b"large")
        received, began = 0, time.monotonic()
        while part := caller.recv(200_000):
            received += len(part)
            time.sleep(0.03)
            if received > LARGE:
                break
        assert received > LARGE
        assert time.monotonic() - began > 1


def test_unread_answers_are_bounded_together() -> None:
    """Each answer alone is allowed and read slowly: without a common bound, few callers would fill the memory."""
    most = 5 * LARGE
    with running_wire(Bounds(answer_seconds=60, unread_bytes=most)) as wire, ExitStack() as stack:
        callers = []
        for _ in range(12):
            callers.append(stack.enter_context(wire.connect()))
            callers[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 50_000)
            callers[-1].sendall(GET % b"whole")
            eventually_now(lambda: wire.ended.count("whole") == len(callers))
            eventually_now(lambda: sum(connection.unread_bytes for connection in list(wire.connections._open)) <= most)
        assert len(read(callers[-1])) > LARGE, "the newest is taken, and comes whole"
        assert len(read(callers[0])) < LARGE, "the one that was held longest is gone"
        assert wire.is_well()


@pytest.mark.parametrize("path", [b"large", b"wait", b"well"])
def test_a_client_that_leaves_during_an_answer_is_not_logged(
    wire: Wire, path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for at in (0, 1, 200_000):
        wire.ended.clear()
        wire.release.clear()
        with wire.connect() as caller:
            caller.sendall(GET % path)
            received = 0
            while received < at and path == b"large":
                received += len(caller.recv(100_000))
            # A reset instead of an orderly close.
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        eventually_now(lambda: not wire.connections._open)
        wire.release.set()
        if at or path != b"well":
            eventually_now(lambda: path.decode() in wire.ended)
    assert wire.is_well()
    assert [record for record in caplog.records if record.name != "asyncio" or record.levelname == "ERROR"] == []


# --- one after another --------------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    with wire.connect() as caller:
        caller.sendall((GET % b"a") + POST + b"Content-Length: 2\r\n\r\nhi" + (GET % b"c"))
        received = b""
        while b"c:0:" not in received:
            received += caller.recv(10_000)
        assert received.index(b"a:0:") < received.index(b"read:2:") < received.index(b"c:0:")
    with wire.connect() as caller:
        caller.sendall((GET % b"a") * (MAX_PIPELINE + 1) * 50)
        while part := caller.recv(100_000):
            received += part
    assert wire.is_well()


def test_a_refusal_follows_the_answer_in_progress(wire: Wire) -> None:
    """Otherwise the caller would take it for the answer in progress."""
    for wrong in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000):
        wire.release.clear()
        with wire.connect() as caller:
            refusals = sum(wire.outcomes.values())
            caller.sendall((GET % b"wait") + wrong)
            eventually_now(lambda refusals=refusals: sum(wire.outcomes.values()) > refusals)  # type: ignore[misc]
            wire.release.set()
            received = b""
            while part := caller.recv(100_000):
                received += part
        assert received.startswith(b"HTTP/1.1 200 OK")
        assert received.endswith(b"wait:0:host")


def test_an_unsupported_upgrade_is_ignored_unless_a_body_would_be_lost(wire: Wire) -> None:
    for protocol in (b"websocket", b"h2c"):
        upgrade = b"Connection: Upgrade\r\nUpgrade: %b\r\n" % protocol
        answer = wire.ask(b"GET /well HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"connection: close" in answer
        for body in (b"Content-Length: 2\r\n\r\nhi", b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"):
            error = error_of(wire.ask(POST + upgrade + body), 400, "BAD_REQUEST")
            assert "without the header Upgrade" in error["message"], "its body would be lost"
