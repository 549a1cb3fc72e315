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
MOST_PARTS = 1_500  # of all roots; planning takes about a millisecond for each
OF_A_LIST = 8  # parts that a list or a count comes to
MOST_VISITED = 20_000  # selections, those of a fragment each time it is used
MOST_VALUES = 1_000_000
MOST_ALIASES = 10  # in a question about the schema, which is answered whole each time
MOST_REGIONS = 1_000  # of one `within`
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


def check_aliases(aliases: int) -> None:
    """Raises QueryTooComplex for a question about the schema with many aliases."""
    _check("aliases", MOST_ALIASES, aliases)


Size = int | Binding
"""How many rows a list may have: a number, or what a call says."""


@dataclass
class Budget:
    """What all root fields of one operation share: the work of planning it."""

    parts: int = 0
    visited: int = 0

    def visit(self) -> None:
        """One more node of the document, shown or skipped."""
        self.visited += 1
        _check("selections", MOST_VISITED, self.visited)

    def plan(self, parts: int) -> None:
        """So many more pieces of SQL."""
        self.parts += parts
        _check("parts", MOST_PARTS, self.parts)


@dataclass
class Limits:
    """The tally of one root field: what the document fixes is checked here, what a call brings by `Cost`."""

    budget: Budget = field(default_factory=Budget)
    depth: int = 0
    lists: list[tuple[Size, ...]] = field(default_factory=list)  # of each list, the sizes of all lists around it too
    fields: list[tuple[int, tuple[Size, ...]]] = field(default_factory=list)  # of each object, with those sizes
    _around: tuple[Size, ...] = ()
    _conditions: int = 0

    @contextmanager
    def inside(self, size: Size | None) -> Iterator[None]:
        """So many records of a list, or the one that a record leads to (None), one level deeper."""
        around, self.depth = self._around, self.depth + 1
        self.budget.plan(OF_A_LIST)
        if size is not None:
            self._around = (*around, size)
            self.lists.append(self._around)
        _check("depth", DEEPEST, self.depth)
        yield
        self._around, self.depth = around, self.depth - 1

    def leaves(self, size: Size) -> None:
        """So many values of a list that leads no further."""
        self.budget.plan(OF_A_LIST)
        self.lists.append((*self._around, size))

    def counted(self) -> None:
        """A count of a list's rows."""
        self.budget.plan(OF_A_LIST)

    def count(self, parts: int) -> None:
        """So many fields of one object."""
        _check("fields", WIDEST, parts)
        self.budget.plan(parts)
        self.fields.append((parts, self._around))

    def conditions(self, more: int, depth: int) -> None:
        """So many more keys of a filter, so deep in it."""
        self._conditions += more
        _check("conditions", MOST_CONDITIONS, self._conditions)
        _check("filter depth", DEEPEST_FILTER, depth)
        self.budget.plan(more)


class Cost:
    """What an operation may return at most.  What the document fixes is summed once, the rest at each call."""

    def __init__(self, tallies: Iterable[Limits]) -> None:
        self._nodes, self._values = _Sum(), _Sum()
        for tally in tallies:
            for sizes in tally.lists:
                self._nodes.add(1, sizes)
            for fields, sizes in tally.fields:
                self._values.add(fields, sizes)

    def check(self, call: Call) -> int:
        """The nodes that it may return at most.  Raises QueryTooComplex, PageTooLarge."""
        cost = self._nodes.of(call)
        _check("nodes", MOST_NODES, cost)
        _check("values", MOST_VALUES, self._values.of(call))
        return cost


class _Sum:
    """A sum of products, of which some factors are known only at a call."""

    def __init__(self) -> None:
        self._fixed = 0
        self._terms: dict[tuple[Binding, ...], int] = {}

    def add(self, count: int, sizes: tuple[Size, ...]) -> None:
        count *= math.prod(size for size in sizes if isinstance(size, int))
        if asked := tuple(size for size in sizes if not isinstance(size, int)):
            self._terms[asked] = self._terms.get(asked, 0) + count
        else:
            self._fixed += count

    def of(self, call: Call) -> int:
        total = self._fixed
        for sizes, count in self._terms.items():
            total += count * math.prod(size(call) for size in sizes)
        return total


def _check(what: str, limit: int, requested: int) -> None:
    if requested > limit:
        raise QueryTooComplex(what, limit, requested)
