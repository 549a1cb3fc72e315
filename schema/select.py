"""GraphQL selection → Want: aliases, fragments, directives, interfaces, merged selections, arguments.

Rule: the Want holds no value of the caller; values go to the arguments beside it.  What is asked for and how it is
named is all that shapes the SQL.  Tests: tests/test_read.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    SelectionSetNode,
    get_argument_values,
    get_named_type,
)

from auth.errors import Forbidden
from auth.sensitivity import Sensitivity
from registry.codes import OrderDirection
from registry.noun import const, fact_of
from registry.read.run import Reader
from registry.read.want import (
    Const,
    Datum,
    Edge,
    Embed,
    Equals,
    First,
    Many,
    Object,
    One,
    Order,
    Page,
    PagePart,
    Part,
    Root,
    Source,
    Value,
    Withheld,
)
from schema.collect import Collector
from schema.cursor import Cursors
from schema.declare import FACES, KINDS, UNSET
from schema.errors import BadInput, PageTooLarge
from schema.limits import LISTED, Limits
from schema.shapes import Anything, Inside, Names, Plain, Related

PAGING = frozenset({"first", "after", "orderBy"})
DEFAULT_PAGE, LARGEST_PAGE = 20, 1000


@dataclass
class Selection(Collector):
    """One root field of one operation, as one caller asks for it."""

    reader: Reader
    cursors: Cursors
    arguments: dict[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    _pages: int = 0

    # --- objects ------------------------------------------------------------------------------------------------------

    def object(self, type_: Any, nodes: list[FieldNode], inside: Inside | None = None) -> Object:
        sets = [node.selection_set for node in nodes]
        if isinstance(type_, GraphQLObjectType):
            return Object(((None, self.parts(type_, sets, inside)),))
        column, kinds = KINDS[face_of(type_)]
        named: dict[str, Any] = {code: self.schema.get_type(graphql_name(face)) for code, face in kinds.items()}
        asked = {code: self.fields(kind, sets) for code, kind in named.items()}
        first, *others = asked.values()
        if all(same_fields(first, other) for other in others) and not _asks_its_type(first):
            return Object(((None, self.parts(next(iter(named.values())), sets, None)),))
        return Object(tuple((code, self.parts(kind, sets, None)) for code, kind in named.items()), column)

    def parts(self, type_: Any, sets: list[SelectionSetNode | None], inside: Inside | None) -> tuple[Part, ...]:
        found = self.fields(type_, sets)
        self.limits.count(len(found))
        return tuple(self.part(type_, key, nodes, inside) for key, nodes in found.items())

    def part(self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode], inside: Inside | None) -> Part:
        name = nodes[0].name.value
        if name == "__typename":
            return Const(key, type_.name)
        made = type_.fields[name]
        declared = made.extensions["strawberry-definition"]
        if inside is not None and declared.python_name in inside.columns:
            return Value(key, inside.columns[declared.python_name])
        match declared.metadata["shape"]:
            case Plain(datum=datum):
                return Value(key, datum)
            case Names():
                return Withheld(key, guarded_names(type_))
            case Inside() as shape:
                node = self.object(get_named_type(made.type), nodes, shape)
                return Embed(key, shape.present, node.kinds[0][1], guard(made, shape.kind))
            case Related() as shape:
                return self.related(key, made, nodes, shape)
            case shape:
                raise TypeError(f"{type_.name}.{name}: the read engine does not know {shape}")

    def related(self, key: str, made: GraphQLField, nodes: list[FieldNode], shape: Related) -> One | Many | Page:
        target, kind = get_named_type(made.type), guard(made, shape.kind)
        match shape.how:
            case "one":
                with self.limits.inside(None):
                    return One(key, shape.source, self.object(target, nodes), shape.order, kind)
            case "few":
                with self.limits.inside(LISTED):
                    listed = self.object(target, nodes)
                return Many(key, shape.source, listed, shape.order, shape.limit, kind, shape.when)
            case "many":
                return self.page(key, made, nodes, shape, target, kind)

    # --- connections --------------------------------------------------------------------------------------------------

    def page(self, key: str, made: GraphQLField, nodes: list[FieldNode], shape: Related, type_: Any, kind: Any) -> Page:
        given = get_argument_values(made, nodes[0], self.variables)
        self._pages += 1
        prefix = f"p{self._pages}"
        first = given.get("first", UNSET)
        first = DEFAULT_PAGE if first is UNSET or first is None else first
        if first > LARGEST_PAGE:
            raise PageTooLarge(LARGEST_PAGE, first)
        if first < 1:
            raise BadInput("`first` paling sedikit 1.", "`first` is 1 at least.")
        self.arguments[f"{prefix}_first"] = first
        order, source = self.ordered(given, shape, nodes[0].name.value)
        bound = self.cursors.of(str(source.noun.__name__), order, self.reader.principal.user_id)
        self.arguments[f"{prefix}_inner"], self.arguments[f"{prefix}_outer"] = bound.inner, bound.outer
        after = given.get("after", UNSET)
        later = None
        if isinstance(after, str):
            later = f"{prefix}_key"
            for n, value in enumerate(bound.read(after, len(order) + 1)):
                self.arguments[f"{later}_{n}"] = value
        with self.limits.inside(first):
            parts = self.page_parts(type_, nodes)
        return Page(key, source, order, parts, f"{prefix}_first", later, prefix, kind)

    def ordered(self, given: dict[str, Any], shape: Related, name: str) -> tuple[tuple[Order, ...], Source]:
        """The order asked for.  A key narrows to the areas where its class is seen; seen nowhere, it is refused."""
        wanted = given.get("orderBy", UNSET)
        if wanted is UNSET or wanted is None:
            return shape.order, shape.source
        datum: Datum = shape.orders[wanted["field"].value]
        descending = wanted.get("direction", OrderDirection.ASC) == OrderDirection.DESC
        narrowing = self.narrowed(shape.source, datum, "orderBy")
        return (Order(datum, descending),), narrowing

    def narrowed(self, source: Source, datum: Datum, field_: str) -> Source:
        kind = fact_of(datum).sensitivity
        if kind in (Sensitivity.OPEN, source.noun.sight):
            return source
        if not self.reader.principal.sees(kind):
            raise Forbidden(field=field_)
        return Source(source.noun, source.link, (*source.where, SeenHere(kind.value.lower())))

    def page_parts(self, type_: Any, nodes: list[FieldNode]) -> tuple[PagePart, ...]:
        parts = []
        for key, found in self.fields(type_, [n.selection_set for n in nodes]).items():
            name = found[0].name.value
            match name:
                case "nodes":
                    node = self.object(get_named_type(type_.fields["nodes"].type), found)
                    parts.append(PagePart(key, "nodes", node=node))
                case "edges":
                    edge = get_named_type(type_.fields["edges"].type)
                    parts.append(PagePart(key, "edges", edges=tuple(self.edges(edge, found))))
                case "pageInfo":
                    info = get_named_type(type_.fields["pageInfo"].type)
                    wanted = self.fields(info, [n.selection_set for n in found])
                    named = tuple((k, v[0].name.value) for k, v in wanted.items())
                    parts.append(
                        PagePart(
                            key, "pageInfo", info=tuple((k, "PageInfo" if n == "__typename" else n) for k, n in named)
                        )
                    )
                case "totalCount":
                    parts.append(PagePart(key, "totalCount"))
                case _:
                    parts.append(PagePart(key, "__typename", text=type_.name))
        return tuple(parts)

    def edges(self, type_: Any, nodes: list[FieldNode]) -> Iterator[Edge]:
        for key, found in self.fields(type_, [n.selection_set for n in nodes]).items():
            match found[0].name.value:
                case "node":
                    yield Edge(key, "node", self.object(get_named_type(type_.fields["node"].type), found))
                case "cursor":
                    yield Edge(key, "cursor")
                case _:
                    yield Edge(key, type_.name)

    # --- roots --------------------------------------------------------------------------------------------------------

    def root(self, made: GraphQLField, nodes: list[FieldNode]) -> Root:
        declared = made.extensions["strawberry-definition"]
        for name, value in get_argument_values(made, nodes[0], self.variables).items():
            self.bind(name, value)
        shape = declared.metadata["shape"]
        if isinstance(shape, Anything):
            return self.anything(nodes)
        return self.related("", made, nodes, shape)

    def bind(self, name: str, value: Any) -> None:
        """An argument of a look-up; a key's choices become one argument each, null where not chosen."""
        if name == "by":
            self.arguments["by_id"] = as_uuid(value["id"]) if "id" in value else None
            self.arguments["by_household_no"] = value.get("householdNo")
        elif name not in PAGING:
            self.arguments[name] = value

    def anything(self, nodes: list[FieldNode]) -> First:
        """`node`: one look-up for each type that has an id, those whose class is nowhere the caller's left out."""
        self.arguments["id"] = as_uuid(self.arguments["id"])
        node_type: Any = self.schema.get_type("Node")
        ones = []
        for type_ in sorted(self.schema.get_possible_types(node_type), key=lambda t: t.name):
            noun = FACES[face_of(type_)]
            if noun is None or not self.reader.principal.sees(noun.sight):
                continue
            where: tuple[Any, ...] = (Equals("id", "id"),)
            for interface, (column, kinds) in KINDS.items():
                for code, face in kinds.items():
                    if face is face_of(type_) and FACES[interface] is noun:
                        where = (*where, HasCode(column, code))
            ones.append(One("", Source(noun, None, where), self.object(type_, nodes)))
        return First("", tuple(ones))


