"""GraphQL over HTTP: reads one request, answers one JSON document that is always GraphQL-shaped.

A query whose roots are all the engine's is answered here: each root is one statement, the answers are joined as bytes.
Everything else (commands, questions about the schema) goes to graphql-core's executor, with the same plans.
Rule: whatever arrives gets an answer; nothing runs without a good token, nor for a document that is too large.
Tests: tests/test_http.py, tests/test_read.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import uuid
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import FieldNode, GraphQLError
from starlette.types import Receive, Scope, Send

from auth.errors import AccessError, Unauthenticated
from auth.principal import Principal
from registry.db import TooSlow, Unreachable
from schema.context import Context
from schema.errors import BadInput, MethodNotAllowed, NotAcceptable, RequestError
from schema.executor import execute
from schema.limits import MOST_META_ROOTS
from schema.operation import Invalid, Operation
from schema.plan import Root
from server.answers import JSON, STATUS, formatted, internal, known, request_error, respond
from server.asked import LONGEST_KEPT, Asked, asked_of, language_of, media_of
from server.gone import Gone, until_gone
from server.identity import principal_of
from server.service import Service

NOBODY = Principal(uuid.UUID(int=0), "", "", (), dt.datetime.max.replace(tzinfo=dt.UTC))
"""Who reads the schema without a token: no grant, no row."""


class GraphQL:
    """POST and GET /graphql: an ASGI application of its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service: Service = scope["app"].service
        headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))  # of two alike, the first
        language = language_of(headers.get(b"accept-language", b"")[:LONGEST_KEPT])
        media = media_of(headers.get(b"accept", b"*/*")[:LONGEST_KEPT])
        request = Request(service, scope["method"], headers, receive, language, _new_id())
        try:
            if media is None:
                raise NotAcceptable("Terima application/json.", f"Accept {JSON}.")
            limit = service.settings.max_body_bytes
            content = headers.get(b"content-type", b"")
            asked = await asked_of(request.method, scope["query_string"], content, receive, limit)
            body = await _answer(request, asked)
            status = 200 if "data" in body else 400
        except Gone:
            service.outcomes["GONE"] += 1
            await send({"type": "http.response.start", "status": 499, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        except (RequestError, AccessError, TooSlow, Unreachable) as failed:
            error = known(failed)
            assert error is not None
            body = {"errors": [request_error(error, language)]}
            status = error.status if isinstance(error, RequestError) else STATUS.get(error.code, 403)
        except Exception as error:
            body, status = {"errors": [internal(error, language, request.id)]}, 500
        errors = body.get("errors")
        service.outcomes[errors[0]["extensions"]["code"] if errors else "OK"] += 1
        await respond(send, body, status, media or JSON, request.id)


GRAPHQL = GraphQL()


@dataclass(slots=True)
class Request:
    """One request, before it is known what it asks."""

    service: Service
    method: str
    headers: dict[bytes, bytes]
    receive: Receive
    language: str
    id: str


def _new_id() -> str:
    """A random UUID; made by hand, for `uuid4` takes as long as finding the plan."""
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


async def _answer(request: Request, asked: Asked) -> dict[str, Any]:
    """The body of the answer.  Raises what refuses the whole request."""
    service, language = request.service, request.language
    try:
        principal, operation = await _who(request, asked)
        _check(request, operation)
        doors = service.database, service.vault, service.cursors
        context = await Context.of(principal, *doors, language, operation, asked.variables)
    except Invalid as refused:
        return {"errors": [formatted(error, language, request.id) for error in refused.errors]}
    if principal is not NOBODY:
        asked.persist()
    if operation.is_query and not context.planned.others:
        body = await until_gone(request.receive, read(context, request.id))
    else:
        body = await _execute(request, context)
    body["extensions"] = {"cost": {"requested": context.cost}}
    return body


async def _execute(request: Request, context: Context) -> dict[str, Any]:
    """The executor's entrance: commands, and questions about the schema."""
    result = await execute(request.service.executable, context)
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [formatted(error, request.language, request.id) for error in result.errors]
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
    service = request.service
    try:
        token = request.headers.get(b"authorization", b"").decode("latin-1")
        principal = await principal_of(token, service.keyring, service.database, service.principals)
    except Unauthenticated:
        try:
            operation = await service.operations.of_aside(asked.query, asked.operation)
        except (Invalid, RequestError):
            raise Unauthenticated from None
        if not _only_meta(operation):
            raise
        return NOBODY, operation
    return principal, await service.operations.of_aside(asked.query, asked.operation)


def _only_meta(operation: Operation) -> bool:
    """Whether only the schema itself is asked for."""
    roots = _roots(operation)
    return len(roots) <= MOST_META_ROOTS and all(name.startswith("__") for name in roots)


def _roots(operation: Operation) -> list[str]:
    """The names of the root fields; a fragment counts as an empty name, so it never asks for the schema only."""
    selected = operation.definition.selection_set.selections
    return [node.name.value if isinstance(node, FieldNode) else "" for node in selected]


def _check(request: Request, operation: Operation) -> None:
    if operation.asks_schema and not request.service.settings.introspection:
        raise BadInput("Skema tidak dapat dibaca lewat API ini.", "The schema cannot be read through this API.")
    if request.method == "GET" and not operation.is_query:
        raise MethodNotAllowed("Perubahan data hanya lewat POST.", "Changes go by POST only.")
