"""The options of a noun's lists: its filter, order, groups and search, derived from the lines of its face.

`by="filter order group"` on a line of the face is all that a column needs; keys that are not columns are declared
beside the face, with the makers below.
Rule: each key has the class of its datum, and none is a number of the vault.  Tests: tests/test_filters.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy.dialects.postgresql import ARRAY

from auth.sensitivity import Sensitivity
from registry.codes import Code
from registry.models.fact import CountryCode, PartialDate, RegionCode, codes_of, fact_of, python_type
from registry.models.noun import By, Link, Noun, Readable, camel
from registry.models.scoped import HouseholdPart
from registry.models.search import NamedOrNumbered, Sounds, match_rank, member_match_rank, of_place
from registry.read.grouping import PLACES, Grouping, by_code
from registry.read.query import Datum, Where
from registry.read.sql import type_of
from schema.declare.arguments import input_of
from schema.declare.directives import Exemption
from schema.declare.input_types import InputField, input_type, key_enum, order_input
from schema.declare.makers import fields_of
from schema.declare.shapes import ColumnField, RelatedField

OPEN, OPERATIONAL, STRUCTURE = Sensitivity.OPEN, Sensitivity.OPERATIONAL, Exemption.STRUCTURE


OPERATORS = {
    "eq": "Equal to this value.",
    "in": "Any of these; none of an empty list.",
    "gt": "Greater than this value.",
    "gte": "Greater than this value, or equal to it.",
    "lt": "Less than this value.",
    "lte": "Less than this value, or equal to it.",
    "startsWith": "Begins with this text; ignores case and accents.",
    "isNull": "Whether it is not known.",
}
PYTHON_NAMES = {"in": "in_", "startsWith": "starts_with", "isNull": "is_null"}


def _comparison_input(name: str, of: Any, text: str, operators: str) -> type[Any]:
    """The input `name` that compares values of the type `of` with these operators."""
    types = {"in": list[of], "startsWith": str, "isNull": bool}
    fields = {}
    for operator in operators.split():
        python_name = PYTHON_NAMES.get(operator, operator)
        fields[python_name] = InputField(types.get(operator, of), STRUCTURE, OPERATORS[operator])
    return input_type(name, text, fields)


StringFilter = _comparison_input(
    "StringFilter", str, "Conditions on a text, all of which must hold.", "eq in startsWith isNull"
)
IntFilter = _comparison_input(
    "IntFilter", int, "Conditions on a whole number, all of which must hold.", "eq in gt gte lt lte isNull"
)
DateFilter = _comparison_input(
    "DateFilter", dt.date, "Conditions on a Date or PartialDate, all of which must hold.", "eq gt gte lt lte isNull"
)
DateTimeFilter = _comparison_input(
    "DateTimeFilter", dt.datetime, "Conditions on an instant, all of which must hold.", "gt gte lt lte isNull"
)
COMPARISON_INPUTS = {
    str: StringFilter,
    int: IntFilter,
    dt.date: DateFilter,
    PartialDate: DateFilter,
    dt.datetime: DateTimeFilter,
}


@dataclass(frozen=True)
class Comparison:
    """A filter key that compares a datum, in the way of its type."""

    datum: Datum

    @property
    def type(self) -> Any:
        codes, value_type = codes_of(self.datum), python_type(self.datum)
        if codes:
            return list[codes]  # type: ignore[valid-type]  # a type that is known at run time
        if value_type is bool:
            return bool
        if value_type is CountryCode:
            return list[CountryCode]
        return COMPARISON_INPUTS[value_type]

    @property
    def several(self) -> bool:
        """Whether the datum is a list of codes, which meets the filter if it has any of those sent."""
        return isinstance(type_of(self.datum), ARRAY)

    @property
    def day(self) -> bool:
        """Whether the datum is a partial date, which is compared by its first day."""
        return python_type(self.datum) is PartialDate


@dataclass(frozen=True)
class RelatedRecords:
    """A filter key about related records: a single one, or some, every or none of `several`."""

    noun: Readable
    link: Link
    several: bool = False

    @property
    def type(self) -> Any:
        return input_of(self.noun, "ListFilter" if self.several else "Filter")


@dataclass(frozen=True)
class NamedCondition:
    """A filter key with a condition of its own, which is made of a Boolean or of the name of an argument."""

    type: Any
    condition: Callable[[Any], Where]


@dataclass(frozen=True)
class InRegions:
    """A filter key that names regions.  Not a `NamedCondition`, because a single village has its own condition."""

    type: ClassVar[Any] = list[RegionCode]


FilterTest = Comparison | RelatedRecords | NamedCondition | InRegions


@dataclass(frozen=True)
class FilterKey:
    """A filter key: its class or exemption, its description, and what it tests."""

    kind: Sensitivity | Exemption
    text: str
    test: FilterTest


@dataclass(frozen=True)
class Search:
    """How records are found by names: a condition and a match rank, each made of the name of the argument.

    `normalise` is applied to the text before it is bound."""

    condition: Callable[[str], Where]
    match_rank: Callable[[str], Datum]
    normalise: Callable[[str], str] = str


def by_name(noun: type[Noun]) -> Search:
    """Search by the record's own name."""
    return Search(Sounds, lambda argument: match_rank(noun, argument))


