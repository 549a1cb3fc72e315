"""GraphQL over HTTP: reads one request, answers one JSON document that is always GraphQL-shaped.

A query whose roots are all the engine's is answered here: each root is one statement, the answers are joined as bytes.
Everything else (commands, questions about the schema) goes to Strawberry's executor, with the same plans.
Rule: whatever arrives gets an answer; nothing runs without a good token, nor for a document that is too large.
Tests: tests/test_http.py, tests/test_read.py.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import orjson
from graphql import FieldNode, GraphQLError
from starlette.requests import Request
from starlette.responses import Response

from auth.errors import AccessError, Unauthenticated
from auth.principal import Principal
from registry.db import TooSlow, Unreachable
from schema.context import Context
from schema.errors import BadInput, MethodNotAllowed, NotAcceptable, RequestError
from schema.limits import MOST_META_ROOTS
from schema.operation import Operation, Refused
from schema.plan import Root
from server.answers import JSON, STATUS, formatted, internal, known, request_error, respond
from server.asked import Asked, asked_of, language_of, media_of
from server.identity import principal_of
from server.patience import Gone, until_gone


async def endpoint(request: Request) -> Response:
    """POST and GET /graphql."""
    headers = request.headers
    language, media = language_of(headers.get("accept-language", "")), media_of(headers.get("accept", "*/*"))
    request_id = _new_id()
    try:
        if media is None:
            raise NotAcceptable("Terima application/json.", f"Accept {JSON}.")
        body = await _answer(request, language, request_id)
        status = 200 if "data" in body else 400
    except Gone:
        request.app.state.outcomes["GONE"] += 1
        return Response(status_code=499)
    except (RequestError, AccessError, TooSlow, Unreachable) as failed:
        error = known(failed)
        assert error is not None
        body = {"errors": [request_error(error, language)]}
        status = error.status if isinstance(error, RequestError) else STATUS.get(error.code, 403)
    except Exception as error:
        body, status = {"errors": [internal(error, language, request_id)]}, 500
    errors = body.get("errors")
    request.app.state.outcomes[errors[0]["extensions"]["code"] if errors else "OK"] += 1
    return respond(body, status, media or JSON, request_id)


def _new_id() -> str:
    """A random UUID; made by hand, for `uuid4` takes as long as finding the plan."""
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


async def _answer(request: Request, language: str, request_id: str) -> dict[str, Any]:
    """The body of the answer.  Raises what refuses the whole request."""
    state = request.app.state
    asked = await asked_of(request, state.settings.max_body_bytes)
    try:
        principal, operation = await _who(request, asked)
        _check(request, operation)
        context = Context(principal, state.database, state.vault, state.cursors, language, operation)
        await context.prepare(asked.variables)
    except Refused as refused:
        return {"errors": [formatted(error, language, request_id) for error in refused.errors]}
    if principal is not state.nobody:
        asked.persist()
    if operation.is_query and not context.planned.others:
        return await until_gone(request.receive, read(context, request_id))
    result = await state.schema.execute(
        asked.query, variable_values=asked.variables, context_value=context, operation_name=asked.operation
    )
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [formatted(error, language, request_id) for error in result.errors]
        if result.data is None and not any(error.path for error in result.errors):
            del body["data"]
    return body


async def read(context: Context, request_id: str) -> dict[str, Any]:
    """The engine's own entrance: every root by itself, several at the same time."""
    roots = context.planned.roots
    if len(roots) == 1:
        found = [await _one(context, roots[0])]
    else:
        found = await asyncio.gather(*[_one(context, root) for root in roots])
    if found and all(isinstance(value, Unreachable) for value in found):
        raise Unreachable
    errors = [
        _failed(error, root, context.language, request_id)
        for root, error in zip(roots, found, strict=True)
        if isinstance(error, Exception)
    ]
    data = b",".join(
        b"%b:%b" % (orjson.dumps(root.key), b"null" if value is None or isinstance(value, Exception) else value)
        for root, value in zip(roots, found, strict=True)
    )
    body: dict[str, Any] = {"data": orjson.Fragment(b"{%b}" % data)}
    return {"errors": errors, **body} if errors else body


async def _one(context: Context, root: Root) -> bytes | Exception | None:
    if isinstance(root.plan, str):
        return orjson.dumps(root.plan)
    try:
        return await context.run(root.plan)
    except Exception as error:
        return error


def _failed(error: Exception, root: Root, language: str, request_id: str) -> dict[str, Any]:
    """The error of one root field, which is null."""
    return formatted(GraphQLError(str(error), root.node, path=[root.key], original_error=error), language, request_id)


async def _who(request: Request, asked: Asked) -> tuple[Principal, Operation]:
    """The caller and what he asks for.  Without a token only the schema itself may be asked for."""
    state = request.app.state
    try:
        token = request.headers.get("authorization")
        principal = await principal_of(token, state.keyring, state.database, state.principals)
    except Unauthenticated:
        try:
            operation = await state.operations.ask(asked.query, asked.operation)
        except (Refused, RequestError):
            raise Unauthenticated from None
        if not _only_meta(operation):
            raise
        return state.nobody, operation
    return principal, await state.operations.ask(asked.query, asked.operation)


def _only_meta(operation: Operation) -> bool:
    """Whether only the schema itself is asked for."""
    roots = _roots(operation)
    return len(roots) <= MOST_META_ROOTS and all(name.startswith("__") for name in roots)


def _roots(operation: Operation) -> list[str]:
    """The names of the root fields; a fragment has none that begins with `__`."""
    selected = operation.definition.selection_set.selections
    return [node.name.value if isinstance(node, FieldNode) else "" for node in selected]


def _check(request: Request, operation: Operation) -> None:
    if operation.asks_schema and not request.app.state.settings.introspection:
        raise BadInput("Skema tidak dapat dibaca lewat API ini.", "The schema cannot be read through this API.")
    if request.method == "GET" and not operation.is_query:
        raise MethodNotAllowed("Perubahan data hanya lewat POST.", "Changes go by POST only.")
