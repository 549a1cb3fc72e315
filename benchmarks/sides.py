"""The four sides of a comparison, in three servers with one worker each, and the proof that they answer alike.

`free` and `limit` are hand-written, without and with row security, `product` is the registry as it is
served, `ordinary` is what a good team writes with the usual tools.  Rule: nothing is measured before every side has
answered the same data, and a submission is measured only when all sides write the same rows.
"""

from __future__ import annotations

import datetime as dt
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from benchmarks.client import Request, RunError, Seen, Target, ask
from benchmarks.country import BYPASS
from benchmarks.documents import PREFIX
from benchmarks.places import Persona
from benchmarks.serve import keys
from benchmarks.statements import settings
from benchmarks.submission import TABLES
from benchmarks.workloads import Call, Workload
from registry.guard.record_id import named_tables
from registry.guard.wall import LOGIN
from server.database.embedded import Embedded

ORDER = ("free", "limit", "product", "ordinary")
"""In which the sides of a round follow each other."""
HOST = {"free": "limit", "limit": "limit", "product": "product", "ordinary": "ordinary"}
STARTING, PATIENCE = 60, 10  # seconds for a server to start and to stop
MINUTES = 12 * 60
COMPARED = 12
"""Answers of each workload that are compared."""
FIRST, LAST = f"{PREFIX}00-0000-4000-8000-000000000000", f"{PREFIX}00-ffff-ffff-ffff-ffffffffffff"


@dataclass(frozen=True)
class Server:
    """A running worker."""

    port: int
    pid: int

    def memory(self) -> float:
        """Resident memory in MB."""
        ps = ("ps", "-o", "rss=", "-p", str(self.pid))
        said = subprocess.run(ps, capture_output=True, text=True, check=True)  # noqa: S603  (a program of our own choice)
        return int(said.stdout) / 1024


@contextmanager
def servers(embedded: Embedded, sides: set[str]) -> Iterator[dict[str, Server]]:
    """The servers that these sides need; they stop when the block ends, however it ends."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(running(embedded, name)) for name in sorted({HOST[side] for side in sides})}


@contextmanager
def running(embedded: Embedded, name: str, proxies: str | None = None) -> Iterator[Server]:
    """One worker of a server; it stops when the block ends, however it ends.  Clients at `proxies` name others."""
    asked = {
        "proxies": proxies,
        "data": str(embedded.data),
        "dsn": embedded.dsn(user=LOGIN),
        "bypass": embedded.dsn(user=BYPASS),
    }
    command = (sys.executable, "-m", "benchmarks.serve", name)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  (a program of our own choice)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        port = process.stdout.readline().strip()
        if not port or not _answers(process, int(port)):
            raise RunError(f"The {name} server did not start: the lines above say why.")
        yield Server(int(port), process.pid)
    finally:
        process.stdin.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(process: subprocess.Popen[str], port: int) -> bool:
    """Wait until the server accepts connections.  Returns False if it ends before, or takes too long."""
    end = time.monotonic() + STARTING
    while process.poll() is None and time.monotonic() < end:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return True
        time.sleep(0.05)
    return False


class Sides:
    """Makes each side's requests of a workload."""

    def __init__(self, embedded: Embedded, running: Mapping[str, Server]) -> None:
        self.running = running
        self._keyring, _ = keys(embedded.data)
        self._tokens: dict[Persona, str] = {}

    def of(self, workload: Workload) -> list[str]:
        """The sides that answer this workload."""
        return [s for s in ORDER if HOST[s] in self.running and (s != "ordinary" or workload.ordinary)]

    def target(self, workload: Workload, side: str) -> Target:
        make = {"free": _free, "limit": _walled}.get(side, self._graphql)
        requests = [make(workload, call) for call in workload.calls]
        return Target(self.running[HOST[side]].port, requests, workload.writes)

    def _graphql(self, workload: Workload, call: Call) -> Request:
        asked = {"query": " ".join(workload.document.split()), "variables": call.variables}
        return Request("/graphql", self._token(call.persona), json.dumps(asked, separators=(",", ":")))

    def _token(self, persona: Persona) -> str:
        if persona not in self._tokens:
            self._tokens[persona] = self._keyring.issue(persona.id, MINUTES, dt.datetime.now(dt.UTC))
        return self._tokens[persona]

    def compare(self, workload: Workload) -> dict[str, Seen]:
        """The answers of each side.  Raises RunError unless all sides answer the same."""
        seen: dict[str, Seen] = {}
        for number, side in enumerate(self.of(workload), 1):
            target = self.target(workload, side)
            step = max(1, len(target.requests) // COMPARED)
            asked = (target.requests[::step] * COMPARED)[: max(COMPARED, len(target.requests[::step]))]
            seen[side] = ask(target, asked, number << 12)
        (first, *others) = seen
        plain = {side: [normal(answer, workload.writes) for answer in found.data] for side, found in seen.items()}
        for side in others:
            for known, said in zip(plain[first], plain[side], strict=True):
                if known != said:
                    raise RunError(f"{first} and {side} differ:\n{_short(known)}\n{_short(said)}")
        return seen


def _free(workload: Workload, call: Call) -> Request:
    return Request(f"/free/{workload.name}", "", json.dumps({"a": call.arguments}))


def _walled(workload: Workload, call: Call) -> Request:
    given = call.arguments if workload.writes else [*call.settings(settings(workload.name)), *call.arguments]
    return Request(f"/walled/{workload.name}", "", json.dumps({"a": given}))


def normal(value: Any, written: bool) -> Any:
    """An answer without what may differ: the text of cursors, and the id and number of written records."""
    opaque = {"startCursor", "endCursor"} | ({"id", "householdNo"} if written else set())
    if isinstance(value, dict):
        return {k: v is not None if k in opaque else normal(v, written) for k, v in value.items()}
    return [normal(item, written) for item in value] if isinstance(value, list) else value


def _short(value: Any) -> str:
    return json.dumps(value)[:3000]


async def written(dsn: str) -> list[tuple[int, ...]]:
    """Rows of each submitted household by table, in the order of submission; one item if all have the same."""
    counted = ", ".join(
        f"(SELECT count(*) FROM {table} WHERE {'id' if table == 'household' else 'household_id'} = h.id)"
        for table in TABLES
    )
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "registry"})
    found = await connection.fetch(
        f"SELECT DISTINCT {counted}, (SELECT count(*) FROM audit_event WHERE subject_id = h.id) "
        "FROM household h WHERE id BETWEEN $1 AND $2",
        FIRST,
        LAST,
    )
    await connection.close()
    return [tuple(row) for row in found]


async def forget(dsn: str) -> None:
    """Delete what was submitted, so that the next workload has the country as it was."""
    connection = await asyncpg.connect(
        dsn, server_settings={"search_path": "registry", "session_replication_role": "replica"}
    )
    await connection.execute("DELETE FROM audit_event WHERE subject_id BETWEEN $1 AND $2", FIRST, LAST)
    for table in reversed(TABLES):
        key = "id" if table == "household" else "household_id"
        if table in named_tables():
            await connection.execute(
                f"DELETE FROM record_id USING {table} t WHERE record_id.id = t.id AND t.{key} BETWEEN $1 AND $2",
                *(FIRST, LAST),
            )
        await connection.execute(f"DELETE FROM {table} WHERE {key} BETWEEN $1 AND $2", FIRST, LAST)
        await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.execute("VACUUM ANALYZE audit_event")
    await connection.execute("VACUUM ANALYZE record_id")
    await connection.close()
