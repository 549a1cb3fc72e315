"""Values of variables by the rules of GraphQL, in functions that are made once for each input type.

graphql-core finds out the type of every value again, and a household of four has two hundred values.
Rule: what is coerced is graphql-core's own value, or Undefined where that refuses: graphql-core tells what is wrong.
Test: tests/test_coercion.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from graphql import (
    ConstValueNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    coerce_input_literal,
    get_named_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
    type_from_ast,
)

from schema.engine.graphql_internals import coerce_default_value

Coerce = Callable[[Any], Any]
"""JSON value → value of the type, or Undefined."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value is sent by name: a variable, or a field of an object.

    `out_name` names the coerced value; `default` is coerced, and Undefined if there is none."""

    name: str
    out_name: str
    coerce: Coerce
    required: bool
    default: Any


def variables_coercion(schema: GraphQLSchema, definitions: Iterable[VariableDefinitionNode]) -> Coerce | None:
    """How the variables of a valid document are coerced: those that were sent → the values by name.

    None where graphql-core has to do it: for a type that holds itself, as in `coercion`, and for a default that only
    the type refuses."""
    places = []
    for node in definitions:
        name, type_, literal = node.variable.name.value, type_from_ast(schema, node.type), node.default_value
        if holds_itself(get_named_type(type_)):
            return None
        default = Undefined
        if literal is not None:
            default = _literal(literal, type_)
            if default is Undefined:
                return None
        required = is_non_null_type(type_) and literal is None
        places.append(_Place(name, name, coercion(type_), required, default))
    return _named_values(places)


def _literal(literal: ConstValueNode, type_: Any) -> Any:
    try:
        return coerce_input_literal(literal, type_)
    except GraphQLError:  # Strawberry's check of a type that takes exactly one key
        return Undefined


def coercion(type_: Any) -> Coerce:
    """How values of an input type are coerced.

    Not for one that holds itself: that goes graphql-core's own way, which counts how deep a value is nested."""
    assert not holds_itself(get_named_type(type_)), "its functions would never be made"
    required = is_non_null_type(type_)
    inner = type_.of_type if required else type_
    coerce = _list(coercion(inner.of_type)) if is_list_type(inner) else _named(inner)
    null = Undefined if required else None
    return lambda value: null if value is None else coerce(value)


@cache
def holds_itself(type_: Any, above: tuple[Any, ...] = ()) -> bool:
    """Whether values of a named input type may be nested without end."""
    if not is_input_object_type(type_):
        return False
    inside = (*above, type_)
    inner = [get_named_type(field.type) for field in type_.fields.values()]
    return any(type_inside in inside or holds_itself(type_inside, inside) for type_inside in inner)


@cache
def _named(type_: Any) -> Coerce:
    """Of the types of a schema, each once."""
    match type_:
        case GraphQLInputObjectType():
            return _object(type_)
        case GraphQLEnumType():
            return _enum(type_)
    return _scalar(type_)


def _list(item: Coerce) -> Coerce:
    def coerce(value: Any) -> Any:
        items = [item(inner) for inner in (value if isinstance(value, list) else [value])]
        return Undefined if any(inner is Undefined for inner in items) else items

    return coerce


def _enum(type_: GraphQLEnumType) -> Coerce:
    value_of = {name: type_.coerce_input_value(name) for name in type_.values}
    return lambda value: value_of.get(value, Undefined) if isinstance(value, str) else Undefined


def _scalar(type_: GraphQLScalarType) -> Coerce:
    read = type_.coerce_input_value

    def coerce(value: Any) -> Any:
        try:
            return read(value)
        except Exception:  # as graphql-core does, which asks again to tell what is wrong
            return Undefined

    return coerce


def _object(type_: GraphQLInputObjectType) -> Coerce:
    assert not type_.is_one_of, "Strawberry's `out_type` checks our one-of types; graphql-core's own mark is not read"
    names = type_.fields.keys()
    places = [
        _Place(
            name,
            field.out_name or name,
            coercion(field.type),
            is_required_input_field(field),
            coerce_default_value(field),
        )
        for name, field in type_.fields.items()
    ]
    coerce_fields = _named_values(places)

    def coerce(value: Any) -> Any:
        if not isinstance(value, dict) or not value.keys() <= names:
            return Undefined
        fields = coerce_fields(value)
        if fields is Undefined:
            return Undefined
        try:
            return type_.out_type(fields)
        except GraphQLError:  # Strawberry's check of a type that takes exactly one key
            return Undefined

    return coerce


def _named_values(places: list[_Place]) -> Coerce:
    """What was sent, by name → the values in the order of `places`; what was left out has its default or is missing."""

    def coerce(sent: dict[str, Any]) -> Any:
        values: dict[str, Any] = {}
        for place in places:
            if place.name in sent:
                value = place.coerce(sent[place.name])
                if value is Undefined:
                    return Undefined
                values[place.out_name] = value
            elif place.required:
                return Undefined
            elif place.default is not Undefined:
                values[place.out_name] = place.default
        return values

    return coerce
