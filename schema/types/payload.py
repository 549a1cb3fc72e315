"""Payloads: what commands answer is the face of the result that their function returns.

    payload("SubmitHouseholdPayload", "Outcome of …", Outcome, household=record(Household, "As stored now …"))

Rule: a field of a payload shows the attribute of its name; `outcome` stands first and `userErrors` last wherever the
result has an outcome and problems, so neither can be forgotten.  Tests: tests/test_commands.py.
"""

from __future__ import annotations

import typing
import uuid
from copy import copy
from dataclasses import dataclass
from typing import Any

from auth.sensitivity import Sensitivity
from registry.write.user_errors import Problem
from schema.declare.commands import RESULTS
from schema.declare.directives import Exemption
from schema.declare.makers import ID, Info, face, opened_value, payload_field, payload_record
from schema.types.node import ErrorParam, UserError


@dataclass(frozen=True)
class PayloadField:
    """A field of a payload; without a type of its own it has that of the result's attribute."""

    field: Any
    attribute: str | None = None
    type: Any = None


def record(face_: type[Any], text: str, kind: Sensitivity = Sensitivity.OPERATIONAL) -> PayloadField:
    """The changed record, read back with the caller's eyes; the result holds its id, as `record`."""
    return PayloadField(payload_record(text, kind), "record", face_ | None)


def value(text: str) -> PayloadField:
    """An attribute of the result; a UUID is an `ID`."""
    return PayloadField(payload_field(text))


def opened(kind: Sensitivity | Exemption, text: str, type_: Any = None) -> PayloadField:
    """An attribute of the result that holds a value which the command opened or made: of a class, or the caller's
    own."""
    return PayloadField(opened_value(kind, text), type=type_)


def items(payload_: type[Any], text: str, most: int) -> PayloadField:
    """A list of results, at most so many, each shown by its own payload."""
    return PayloadField(payload_field(text, most), type=list[payload_])  # type: ignore[valid-type]  # a type made at import


OUTCOME = "What became of it."
PROBLEMS = "ERROR: correct it; nothing was done.  WARNING: done, but please look at it.  Empty if there is neither."


def _problems(text: str) -> Any:
    def resolve(root: Any, info: Info[Any, Any]) -> Any:
        return user_errors(root.problems, info.context.language)

    resolve.__annotations__ = {"info": Info}
    return payload_field(text, resolver=resolve)


def user_errors(problems: tuple[Problem, ...], language: str) -> list[UserError]:
    """Problems in the language of the request."""
    return [
        UserError(
            code=problem.code,
            severity=problem.severity,
            path=list(problem.path),
            message=problem.message("en" if language == "en" else "id"),
            params=[ErrorParam(name=name, value=value) for name, value in problem.params.items()],
        )
        for problem in problems
    ]


def payload(name: str, text: str, result: type[Any], **parts: PayloadField) -> type[Any]:
    """The type `name` that shows a result.  Raises TypeError for a part that the result does not have."""
    hints = typing.get_type_hints(result)
    if "outcome" in hints:
        parts = {"outcome": value(OUTCOME), **parts}
    if "problems" in hints:
        parts |= {"user_errors": PayloadField(_problems(PROBLEMS), "problems", list[UserError])}
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__, "__doc__": text}
    for key, part in parts.items():
        attribute = part.attribute or key
        if attribute not in hints:
            raise TypeError(f"{name}.{key}: {result.__qualname__} has no {attribute!r} to show")
        type_ = part.type or hints[attribute]
        body["__annotations__"][key] = ID if type_ is uuid.UUID else type_
        body[key] = copy(part.field)  # a part may stand in several payloads
    payload_type: type[Any] = face()(type(name, (), body))
    RESULTS[payload_type] = result
    return payload_type
