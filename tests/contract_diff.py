"""Compares two schemas: what the contract has and the code lacks, what the code adds, and what differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLSchema,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    is_union_type,
)

DECLARATIONS = ("sensitivity", "requires", "exempt")


def declared(element: Any) -> list[tuple[str, str]]:
    """The declaration directives of an element, with their argument."""
    node = getattr(element, "ast_node", None)
    return sorted(
        (d.name.value, str(a.value.value))
        for d in (node.directives or () if node else ())
        for a in d.arguments or ()
        if d.name.value in DECLARATIONS
    )


def elements(schema: GraphQLSchema) -> dict[str, tuple[Any, ...]]:
    """Every element by name (`Type`, `Type.field`, `Type.field(argument)`, `Enum.VALUE`) with what must be equal."""
    elements_: dict[str, tuple[Any, ...]] = {}
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        elements_[name] = (type(type_).__name__, *_traits(type_))
        for key, element in _members(type_):
            elements_[f"{name}.{key}"] = element
    return elements_


def _traits(type_: Any) -> Iterator[Any]:
    if is_object_type(type_) or is_interface_type(type_):
        yield sorted(i.name for i in type_.interfaces)
    if is_input_object_type(type_):
        yield type_.is_one_of
    if is_union_type(type_):
        yield sorted(t.name for t in type_.types)


def _members(type_: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if is_enum_type(type_):
        for key, value in type_.values.items():
            yield key, (declared(value),)
        return
    for key, field in getattr(type_, "fields", {}).items():
        default = repr(field.default_value) if is_input_object_type(type_) else ""
        yield key, (str(field.type), default, declared(field))
        for name, argument in getattr(field, "args", {}).items():
            yield f"{key}({name})", (str(argument.type), repr(argument.default_value), declared(argument))
