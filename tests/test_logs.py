"""The log has one line for each request, and no line has a value of anybody."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import socket
import uuid
from pathlib import Path
from typing import Any

import pytest

from auth.errors import SignInFault
from auth.token import Keyring
from server.http.request_log import MAX_WAITING, TAKEN_OVER, WHOLE_BYTES, LogEntry, RequestLog, operation_name
from server.logs import FIELDS, LOGGER, LineFormatter, announce
from server.settings import Settings
from tests.eventually import eventually_now
from tests.village import Place, household

pytestmark = pytest.mark.anyio
HOUSEHOLDS = "query Households { households { totalCount } }"
PROXYS_ID = "4f1c0d2ab7e94c5f8a6b3d2e1f0a9b8c"  # as nginx writes $request_id


def lines(place: Place) -> list[dict[str, Any]]:
    """The lines that wait to be written, which are taken out."""
    return [json.loads(line) for line in json_log(place).take()]


def json_log(place: Place) -> RequestLog:
    log: RequestLog = place.app.service.log
    log._form = "json"
    return log


async def test_a_request_is_one_line(village: Place) -> None:
    lines(village)
    headers = village.bearer("officer") | {"x-request-id": PROXYS_ID}
    answer = await village.send("POST", json={"query": HOUSEHOLDS}, headers=headers)
    (line,) = lines(village)
    assert dt.datetime.fromisoformat(line.pop("time")).tzinfo == dt.UTC
    assert 0 < line.pop("ms") < 60_000
    assert line == {
        "level": "INFO",
        "event": "request",
        "requestId": PROXYS_ID,
        "account": str(village.ids["officer"]),
        "actingFor": None,
        "route": "/graphql",
        "operation": "Households",
        "outcome": "OK",
        "reason": None,
        "status": 200,
    }
    assert answer.headers["x-request-id"] == answer.json["extensions"]["requestId"] == PROXYS_ID


@pytest.mark.parametrize(
    ("path", "outcome", "status", "route"),
    [
        ("/readyz", "OK", 200, "/readyz"),
        ("/schema.graphql", "OK", 200, "/schema.graphql"),
        ("/3507111234567890", "NOT_FOUND", 404, None),
    ],
)
async def test_every_route_has_its_line(
    village: Place, path: str, outcome: str, status: int, route: str | None
) -> None:
    lines(village)
    await village.send("GET", path)
    (line,) = lines(village)
    assert (line["outcome"], line["status"], line["route"], line["account"]) == (outcome, status, route, None)


async def test_a_refused_command_and_a_preflight_have_their_outcome(village: Place) -> None:
    lines(village)
    await village.submit("officer", document := household())
    await village.query(
        "nobody",
        "mutation Save($h: HouseholdInput!) { submitHousehold(input: {household: $h}) { outcome } }",
        h=document,
    )
    await village.send("OPTIONS", headers={"origin": "https://evil.example", "access-control-request-method": "POST"})
    assert [(line["outcome"], line["operation"]) for line in lines(village)] == [
        ("OK", None),
        ("FORBIDDEN", "Save"),
        ("BAD_REQUEST", None),
    ]


@pytest.mark.parametrize(
    ("request_id", "is_taken"),
    [
        (PROXYS_ID, True),
        ("be187989-6d47-4e78-88f9-536d80aa4fd1", True),
        ("01JDZ5T0Q8W3N7R6Y2K4M9B1XC", True),
        ("3507116304850001", False),  # a number of a person
        ("Siti-Aminah-Binti-Karto", False),
        ("short-1", False),
        ("a1" * 33, False),
        (f"{PROXYS_ID} ", False),
        ("line-1-of-two\r\nSet-Cookie: a=b", False),
        ("", False),
    ],
)
def test_only_a_random_looking_id_is_taken_over(request_id: str, is_taken: bool) -> None:
    assert (TAKEN_OVER.fullmatch(request_id.encode()) is not None) is is_taken


async def test_another_id_is_replaced_by_one_of_ours(village: Place) -> None:
    for sent in ("3507116304850001", "x"):
        lines(village)
        answer = await village.send("POST", json={"query": "{"}, headers={"x-request-id": sent})
        (line,) = lines(village)
        assert line["requestId"] == answer.headers["x-request-id"] == str(uuid.UUID(line["requestId"]))


@pytest.mark.parametrize(
    ("name", "logged"),
    [("Households", True), ("_list_V2", True), ("NIK3507116304850001", False), ("A1234567", False), ("x" * 61, False)],
)
def test_a_name_of_an_operation_with_a_number_in_it_is_not_logged(name: str, logged: bool) -> None:
    assert operation_name(name) == (name if logged else None)


async def test_the_log_alone_says_why_a_caller_is_not_signed_in(village: Place) -> None:
    now = dt.datetime.now(dt.UTC)
    ours, user = village.keyring, village.ids["officer"]
    tokens = {
        SignInFault.EXPIRED: ours.issue(user, 5, now - dt.timedelta(minutes=9)),
        SignInFault.NO_ACCOUNT: ours.issue(uuid.uuid4(), 5, now),
        SignInFault.NO_SESSION: ours.issue(user, 5, now, uuid.uuid4()),
        SignInFault.UNKNOWN_KEY: Keyring.generate(ours.audience).issue(user, 5, now),
        SignInFault.WRONG_SIGNATURE: ours.issue(user, 5, now)[:-8] + "AAAAAAAA",
        SignInFault.MALFORMED: "hello",
    }
    lines(village)
    bodies = set()
    for token in tokens.values():
        headers = {"authorization": f"Bearer {token}", "x-request-id": PROXYS_ID}
        answer = await village.send("POST", json={"query": HOUSEHOLDS}, headers=headers)
        bodies.add((answer.status, answer.body, tuple(sorted(answer.headers.items()))))
    await village.send("POST", json={"query": HOUSEHOLDS})
    logged = lines(village)
    assert [line["reason"] for line in logged] == [*(fault.name for fault in tokens), "NO_TOKEN"]
    assert {(line["outcome"], line["status"], line["account"]) for line in logged} == {("UNAUTHENTICATED", 401, None)}
    assert len(bodies) == 1


async def test_no_line_has_what_a_caller_sends(village: Place) -> None:
    """What the database holds is searched for by tests/test_canary.py."""
    lines(village)
    secret = "Rahasia7351"
    headers = {"accept-language": secret, "origin": f"https://{secret}.example", "x-request-id": f"{secret}!"}
    for path in ("/graphql", f"/{secret}", f"/graphql?query={{{secret}}}"):
        for method in ("GET", "POST", "OPTIONS", secret.upper()):
            document = {"query": f"query {secret} {{ {secret} }}", "operationName": secret}
            await village.send(method, path, headers=headers, json=document)
            await village.send(method, path, headers=headers | village.bearer("officer"), json=document)
    text = b"".join(json_log(village).take()).decode()
    assert text.count("\n") == 24
    assert secret not in text


def record(message: str, *arguments: object, name: str = LOGGER, **more: Any) -> str:
    """What the log has of a record of Python's logging."""
    made = logging.getLogger(name).makeRecord(
        name, logging.ERROR, __file__, 1, message, arguments, more.get("exc_info"), extra=more.get("extra")
    )
    return LineFormatter(more.get("form", "json")).format(made)


