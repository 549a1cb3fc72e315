"""What an operation costs: how many records it may return, and what must be read for them.

Records are counted as the document allows: the product of `first` along the path.  A plain list counts as a tenth of
what it may hold, which is usual: one inside a household as 5 of 50, the entries of a village's record as 20 of 200.
Regions below regions count as no more than exist of their level.  What must be read for them is priced in
schema/engine/price.py.  Parts bound the statement itself, however fragments multiply.
Rule: no document, however short, makes more SQL than this, and its cost bounds its JSON.
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

PLAIN_LIST_SIZE = 5  # how many records a list inside a household counts as
PARTS_OF_A_LIST = 8  # how many pieces of SQL a list or a count counts as
CONCURRENT_STATEMENTS = 4  # of one request
HEAVY_READING, HEAVY_ANSWER = 200, 10_000  # from so many nodes on, a statement takes turns with other heavy ones


Size = int | Binding
"""How many rows a list may have: a number, or a function of the call."""
Sizes = tuple[Size, ...]
"""The sizes of a list and of all lists around it; their product is how many rows there may be."""
Term = tuple[int, Sizes]
"""A number, and the sizes of the lists around it: so much for each of their rows."""


def product_at_most(most: int, sizes: Sizes) -> Size:
    """The product of the sizes, but never more than `most`."""
    constants = _constants(sizes)
    if len(constants) == len(sizes):
        return min(most, math.prod(constants))

    def product(call: Call) -> int:
        numbers = [size if isinstance(size, int) else size(call) for size in sizes]
        return min(most, math.prod(numbers))

    return product


def _constants(sizes: Sizes) -> list[int]:
    return [size for size in sizes if isinstance(size, int)]


@dataclass
class Budget:
    """The work of planning an operation, which all its root fields share."""

    parts: int = 0
    visited: int = 0

    def visit(self) -> None:
        """Count a node of the document, selected or skipped."""
        self.visited += 1
        Limit.SELECTIONS.check(self.visited)

    def add_parts(self, parts: int) -> None:
        """Count more pieces of SQL."""
        self.parts += parts
        Limit.PARTS.check(self.parts)


@dataclass
class RegionCounts:
    """How often the records of nouns are counted by region.

    If counts are `summed`, one reading counts a noun for a region and for all regions below it, each of which looks its
    sum up (registry/read/rollup.py)."""

    summed: bool
    own: Counter[Readable] = field(default_factory=Counter)  # noun → counts in the outermost regions
    below: set[Readable] = field(default_factory=set)  # nouns that are counted in the regions below these

    def readings(self) -> int:
        """How often records are read for each of the outermost regions."""
        own = sum(times for noun, times in self.own.items() if noun not in self.below)
        return len(self.below) + own


@dataclass
class Complexity:
    """What one root field asks for.  What the document fixes is checked here, what a call brings in `Cost`."""

    budget: Budget = field(default_factory=Budget)
    depth: int = 0
    lists: list[Sizes] = field(default_factory=list)
    fields: list[Term] = field(default_factory=list)  # how many fields each object has
    bytes: list[Term] = field(default_factory=list)  # how long each field is
    readings: list[Term] = field(default_factory=list)  # how often a list is read; its width is among the sizes
    reach: Size | None = None  # the width of lists of records at this place; None at a root
    _around: Sizes = ()
    _disjoint: bool = True  # no record is in two of the lists around
    _conditions: int = 0
    _counts: RegionCounts | None = None  # of the regions around
    _below: bool = False  # whether these lie below the regions that `_counts` begins with

    @contextmanager
    def nested(self, size: Size | None, most: int | None = None) -> Iterator[None]:
        """One level deeper: in a list of this size, or in the one record that a record leads to (None).

        `most` is how many such records exist at all.  Lists that go down from the root, with each record in one of them
        only, cannot hold more together, however they are nested."""
        outside = self._around, self._disjoint
        self.depth += 1
        self.budget.add_parts(PARTS_OF_A_LIST)
        if size is None:
            self._disjoint = not self._around
        else:
            self._enter_list(size, most)
        Limit.DEPTH.check(self.depth)
        try:
            yield
        finally:
            self._around, self._disjoint = outside
            self.depth -= 1

    def _enter_list(self, size: Size, most: int | None) -> None:
        self._around = (*self._around, size)
        self._disjoint = self._disjoint and most is not None
        if self._disjoint and most is not None:
            self._around = (product_at_most(most, self._around),)
        self.lists.append(self._around)

    @contextmanager
    def for_each_item(self, lengths: tuple[int, ...]) -> Iterator[None]:
        """What is in here is read by itself for every item of lists of these lengths."""
        outside = self._around
        self._around = (*self._around, *lengths)
        if lengths:
            self.lists.append(self._around)
        try:
            yield
        finally:
            self._around = outside

    @contextmanager
    def regions(self, reach: Size, down: bool = False, summed: bool = True) -> Iterator[None]:
        """In regions whose lists have the width `reach`: those just below (`down`) the regions around, or others.

        If counts are `summed`, all records in them are counted together with those in the regions below."""
        outside = self._counts, self._below, self.reach
        self._below = down and self._counts is not None and self._counts.summed
        if not self._below:
            self._counts = RegionCounts(summed)
        counts = self._counts
        self.reach = reach
        try:
            yield
            if counts is not None and not self._below:
                self.add_readings(counts.readings(), reach)
        finally:
            self._counts, self._below, self.reach = outside

    def count_in_region(self, noun: Readable) -> bool:
        """Add a count of all records of a noun in the region around; False if there is no region around."""
        if self._counts is None:
            return False
        if self._below:
            self._counts.below.add(noun)
        else:
            self._counts.own[noun] += 1
        return True

    def add_readings(self, times: int, width: Size) -> None:
        """A list is read so many times, each of this width, for each row around it."""
        if times:
            self.readings.append((times, (*self._around, width)))

    def add_groups(self, size: Size, length: int) -> None:
        """A list of this size, whose items are so many bytes long at most and have no records below them."""
        sizes = (*self._around, size)
        self.budget.add_parts(PARTS_OF_A_LIST)
        self.lists.append(sizes)
        self.bytes.append((length, sizes))

    def add_total(self) -> None:
        """A count of a list's rows."""
        self.budget.add_parts(PARTS_OF_A_LIST)

    def add_fields(self, count: int) -> None:
        """The fields of one object."""
        Limit.FIELDS.check(count)
        self.budget.add_parts(count)
        self.fields.append((count, self._around))

    def add_bytes(self, length: int) -> None:
        """A field that is so many bytes long at most."""
        self.bytes.append((length, self._around))

    def count_as_values(self, values: int) -> None:
        """The field around is worked out for each row, and counts as so many values."""
        self.fields.append((values - 1, self._around))

    def add_conditions(self, keys: int, depth: int) -> None:
        """A filter with so many keys, so deep in the filters around it."""
        keys = max(keys, 1)
        self._conditions += keys
        Limit.CONDITIONS.check(self._conditions)
        Limit.FILTER_DEPTH.check(depth)
        self.budget.add_parts(keys)


class Cost:
    """What one root field may return and read at most.  What the document fixes is summed once, the rest at a call."""

    def __init__(self, complexity: Complexity) -> None:
        self.nodes = _Sum((1, sizes) for sizes in complexity.lists)
        self.values = _Sum(complexity.fields)
        self.read = _Sum(complexity.readings)
        self.bytes = _Sum(complexity.bytes)

    def is_heavy(self, call: Call) -> bool:
        """Whether it reads or returns so much that only a few such statements may run at the same time."""
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

    def __init__(self, terms: Iterable[Term]) -> None:
        self._fixed = 0
        self._open: dict[tuple[Binding, ...], int] = {}
        for count, sizes in terms:
            self._add(count * math.prod(_constants(sizes)), sizes)

    def _add(self, count: int, sizes: Sizes) -> None:
        at_call = tuple(size for size in sizes if not isinstance(size, int))
        if at_call:
            self._open[at_call] = self._open.get(at_call, 0) + count
        else:
            self._fixed += count

    def of(self, call: Call) -> int:
        total = self._fixed
        for sizes, count in self._open.items():
            total += count * math.prod(size(call) for size in sizes)
        return total
