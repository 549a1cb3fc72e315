"""What of a root field is refused for a class, while its neighbours are answered.

A field that is refused is null, or the smallest nullable field around it is; the error names the field itself.
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

MOST_PLACES = 100
"""Errors for one refusal; a list of a thousand rows says a hundred times that a field of each is not the caller's."""

Place = list[str | int]


@dataclass(frozen=True)
class Step:
    """A response key on the way to a field, and whether it leads to a list."""

    key: str
    several: bool = False


@dataclass(frozen=True)
class Refusal:
    """A field of the document that is refused: `path` leads to it, its first `nulled` steps to the field that is null.

    Both begin below the root field: a refusal with `nulled` 0 makes the root itself null."""

    error: Forbidden
    node: FieldNode
    path: tuple[Step, ...]
    nulled: int

    def places(self, answer: Any) -> list[Place]:
        """Where in the answer of the root field it stands, at most MOST_PLACES."""
        rest: Place = []
        for step in self.path[self.nulled :]:
            rest += [step.key, 0] if step.several else [step.key]
        if rest and self.path[-1].several:
            rest.pop()  # the field itself has no rows
        return [[*place, *rest] for place in islice(_nulls(answer, self.path[: self.nulled]), MOST_PLACES)]


def _nulls(value: Any, steps: tuple[Step, ...]) -> Iterator[Place]:
    """The places of the nulls that the steps lead to."""
    if not steps:
        if value is None:
            yield []
        return
    if not isinstance(value, dict) or steps[0].key not in value:  # a row of another type of the interface
        return
    key, inner = steps[0].key, value[steps[0].key]
    if steps[0].several and isinstance(inner, list):
        for number, row in enumerate(inner):
            for place in _nulls(row, steps[1:]):
                yield [key, number, *place]
        return
    for place in _nulls(inner, steps[1:]):
        yield [key, *place]


class Refused(Exception):
    """Raised on the way from a refused field to the smallest nullable field around it."""

    def __init__(self, error: Forbidden, node: FieldNode, path: tuple[Step, ...]) -> None:
        super().__init__(str(error))
        self.error, self.node, self.path = error, node, path

    def nulling(self, steps: int) -> Refusal:
        """The refusal that makes the field at so many steps null."""
        return Refusal(self.error, self.node, self.path, steps)
