"""Random operations: every type, field and argument of the schema, in every form that GraphQL has for them.

Aliases (odd ones too), fragments named and inline, on types and interfaces, directives, repeated keys, values as
literals, variables, defaults, variables inside objects and lists, or left out; cursors of an earlier answer.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
)

from tests.listing import NOUNS, Visibility
from tests.random_arguments import CODES, SEARCHES, RandomArguments, StoredValues, TwoValues, for_call
from tests.reference_executor import LEFT_OUT, LISTS, REGIONS, is_page
from tests.village import FAR, HERE, NEXT_DOOR

WIDEST = 400  # rows that the lists of one path may have
ROOTS = [*LISTS, *LISTS, "regions", "regions", "provinces", "node", "region", "household", "viewer"]
ODD = ["select", "where", "anon_1", "anon_5", "j", "o", "s", "t1", "k0", "n", "null", "true", "A", "_", "ok", "a" * 63]
PLACES = {"Province": "35", "Regency": "35.07", "District": "35.07.11", "Village": HERE}


@dataclass
class Variable:
    type: str
    value: Any
    default: str | None = None
    sent: bool = True


@dataclass
class Anchor:
    """A cursor to take from an answer of the same list: the variable it is for, and the selection that returns it."""

    variable: str
    text: str
    variables: set[str]
    pick: float  # which edge of that answer, from 0 to 1


@dataclass
class Operation:
    """A document and its variables."""

    text: str
    variables: dict[str, Variable]
    anchors: list[Anchor]

    def values(self, second: bool, names: set[str] | None = None) -> dict[str, Any]:
        """The variables of the first or the second call, or only those with these names."""
        return {
            name: for_call(variable.value, second)
            for name, variable in self.variables.items()
            if variable.sent and (names is None or name in names)
        }


def heading(variables: dict[str, Variable]) -> str:
    """The keyword and the variable definitions of an operation."""
    definitions = [f"${n}: {v.type}{'' if v.default is None else f' = {v.default}'}" for n, v in variables.items()]
    return f"query({', '.join(definitions)})" if definitions else "query"


@dataclass
class Position:
    """Where a selection stands: how deep it may still go, in how many rows, and whether its keys must be unique."""

    depth: int
    rows: int = 1
    unique: bool = False

    def inner(self, rows: int = 1) -> Position:
        return Position(self.depth - 1, self.rows * rows)

    def beside(self, unique: bool = False) -> Position:
        return Position(self.depth - 1, self.rows, self.unique or unique)


@dataclass
class RandomDocument:
    """Makes one random operation for one person."""

    schema: GraphQLSchema
    random: random.Random
    stored: StoredValues
    visibility: Visibility
    largest: int = 60  # parts of an operation
    variables: dict[str, Variable] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    reusable: dict[str, list[str]] = field(default_factory=dict)  # type → finished fragments on it
    names: int = 0
    parts_made: int = 0

    def __post_init__(self) -> None:
        self.arguments = RandomArguments(self.schema, self.random, self.stored, self.visibility)
        self.odd = self.random.sample(ODD, len(ODD))
        self.forbid = self.chance(0.08)

    def operation(self) -> Operation:
        roots = [self.root() for _ in range(self.random.choice([1, 1, 1, 2, 3]))]
        if self.chance(0.15):
            roots.append(f"... on Query {self.directive()} {{ {self.root()} }}")
        if self.chance(0.15):
            name = self.name()
            self.fragments.append(f"fragment {name} on Query {{ {self.root()} __typename }}")
            roots.append(f"...{name} {self.directive()}")
        text = f"{{ {' '.join(roots)} }} {' '.join(self.fragments)}"
        return Operation(f"{heading(self.variables)} {text}", self.variables, self.anchors)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def name(self) -> str:
        self.names += 1
        return f"n{self.names}"

    def alias(self) -> str:
        return self.odd.pop() if self.odd and self.chance(0.3) else self.name()

    # --- values -------------------------------------------------------------------------------------------------------

    def declare(self, variable: Variable) -> str:
        name = f"v{len(self.variables) + 1}"
        self.variables[name] = variable
        return f"${name}"

    def variable(self, type_: Any, value: Any) -> str:
        strict = "!" if not isinstance(type_, GraphQLNonNull) and self.chance(0.3) else ""
        variable_ = Variable(f"{type_}{strict}", value)
        if self.chance(0.15):
            variable_.default, variable_.sent = self.constant(type_, for_call(value, False)), False
        elif self.chance(0.1):
            variable_.default = self.constant(type_, for_call(value, True))
        return self.declare(variable_)

    def unset(self, type_: Any) -> str:
        """A variable that no call sends, as if its argument were left out."""
        return self.declare(Variable(str(get_nullable_type(type_)), None, sent=False))

    def constant(self, type_: Any, value: Any) -> str:
        nullable: Any = get_nullable_type(type_)
        if isinstance(nullable, GraphQLList):
            return f"[{' '.join(self.constant(nullable.of_type, one) for one in value)}]"
        if isinstance(nullable, GraphQLInputObjectType):
            return f"{{{', '.join(f'{k}: {self.constant(nullable.fields[k].type, v)}' for k, v in value.items())}}}"
        if isinstance(nullable, GraphQLEnumType):
            return str(value)
        if isinstance(value, str) and value.isalnum() and self.chance(0.1):
            return f'"""{value}"""'
        return json.dumps(value, ensure_ascii=False)

    def value_of(self, type_: Any, value: Any) -> str:
        """A value as a literal, a variable, or a literal that contains variables."""
        if self.chance(0.25):
            return self.variable(type_, value)
        nullable: Any = get_nullable_type(type_)
        if isinstance(value, TwoValues):
            return self.constant(type_, value.first)
        if isinstance(nullable, GraphQLList):
            if len(value) == 1 and self.chance(0.2):
                return self.constant(nullable.of_type, for_call(value[0], False))
            return f"[{', '.join(self.value_of(nullable.of_type, one) for one in value)}]"
        if not isinstance(nullable, GraphQLInputObjectType):
            return self.constant(type_, value)
        exactly = nullable.is_one_of
        fields = []
        for key, inner in value.items():
            field_type: Any = nullable.fields[key].type
            fields.append(f"{key}: {self.value_of(GraphQLNonNull(field_type) if exactly else field_type, inner)}")
        free = [key for key in nullable.fields if key not in value]
        if free and not exactly and self.chance(0.05):
            key = self.random.choice(free)
            if self.arguments.sees(nullable.fields[key]):
                fields.insert(self.random.randint(0, len(fields)), f"{key}: {self.unset(nullable.fields[key].type)}")
        return f"{{{', '.join(fields)}}}"

    # --- roots and lists ----------------------------------------------------------------------------------------------

    def root(self) -> str:
        query: Any = self.schema.query_type
        if self.chance(0.05):
            return f"{self.alias()}: __typename {self.directive()}"
        name = self.random.choice([n for n in ROOTS if n not in LISTS or self.visibility.anywhere("OPERATIONAL")])
        if self.chance(0.02):
            name = "households"  # refused if the person may not list them
        field_, draw = query.fields[name], self.random.choice
        position, arguments = Position(4), ""
        if is_page(get_named_type(field_.type)):
            arguments, position = self.list_arguments(field_, name, position)
        elif name == "node":
            ids = TwoValues(draw(self.stored.ids), draw(self.stored.ids))
            arguments = f"(id: {self.value_of(field_.args['id'].type, ids)})"
        elif name == "region":
            arguments = (
                f"(code: {self.value_of(field_.args['code'].type, TwoValues(draw(CODES[:-1]), draw(CODES[:-1])))})"
            )
        elif name == "household":
            arguments = f"(by: {self.value_of(field_.args['by'].type, self.key())})"
        return self.field(self.alias(), name, field_, arguments, position)

    def key(self) -> dict[str, Any]:
        draw = self.random.choice
        if self.chance(0.6):
            return {"id": TwoValues(draw(self.stored.ids), draw(self.stored.ids))}
        return {"householdNo": TwoValues(draw([*self.stored.numbers, "x"]), draw([*self.stored.numbers, ""]))}

    def field(self, key: str, name: str, field_: GraphQLField, arguments: str, position: Position) -> str:
        """A field that returns an object, sometimes twice with different selections."""
        inner = get_named_type(field_.type)
        first = f"{key}: {name}{arguments} {self.directive()} {self.selection(inner, position)}"
        second = f" {key}: {name}{arguments} {self.selection(inner, position)}" if self.chance(0.2) else ""
        return first + second

    def list_arguments(
        self, field_: GraphQLField, name: str, position: Position, parent: str = ""
    ) -> tuple[str, Position]:
        """The arguments of a list, and the position of its rows."""
        noun = NOUNS.get(name, "Region")
        values: dict[str, str] = {}
        nullable = not parent or name in LISTS
        forbid, self.forbid = self.forbid and nullable, self.forbid and not nullable
        args = field_.args
        if "filter" in args and (forbid or self.chance(0.5)):
            type_ = self.schema.type_map[f"{noun}Filter"]
            value = (self.arguments.forbidden(type_) if forbid else None) or self.arguments.filter(type_, 3)
            values["filter"] = self.value_of(args["filter"].type, value)
        if "search" in args and self.arguments.sees(args["search"]) and self.chance(0.12):
            draw = self.random.choice
            values["search"] = self.value_of(args["search"].type, TwoValues(draw(SEARCHES), draw(SEARCHES)))
        if self.chance(0.4) and (order := self.arguments.order(noun, forbid and self.chance(0.5))) is not None:
            values["orderBy"] = self.value_of(args["orderBy"].type, order)
        same = ", ".join(f"{key}: {shuffled}" for key, shuffled in values.items())
        for way in ("after", "before"):
            if self.chance(0.12) and not forbid:
                values[way] = self.anchor(name, parent, same)
        rows = self.size(field_, values, position)
        for key in ("filter", "search", "orderBy", "after", "first"):
            if key in args and key not in values and not (key == "first" and "last" in values) and self.chance(0.03):
                values[key] = self.unset(args[key].type) if key != "after" or self.chance(0.5) else "null"
                rows = 20 if key == "first" else rows
        shuffled = self.random.sample(sorted(values.items()), len(values))
        arguments = f"({', '.join(f'{key}: {value}' for key, value in shuffled)})" if shuffled else ""
        return arguments, Position(position.depth, position.rows * rows)

    def size(self, field_: GraphQLField, values: dict[str, str], position: Position) -> int:
        """Add `first`, `last` or nothing to the arguments; return how many rows there may be."""
        if position.rows * 20 <= WIDEST // 4 and self.chance(0.2):
            return 20
        most = max(1, min(7, WIDEST // position.rows))
        way, sizes = self.random.choice(["first", "first", "last"]), [self.random.randint(1, most) for _ in "12"]
        values[way] = self.value_of(field_.args[way].type, TwoValues(*sizes))
        return max(sizes)

    def anchor(self, name: str, parent: str, other_arguments: str) -> str:
        variable = self.declare(Variable("String", None))
        arguments = f"({other_arguments})" if other_arguments else ""
        list_ = f"list: {name}{arguments} {{ edges {{ cursor node {{ id }} }} }}"
        if parent in PLACES:
            list_ = f'list: region(code: "{PLACES[parent]}") {{ ... on {parent} {{ {list_} }} }}'
        elif parent:
            list_ = f'list: region(code: "{self.random.choice(["35.07", HERE, NEXT_DOOR, FAR])}") {{ {list_} }}'
        self.anchors.append(
            Anchor(variable[1:], list_, set(re.findall(r"\$(\w+)", other_arguments)), self.random.random())
        )
        return variable

    # --- selections ---------------------------------------------------------------------------------------------------

    def selection(self, type_: Any, position: Position) -> str:
        return "{ " + " ".join(self.parts(type_, position)) + " }"

    def parts(self, type_: Any, position: Position) -> Iterator[str]:
        for _ in range(self.random.randint(1, 4)):
            self.parts_made += 1
            yield self.part(type_, position)
        if self.parts_made >= self.largest:
            return
        if isinstance(type_, GraphQLInterfaceType) and self.chance(0.7):
            kind = self.random.choice(self.schema.get_possible_types(type_))
            yield f"... on {kind.name} {self.directive()} {self.selection(kind, position.beside(True))}"
        elif isinstance(type_, GraphQLObjectType) and type_.interfaces and self.chance(0.15):
            face = self.random.choice(type_.interfaces)
            yield f"... on {face.name} {self.selection(face, position.beside())}"
        if self.chance(0.15):
            yield f"... {self.directive()} {self.selection(type_, position.beside())}"
        if self.chance(0.15):
            name = self.name()
            self.fragments.append(f"fragment {name} on {type_.name} {self.selection(type_, position.beside())}")
            yield f"...{name} {self.directive()} ...{name}"
            if not position.unique and type_.name not in REGIONS and not is_page(type_):
                self.reusable.setdefault(type_.name, []).append(name)
        elif type_.name in self.reusable and not position.unique and self.chance(0.3):
            yield f"...{self.random.choice(self.reusable[type_.name])} {self.directive()}"

    def directive(self) -> str:
        if self.chance(0.7):
            return ""
        yes = self.chance(0.5)
        condition = self.value_of(GraphQLNonNull(self.schema.type_map["Boolean"]), yes)
        other = f" @{'skip' if self.chance(0.5) else 'include'}(if: {'true' if self.chance(0.5) else 'false'})"
        name = "include" if yes is self.chance(0.85) else "skip"
        return f"@{name}(if: {condition}){other if self.chance(0.05) and f'@{name}' not in other else ''}"

    def part(self, type_: Any, position: Position) -> str:
        deep = position.depth > 0 and self.parts_made < self.largest
        fields = [n for n, f in type_.fields.items() if n not in LEFT_OUT and (deep or is_leaf(f))]
        if not fields or self.chance(0.07):
            return f"{self.alias()}: __typename {self.directive()}" if self.chance(0.5) else "__typename"
        name = self.random.choice(fields)
        field_, inner = type_.fields[name], get_named_type(type_.fields[name].type)
        if name == "groups":
            key = self.arguments.group(get_named_type(field_.args["by"].type), self.forbid)
            self.forbid = False
            first = f", first: {self.value_of(field_.args['first'].type, TwoValues(2, 9))}" if self.chance(0.4) else ""
            arguments = f"(by: {self.value_of(field_.args['by'].type, key)}{first})"
            return self.field(self.alias(), name, field_, arguments, position.inner())
        if is_page(inner):
            arguments, position = self.list_arguments(field_, name, position.inner(), type_.name)
            return self.field(self.alias(), name, field_, arguments, position)
        if is_leaf(field_):
            key = f"{self.alias()}: " if position.unique or self.chance(0.3) else ""
            return f"{key}{name} {self.directive()}"
        if position.unique or self.chance(0.3):
            return self.field(self.alias(), name, field_, "", position.inner())
        return f"{name} {self.directive()} {self.selection(inner, position.inner())}"


def is_leaf(field_: GraphQLField) -> bool:
    return isinstance(get_named_type(field_.type), GraphQLScalarType | GraphQLEnumType)
