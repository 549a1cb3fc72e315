"""The load: `wrk` with a script that rotates over prepared requests, or a small client of our own where wrk is missing.

A run has a fixed length, keeps its connections alive and counts whole answers.  Every distinct request of a read has
been asked once before and its answer read; under load the statuses are counted and the mean size is compared.
Rule: a run in which anything was refused, lost or of another size is an error, never a number.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.documents import NEW, SERIAL

SCRIPT = """
local calls, at, new = {}, 0, 0
function init(args)
  new = tonumber(args[2])
  for line in io.lines(args[1]) do
    local path, token, body = line:match("^(%S+) (%S*) (.*)$")
    local headers = {["Content-Type"] = "application/json"}
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    calls[#calls + 1] = wrk.format("POST", path, headers, body)
  end
  at = new % #calls
end
local function read() at = at % #calls + 1; return calls[at] end
local function write()
  at, new = at % #calls + 1, new + 1
  return (calls[at]:gsub("NEW", string.format("%012x", new)):gsub("SERIAL", string.format("%04d", new % 9999 + 1)))
end
request = WRITES and write or read
function done(summary)
  local e = summary.errors
  io.write(string.format("RUN %d %d %d %d\\n", summary.requests, summary.duration, summary.bytes,
    e.status + e.connect + e.read + e.write + e.timeout))
end
"""


LONGEST = 60  # seconds


@dataclass(frozen=True)
class Request:
    """A POST; `body` may have placeholders for values that must be new each time."""

    path: str
    token: str
    body: str

    def filled(self, number: int) -> str:
        return self.body.replace(NEW, f"{number:012x}").replace(SERIAL, f"{number % 9999 + 1:04d}")


@dataclass(frozen=True)
class Target:
    """A server's port, and the requests to send to it."""

    port: int
    requests: list[Request]
    writes: bool = False


class RunError(Exception):
    """A run that measured nothing: something was refused or lost."""


@dataclass(frozen=True)
class Seen:
    """What was answered one after the other: `data`, the mean `size` with the head, the median time in `seconds`."""

    data: list[Any]
    size: float
    seconds: float


def ask(target: Target, requests: list[Request], first: int = 0) -> Seen:
    """Send each request once.  Raises RunError if one is refused."""
    answers, size, times = [], 0, []
    with httpx.Client(base_url=f"http://127.0.0.1:{target.port}", timeout=60) as client:
        for number, request in enumerate(requests, first):
            answer = client.post(request.path, content=request.filled(number), headers=_headers(request))
            found = answer.json() if answer.status_code == 200 else {"errors": answer.text[:500]}
            if "errors" in found:
                raise RunError(f"{request.path} {request.body[:200]}: {found['errors']}")
            answers.append(found["data"])
            size += sum(len(name) + len(value) + 4 for name, value in answer.headers.raw) + 19 + len(answer.content)
            times.append(answer.elapsed.total_seconds())
    return Seen(answers, size / len(requests), statistics.median(times))


def _headers(request: Request) -> dict[str, str]:
    signed = {"authorization": f"Bearer {request.token}"} if request.token else {}
    return {"content-type": "application/json", **signed}


def load(target: Target, connections: int, seconds: float, first: int, size: float | None) -> float:
    """Requests a second over so many connections; `size` is the mean size of the answers, if it can be compared."""
    run = _wrk if shutil.which("wrk") else _own
    requests, elapsed, received, failed = run(target, connections, seconds, first)
    if not failed and not requests and seconds < LONGEST:  # slower than was thought
        return load(target, connections, 3 * seconds, first, size)
    if failed or not requests:
        raise RunError(f"{target.requests[0].path}: {failed} of {requests} requests failed")
    if size is not None and not 0.8 < received / requests / size < 1.25:
        raise RunError(f"{target.requests[0].path}: answers of {received / requests:.0f} bytes, not {size:.0f}")
    return requests / elapsed


Run = tuple[int, float, int, int]
"""Requests, seconds, bytes received, failures."""


def _wrk(target: Target, connections: int, seconds: float, first: int) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        calls, script = Path(folder) / "calls", Path(folder) / "script.lua"
        calls.write_text("".join(f"{r.path} {r.token} {r.body}\n" for r in target.requests))
        switched = {"NEW": NEW, "SERIAL": SERIAL, "WRITES": str(target.writes).lower()}
        script.write_text(re.sub("NEW|SERIAL|WRITES", lambda found: switched[found[0]], SCRIPT))
        wrk = ("wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s", "-s", str(script))
        address = f"http://127.0.0.1:{target.port}/"
        ran = subprocess.run((*wrk, address, str(calls), str(first)), capture_output=True, text=True, check=False)  # noqa: S603  (wrk, with arguments of our own)
    found = re.search(r"^RUN (\d+) (\d+) (\d+) (\d+)$", ran.stdout, re.MULTILINE)
    if found is None:
        raise RunError(f"wrk: {ran.stdout[-300:]} {ran.stderr[-300:]}")
    requests, micros, received, failed = map(int, found.groups())
    return requests, micros / 1e6, received, failed


def _own(target: Target, connections: int, seconds: float, first: int) -> Run:
    return asyncio.run(_swarm(target, connections, seconds, first))


async def _swarm(target: Target, connections: int, seconds: float, first: int) -> Run:
    tally, begun = Tally(first), time.perf_counter()
    await asyncio.gather(*[_client(target, begun + seconds, tally) for _ in range(connections)])
    return tally.requests, time.perf_counter() - begun, tally.received, tally.failed


@dataclass
class Tally:
    """What the connections of a run count together."""

    next: int
    requests: int = 0
    received: int = 0
    failed: int = 0


async def _client(target: Target, end: float, tally: Tally) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, limit=2**24)
    while time.perf_counter() < end:
        request = target.requests[tally.next % len(target.requests)]
        body, tally.next = request.filled(tally.next).encode(), tally.next + 1
        headers = _headers(request) | {"host": "127.0.0.1", "content-length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"POST {request.path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        assert length is not None
        answer = await reader.readexactly(int(length[1]))
        tally.requests += 1
        tally.received += len(head) + len(answer)
        tally.failed += not head.startswith(b"HTTP/1.1 200") or b'"errors"' in answer
    writer.close()
