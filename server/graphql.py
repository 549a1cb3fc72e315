"""GraphQL over HTTP: reads one request, answers one JSON document that is always GraphQL-shaped.

Rule: no answer holds a traceback, a suggestion of names, or a value that somebody sent or stored; what is nobody's
fault but ours is `INTERNAL` with an id, its details in the log only.  Tests: tests/test_http.py, tests/test_errors.py.
"""

from __future__ import annotations

import logging
import re
import traceback
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
)
from starlette.requests import Request
from starlette.responses import Response

from auth.errors import AccessError, Forbidden, Unauthenticated
from auth.principal import Principal
from registry.db import TooSlow, Unreachable
from schema.context import Context
from schema.errors import (
    MethodNotAllowed,
    NotAcceptable,
    Overloaded,
    PayloadTooLarge,
    RequestError,
    Timeout,
    UnsupportedMediaType,
)
from server.identity import principal_of

log = logging.getLogger("desmigratif")
RESPONSE_JSON, JSON = "application/graphql-response+json", "application/json"
RETRY_AFTER = "5"  # seconds
STATUS = {"UNAUTHENTICATED": 401, "BAD_REQUEST": 400}
KEPT = {401, 405, 406, 413, 415, 429, 503}
"""Statuses that `application/json` keeps too; a wrong document or variable is 200 there."""
SAFE = re.compile(
    r"^(Cannot query field|Unknown (argument|type|fragment|directive)|Field .* (must have|must not have|argument)"
    r"|Fragment|Variable ['\"]\$\w+['\"] (is not defined|is never used|of type|of required type)|Directive"
    r"|Argument '\w+' of type '[\w!\[\]]+' is required|There can be only one|Fields .* conflict"
    r"|This anonymous operation)"
)
NUL = re.compile(r"\0|\\u0000|\\u\{0+\}")
VARIABLE = re.compile(r"^Variable '\$(\w+)' has invalid value(?: at \.?(['\w\[\].]+))?")


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
        error = _known(failed)
        assert error is not None
        body = {"errors": [_request_error(error, language)]}
        status = error.status if isinstance(error, RequestError) else STATUS.get(error.code, 403)
        return _respond(body, status, media or JSON, request_id)
    except Exception as error:
        body = {"errors": [_internal(error, language, request_id)]}
        return _respond(body, 500, media or JSON, request_id)
    body = {}
    if result.data is not None or result.errors is None or any(e.path for e in result.errors):
        body["data"] = result.data
    if result.errors:
        body["errors"] = [_formatted(error, language, request_id) for error in result.errors]
    status = 200 if "data" in body else 400 if media == RESPONSE_JSON else 200
    return _respond(body, status, media or JSON, request_id)


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
    except orjson.JSONDecodeError:
        raise RequestError("Isi permintaan bukan JSON.", "The body is not JSON.") from None


def _has_nul(value: Any) -> bool:
    """PostgreSQL holds no NUL in a text."""
    if isinstance(value, dict):
        return any(_has_nul(v) for v in value.values())
    if isinstance(value, list):
        return any(_has_nul(v) for v in value)
    return isinstance(value, str) and "\0" in value


async def _principal(request: Request, asked: Asked) -> Principal:
    state = request.app.state
    try:
        return await principal_of(request.headers.get("authorization"), state.keyring, state.database)
    except Unauthenticated:
        if state.settings.introspection and _only_meta(asked):
            return state.nobody  # type: ignore[no-any-return]
        raise


def _only_meta(asked: Asked) -> bool:
    """Whether only the schema itself is asked for."""
    operation = _operation(asked)
    return operation is not None and all(
        isinstance(node, FieldNode) and node.name.value.startswith("__") for node in operation.selection_set.selections
    )


@lru_cache(maxsize=500)
def _document(query: str) -> DocumentNode | None:
    """The parsed document; None where it is wrong, which execution says with its place."""
    try:
        return parse(query)
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
    elif request.method == "GET" and operation.operation is not OperationType.QUERY:
        raise MethodNotAllowed("Perubahan data hanya lewat POST.", "Changes go by POST only.")


