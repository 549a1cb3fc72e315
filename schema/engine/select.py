"""GraphQL selection → query tree: aliases, fragments, directives, interfaces, merged selections, arguments.

Rule: the query tree holds no value of a call, only names of arguments; how a call finds their values stands beside it
as bindings.  What is asked for and how it is named is all that shapes the SQL.  Tests: tests/test_read.py.
"""

from __future__ import annotations

import uuid
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    SelectionSetNode,
    get_argument_values,
    get_named_type,
)

from auth.sensitivity import Sensitivity
from registry.figures.summary import Summary
from registry.models.fact import Derived
from registry.models.noun import To
from registry.models.region import Region
from registry.read.filter import HasCode
from registry.read.query import (
    Const,
    Embed,
    Equals,
    First,
    Many,
    Object,
    One,
    Page,
    Part,
    QueryTree,
    Scalar,
    Source,
    Where,
    Withheld,
)
from registry.read.visibility import Extent
from schema.declare.makers import FACES, KINDS
from schema.declare.shapes import (
    ColumnField,
    EmbeddedField,
    LookupKey,
    NodeField,
    RelatedField,
    WithheldField,
    shape_of,
)
from schema.engine.answer_size import AROUND, of_datum, of_text
from schema.engine.complexity import LISTED, Size
from schema.engine.connection import Listed
from schema.engine.price import BELOW, COUNTRY, DERIVED_VALUES, READ, SUMMARY, caller_width, narrowed
from schema.engine.walk import Walk

T = TypeVar("T")


class Selection(Walk):
    """One root field of one operation, as callers of one visibility ask for it."""

    # --- objects ------------------------------------------------------------------------------------------------------

    def object(self, type_: Any, nodes: list[FieldNode], inside: EmbeddedField | None = None) -> Object:
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

    def parts(self, type_: Any, sets: list[SelectionSetNode | None], inside: EmbeddedField | None) -> tuple[Part, ...]:
        found = self.fields(type_, sets)
        self.limits.count(len(found))
        self.limits.hold(sum(AROUND + len(key.encode()) for key in found))
        return tuple(self.part(type_, key, nodes, inside) for key, nodes in found.items())

    def part(self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode], inside: EmbeddedField | None) -> Part:
        name = nodes[0].name.value
        if name == "__typename":
            self.limits.hold(of_text(type_.name))
            return Const(key, type_.name)
        made = type_.fields[name]
        return self.unless_refused(key, made, nodes, lambda: self.answered(type_, key, made, nodes, inside))

    def answered(
        self,
        type_: GraphQLObjectType,
        key: str,
        made: GraphQLField,
        nodes: list[FieldNode],
        inside: EmbeddedField | None,
    ) -> Part:
        declared = made.extensions["strawberry-definition"]
        if inside is not None and declared.python_name in inside.columns:
            self.limits.hold(of_datum(inside.columns[declared.python_name]))
            return Scalar(key, inside.columns[declared.python_name])
        match declared.metadata["shape"]:
            case ColumnField(datum=datum):
                if isinstance(datum, Derived):
                    self.derived(type_)
                self.limits.hold(of_datum(datum))
                return Scalar(key, datum)
            case WithheldField():
                names = guarded_names(type_)
                self.limits.hold(sum(1 + of_text(name) for name, _ in names))
                return Withheld(key, names)
            case EmbeddedField() as shape:
                node = self.object(get_named_type(made.type), nodes, shape)
                return Embed(key, shape.present, node.kinds[0][1], guard(made, shape.kind))
            case RelatedField() as shape:
                return self.related(key, made, nodes, shape)
            case shape:
                raise TypeError(f"{type_.name}.{nodes[0].name.value}: the read engine does not know {shape}")

    def related(self, key: str, made: GraphQLField, nodes: list[FieldNode], shape: RelatedField) -> One | Many | Page:
        if is_connection(shape):
            return Listed(self, made, nodes, shape).page(key)
        target, kind = get_named_type(made.type), guard(made, shape.kind)
        match shape.how:
            case "one":
                if shape.source.noun is Summary:
                    self.limits.read(COUNTRY if shape.source.link is None else SUMMARY, 1)
                with self.limits.inside(None), self.regions(shape.source):
                    return One(key, shape.source, self.object(target, nodes), shape.order, kind)
            case _:
                with self.limits.inside(LISTED), self.regions(shape.source, summed=False):
                    listed = self.object(target, nodes)
                return Many(key, shape.source, listed, shape.order, shape.limit, kind, shape.when)

    def regions(self, source: Source, summed: bool = True) -> AbstractContextManager[None]:
        """In the regions that a record leads to, if they are regions."""
        return self.limits.regions(self.reach(source), summed=summed) if source.noun is Region else nullcontext()

    def reach(self, source: Source) -> Size:
        """How far the lists of a region go that a record leads to: its own village is small, but a region above it may
        be as wide as all that the caller reads."""
        if source.link is None:  # a look-up
            return narrowed(self.bindings["code"])
        return BELOW if isinstance(source.link, To) and source.link.column != "parent_id" else caller_width

    def derived(self, type_: GraphQLObjectType) -> None:
        """A field that is worked out for each row; of a region it may be counted from its households."""
        self.limits.weigh(DERIVED_VALUES)
        if FACES[face_of(type_)] is Region:
            self.limits.read(READ, caller_width if self.limits.reach is None else self.limits.reach)

    # --- roots --------------------------------------------------------------------------------------------------------

    def root(self, made: GraphQLField, nodes: list[FieldNode]) -> QueryTree:
        shape = shape_of(made)
        if isinstance(shape, NodeField):
            return self.anything(made, nodes)
        if shape.key is not None:
            value = get_argument_values(made, nodes[0], self.variables)[shape.key.argument]
            where = self.keyed(shape.key, value)
            shape = replace(shape, source=replace(shape.source, where=(*shape.source.where, where)))
        return self.related("", made, nodes, shape)

    def keyed(self, key: LookupKey, value: Any) -> Where:
        """The condition of a look-up by this value of its key; of several keys, GraphQL lets exactly one be given."""
        if key.where is not None:
            self.bind(key.argument, value)
            return key.where
        ((name, text),) = value.items()
        column = key.columns[name]
        self.bind(key.argument, text, as_uuid if isinstance(column.type, sa.Uuid) else None)
        return Equals(column.key, key.argument)

    def anything(self, made: GraphQLField, nodes: list[FieldNode]) -> First:
        """`node`: one look-up for each type that has an id, those whose class is nowhere the caller's left out."""
        self.bind("id", get_argument_values(made, nodes[0], self.variables)["id"], as_uuid)
        node_type: Any = self.schema.get_type("Node")
        ones = []
        for type_ in sorted(self.schema.get_possible_types(node_type), key=lambda t: t.name):
            noun = FACES[face_of(type_)]
            if noun is None or self.visibility.extent(Sensitivity.OPEN, noun.row_sensitivity) is Extent.NONE:
                continue
            where: tuple[Any, ...] = (Equals("id", "id"),)
            for interface, (column, kinds) in KINDS.items():
                for code, face in kinds.items():
                    if face is face_of(type_) and FACES[interface] is noun:
                        where = (*where, HasCode(column, code))
            with self.limits.regions(caller_width):
                ones.append(One("", Source(noun, None, where), self.object(type_, nodes)))
        return First("", tuple(ones))

    def reread(self, made: GraphQLField, nodes: list[FieldNode]) -> One:
        """The record of a payload; the command answers its id, the argument `record`."""
        type_ = get_named_type(made.type)
        noun = FACES[face_of(type_)]
        assert noun is not None
        self.bindings["record"] = lambda call: call.record
        return One("", Source(noun, None, (Equals("id", "record"),)), self.object(type_, nodes))


