"""How a noun's lists may be asked: its filter, order and groups, derived from the lines of its face.

`by="filter order group"` on a line of the face is all that a column needs; what is no column is named here once.
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
from schema.declare.input_types import InputField, input_type, keys, ordering
from schema.declare.makers import fields_of
from schema.declare.shapes import ColumnField, RelatedField

OPEN, OPERATIONAL, STRUCTURE = Sensitivity.OPEN, Sensitivity.OPERATIONAL, Exemption.STRUCTURE


def _comparing(name: str, of: Any, text: str, operators: str) -> type[Any]:
    said = {
        "in": "Any of these; none of an empty list.",
        "startsWith": "Ignores case and accents.",
        "isNull": "Whether it is not known.",
    }
    types = {"in": list[of], "startsWith": str, "isNull": bool}
    made = {
        op: InputField(types.get(op, of), STRUCTURE, said.get(op, f"`{op}` this value.")) for op in operators.split()
    }
    return input_type(name, text, {"in_" if op == "in" else _snake(op): given for op, given in made.items()})


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


StringFilter = _comparing(
    "StringFilter", str, "Conditions on a text; all given ones must hold.", "eq in startsWith isNull"
)
IntFilter = _comparing(
    "IntFilter", int, "Conditions on a whole number; all given ones must hold.", "eq in gt gte lt lte isNull"
)
DateFilter = _comparing(
    "DateFilter", dt.date, "Conditions on a Date or PartialDate; all given ones must hold.", "eq gt gte lt lte isNull"
)
DateTimeFilter = _comparing(
    "DateTimeFilter", dt.datetime, "Conditions on an instant; all given ones must hold.", "gt gte lt lte isNull"
)
COMPARING = {
    str: StringFilter,
    int: IntFilter,
    dt.date: DateFilter,
    PartialDate: DateFilter,
    dt.datetime: DateTimeFilter,
}


@dataclass(frozen=True)
class Comparison:
    """A filter key that compares a datum, as its type is compared."""

    datum: Datum

    @property
    def type(self) -> Any:
        said = python_type(self.datum)
        if codes := codes_of(self.datum):
            return list[codes]  # type: ignore[valid-type]  # a type that is known at run time
        return {bool: bool, CountryCode: list[CountryCode]}.get(said) or COMPARING[said]

    @property
    def several(self) -> bool:
        """Whether it holds several codes, of which any may be asked."""
        return isinstance(type_of(self.datum), ARRAY)

    @property
    def day(self) -> bool:
        return python_type(self.datum) is PartialDate


@dataclass(frozen=True)
class RelatedRecords:
    """A filter key about related records: `several` asks some, every or none of them."""

    noun: Readable
    link: Link
    several: bool = False

    @property
    def type(self) -> Any:
        return input_of(self.noun, "ListFilter" if self.several else "Filter")


@dataclass(frozen=True)
class NamedCondition:
    """A filter key with a condition of its own, made of a Boolean or of the name of an argument."""

    type: Any
    condition: Callable[[Any], Where]


@dataclass(frozen=True)
class InRegions:
    """A filter key that names regions; no `NamedCondition`, for one village alone is asked in a way of its own."""

    type: ClassVar[Any] = list[RegionCode]


FilterTest = Comparison | RelatedRecords | NamedCondition | InRegions


@dataclass(frozen=True)
class FilterKey:
    """A filter key: its class or exemption, what it says, what it means."""

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
    """By the record's own name."""
    return Search(Sounds, lambda argument: match_rank(noun, argument))


def by_place_name(noun: type[Noun]) -> Search:
    """By the name of a place, with or without the word for its kind."""
    return Search(Sounds, lambda argument: match_rank(noun, argument), of_place)


def by_names_in(noun: type[Noun], link: By) -> Search:
    """By the names of a household's own records of `noun`, or by its number."""
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
WITHIN = FilterKey(OPEN, "In or equal to any of these regions.", InRegions())


