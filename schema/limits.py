"""How much one request may ask for.  Refused before anything runs, never cut down silently.

The cost of an operation is the number of nodes it may return at most: the product of `first` along the path, a list
inside a household counting as 5.  Parts bound the statement itself, whatever fragments multiply.
Rule: no document, however short, makes more SQL or more JSON than this.  Test: tests/test_limits.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from schema.bound import Binding, Call
from schema.errors import QueryTooComplex

LONGEST_DOCUMENT = 64_000  # characters; size is for variables
MOST_TOKENS = 5_000
MOST_ROOTS = 30
MOST_NODES = 50_000
MOST_PARTS = 1_500
DEEPEST = 16
WIDEST = 400  # fields of one object; PostgreSQL ends at 1,664
LISTED = 5
MOST_CONDITIONS = 200  # of all filters of a root field
DEEPEST_FILTER = 12
AT_ONCE = 4  # statements of one request that run at the same time
MOST_META_ROOTS = 3  # without a token


def check_document(query: str) -> None:
    """Raises QueryTooComplex for a document that is too long to be read."""
    if len(query) > LONGEST_DOCUMENT:
        raise QueryTooComplex("characters", LONGEST_DOCUMENT, len(query))


def check_roots(roots: int) -> None:
    """Raises QueryTooComplex for too many root fields."""
    _check("roots", MOST_ROOTS, roots)


Size = int | Binding
"""How many rows a list may have: a number, or what a call says."""


@dataclass
class Limits:
    """The tally of one root field: what the document fixes is checked here, what a call brings by `nodes`."""

    depth: int = 0
    parts: int = 0
    lists: list[tuple[Size, ...]] = field(default_factory=list)  # of each list, the sizes of all lists around it too
    _around: tuple[Size, ...] = ()
    _conditions: int = 0

    @contextmanager
    def inside(self, size: Size | None) -> Iterator[None]:
        """So many records of a list, or the one that a record leads to (None), one level deeper."""
        around, self.depth = self._around, self.depth + 1
        if size is not None:
            self._around = (*around, size)
            self.lists.append(self._around)
        _check("depth", DEEPEST, self.depth)
        yield
        self._around, self.depth = around, self.depth - 1

    def leaves(self, size: Size) -> None:
        """So many values of a list that leads no further."""
        self.lists.append((*self._around, size))

    def count(self, parts: int) -> None:
        """So many fields of one object."""
        self.parts += parts
        _check("fields", WIDEST, parts)
        _check("parts", MOST_PARTS, self.parts)

    def conditions(self, more: int, depth: int) -> None:
        """So many more keys of a filter, so deep in it."""
        self._conditions += more
        _check("conditions", MOST_CONDITIONS, self._conditions)
        _check("filter depth", DEEPEST_FILTER, depth)


def check_cost(tallies: Iterable[Limits], call: Call) -> int:
    """The nodes that an operation may return at most for this call.  Raises QueryTooComplex, PageTooLarge."""
    cost = 0
    for tally in tallies:
        for sizes in tally.lists:
            cost += math.prod(size if isinstance(size, int) else size(call) for size in sizes)
    _check("nodes", MOST_NODES, cost)
    return cost


def _check(what: str, limit: int, requested: int) -> None:
    if requested > limit:
        raise QueryTooComplex(what, limit, requested)
