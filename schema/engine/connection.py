"""A connection as GraphQL asks for it → a Page: its filter, search, order, direction, size, cursors and parts.

Rule: a page has 1 to 1,000 rows from one end, never both; a cursor is good for this list, filter, order and caller.
Tests: tests/test_pages.py, tests/test_filters.py, tests/test_groups.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from graphql import FieldNode, GraphQLField, get_argument_values, get_named_type

from registry.codes import OrderDirection
from registry.models.fact import fact_of
from registry.models.region import Region
from registry.read.query import Const, Cursor, EdgeNode, Edges, Groups, Info, Nodes, Null, Order, Page, Source, Total
from registry.read.rollup import is_bare, is_down
from schema.declare.listing import LISTINGS, ListOptions
from schema.declare.shapes import RelatedField
from schema.engine.answer_size import AROUND, COUNT, GROUP, of_cursor
from schema.engine.complexity import Size
from schema.engine.conditions import Conditions, bounded, seen_here
from schema.engine.cursor import Signer
from schema.engine.price import (
    BELOW,
    by_index,
    caller_width,
    is_by_index,
    narrowed,
    of_grouping,
    of_name,
    of_order,
    of_rows,
)
from schema.engine.variables import Call, binding, is_blank, plain, resolved
from schema.engine.walk import Walk
from schema.errors import BadInput, PageTooLarge

DEFAULT_PAGE, LARGEST_PAGE = 20, 1000
REGIONS = {"Province": 50, "Regency": 600, "District": 8_000, "Village": 90_000}
"""How many there are, a little more: 38, 514, 7,285 and 83,762 by Kemendagri's list of 2025."""


