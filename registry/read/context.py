"""The context of the parts of a statement: what they can request from the statement that they become parts of.

Rule: lists, orders and counts know this protocol and not the compiler, which knows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import sqlalchemy as sa

from registry.models.noun import Readable
from registry.read.query import ConditionContext, Datum, Object, Source
from registry.read.visibility import Visibility

Subtotals = Mapping[Any, sa.ColumnElement[Any]]
"""Noun → the counts of its records in a region and in each one below, by code."""


class ReadContext(ConditionContext, Protocol):
    """The statement that is being compiled."""

    visibility: Visibility
    """What its callers see."""
    subtotals: Subtotals
    """Counts for the regions below the current row, counted once."""
    outer: sa.FromClause | None
    """The row that holds the subtotals."""

    def name(self, letter: str) -> str:
        """A new name for a subquery."""

    def as_visible(self, row: sa.FromClause, noun: Readable, datum: Datum) -> sa.ColumnElement[Any]:
        """The datum as this caller may know it."""

    def rows(self, source: Source, parent: sa.FromClause | None) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
        """The table of a source, and the conditions on its rows."""

    def inside(self, select: sa.Select[Any], *around: sa.FromClause | None) -> sa.Select[Any]:
        """The SELECT as part of the rows around it; SQLAlchemy would add any other row to its FROM."""

    def with_subtotals(
        self, outer: sa.FromClause | None = None, subtotals: Subtotals | None = None
    ) -> AbstractContextManager[None]:
        """What is compiled here lies below `outer`, which holds these subtotals, or none."""

    def item(self, row: sa.FromClause, noun: Readable, node: Object) -> tuple[sa.Select[Any], str | None]:
        """A SELECT without FROM that makes an object of the row: all its columns, or only the named one."""

    def json(self, row: sa.FromClause, noun: Readable, node: Object) -> sa.ColumnElement[Any]:
        """The object of the row as JSON."""
