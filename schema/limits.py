"""How much one request may ask for.  Refused before anything runs, never cut down silently.

The cost of an operation is the number of records that it may return: the product of `first` along the path, a list
inside a household counting as 5, which is usual, though it may hold 50.  Parts bound the statement itself, whatever
fragments multiply.
Rule: no document, however short, makes more SQL than this, and its JSON is bounded with its cost.
Test: tests/test_limits.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from schema.bound import Binding, Call
from schema.errors import QueryTooComplex

LISTED = 5  # what a list inside a household counts as
OF_A_LIST = 8  # parts that a list or a count comes to
AT_ONCE = 4  # statements of one request that run at the same time
MOST_META_ROOTS = 3  # without a token


class Most(Enum):
    """What is bounded, at how much, and what it is."""

    CHARACTERS = 64_000, "characters of a document; values belong in variables"
    TOKENS = 5_000, "tokens of a document"
    ROOTS = 30, "root fields"
    DIRECTIVES = 15, "directives of one field"
    ALIASES = 10, "aliases in a question about the schema"
    SELECTIONS = 20_000, "selections, those of a fragment each time it is used"
    DEPTH = 16, "objects inside each other"
    FIELDS = 400, "fields of one object"  # PostgreSQL ends at 1,664
    NODES = 50_000, "records in the answer: the product of `first` along the path, a household's list as 5"
    VALUES = 1_000_000, "values in the answer, counted alike"
    PARTS = 1_500, "pieces of SQL: a field is one, a list or a count eight"  # each takes a millisecond to plan
    VARIABLES = 30_000, "values in the variables: what each key holds, and each item of a list"
    CONDITIONS = 200, "keys of the filters of a root field; an empty filter counts as one"
    FILTER_DEPTH = 12, "filters inside each other"
    LIST = 1_000, "different values of one list in a filter"
    TEXT = 500, "characters of a text in a filter or a search"

    def __init__(self, limit: int, what: str) -> None:
        self.limit, self.what = limit, what

    def check(self, asked: int) -> None:
        """Raises QueryTooComplex for more."""
        if asked > self.limit:
            raise QueryTooComplex(self.name.lower(), self.limit, asked)


def check_variables(sent: dict[str, Any] | None) -> int:
    """How many values were sent, counted before any of them is coerced.  Raises QueryTooComplex."""
    count, level = 0, [sent or {}]
    while level:
        below: list[Any] = []
        for held in level:
            count += len(held)
            inner = held.values() if isinstance(held, dict) else held
            below += [value for value in inner if isinstance(value, dict | list)]
        Most.VARIABLES.check(count)
        level = below
    return count


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
        Most.SELECTIONS.check(self.visited)

    def plan(self, parts: int) -> None:
        """So many more pieces of SQL."""
        self.parts += parts
        Most.PARTS.check(self.parts)


@dataclass
class Measure:
    """What one root field asks for: what the document fixes is checked here, what a call brings by `Cost`."""

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
        Most.DEPTH.check(self.depth)
        try:
            yield
        finally:
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
        Most.FIELDS.check(parts)
        self.budget.plan(parts)
        self.fields.append((parts, self._around))

    def conditions(self, more: int, depth: int) -> None:
        """One more filter with so many keys, so deep in the filters around it."""
        more = max(more, 1)
        self._conditions += more
        Most.CONDITIONS.check(self._conditions)
        Most.FILTER_DEPTH.check(depth)
        self.budget.plan(more)


class Cost:
    """What an operation may return at most.  What the document fixes is summed once, the rest at each call."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self._nodes, self._values = _Sum(), _Sum()
        for measure in measures:
            for sizes in measure.lists:
                self._nodes.add(1, sizes)
            for fields, sizes in measure.fields:
                self._values.add(fields, sizes)

    def check(self, call: Call) -> int:
        """The nodes that it may return at most.  Raises QueryTooComplex, PageTooLarge."""
        cost = self._nodes.of(call)
        Most.NODES.check(cost)
        Most.VALUES.check(self._values.of(call))
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