def failure() -> tuple[type[BaseException], BaseException, Any]:
    try:
        raise ValueError("the NIK 3507116304850001")
    except ValueError as error:
        return type(error), error, error.__traceback__


def test_an_error_is_its_class_and_its_places() -> None:
    for form in ("json", "plain"):
        text = record("Exception in ASGI application", name="uvicorn.error", exc_info=failure(), form=form)
        assert "ValueError" in text
        assert f"{Path(__file__).name}:" in text
        assert "3507116304850001" not in text
        assert "\n" not in text


def test_what_asyncio_writes_below_its_first_line_is_left_out() -> None:
    text = record("Task exception was never retrieved\nfuture: <Task exception=ValueError('3507')>", name="asyncio")
    assert json.loads(text)["message"] == "Task exception was never retrieved"
    assert "3507" not in text


def test_a_plain_line_has_the_same_fields() -> None:
    entry = LogEntry(PROXYS_ID, "/graphql", outcome="OK", status=200)
    entry.end()
    log = RequestLog("plain")
    log.add(entry)
    (line,) = log.take()
    assert re.fullmatch(
        rf"\S+Z INFO request requestId={PROXYS_ID} route=/graphql outcome=OK status=200 ms=[\d.]+\n", line.decode()
    )


def test_a_full_queue_loses_lines_and_counts_them() -> None:
    log = RequestLog("json")
    for _ in range(MAX_WAITING + 3):
        log.add(LogEntry(PROXYS_ID))
    assert (len(list(log.take())), log.lost) == (MAX_WAITING, 3)


def test_a_reader_that_does_not_read_delays_nobody() -> None:
    """The pipe is full; adding goes on, and the reader gets every line when it reads."""
    reading, writing = os.pipe()
    log = RequestLog("json", writing)
    log.start()
    try:
        for _ in range(1000):
            entry = LogEntry(PROXYS_ID)
            entry.end()
            log.add(entry)
        eventually_now(lambda: len(log._waiting) < 1000)
        content = b""
        while content.count(b"\n") < 1000:
            content += os.read(reading, WHOLE_BYTES)
        assert all(json.loads(line)["requestId"] == PROXYS_ID for line in content.splitlines())
    finally:
        log.stop()
        os.close(reading)
        os.close(writing)


def test_each_writing_is_whole_lines_that_a_pipe_takes_at_once() -> None:
    """Otherwise lines of two workers could mix in one pipe.  A socket of datagrams keeps the writings apart."""
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    log = RequestLog("json", writing.fileno())
    for _ in range(50):
        log.add(LogEntry(PROXYS_ID))
    with reading, writing:
        log.start()
        log.stop()
        reading.setblocking(False)
        writings: list[bytes] = []
        while sum(piece.count(b"\n") for piece in writings) < 50:
            writings.append(reading.recv(100_000))
    assert len(writings) > 1
    assert all(len(piece) <= WHOLE_BYTES and piece.endswith(b"\n") for piece in writings)


def test_a_log_that_nobody_can_write_is_counted() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    log = RequestLog("json", writing)
    log.add(LogEntry(PROXYS_ID))
    log.start()
    log.stop()
    os.close(writing)
    assert log.lost == 1


def test_the_first_line_names_the_versions(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    announce(4, "18.1", "0017_record_revisions", ["There are no regions: run this."])
    written, lacking = caplog.records
    assert (lacking.levelname, lacking.getMessage()) == ("WARNING", "There are no regions: run this.")
    line = json.loads(LineFormatter("json").format(written))
    assert line | {"time": ""} == {
        "time": "",
        "level": "INFO",
        "event": "start",
        "message": "The server starts.",
        "version": line["version"],
        "workers": 4,
        "postgresql": "18.1",
        "tables": "0017_record_revisions",
    }
    assert getattr(written, FIELDS)["workers"] == 4


def test_the_demo_writes_for_people_and_production_for_programs() -> None:
    assert [Settings(mode=mode).log_form for mode in ("demo", "production")] == ["plain", "json"]
    assert Settings(mode="demo", log_format="json").log_form == "json"
