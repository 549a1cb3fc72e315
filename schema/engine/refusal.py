"""Fields of a root field that are refused for a class, while their neighbours are answered.

A refused field is null, or the smallest nullable field around it is; the error names the refused field itself.
Rule: a refusal is decided before anything runs, from the document and the caller's grants alone; the answer only says
in how many places it stands.  Tests: tests/test_refusals.py, tests/test_differential.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from graphql import FieldNode

from auth.errors import Forbidden

MAX_PLACES = 100
"""Errors for one refusal: a list of a thousand rows says a hundred times that one of their fields is refused."""

Place = list[str | int]
"""Where a field stands in an answer: response keys, and the numbers of rows."""


@dataclass(frozen=True)
class Step:
    """A response key on the way to a field, and whether it leads to a list."""

    key: str
    is_list: bool = False


@dataclass(frozen=True)
class Refusal:
    """A field of the document that is refused: `path` leads to it, its first `nulled` steps to the field that is null.

    Both begin below the root field: a refusal with `nulled` 0 makes the root itself null."""

    error: Forbidden
    node: FieldNode
    path: tuple[Step, ...]
    nulled: int

    def places(self, answer: Any) -> list[Place]:
        """Where the field stands in the answer of its root field, at most MAX_PLACES."""
        to_null, below_null = self.path[: self.nulled], self.path[self.nulled :]
        rest: Place = []
        for step in below_null:
            rest += [step.key, 0] if step.is_list else [step.key]
        if below_null and below_null[-1].is_list:
            rest.pop()  # the refused list itself has no rows
        return [[*place, *rest] for place in islice(_nulls(answer, to_null), MAX_PLACES)]


def _nulls(value: Any, steps: tuple[Step, ...]) -> Iterator[Place]:
    """The places of the nulls that the steps lead to."""
    if not steps:
        if value is None:
            yield []
        return
    step = steps[0]
    if not isinstance(value, dict) or step.key not in value:
        return  # a null on the way, or a row of another type of the interface
    inner = value[step.key]
    if step.is_list and isinstance(inner, list):
        for number, row in enumerate(inner):
            for place in _nulls(row, steps[1:]):
                yield [step.key, number, *place]
    else:
        for place in _nulls(inner, steps[1:]):
            yield [step.key, *place]


class FieldRefused(Exception):
    """Raised on the way from a refused field to the smallest nullable field around it."""

    def __init__(self, error: Forbidden, node: FieldNode, path: tuple[Step, ...]) -> None:
        super().__init__(str(error))
        self.error, self.node, self.path = error, node, path

    def nulling(self, steps: int) -> Refusal:
        """The refusal that makes the field at so many steps null."""
        return Refusal(self.error, self.node, self.path, steps)
