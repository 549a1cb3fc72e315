"""Every path through the schema to a given depth, as documents for the canary crawler.

A step is a field that leads to an object; a connection with its nodes is one step.  Documents end with all leaf fields
of the type they lead to, among them `end: __typename`, which shows whether anything was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_leaf_type,
)

from schema.engine.complexity import PLAIN_LIST_SIZE
from schema.limits import Limit
from tests.personas import SIGNED_MONTH

PAGE = "totalCount pageInfo { startCursor endCursor } edges { cursor }"
WITHIN = {"month": f'"{SIGNED_MONTH}"', "indicators": "[HOUSEHOLDS, PERSONS_ACTIVE, CHILDREN_LEFT_BEHIND]"}
"""The values of required arguments below the root."""
Abstract = GraphQLInterfaceType | GraphQLUnionType
Composite = GraphQLObjectType | Abstract


@dataclass(frozen=True)
class Step:
    """A field of a type; `on` names the type if only one type of an interface or a union has the field."""

    name: str
    field: GraphQLField
    on: str | None

    @property
    def paged(self) -> bool:
        return "first" in self.field.args

    @property
    def target(self) -> GraphQLNamedType:
        target = get_named_type(self.field.type)
        if self.paged:
            assert isinstance(target, GraphQLObjectType)
            target = get_named_type(target.fields["nodes"].type)
        assert target is not None
        return target


@dataclass(frozen=True)
class Path:
    """Steps from the query down; a document selects the leaf fields of the type that the last step leads to."""

    steps: tuple[Step, ...]
    kind: str | None  # the type to select if the last step leads to an interface or a union

    def __str__(self) -> str:
        names = [f"{step.on}." * bool(step.on) + step.name for step in self.steps]
        return "/".join(names) + (f"/{self.kind}" if self.kind else "")

    @property
    def end(self) -> str:
        return self.kind or self.steps[-1].target.name

    def passes(self, kinds: set[str]) -> bool:
        """Whether a step leads to one of these types, or goes on from one of them."""
        return bool(kinds & {self.end, *(step.target.name for step in self.steps), *(step.on for step in self.steps)})

    @property
    def variables(self) -> dict[str, str]:
        """Name and type of the required arguments of the root."""
        return {name: str(arg.type) for name, arg in self.steps[0].field.args.items() if _required(arg)}

    @property
    def page(self) -> int:
        """The largest page size, up to 100, with which the path (its pages twice) stays below the limit of nodes.  For
        callers that see much, the rows to read may still be too many."""
        pages = sum(step.paged for step in self.steps)
        lists = len(self.steps) - pages
        return min(100, int((Limit.NODES.limit / 3 / PLAIN_LIST_SIZE**lists) ** (1 / pages))) if pages else 0

    def document(self, schema: GraphQLSchema, page: int) -> str:
        """The document, with pages of this size."""
        paging = f"first: {page}"
        end = schema.get_type(self.end)
        assert isinstance(end, GraphQLObjectType | GraphQLInterfaceType)
        text = "end: __typename " + " ".join(leaf_fields(end))
        text = f"... on {self.kind} {{ {text} }}" if self.kind else text
        for n, step in reversed(list(enumerate(self.steps))):
            arguments = [paging] if step.paged else []
            required = [name for name, argument in step.field.args.items() if _required(argument)]
            arguments += [f"{name}: ${name}" if n == 0 else f"{name}: {WITHIN[name]}" for name in required]
            inside = f"{PAGE} nodes {{ {text} }}" if step.paged else text
            text = step.name + (f"({', '.join(arguments)})" if arguments else "") + f" {{ {inside} }}"
            text = f"... on {step.on} {{ {text} }}" if step.on else text
        declared = ", ".join(f"${name}: {type_}" for name, type_ in self.variables.items())
        return f"query{f'({declared})' if declared else ''} {{ {text} }}"


def leaf_fields(type_: GraphQLObjectType | GraphQLInterfaceType) -> list[str]:
    """The names of the fields that hold values."""
    return [name for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type))]


def paths(schema: GraphQLSchema, depth: int) -> Iterator[Path]:
    """Every path of 1 to `depth` steps."""
    query = schema.query_type
    assert query is not None
    yield from _from(schema, query, (), depth)


def _from(schema: GraphQLSchema, type_: Composite, before: tuple[Step, ...], depth: int) -> Iterator[Path]:
    for step in steps(schema, type_):
        path, target = (*before, step), step.target
        kinds = [t.name for t in schema.get_possible_types(target)] if isinstance(target, Abstract) else [None]
        yield from (Path(path, kind) for kind in kinds)
        if len(path) < depth and isinstance(target, Composite):
            yield from _from(schema, target, path, depth)


def steps(schema: GraphQLSchema, type_: Composite) -> Iterator[Step]:
    """The fields that lead to objects: an interface's own and those of each type of an interface or a union."""
    fields = {} if isinstance(type_, GraphQLUnionType) else type_.fields
    own = {name: field for name, field in fields.items() if not is_leaf_type(get_named_type(field.type))}
    yield from (Step(name, field, None) for name, field in own.items())
    if isinstance(type_, Abstract):
        for kind in schema.get_possible_types(type_):
            for step in steps(schema, kind):
                if step.name not in own:
                    yield Step(step.name, step.field, kind.name)


def _required(argument: GraphQLArgument) -> bool:
    return isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined
