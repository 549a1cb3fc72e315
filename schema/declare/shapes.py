"""Shapes: what the read engine makes of a declared field.

Rule: every field that is not GraphQL's own has a shape.  Tests: tests/test_schema.py, tests/test_masks.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from graphql import GraphQLField
from sqlalchemy.orm import InstrumentedAttribute

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models.noun import To
from registry.read.query import Datum, Order, Source, Where
from registry.read.run import Caller
from registry.store.db import Database
from registry.values.bounds import LONGEST_LIST
from schema.declare.strawberry_internals import definition_of

Absent = Callable[[Database, Caller, dict[str, Any]], Awaitable[Exception | None]]
"""Returns the error to raise if a look-up with these arguments found nothing; None if it is null without an error."""


@dataclass(frozen=True)
class ColumnField:
    """A datum of the row."""

    datum: Datum
    kind: Sensitivity | None = None
    by: frozenset[str] = frozenset()  # what lists of the record may do by it: filter, order, group


@dataclass(frozen=True)
class WithheldField:
    """The record's own `withheld` list."""


@dataclass(frozen=True)
class EmbeddedField:
    """An object made of columns of the same row; null if `present` has no value."""

    present: Datum
    columns: dict[str, Datum] = field(hash=False, compare=False)  # by the Python names of its fields
    kind: Sensitivity | None = None


@dataclass(frozen=True)
class LookupKey:
    """The argument of a look-up: its type and text, how it finds the record, and why it may find nothing."""

    argument: str
    type: Any
    text: str
    where: Where | None = None  # the condition of a single key; None if there are `columns`
    columns: dict[str, InstrumentedAttribute[Any]] = field(default_factory=dict)  # those of several keys, by key
    absent: Absent | None = None
    convert: Callable[[Any], Any] | None = None  # the value of a single key in the form in which it is stored


@dataclass(frozen=True)
class Asked:
    """The arguments of a field that is an `Answer`, by name → type, and the question that they make, as JSON."""

    arguments: dict[str, Any] = field(hash=False, compare=False)
    question: Callable[[dict[str, Any]], str]
    keeps: bool = True  # its answer is kept when its id is asked for


@dataclass(frozen=True)
class RelatedField:
    """Records of `source`: one, a plain list, or a connection; `kind` guards their mere existence.

    `ability` is needed too, if there is one.  `columns` says which datum each field of a value without a noun shows, by
    Python names."""

    how: Literal["one", "list", "connection"]
    source: Source
    order: tuple[Order, ...] = ()
    kind: Sensitivity | None = None
    when: Where | None = None  # of the parent; null if it does not hold
    limit: int = LONGEST_LIST
    key: LookupKey | None = None
    ability: Ability | None = None
    columns: dict[str, Datum] = field(default_factory=dict, hash=False, compare=False)
    since: Callable[[str], Where] | None = None  # the condition that the argument `sinceRev` makes
    asked: Asked | None = None
    order_of: Callable[[str], Datum] | None = None  # what a connection is sorted by that is ordered by an indicator


@dataclass(frozen=True)
class UnionField:
    """The record of one of these faces whose id `link` leads to."""

    link: To
    faces: tuple[type[Any], ...]
    kind: Sensitivity


@dataclass(frozen=True)
class ValueField:
    """Part of a payload, or of a value type, where the embedding field says which column it is.

    `most` is the greatest length of a payload's list that shows records."""

    most: int | None = None


@dataclass(frozen=True)
class PayloadRecord:
    """The changed record of a payload."""


@dataclass(frozen=True)
class NodeField:
    """A record of any type, by its id."""


def shape_of(field: GraphQLField | None) -> Any:
    """The shape of a field of the schema; None for one of GraphQL's own."""
    declared = None if field is None else definition_of(field)
    return None if declared is None else declared.metadata["shape"]
