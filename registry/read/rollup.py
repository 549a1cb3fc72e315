"""Counts of regions below regions, counted once.

A query from a province down to its villages reads the same rows at every level, so they are counted by village and
summed upward, and each region looks up its sum.

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
    """Whether the rows are the regions just below a region."""
    return source.noun is Region and source.link == By("parent_id")


def is_bare(source: Source) -> bool:
    """Whether the rows are all records in a region."""
    return source.link is under and not source.where


def counted_below(node: Object) -> list[type[Noun]]:
    """The nouns whose bare lists are counted in regions below the rows of this object."""
    nouns: dict[type[Noun], None] = {}
    for region in _regions_below(node):
        nouns.update(dict.fromkeys(_counted(region)))
        nouns.update(dict.fromkeys(counted_below(region)))
    return list(nouns)


def _pages(node: Object) -> Iterator[Page]:
    for _, parts in node.kinds:
        for part in parts:
            if isinstance(part, Page):
                yield part


def _regions_below(node: Object) -> Iterator[Object]:
    for page in _pages(node):
        if is_down(page.source):
            yield from page.objects()


def _counted(node: Object) -> Iterator[type[Noun]]:
    for page in _pages(node):
        noun = page.source.noun
        if is_bare(page.source) and issubclass(noun, Noun) and any(isinstance(part, Total) for part in page.parts):
            yield noun


def subtotal(ctx: ReadContext, noun: type[Noun], region: sa.FromClause) -> sa.ColumnElement[Any]:
    """Code → count of all regions in this one, as a JSON object."""
    # SELECT jsonb_object_agg(r$4.code, r$4.n)
    # FROM (SELECT concat_ws('.', split_part(v$3.area, '.', 1), …) AS code, sum(v$3.n) AS n
    #       FROM (SELECT t$2.area, count(*) AS n FROM registry.household AS t$2 WHERE … GROUP BY t$2.area) AS v$3
    #       GROUP BY ROLLUP(split_part(v$3.area, '.', 1), …)) AS r$4
    row = table_of(noun).alias(ctx.name("t"))
    counts = sa.select(row.c.area, sa.func.count().label("n")).where(under(region, row), row.c.archived_at.is_(None))
    by_village = counts.group_by(row.c.area).correlate(region).subquery(ctx.name("v"))
    levels = range(1, len(RegionLevel) + 1)
    parts = [sa.func.split_part(by_village.c.area, const("."), const(level)) for level in levels]
    code = sa.func.concat_ws(const("."), *parts).label("code")  # in the sum of a level its lower parts are null
    sums = sa.select(code, sa.func.sum(by_village.c.n).label("n")).group_by(sa.func.rollup(*parts))
    by_region = sums.correlate(region).subquery(ctx.name("r"))
    count_of_code = sa.select(sa.func.jsonb_object_agg(by_region.c.code, by_region.c.n, type_=JSONB()))
    return count_of_code.correlate(region).scalar_subquery()


def looked_up(subtotal: sa.ColumnElement[Any], region: sa.FromClause) -> sa.ColumnElement[Any]:
    """The count of a region in a subtotal that covers it."""
    return sa.func.coalesce(sa.cast(subtotal.op("->>")(region.c.code), sa.Integer()), const(0))
