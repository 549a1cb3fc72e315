"""What an operation costs: how many records it may return, and what must be read for them.

Records are counted as the document allows (the product of `first` along the path, a list
inside a household counting as 5, which is usual, though it may hold 50, and regions on the way down as no more than
there are of their level) and what must be read for them
(schema/engine/price.py).  Parts bound the statement itself, whatever fragments multiply.
Rule: no document, however short, makes more SQL than this, and its JSON is bounded with its cost.
Test: tests/test_limits.py.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from registry.models.noun import Readable
from schema.engine.variables import Binding, Call
from schema.limits import Limit

LISTED = 5  # what a list inside a household counts as
OF_A_LIST = 8  # parts that a list or a count comes to
AT_ONCE = 4  # statements of one request that run at the same time
HEAVY_READING, HEAVY_ANSWER = 200, 10_000  # nodes from which a statement takes turns with others like it


Size = int | Binding
"""How many rows a list may have: a number, or what a call says."""


def at_most(most: int, sizes: tuple[Size, ...]) -> Size:
    """The product of sizes, but no more than there are."""
    if all(isinstance(size, int) for size in sizes):
        return min(most, math.prod(size for size in sizes if isinstance(size, int)))
    return lambda call: min(most, math.prod(size if isinstance(size, int) else size(call) for size in sizes))


@dataclass
class Budget:
    """What all root fields of one operation share: the work of planning it."""

    parts: int = 0
    visited: int = 0

    def visit(self) -> None:
        """One more node of the document, shown or skipped."""
        self.visited += 1
        Limit.SELECTIONS.check(self.visited)

    def plan(self, parts: int) -> None:
        """So many more pieces of SQL."""
        self.parts += parts
        Limit.PARTS.check(self.parts)


@dataclass
class RegionCounts:
    """Counts of all records in regions and in those below them: how often `own` ones are asked for, and which `below`.

    Those of a noun that is counted below are made by one reading, and looked up (registry/read/rollup.py)."""

    summed: bool
    own: Counter[Readable] = field(default_factory=Counter)
    below: set[Readable] = field(default_factory=set)

    def readings(self) -> int:
        """How often the records are read for each of the outermost regions."""
        return len(self.below) + sum(times for noun, times in self.own.items() if noun not in self.below)


@dataclass
class Complexity:
    """What one root field asks for: what the document fixes is checked here, what a call brings by `Cost`."""

    budget: Budget = field(default_factory=Budget)
    depth: int = 0
    lists: list[tuple[Size, ...]] = field(default_factory=list)  # of each list, the sizes of all lists around it too
    fields: list[tuple[int, tuple[Size, ...]]] = field(default_factory=list)  # of each object, with those sizes
    sizes: list[tuple[int, tuple[Size, ...]]] = field(default_factory=list)  # bytes of each field, likewise
    readings: list[tuple[int, tuple[Size, ...]]] = field(default_factory=list)  # how often, with sizes and width
    reach: Size | None = None  # how far lists of records go here; None at a root
    _around: tuple[Size, ...] = ()
    _apart: bool = True  # no record is met in two of the lists around
    _conditions: int = 0
    _counts: RegionCounts | None = None  # of the regions in hand
    _below: bool = False  # those in hand lie below the ones that are counted together

    @contextmanager
    def inside(self, size: Size | None, most: int | None = None) -> Iterator[None]:
        """So many records of a list, or the one that a record leads to (None), one level deeper.

        There are so many (`most`) of them in all: lists inside each other that go down from the root, each record in
        one of them only, cannot hold more together."""
        before, self.depth = (self._around, self._apart), self.depth + 1
        self.budget.plan(OF_A_LIST)
        if size is None:
            self._apart = not self._around
        else:
            self._around, self._apart = (*self._around, size), self._apart and most is not None
            if self._apart and most is not None:
                self._around = (at_most(most, self._around),)
            self.lists.append(self._around)
        Limit.DEPTH.check(self.depth)
        try:
            yield
        finally:
            (self._around, self._apart), self.depth = before, self.depth - 1

    @contextmanager
    def each(self, sizes: tuple[int, ...]) -> Iterator[None]:
        """What is in here is read by itself for every item of lists of these lengths."""
        around = self._around
        self._around = (*around, *sizes)
        if sizes:
            self.lists.append(self._around)
        try:
            yield
        finally:
            self._around = around

    @contextmanager
    def reaching(self, width: Size | None) -> Iterator[None]:
        """Lists of records in here go so far; None changes nothing."""
        before = self.reach
        self.reach = before if width is None else width
        try:
            yield
        finally:
            self.reach = before

    @contextmanager
    def regions(self, reach: Size, down: bool = False, summed: bool = True) -> Iterator[None]:
        """In regions, whose lists go so far: those just below (`down`) the regions in hand, or others.

        All records in them are counted together with those in the regions below, where counts are `summed` at all."""
        before = self._counts, self._below
        self._below = down and self._counts is not None and self._counts.summed
        if not self._below:
            self._counts = RegionCounts(summed)
        counts = self._counts
        try:
            with self.reaching(reach):
                yield
                if counts is not None and not self._below:
                    self.read(counts.readings(), reach)
        finally:
            self._counts, self._below = before

    def count_in_region(self, noun: Readable) -> bool:
        """A count of all records of a noun in the region in hand; False where none is in hand."""
        if self._counts is None:
            return False
        if self._below:
            self._counts.below.add(noun)
        else:
            self._counts.own[noun] += 1
        return True

    def read(self, times: int, width: Size) -> None:
        """A list that is read so many times, so far, for each row around it."""
        if times:
            self.readings.append((times, (*self._around, width)))

    def leaves(self, size: Size, of: int) -> None:
        """So many values, each of so many bytes at most, of a list that leads no further."""
        self.budget.plan(OF_A_LIST)
        self.lists.append((*self._around, size))
        self.sizes.append((of, (*self._around, size)))

    def counted(self) -> None:
        """A count of a list's rows."""
        self.budget.plan(OF_A_LIST)

    def count(self, parts: int) -> None:
        """So many fields of one object."""
        Limit.FIELDS.check(parts)
        self.budget.plan(parts)
        self.fields.append((parts, self._around))

    def hold(self, size: int) -> None:
        """A field with a value of so many bytes at most."""
        self.sizes.append((size, self._around))

    def weigh(self, values: int) -> None:
        """A field that is worked out for each row counts as so many values."""
        self.fields.append((values - 1, self._around))

    def conditions(self, more: int, depth: int) -> None:
        """One more filter with so many keys, so deep in the filters around it."""
        more = max(more, 1)
        self._conditions += more
        Limit.CONDITIONS.check(self._conditions)
        Limit.FILTER_DEPTH.check(depth)
        self.budget.plan(more)


