"""A connection as GraphQL asks for it → a Page: its filter, search, order, direction, size, cursors and parts.

Rule: a page has 1 to 1,000 rows from one end, never both; a cursor is good for this list, filter, order and caller.
Tests: tests/test_pages.py, tests/test_filters.py, tests/test_groups.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

from graphql import FieldNode, GraphQLField, get_argument_values, get_named_type

from registry.codes import OrderDirection
from registry.models.fact import fact_of
from registry.models.region import Region
from registry.read.query import (
    Const,
    Cursor,
    EdgeNode,
    Edges,
    Groups,
    Info,
    Nodes,
    Null,
    Order,
    Page,
    Source,
    Total,
)
from registry.read.rollup import is_bare, is_down
from schema.declare.listing import LIST_OPTIONS, ListOptions
from schema.declare.shapes import RelatedField
from schema.engine.answer import indicator_order
from schema.engine.answer_size import COUNT, GROUP, cursor_size, keys_size
from schema.engine.complexity import Size
from schema.engine.conditions import Conditions, bounded, visible_condition
from schema.engine.cursor import Signer
from schema.engine.price import (
    BELOW,
    REVISIONS,
    caller_width,
    grouping_price,
    index_width,
    is_by_index,
    list_width,
    name_price,
    narrowed,
    order_price,
    rows_price,
)
from schema.engine.variables import Call, Convert, binding, is_blank, plain, resolved
from schema.engine.walk import Walk
from schema.errors import BadInput, PageTooLarge

DEFAULT_PAGE, LARGEST_PAGE = 20, 1000
REGION_TOTALS = {"Province": 50, "Regency": 600, "District": 8_000, "Village": 90_000}
"""How many regions of each type exist, rounded up: 38, 514, 7,285 and 83,762 by Kemendagri's list of 2025."""
PagePart = Nodes | Edges | Info | Total | Groups
SignerOf = Callable[[Call], Signer]
"""The signer of a list's cursors in a call."""


