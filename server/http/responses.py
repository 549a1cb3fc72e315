"""How an answer is sent: its status, its headers, its bytes.

Rule: no cache stores an answer of `/graphql`, except one that has an entity tag (RFC 9110, section 8.8.3): its client
may keep it, and asks each time whether it is still the answer.  No browser takes an answer for another media type than
it names.
Tests: tests/test_http.py, tests/test_headers.py, tests/test_reference_codes.py.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import Send

from server.http.compress import compressed
from server.http.headers import JSON, Headers, has_already
from server.http.request_log import new_request_id

PLAIN_JSON_STATUSES = {401, 403, 404, 405, 406, 408, 413, 415, 429, 431, 500, 503}
"""Statuses that `application/json` has too; errors of a document or its variables have status 200 there."""
SAFE_HEADERS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
ASK_EACH_TIME = (b"cache-control", b"private, no-cache")
VARY = (b"vary", b"Accept, Accept-Encoding, Accept-Language")
CHALLENGE = b'Bearer realm="desmigratif"'  # RFC 6750, section 3


@dataclass(slots=True)
class Reply:
    """One answer before it is sent.  `retry_after` is in seconds; `has_token` says whether the caller sent a token."""

    request_id: str
    language: str
    media: str
    has_token: bool
    status: int = 200
    retry_after: int | None = None
    allow: bytes = b"GET, POST"
    may_compress: bool = False
    encoding: bytes = b""
    etag: str = ""
    is_kept: bool = False  # the client has this answer already

    @classmethod
    def new(cls, language: str, media: str = JSON, has_token: bool = False, request_id: str = "") -> Reply:
        """A reply to the request of this id, or with an id of its own."""
        return cls(request_id or new_request_id(), language, media, has_token)

    def identify(self, data: bytes, headers: Headers) -> None:
        """Give the answer the entity tag of its data; a client that names it gets no body.

        The tag is weak, because the id of the request, which the body holds too, is always another."""
        self.etag = hashlib.sha256(data).hexdigest()[:32]
        self.is_kept = has_already(headers, self.etag)

    def headers(self, length: int) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"content-type", self.media.encode()),
            (b"content-length", b"%d" % length),
            (b"x-request-id", self.request_id.encode()),
            VARY,
            *SAFE_HEADERS,
        ]
        if self.etag:
            headers[-len(SAFE_HEADERS)] = ASK_EACH_TIME
            headers.append((b"etag", f'W/"{self.etag}"'.encode()))
        if self.status == 401:
            error = b', error="invalid_token"' if self.has_token else b""
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
    if reply.is_kept:
        headers = [header for header in reply.headers(0) if header[0] not in (b"content-type", b"content-length")]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    headers, text = rendered(reply, body)
    if reply.may_compress and (smaller := await compressed(text)) is not None:
        text, reply.encoding = smaller, b"gzip"
        headers = reply.headers(len(text))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def rendered(reply: Reply, body: dict[str, Any]) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The headers and bytes of one JSON document; sets the status that its media type has for it."""
    is_plain_json = reply.media == JSON and reply.status not in PLAIN_JSON_STATUSES
    if reply.status != 200 and is_plain_json and not _is_bad_request(body):
        reply.status = 200
    body["extensions"] = {"requestId": reply.request_id} | body.get("extensions", {})
    text = orjson.dumps(body)
    return reply.headers(len(text)), text


def _is_bad_request(body: dict[str, Any]) -> bool:
    return any(error["extensions"]["code"] == "BAD_REQUEST" for error in body.get("errors", ()))