class Cost:
    """What one root field may return and read at most.  What the document fixes is summed once, the rest at a call."""

    def __init__(self, measure: Complexity) -> None:
        self.nodes, self.values, self.read, self.bytes = _Sum(), _Sum(), _Sum(), _Sum()
        for sizes in measure.lists:
            self.nodes.add(1, sizes)
        for fields, sizes in measure.fields:
            self.values.add(fields, sizes)
        for times, sizes in measure.readings:
            self.read.add(times, sizes)
        for size, sizes in measure.sizes:
            self.bytes.add(size, sizes)

    def is_heavy(self, call: Call) -> bool:
        """Whether it reads or returns so much that few of its kind may run at the same time."""
        return self.read.of(call) >= HEAVY_READING or self.nodes.of(call) >= HEAVY_ANSWER


def check_costs(costs: Iterable[Cost], call: Call) -> int:
    """The nodes that an operation of these root fields may return and read.  Raises QueryTooComplex, PageTooLarge."""
    nodes = values = size = 0
    for cost in costs:
        nodes += cost.nodes.of(call) + cost.read.of(call)
        values += cost.values.of(call)
        size += cost.bytes.of(call)
    Limit.NODES.check(nodes)
    Limit.VALUES.check(values)
    Limit.BYTES.check(size)
    return nodes


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
