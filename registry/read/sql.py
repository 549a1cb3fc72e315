"""Small pieces of SQL that the read engine builds on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.models.fact import Derived
from registry.models.noun import const, table_of
from registry.models.region import Region
from registry.read.query import Datum

ONE = const(1)
EMPTY: sa.ColumnElement[Any] = sa.literal_column("'[]'::json")
UTC_MILLISECONDS: sa.ColumnElement[Any] = sa.literal_column('\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\'')


def texts(values: tuple[str, ...]) -> sa.ColumnElement[Any]:
    return sa.cast(const("{" + ",".join(values) + "}"), ARRAY(sa.Text()))


def as_json(rows: sa.Subquery) -> sa.ColumnElement[Any]:
    return sa.func.row_to_json(rows.table_valued())


def wire(value: sa.ColumnElement[Any], type_: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """The value in its form on the wire: times in UTC with milliseconds, exact numbers as texts."""
    if isinstance(type_, sa.DateTime):
        return sa.func.to_char(sa.func.timezone(const("UTC"), value), UTC_MILLISECONDS)
    if isinstance(type_, sa.Numeric) and not isinstance(type_, sa.Float):
        return sa.cast(value, sa.Text())
    return value


def type_of(datum: Datum) -> sa.types.TypeEngine[Any]:
    return datum.type if isinstance(datum, Derived) else datum.expression.type


def areas_of(codes: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The areas of regions.  Looks up today's codes here; others go to a function with history, which refuses."""
    # SELECT CASE WHEN (count(*) = cardinality($1)) THEN range_agg(registry.area_range(r$.code, r$.code || '/'))
    #             ELSE registry.areas_of($1) END
    # FROM registry.region AS r$ WHERE r$.code = ANY ($1) AND r$.valid_to IS NULL
    region = table_of(Region).alias("r$")
    span = sa.func.registry.area_range(region.c.code, region.c.code + const("/"))
    all_exist_today = sa.func.count() == sa.func.cardinality(codes)
    areas = sa.case((all_exist_today, sa.func.range_agg(span)), else_=sa.func.registry.areas_of(codes))
    is_listed = region.c.code == sa.any_(codes)
    return sa.select(areas).where(is_listed, region.c.valid_to.is_(None)).scalar_subquery()


def village_of(code: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Today's code of a village.  Looks up today's codes here; others go to a function with history, which refuses."""
    # coalesce((SELECT r$.code FROM registry.region AS r$ WHERE r$.code = $1 AND …), registry.village_of($1))
    region = table_of(Region).alias("r$")
    of_today = sa.select(region.c.code).where(region.c.code == code, region.c.valid_to.is_(None)).scalar_subquery()
    return sa.func.coalesce(of_today, sa.func.registry.village_of(code))
