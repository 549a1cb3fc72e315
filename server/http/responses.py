"""How an answer is sent: its status, its headers, its bytes.

Rule: no answer of `/graphql` is kept by anybody between, nor taken for something else than its media type says.
Tests: tests/test_http.py, tests/test_headers.py.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import Send

from server.http.compress import compressed
from server.http.headers import JSON

KEPT = {401, 404, 405, 406, 408, 413, 415, 429, 431, 500, 503}
"""Statuses that `application/json` keeps too; a wrong document or variable is 200 there."""
SAFE = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
VARY = (b"vary", b"Accept, Accept-Encoding, Accept-Language")
CHALLENGE = b'Bearer realm="desmigratif"'  # RFC 6750, section 3


@dataclass(slots=True)
class Reply:
    """One answer before it is sent.  `retry_after` is in seconds; `sent_token` says whether a token came."""

    request_id: str
    language: str
    media: str
    sent_token: bool
    status: int = 200
    retry_after: int | None = None
    allow: bytes = b"GET, POST"
    may_compress: bool = False
    encoding: bytes = b""

    @classmethod
    def new(cls, language: str, media: str = JSON, sent_token: bool = False) -> Reply:
        """With an id of its own: a random UUID, made by hand because `uuid4` takes as long as finding the plan."""
        h = os.urandom(16).hex()
        return cls(f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}", language, media, sent_token)

    def headers(self, length: int) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"content-type", self.media.encode()),
            (b"content-length", b"%d" % length),
            (b"x-request-id", self.request_id.encode()),
            VARY,
            *SAFE,
        ]
        if self.status == 401:
            error = b', error="invalid_token"' if self.sent_token else b""
            headers.append((b"www-authenticate", CHALLENGE + error))
        if self.status == 413:
            headers.append((b"connection", b"close"))  # the rest of the body is not read
        if self.status == 405:
            headers.append((b"allow", self.allow))
        if self.encoding:
            headers.append((b"content-encoding", self.encoding))
        if self.retry_after is not None:
            headers.append((b"retry-after", b"%d" % self.retry_after))
        return headers


async def respond(send: Send, reply: Reply, body: dict[str, Any]) -> None:
    """Send one answer."""
    headers, text = rendered(reply, body)
    if reply.may_compress and (smaller := await compressed(text)) is not None:
        text, reply.encoding = smaller, b"gzip"
        headers = reply.headers(len(text))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def rendered(reply: Reply, body: dict[str, Any]) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The headers and bytes of one JSON document; the status becomes what its media type allows."""
    if reply.status != 200 and reply.media == JSON and reply.status not in KEPT and not _is_bad_request(body):
        reply.status = 200
    body["extensions"] = {"requestId": reply.request_id} | body.get("extensions", {})
    text = orjson.dumps(body)
    return reply.headers(len(text)), text


def _is_bad_request(body: dict[str, Any]) -> bool:
    return any(error["extensions"]["code"] == "BAD_REQUEST" for error in body.get("errors", ()))