def by_place_name(noun: type[Noun]) -> Search:
    """Search by the name of a place, with or without the word for its kind."""
    return Search(Sounds, lambda argument: match_rank(noun, argument), of_place)


def by_names_in(noun: type[Noun], link: By) -> Search:
    """Search by the names in a household's records of `noun`, or by the household's number."""
    return Search(
        lambda argument: NamedOrNumbered(noun, link, argument),
        lambda argument: member_match_rank(noun, link, argument),
    )


@dataclass
class ListOptions:
    """All keys of a noun's lists, by their names in the schema."""

    filters: dict[str, FilterKey] = field(default_factory=dict)
    orders: dict[str, Datum] = field(default_factory=dict)
    groups: dict[str, Grouping] = field(default_factory=dict)
    search: Search | None = None


LIST_OPTIONS: dict[Readable, ListOptions] = {}
WITHIN = FilterKey(OPEN, "Lies in any of these regions; a region lies in itself too.", InRegions())


def _data(face: type[Any], use: str) -> Iterator[tuple[str, Datum]]:
    """The data of a face that its lists use in this way: "filter", "order" or "group"."""
    for field_ in fields_of(face):
        shape = field_.metadata.get("shape")
        if isinstance(shape, ColumnField) and use in shape.by:
            yield field_.python_name, shape.datum


def _filters_by_parts(face: type[Any]) -> Iterator[tuple[str, FilterKey]]:
    """Filters by the records in the lists of a face that are written with a household and have filters themselves."""
    for field_ in fields_of(face):
        match field_.metadata.get("shape"):
            case RelatedField("list", source) if isinstance(source.link, By) and _is_filtered_part(source.noun):
                name = field_.python_name
                text = f"By its {name.replace('_', ' ')}."
                yield name, FilterKey(OPERATIONAL, text, RelatedRecords(source.noun, source.link, several=True))


def _is_filtered_part(noun: Readable) -> bool:
    return issubclass(noun, HouseholdPart) and noun in LIST_OPTIONS


def filtering(
    face: type[Any], noun: Readable, more: dict[str, FilterKey], search: Search | None = None, combined: bool = True
) -> type[Any]:
    """The input `{Noun}Filter`, which `more` overrides and completes; `combined` adds and, or, not.

    `search` is how the noun's lists are searched."""
    stem, options = noun.__name__, LIST_OPTIONS.setdefault(noun, ListOptions())
    options.search = search
    keys = {"within": WITHIN}
    for name, datum in _data(face, "filter"):
        keys[name] = FilterKey(fact_of(datum).sensitivity, _filter_text(datum), Comparison(datum))
    keys |= more
    for name, key in _filters_by_parts(face):
        keys.setdefault(name, key)
    options.filters |= {camel(name): key for name, key in keys.items()}
    fields = _combinations(noun) if combined else {}
    fields |= {name: InputField(key.test.type, key.kind, key.text) for name, key in keys.items()}
    return input_type(f"{stem}Filter", f"{stem} records that meet all given conditions.", fields)


def _combinations(noun: Readable) -> dict[str, InputField]:
    own: Any = input_of(noun, "Filter")
    return {
        "and_": InputField(list[own], STRUCTURE, "All of these."),
        "or_": InputField(list[own], STRUCTURE, "Any of these; none of an empty list."),
        "not_": InputField(own, STRUCTURE, "Not this."),
    }


def of_list(noun: Readable, filter_: type[Any]) -> type[Any]:
    """The input `{Noun}ListFilter`: a condition on related records."""
    fields = {
        "some": InputField(filter_, STRUCTURE, "At least one meets it."),
        "every": InputField(filter_, STRUCTURE, "All meet it (true when there are none)."),
        "none": InputField(filter_, STRUCTURE, "None meets it."),
    }
    return input_type(f"{noun.__name__}ListFilter", "Exactly one condition on a list.", fields, one_of=True)


def sorting(face: type[Any], noun: Readable, text: str, **more: Datum) -> type[Any]:
    """The input `{Noun}Order` over the enum of its keys."""
    options = LIST_OPTIONS.setdefault(noun, ListOptions())
    options.orders = {name.upper(): datum for name, datum in _data(face, "order")} | more
    facts = {name: fact_of(datum) for name, datum in options.orders.items()}
    return order_input(noun.__name__, text, facts)


def grouping(face: type[Any], noun: Readable, **more: Grouping) -> type[Any]:
    """The enum `{Noun}GroupBy`: the regions above, the coded lines of the face, and `more`."""
    options = LIST_OPTIONS.setdefault(noun, ListOptions())
    coded = {name.upper(): by_code(datum) for name, datum in _data(face, "group")}
    options.groups = {**PLACES, **coded, **more}
    facts = {name: group.fact for name, group in options.groups.items()}
    return key_enum(f"{noun.__name__}GroupBy", "Dimensions to count by; one that you may not read is refused.", facts)


def _filter_text(datum: Datum) -> str:
    fact, value_type = fact_of(datum), python_type(datum)
    is_code = isinstance(value_type, type) and issubclass(value_type, Code)
    return f"{'Any of these' if is_code else 'By'}: {fact.label_en} ({fact.label_id})."