def same_fields(one: dict[str, list[FieldNode]], other: dict[str, list[FieldNode]]) -> bool:
    """The same fields of the document in the same order; then the types of an interface share one compilation."""
    return [(k, [id(n) for n in v]) for k, v in one.items()] == [(k, [id(n) for n in v]) for k, v in other.items()]


def _asks_its_type(found: dict[str, list[FieldNode]]) -> bool:
    return any(nodes[0].name.value == "__typename" for nodes in found.values())


def as_uuid(text: str | None) -> uuid.UUID | None:
    """The id; one that is no UUID is an id that nobody has."""
    try:
        return None if text is None else uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def face_of(type_: Any) -> type[Any]:
    origin: type[Any] = type_.extensions["strawberry-definition"].origin
    return origin


def graphql_name(face: type[Any]) -> str:
    return str(face.__strawberry_definition__.name)


def guard(made: GraphQLField, kind: Sensitivity | None) -> Sensitivity | None:
    """The class that guards a value of a record; a non-null one exists for everybody who sees the record."""
    return None if isinstance(made.type, GraphQLNonNull) else kind


def is_connection(shape: Any) -> bool:
    """Whether a field is a connection, which holds what the caller may list: it is null only where that is refused."""
    return isinstance(shape, RelatedField) and shape.how == "many"


_GUARDED: dict[str, tuple[tuple[str, Sensitivity], ...]] = {}


def guarded_names(type_: GraphQLObjectType) -> tuple[tuple[str, Sensitivity], ...]:
    """The fields of a record that may be withheld, with their classes."""
    if type_.name not in _GUARDED:
        noun = FACES[face_of(type_)]
        assert noun is not None
        found = []
        for name, made in type_.fields.items():
            shape = shape_of(made)
            kind = None if is_connection(shape) else getattr(shape, "kind", None)
            if kind not in (None, Sensitivity.OPEN, noun.row_sensitivity) and not isinstance(made.type, GraphQLNonNull):
                found.append((name, kind))
        _GUARDED[type_.name] = tuple(found)
    return _GUARDED[type_.name]
