"""The parameters of a GraphQL request: its document, its variables, the name of the operation.

A document that was once sent with its SHA-256 can later be named by that hash alone: `documentId`, or `persistedQuery`
as Apollo's clients send it.  Of a service account, every document is looked up by its hash among the registered ones.
Rule: what is not a GraphQL request is refused with a sentence that says how to send one; no NUL reaches PostgreSQL,
whose texts hold none; a hash stands for its own document only.
Tests: tests/test_http.py, tests/test_persisted.py.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
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
"""Documents by their hash.  Each process has its own: a client that reaches another one sends the text again."""
HASH = re.compile(r"[0-9a-f]{64}")
_OBJECTS = {"variables", "extensions"}
OBJECT_OR_NULL, TEXT_OR_NULL = (dict, type(None)), (str, type(None))
NUL_ESCAPED = b"\\u0000"


@dataclass
class GraphQLParams:
    """The parameters of one request.  `sha256` is the document's, if the client sent it."""

    query: str
    variables: dict[str, Any] | None
    operation: str | None
    sha256: str | None = None

    def persist(self) -> None:
        """Remember the document, if its hash came with it."""
        if self.sha256 is not None:
            PERSISTED.put(self.sha256, self.query)


def refuse_unless_graphql(method: str, headers: Headers) -> None:
    """Raises RequestError if method and headers alone show that this is not a GraphQL request."""
    if method not in ("POST", "GET"):
        raise MethodNotAllowed("Gunakan POST, atau GET untuk query.", "Use POST, or GET for queries.")
    if method == "POST" and not is_json(headers):
        raise UnsupportedMediaType("Kirim application/json.", "Send application/json.")


Registered = Callable[[str], Awaitable[str]]
"""The registered document of a hash.  Raises OperationNotRegistered."""


async def read_params(
    method: str,
    query_string: bytes,
    length: bytes,
    receive: Receive,
    limit: int,
    registered: Registered | None = None,
) -> GraphQLParams:
    """The parameters in the query string of a GET, or in the body of a POST.

    `length` is the Content-Length that the body claims, `limit` its largest size in bytes; the document is one of
    `registered`, if that is there.  Raises RequestError, ClientDisconnected."""
    params: Any
    if method == "POST":
        body = await _body(receive, length, limit)
        params = _json(body)
        may_have_nul = NUL_ESCAPED in body  # JSON has no other way to write it
    else:
        params = _query_params(query_string)
        may_have_nul = True
    if not isinstance(params, dict):
        params = {}
    query = params.get("query")
    sha256 = _sha256_of(params)
    if registered is not None and (sha256 is not None or isinstance(query, str)):
        query, sha256 = await registered(_hash_of(sha256, query)), None
    elif sha256 is not None:
        query = _document_of(sha256, query)
    if not isinstance(query, str) or not query.strip():
        raise RequestError(
            "Isi permintaan harus objek JSON dengan `query`.", "The body must be a JSON object with `query`."
        )
    variables, operation = params.get("variables"), params.get("operationName")
    if may_have_nul and _has_nul(variables):
        raise nul_refused()
    if not isinstance(variables, OBJECT_OR_NULL) or not isinstance(operation, TEXT_OR_NULL):
        raise RequestError(
            "`variables` harus objek, `operationName` teks.", "`variables` is an object, `operationName` a text."
        )
    return GraphQLParams(query, variables, operation or None, sha256)


def _query_params(query_string: bytes) -> dict[str, Any]:
    """The parameters of a GET.  Raises RequestError if one comes twice, or is not the JSON that it must be."""
    query_params = QueryParams(query_string)
    params: dict[str, Any] = dict(query_params)
    if len(params) < len(query_params.multi_items()):
        raise RequestError("Setiap parameter hanya boleh satu kali.", "Each parameter may come only once.")
    for name in _OBJECTS & params.keys():
        text = params[name]
        params[name] = _json(text.encode()) if text else None
    return params


def _sha256_of(params: dict[str, Any]) -> str | None:
    """The hash by which a request names its document; None if it names none.  Raises RequestError."""
    hashes: list[Any] = []
    document_id = params.get("documentId")
    if document_id is not None:
        algorithm, _, text = str(document_id).partition(":")
        hashes.append(text if algorithm == "sha256" else None)
    extensions = params.get("extensions")
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    if persisted is not None:
        is_version_1 = isinstance(persisted, dict) and persisted.get("version", 1) == 1
        hashes.append(persisted.get("sha256Hash") if is_version_1 else None)
    if not hashes:
        return None
    sha256 = hashes[0]
    if not isinstance(sha256, str) or not HASH.fullmatch(sha256) or any(other != sha256 for other in hashes):
        raise RequestError(
            "`documentId` harus `sha256:` dan 64 digit heksadesimal kecil, `persistedQuery` hash yang sama, versi 1.",
            "`documentId` is `sha256:` and 64 small hexadecimal digits, `persistedQuery` the same hash, version 1.",
        )
    return sha256


def _document_of(sha256: str, query: Any) -> Any:
    """The document of this hash: `query` if it was sent with it, else the remembered one.  Raises RequestError."""
    if query is None:
        document = PERSISTED.get(sha256)
        if document is None:
            raise PersistedQueryNotFound
        return document
    _hash_of(sha256, query)
    return query


def _hash_of(sha256: str | None, query: Any) -> str:
    """The hash of the document that a request sends or names.  Raises RequestError if it does both, and they differ."""
    if not isinstance(query, str):
        assert sha256 is not None
        return sha256
    own = hashlib.sha256(query.encode()).hexdigest()
    if sha256 is not None and own != sha256:
        raise RequestError("Hash tidak cocok dengan `query`.", "The hash is not that of `query`.")
    return own


async def _body(receive: Receive, length: bytes, limit: int) -> bytearray:
    if length.isdigit() and int(length[:20]) > limit:
        raise PayloadTooLarge(limit)
    received = bytearray()
    has_more = True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        received += message.get("body", b"")
        has_more = message.get("more_body", False)
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
    """Whether a text in this value holds NUL.  A loop and not a recursion: the nesting is the caller's."""
    remaining = [value]
    while remaining:
        item = remaining.pop()
        if isinstance(item, dict):
            remaining += item.values()
        elif isinstance(item, list):
            remaining += item
        elif isinstance(item, str) and "\0" in item:
            return True
    return False
