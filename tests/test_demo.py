"""The demo starts by itself, answers each persona, stops completely, and keeps what it has acknowledged."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import jwt
import pytest
from rich.console import Console

from server.database.checks import ServingError
from server.database.postgres import Programs, is_running
from server.demo.accounts import PERSONAS, personas
from server.demo.greeting import greet
from tests.eventually import eventually_now
from tests.ports import free_port

PROGRAM = Path(sys.executable).with_name("desmigratif")
VILLAGES = ("35.07.11.2008", "52.03.21.2002")
OFFICER = f"officer@{VILLAGES[0]}"
PATIENCE = 120  # seconds
SAVE = """mutation ($household: HouseholdInput!) {
  submitHousehold(input: {household: $household, saveAs: DRAFT}) { outcome userErrors { code } }
}"""


class Demo:
    """A demo in a folder of its own, started as the README says."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder, self.data = folder, folder / "data"
        self.process: subprocess.Popen[bytes] | None = None

    def spawn(self) -> subprocess.Popen[bytes]:
        only = [word for village in VILLAGES for word in ("--only", village)]
        words = ["demo", "--port", str(self.port), "--data", str(self.data), *only]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen([PROGRAM, *words], cwd=self.folder, stdout=log, stderr=log, start_new_session=True)

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.process = self.spawn()
        eventually_now(lambda: not self.runs() or self.ready())
        assert self.runs(), self.log

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def lose_database(self) -> None:
        """Kill the database, and wait until the demo knows."""
        os.kill(self.postmaster, signal.SIGKILL)
        eventually_now(lambda: not self.ready())

    def stop(self) -> int:
        """Press Ctrl-C; return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @property
    def tokens(self) -> dict[str, str]:
        tokens_by_persona: dict[str, str] = json.loads((self.folder / ".demo/tokens.json").read_text())
        return tokens_by_persona

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def postmaster(self) -> int:
        return int((self.data / "cluster/postmaster.pid").read_text().split()[0])

    def ask(self, token: str, query: str, **variables: Any) -> Any:
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        response = answer.json()
        assert "errors" not in response, response
        return response["data"]

    def save(self) -> str:
        """Submit a draft; return its id once the demo has acknowledged it."""
        id_ = str(uuid.uuid4())
        household = {"id": id_, "villageCode": VILLAGES[0], "capturedAt": dt.datetime.now(dt.UTC).isoformat()}
        done = self.ask(self.tokens[OFFICER], SAVE, household=household)["submitHousehold"]
        assert done == {"outcome": "ACCEPTED", "userErrors": []}
        return id_

    def has(self, *ids: str) -> bool:
        query = "query ($id: ID!) { household(by: {id: $id}) { id } }"
        return all(self.ask(self.tokens[OFFICER], query, id=id_)["household"] for id_ in ids)


@pytest.fixture(scope="module")
def shared() -> Iterator[Demo]:
    """A demo that has not been started yet."""
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=Programs("18").temporary_folder()))
    folder.chmod(0o711)  # PostgreSQL of root runs as another account
    new_demo = Demo(folder)
    try:
        yield new_demo
    finally:
        if new_demo.runs():
            new_demo.stop()
        with suppress(OSError, ValueError):
            os.kill(new_demo.postmaster, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def demo(shared: Demo) -> Demo:
    """The running demo of these tests."""
    return running(shared)


def running(demo: Demo) -> Demo:
    """Start the demo again if a test has stopped or broken it."""
    if not (demo.runs() and demo.ready()):
        if demo.runs():
            demo.kill()
        demo.start()
    return demo


@pytest.mark.parametrize(
    "breaks", [Demo.kill, lambda demo: os.kill(demo.postmaster, signal.SIGKILL)], ids=["demo", "database"]
)
def test_the_fixture_replaces_what_a_test_kills(demo: Demo, breaks: Callable[[Demo], None]) -> None:
    breaks(demo)
    assert running(demo).has(demo.save())


def test_the_tokens_file_is_private_json(demo: Demo) -> None:
    path = demo.folder / ".demo/tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert demo.tokens.keys() == personas().keys()
    for name, token in demo.tokens.items():
        claims = jwt.decode(token, options={"verify_signature": False})
        assert (claims["iss"], claims["sub"]) == ("demo", str(personas()[name]))
        assert claims["exp"] - claims["iat"] == 12 * 60 * 60


@pytest.mark.parametrize("persona", [name for name in personas() if not name.startswith("service@")])
def test_every_persona_gets_an_answer(demo: Demo, persona: str) -> None:
    """A service account asks registered operations alone: tests/test_operations.py."""
    query = "{ viewer { username grants { role } } nationalSummary { villages } }"
    data = demo.ask(demo.tokens[persona], query)
    assert data["viewer"]["username"] == persona
    assert len(data["viewer"]["grants"]) == 1
    assert data["nationalSummary"]["villages"] == 402


def test_an_officer_sees_only_their_village(demo: Demo) -> None:
    query = "{ households(first: 100) { nodes { village { code } } } }"
    nodes = demo.ask(demo.tokens[OFFICER], query)["households"]["nodes"]
    assert {node["village"]["code"] for node in nodes} == {VILLAGES[0]}


def test_a_browser_gets_short_tokens_of_the_personas(demo: Demo) -> None:
    answer = httpx.get(f"http://127.0.0.1:{demo.port}/demo/personas", timeout=10)
    people = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert [person["username"] for person in people] == [*personas()]
    officer = people[0]
    assert (officer["role"], officer["place"]) == ("OFFICER", "Arjowilangun")
    claims = jwt.decode(officer["accessToken"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert demo.ask(officer["accessToken"], "{ viewer { username } }") == {"viewer": {"username": OFFICER}}


def test_it_prints_its_address_personas_and_example(demo: Demo) -> None:
    eventually_now(lambda: "Ctrl-C" in demo.log)
    assert f"http://127.0.0.1:{demo.port}/graphql" in demo.log
    assert [name for name in personas() if f"\n  {name} " not in demo.log] == []
    assert "curl -s" in demo.log
    assert not [token for token in demo.tokens.values() if token in demo.log]


def test_requests_are_not_logged(demo: Demo) -> None:
    for path in ('/graphql?query={viewer{name}}&variables={"nik":"3507111234567890"}', "/3507111234567890"):
        httpx.get(f"http://127.0.0.1:{demo.port}{path}", timeout=10)
    assert "3507111234567890" not in demo.log + (demo.data / "postgresql.log").read_text()


def test_the_token_verb_issues_a_valid_token(demo: Demo) -> None:
    words = [str(PROGRAM), "token", "system", "--data", str(demo.data)]
    process = subprocess.run(
        words, env=os.environ | {"DESMIGRATIF_MODE": "demo"}, capture_output=True, text=True, check=True
    )
    assert demo.ask(process.stdout.strip(), "{ viewer { username } }") == {"viewer": {"username": "system"}}


def test_a_second_demo_on_the_port_is_refused_and_the_first_continues(demo: Demo) -> None:
    before = len(demo.log)
    assert demo.spawn().wait(PATIENCE) == 1
    new_log = demo.log[before:]
    assert f"Port {demo.port} of 127.0.0.1 is taken" in new_log
    assert "Traceback" not in new_log
    assert demo.ready()


def test_acknowledged_data_survives_kills_and_ctrl_c_stops_everything(demo: Demo) -> None:
    old, first = demo.tokens[OFFICER], demo.save()
    demo.kill()
    left = demo.postmaster
    demo.start()
    assert demo.postmaster == left  # the next demo takes over the server left running
    second = demo.save()

    demo.lose_database()
    assert demo.stop() == 0, demo.log
    demo.start()
    third = demo.save()
    assert demo.has(first, second, third)
    assert demo.ask(old, "{ viewer { username } }") == {"viewer": {"username": OFFICER}}

    running = demo.postmaster
    assert demo.stop() == 0, demo.log
    assert not is_running(running)
    assert not demo.ready()
    assert demo.log.rstrip().endswith(f"The data stay in {demo.data}.")
    demo.start()
    assert demo.has(first, second, third)


def test_the_demo_survives_an_early_loss_of_its_database(demo: Demo) -> None:
    demo.stop()
    before = len(demo.log)
    demo.start()
    demo.lose_database()
    assert demo.runs(), demo.log
    assert demo.stop() == 0, demo.log
    assert "Traceback" not in demo.log[before:]


def test_repeated_ctrl_c_stops_everything(demo: Demo) -> None:
    running, process = demo.postmaster, demo.process
    assert process is not None
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.001)  # often enough for one at every step of the shutdown
    assert process.returncode == 0, demo.log
    assert not is_running(running)


class Stranger(BaseHTTPRequestHandler):
    """Answers /readyz with the next of `ready` and queries with the next of `answers`, then refuses both."""

    ready: ClassVar[list[int]] = []
    answers: ClassVar[list[dict[str, Any]]] = []

    def do_GET(self) -> None:
        self.answer(self.ready.pop(0), b"ready\n")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.answers:
            self.answer(200, json.dumps(self.answers.pop(0)).encode())
        else:
            self.answer(401, b'{"errors": []}')

    def answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def printed_at_start(ready: list[int], *answers: dict[str, Any]) -> str:
    """What the demo prints while a server gives these answers."""
    printed = io.StringIO()
    Stranger.ready, Stranger.answers = ready, [*answers]
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            tokens = dict.fromkeys((account.username for account in PERSONAS), "x")
            asyncio.run(greet(f"http://127.0.0.1:{server.server_port}", tokens, Console(file=printed)))
        except ServingError as error:
            printed.write(str(error))
        finally:
            server.shutdown()
    assert Stranger.ready == []
    return printed.getvalue()


def test_another_server_on_the_port_is_not_called_ready() -> None:
    assert printed_at_start([503, 503, 200]).startswith("Another program answers")


@pytest.mark.parametrize("code", ["INTERNAL", "OVERLOADED", "TIMEOUT"])
@pytest.mark.parametrize("viewer", [None, {"abilities": []}])
def test_a_server_that_loses_its_database_is_not_a_stranger(code: str, viewer: dict[str, Any] | None) -> None:
    lost = {"data": {"viewer": viewer, "households": None}, "errors": [{"extensions": {"code": code}}]}
    well = {"data": {"viewer": {"abilities": []}, "households": {"totalCount": 1}}}
    printed = printed_at_start([200, *(200 for _ in PERSONAS)], lost, *(well for _ in PERSONAS))
    assert "\nReady: " in printed
    assert "no household" not in printed
