"""Problems of a command: errors to correct, and warnings about what was stored.

Each has a code, a path and both sentences, never a stored or a sent value.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from registry.codes import Severity
from registry.codes.messages import UserErrorCode, sentence
from registry.models.fact import fact_of, is_free
from registry.values.free_text import holds_number


@dataclass(frozen=True)
class Problem:
    """`path` leads into `input` (indices as texts), or into the household for findings."""

    code: UserErrorCode
    path: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    severity: Severity = Severity.ERROR

    def message(self, language: Literal["id", "en"]) -> str:
        return sentence(self.code, language, **self.params)


class Refused(Exception):
    """A command is refused because of `problems`.  Raised inside the transaction, so that nothing is stored."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(p.code.value for p in problems))
        self.problems = problems

    @property
    def codes(self) -> str:
        """The codes of the problems, as an audit row has them."""
        return ",".join(sorted({problem.code.value for problem in self.problems}))


def refusal(code: UserErrorCode, *path: str, **params: str) -> Refused:
    """The refusal because of one problem, to be raised."""
    return Refused(Problem(code, path, params))


def too_large(column: sa.Column[Any], value: Any, *path: str) -> tuple[Problem, ...]:
    """Why a value is larger than its column may hold."""
    bounds = fact_of(column).bounds
    if bounds is not None and (params := bounds.broken_by(value)):
        return (Problem(UserErrorCode.UNKNOWN_VALUE, path, params),)
    return ()


def unfit(column: sa.Column[Any], value: Any, *path: str) -> tuple[Problem, ...]:
    """Why a value that a command receives does not fit its column: it is too large, or a free text that holds an
    identity number."""
    if value is None:
        return ()
    if problems := too_large(column, value, *path):
        return problems
    texts = value if isinstance(value, list) else [value]
    if is_free(column) and any(map(holds_number, texts)):
        return (Problem(UserErrorCode.NUMBER_IN_TEXT, path),)
    return ()


class IdTaken(Refused):
    """A new record was not written: its `id` names another record of any type, visible or not, or its village is not
    one of today's."""

    def __init__(self, id_: uuid.UUID, path: tuple[str, ...], code: UserErrorCode = UserErrorCode.ID_TAKEN) -> None:
        super().__init__(Problem(code, path))
        self.id = id_
