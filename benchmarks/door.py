"""Clients of a worker that know when each answer came, for benchmarks/doors.py.

Rule: an answer that is refused, lost or late is an error, never a time.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.client import RunError

LONGEST = 60
"""Seconds that an answer may take."""


@dataclass(frozen=True)
class Door:
    """A connection of one client to one worker, which is told the client's address as a proxy would tell it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: str

    @classmethod
    @asynccontextmanager
    async def open(cls, port: int, number: int = 0) -> AsyncIterator[Door]:
        """The door of the client of this number."""
        door = cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**24), f"198.51.100.{number + 1}")
        try:
            yield door
        finally:
            door.writer.close()

    async def post(self, document: str, variables: dict[str, Any], token: str = "") -> tuple[int, Any]:
        """The status and the body of an answer.  Raises RunError if none comes."""
        body = json.dumps({"query": document, "variables": variables}).encode()
        lines = [
            "POST /graphql HTTP/1.1",
            "host: 127.0.0.1",
            "content-type: application/json",
            f"content-length: {len(body)}",
            f"x-forwarded-for: {self.address}",
            *([f"authorization: Bearer {token}"] if token else []),
        ]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        try:
            async with asyncio.timeout(LONGEST):
                head = await self.reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                assert length is not None
                return int(head[9:12]), json.loads(await self.reader.readexactly(int(length[1])))
        except (OSError, EOFError, TimeoutError) as error:
            raise RunError(f"no answer: {type(error).__name__}") from None

    async def data(self, document: str, variables: dict[str, Any], token: str = "") -> Any:
        """The value of the only field of an answer.  Raises RunError if anything in it is refused."""
        status, body = await self.post(document, variables, token)
        if status != 200 or body.get("errors"):
            raise RunError(f"{document.split('(')[0]}: {status} {body.get('errors')}")
        (value,) = body["data"].values()
        return value

    async def session(self, document: str, values: dict[str, str]) -> dict[str, str]:
        """The session of a payload.  Raises RunError if there is none."""
        payload = await self.data(document, {"input": values})
        if payload["session"] is None:
            raise RunError(f"{document.split('(')[0]}: {payload['userErrors']}")
        session: dict[str, str] = payload["session"]
        return session


Work = Callable[[Door], Awaitable[None]]


async def repeat(port: int, seconds: float, works: Sequence[Work], first: int = 0) -> list[float]:
    """The time of each round of every work, all at once, each as a client of its own; clients count from `first`."""
    end, times = time.perf_counter() + seconds, list[float]()

    async def one(number: int, work: Work) -> None:
        async with Door.open(port, number) as door:
            while time.perf_counter() < end:
                begun = time.perf_counter()
                await work(door)
                times.append(time.perf_counter() - begun)

    async with asyncio.TaskGroup() as clients:
        for number, work in enumerate(works, first):
            clients.create_task(one(number, work))
    return times
