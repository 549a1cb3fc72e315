"""Small pieces of SQL that the compiler is made of."""

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
    """The forms on the wire that differ from PostgreSQL's own."""
    if isinstance(type_, sa.DateTime):
        return sa.func.to_char(sa.func.timezone(const("UTC"), value), UTC_MILLISECONDS)
    if isinstance(type_, sa.Numeric) and not isinstance(type_, sa.Float):
        return sa.cast(value, sa.Text())
    return value


def type_of(datum: Datum) -> sa.types.TypeEngine[Any]:
    return datum.type if isinstance(datum, Derived) else datum.expression.type


def areas_of(codes: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The areas of regions; today's codes are looked up here, others by a function that knows history and refuses."""
    region = table_of(Region).alias("r$")
    span = sa.func.registry.area_range(region.c.code, region.c.code + const("/"))
    all_today = sa.func.count() == sa.func.cardinality(codes)
    found = sa.case((all_today, sa.func.range_agg(span)), else_=sa.func.registry.areas_of(codes))
    named = region.c.code == sa.any_(codes)
    return sa.select(found).where(named, region.c.valid_to.is_(None)).scalar_subquery()


def village_of(code: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Today's code of a village; today's is looked up here, others by a function that knows history and refuses."""
    region = table_of(Region).alias("r$")
    found = sa.select(region.c.code).where(region.c.code == code, region.c.valid_to.is_(None)).scalar_subquery()
    return sa.func.coalesce(found, sa.func.registry.village_of(code))
