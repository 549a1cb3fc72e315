"""Filters: from GraphQL's values to conditions of the read engine, and the classes that they read.

Rule: null is refused, because it is nearly always a forgotten variable and must not mean "everything".  A class that
the caller sees nowhere is refused with the name of the key.  One that they see in some areas keeps the rows to those
areas, also under `not` and from within a related record, which lies where its household lies.  One that they see only
in their own records keeps the rows to those; other related records count as absent.
Test: tests/test_filters.py.
"""

from __future__ import annotations

from typing import Any, Protocol

from auth.errors import Forbidden
from auth.sensitivity import Sensitivity
from registry.models.noun import Readable
from registry.read.filter import AllOf, AnyOf, Compare, Exists, InVillage, Not, VisibleAround, VisibleHere, Within
from registry.read.query import Where
from registry.read.visibility import Extent, Visibility
from registry.values.text import clean
from schema.declare.directives import Exemption
from schema.declare.listing import LIST_OPTIONS, Comparison, FilterKey, InRegions, NamedCondition, RelatedRecords
from schema.engine.complexity import Complexity
from schema.engine.price import RELATED, comparison_price, name_price
from schema.engine.variables import Convert, folded, is_village, plain
from schema.errors import BadInput
from schema.limits import Limit

Filter = dict[str, Any]
"""A filter as GraphQL coerced it: key → value."""


class Bind(Protocol):
    """Makes an argument of a value and returns its name; `convert` is applied first, and `refuses` if it may raise."""

    def __call__(self, value: Any, convert: Convert | None = None, refuses: bool = False) -> str: ...


def null_refused(key: str) -> BadInput:
    return BadInput(
        f"`{key}` bernilai null; kalau tidak dipakai, jangan dikirim.", f"`{key}` is null: leave it out if unused."
    )


def not_of_list(key: str) -> BadInput:
    return BadInput(f"`{key}` bukan untuk daftar ini; jangan dikirim.", f"`{key}` is not for this list: leave it out.")