class Listed:
    """One connection of a selection."""

    def __init__(self, selection: Walk, made: GraphQLField, nodes: list[FieldNode], shape: RelatedField) -> None:
        self.selection, self.nodes, self.shape = selection, nodes, shape
        self.type: Any = get_named_type(made.type)
        self.given = get_argument_values(made, nodes[0], selection.variables)
        text = self.given.get("search")  # forms send what is typed, were it nothing
        self.given["search"] = None if is_blank(text) else text
        self.listing = LISTINGS.get(shape.source.noun, ListOptions())
        self.conditions = Conditions(shape.source.noun, selection.visibility, self.bind, selection.limits)

    def bind(self, value: Any, convert: Callable[[Any], Any] | None = None, refuses: bool = False) -> str:
        return self.selection.bind(self.selection.name("f"), value, convert, refuses)

    def page(self, key: str) -> Page:
        if (asked := self.given.get("filter")) is not None:
            self.conditions.filter(asked)
        near = self.search()
        order = self.order(near)
        shape, selection = self.shape.source, self.selection
        source = Source(shape.noun, shape.link, (*shape.where, *self.conditions.where))
        prefix = selection.name("p")
        backward, size = self.size()
        selection.bind(f"{prefix}_size", size, allowed, refuses=True)
        self.sign(prefix, order)
        self.width, self.readings, self.ordered = self.wide(), of_rows(shape.noun) + self.conditions.readings, order
        after, before = (self.cursor(prefix, way, len(order) + 1) for way in ("after", "before"))
        parts = tuple(self.parts(size if isinstance(size, int) else selection.bindings[f"{prefix}_size"]))
        if any(isinstance(part, Nodes | Edges | Info) for part in parts):
            sorting = of_order(source, order)
            selection.limits.read(self.readings + sorting, by_index if is_by_index(source, order) else self.width)
        return Page(key, source, order, parts, f"{prefix}_size", backward, after, before, prefix)

    def wide(self) -> Size:
        """How far a reading of this list goes: where the rows around it lie, else as far as the caller's areas or the
        regions that the filter names."""
        if self.selection.limits.reach is not None:
            return self.selection.limits.reach
        named = (self.given.get("filter") or {}).get("within")
        return caller_width if named is None else narrowed(binding(named))

    def search(self) -> tuple[Order, ...]:
        """Names that the rows must have, in whatever spelling; answers the order in which the nearest come first."""
        noun, text = self.shape.source.noun, self.given["search"]
        if text is None:
            return ()
        self.conditions.narrow(noun.searched, "search")
        search = self.listing.search
        assert search is not None
        name = self.bind(text, lambda said: search.as_said(bounded(said)), True)
        self.conditions.where.append(search.found(name))
        self.conditions.readings += of_name(noun)
        return (Order(search.nearness(name)),)

    def order(self, near: tuple[Order, ...]) -> tuple[Order, ...]:
        """The order asked for.  A key narrows to the areas where its class is seen; seen nowhere, it is refused."""
        wanted = self.given.get("orderBy")
        if wanted is None:
            return (*near, *self.shape.order)
        key = plain(wanted["field"])
        datum = self.listing.orders[key]
        self.conditions.narrow(fact_of(datum).sensitivity, key)
        return (Order(datum, wanted.get("direction") is OrderDirection.DESC),)

    # --- where the page begins and ends -------------------------------------------------------------------------------

    def size(self) -> tuple[bool, Any]:
        """Whether it is counted from the end, and how many rows it has at most: a number, or a Ref of one."""
        first, last = self.given.get("first"), self.given.get("last")
        if first is not None and last is not None:
            raise BadInput("Pakai `first` atau `last`, jangan keduanya.", "Use `first` or `last`, never both.")
        return last is not None, last if last is not None else DEFAULT_PAGE if first is None else first

    def sign(self, prefix: str, order: tuple[Order, ...]) -> None:
        """The arguments that sign this list's cursors, which are good for its filter, search, order and caller."""
        list_ = (self.type.name, [_named(o) for o in order])
        asked = [self.given.get(name) for name in ("filter", "search")]

        def signer(call: Call) -> Signer:
            if (known := call.signers.get(signer)) is None:  # `prefix` is no key: every root has a p1
                said = repr((list_, resolved(asked, call)))
                known = call.signers[signer] = call.cursors.of(said, call.principal.user_id)
            return known

        self.selection.bindings[f"{prefix}_inner"] = lambda call: signer(call).inner
        self.selection.bindings[f"{prefix}_outer"] = lambda call: signer(call).outer
        self.signer = signer

    def cursor(self, prefix: str, way: str, keys: int) -> str | None:
        given = self.given.get(way)
        if given is None:
            return None
        found, signer = binding(given), self.signer
        name = f"{prefix}_{way}"
        self.selection.bindings[name] = lambda call: signer(call).read(found(call), keys)
        self.selection.checks.append(self.selection.bindings[name])
        return name

    # --- parts --------------------------------------------------------------------------------------------------------

    def parts(self, size: Size) -> Iterator[Nodes | Edges | Info | Total | Groups | Const | Null]:
        selection, type_ = self.selection, self.type
        asked = selection.fields(type_, [n.selection_set for n in self.nodes])
        selection.limits.count(len(asked))
        selection.limits.hold(sum(AROUND + COUNT + len(key.encode()) for key in asked))
        for key, found in asked.items():
            name = found[0].name.value
            if name == "__typename":
                yield Const(key, type_.name)
                continue
            made = type_.fields[name]
            yield selection.unless_refused(key, made, found, partial(self.part, key, made, found, size))

    def part(
        self, key: str, made: GraphQLField, nodes: list[FieldNode], size: Size
    ) -> Nodes | Edges | Info | Total | Groups:
        selection, inner = self.selection, get_named_type(made.type)
        match nodes[0].name.value:
            case "nodes":
                with self.rows(size):
                    return Nodes(key, selection.object(inner, nodes))
            case "edges":
                with self.rows(size):
                    return Edges(key, tuple(self.edge(inner, nodes)))
            case "pageInfo":
                info = self.named(inner, nodes)
                selection.limits.hold(sum(AROUND + len(key.encode()) + of_cursor(self.ordered) for key, _ in info))
                return Info(key, info)
            case "totalCount":
                selection.limits.counted()
                if not (self.is_bare() and selection.limits.count_in_region(self.shape.source.noun)):
                    selection.limits.read(self.readings, self.width)
                return Total(key)
            case _:
                return self.groups(key, made, nodes)

    def is_bare(self) -> bool:
        """Whether it holds all records in a region, which are counted together with those of the regions below."""
        return is_bare(self.shape.source) and not self.conditions.where

    @contextmanager
    def rows(self, size: Size) -> Iterator[None]:
        """In its rows, so many."""
        limits, source = self.selection.limits, self.shape.source
        regions = limits.regions(BELOW, is_down(source)) if source.noun is Region else nullcontext()
        with limits.inside(size, REGIONS.get(get_named_type(self.type.fields["nodes"].type).name)), regions:
            yield

    def edge(self, type_: Any, nodes: list[FieldNode]) -> Iterator[EdgeNode | Cursor | Const]:
        asked = self.selection.fields(type_, [n.selection_set for n in nodes])
        self.selection.limits.count(len(asked))
        self.selection.limits.hold(sum(AROUND + len(key.encode()) for key in asked))
        for key, found in asked.items():
            match found[0].name.value:
                case "node":
                    with self.selection.at(key):
                        yield EdgeNode(key, self.selection.object(get_named_type(type_.fields["node"].type), found))
                case "cursor":
                    self.selection.limits.hold(of_cursor(self.ordered))
                    yield Cursor(key)
                case _:
                    yield Const(key, type_.name)

    def named(self, type_: Any, nodes: list[FieldNode]) -> tuple[tuple[str, str], ...]:
        """The fields of a value asked for: (response key, name), or the type's own name for `__typename`."""
        found = self.selection.fields(type_, [n.selection_set for n in nodes])
        self.selection.limits.count(len(found))
        names = {key: fields[0].name.value for key, fields in found.items()}
        return tuple((key, type_.name if name == "__typename" else name) for key, name in names.items())

    def groups(self, key: str, made: GraphQLField, nodes: list[FieldNode]) -> Groups:
        given = get_argument_values(made, nodes[0], self.selection.variables)
        dimension = plain(given["by"])
        by = self.listing.groups[dimension]
        seen = seen_here(self.shape.source.noun, self.selection.visibility, by.fact.sensitivity, dimension)
        most = (by.most or LARGEST_PAGE) if given.get("first") is None else given["first"]
        first = self.selection.bind(self.selection.name("g"), most, allowed)
        named = self.named(get_named_type(made.type), nodes)
        size = sum(AROUND + GROUP + len(key.encode()) for key, _ in named)
        self.selection.limits.leaves(self.selection.bindings[first], size)
        self.selection.limits.read(self.readings + of_grouping(by), self.width)
        where = (seen,) if seen is not None else ()
        return Groups(key, by, named, first, where)


def allowed(size: int) -> int:
    """The size of a page.  Raises PageTooLarge, or BadInput for none."""
    if size > LARGEST_PAGE:
        raise PageTooLarge(LARGEST_PAGE, size)
    if size < 1:
        raise BadInput("Jumlah baris paling sedikit 1.", "Ask for at least 1 row.")
    return size


def _named(order: Order) -> str:
    datum = order.datum
    return f"{getattr(datum, 'key', None) or getattr(datum, 'name', '')}{'-' if order.descending else ''}"
