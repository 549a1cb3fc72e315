"""Operations by chance: every type, field and argument of the schema, in every way that GraphQL has of saying them.

Aliases (odd ones too), fragments named and inline, on types and interfaces, directives, keys said twice, values as
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

from tests.listing import NOUNS, Sight
from tests.random_arguments import CODES, SEARCHES, Known, Twice, Wishes, nth
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
    """A cursor that is to be taken from an answer of the same list: the variable it is for, and how to ask for it."""

    variable: str
    text: str
    variables: set[str]
    pick: float  # where in that answer


@dataclass
class Asked:
    """A document, and how to call it."""

    text: str
    variables: dict[str, Variable]
    anchors: list[Anchor]

    def values(self, then: bool, names: set[str] | None = None) -> dict[str, Any]:
        """The variables of the first or the second call, all or those of these names."""
        return {
            name: nth(made.value, then)
            for name, made in self.variables.items()
            if made.sent and (names is None or name in names)
        }


def heading(variables: dict[str, Variable]) -> str:
    said = [f"${n}: {v.type}{'' if v.default is None else f' = {v.default}'}" for n, v in variables.items()]
    return f"query({', '.join(said)})" if said else "query"


@dataclass
class Around:
    """Where a selection stands: how deep it may go, how many rows are around it, whether its keys must be its own."""

    depth: int
    rows: int = 1
    unique: bool = False

    def inner(self, rows: int = 1) -> Around:
        return Around(self.depth - 1, self.rows * rows)

    def beside(self, unique: bool = False) -> Around:
        return Around(self.depth - 1, self.rows, self.unique or unique)


@dataclass
class Chance:
    """Makes one operation for one person."""

    schema: GraphQLSchema
    random: random.Random
    known: Known
    sight: Sight
    largest: int = 60  # parts of an operation
    variables: dict[str, Variable] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    reusable: dict[str, list[str]] = field(default_factory=dict)  # type → finished fragments on it
    names: int = 0
    said: int = 0

    def __post_init__(self) -> None:
        self.wishes = Wishes(self.schema, self.random, self.known, self.sight)
        self.odd = self.random.sample(ODD, len(ODD))
        self.forbid = self.chance(0.08)

    def operation(self) -> Asked:
        roots = [self.root() for _ in range(self.random.choice([1, 1, 1, 2, 3]))]
        if self.chance(0.15):
            roots.append(f"... on Query {self.directive()} {{ {self.root()} }}")
        if self.chance(0.15):
            name = self.name()
            self.fragments.append(f"fragment {name} on Query {{ {self.root()} __typename }}")
            roots.append(f"...{name} {self.directive()}")
        text = f"{{ {' '.join(roots)} }} {' '.join(self.fragments)}"
        return Asked(f"{heading(self.variables)} {text}", self.variables, self.anchors)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def name(self) -> str:
        self.names += 1
        return f"n{self.names}"

    def alias(self) -> str:
        return self.odd.pop() if self.odd and self.chance(0.3) else self.name()

    # --- values -------------------------------------------------------------------------------------------------------

    def declare(self, made: Variable) -> str:
        name = f"v{len(self.variables) + 1}"
        self.variables[name] = made
        return f"${name}"

    def variable(self, type_: Any, value: Any) -> str:
        strict = "!" if not isinstance(type_, GraphQLNonNull) and self.chance(0.3) else ""
        made = Variable(f"{type_}{strict}", value)
        if self.chance(0.15):
            made.default, made.sent = self.constant(type_, nth(value, False)), False
        elif self.chance(0.1):
            made.default = self.constant(type_, nth(value, True))
        return self.declare(made)

    def unset(self, type_: Any) -> str:
        """A variable that no call sends: as if what it stands for were not there."""
        return self.declare(Variable(str(get_nullable_type(type_)), None, sent=False))

    def constant(self, type_: Any, value: Any) -> str:
        made: Any = get_nullable_type(type_)
        if isinstance(made, GraphQLList):
            return f"[{' '.join(self.constant(made.of_type, one) for one in value)}]"
        if isinstance(made, GraphQLInputObjectType):
            return f"{{{', '.join(f'{k}: {self.constant(made.fields[k].type, v)}' for k, v in value.items())}}}"
        if isinstance(made, GraphQLEnumType):
            return str(value)
        if isinstance(value, str) and value.isalnum() and self.chance(0.1):
            return f'"""{value}"""'
        return json.dumps(value, ensure_ascii=False)

    def say(self, type_: Any, value: Any) -> str:
        """A value as a literal, a variable, or a literal with variables in it."""
        if self.chance(0.25):
            return self.variable(type_, value)
        made: Any = get_nullable_type(type_)
        if isinstance(value, Twice):
            return self.constant(type_, value.first)
        if isinstance(made, GraphQLList):
            if len(value) == 1 and self.chance(0.2):
                return self.constant(made.of_type, nth(value[0], False))
            return f"[{', '.join(self.say(made.of_type, one) for one in value)}]"
        if not isinstance(made, GraphQLInputObjectType):
            return self.constant(type_, value)
        exactly = made.is_one_of
        said = []
        for key, inner in value.items():
            wanted: Any = made.fields[key].type
            said.append(f"{key}: {self.say(GraphQLNonNull(wanted) if exactly else wanted, inner)}")
        free = [key for key in made.fields if key not in value]
        if free and not exactly and self.chance(0.05):
            key = self.random.choice(free)
            if self.wishes.seen(made.fields[key]):
                said.insert(self.random.randint(0, len(said)), f"{key}: {self.unset(made.fields[key].type)}")
        return f"{{{', '.join(said)}}}"

    # --- roots and lists ----------------------------------------------------------------------------------------------

    def root(self) -> str:
        query: Any = self.schema.query_type
        if self.chance(0.05):
            return f"{self.alias()}: __typename {self.directive()}"
        name = self.random.choice([n for n in ROOTS if n not in LISTS or self.sight.anywhere("OPERATIONAL")])
        if self.chance(0.02):
            name = "households"  # whoever may not list them is told so
        made, draw = query.fields[name], self.random.choice
        around, given = Around(4), ""
        if is_page(get_named_type(made.type)):
            given, around = self.listed(made, name, around)
        elif name == "node":
            given = f"(id: {self.say(made.args['id'].type, Twice(draw(self.known.ids), draw(self.known.ids)))})"
        elif name == "region":
            given = f"(code: {self.say(made.args['code'].type, Twice(draw(CODES[:-1]), draw(CODES[:-1])))})"
        elif name == "household":
            given = f"(by: {self.say(made.args['by'].type, self.key())})"
        return self.field(self.alias(), name, made, given, around)

    def key(self) -> dict[str, Any]:
        draw = self.random.choice
        if self.chance(0.6):
            return {"id": Twice(draw(self.known.ids), draw(self.known.ids))}
        return {"householdNo": Twice(draw([*self.known.numbers, "x"]), draw([*self.known.numbers, ""]))}

    def field(self, key: str, name: str, made: GraphQLField, given: str, around: Around) -> str:
        """A field that leads on, sometimes said twice with different selections."""
        inner = get_named_type(made.type)
        said = f"{key}: {name}{given} {self.directive()} {self.selection(inner, around)}"
        again = f" {key}: {name}{given} {self.selection(inner, around)}" if self.chance(0.2) else ""
        return said + again

    def listed(self, made: GraphQLField, name: str, around: Around, parent: str = "") -> tuple[str, Around]:
        """The arguments of a list, and what stands around its rows then."""
        noun = NOUNS.get(name, "Region")
        asked: dict[str, str] = {}
        nullable = not parent or name in LISTS
        forbid, self.forbid = self.forbid and nullable, self.forbid and not nullable
        args = made.args
        if "filter" in args and (forbid or self.chance(0.5)):
            type_ = self.schema.type_map[f"{noun}Filter"]
            value = (self.wishes.forbidden(type_) if forbid else None) or self.wishes.filter(type_, 3)
            asked["filter"] = self.say(args["filter"].type, value)
        if "search" in args and self.wishes.seen(args["search"]) and self.chance(0.12):
            draw = self.random.choice
            asked["search"] = self.say(args["search"].type, Twice(draw(SEARCHES), draw(SEARCHES)))
        if self.chance(0.4) and (order := self.wishes.order(noun, forbid and self.chance(0.5))) is not None:
            asked["orderBy"] = self.say(args["orderBy"].type, order)
        same = ", ".join(f"{key}: {said}" for key, said in asked.items())
        for way in ("after", "before"):
            if self.chance(0.12) and not forbid:
                asked[way] = self.anchor(name, parent, same)
        rows = self.size(made, asked, around)
        for key in ("filter", "search", "orderBy", "after", "first"):
            if key in args and key not in asked and not (key == "first" and "last" in asked) and self.chance(0.03):
                asked[key] = self.unset(args[key].type) if key != "after" or self.chance(0.5) else "null"
                rows = 20 if key == "first" else rows
        said = self.random.sample(sorted(asked.items()), len(asked))
        given = f"({', '.join(f'{key}: {value}' for key, value in said)})" if said else ""
        return given, Around(around.depth, around.rows * rows)

    def size(self, made: GraphQLField, asked: dict[str, str], around: Around) -> int:
        """`first`, `last` or nothing; answers how many rows there may be."""
        if around.rows * 20 <= WIDEST // 4 and self.chance(0.2):
            return 20
        most = max(1, min(7, WIDEST // around.rows))
        way, sizes = self.random.choice(["first", "first", "last"]), [self.random.randint(1, most) for _ in "12"]
        asked[way] = self.say(made.args[way].type, Twice(*sizes))
        return max(sizes)

    def anchor(self, name: str, parent: str, same: str) -> str:
        said = self.declare(Variable("String", None))
        given = f"({same})" if same else ""
        list_ = f"list: {name}{given} {{ edges {{ cursor node {{ id }} }} }}"
        if parent in PLACES:
            list_ = f'list: region(code: "{PLACES[parent]}") {{ ... on {parent} {{ {list_} }} }}'
        elif parent:
            list_ = f'list: region(code: "{self.random.choice(["35.07", HERE, NEXT_DOOR, FAR])}") {{ {list_} }}'
        self.anchors.append(Anchor(said[1:], list_, set(re.findall(r"\$(\w+)", same)), self.random.random()))
        return said

    # --- selections ---------------------------------------------------------------------------------------------------

    def selection(self, type_: Any, around: Around) -> str:
        return "{ " + " ".join(self.parts(type_, around)) + " }"

    def parts(self, type_: Any, around: Around) -> Iterator[str]:
        for _ in range(self.random.randint(1, 4)):
            self.said += 1
            yield self.part(type_, around)
        if self.said >= self.largest:
            return
        if isinstance(type_, GraphQLInterfaceType) and self.chance(0.7):
            kind = self.random.choice(self.schema.get_possible_types(type_))
            yield f"... on {kind.name} {self.directive()} {self.selection(kind, around.beside(True))}"
        elif isinstance(type_, GraphQLObjectType) and type_.interfaces and self.chance(0.15):
            face = self.random.choice(type_.interfaces)
            yield f"... on {face.name} {self.selection(face, around.beside())}"
        if self.chance(0.15):
            yield f"... {self.directive()} {self.selection(type_, around.beside())}"
        if self.chance(0.15):
            name = self.name()
            self.fragments.append(f"fragment {name} on {type_.name} {self.selection(type_, around.beside())}")
            yield f"...{name} {self.directive()} ...{name}"
            if not around.unique and type_.name not in REGIONS and not is_page(type_):
                self.reusable.setdefault(type_.name, []).append(name)
        elif type_.name in self.reusable and not around.unique and self.chance(0.3):
            yield f"...{self.random.choice(self.reusable[type_.name])} {self.directive()}"

    def directive(self) -> str:
        if self.chance(0.7):
            return ""
        yes = self.chance(0.5)
        said = self.say(GraphQLNonNull(self.schema.type_map["Boolean"]), yes)
        other = f" @{'skip' if self.chance(0.5) else 'include'}(if: {'true' if self.chance(0.5) else 'false'})"
        name = "include" if yes is self.chance(0.85) else "skip"
        return f"@{name}(if: {said}){other if self.chance(0.05) and f'@{name}' not in other else ''}"

    def part(self, type_: Any, around: Around) -> str:
        deep = around.depth > 0 and self.said < self.largest
        fields = [n for n, f in type_.fields.items() if n not in LEFT_OUT and (deep or is_leaf(f))]
        if not fields or self.chance(0.07):
            return f"{self.alias()}: __typename {self.directive()}" if self.chance(0.5) else "__typename"
        name = self.random.choice(fields)
        made, inner = type_.fields[name], get_named_type(type_.fields[name].type)
        if name == "groups":
            key = self.wishes.group(get_named_type(made.args["by"].type), self.forbid)
            self.forbid = False
            first = f", first: {self.say(made.args['first'].type, Twice(2, 9))}" if self.chance(0.4) else ""
            given = f"(by: {self.say(made.args['by'].type, key)}{first})"
            return self.field(self.alias(), name, made, given, around.inner())
        if is_page(inner):
            given, around = self.listed(made, name, around.inner(), type_.name)
            return self.field(self.alias(), name, made, given, around)
        if is_leaf(made):
            key = f"{self.alias()}: " if around.unique or self.chance(0.3) else ""
            return f"{key}{name} {self.directive()}"
        if around.unique or self.chance(0.3):
            return self.field(self.alias(), name, made, "", around.inner())
        return f"{name} {self.directive()} {self.selection(inner, around.inner())}"


def is_leaf(made: GraphQLField) -> bool:
    return isinstance(get_named_type(made.type), GraphQLScalarType | GraphQLEnumType)
