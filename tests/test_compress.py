"""Compressed answers: equal bytes for callers that accept them, never for commands, never at another caller's cost."""

from __future__ import annotations

import asyncio
import gzip
import threading
from typing import Any

import httpx
import pytest

from server.http import compress
from tests.village import SUBMIT, Place, household

pytestmark = pytest.mark.anyio
LARGE = "{ __schema { types { name description fields { name description } } } }"
SMALL = "{ viewer { name } }"


async def raw_answer(village: Place, text: str, accept: str | None, **variables: Any) -> tuple[httpx.Headers, bytes]:
    """The answer as sent over the wire."""
    headers = village.bearer("officer") | ({} if accept is None else {"accept-encoding": accept})
    body = {"query": text, "variables": variables}
    async with village.client.stream("POST", "/graphql", json=body, headers=headers) as answer:
        return answer.headers, b"".join([part async for part in answer.aiter_raw()])


async def test_a_large_answer_is_compressed_if_the_caller_accepts_gzip(village: Place) -> None:
    plain_headers, plain_body = await raw_answer(village, LARGE, "identity")
    headers, packed_body = await raw_answer(village, LARGE, "br, gzip;q=0.5")
    assert ("content-encoding" in plain_headers, headers["content-encoding"]) == (False, "gzip")
    assert int(headers["content-length"]) == len(packed_body) < len(plain_body) / 4
    unpacked = gzip.decompress(packed_body)
    assert unpacked.partition(b'"extensions"')[0] == plain_body.partition(b'"extensions"')[0]
    for sent in (plain_headers, headers):
        assert "Accept-Encoding" in sent["vary"]


@pytest.mark.parametrize("accept", ["", "gzip;q=0", "identity", "br"])
async def test_an_answer_is_not_compressed_otherwise(village: Place, accept: str) -> None:
    assert "content-encoding" not in (await raw_answer(village, LARGE, accept))[0]


async def test_small_answers_and_commands_are_not_compressed(village: Place) -> None:
    """A payload may hold a secret beside text that an attacker chose, and compressing both together leaks it."""
    assert "content-encoding" not in (await raw_answer(village, SMALL, "gzip"))[0]
    aliases = " ".join(f"a{n}: outcome" for n in range(200))
    text = SUBMIT.replace("outcome", f"outcome {aliases}", 1)
    headers, body = await raw_answer(village, text, "gzip", household=household())
    assert len(body) > compress.MIN_BYTES
    assert "content-encoding" not in headers


async def test_the_schema_is_compressed_too(village: Place) -> None:
    plain = await village.send("GET", "/schema.graphql", headers={"accept-encoding": "identity"})
    packed = await village.send("GET", "/schema.graphql", headers={"accept-encoding": "gzip"})
    assert ("content-encoding" in plain.headers, packed.headers["content-encoding"]) == (False, "gzip")
    assert packed.body == plain.body
    assert int(packed.headers["content-length"]) < len(plain.body) / 3


async def test_an_answer_is_not_compressed_if_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def slow(text: bytes) -> bytes:
        go.wait(10)
        return b"packed"

    monkeypatch.setattr(compress, "gzip", slow)
    text = b"x" * (compress.MAX_INLINE_BYTES + 1)
    waiting = [asyncio.create_task(compress.compressed(text)) for _ in range(compress.MAX_WAITING)]
    await asyncio.sleep(0)
    assert await compress.compressed(text) is None
    go.set()
    assert await asyncio.gather(*waiting) == [b"packed"] * compress.MAX_WAITING
    assert await compress.compressed(text) == b"packed"
