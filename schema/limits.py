"""How much one request may ask for.  Refused before anything runs, never cut down silently.

The cost of a root field is the number of nodes it may return at most: the product of `first` along the path, a list
inside a household counting as 5.  Parts bound the statement itself, whatever fragments multiply.
Rule: no document, however short, makes more SQL or more JSON than this.  Test: tests/test_limits.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from graphql import OperationDefinitionNode

from schema.errors import QueryTooComplex

LONGEST_DOCUMENT = 64_000  # characters; size is for variables
MOST_TOKENS = 5_000
MOST_ROOTS = 30
MOST_NODES = 50_000
MOST_PARTS = 1_500
DEEPEST = 16
WIDEST = 400  # fields of one object; PostgreSQL ends at 1,664
LISTED = 5
AT_ONCE = 4  # statements of one request that run at the same time
MOST_META_ROOTS = 3  # without a token


def check_document(query: str) -> None:
    """Raises QueryTooComplex for a document that is too long to be read."""
    if len(query) > LONGEST_DOCUMENT:
        raise QueryTooComplex("characters", LONGEST_DOCUMENT, len(query))


def check_roots(operation: OperationDefinitionNode, most: int = MOST_ROOTS) -> None:
    """Raises QueryTooComplex for too many root fields; a fragment counts as one until it is executed."""
    roots = len(operation.selection_set.selections)
    if roots > most:
        raise QueryTooComplex("roots", most, roots)


@dataclass
class Limits:
    """The tally of one root field."""

    depth: int = 0
    nodes: int = 0
    parts: int = 0
    _factor: int = 1

    @contextmanager
    def inside(self, factor: int | None) -> Iterator[None]:
        """`factor` records of a list, or the one that a record leads to (None), one level deeper."""
        outer, self._factor, self.depth = self._factor, self._factor * (factor or 1), self.depth + 1
        self.nodes += self._factor if factor else 0
        self._check("depth", DEEPEST, self.depth)
        self._check("nodes", MOST_NODES, self.nodes)
        yield
        self._factor, self.depth = outer, self.depth - 1

    def count(self, parts: int) -> None:
        """So many fields of one object."""
        self.parts += parts
        self._check("fields", WIDEST, parts)
        self._check("parts", MOST_PARTS, self.parts)

    def _check(self, what: str, limit: int, requested: int) -> None:
        if requested > limit:
            raise QueryTooComplex(what, limit, requested)
