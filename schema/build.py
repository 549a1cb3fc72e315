"""Assemble the schema and close the world.

Rule: every field, argument and input field carries a declaration, the id of every Node names one record in the whole
registry, and a payload's list of records says its greatest length, or nothing starts.
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
from schema.declare.makers import FACES, face
from schema.declare.scalars import SCALARS
from schema.declare.shapes import PayloadRecord, ValueField, shape_of
from schema.declare.strawberry_internals import definition_of, graphql_schema
from schema.engine.select import face_of
from schema.query import Query
from schema.types.region import District, Programme, Regency, Village

SDL = Path(__file__).with_name("schema.graphql")
DECLARATIONS = (SensitivityIs, Requires, Exempt)
Schema = strawberry.Schema
"""Strawberry's, named here so that nobody else imports it; it is run by schema/engine/executor.py only."""


def build() -> Schema:
    """The schema of the registry.  TypeError names what is undeclared."""
    made = Schema(
        Query,
        mutation(),
        types=[Regency, District, Village, Programme],
        config=config(SCALARS),
    )
    if found := sorted(undeclared(made)):
        raise TypeError(f"declare these with a maker of schema/declare/makers.py: {', '.join(found)}")
    check_ids(FACES[face_of(type_)] for type_ in nodes_of(made))
    if endless := sorted(unbounded_lists(made)):
        raise TypeError(f"say the greatest length of these lists of records: {', '.join(endless)}")
    return made


def mutation() -> type[Any]:
    """`Mutation`, of the commands that the files of schema/commands declare."""
    for file in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}."):
        importlib.import_module(file.name)
    text = "Writes: one `input`, one payload with the changed record and `userErrors`; all can be sent twice."
    return face()(type("Mutation", (), {"__doc__": text, **assembled()}))


def nodes_of(schema: Schema) -> list[GraphQLObjectType]:
    """The types that `node` finds."""
    types = graphql_schema(schema)
    node: Any = types.get_type("Node")
    return list(types.get_possible_types(node))


def check_ids(nouns: Iterable[Readable | None]) -> None:
    """Raises TypeError for a noun of a Node whose ids may name records of other types too."""
    named = named_tables().values()
    if unnamed := sorted(str(noun) for noun in nouns if noun not in named):
        raise TypeError(f"`node` finds {', '.join(unnamed)}: such a noun has a UUID `id`, and not `named = False`")


def unbounded_lists(schema: Schema) -> Iterator[str]:
    """Lists of payloads that show records, each read by itself, and do not say how many there are at most."""
    for name, type_ in graphql_schema(schema).type_map.items():
        for key, field in type_.fields.items() if isinstance(type_, GraphQLObjectType) else ():
            shape = shape_of(field)
            is_list = is_list_type(get_nullable_type(field.type))
            if is_list and isinstance(shape, ValueField) and shape.most is None and _shows_record(field):
                yield f"{name}.{key}"


def _shows_record(field: GraphQLField) -> bool:
    """Whether the record of a payload stands somewhere in a field of it."""
    shape, inner = shape_of(field), get_named_type(field.type)
    if not isinstance(shape, ValueField) or not isinstance(inner, GraphQLObjectType):
        return isinstance(shape, PayloadRecord)
    return any(_shows_record(below) for below in inner.fields.values())


def undeclared(schema: Schema) -> list[str]:
    """Fields, arguments and input fields without exactly one declaration."""
    found: list[str] = []
    for name, type_ in graphql_schema(schema).type_map.items():
        if not name.startswith("__"):
            found += _undeclared(name, type_)
    return found


def _undeclared(name: str, type_: GraphQLNamedType) -> list[str]:
    found = []
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        for key, field in type_.fields.items():
            definition: Any = definition_of(field)
            if not _declared(definition) or "shape" not in definition.metadata:
                found.append(f"{name}.{key}")
            said = getattr(definition, "metadata", {}).get("arguments", ())
            arguments = [a.python_name for a in getattr(definition, "arguments", ())]
            found += [f"{name}.{key}({argument}:)" for argument in arguments if argument not in said]
    elif isinstance(type_, GraphQLInputObjectType):
        found += [f"{name}.{key}" for key, field in type_.fields.items() if not _declared(definition_of(field))]
    elif isinstance(type_, GraphQLEnumType) and name.endswith(("OrderField", "GroupBy")):
        definition = definition_of(type_)
        found += [f"{name}.{value.name}" for value in definition.values if not _declared(value)]
    return found


def _declared(definition: Any) -> bool:
    directives = getattr(definition, "directives", ())
    return sum(isinstance(d, DECLARATIONS) for d in directives) == 1
