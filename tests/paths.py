"""Every way through the schema to a given depth, as documents: what the canary crawler walks.

A step is a field that leads to an object; a connection with its nodes is one step.  Documents end with all plain fields
of the type they lead to, among them `end: __typename`, which tells whether anything was there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from schema.engine.complexity import LISTED
from schema.limits import Limit

PAGE = "totalCount pageInfo { startCursor endCursor } edges { cursor }"
Composite = GraphQLObjectType | GraphQLInterfaceType


@dataclass(frozen=True)
class Step:
    """A field, on the type that has it; `on` where that is one type of an interface."""

    name: str
    field: GraphQLField
    on: str | None

    @property
    def paged(self) -> bool:
        return "first" in self.field.args

    @property
    def target(self) -> GraphQLNamedType:
        found = get_named_type(self.field.type)
        if self.paged:
            assert isinstance(found, GraphQLObjectType)
            found = get_named_type(found.fields["nodes"].type)
        assert found is not None
        return found


@dataclass(frozen=True)
class Path:
    """Steps from the query down; the last one says of which type the plain fields are asked for."""

    steps: tuple[Step, ...]
    kind: str | None  # the one type asked for where the last step leads to an interface

    def __str__(self) -> str:
        names = [f"{step.on}." * bool(step.on) + step.name for step in self.steps]
        return "/".join(names) + (f"/{self.kind}" if self.kind else "")

    @property
    def end(self) -> str:
        return self.kind or self.steps[-1].target.name

    @property
    def variables(self) -> dict[str, str]:
        """Name and type of the arguments that the root must have."""
        return {name: str(arg.type) for name, arg in self.steps[0].field.args.items() if _required(arg.type)}

    @property
    def page(self) -> int:
        """The largest page, up to 100, of which the whole path, whose pages are asked for twice, may return so many
        rows; for those who see much, what must be read for them may still be too much."""
        pages = sum(step.paged for step in self.steps)
        lists = len(self.steps) - pages
        return min(100, int((Limit.NODES.limit / 3 / LISTED**lists) ** (1 / pages))) if pages else 0

    def document(self, schema: GraphQLSchema, page: int) -> str:
        """The document, with pages of this size."""
        paging = f"first: {page}"
        end = schema.get_type(self.end)
        assert isinstance(end, GraphQLObjectType | GraphQLInterfaceType)
        text = "end: __typename " + " ".join(plain(end))
        text = f"... on {self.kind} {{ {text} }}" if self.kind else text
        for n, step in reversed(list(enumerate(self.steps))):
            given = [paging] if step.paged else []
            given += [f"{name}: ${name}" for name in self.variables] if n == 0 else []
            inside = f"{PAGE} nodes {{ {text} }}" if step.paged else text
            text = step.name + (f"({', '.join(given)})" if given else "") + f" {{ {inside} }}"
            text = f"... on {step.on} {{ {text} }}" if step.on else text
        declared = ", ".join(f"${name}: {type_}" for name, type_ in self.variables.items())
        return f"query{f'({declared})' if declared else ''} {{ {text} }}"


def plain(type_: Composite) -> list[str]:
    """The fields that hold values."""
    return [name for name, made in type_.fields.items() if is_leaf_type(get_named_type(made.type))]


def paths(schema: GraphQLSchema, depth: int) -> Iterator[Path]:
    """Every path of 1 to `depth` steps."""
    query = schema.query_type
    assert query is not None
    yield from _from(schema, query, (), depth)


def _from(schema: GraphQLSchema, type_: Composite, before: tuple[Step, ...], depth: int) -> Iterator[Path]:
    for step in steps(schema, type_):
        way, target = (*before, step), step.target
        kinds = (
            [t.name for t in schema.get_possible_types(target)] if isinstance(target, GraphQLInterfaceType) else [None]
        )
        yield from (Path(way, kind) for kind in kinds)
        if len(way) < depth and isinstance(target, GraphQLObjectType | GraphQLInterfaceType):
            yield from _from(schema, target, way, depth)


def steps(schema: GraphQLSchema, type_: Composite) -> Iterator[Step]:
    """The fields that lead on, an interface's own and those of each of its types."""
    own = {name: made for name, made in type_.fields.items() if not is_leaf_type(get_named_type(made.type))}
    yield from (Step(name, made, None) for name, made in own.items())
    if isinstance(type_, GraphQLInterfaceType):
        for kind in schema.get_possible_types(type_):
            yield from (
                step for s in steps(schema, kind) if s.name not in own for step in [Step(s.name, s.field, kind.name)]
            )


def _required(type_: object) -> bool:
    return isinstance(type_, GraphQLNonNull)
