"""GraphQL selection → query tree: aliases, fragments, directives, interfaces, merged selections, arguments.

Rule: the query tree holds no value of a call, only names of arguments; how a call finds their values stands beside it
as bindings.  What is asked for and how it is named is all that shapes the SQL.  Tests: tests/test_read.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from graphql import FieldNode, GraphQLField, GraphQLObjectType, get_argument_values, get_named_type

from auth.sensitivity import Sensitivity
from registry.figures.summary import Summary
from registry.models.fact import Derived
from registry.models.impact import households as households_of_grant
from registry.models.noun import Readable, To
from registry.models.region import Region
from registry.read.filter import HasCode
from registry.read.query import (
    Const,
    Datum,
    Embed,
    Equals,
    First,
    Many,
    Object,
    ObjectPart,
    One,
    Page,
    QueryTree,
    Scalar,
    Source,
    Where,
    Withheld,
)
from registry.read.visibility import Extent
from schema.declare.implementations import IMPLEMENTATIONS
from schema.declare.makers import NOUNS_BY_FACE, OPENED_BY, OpenedBy, graphql_name
from schema.declare.shapes import (
    Asked,
    ColumnField,
    EmbeddedField,
    LookupKey,
    NodeField,
    RelatedField,
    UnionField,
    WithheldField,
    shape_of,
)
from schema.declare.strawberry_internals import definition_of
from schema.engine.answer_size import datum_size, keys_size, text_size
from schema.engine.collect import Fields
from schema.engine.complexity import Size
from schema.engine.connection import ConnectionSelection
from schema.engine.guarded import face_of, guard, guarded_names, is_connection
from schema.engine.price import (
    BELOW,
    DERIVED_VALUES,
    NATIONAL_SUMMARY,
    READ,
    READ_FOR,
    STATISTICS,
    SUMMARY,
    answer_width,
    caller_width,
    narrowed,
    plain_list_size,
)
from schema.engine.variables import as_uuid
from schema.engine.walk import NO_COLUMNS, Columns, Walk


class Selection(Walk):
    """One root field of one operation, as callers of one visibility ask for it."""

    # --- objects ------------------------------------------------------------------------------------------------------

    def object(self, type_: Any, nodes: list[FieldNode], columns: Columns = NO_COLUMNS) -> Object:
        if isinstance(type_, GraphQLObjectType):
            return Object(((None, self.parts(type_, nodes, columns)),))
        return self.object_of_interface(type_, nodes)

    def object_of_interface(self, interface: Any, nodes: list[FieldNode]) -> Object:
        implementations = IMPLEMENTATIONS[face_of(interface)]
        types: dict[str, Any] = {}
        for code, face in implementations.faces.items():
            types[code] = self.schema.get_type(graphql_name(face))
        first, *others = [self.fields_below(type_, nodes) for type_ in types.values()]
        if all(same_fields(first, other) for other in others) and not _depends_on_type(first, types.values()):
            # Nothing depends on the type of a row, so the SQL need not distinguish types.
            any_type = next(iter(types.values()))
            return Object(((None, self.parts(any_type, nodes)),))
        kinds = tuple((code, self.parts(type_, nodes)) for code, type_ in types.items())
        return Object(kinds, implementations.discriminator)

    def parts(
        self, type_: GraphQLObjectType, nodes: list[FieldNode], columns: Columns = NO_COLUMNS
    ) -> tuple[ObjectPart, ...]:
        fields = self.fields_below(type_, nodes)
        self.complexity.add_fields(len(fields))
        self.complexity.add_bytes(keys_size(fields))
        return tuple(self.part(type_, key, same_key, columns) for key, same_key in fields.items())

    def part(
        self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode], columns: Columns = NO_COLUMNS
    ) -> ObjectPart:
        name = nodes[0].name.value
        if name == "__typename":
            self.complexity.add_bytes(text_size(type_.name))
            return Const(key, type_.name)
        field = type_.fields[name]
        return self.unless_refused(key, field, nodes, lambda: self.allowed_part(type_, key, field, nodes, columns))

    def allowed_part(
        self,
        type_: GraphQLObjectType,
        key: str,
        field: GraphQLField,
        nodes: list[FieldNode],
        columns: Columns,
    ) -> ObjectPart:
        """The part that a field becomes.  Raises Forbidden, or FieldRefused from within, without its class."""
        declared = definition_of(field)
        column = columns.get(declared.python_name)
        if column is not None:
            return self.value(key, column)
        match declared.metadata["shape"]:
            case ColumnField(datum=datum):
                if isinstance(datum, Derived):
                    self.add_derived(type_)
                if datum is households_of_grant:
                    self.complexity.add_readings(READ, caller_width)
                return self.value(key, datum)
            case WithheldField():
                names = guarded_names(type_)
                self.complexity.add_bytes(sum(1 + text_size(name) for name, _ in names))
                return Withheld(key, names)
            case EmbeddedField() as shape:
                ((_, parts),) = self.object(get_named_type(field.type), nodes, shape.columns).kinds
                return Embed(key, shape.present, parts, guard(field, shape.kind))
            case RelatedField() as shape:
                return self.related(key, field, nodes, shape)
            case UnionField() as shape:
                return self.one_among(key, nodes, shape)
            case shape:
                raise TypeError(f"{type_.name}.{nodes[0].name.value}: the read engine does not know {shape}")

    def value(self, key: str, datum: Datum) -> Scalar:
        self.complexity.add_bytes(datum_size(datum))
        return Scalar(key, datum)

    def add_derived(self, type_: GraphQLObjectType) -> None:
        """A field that is worked out for each row; one of a region may be counted from its households."""
        self.complexity.count_as_values(DERIVED_VALUES)
        if NOUNS_BY_FACE[face_of(type_)] is Region:
            reach = self.complexity.reach
            self.complexity.add_readings(READ, caller_width if reach is None else reach)

    def related(self, key: str, field: GraphQLField, nodes: list[FieldNode], shape: RelatedField) -> One | Many | Page:
        if is_connection(shape):
            return ConnectionSelection(self, field, nodes, shape).page(key)
        source, target, kind = self.chosen(field, nodes, shape), get_named_type(field.type), guard(field, shape.kind)
        if shape.asked is not None:
            return self.answer(key, field, nodes, shape, shape.asked)
        if shape.how == "one":
            if source.noun is Summary:
                price = NATIONAL_SUMMARY if source.link is None else SUMMARY
                self.complexity.add_readings(price, 1)
            with self.complexity.nested(None), self.in_regions(source):
                record = self.object(target, nodes, shape.columns)
            return One(key, source, record, shape.order, kind)
        if source.noun in READ_FOR:
            self.complexity.add_readings(READ, READ_FOR[source.noun])
        size = plain_list_size(source.noun, shape.limit, self.bindings)
        with self.complexity.nested(size), self.in_regions(source, summed=False):
            record = self.object(target, nodes, shape.columns)
        return Many(key, source, record, shape.order, shape.limit, kind, shape.when)

    def answer(self, key: str, field: GraphQLField, nodes: list[FieldNode], shape: RelatedField, asked: Asked) -> One:
        """The record that answers the question of the field's arguments; it is kept if its id is asked for."""
        target: Any = get_named_type(field.type)
        arguments = get_argument_values(field, nodes[0], self.variables)
        fields = self.fields_below(target, nodes).values()
        arguments["keep"] = asked.keeps and any(same_key[0].name.value == "id" for same_key in fields)
        self.keeps |= arguments["keep"]
        question = self.bind(self.new_name("q"), arguments, asked.question, refuses=True)
        self.complexity.add_readings(STATISTICS, answer_width(arguments, self.complexity.reach))
        outside, self.question = self.question, arguments
        with self.complexity.nested(None):
            record = self.object(target, nodes)
        self.question = outside
        return One(key, replace(shape.source, question=question), record, (), guard(field, shape.kind))

    def one_among(self, key: str, nodes: list[FieldNode], shape: UnionField) -> First:
        """One look-up for each type of a union; an id names one record in the whole registry."""
        look_ups = []
        for face in shape.faces:
            noun = NOUNS_BY_FACE[face]
            assert noun is not None
            source = Source(noun, shape.link)
            with self.complexity.nested(None), self.in_regions(source):
                look_ups.append(One("", source, self.object(self.schema.get_type(graphql_name(face)), nodes)))
        return First(key, tuple(look_ups))

    def chosen(self, field: GraphQLField, nodes: list[FieldNode], shape: RelatedField) -> Source:
        """The source of a record; an argument below the root names one of several, and one statement may hold many."""
        if shape.key is None or shape.source.link is None:
            return shape.source
        assert isinstance(shape.key.where, Equals)
        value = get_argument_values(field, nodes[0], self.variables)[shape.key.argument]
        name = self.bind(self.new_name("k"), value, shape.key.convert, refuses=True)
        return replace(shape.source, where=(*shape.source.where, replace(shape.key.where, argument=name)))

    def in_regions(self, source: Source, summed: bool = True) -> AbstractContextManager[None]:
        """In the regions that a record leads to, if they are regions."""
        if source.noun is not Region:
            return nullcontext()
        return self.complexity.regions(self.reach(source), summed=summed)

    def reach(self, source: Source) -> Size:
        """The width of the lists of a region that a record leads to.

        The record's own village is small, but a region above it may be as wide as all that the caller reads."""
        if source.link is None:  # a look-up
            return narrowed(self.bindings["code"])
        is_above = not isinstance(source.link, To) or source.link.column == "parent_id"
        return caller_width if is_above else BELOW

    # --- roots --------------------------------------------------------------------------------------------------------

    def root(self, field: GraphQLField, nodes: list[FieldNode]) -> QueryTree:
        """The query of a root field."""
        shape = shape_of(field)
        if isinstance(shape, NodeField):
            return self.node(field, nodes)
        if shape.key is not None:
            arguments = get_argument_values(field, nodes[0], self.variables)
            by_key = self.keyed(shape.key, arguments[shape.key.argument])
            source = replace(shape.source, where=(*shape.source.where, by_key))
            shape = replace(shape, source=source)
        return self.related("", field, nodes, shape)

    def keyed(self, key: LookupKey, value: Any) -> Where:
        """The condition of a look-up by this value of its key; of several keys, GraphQL accepts exactly one."""
        if key.where is not None:
            self.bind(key.argument, value, key.convert)
            return key.where
        ((name, text),) = value.items()
        column = key.columns[name]
        convert = as_uuid if isinstance(column.type, sa.Uuid) else None
        self.bind(key.argument, text, convert)
        return Equals(column.key, key.argument)

    def node(self, field: GraphQLField, nodes: list[FieldNode]) -> First:
        """`node`: one look-up for each type that has an id, except those whose records the caller sees nowhere."""
        arguments = get_argument_values(field, nodes[0], self.variables)
        self.bind("id", arguments["id"], as_uuid)
        interface: Any = self.schema.get_type("Node")
        types = sorted(self.schema.get_possible_types(interface), key=lambda type_: type_.name)
        look_ups = []
        for type_ in types:
            face = face_of(type_)
            noun = NOUNS_BY_FACE[face]
            opened_by = OPENED_BY.get(face)
            if noun is None or not self._sees_rows(noun, opened_by):
                continue
            opened = () if opened_by is None else (opened_by.where,)
            source = Source(noun, None, (Equals("id", "id"), *_is_shown_by(face, noun), *opened))
            with self.complexity.regions(caller_width):
                look_ups.append(One("", source, self.object(type_, nodes)))
        return First("", tuple(look_ups))

    def _sees_rows(self, noun: Readable, opened_by: OpenedBy | None) -> bool:
        if opened_by is not None and opened_by.ability not in self.visibility.lists:
            return False
        kind = noun.row_sensitivity
        return self.visibility.extent(Sensitivity.OPEN, kind) is not Extent.NONE or self.visibility.owns(kind)

    def payload_record(self, field: GraphQLField, nodes: list[FieldNode]) -> One:
        """The record of a payload; the command returns its id, which becomes the argument `record`."""
        type_ = get_named_type(field.type)
        noun = NOUNS_BY_FACE[face_of(type_)]
        assert noun is not None
        self.bindings["record"] = lambda call: call.record
        return One("", Source(noun, None, (Equals("id", "record"),)), self.object(type_, nodes))


def _is_shown_by(face: type[Any], noun: Readable) -> Iterator[HasCode]:
    """The condition that a row is of the type `face`, if its noun is shown by several types."""
    for interface, implementations in IMPLEMENTATIONS.items():
        if NOUNS_BY_FACE[interface] is noun:
            for code, implementation in implementations.faces.items():
                if implementation is face:
                    yield HasCode(implementations.discriminator, code)


def same_fields(one: Fields, other: Fields) -> bool:
    """Whether both are the same fields of the document in the same order; then one compilation serves both types."""
    return _identities(one) == _identities(other)


def _identities(fields: Fields) -> list[tuple[str | int, ...]]:
    return [(key, *map(id, nodes)) for key, nodes in fields.items()]


def _depends_on_type(fields: Fields, types: Iterable[GraphQLObjectType]) -> bool:
    """Whether one of the fields that these types have in common is not the same for all: their name, or `withheld`."""
    names = {nodes[0].name.value for nodes in fields.values()}
    return "__typename" in names or ("withheld" in names and len({guarded_names(type_) for type_ in types}) > 1)
