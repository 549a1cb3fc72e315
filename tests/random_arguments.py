"""Random arguments: filters, searches, orders and sizes, drawn from the values of the records.

A scalar is drawn as two values, for two calls of one document; names and numbers come from the records, so that lists
are neither always empty nor always complete.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
)

from tests.listing import COMPARING, OLD_CODES, Visibility, first_day, kind_of
from tests.village import FAR, HERE, NEXT_DOOR, SUCCESSORS

CODES = [*("35", "35.07", "35.07.11", HERE, NEXT_DOOR, SUCCESSORS[0], "52", "52.03", "52.03.21", FAR), *OLD_CODES]
SEARCHES = [
    *(
        "siti",
        "Siti Aminah",
        "sitti aminah",
        "yusuf muh",
        "mhd",
        "joko",
        "Djoko S",
        "nur",
        "a",
        "zu",
        "x",
        "%",
        "_",
        "!",
    ),
    *("warung", "warung siti", "malang", "kali", "sumber kidul", "lenek", "Nuraini", "eva", "putu ni", "sari"),
]


@dataclass(frozen=True)
class TwoValues:
    """A value for the first call, and another for the second."""

    first: Any
    second: Any


def for_call(value: Any, second: bool) -> Any:
    """The value for the first or the second call."""
    if isinstance(value, TwoValues):
        value = value.second if second else value.first
    if isinstance(value, dict):
        return {key: for_call(inner, second) for key, inner in value.items()}
    return [for_call(inner, second) for inner in value] if isinstance(value, list) else value


@dataclass
class StoredValues:
    """The values that arguments may have: ids, household numbers, and the values of every field of every noun."""

    ids: list[str]
    numbers: list[str] = field(default_factory=list)
    values: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def add(self, noun: str, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            for name, value in row.items():
                if isinstance(value, str | int) and not isinstance(value, bool):
                    self.values.setdefault((noun, name), []).append(value)
        self.numbers = sorted({*self.numbers, *[row["householdNo"] for row in rows if noun == "Household"]})


class RandomArguments:
    """Draws arguments that the person may use; `forbidden` draws a key that they may not."""

    def __init__(
        self, schema: GraphQLSchema, random_: random.Random, stored: StoredValues, visibility: Visibility
    ) -> None:
        self.schema, self.random, self.stored, self.visibility = schema, random_, stored, visibility

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def sees(self, element: Any) -> bool:
        kind = kind_of(element)
        return kind in (None, "OPEN") or self.visibility.anywhere(str(kind)) or str(kind) in self.visibility.own

    def twice(self, draw: Any) -> TwoValues:
        return TwoValues(draw(), draw())

    # --- filters ------------------------------------------------------------------------------------------------------

    def filter(self, type_: Any, depth: int) -> dict[str, Any]:
        """A filter of some keys that the person may use."""
        names = [name for name, element in type_.fields.items() if self.sees(element) and (depth > 0 or _flat(element))]
        chosen = self.random.sample(names, min(len(names), self.random.choice([0, 1, 1, 1, 2, 2, 3])))
        return {name: self.condition(type_, name, depth) for name in chosen}

    def forbidden(self, type_: Any) -> dict[str, Any] | None:
        """A filter of one key that the person may not use, if there is one."""
        names = [name for name, element in type_.fields.items() if not self.sees(element)]
        return {name: self.condition(type_, name, 0) for name in [self.random.choice(names)]} if names else None

    def condition(self, type_: Any, name: str, depth: int) -> Any:
        nullable = get_nullable_type(type_.fields[name].type)
        inner: Any = get_named_type(nullable)
        if name in ("and", "or"):
            return [self.filter(inner, depth - 1) for _ in range(self.random.randint(0, 2))]
        if inner.name in COMPARING:
            return self.comparison(type_.name.removesuffix("Filter"), name, inner.name)
        if inner.name.endswith("ListFilter"):
            quantifier = self.random.choice(["some", "every", "none"])
            return {quantifier: self.filter(inner.fields[quantifier].type, depth - 1)}
        if isinstance(inner, GraphQLInputObjectType):
            return self.filter(inner, depth - 1)
        if isinstance(nullable, GraphQLList):
            return self.several(lambda: self.accepted(type_.name.removesuffix("Filter"), name, inner))
        return self.chance(0.5)

    def several(self, draw: Any) -> Any:
        """A list of up to three, whose values or elements are drawn twice."""
        if self.chance(0.5):
            return self.twice(lambda: [draw() for _ in range(self.random.randint(0, 3))])
        return [self.twice(draw) for _ in range(self.random.choice([0, 1, 1, 2, 3]))]

    def accepted(self, noun: str, name: str, inner: Any) -> str:
        if name == "within":
            return self.random.choice(CODES)
        if name == "programme":
            return self.random.choice(["DESMIGRATIF", "OTHER"])
        values = self.stored.values.get((noun, name), [])
        if isinstance(inner, GraphQLEnumType) and (not values or self.chance(0.4)):
            values = list(inner.values)
        return str(self.random.choice(values or ["HK", "MY"]))

    def comparison(self, noun: str, name: str, kind: str) -> dict[str, Any]:
        type_: Any = self.schema.type_map[kind]
        operators = self.random.sample(list(type_.fields), self.random.choice([0, 1, 1, 1, 2]))
        return {operator: self.operand(noun, name, kind, operator) for operator in operators}

    def operand(self, noun: str, name: str, kind: str, operator: str) -> Any:
        if operator == "isNull":
            return self.chance(0.5)
        draw = {"StringFilter": self.text, "IntFilter": self.number, "DateFilter": self.day}.get(kind, self.instant)
        if operator == "in":
            return self.several(lambda: draw(noun, name))
        if operator == "startsWith":
            return self.twice(lambda: self.beginning(str(draw(noun, name))))
        return self.twice(lambda: draw(noun, name))

    def text(self, noun: str, name: str) -> str:
        return str(self.random.choice([*self.stored.values.get((noun, name), []), "", "'; --", "\\", "%"]))

    def beginning(self, text: str) -> str:
        text = text[: self.random.randint(0, len(text))]
        return self.random.choice([text, text.upper(), text.lower(), text.replace("u", "ú").replace("a", "à")])

    def number(self, noun: str, name: str) -> int:
        near = int(self.random.choice(self.stored.values.get((noun, name), [0]))) + self.random.randint(-1, 1)
        return self.random.choice([near, near, near, 0, -1, 2**31 - 1, -(2**31)])

    def day(self, noun: str, name: str) -> str:
        stored = self.random.choice(self.stored.values.get((noun, name), ["2020"]))
        day = dt.date.fromisoformat(first_day(str(stored)))
        shift = self.random.choice([-1, 0, 0, 1])
        if dt.date.min < day < dt.date.max:
            day += dt.timedelta(days=shift)
        return self.random.choice([day, day, day, dt.date.min, dt.date.max]).isoformat()

    def instant(self, noun: str, name: str) -> str:
        stored = self.random.choice(self.stored.values.get((noun, name), ["2026-01-01T00:00:00.000Z"]))
        at = dt.datetime.fromisoformat(stored) + dt.timedelta(milliseconds=self.random.choice([-1, 0, 0, 1]))
        if self.chance(0.5):
            at = at.astimezone(dt.timezone(dt.timedelta(hours=self.random.choice([-11, 7, 9]))))
        return at.isoformat(timespec="microseconds" if self.chance(0.2) else "milliseconds").replace("+00:00", "Z")

    # --- the other arguments ------------------------------------------------------------------------------------------

    def order(self, noun: str, forbidden: bool = False) -> dict[str, Any] | None:
        type_: Any = self.schema.type_map[f"{noun}OrderField"]
        keys = [key for key, element in type_.values.items() if self.sees(element) is not forbidden]
        if not keys:
            return None
        direction = self.random.choice([{}, {"direction": "ASC"}, {"direction": "DESC"}])
        return {"field": self.random.choice(keys), **direction}

    def group(self, type_: Any, forbidden: bool = False) -> str:
        keys = [key for key, element in type_.values.items() if self.sees(element) is not forbidden]
        return str(self.random.choice(keys or [key for key, element in type_.values.items() if self.sees(element)]))


def _flat(field_: Any) -> bool:
    inner: Any = get_named_type(field_.type)
    return not isinstance(inner, GraphQLInputObjectType) or inner.name in COMPARING
