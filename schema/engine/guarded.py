"""The fields of a record that may be withheld, and the face that declares a type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLField, GraphQLNonNull, GraphQLObjectType

from auth.sensitivity import Sensitivity
from schema.declare.makers import NOUNS_BY_FACE
from schema.declare.shapes import RelatedField, shape_of
from schema.declare.strawberry_internals import definition_of


def face_of(type_: Any) -> type[Any]:
    """The class that declares a type of the schema."""
    origin: type[Any] = definition_of(type_).origin
    return origin


def guard(field: GraphQLField, kind: Sensitivity | None) -> Sensitivity | None:
    """The class that guards a value of a record; a non-null one exists for everybody who sees the record."""
    return None if isinstance(field.type, GraphQLNonNull) else kind


def is_connection(shape: Any) -> bool:
    """Whether a field is a connection.  It holds what the caller may list, so it is null only if listing is refused."""
    return isinstance(shape, RelatedField) and shape.how == "connection"


_GUARDED: dict[str, tuple[tuple[str, Sensitivity], ...]] = {}


def guarded_names(type_: GraphQLObjectType) -> tuple[tuple[str, Sensitivity], ...]:
    """The fields of a record that may be withheld, with their classes."""
    names = _GUARDED.get(type_.name)
    if names is None:
        names = _GUARDED[type_.name] = tuple(_guarded(type_))
    return names


def _guarded(type_: GraphQLObjectType) -> Iterator[tuple[str, Sensitivity]]:
    noun = NOUNS_BY_FACE[face_of(type_)]
    assert noun is not None
    for name, field in type_.fields.items():
        shape = shape_of(field)
        if is_connection(shape) or isinstance(field.type, GraphQLNonNull):
            continue
        kind = getattr(shape, "kind", None)
        if kind is not None and kind not in (Sensitivity.OPEN, noun.row_sensitivity):
            yield name, kind
