"""A filter as GraphQL sends it → conditions of the read engine, and which classes they read.

Rule: null is refused, for it is nearly always a forgotten variable and must not mean "everything"; a class that the
caller sees nowhere is refused with the key's name, one that he sees in some areas keeps the rows to those, also under
`not` and from within a related record, which lies where its household lies.  A class that he sees in his own records
alone keeps the rows to those; of related records the others are as if they were not there.
Test: tests/test_filters.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from auth.errors import Forbidden
from auth.sensitivity import Sensitivity
from registry.models.noun import Readable
from registry.read.filter import AllOf, AnyOf, Compare, Exists, InVillage, Not, VisibleAround, VisibleHere, Within
from registry.read.query import Where
from registry.read.visibility import Extent, Visibility
from registry.values.text import clean
from schema.declare.listing import LISTINGS, Compared, InRegions, Key, Named, Nested
from schema.engine.complexity import Complexity
from schema.engine.price import RELATED, of_name, of_test
from schema.engine.variables import folded, is_village, plain
from schema.errors import BadInput
from schema.limits import Limit


class Bind(Protocol):
    """Makes an argument of a value, converted before it is bound, which may refuse it; answers its name."""

    def __call__(self, value: Any, convert: Callable[[Any], Any] | None = None, refuses: bool = False) -> str: ...


def null_refused(key: str) -> BadInput:
    return BadInput(
        f"`{key}` bernilai null; kalau tidak dipakai, jangan dikirim.", f"`{key}` is null: leave it out if unused."
    )


class Conditions:
    """What one list asks of its rows."""

    def __init__(self, noun: Readable, visibility: Visibility, bind: Bind, limits: Complexity) -> None:
        self.noun, self.visibility, self.bind, self.limits = noun, visibility, bind, limits
        self.where: list[Where] = []
        self._related: list[dict[Where, None]] = []  # what narrows the related records around the filter in hand
        self.readings = 0  # that the tests of each row add

    def narrow(self, kind: Any, key: str, noun: Readable | None = None) -> None:
        """Keep the rows to those where the class is seen, for a key of theirs or of a related `noun`.

        Raises Forbidden where that is nowhere."""
        if not isinstance(kind, Sensitivity):
            return
        seen: Where | None = seen_here(noun or self.noun, self.visibility, kind, key)
        if seen is None:
            return
        if self._related and noun is not None:
            own = self.visibility.owns(kind)
            if own:
                self._related[-1][seen] = None
            seen = VisibleAround(kind) if own else VisibleHere(self.noun, kind)
        if seen not in self.where:
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
                    self.narrow(asked.kind, key, noun)
                    found.append(self._one(noun, asked, value, depth + 1))
        return AllOf(tuple(found))

    def _one(self, noun: Readable, asked: Key, value: Any, depth: int) -> Where:
        match asked.meaning:
            case Named(condition=condition):
                self.readings += of_name(noun)
                return condition(value if isinstance(value, bool) else self.bind(value, distinct, True))
            case InRegions():
                if isinstance(value, list) and len(value) == 1 and is_village(value[0]):
                    return InVillage(self.bind(value[0]))
                return Within(self.bind(value, distinct, True))
            case Nested(noun=other, link=link, several=False):
                self.readings += RELATED
                held, seen = self._inside(other, value, depth)
                return Exists(other, link, _among(seen, held))
            case Nested(noun=other, link=link):
                self.readings += RELATED
                ((quantifier, inner),) = value.items()
                if inner is None:
                    raise null_refused(quantifier)
                held, seen = self._inside(other, inner, depth)
                if quantifier == "some":
                    return Exists(other, link, _among(seen, held))
                return Not(Exists(other, link, _among(seen, Not(held) if quantifier == "every" else held)))
            case Compared() as tested:
                operators = value if isinstance(value, dict) else [""]
                self.readings += sum(of_test(noun, tested.datum, operator, tested.day) for operator in operators)
                return self._test(tested, value)

    def _inside(self, noun: Readable, given: dict[str, Any], depth: int) -> tuple[Where, tuple[Where, ...]]:
        """The condition on related records, and which of them are there at all."""
        self._related.append({})
        held = self._all(noun, given, depth)
        return held, tuple(self._related.pop())

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


def _among(seen: tuple[Where, ...], held: Where) -> Where:
    return AllOf((*seen, held)) if seen else held


def distinct(values: list[Any]) -> list[Any]:
    """The values as they are bound, each once.  Raises QueryTooComplex for too many."""
    once = list(dict.fromkeys(bounded(value) for value in plain(values)))
    Limit.LIST.check(len(once))
    return once


def bounded(value: Any) -> Any:
    """The value; a text as the registry would keep it.

    Raises QueryTooComplex for one that is too long to be one of the registry's."""
    if isinstance(value, str):
        Limit.TEXT.check(len(value))
        return clean(value) or ""
    return value


def _operand(operator: str, day: bool) -> Callable[[Any], Any]:
    """How the operand of a comparison is converted before it is bound."""
    if operator == "in":
        return distinct
    if operator == "startsWith":
        return lambda text: folded(bounded(text))
    return str if day else bounded


def seen_here(noun: Readable, visibility: Visibility, kind: Sensitivity, key: str) -> VisibleHere | None:
    """The condition that keeps rows to where a class is seen, None where it is seen everywhere that rows are.

    Raises Forbidden where it is seen nowhere, not even in the caller's own records."""
    far = visibility.extent(noun.row_sensitivity, kind)
    if far is Extent.NONE and not visibility.owns(kind):
        raise Forbidden(field=key, kind=kind)
    return None if far is Extent.ALL else VisibleHere(noun, kind)
