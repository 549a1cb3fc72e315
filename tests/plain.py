"""An oracle of reading: every record as a plain dict, graphql-core's own executor over them, and queries by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    graphql_sync,
)

from tests.village import FAR, HERE, Place

LISTS = {"households": "Household", "members": "Member", "migrations": "MigrationEpisode", "businesses": "Business"}
REGIONS = ("Region", "Province", "Regency", "District", "Village")
RECORDS = (*LISTS.values(), *REGIONS)
LEFT_OUT = {"summary", "cursor", "startCursor", "endCursor"}  # figures tell the time, cursors are told in test_pages.py
LARGEST = 60  # parts of a query


def is_page(type_: Any) -> bool:
    return str(type_.name).endswith("Connection")


def leaves(schema: GraphQLSchema, type_: Any) -> str:
    """A selection of everything in a record: values whole, related records by their id."""
    parts = ["__typename"]
    for name, made in type_.fields.items():
        inner = get_named_type(made.type)
        if name in LEFT_OUT or is_page(inner):
            continue
        if inner.name in RECORDS:
            parts.append(f"{name} {{ id }}")
        elif isinstance(inner, GraphQLObjectType):
            parts.append(f"{name} {{ {leaves(schema, inner)} }}")
        else:
            parts.append(name)
    return " ".join(parts)


class Plain:
    """The records as one person sees them, and the roots over them."""

    def __init__(self, schema: GraphQLSchema, lists: dict[str, list[dict[str, Any]]]) -> None:
        self.schema, self.lists = schema, lists
        self.by_id = {row["id"]: row for rows in lists.values() for row in rows}
        for name, rows in lists.items():
            for row in rows:
                self._relate(schema.type_map[row["__typename"] if name == "regions" else LISTS[name]], row)
        self.root: dict[str, Any] = {name: self.page(partial(lists.__getitem__, name)) for name in lists}
        self.root["provinces"] = self.page(lambda: [r for r in lists["regions"] if r["level"] == "PROVINCE"])
        self.root["node"] = lambda info, id: self.by_id.get(id)
        self.root["household"] = lambda info, by: next((h for h in lists["households"] if h["id"] == by["id"]), None)
        self.root["region"] = lambda info, code: next(r for r in lists["regions"] if r["code"] == code)

    def _relate(self, type_: Any, row: dict[str, Any]) -> None:
        for name, made in type_.fields.items():
            inner = get_named_type(made.type)
            if inner.name in RECORDS and row.get(name):
                found = row[name]
                row[name] = [self.by_id[r["id"]] for r in found] if isinstance(found, list) else self.by_id[found["id"]]
            elif name in LISTS and is_page(inner):
                row[name] = self.page(partial(self.under, name, row["code"]))
            elif is_page(inner):
                row[name] = self.page(partial(self.children, row["id"]))

    def under(self, name: str, code: str) -> list[dict[str, Any]]:
        def village(row: dict[str, Any]) -> str:
            return str((row if name == "households" else row["household"])["village"]["code"])

        return [row for row in self.lists[name] if f"{village(row)}.".startswith(f"{code}.")]

    def children(self, id_: str) -> list[dict[str, Any]]:
        return [r for r in self.lists["regions"] if r["parent"] is not None and r["parent"]["id"] == id_]

    @staticmethod
    def page(rows: Callable[[], list[dict[str, Any]]]) -> Callable[..., Any]:
        def answer(info: Any, first: int = 20, **_: Any) -> dict[str, Any]:
            found = rows()
            return {
                "nodes": found[:first],
                "edges": [{"node": row} for row in found[:first]],
                "totalCount": len(found),
                "pageInfo": {"hasNextPage": len(found) > first, "hasPreviousPage": False},
            }

        return answer

    def execute(self, text: str, variables: dict[str, Any]) -> bytes:
        """The data of plain execution."""
        result = graphql_sync(
            self.schema, text, self.root, variable_values=variables, type_resolver=lambda value, *_: value["__typename"]
        )
        assert result.errors is None, (result.errors, text)
        return orjson.dumps(result.data)


async def plain(village: Place, who: str) -> Plain:
    schema = build_schema(village.app.state.sdl)
    lists = {}
    for name, type_ in {**LISTS, "regions": "Region"}.items():
        more = f"... on Village {{ enrolments {{ {leaves(schema, schema.type_map['VillageEnrolment'])} }} }}"
        selection = leaves(schema, schema.type_map[type_]) + (more if name == "regions" else "")
        lists[name] = (await village.ask(who, f"{{ {name}(first: 200) {{ nodes {{ {selection} }} }} }}"))[name]["nodes"]
    return Plain(schema, lists)


# --- queries by chance --------------------------------------------------------------------------------------------


class Chance:
    """Makes queries: aliases, arguments, fragments, directives, fields said twice, in any mixture."""

    def __init__(self, schema: GraphQLSchema, seed: int, ids: list[str]) -> None:
        self.schema, self.random, self.ids = schema, random.Random(seed), ids
        self.fragments: list[str] = []
        self.names = self.said = 0

    def query(self) -> str:
        roots = [self.root() for _ in range(self.random.randint(1, 3))]
        used = "__typename @include(if: $yes) none: __typename @skip(if: $yes) all: __typename @skip(if: $no)"
        return f"query($yes: Boolean!, $no: Boolean!) {{ {used} {' '.join(roots)} }} {' '.join(self.fragments)}"

    def name(self) -> str:
        self.names += 1
        return f"n{self.names}"

    def root(self) -> str:
        query: Any = self.schema.query_type
        name = self.random.choice([*LISTS, "regions", "provinces", "node", "region", "household"])
        given = {
            "node": lambda: f'(id: "{self.random.choice(self.ids)}")',
            "household": lambda: f'(by: {{id: "{self.random.choice(self.ids)}"}})',
            "region": lambda: f'(code: "{self.random.choice(["35", "35.07", HERE, FAR])}")',
        }.get(name, lambda: f"(first: {self.random.randint(1, 7)})")()
        return f"{self.name()}: {name}{given} {self.selection(get_named_type(query.fields[name].type), 4)}"

    def selection(self, type_: Any, depth: int) -> str:
        return "{ " + " ".join(self.parts(type_, depth)) + " }"

    def parts(self, type_: Any, depth: int) -> Iterator[str]:
        for _ in range(self.random.randint(1, 4)):
            self.said += 1
            yield self.part(type_, depth if self.said < LARGEST else 0)
        if self.said >= LARGEST:
            return
        if isinstance(type_, GraphQLInterfaceType) and self.random.random() < 0.7:
            kind = self.random.choice(self.schema.get_possible_types(type_))
            yield f"... on {kind.name} {self.selection(kind, depth - 1)}"
        if self.random.random() < 0.2:
            yield f"... {self.directive()} {self.selection(type_, depth - 1)}"
        if self.random.random() < 0.2:
            name = self.name()
            self.fragments.append(f"fragment {name} on {type_.name} {self.selection(type_, depth - 1)}")
            yield f"...{name} {self.directive()} ...{name}"

    def directive(self) -> str:
        if self.random.random() < 0.6:
            return ""
        return f"@{self.random.choice(['skip', 'include'])}(if: {self.random.choice(['$yes', '$no', 'true', 'false'])})"

    def part(self, type_: Any, depth: int) -> str:
        fields = [n for n, f in type_.fields.items() if n not in LEFT_OUT and (depth > 0 or is_leaf(f))]
        if not fields or self.random.random() < 0.1:
            return f"{self.name()}: __typename" if self.random.random() < 0.5 else "__typename"
        name = self.random.choice(fields)
        made, key, given = type_.fields[name], "", ""
        inner = get_named_type(made.type)
        if is_page(inner):
            key, given = f"{self.name()}: ", f"(first: {self.random.randint(1, 3)})"
        elif self.random.random() < 0.3:
            key = f"{self.name()}: "
        said = f"{key}{name}{given} {self.directive()}"
        if is_leaf(made):
            return said
        again = f" {key}{name}{given} {self.selection(inner, depth - 1)}" if self.random.random() < 0.3 else ""
        return f"{said} {self.selection(inner, depth - 1)}{again}"


def is_leaf(made: GraphQLField) -> bool:
    return isinstance(get_named_type(made.type), GraphQLScalarType | GraphQLEnumType)
