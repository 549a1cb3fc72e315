"""Errors as GraphQL shows them to a caller.

Rule: no answer holds a traceback, a value that somebody sent or stored, or a name of a schema that may not be read; a
fault of the service itself is `INTERNAL` with an id, and its details are in the log only.  Test: tests/test_errors.py.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError

from auth.ability import Ability
from auth.errors import AccessError, Forbidden, RateLimited
from registry.read.run import Unanswerable, UnknownRegion
from registry.store.outage import TooSlow, Unreachable
from schema.engine.graphql_internals import MAX_NESTING_DEPTH
from schema.errors import Overloaded, QueryTooComplex, RequestError, Timeout, no_such_region
from schema.limits import Limit
from schema.types.question import unanswerable
from server.http.document_sentences import document_sentence
from server.http.responses import Reply
from server.logs import FIELDS, LOGGER, places

log = logging.getLogger(LOGGER)
STATUS = {"UNAUTHENTICATED": 401, "RATE_LIMITED": 429}


def request_error(error: RequestError | AccessError, language: str) -> dict[str, Any]:
    """A refusal as an error of GraphQL."""
    extensions: dict[str, Any] = {"code": error.code}
    if isinstance(error, RequestError):
        extensions |= error.extensions
    elif isinstance(error, Forbidden):
        extensions |= _missing_right(error)
    message = error.label_en if language == "en" else error.label_id
    return {"message": message, "extensions": extensions}


def refusal(reply: Reply, error: RequestError | AccessError, both: bool = False) -> dict[str, Any]:
    """The body that refuses the whole request; sets the status of `reply`.  `both` writes it in both languages, for
    callers whose language is not known."""
    reply.status = error.status if isinstance(error, RequestError) else STATUS.get(error.code, 403)
    reply.retry_after = error.retry_after if isinstance(error, RequestError | RateLimited) else None
    body = request_error(error, reply.language)
    if both:
        body["message"] = f"{error.label_id} / {error.label_en}"
    return {"errors": [body]}


def refuses_all(errors: Sequence[BaseException | None]) -> bool:
    """Whether nothing was done for reasons that pass by themselves: then the whole request is refused with
    `Retry-After`."""
    return bool(errors) and all(isinstance(public_error(error), Overloaded | RateLimited) for error in errors)


def _missing_right(error: Forbidden) -> dict[str, Any]:
    """The right that the caller lacks, so that a client can name who has it."""
    if error.ability is not None:
        return {"ability": error.ability.name}
    assert error.kind is not None
    return {"field": error.field, "class": error.kind.name, "ability": Ability.of(error.kind).name}


def public_error(error: BaseException | None) -> RequestError | AccessError | None:
    """The error that a caller may see for this one; None for a fault of the service itself."""
    if isinstance(error, TooSlow):
        return Timeout()
    if isinstance(error, Unreachable):
        return Overloaded()
    if isinstance(error, UnknownRegion):
        return no_such_region(error.successors)
    if isinstance(error, Unanswerable):
        return unanswerable(error.problem)
    return error if isinstance(error, RequestError | AccessError) else None


def internal(error: BaseException, language: str, request_id: str) -> dict[str, Any]:
    """An error that shows its id alone.  The log has its class and place; its message could quote a value."""
    fields = {"requestId": request_id, "error": type(error).__qualname__, "places": places(error)}
    log.error("errorId=%s %s", request_id, fields["error"], extra={FIELDS: fields})
    if language == "en":
        message = "Internal error; tell support this errorId."
    else:
        message = "Kesalahan sistem; sebutkan errorId ini kepada admin."
    return {"message": message, "extensions": {"code": "INTERNAL", "errorId": request_id}}


def formatted(error: GraphQLError, language: str, request_id: str) -> dict[str, Any]:
    """An error of the document or of a field, with its place."""
    original = error.original_error
    if isinstance(original, RecursionError):
        original = QueryTooComplex("nesting", MAX_NESTING_DEPTH, MAX_NESTING_DEPTH + 1)
    elif "more than" in error.message and "tokens" in error.message:
        original = QueryTooComplex("tokens", Limit.TOKENS.limit, Limit.TOKENS.limit + 1)
    if public := public_error(original):
        body = request_error(public, language)
    elif original is not None and not isinstance(original, GraphQLError):
        body = internal(original, language, request_id)
    else:
        body = {"message": document_sentence(error.message), "extensions": {"code": _code(error)}}
    if error.locations:
        body["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        body["path"] = list(error.path)
    return body


def _code(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return "GRAPHQL_VALIDATION_FAILED" if error.locations and error.path is None else "BAD_USER_INPUT"
