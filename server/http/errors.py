"""What a caller is told when something is wrong.

Rule: no answer holds a traceback, a suggestion of names, or a value that somebody sent or stored; what is nobody's
fault but ours is `INTERNAL` with an id, its details in the log only.  Test: tests/test_errors.py.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError
from graphql.language.parser import MAX_NESTING_DEPTH

from auth.ability import Ability
from auth.errors import AccessError, Forbidden, RateLimited
from registry.read.run import UnknownRegion
from registry.store.outage import TooSlow, Unreachable
from schema.errors import Overloaded, QueryTooComplex, RequestError, Timeout, no_such_region
from schema.limits import Limit
from server.http.document_sentences import document_sentence
from server.http.responses import Reply

log = logging.getLogger("desmigratif")
STATUS = {"UNAUTHENTICATED": 401, "RATE_LIMITED": 429}


def request_error(error: RequestError | AccessError, language: str) -> dict[str, Any]:
    """A refusal as GraphQL shows it."""
    said: dict[str, Any] = {"code": error.code}
    if isinstance(error, RequestError):
        said |= error.extensions
    elif isinstance(error, Forbidden):
        said |= _refused(error)
    return {"message": error.label_en if language == "en" else error.label_id, "extensions": said}


def refusal(reply: Reply, error: RequestError | AccessError, both: bool = False) -> dict[str, Any]:
    """The body that refuses the whole request, whose status goes to `reply`; in both languages where none is known."""
    reply.status = error.status if isinstance(error, RequestError) else STATUS.get(error.code, 403)
    reply.retry_after = error.retry_after if isinstance(error, RequestError | RateLimited) else None
    shown = request_error(error, reply.language)
    if both:
        shown["message"] = f"{error.label_id} / {error.label_en}"
    return {"errors": [shown]}


def refuses_all(errors: Sequence[BaseException | None]) -> bool:
    """Whether nothing was done, for reasons that pass by themselves: then the whole request is told to come again."""
    return bool(errors) and all(isinstance(known(error), Overloaded | RateLimited) for error in errors)


def _refused(error: Forbidden) -> dict[str, Any]:
    """What was asked for without the right to it, so that a client can say who has it."""
    if error.ability is not None:
        return {"ability": error.ability.name}
    assert error.kind is not None
    return {"field": error.field, "class": error.kind.name, "ability": Ability.of(error.kind).name}


def known(error: BaseException | None) -> RequestError | AccessError | None:
    """The error that a caller may be told, for what has one."""
    if isinstance(error, TooSlow):
        return Timeout()
    if isinstance(error, Unreachable):
        return Overloaded()
    if isinstance(error, UnknownRegion):
        return no_such_region(error.successors)
    return error if isinstance(error, RequestError | AccessError) else None


def internal(error: BaseException, language: str, request_id: str) -> dict[str, Any]:
    """The log gets the kind of the error and where it arose; its message could quote a value."""
    where = "".join(f"\n  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-6:])
    log.error("errorId=%s %s%s", request_id, type(error).__qualname__, where)
    message = (
        "Internal error; tell support this errorId."
        if language == "en"
        else "Kesalahan sistem; sebutkan errorId ini kepada admin."
    )
    return {"message": message, "extensions": {"code": "INTERNAL", "errorId": request_id}}


def formatted(error: GraphQLError, language: str, request_id: str) -> dict[str, Any]:
    """An error of the document or of a field as GraphQL shows it."""
    original = error.original_error
    if isinstance(original, RecursionError):
        original = QueryTooComplex("nesting", MAX_NESTING_DEPTH, MAX_NESTING_DEPTH + 1)
    elif "more than" in error.message and "tokens" in error.message:
        original = QueryTooComplex("tokens", Limit.TOKENS.limit, Limit.TOKENS.limit + 1)
    if told := known(original):
        made = request_error(told, language)
    elif original is not None and not isinstance(original, GraphQLError):
        made = internal(original, language, request_id)
    else:
        made = {"message": document_sentence(error.message), "extensions": {"code": _code(error)}}
    if error.locations:
        made["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        made["path"] = list(error.path)
    return made


def _code(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return "GRAPHQL_VALIDATION_FAILED" if error.locations and error.path is None else "BAD_USER_INPUT"
