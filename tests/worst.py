"""Requests as an attacker writes them: as expensive as the bounds allow, with everything that lists accept.

Each is a document of few roots; its parts are drawn from the schema itself (filters, orders, groups, nested lists),
so that a new field is attacked as soon as it exists.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)

LISTS = ("households", "members", "migrations", "businesses")
VALUES = {
    "String": '"a"',
    "Int": "3",
    "Boolean": "true",
    "Date": '"2001-01-01"',
    "DateTime": '"2020-01-01T00:00:00Z"',
    "CountryCode": '"HK"',
    "RegionCode": '"35"',
    "ID": '"00000000-0000-4000-8000-000000000000"',
}


@dataclass
class Attacker:
    """Writes random documents; `times` is how often each part is repeated under another key."""

    schema: GraphQLSchema
    dice: random.Random

    def document(self, times: int, rows: int) -> str:
        kind = self.dice.choice((self.listing, self.listing, self.listing, self.places, self.figures, self.deep))
        return "{ " + " ".join(f"r{n}: {kind(times, rows)}" for n in range(self.dice.choice((1, 1, 1, 3, 10)))) + " }"

    # --- roots --------------------------------------------------------------------------------------------------------

    def listing(self, times: int, rows: int) -> str:
        """A list with filter, search and order, its counts, groups and page."""
        name = self.dice.choice(LISTS)
        field = self.schema.query_type.fields[name]  # type: ignore[union-attr]  # there is one
        return f"{name}{self.arguments(field, times, rows)} {self.connection(field, times)}"

    def places(self, times: int, rows: int) -> str:
        """Regions with counts of what is in them."""
        up = self.dice.choice(("", "", "parent", "ancestors"))
        name = self.dice.choice(("regions", "provinces"))
        inner = " ".join(f"c{n}: {self.under(times)}" for n in range(self.dice.choice((1, 1, times))))
        return f"{name}(first: {rows}) {{ nodes {{ {up and up + ' {'} {inner} {up and '}'} }} }}"

    def under(self, times: int) -> str:
        region: Any = self.schema.get_type("Region")
        name = self.dice.choice((*LISTS, "summary", "lastVerifiedAt"))
        if name == "summary":
            return "summary { households businessesByField { key count } }"
        return name if name == "lastVerifiedAt" else f"{name} {self.connection(region.fields[name], min(times, 3))}"

    def figures(self, times: int, rows: int) -> str:
        return "nationalSummary { households prospective }"

    def deep(self, times: int, rows: int) -> str:
        """Records with all their fields, and lists in lists."""
        name = self.dice.choice(LISTS)
        record = get_named_type(self.node(self.schema.query_type.fields[name]))  # type: ignore[union-attr]
        return f"{name}(first: {rows}) {{ nodes {{ {self.record(record, times, self.dice.randrange(3))} }} }}"

    # --- parts --------------------------------------------------------------------------------------------------------

    def arguments(self, field: Any, times: int, rows: int) -> str:
        arguments_ = [f"first: {rows}"]
        if self.dice.random() < 0.7:
            filter_ = get_named_type(field.args["filter"].type)
            keys = " ".join(self.condition(filter_, 2) for _ in range(times))
            arguments_.append(f"filter: {{ {self.dice.choice(('and', 'or'))}: [{keys}] }}")
        if self.dice.random() < 0.3 and "search" in field.args:
            arguments_.append(f'search: "{self.dice.choice(("a", "siti", "a a a a", "muhammad"))}"')
        if self.dice.random() < 0.5:
            order: Any = get_named_type(field.args["orderBy"].type)
            keys_ = list(get_named_type(order.fields["field"].type).values)
            arguments_.append(
                f"orderBy: {{field: {self.dice.choice(keys_)}, direction: {self.dice.choice(('ASC', 'DESC'))}}}"
            )
        return "(" + ", ".join(arguments_) + ")"

    def condition(self, type_: GraphQLInputObjectType, depth: int) -> str:
        keys = [key for key in type_.fields if depth or not _nests(type_.fields[key].type)]
        key = self.dice.choice(keys or list(type_.fields))
        return "{" + f"{key}: {self.value(type_.fields[key].type, depth - 1)}" + "}"

    def value(self, type_: Any, depth: int) -> str:
        inner = get_nullable_type(type_)
        if isinstance(inner, GraphQLList):
            return f"[{self.value(inner.of_type, depth)}]"
        if isinstance(inner, GraphQLInputObjectType):
            return self.condition(inner, max(depth, 0))
        return self.dice.choice(list(inner.values)) if isinstance(inner, GraphQLEnumType) else VALUES[inner.name]

    def connection(self, field: Any, times: int) -> str:
        connection: Any = get_named_type(field.type)
        groups = get_named_type(connection.fields["groups"].args["by"].type)
        parts: list[Callable[[], str]] = [
            lambda: "totalCount",
            lambda: f"groups(by: {self.dice.choice(list(groups.values))}) {{ key label count }}",
            lambda: "nodes { id }",
            lambda: "edges { cursor }",
        ]
        part = self.dice.choice(parts)
        return "{ " + " ".join(f"p{n}: {part()}" for n in range(times)) + " }"

    def node(self, field: Any) -> Any:
        connection: Any = get_named_type(field.type)
        return connection.fields["nodes"].type

    def record(self, type_: Any, times: int, depth: int) -> str:
        """Every leaf of a record, `times` times, and one of its lists."""
        leaves = [name for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type))]
        selections = [f"l{n}{name}: {name}" for name in leaves for n in range(times)]
        inner = [n for n, f in type_.fields.items() if isinstance(get_nullable_type(f.type), GraphQLList)]
        records = [n for n in inner if isinstance(get_named_type(type_.fields[n].type), GraphQLObjectType)]
        if depth and records:
            name = self.dice.choice(records)
            below = self.record(get_named_type(type_.fields[name].type), times, depth - 1)
            selections.append(f"{name} {{ {below} }}")
        return " ".join(selections)


def _nests(type_: Any) -> bool:
    """Whether the value of a filter key is itself a filter."""
    inner: Any = get_named_type(type_)
    return isinstance(inner, GraphQLInputObjectType) and bool({"and", "some"} & inner.fields.keys())
