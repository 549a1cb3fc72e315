"""Query trees: what a caller requests of nouns, without GraphQL.  The schema writes them, the read engine compiles
them.

Rule: a query tree holds no value of a caller, only names of arguments, so equal query trees are one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from auth.sensitivity import Sensitivity
from registry.models.fact import Derived, StatementContext
from registry.models.noun import Link, Readable
from registry.read.grouping import Grouping
from registry.values.bounds import LONGEST_LIST

Datum = InstrumentedAttribute[Any] | Derived[Any]


class ConditionContext(StatementContext, Protocol):
    """What a condition can request from the statement that it becomes part of."""

    def regions(self, argument: str) -> str:
        """The setting that holds the areas of regions; the argument lists their codes."""

    def visible(self, row: sa.FromClause, noun: Readable, kind: Sensitivity) -> sa.ColumnElement[bool] | bool:
        """Where the caller sees a class of this row: always, never, or a test of the row."""

    def search_terms(self, argument: str, of: str) -> sa.ColumnElement[Any]:
        """The terms by which a text is searched (registry/models/search.py)."""

    def village(self, argument: str) -> sa.ColumnElement[Any]:
        """Today's code of a village; the argument is its code of any year."""

    def related(self, row: sa.FromClause, noun: Readable, link: Link, condition: Where) -> sa.ColumnElement[bool]:
        """Whether the row has a related record for which the condition holds."""


Where = Callable[[sa.FromClause, ConditionContext], sa.ColumnElement[bool]]


@dataclass(frozen=True)
class Equals:
    """`column` holds the value of an argument."""

    column: str
    argument: str

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        column = row.c[self.column]
        return column == ctx.argument(self.argument, column.type)


@dataclass(frozen=True)
class Source:
    """Where rows come from: a noun, the link from their parent, named conditions, and what a function is asked."""

    noun: Readable
    link: Link | None = None
    where: tuple[Where, ...] = ()
    question: str | None = None
    """The argument that an `Answer` answers."""


@dataclass(frozen=True)
class Order:
    """One sort key; ties are broken by id, nulls come last."""

    datum: Datum
    descending: bool = False


@dataclass(frozen=True)
class Scalar:
    """A datum of the row under its response key."""

    key: str
    datum: Datum


@dataclass(frozen=True)
class Const:
    """A text that is the same for every row, such as `__typename`."""

    key: str
    text: str


@dataclass(frozen=True)
class Null:
    """A field that is null for all callers of the visibility, because they are refused it."""

    key: str


@dataclass(frozen=True)
class Withheld:
    """The names, among `data`, of the fields that the caller may not see in this row."""

    key: str
    data: tuple[tuple[str, Sensitivity], ...]


@dataclass(frozen=True)
class Embed:
    """An object made of columns of the same row; null where `present` is null for the caller."""

    key: str
    present: Datum
    parts: tuple[ObjectPart, ...]
    kind: Sensitivity | None = None  # here and below: null for callers that do not see this class


@dataclass(frozen=True)
class Object:
    """A JSON object; a row of an interface has the parts of its own kind, which the column `discriminator` holds."""

    kinds: tuple[tuple[str | None, tuple[ObjectPart, ...]], ...]
    discriminator: str | None = None


@dataclass(frozen=True)
class One:
    """One related record, or null."""

    key: str
    source: Source
    node: Object
    order: tuple[Order, ...] = ()
    kind: Sensitivity | None = None


@dataclass(frozen=True)
class First:
    """The one of several records that exists: an id belongs to one of them (registry/guard/record_id.py)."""

    key: str
    among: tuple[One, ...]


@dataclass(frozen=True)
class Many:
    """All related records, as a plain list of at most `limit`."""

    key: str
    source: Source
    node: Object
    order: tuple[Order, ...] = ()
    limit: int = LONGEST_LIST
    kind: Sensitivity | None = None
    when: Where | None = None  # a condition of the parent; if it does not hold, the list is null


@dataclass(frozen=True)
class EdgeNode:
    """The record of an edge."""

    key: str
    node: Object


@dataclass(frozen=True)
class Cursor:
    """The cursor of an edge."""

    key: str


@dataclass(frozen=True)
class Nodes:
    """The records of a page."""

    key: str
    node: Object


@dataclass(frozen=True)
class Edges:
    """The records of a page with their cursors."""

    key: str
    parts: tuple[EdgeNode | Cursor | Const, ...]


@dataclass(frozen=True)
class Info:
    """Where a page stands in its list: (response key, a field of PageInfo | constant text)."""

    key: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Total:
    """How many rows the list has."""

    key: str


@dataclass(frozen=True)
class Groups:
    """Counts of the list's rows by one grouping; only rows for which `where` holds as well."""

    key: str
    by: Grouping
    parts: tuple[tuple[str, str], ...]  # (response key, key | label | count | constant text)
    first: str  # argument: how many at most
    where: tuple[Where, ...] = ()


@dataclass(frozen=True)
class Page:
    """A connection: one page of a noun's records in a total order, from its beginning or its end."""

    key: str
    source: Source
    order: tuple[Order, ...]
    parts: tuple[Nodes | Edges | Info | Total | Groups | Const | Null, ...]
    size: str  # argument: how many rows at most
    backward: bool = False
    after: str | None = None  # argument: the keys, as texts, of the row after which the page begins
    before: str | None = None  # argument: the keys of the row before which it ends
    cursor: str = "cursor"  # prefix of the arguments that sign its cursors

    def objects(self) -> Iterator[Object]:
        """What its rows become."""
        for part in self.parts:
            if isinstance(part, Nodes):
                yield part.node
            elif isinstance(part, Edges):
                for edge_part in part.parts:
                    if isinstance(edge_part, EdgeNode):
                        yield edge_part.node


ObjectPart = Scalar | Const | Null | Withheld | Embed | One | First | Many | Page
QueryTree = One | First | Page | Many
