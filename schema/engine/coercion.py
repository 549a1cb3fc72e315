"""Values of variables by the rules of GraphQL, in functions that are made once for each input type.

graphql-core finds out the type of every value again, and a household of four has two hundred values.
Rule: what is coerced is graphql-core's own value, or Undefined where that refuses: graphql-core tells what is wrong.
Test: tests/test_coercion.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLScalarType,
    get_named_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from graphql.pyutils import Undefined
from graphql.utilities.coerce_input_value import coerce_default_value

Coerce = Callable[[Any], Any]
"""JSON value → value of the type, or Undefined."""


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
    return any(found in inside or holds_itself(found, inside) for found in inner)


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
        found = [item(inner) for inner in (value if isinstance(value, list) else [value])]
        return Undefined if any(inner is Undefined for inner in found) else found

    return coerce


def _enum(type_: GraphQLEnumType) -> Coerce:
    known = {name: type_.coerce_input_value(name) for name in type_.values}
    return lambda value: known.get(value, Undefined) if isinstance(value, str) else Undefined


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
    fields = [
        (
            name,
            field.out_name or name,
            coercion(field.type),
            is_required_input_field(field),
            coerce_default_value(field),
        )
        for name, field in type_.fields.items()
    ]
    names = type_.fields.keys()

    def coerce(value: Any) -> Any:
        if not isinstance(value, dict) or not value.keys() <= names:
            return Undefined
        made: dict[str, Any] = {}
        for name, out, inner, required, default in fields:
            if name in value:
                if (found := inner(value[name])) is Undefined:
                    return Undefined
                made[out] = found
            elif required:
                return Undefined
            elif default is not Undefined:
                made[out] = default
        try:
            return type_.out_type(made)
        except GraphQLError:  # Strawberry's check of a type that takes exactly one key
            return Undefined

    return coerce