class Conditions:
    """The conditions of one list on its rows."""

    def __init__(self, noun: Readable, visibility: Visibility, bind: Bind, complexity: Complexity) -> None:
        self.noun = noun
        self.visibility = visibility
        self.bind = bind
        self.complexity = complexity
        self.where: list[Where] = []
        self.readings = 0  # that the tests of each row add
        # For each related record around the key at hand, outermost first: which of these records count as present.
        # The values of the dicts mean nothing; a dict keeps the order, so equal filters are one statement.
        self._related: list[dict[Where, None]] = []

    def narrow(self, kind: Sensitivity | Exemption, key: str, noun: Readable | None = None) -> None:
        """Keep the rows to those where the caller sees a class, for a key of theirs or of a related `noun`.

        Raises Forbidden if that is nowhere."""
        if isinstance(kind, Exemption):
            return
        condition: Where | None = visible_condition(noun or self.noun, self.visibility, kind, key)
        if condition is None:
            return
        if self._related:
            if self.visibility.owns(kind):
                self._related[-1][condition] = None
                condition = VisibleAround(kind)
            else:  # a related record lies where its household lies, so the rows of the list can be tested instead
                condition = VisibleHere(self.noun, kind)
        if condition not in self.where:
            self.where.append(condition)

    def filter(self, filter_: Filter) -> None:
        """Keep the rows to those that meet a filter.  Raises Forbidden, BadInput and QueryTooComplex."""
        self.where.append(self._all_of(self.noun, filter_, 0))

    def _all_of(self, noun: Readable, filter_: Filter, depth: int) -> Where:
        self.complexity.add_conditions(len(filter_), depth)
        conditions: list[Where] = []
        for key, value in filter_.items():
            if value is None:
                raise null_refused(key)
            match key:
                case "and":
                    conditions.append(AllOf(self._each(noun, value, depth + 1)))
                case "or":
                    conditions.append(AnyOf(self._each(noun, value, depth + 1)))
                case "not":
                    conditions.append(Not(self._all_of(noun, value, depth + 1)))
                case _:
                    filter_key = LIST_OPTIONS[noun].filters.get(key)
                    if filter_key is None:  # lists of several nouns have one filter, not each all of its keys
                        raise not_of_list(key)
                    self.narrow(filter_key.kind, key, noun)
                    conditions.append(self._one(noun, filter_key, value, depth + 1))
        return AllOf(tuple(conditions))

    def _each(self, noun: Readable, filters: list[Filter], depth: int) -> tuple[Where, ...]:
        return tuple(self._all_of(noun, filter_, depth) for filter_ in filters)

    def _one(self, noun: Readable, filter_key: FilterKey, value: Any, depth: int) -> Where:
        match filter_key.test:
            case NamedCondition(condition=condition):
                self.readings += name_price(noun)
                if isinstance(value, bool):
                    return condition(value)
                return condition(self.bind(value, distinct, refuses=True))
            case InRegions():
                return self._in_regions(value)
            case RelatedRecords(several=False) as related:
                self.readings += RELATED
                return self._exists(related, value, depth)
            case RelatedRecords() as related:
                self.readings += RELATED
                ((quantifier, filter_),) = value.items()
                if filter_ is None:
                    raise null_refused(quantifier)
                return self._quantified(related, quantifier, filter_, depth)
            case Comparison() as comparison:
                return self._compare(noun, comparison, value)

    def _in_regions(self, codes: Any) -> Where:
        if isinstance(codes, list) and len(codes) == 1 and is_village(codes[0]):
            return InVillage(self.bind(codes[0]))
        return Within(self.bind(codes, distinct, refuses=True))

    # --- related records ----------------------------------------------------------------------------------------------

    def _quantified(self, related: RelatedRecords, quantifier: str, filter_: Filter, depth: int) -> Where:
        match quantifier:
            case "some":
                return self._exists(related, filter_, depth)
            case "every":
                return Not(self._exists(related, filter_, depth, negated=True))
            case _:
                return Not(self._exists(related, filter_, depth))

    def _exists(self, related: RelatedRecords, filter_: Filter, depth: int, negated: bool = False) -> Where:
        """There is a related record that counts as present and meets the filter, or does not meet it (`negated`)."""
        self._related.append({})
        condition = self._all_of(related.noun, filter_, depth)
        present = tuple(self._related.pop())
        if negated:
            condition = Not(condition)
        if present:
            condition = AllOf((*present, condition))
        return Exists(related.noun, related.link, condition)

    # --- comparisons --------------------------------------------------------------------------------------------------

    def _compare(self, noun: Readable, comparison: Comparison, value: Any) -> Where:
        datum, day = comparison.datum, comparison.day
        operators = value if isinstance(value, dict) else [""]
        self.readings += sum(comparison_price(noun, datum, operator, day) for operator in operators)
        if isinstance(value, dict):
            return self._operators(comparison, value)
        if isinstance(value, bool):
            return Compare(datum, "true" if value else "false")
        accepted = self.bind(value, distinct, refuses=True)
        return Compare(datum, "any" if comparison.several else "in", accepted)

    def _operators(self, comparison: Comparison, operands: dict[str, Any]) -> Where:
        self.complexity.add_conditions(len(operands), 0)
        tests: list[Where] = []
        for operator, operand in operands.items():
            if operand is None:
                raise null_refused(operator)
            if operator == "isNull":
                is_null = Compare(comparison.datum, "null")
                tests.append(is_null if operand else Not(is_null))
            else:
                argument = self.bind(operand, _conversion(operator, comparison.day), refuses=True)
                tests.append(Compare(comparison.datum, operator, argument, comparison.day))
        return AllOf(tuple(tests))


def _conversion(operator: str, day: bool) -> Convert:
    """How the operand of a comparison is converted before it is bound."""
    if operator == "in":
        return distinct
    if operator == "startsWith":
        return lambda text: folded(bounded(text))
    return str if day else bounded


def distinct(values: list[Any]) -> list[Any]:
    """The values as they are bound, each once.  Raises QueryTooComplex for too many."""
    unique = list(dict.fromkeys(bounded(value) for value in plain(values)))
    Limit.LIST.check(len(unique))
    return unique


def bounded(value: Any) -> Any:
    """The value; a text as the registry would store it.

    Raises QueryTooComplex for a text that is longer than any in the registry."""
    if isinstance(value, str):
        Limit.TEXT.check(len(value))
        return clean(value) or ""
    return value


def visible_condition(noun: Readable, visibility: Visibility, kind: Sensitivity, key: str) -> VisibleHere | None:
    """The condition that keeps rows to where the caller sees a class; None if they see it wherever they see rows.

    Raises Forbidden if they see it nowhere, not even in their own records."""
    extent = visibility.extent(noun.row_sensitivity, kind)
    if extent is Extent.NONE and not visibility.owns(kind):
        raise Forbidden(field=key, kind=kind)
    return None if extent is Extent.ALL else VisibleHere(noun, kind)
