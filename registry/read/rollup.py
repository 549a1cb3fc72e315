"""Counts of regions below regions, counted once: a query from a province down to its villages asks the same rows at
every level, so they are counted by village and summed upward, and each region looks its sum up.

Rule: only bare lists (no filter, no search) on the way down are looked up, so a looked-up count is the list's own.
Tests: tests/test_scope.py, tests/test_differential.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.codes import RegionLevel
from registry.models.noun import By, Noun, const, table_of
from registry.models.region import Region, under
from registry.read.context import ReadContext
from registry.read.query import Object, Page, Source, Total


def is_down(source: Source) -> bool:
    """The regions just below a region."""
    return source.noun is Region and source.link == By("parent_id")


def is_bare(source: Source) -> bool:
    """All records in a region."""
    return source.link is under and not source.where


def counted_below(node: Object) -> list[type[Noun]]:
    """The nouns whose bare lists are counted in regions below the rows of this object."""
    found: dict[type[Noun], None] = {}
    for below in _down(node):
        found.update(dict.fromkeys(_counted(below)))
        found.update(dict.fromkeys(counted_below(below)))
    return list(found)


def _pages(node: Object) -> Iterator[Page]:
    return (part for _, parts in node.kinds for part in parts if isinstance(part, Page))


def _down(node: Object) -> Iterator[Object]:
    return (below for page in _pages(node) if is_down(page.source) for below in page.objects())


def _counted(node: Object) -> Iterator[type[Noun]]:
    for page in _pages(node):
        noun = page.source.noun
        if is_bare(page.source) and issubclass(noun, Noun) and any(isinstance(part, Total) for part in page.parts):
            yield noun


def subtotal(compiler: ReadContext, noun: type[Noun], region: sa.FromClause) -> sa.ColumnElement[Any]:
    """Code → count of all regions in this one, as a JSON object."""
    row = table_of(noun).alias(compiler.name("t"))
    rows = sa.select(row.c.area, sa.func.count().label("n")).where(under(region, row), row.c.archived_at.is_(None))
    village = rows.group_by(row.c.area).correlate(region).subquery(compiler.name("v"))
    parts = [sa.func.split_part(village.c.area, const("."), const(n)) for n in range(1, len(RegionLevel) + 1)]
    code = sa.func.concat_ws(const("."), *parts).label("code")  # a level's lower parts are null
    summed = sa.select(code, sa.func.sum(village.c.n).label("n")).group_by(sa.func.rollup(*parts))
    region_ = summed.correlate(region).subquery(compiler.name("r"))
    made = sa.select(sa.func.jsonb_object_agg(region_.c.code, region_.c.n, type_=JSONB()))
    return made.correlate(region).scalar_subquery()


def looked_up(tallied: sa.ColumnElement[Any], region: sa.FromClause) -> sa.ColumnElement[Any]:
    """The count of a region in a tally that covers it."""
    return sa.func.coalesce(sa.cast(tallied.op("->>")(region.c.code), sa.Integer()), const(0))