class ConnectionSelection:
    """One connection of a selection."""

    def __init__(self, selection: Walk, field: GraphQLField, nodes: list[FieldNode], shape: RelatedField) -> None:
        self.selection = selection
        self.nodes = nodes
        self.shape = shape
        self.complexity = selection.complexity
        self.type: Any = get_named_type(field.type)
        self.options = LIST_OPTIONS.get(shape.source.noun, ListOptions())
        self.arguments = get_argument_values(field, nodes[0], selection.variables)
        self.conditions = Conditions(shape.source.noun, selection.visibility, self.bind, self.complexity)

    def bind(self, value: Any, convert: Convert | None = None, refuses: bool = False) -> str:
        return self.selection.bind(self.selection.new_name("f"), value, convert, refuses)

    def page(self, key: str) -> Page:
        """The page under this response key.  Raises Forbidden, BadInput and QueryTooComplex."""
        selection, conditions, unfiltered = self.selection, self.conditions, self.shape.source
        filter_ = self.arguments.get("filter")
        if filter_ is not None:
            conditions.filter(filter_)
        self.since()
        match_rank = self.search()
        order = self.order = self.requested_order(match_rank)
        source = Source(unfiltered.noun, unfiltered.link, (*unfiltered.where, *conditions.where))
        self.width = self.reading_width()
        self.readings = rows_price(source.noun) + conditions.readings

        prefix = selection.new_name("p")
        backward, size = self.requested_size()
        size_argument = selection.bind(f"{prefix}_size", size, page_size, refuses=True)
        signer = self.sign(prefix, order)
        after = self.cursor("after", prefix, signer, len(order) + 1)
        before = self.cursor("before", prefix, signer, len(order) + 1)

        rows = size if isinstance(size, int) else selection.bindings[size_argument]
        parts = tuple(self.parts(rows))
        if any(isinstance(part, Nodes | Edges | Info) for part in parts):
            by_index = self.width is caller_width and is_by_index(source, order)
            width = index_width if by_index else self.width
            self.complexity.add_readings(self.readings + order_price(source, order), width)
        return Page(key, source, order, parts, size_argument, backward, after, before, prefix)

    def reading_width(self) -> Size:
        """The width of one reading of this list: of the rows around it, or else of what the caller may read, within the
        regions that the filter names."""
        if self.complexity.reach is not None:
            return self.complexity.reach
        if self.shape.since is not None:
            return REVISIONS
        whole = list_width(self.shape.source.noun)
        region_codes = (self.arguments.get("filter") or {}).get("within")
        return whole if region_codes is None else narrowed(binding(region_codes), whole)

    def since(self) -> None:
        """Keep the revisions after the one that the caller names."""
        rev = self.arguments.get("sinceRev")
        if rev is not None and self.shape.since is not None:
            self.conditions.where.append(self.shape.since(self.bind(rev)))

    def search(self) -> tuple[Order, ...]:
        """Keep the rows to those with these names, in any spelling; returns the order with the best matches first."""
        noun, text = self.shape.source.noun, self.search_text()
        if text is None:
            return ()
        search = self.options.search
        assert search is not None
        assert noun.searched is not None
        self.conditions.narrow(noun.searched, "search")
        normalise = search.normalise
        argument = self.bind(text, lambda value: normalise(bounded(value)), refuses=True)
        self.conditions.where.append(search.condition(argument))
        self.conditions.readings += name_price(noun)
        return (Order(search.match_rank(argument)),)

    def search_text(self) -> Any:
        """The text to search by; None for a blank one, because forms send their fields also if nothing was typed."""
        text = self.arguments.get("search")
        return None if is_blank(text) else text

    def requested_order(self, match_rank: tuple[Order, ...]) -> tuple[Order, ...]:
        """The order asked for, or else the best matches first, then the list's own order.

        A key narrows the rows to where its class is seen.  Raises Forbidden if that is nowhere."""
        order_by = self.arguments.get("orderBy")
        if order_by is None:
            return (*match_rank, *self.shape.order)
        if self.shape.order_of is not None:
            return (indicator_order(self.selection, order_by, self.shape.order_of),)
        key = plain(order_by["field"])
        datum = self.options.orders[key]
        self.conditions.narrow(fact_of(datum).sensitivity, key)
        return (Order(datum, order_by.get("direction") is OrderDirection.DESC),)

    # --- where the page begins and ends -------------------------------------------------------------------------------

    def requested_size(self) -> tuple[bool, Any]:
        """Whether the page is counted from the end, and how many rows it has at most: a number, or its placeholder."""
        first, last = self.arguments.get("first"), self.arguments.get("last")
        if first is not None and last is not None:
            raise BadInput("Pakai `first` atau `last`, jangan keduanya.", "Use `first` or `last`, never both.")
        if last is not None:
            return True, last
        return False, DEFAULT_PAGE if first is None else first

    def sign(self, prefix: str, order: tuple[Order, ...]) -> SignerOf:
        """Bind the keys that sign this list's cursors, which are good for its filter, search, order and caller."""
        list_ = (self.type.name, [_key_text(key) for key in order])
        narrowing = [self.arguments.get("filter"), self.search_text(), self.arguments.get("sinceRev")]
        narrowing.append(self.selection.question)

        def signer(call: Call) -> Signer:
            # The function itself is the key: prefixes such as p1 occur under every root field.
            cached = call.signers.get(signer)
            if cached is None:
                text = repr((list_, resolved(narrowing, call)))
                cached = call.signers[signer] = call.cursors.of(text, call.principal.user_id)
            return cached

        self.selection.bindings[f"{prefix}_inner"] = lambda call: signer(call).inner
        self.selection.bindings[f"{prefix}_outer"] = lambda call: signer(call).outer
        return signer

    def cursor(self, side: str, prefix: str, signer: SignerOf, keys: int) -> str | None:
        """The argument for the cursor that the page begins `after` or ends `before`; it holds so many sort keys."""
        value = self.arguments.get(side)
        if value is None:
            return None
        cursor = binding(value)
        name = f"{prefix}_{side}"
        self.selection.bindings[name] = lambda call: signer(call).read(cursor(call), keys)
        self.selection.checks.append(self.selection.bindings[name])
        return name

    # --- parts --------------------------------------------------------------------------------------------------------

    def parts(self, size: Size) -> Iterator[PagePart | Const | Null]:
        fields = self.selection.fields_below(self.type, self.nodes)
        self.complexity.add_fields(len(fields))
        self.complexity.add_bytes(keys_size(fields, COUNT))
        for key, nodes in fields.items():
            name = nodes[0].name.value
            if name == "__typename":
                yield Const(key, self.type.name)
            else:
                field = self.type.fields[name]
                part = partial(self.part, key, field, nodes, size)
                yield self.selection.unless_refused(key, field, nodes, part)

    def part(self, key: str, field: GraphQLField, nodes: list[FieldNode], size: Size) -> PagePart:
        type_ = get_named_type(field.type)
        match nodes[0].name.value:
            case "nodes":
                with self.rows(size):
                    return Nodes(key, self.selection.object(type_, nodes))
            case "edges":
                with self.rows(size):
                    return Edges(key, tuple(self.edge(type_, nodes)))
            case "pageInfo":
                names = self.names_below(type_, nodes)
                self.complexity.add_bytes(keys_size(response_keys(names), cursor_size(self.order)))
                return Info(key, names)
            case "totalCount":
                return self.total(key)
            case _:
                return self.groups(key, field, nodes)

    @contextmanager
    def rows(self, size: Size) -> Iterator[None]:
        """In the rows of the page, which has this size."""
        source = self.shape.source
        node_type = get_named_type(self.type.fields["nodes"].type)
        in_rows = self.complexity.nested(size, REGION_TOTALS.get(node_type.name))
        in_regions: AbstractContextManager[None] = nullcontext()
        if source.noun is Region:
            in_regions = self.complexity.regions(BELOW, is_down(source))
        with in_rows, in_regions:
            yield

    def edge(self, type_: Any, nodes: list[FieldNode]) -> Iterator[EdgeNode | Cursor | Const]:
        fields = self.selection.fields_below(type_, nodes)
        self.complexity.add_fields(len(fields))
        self.complexity.add_bytes(keys_size(fields))
        for key, same_key in fields.items():
            match same_key[0].name.value:
                case "node":
                    with self.selection.at(key):
                        record_type = get_named_type(type_.fields["node"].type)
                        yield EdgeNode(key, self.selection.object(record_type, same_key))
                case "cursor":
                    self.complexity.add_bytes(cursor_size(self.order))
                    yield Cursor(key)
                case _:
                    yield Const(key, type_.name)

    def total(self, key: str) -> Total:
        self.complexity.add_total()
        noun = self.shape.source.noun
        # All records of a region are counted together with those of the regions below it.
        is_all = is_bare(self.shape.source) and not self.conditions.where
        if not (is_all and self.complexity.count_in_region(noun)):
            self.complexity.add_readings(self.readings, self.width)
        return Total(key)

    def groups(self, key: str, field: GraphQLField, nodes: list[FieldNode]) -> Groups:
        arguments = get_argument_values(field, nodes[0], self.selection.variables)
        dimension = plain(arguments["by"])
        by = self.options.groups[dimension]
        noun, visibility = self.shape.source.noun, self.selection.visibility
        visible = visible_condition(noun, visibility, by.fact.sensitivity, dimension)
        size = arguments.get("first")
        if size is None:
            size = by.most or LARGEST_PAGE
        first = self.selection.bind(self.selection.new_name("g"), size, page_size)
        names = self.names_below(get_named_type(field.type), nodes)
        group_size = keys_size(response_keys(names), GROUP)
        self.complexity.add_groups(self.selection.bindings[first], group_size)
        self.complexity.add_readings(self.readings + grouping_price(by), self.width)
        return Groups(key, by, names, first, () if visible is None else (visible,))

    def names_below(self, type_: Any, nodes: list[FieldNode]) -> tuple[tuple[str, str], ...]:
        """The fields asked of a value: (response key, name), or the type's own name for `__typename`."""
        fields = self.selection.fields_below(type_, nodes)
        self.complexity.add_fields(len(fields))
        names = []
        for key, same_key in fields.items():
            name = same_key[0].name.value
            names.append((key, type_.name if name == "__typename" else name))
        return tuple(names)


def response_keys(names: tuple[tuple[str, str], ...]) -> list[str]:
    return [key for key, _ in names]


def page_size(size: int) -> int:
    """The size of a page.  Raises PageTooLarge, or BadInput if it is not at least 1."""
    if size > LARGEST_PAGE:
        raise PageTooLarge(LARGEST_PAGE, size)
    if size < 1:
        raise BadInput("Jumlah baris paling sedikit 1.", "Ask for at least 1 row.")
    return size


def _key_text(order: Order) -> str:
    """A sort key as text, which distinguishes the orders of one list."""
    name = getattr(order.datum, "key", None) or getattr(order.datum, "name", "")
    return f"{name}-" if order.descending else str(name)
