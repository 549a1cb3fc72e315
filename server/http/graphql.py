"""GraphQL over HTTP: reads one request, sends one JSON document that always has GraphQL's shape.

A query whose root fields all belong to the engine is answered here: each root field is one statement, and their JSON is
joined as bytes.  Everything else (commands, introspection) goes to graphql-core's executor, with the same plans.
Rule: every request gets an answer; nothing runs without a valid token, or for a document that is too large.
Tests: tests/test_http.py, tests/test_read.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.types import Receive, Scope, Send

from auth.errors import AccessError, SignInFault, Unauthenticated
from auth.principal import NOBODY, Duty, Principal
from registry.guard.throttle import network_of
from registry.store.outage import TooSlow, Unreachable
from schema.engine.context import Context
from schema.engine.executor import execute
from schema.engine.operation import Invalid, Operation
from schema.engine.plan import RootPlan
from schema.engine.refusal import Place, Refusal
from schema.errors import (
    BadInput,
    MethodNotAllowed,
    NotAcceptable,
    NulRefused,
    PasswordChangeRequired,
    PayloadTooLarge,
    RequestError,
    SecondFactorRequired,
)
from server.http.acting_for import acting_for, refuse_unless_service
from server.http.address import address_of
from server.http.disconnect import ClientDisconnected, until_gone
from server.http.errors import formatted, internal, public_error, refusal, refuses_all
from server.http.headers import (
    AUTHORIZATION,
    JSON,
    ON_BEHALF_OF,
    Headers,
    accepts_gzip,
    headers_of,
    language_of,
    media_of,
    prefers_page,
    refuse_repeated,
)
from server.http.identity import principal_of
from server.http.page import respond_with_page
from server.http.registered import registered_for
from server.http.request import GraphQLParams, read_params, refuse_unless_graphql
from server.http.request_log import LogEntry, entry_of, operation_name
from server.http.responses import Reply, respond
from server.http.service import Service
from server.http.strangers import MAX_STRANGERS_BODY, is_sign_in, may_ask, root_names

MAY_BEFORE = {
    Duty.CHANGE_PASSWORD: {"changePassword"},
    Duty.CONFIRM_SECOND_FACTOR: {"viewer", "enrolTotp", "confirmTotp", "changePassword", "signOut", "__typename"},
}
"""The root fields that a caller may use before they have done their duty."""
KEPT_BY_CLIENTS = {"referenceCodes"}
"""The root fields whose answers are the same for every caller and change seldom."""


class GraphQL:
    """POST and GET /graphql, as an ASGI application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service: Service = scope["app"].service
        headers = headers_of(scope)
        media = media_of(headers)
        entry = entry_of(scope)
        reply = Reply.new(language_of(headers), media or JSON, AUTHORIZATION in headers, entry.request_id)
        if scope["method"] == "GET" and not scope["query_string"] and prefers_page(headers):
            await respond_with_page(scope, service, "graphiql")(scope, receive, send)
            return
        request = Request(service, scope, headers, receive, reply, entry)
        try:
            if media is None:
                raise NotAcceptable("Terima application/json.", f"Accept {JSON}.")
            refuse_unless_graphql(request.method, headers)
            refuse_repeated(scope, headers)
            body = await _respond_body(request, scope["query_string"])
            if "data" not in body:
                reply.status = 400
        except ClientDisconnected:
            entry.outcome = "GONE"
            service.outcomes["GONE"] += 1
            await send({"type": "http.response.start", "status": 499, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        except (RequestError, AccessError, TooSlow, Unreachable) as error:
            public = public_error(error)
            assert public is not None
            body = refusal(reply, public)
            if isinstance(error, Unauthenticated):
                entry.fault = error.fault
        except Exception as error:
            body = {"errors": [internal(error, reply.language, reply.request_id)]}
            reply.status = 500
        errors = body.get("errors")
        entry.outcome = errors[0]["extensions"]["code"] if errors else "OK"
        service.outcomes[entry.outcome] += 1
        await respond(send, reply, body)


GRAPHQL = GraphQL()


@dataclass(slots=True)
class Request:
    """One request whose token and body have not been read."""

    service: Service
    scope: Scope
    headers: Headers
    receive: Receive
    reply: Reply
    entry: LogEntry

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def address(self) -> str:
        """The address of the caller."""
        return address_of(self.scope, self.service.proxies, self.service.settings.proxy_header)


async def _respond_body(request: Request, query_string: bytes) -> dict[str, Any]:
    """The body of the answer.  Raises errors that refuse the whole request.

    The token is checked first, so that a bad one costs neither reading a body nor parsing it."""
    service, reply = request.service, request.reply
    principal = await _principal(request)
    is_known = principal is not NOBODY
    if is_known:
        request.entry.account = principal.caller_id
        request.entry.acting_for = principal.user_id if principal.through else None
    try:
        params, operation = await _operation(request, principal, query_string)
        if is_known and operation.definition.name is not None:
            request.entry.operation = operation_name(operation.definition.name.value)
        _refuse_forbidden_operation(request, operation)
        _refuse_before_duty(principal, operation)
        context = await Context.of(
            principal,
            database=service.database,
            vault=service.vault,
            cursors=service.cursors,
            quotas=service.quotas,
            language=reply.language,
            operation=operation,
            sent=params.variables,
            entrance=service.entrance,
            address="" if operation.is_query else request.address,
        )
    except Invalid as invalid:
        return {"errors": [formatted(error, reply.language, reply.request_id) for error in invalid.errors]}
    if is_known:
        params.persist()
    reply.may_compress = operation.is_query and accepts_gzip(request.headers)
    if operation.is_query and not context.plan.has_other_roots:
        body = await until_gone(request.receive, run_query(context, reply.request_id))
    else:
        body = await _execute(request, context)
    if (
        request.method == "GET"
        and "errors" not in body
        and KEPT_BY_CLIENTS.issuperset(root_names(operation.definition))
    ):
        reply.identify(orjson.dumps(body["data"]), request.headers)
    body["extensions"] = {"cost": {"requested": context.cost}}
    return body


async def _principal(request: Request) -> Principal:
    """The caller, or the user for whom a service acts; NOBODY if no token was sent.

    Raises Unauthenticated if a token is not valid, and what `acting_for` raises."""
    header, user_header = request.headers.get(AUTHORIZATION), request.headers.get(ON_BEHALF_OF)
    if header is None and user_header is None:
        return NOBODY
    if header is None:
        raise Unauthenticated(SignInFault.NO_TOKEN)
    service = request.service
    signed_in = (
        service.keyring,
        service.database,
        service.principals,
        service.provider_accounts,
        service.service_keys,
    )
    caller = await principal_of(header.decode("latin-1"), *signed_in)
    if user_header is None:
        return caller
    refuse_unless_service(caller)
    return acting_for(caller, await principal_of(user_header.decode("latin-1"), *signed_in))


async def _operation(request: Request, principal: Principal, query_string: bytes) -> tuple[GraphQLParams, Operation]:
    """The operation to run, with its parameters.

    Without a token it may only read the schema or sign in, in MAX_STRANGERS_BODY bytes; otherwise raises
    Unauthenticated."""
    service = request.service
    limit = service.settings.max_body_bytes
    source = request.method, query_string, request.headers.get(b"content-length", b""), request.receive
    if principal is not NOBODY:
        params = await read_params(*source, limit, registered_for(principal, service.database))
        return params, await service.operations.get_in_lane(params.query, params.operation, principal.user_id)
    try:
        params = await read_params(*source, min(limit, MAX_STRANGERS_BODY))
        operation = await service.strangers.get_in_lane(params.query, params.operation, network_of(request.address))
    except (PayloadTooLarge, NulRefused):
        raise
    except (Invalid, RequestError) as error:
        if isinstance(error, Invalid) and service.settings.introspection and is_sign_in(error):
            raise
        raise Unauthenticated(SignInFault.NO_TOKEN) from None
    if not may_ask(operation.definition):
        raise Unauthenticated(SignInFault.NO_TOKEN)
    return params, operation


async def _execute(request: Request, context: Context) -> dict[str, Any]:
    """Run commands and introspection by graphql-core's executor."""
    result = await execute(request.service.executable, context)
    root_failures = [error.original_error for error in result.errors or () if len(error.path or ()) == 1]
    if root_failures and len(root_failures) == len(result.data or ()) and refuses_all(root_failures):
        raise next(error for error in root_failures if error is not None)
    body: dict[str, Any] = {"data": result.data}
    errors = [*(result.errors or ()), *map(_refused, context.refused)]
    if errors:
        body["errors"] = [formatted(error, request.reply.language, request.reply.request_id) for error in errors]
        if result.data is None and not any(error.path for error in errors):
            del body["data"]
    return body


async def run_query(context: Context, request_id: str) -> dict[str, Any]:
    """Run a query by the engine: every root field by itself, several at the same time."""
    roots = context.plan.roots
    if len(roots) == 1:
        results = [await _run_root(context, roots[0])]
    else:
        results = await asyncio.gather(*[_run_root(context, root) for root in roots])
    failures = [result for result in results if isinstance(result, Exception)]
    if len(failures) == len(results) and refuses_all(failures):
        raise failures[0]
    pieces: list[bytes] = []  # joined once, because an answer may be megabytes
    errors: list[dict[str, Any]] = []
    for root, result in zip(roots, results, strict=True):
        if isinstance(result, Exception):
            errors.append(_failed(result, root, context.language, request_id))
        value = result if isinstance(result, bytes) else b"null"
        pieces += [b",", orjson.dumps(root.key), b":", value]
    errors += [formatted(_refused(refused), context.language, request_id) for refused in context.refused]
    data = orjson.Fragment(b"".join([b"{", *pieces[1:], b"}"]))
    return {"errors": errors, "data": data} if errors else {"data": data}


async def _run_root(context: Context, root: RootPlan) -> bytes | Exception | None:
    """The JSON of one root field, None for null, or the error that made it null."""
    if isinstance(root.plan, str):
        return orjson.dumps(root.plan)
    try:
        return await context.run_plan(root.plan, [root.key])
    except Exception as error:
        return error


def _failed(error: Exception, root: RootPlan, language: str, request_id: str) -> dict[str, Any]:
    """The error of a root field that is null because of it."""
    return formatted(GraphQLError(str(error), root.node, path=[root.key], original_error=error), language, request_id)


def _refused(refused: tuple[Refusal, Place]) -> GraphQLError:
    """The error of a field that is null because the caller lacks a class."""
    field_refusal, place = refused
    error = field_refusal.error
    return GraphQLError(str(error), field_refusal.node, path=place, original_error=error)


def _refuse_before_duty(principal: Principal, operation: Operation) -> None:
    """Raises PasswordChangeRequired or SecondFactorRequired for what the caller may not do before that."""
    if principal.duty is None or set(root_names(operation.definition)) <= MAY_BEFORE[principal.duty]:
        return
    raise PasswordChangeRequired if principal.duty is Duty.CHANGE_PASSWORD else SecondFactorRequired


def _refuse_forbidden_operation(request: Request, operation: Operation) -> None:
    """Raises BadInput for a question about a schema that is not public, and MethodNotAllowed for a command by GET."""
    if operation.asks_schema and not request.service.settings.introspection:
        raise BadInput("Skema tidak dapat dibaca lewat API ini.", "The schema cannot be read through this API.")
    if request.method == "GET" and not operation.is_query:
        raise MethodNotAllowed("Perubahan data hanya lewat POST.", "Changes go by POST only.")