@dataclass(frozen=True)
class SeenHere:
    """Named condition: the row lies where the caller sees a class."""

    setting: str

    def __call__(self, row: Any, ask: Any) -> Any:
        place = row.c.area if "area" in row.c else row.c.code
        return place.op("<@")(ask.areas(self.setting))


@dataclass(frozen=True)
class HasCode:
    """Named condition: the row is of one type of an interface."""

    column: str
    code: str

    def __call__(self, row: Any, ask: Any) -> Any:
        return row.c[self.column] == const(self.code)


def same_fields(one: dict[str, list[FieldNode]], other: dict[str, list[FieldNode]]) -> bool:
    """The same fields of the document in the same order; then the types of an interface share one compilation."""
    return [(k, [id(n) for n in v]) for k, v in one.items()] == [(k, [id(n) for n in v]) for k, v in other.items()]


def _asks_its_type(found: dict[str, list[FieldNode]]) -> bool:
    return any(nodes[0].name.value == "__typename" for nodes in found.values())


def as_uuid(text: str) -> uuid.UUID:
    """The id; one that is no UUID is an id that nobody has."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def face_of(type_: Any) -> type[Any]:
    origin: type[Any] = type_.extensions["strawberry-definition"].origin
    return origin


def graphql_name(face: type[Any]) -> str:
    return str(face.__strawberry_definition__.name)


def guard(made: GraphQLField, kind: Sensitivity | None) -> Sensitivity | None:
    """The class that guards a related value; a non-null one exists for everybody who sees the record."""
    return None if isinstance(made.type, GraphQLNonNull) else kind


_GUARDED: dict[str, tuple[tuple[str, Sensitivity], ...]] = {}


def guarded_names(type_: GraphQLObjectType) -> tuple[tuple[str, Sensitivity], ...]:
    """The fields of a record that may be withheld, with their classes."""
    if type_.name not in _GUARDED:
        noun = FACES[face_of(type_)]
        assert noun is not None
        found = []
        for name, made in type_.fields.items():
            kind = getattr(made.extensions["strawberry-definition"].metadata["shape"], "kind", None)
            if kind not in (None, Sensitivity.OPEN, noun.sight) and not isinstance(made.type, GraphQLNonNull):
                found.append((name, kind))
        _GUARDED[type_.name] = tuple(found)
    return _GUARDED[type_.name]