def _asked(face: type[Any], way: str) -> Iterator[tuple[str, Datum]]:
    """The lines of a face that say `by` this way."""
    for made in fields_of(face):
        shape = made.metadata.get("shape")
        if isinstance(shape, ColumnField) and way in shape.by:
            yield made.python_name, shape.datum


def _lists(face: type[Any]) -> Iterator[tuple[str, FilterKey]]:
    """A face's lists of what is written with a household: its records are filtered by theirs."""
    for made in fields_of(face):
        match made.metadata.get("shape"):
            case RelatedField("list", source) if isinstance(source.link, By) and issubclass(source.noun, HouseholdPart):
                text = f"By its {made.python_name.replace('_', ' ')}."
                yield (
                    made.python_name,
                    FilterKey(OPERATIONAL, text, RelatedRecords(source.noun, source.link, several=True)),
                )


def filtering(
    face: type[Any], noun: Readable, more: dict[str, FilterKey], search: Search | None = None, combined: bool = True
) -> type[Any]:
    """The input `{Noun}Filter`; `combined` adds and, or, not.  `search` is how its lists are searched."""
    stem, listing = noun.__name__, LIST_OPTIONS.setdefault(noun, ListOptions())
    listing.search = search
    asked = {name: FilterKey(fact_of(d).sensitivity, _said(d), Comparison(d)) for name, d in _asked(face, "filter")}
    lists = {name: key for name, key in _lists(face) if name not in more}
    asked = {"within": WITHIN, **asked, **more, **lists}
    listing.filters |= {camel(name): key for name, key in asked.items()}
    given = {name: InputField(key.test.type, key.kind, key.text) for name, key in asked.items()}
    if combined:
        own: Any = input_of(noun, "Filter")
        given = {
            "and_": InputField(list[own], STRUCTURE, "All of these."),
            "or_": InputField(list[own], STRUCTURE, "Any of these; none of an empty list."),
            "not_": InputField(own, STRUCTURE, "Not this."),
            **given,
        }
    return input_type(f"{stem}Filter", f"{stem} records that meet all given conditions.", given)


def of_list(noun: Readable, filter_: type[Any]) -> type[Any]:
    """The input `{Noun}ListFilter`: a condition on related records."""
    said = {
        "some": "At least one meets it.",
        "every": "All meet it (true when there are none).",
        "none": "None meets it.",
    }
    fields = {name: InputField(filter_, STRUCTURE, text) for name, text in said.items()}
    return input_type(f"{noun.__name__}ListFilter", "Exactly one condition on a list.", fields, one_of=True)


def sorting(face: type[Any], noun: Readable, text: str, **more: Datum) -> type[Any]:
    """The input `{Noun}Order` over the enum of its keys."""
    listing = LIST_OPTIONS.setdefault(noun, ListOptions())
    listing.orders = {name.upper(): datum for name, datum in _asked(face, "order")} | more
    return ordering(noun.__name__, text, {name: fact_of(datum) for name, datum in listing.orders.items()})


def grouping(face: type[Any], noun: Readable, **more: Grouping) -> type[Any]:
    """The enum `{Noun}GroupBy`: the regions above, the coded lines of the face, and `more`."""
    listing = LIST_OPTIONS.setdefault(noun, ListOptions())
    coded = {name.upper(): by_code(datum) for name, datum in _asked(face, "group")}
    listing.groups = {**PLACES, **coded, **more}
    facts = {name: made.fact for name, made in listing.groups.items()}
    return keys(f"{noun.__name__}GroupBy", "Dimensions to count by; one that you may not read is refused.", facts)


def _said(datum: Datum) -> str:
    fact = fact_of(datum)
    what = "Any of these" if isinstance(python_type(datum), type) and issubclass(python_type(datum), Code) else "By"
    return f"{what}: {fact.label_en} ({fact.label_id})."
