"""What a request asks: its document and variables.

A document that was sent with its SHA-256 may be asked for by that alone afterwards: `documentId`, or `persistedQuery`
as Apollo's clients send it.
Rule: what is no request of GraphQL's is refused with a sentence that says how to send one; no NUL reaches PostgreSQL,
which holds none; a hash stands for its own document only.
Tests: tests/test_http.py, tests/test_persisted.py.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.types import Receive

from registry.store.cache import LruCache
from schema.errors import (
    MethodNotAllowed,
    PayloadTooLarge,
    PersistedQueryNotFound,
    RequestError,
    UnsupportedMediaType,
    nul_refused,
)
from server.http.disconnect import ClientDisconnected
from server.http.headers import Headers, is_json

PERSISTED: LruCache[str, str] = LruCache("persisted", 200, 10_000_000, lambda text: 4 * len(text))
"""Documents by their hash, of this process: whoever meets another is told so, and sends the text again."""
HASH = re.compile(r"[0-9a-f]{64}")
_OBJECTS = {"variables", "extensions"}
NUL_ESCAPED = b"\\u0000"


@dataclass
class Asked:
    query: str
    variables: dict[str, Any] | None
    operation: str | None
    sha256: str | None = None  # of the document, where it was sent

    def persist(self) -> None:
        """Remember the document, if its hash came with it."""
        if self.sha256 is not None:
            PERSISTED.put(self.sha256, self.query)


def refuse_foreign(method: str, headers: Headers) -> None:
    """Refuse what says by its head alone that it is no request of GraphQL's.  Raises RequestError."""
    if method not in ("POST", "GET"):
        raise MethodNotAllowed("Gunakan POST, atau GET untuk query.", "Use POST, or GET for queries.")
    if method == "POST" and not is_json(headers):
        raise UnsupportedMediaType("Kirim application/json.", "Send application/json.")


async def asked_of(method: str, query_string: bytes, length: bytes, receive: Receive, limit: int) -> Asked:
    """The document, its variables and the name of the operation: of a GET's query, or of a POST's body, which
    says to have this `length` and may have `limit` bytes.

    Raises RequestError, Gone."""
    if method == "POST":
        body = await _body(receive, length, limit)
        said: Any = _json(body)
        may_have_nul = NUL_ESCAPED in body  # no other way to write it is JSON
    else:
        said = _parameters(query_string)
        may_have_nul = True
    said = said if isinstance(said, dict) else {}
    sha256 = _sha256_of(said)
    query = said.get("query") if sha256 is None else _persisted(sha256, said.get("query"))
    if not isinstance(query, str) or not query.strip():
        raise RequestError(
            "Isi permintaan harus objek JSON dengan `query`.", "The body must be a JSON object with `query`."
        )
    if may_have_nul and _has_nul(said.get("variables")):
        raise nul_refused()
    variables, operation = said.get("variables"), said.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(operation, str | None):
        raise RequestError(
            "`variables` harus objek, `operationName` teks.", "`variables` is an object, `operationName` a text."
        )
    return Asked(query, variables, operation or None, sha256)


def _parameters(query_string: bytes) -> dict[str, Any]:
    """The parameters of a GET, each of which may come once.  Raises RequestError."""
    parameters = QueryParams(query_string)
    values: dict[str, Any] = dict(parameters)
    if len(values) < len(parameters.multi_items()):
        raise RequestError("Setiap parameter hanya boleh satu kali.", "Each parameter may come only once.")
    return values | {name: _json(values[name].encode()) if values[name] else None for name in _OBJECTS & values.keys()}


def _sha256_of(said: dict[str, Any]) -> str | None:
    """The hash by which a request names its document; None where it names none.  Raises RequestError."""
    told = []
    if (document := said.get("documentId")) is not None:
        kind, _, text = document.partition(":") if isinstance(document, str) else ("", "", "")
        told.append(text if kind == "sha256" else "")
    extensions = said.get("extensions")
    if isinstance(extensions, dict) and (persisted := extensions.get("persistedQuery")) is not None:
        known = isinstance(persisted, dict) and persisted.get("version", 1) == 1
        told.append(persisted.get("sha256Hash") if known else "")
    if not told:
        return None
    if any(not isinstance(text, str) or not HASH.fullmatch(text) or text != told[0] for text in told):
        raise RequestError(
            "`documentId` harus `sha256:` dan 64 digit heksadesimal kecil, `persistedQuery` hash yang sama, versi 1.",
            "`documentId` is `sha256:` and 64 small hexadecimal digits, `persistedQuery` the same hash, version 1.",
        )
    return str(told[0])


def _persisted(sha256: str, query: Any) -> Any:
    """The document of this hash: the one sent, if it is, else the one remembered."""
    if query is None:
        if (known := PERSISTED.get(sha256)) is None:
            raise PersistedQueryNotFound
        return known
    if isinstance(query, str) and hashlib.sha256(query.encode()).hexdigest() != sha256:
        raise RequestError("Hash tidak cocok dengan `query`.", "The hash is not that of `query`.")
    return query


async def _body(receive: Receive, length: bytes, limit: int) -> bytearray:
    if length.isdigit() and int(length[:20]) > limit:
        raise PayloadTooLarge(limit)
    received, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        received += message.get("body", b"")
        more = message.get("more_body", False)
        if len(received) > limit:
            raise PayloadTooLarge(limit)
    return received


def _json(text: bytes | bytearray) -> Any:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        raise RequestError(
            "Isi permintaan, atau `variables` dan `extensions` dari GET, bukan JSON.",
            "The body, or `variables` and `extensions` of a GET, is not JSON.",
        ) from None


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
