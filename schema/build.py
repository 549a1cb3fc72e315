"""Assembles the schema and refuses what is undeclared.

Rule: every field, argument and input field carries a declaration, the id of every Node names one record in the whole
registry, and a payload's list of records has a greatest length; otherwise nothing starts.
Tests: tests/test_schema.py, tests/test_record_id.py.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from registry.guard.record_id import named_tables
from registry.models.noun import Readable
from schema import commands
from schema.declare.commands import assembled
from schema.declare.directives import Exempt, Requires, SensitivityIs
from schema.declare.input_types import config
from schema.declare.makers import NOUNS_BY_FACE, face
from schema.declare.scalars import SCALARS
from schema.declare.shapes import PayloadRecord, ValueField, shape_of
from schema.declare.strawberry_internals import definition_of, graphql_schema
from schema.engine.guarded import face_of
from schema.inputs.village_record import refuse_unsaved
from schema.query import Query
from schema.types.region import District, Programme, Regency, Village

SDL = Path(__file__).with_name("schema.graphql")
DECLARATIONS = (SensitivityIs, Requires, Exempt)
Schema = strawberry.Schema
"""Strawberry's, named here so that nobody else imports it; it is run by schema/engine/executor.py only."""


def build() -> Schema:
    """The schema of the registry.  Raises TypeError that names what is undeclared."""
    schema = Schema(
        Query,
        mutation(),
        types=[Regency, District, Village, Programme],
        config=config(SCALARS),
    )
    names = sorted(undeclared(schema))
    if names:
        raise TypeError(f"declare these with a maker of schema/declare/makers.py: {', '.join(names)}")
    check_ids(NOUNS_BY_FACE[face_of(type_)] for type_ in nodes_of(schema))
    unbounded = sorted(unbounded_lists(schema))
    if unbounded:
        raise TypeError(f"say the greatest length of these lists of records: {', '.join(unbounded)}")
    return schema


def mutation() -> type[Any]:
    """`Mutation`, made of the commands that the files of schema/commands declare."""
    for file in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}."):
        importlib.import_module(file.name)
    refuse_unsaved()
    text = "Writes: one `input`, one payload with the changed record and `userErrors`; all can be sent twice."
    return face()(type("Mutation", (), {"__doc__": text, **assembled()}))


def nodes_of(schema: Schema) -> list[GraphQLObjectType]:
    """The types that `node` returns."""
    types = graphql_schema(schema)
    node: Any = types.get_type("Node")
    return list(types.get_possible_types(node))


def check_ids(nouns: Iterable[Readable | None]) -> None:
    """Raises TypeError for a noun of a Node whose ids may also name records of other types."""
    with_unique_ids = named_tables().values()
    others = sorted(str(noun) for noun in nouns if noun not in with_unique_ids)
    if others:
        raise TypeError(f"`node` finds {', '.join(others)}: such a noun has a UUID `id`, and not `named = False`")


def unbounded_lists(schema: Schema) -> Iterator[str]:
    """Lists of payloads whose items show records, each read by itself, without a greatest length."""
    for name, type_ in graphql_schema(schema).type_map.items():
        if not isinstance(type_, GraphQLObjectType):
            continue
        for key, field in type_.fields.items():
            shape = shape_of(field)
            is_list = is_list_type(get_nullable_type(field.type))
            if is_list and isinstance(shape, ValueField) and shape.most is None and _shows_record(field):
                yield f"{name}.{key}"


def _shows_record(field: GraphQLField) -> bool:
    """Whether a field is the record of a payload, or has it somewhere below."""
    shape, type_ = shape_of(field), get_named_type(field.type)
    if isinstance(shape, ValueField) and isinstance(type_, GraphQLObjectType):
        return any(_shows_record(below) for below in type_.fields.values())
    return isinstance(shape, PayloadRecord)


def undeclared(schema: Schema) -> list[str]:
    """Fields, arguments, input fields and keys of enums that do not have exactly one declaration."""
    names: list[str] = []
    for name, type_ in graphql_schema(schema).type_map.items():
        if not name.startswith("__"):
            names += _undeclared_in(name, type_)
    return names


def _undeclared_in(name: str, type_: GraphQLNamedType) -> Iterator[str]:
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        for key, field in type_.fields.items():
            yield from _undeclared_field(f"{name}.{key}", field)
    elif isinstance(type_, GraphQLInputObjectType):
        for key, input_field in type_.fields.items():
            if not _is_declared(definition_of(input_field)):
                yield f"{name}.{key}"
    elif isinstance(type_, GraphQLEnumType) and name.endswith(("OrderField", "GroupBy")):
        for value in definition_of(type_).values:
            if not _is_declared(value):
                yield f"{name}.{value.name}"


def _undeclared_field(name: str, field: GraphQLField) -> Iterator[str]:
    definition = definition_of(field)
    metadata = getattr(definition, "metadata", {})
    if not _is_declared(definition) or "shape" not in metadata:
        yield name
    declared_arguments = metadata.get("arguments", ())
    for argument in getattr(definition, "arguments", ()):
        if argument.python_name not in declared_arguments:
            yield f"{name}({argument.python_name}:)"


def _is_declared(definition: Any) -> bool:
    directives = getattr(definition, "directives", ())
    return sum(isinstance(directive, DECLARATIONS) for directive in directives) == 1
