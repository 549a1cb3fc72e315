"""What a request asks: its language, the media type of its answer, its document and variables.

Rule: what is no request of GraphQL's is refused with a sentence that says how to send one; no NUL reaches PostgreSQL,
which holds none.  Test: tests/test_http.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from starlette.requests import Request

from schema.errors import MethodNotAllowed, PayloadTooLarge, RequestError, UnsupportedMediaType, nul_refused
from server.answers import JSON, RESPONSE_JSON


@dataclass
class Asked:
    query: str
    variables: dict[str, Any] | None
    operation: str | None


@lru_cache(maxsize=200)
def language_of(accepted: str) -> str:
    """Indonesian unless English is preferred."""
    best, quality = "id", 0.0
    for part in accepted.split(","):
        tag, _, rest = part.strip().partition(";")
        found = re.search(r"q=([01](?:\.\d+)?)", rest)
        q = float(found[1]) if found else 1.0
        name = tag.strip().lower().partition("-")[0]
        if name in ("id", "en") and q > quality:
            best, quality = name, q
    return best


@lru_cache(maxsize=200)
def media_of(accept: str) -> str | None:
    """The media type to answer in; None where none of ours is accepted."""
    accept = accept.lower()
    if RESPONSE_JSON in accept:
        return RESPONSE_JSON
    return JSON if any(kind in accept for kind in (JSON, "*/*", "application/*")) else None


async def asked_of(request: Request, limit: int) -> Asked:
    """The document, its variables and the name of the operation.  Raises RequestError."""
    if request.method == "GET":
        said: Any = dict(request.query_params)
        if "variables" in said:
            said["variables"] = _json(said["variables"].encode())
    elif request.method == "POST":
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise UnsupportedMediaType("Kirim application/json.", "Send application/json.")
        said = _json(await _body(request, limit))
    else:
        raise MethodNotAllowed("Gunakan POST, atau GET untuk query.", "Use POST, or GET for queries.")
    if not isinstance(said, dict) or not isinstance(said.get("query"), str) or not said["query"].strip():
        raise RequestError(
            "Isi permintaan harus objek JSON dengan `query`.", "The body must be a JSON object with `query`."
        )
    if _has_nul(said.get("variables")):
        raise nul_refused()
    variables, operation = said.get("variables"), said.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(operation, str | None):
        raise RequestError(
            "`variables` harus objek, `operationName` teks.", "`variables` is an object, `operationName` a text."
        )
    return Asked(said["query"], variables, operation)


async def _body(request: Request, limit: int) -> bytes:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limit:
            raise PayloadTooLarge(
                f"Permintaan terlalu besar: paling banyak {limit} byte.",
                f"The request is too large: {limit} bytes at most.",
                limit=limit,
            )
    return bytes(received)


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        raise RequestError("Isi permintaan bukan JSON.", "The body is not JSON.") from None


def _has_nul(value: Any) -> bool:
    """PostgreSQL holds no NUL in a text."""
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, dict | list):
            left += found.values() if isinstance(found, dict) else found
        elif isinstance(found, str) and "\0" in found:
            return True
    return False
