"""Shapes: what the read engine makes of a declared field.

Rule: every field that is not GraphQL's own has one.  Tests: tests/test_schema.py, tests/test_masks.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from graphql import GraphQLField
from sqlalchemy.orm import InstrumentedAttribute

from auth.sensitivity import Sensitivity
from registry.read.query import Datum, Order, Source, Where
from registry.read.run import Caller
from registry.store.db import Database
from schema.declare.strawberry_internals import definition_of

Absent = Callable[[Database, Caller, dict[str, Any]], Awaitable[Exception | None]]
"""Asks why a look-up with these arguments found nothing, and answers the error to raise."""


@dataclass(frozen=True)
class ColumnField:
    """A datum of the row."""

    datum: Datum
    kind: Sensitivity | None = None
    by: frozenset[str] = frozenset()  # how lists of the record may be asked: filter, order, group


@dataclass(frozen=True)
class WithheldField:
    """The record's own `withheld` list."""


@dataclass(frozen=True)
class EmbeddedField:
    """An object made of columns of the same row, null where `present` has no value."""

    present: Datum
    columns: dict[str, Datum] = field(hash=False, compare=False)
    kind: Sensitivity | None = None


@dataclass(frozen=True)
class LookupKey:
    """The argument of a look-up: its type and text, what it means, and why it may find nothing."""

    argument: str
    type: Any
    text: str
    where: Where | None = None
    columns: dict[str, InstrumentedAttribute[Any]] = field(default_factory=dict)  # of one of several keys, by its name
    absent: Absent | None = None


@dataclass(frozen=True)
class RelatedField:
    """Records of `source`: one, a plain list, or a connection; `kind` guards their mere existence."""

    how: Literal["one", "list", "connection"]
    source: Source
    order: tuple[Order, ...] = ()
    kind: Sensitivity | None = None
    when: Where | None = None
    limit: int = 50
    key: LookupKey | None = None


@dataclass(frozen=True)
class ValueField:
    """Part of a value type, whose embedding field says which column it is, or of a payload.

    `most` is the greatest length of a payload's list that shows records."""

    most: int | None = None


@dataclass(frozen=True)
class PayloadRecord:
    """The changed record of a payload."""


@dataclass(frozen=True)
class NodeField:
    """A record of any type, by its id."""


def shape_of(made: GraphQLField | None) -> Any:
    """The shape of a field of the schema; None for one of GraphQL's own."""
    declared = None if made is None else definition_of(made)
    return None if declared is None else declared.metadata["shape"]
