"""A filter as GraphQL sends it → conditions of the read engine, and which classes they read.

Rule: null is refused, for it is nearly always a forgotten variable and must not mean "everything"; a class that the
caller sees nowhere is refused with the key's name, one that he sees in some areas keeps the rows to those, also under
`not` and from within a related record, which lies where its household lies.  Test: tests/test_filters.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from auth.errors import Forbidden
from auth.sensitivity import Sensitivity
from registry.noun import Readable, camel
from registry.read.filter import AllOf, AnyOf, Compare, Exists, InVillage, Not, SeenHere, Within
from registry.read.sight import Seen, Sight
from registry.read.want import Where
from schema.bound import folded, is_village, plain
from schema.errors import BadInput
from schema.limits import Measure, Most
from schema.listing import LISTINGS, Compared, InRegions, Key, Named, Nested


class Bind(Protocol):
    """Makes an argument of a value, converted before it is bound, which may refuse it; answers its name."""

    def __call__(self, value: Any, convert: Callable[[Any], Any] | None = None, refuses: bool = False) -> str: ...


def null_refused(key: str) -> BadInput:
    return BadInput(
        f"`{key}` bernilai null; kalau tidak dipakai, jangan dikirim.", f"`{key}` is null: leave it out if unused."
    )


class Conditions:
    """What one list asks of its rows."""

    def __init__(self, noun: Readable, sight: Sight, bind: Bind, limits: Measure) -> None:
        self.noun, self.sight, self.bind, self.limits = noun, sight, bind, limits
        self.where: list[Where] = []
        self._narrowed: set[Sensitivity] = set()

    def narrow(self, kind: Any, key: str) -> None:
        """Keep the rows to the areas where the class is seen.  Raises Forbidden where that is nowhere."""
        if not isinstance(kind, Sensitivity) or kind in self._narrowed:
            return
        self._narrowed.add(kind)
        if (seen := seen_here(self.noun, self.sight, kind, key)) is not None:
            self.where.append(seen)

    def filter(self, given: dict[str, Any]) -> None:
        self.where.append(self._all(self.noun, given, 0))

    def _all(self, noun: Readable, given: dict[str, Any], depth: int) -> Where:
        self.limits.conditions(len(given), depth)
        found: list[Where] = []
        for key, value in given.items():
            if value is None:
                raise null_refused(key)
            match key:
                case "and":
                    found.append(AllOf(tuple(self._all(noun, each, depth + 1) for each in value)))
                case "or":
                    found.append(AnyOf(tuple(self._all(noun, each, depth + 1) for each in value)))
                case "not":
                    found.append(Not(self._all(noun, value, depth + 1)))
                case _:
                    asked = LISTINGS[noun].filters[key]
                    self.narrow(asked.kind, key)
                    found.append(self._one(asked, value, depth + 1))
        return AllOf(tuple(found))

    def _one(self, asked: Key, value: Any, depth: int) -> Where:
        match asked.meaning:
            case Named(condition=condition):
                return condition(value if isinstance(value, bool) else self.bind(value, distinct, True))
            case InRegions():
                if isinstance(value, list) and len(value) == 1 and is_village(value[0]):
                    return InVillage(self.bind(value[0]))
                return Within(self.bind(value, distinct, True))
            case Nested(noun=noun, link=link, several=False):
                return Exists(noun, link, self._all(noun, value, depth))
            case Nested(noun=noun, link=link):
                ((quantifier, inner),) = value.items()
                if inner is None:
                    raise null_refused(quantifier)
                held = self._all(noun, inner, depth)
                if quantifier == "some":
                    return Exists(noun, link, held)
                return Not(Exists(noun, link, Not(held) if quantifier == "every" else held))
            case Compared() as tested:
                return self._test(tested, value)

    def _test(self, tested: Compared, value: Any) -> Where:
        datum = tested.datum
        if isinstance(value, bool):
            return Compare(datum, "true" if value else "false")
        if not isinstance(value, dict):  # a list of accepted values
            return Compare(datum, "any" if tested.several else "in", self.bind(value, distinct, True))
        self.limits.conditions(len(value), 0)
        tests: list[Where] = []
        for operator, operand in value.items():
            if operand is None:
                raise null_refused(operator)
            if operator == "isNull":
                null = Compare(datum, "null")
                tests.append(null if operand else Not(null))
            else:
                name = self.bind(operand, _operand(operator, tested.day), True)
                tests.append(Compare(datum, operator, name, tested.day))
        return AllOf(tuple(tests))


def distinct(values: list[Any]) -> list[Any]:
    """The values as they are bound, each once.  Raises QueryTooComplex for too many."""
    once = list(dict.fromkeys(plain(values)))
    Most.LIST.check(len(once))
    for value in once:
        bounded(value)
    return once


def bounded(value: Any) -> Any:
    """The value.  Raises QueryTooComplex for a text that is too long to be one of the registry's."""
    if isinstance(value, str):
        Most.TEXT.check(len(value))
    return value


def _operand(operator: str, day: bool) -> Callable[[Any], Any]:
    """How the operand of a comparison is converted before it is bound."""
    if operator == "in":
        return distinct
    if operator == "startsWith":
        return lambda text: folded(bounded(text))
    return str if day else bounded


def seen_here(noun: Readable, sight: Sight, kind: Sensitivity, key: str) -> SeenHere | None:
    """The condition that keeps rows to where a class is seen, None where it is seen everywhere that rows are."""
    far = sight.far(noun.sight, kind)
    if far is Seen.NOWHERE:
        raise Forbidden(field=camel(key))
    return SeenHere(kind) if far is Seen.SOMEWHERE else None
