"""What we use of Strawberry that it does not document: the way to graphql-core's schema, and back to a declaration.

Rule: no other file uses a private name of Strawberry.  tests/test_private_api.py holds that;
tests/test_libraries.py fails first if a new version moves one of these.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import strawberry
from graphql import GraphQLSchema

DEFINITION = "strawberry-definition"


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """The schema as graphql-core knows it, which our own engine reads."""
    return schema._schema


def definition_of(element: Any) -> Any:
    """What a maker declared, of a type, field or argument of graphql-core; None for one of GraphQL's own."""
    return element.extensions.get(DEFINITION)


def describe_values(
    enum: type[Enum], description: Callable[[Any], str], directives: Callable[[Any], list[object]] | None = None
) -> None:
    """Give each value of an enum its description and directives.

    `strawberry.enum_value` takes them too, but in the class of the enum, and ours are declared below the schema."""
    definition: Any = enum.__strawberry_definition__  # type: ignore[attr-defined]  # Strawberry sets it
    for value in definition.values:
        member = enum[value.name]
        value.description = description(member)
        if directives is not None:
            value.directives = tuple(directives(member))


def keep_as_sent(input_type: Any) -> None:
    """Let an input reach its resolver as the dictionary that graphql-core coerced.

    Strawberry's own conversion finds out the type of every field again: 2 ms for a household."""
    input_type.__strawberry_definition__.from_input = lambda type_, value, context: value