# --- errors ---------------------------------------------------------------------------------------------------------


def _request_error(error: RequestError | AccessError, language: str) -> dict[str, Any]:
    said: dict[str, Any] = {"code": error.code}
    if isinstance(error, RequestError):
        said |= error.extensions
    elif isinstance(error, Forbidden):
        said |= {"ability": error.ability.name} if error.ability else {"field": error.field}
    return {"message": error.label_en if language == "en" else error.label_id, "extensions": said}


def _known(error: BaseException | None) -> RequestError | AccessError | None:
    """The error that a caller may be told, for what has one."""
    if isinstance(error, TooSlow):
        return Timeout()
    if isinstance(error, Unreachable):
        return Overloaded()
    return error if isinstance(error, RequestError | AccessError) else None


def _internal(error: BaseException, language: str, request_id: str) -> dict[str, Any]:
    """The log gets the kind of the error and where it arose; its message could quote a value."""
    where = "".join(f"\n  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-6:])
    log.error("errorId=%s %s%s", request_id, type(error).__qualname__, where)
    message = (
        "Internal error; tell support this errorId."
        if language == "en"
        else "Kesalahan sistem; sebutkan errorId ini kepada admin."
    )
    return {"message": message, "extensions": {"code": "INTERNAL", "errorId": request_id}}


def _formatted(error: GraphQLError, language: str, request_id: str) -> dict[str, Any]:
    original = error.original_error
    if known := _known(original):
        made = _request_error(known, language)
    elif original is not None and not isinstance(original, GraphQLError | RecursionError):
        made = _internal(original, language, request_id)
    else:
        made = {"message": _harmless(error.message, language), "extensions": {"code": _code(error)}}
    if error.locations:
        made["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        made["path"] = list(error.path)
    return made


def _code(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError) or isinstance(error.original_error, RecursionError):
        return "GRAPHQL_PARSE_FAILED"
    of_a_value = error.path is not None or not error.locations or VARIABLE.match(error.message)
    return "BAD_USER_INPUT" if of_a_value else "GRAPHQL_VALIDATION_FAILED"


def _harmless(message: str, language: str) -> str:
    """A sentence without the value that it complains of; GraphQL's own, which speak to programmers, stay English."""
    english = language == "en"
    if message.startswith("Syntax Error"):
        return "The document is no valid GraphQL here." if english else "Dokumen bukan GraphQL yang benar di sini."
    if SAFE.match(message) and not VARIABLE.match(message):
        return message.partition(" Did you mean")[0]
    what = "A value in the document" if english else "Sebuah nilai dalam dokumen"
    if said := VARIABLE.match(message):
        what = f"Variable ${said[1]}" if english else f"Variabel ${said[1]}"
        what += (f" at {said[2]}" if english else f" pada {said[2]}") if said[2] else ""
    wrong = "has the wrong type or form." if english else "salah jenis atau bentuknya."
    return f"{what} {wrong}{_own_sentence(message)}"


def _own_sentence(message: str) -> str:
    """The sentence of one of our scalars, if it is in there."""
    from schema.scalars import SENTENCES

    return next((f" {sentence}" for sentence in SENTENCES if sentence in message), "")


def _respond(body: dict[str, Any], status: int, media: str, request_id: str) -> Response:
    if media == JSON and status not in KEPT and status != 500 and not _is_bad_request(body):
        status = 200
    body["extensions"] = {"requestId": request_id}
    headers = {"Cache-Control": "no-store", "X-Request-Id": request_id}
    if status == Overloaded.status:
        headers["Retry-After"] = RETRY_AFTER
    return Response(orjson.dumps(body), status, headers, media_type=media)


def _is_bad_request(body: dict[str, Any]) -> bool:
    return any(error["extensions"]["code"] == "BAD_REQUEST" for error in body.get("errors", ()))
