"""GraphQL over HTTP: reads one request, answers one JSON document that is always GraphQL-shaped.

Rule: whatever arrives gets an answer; nothing runs without a good token, nor for a document that is too large.
Test: tests/test_http.py.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
)
from starlette.requests import Request
from starlette.responses import Response

from auth.errors import AccessError, Unauthenticated
from auth.principal import Principal
from registry.db import TooSlow, Unreachable
from schema.context import Context
from schema.errors import (
    BadInput,
    MethodNotAllowed,
    NotAcceptable,
    PayloadTooLarge,
    RequestError,
    UnsupportedMediaType,
)
from schema.limits import MOST_META_ROOTS, MOST_TOKENS, check_document, check_roots
from server.answers import JSON, RESPONSE_JSON, STATUS, formatted, internal, known, request_error, respond
from server.identity import principal_of

NUL = re.compile(r"\0|\\u0000|\\u\{0+\}")


@dataclass
class Asked:
    query: str
    variables: dict[str, Any] | None
    operation: str | None


def language_of(request: Request) -> str:
    """Indonesian unless English is preferred."""
    best, quality = "id", 0.0
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, rest = part.strip().partition(";")
        found = re.search(r"q=([01](?:\.\d+)?)", rest)
        q = float(found[1]) if found else 1.0
        name = tag.strip().lower().partition("-")[0]
        if name in ("id", "en") and q > quality:
            best, quality = name, q
    return best


async def endpoint(request: Request) -> Response:
    """POST and GET /graphql."""
    state, language, media = request.app.state, language_of(request), _media(request)
    request_id = str(uuid.uuid4())
    try:
        if media is None:
            raise NotAcceptable("Terima application/json.", f"Accept {RESPONSE_JSON} or {JSON}.")
        asked = await _asked(request, state.settings.max_body_bytes)
        principal = await _principal(request, asked)
        context = Context(principal, state.database, state.vault, state.cursors, language)
        _check_method(request, asked)
        result = await state.schema.execute(
            asked.query,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation,
        )
    except (RequestError, AccessError, TooSlow, Unreachable) as failed:
        error = known(failed)
        assert error is not None
        body = {"errors": [request_error(error, language)]}
        status = error.status if isinstance(error, RequestError) else STATUS.get(error.code, 403)
        return respond(body, status, media or JSON, request_id)
    except Exception as error:
        body = {"errors": [internal(error, language, request_id)]}
        return respond(body, 500, media or JSON, request_id)
    body = {}
    if result.data is not None or result.errors is None or any(e.path for e in result.errors):
        body["data"] = result.data
    if result.errors:
        body["errors"] = [formatted(error, language, request_id) for error in result.errors]
    status = 200 if "data" in body else 400 if media == RESPONSE_JSON else 200
    return respond(body, status, media or JSON, request_id)


def _media(request: Request) -> str | None:
    accept = request.headers.get("accept", "*/*").lower()
    if RESPONSE_JSON in accept:
        return RESPONSE_JSON
    return JSON if any(kind in accept for kind in (JSON, "*/*", "application/*")) else None


async def _asked(request: Request, limit: int) -> Asked:
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
    check_document(said["query"])
    if NUL.search(said["query"]) or _has_nul(said.get("variables")):
        raise RequestError("Karakter NUL tidak diterima.", "NUL characters are refused.")
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


async def _principal(request: Request, asked: Asked) -> Principal:
    state = request.app.state
    try:
        return await principal_of(request.headers.get("authorization"), state.keyring, state.database)
    except Unauthenticated:
        if _only_meta(asked):
            return state.nobody  # type: ignore[no-any-return]
        raise


def _only_meta(asked: Asked) -> bool:
    """Whether only the schema itself is asked for."""
    operation = _operation(asked)
    if operation is None or len(operation.selection_set.selections) > MOST_META_ROOTS:
        return False
    return all(name.startswith("__") for name in _roots(operation))


def _roots(operation: OperationDefinitionNode) -> set[str]:
    """The names of the root fields; a fragment has none that begins with `__`."""
    return {node.name.value if isinstance(node, FieldNode) else "" for node in operation.selection_set.selections}


@lru_cache(maxsize=500)
def _document(query: str) -> DocumentNode | None:
    """The parsed document; None where it is wrong, which execution says with its place."""
    try:
        return parse(query, max_tokens=MOST_TOKENS)
    except (GraphQLError, RecursionError):
        return None


def _operation(asked: Asked) -> OperationDefinitionNode | None:
    document = _document(asked.query)
    return None if document is None else get_operation_ast(document, asked.operation)


def _check_method(request: Request, asked: Asked) -> None:
    operation = _operation(asked)
    if operation is None:
        if _document(asked.query) is not None:
            raise RequestError("`operationName` tidak ada dalam dokumen.", "`operationName` names no operation here.")
        return
    check_roots(operation)
    if not request.app.state.settings.introspection and {"__schema", "__type"} & _roots(operation):
        raise BadInput("Skema tidak dapat dibaca lewat API ini.", "The schema cannot be read through this API.")
    if request.method == "GET" and operation.operation is not OperationType.QUERY:
        raise MethodNotAllowed("Perubahan data hanya lewat POST.", "Changes go by POST only.")
