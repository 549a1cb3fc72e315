"""GraphQL over HTTP: reads one request, answers one JSON document that is always GraphQL-shaped.

A query whose roots are all the engine's is answered here: each root is one statement, the answers are joined as bytes.
Everything else (commands, questions about the schema) goes to graphql-core's executor, with the same plans.
Rule: whatever arrives gets an answer; nothing runs without a good token, nor for a document that is too large.
Tests: tests/test_http.py, tests/test_read.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import FieldNode, GraphQLError
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from auth.errors import AccessError, Unauthenticated
from auth.principal import Principal
from registry.store.outage import TooSlow, Unreachable
from schema.engine.context import Context
from schema.engine.executor import execute
from schema.engine.operation import Invalid, Operation
from schema.engine.plan import Root
from schema.engine.refusal import Place, Refusal
from schema.errors import BadInput, MethodNotAllowed, NotAcceptable, RequestError
from schema.limits import MOST_META_ROOTS
from server.http.disconnect import ClientDisconnected, until_gone
from server.http.errors import formatted, internal, known, refusal, refuses_all
from server.http.headers import (
    AUTHORIZATION,
    JSON,
    Headers,
    accepts_gzip,
    headers_of,
    language_of,
    media_of,
    prefers_page,
    refuse_repeated,
)
from server.http.identity import principal_of
from server.http.page import PAGE_HEADERS, page
from server.http.request import Asked, asked_of, refuse_foreign
from server.http.responses import Reply, respond
from server.http.service import Service

NOBODY = Principal(uuid.UUID(int=0), "", "", (), dt.datetime.max.replace(tzinfo=dt.UTC))
"""Who reads the schema without a token: no grant, no row."""
STRANGERS_BODY = 16_000  # bytes; what tools send to read the schema has 2,000


class GraphQL:
    """POST and GET /graphql: an ASGI application of its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service: Service = scope["app"].service
        headers = headers_of(scope)
        media = media_of(headers)
        reply = Reply.new(language_of(headers), media or JSON, AUTHORIZATION in headers)
        if scope["method"] == "GET" and not scope["query_string"] and prefers_page(headers):
            await HTMLResponse(
                page(headers, reply.language, service.settings.mode == "demo", scope.get("root_path", "")),
                headers=PAGE_HEADERS,
            )(scope, receive, send)
            return
        request = Request(service, scope["method"], headers, receive, reply)
        try:
            if media is None:
                raise NotAcceptable("Terima application/json.", f"Accept {JSON}.")
            refuse_foreign(request.method, headers)
            refuse_repeated(scope, headers)
            body = await _answer(request, scope["query_string"])
            if "data" not in body:
                reply.status = 400
        except ClientDisconnected:
            service.outcomes["GONE"] += 1
            await send({"type": "http.response.start", "status": 499, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        except (RequestError, AccessError, TooSlow, Unreachable) as failed:
            error = known(failed)
            assert error is not None
            body = refusal(reply, error)
        except Exception as error:
            body, reply.status = {"errors": [internal(error, reply.language, reply.request_id)]}, 500
        errors = body.get("errors")
        service.outcomes[errors[0]["extensions"]["code"] if errors else "OK"] += 1
        await respond(send, reply, body)


GRAPHQL = GraphQL()


@dataclass(slots=True)
class Request:
    """One request, before it is known what it asks."""

    service: Service
    method: str
    headers: Headers
    receive: Receive
    reply: Reply


async def _answer(request: Request, query_string: bytes) -> dict[str, Any]:
    """The body of the answer.  Raises what refuses the whole request.

    Who asks comes before what is asked: a bad token costs neither a body nor a parse."""
    service, reply = request.service, request.reply
    principal = await _who(request)
    try:
        asked, operation = await _what(request, principal, query_string)
        _check(request, operation)
        doors = service.database, service.vault, service.cursors, service.quotas
        context = await Context.of(principal, *doors, reply.language, operation, asked.variables)
    except Invalid as refused:
        return {"errors": [formatted(error, reply.language, reply.request_id) for error in refused.errors]}
    if principal is not NOBODY:
        asked.persist()
    reply.may_compress = operation.is_query and accepts_gzip(request.headers)
    if operation.is_query and not context.planned.others:
        body = await until_gone(request.receive, read(context, reply.request_id))
    else:
        body = await _execute(request, context)
    body["extensions"] = {"cost": {"requested": context.cost}}
    return body


async def _who(request: Request) -> Principal:
    """The caller; NOBODY where no token was sent.  Raises Unauthenticated."""
    header = request.headers.get(AUTHORIZATION)
    if header is None:
        return NOBODY
    service = request.service
    return await principal_of(header.decode("latin-1"), service.keyring, service.database, service.principals)


async def _what(request: Request, principal: Principal, query_string: bytes) -> tuple[Asked, Operation]:
    """What is asked for.  Without a token only the schema itself may be, in few bytes; else raises Unauthenticated."""
    service = request.service
    limit = service.settings.max_body_bytes
    came = request.method, query_string, request.headers.get(b"content-length", b""), request.receive
    if principal is not NOBODY:
        asked = await asked_of(*came, limit)
        return asked, await service.operations.of_aside(asked.query, asked.operation, principal.user_id)
    try:
        asked = await asked_of(*came, min(limit, STRANGERS_BODY))
        operation = await service.strangers.of_aside(asked.query, asked.operation)
    except (Invalid, RequestError):
        raise Unauthenticated from None
    if not _only_meta(operation):
        raise Unauthenticated
    return asked, operation


async def _execute(request: Request, context: Context) -> dict[str, Any]:
    """The executor's entrance: commands, and questions about the schema."""
    result = await execute(request.service.executable, context)
    failures = [error.original_error for error in result.errors or () if len(error.path or ()) == 1]
    if failures and len(failures) == len(result.data or ()) and refuses_all(failures):
        raise next(error for error in failures if error is not None)
    body: dict[str, Any] = {"data": result.data}
    errors = [*(result.errors or ()), *map(_refused, context.refused)]
    if errors:
        body["errors"] = [formatted(error, request.reply.language, request.reply.request_id) for error in errors]
        if result.data is None and not any(error.path for error in errors):
            del body["data"]
    return body


async def read(context: Context, request_id: str) -> dict[str, Any]:
    """The engine's own entrance: every root by itself, several at the same time."""
    roots = context.planned.roots
    if len(roots) == 1:
        found = [await _one(context, roots[0])]
    else:
        found = await asyncio.gather(*[_one(context, root) for root in roots])
    failures = [value for value in found if isinstance(value, Exception)]
    if len(failures) == len(found) and refuses_all(failures):
        raise failures[0]
    errors = [
        _failed(error, root, context.language, request_id)
        for root, error in zip(roots, found, strict=True)
        if isinstance(error, Exception)
    ]
    errors += [formatted(_refused(refused), context.language, request_id) for refused in context.refused]
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
        return await context.run(root.plan, [root.key])
    except Exception as error:
        return error


def _failed(error: Exception, root: Root, language: str, request_id: str) -> dict[str, Any]:
    """The error of one root field, which is null."""
    return formatted(GraphQLError(str(error), root.node, path=[root.key], original_error=error), language, request_id)


def _refused(refused: tuple[Refusal, Place]) -> GraphQLError:
    """The error of a field that is null because the caller lacks a class."""
    refusal, place = refused
    return GraphQLError(str(refusal.error), refusal.node, path=place, original_error=refusal.error)


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
