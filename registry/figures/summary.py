"""Figures (the Minister's sentence): what the verified ledger counts, for a region or the country.

Rule: the same field is the same number for everybody.  Of a region, a figure is shown to callers that hold its class in
all of it, and coverage to all others.  Of the country, every figure is shown, except to callers without its class where
it, or what is left of its whole, is 1 to 4.  Callers that read figures before and after a verification see what it
changed; that stays open until figures are published in batches.  Test: tests/test_figures.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array

from auth.area import COUNTRY
from auth.principal import area_setting
from auth.sensitivity import Sensitivity
from registry.models.fact import Derived, Fact, StatementContext
from registry.models.noun import C_TEXT, TableFunction, camel, const
from registry.read.grouping import label_of

OPEN, OPERATIONAL, PERSONAL = Sensitivity.OPEN, Sensitivity.OPERATIONAL, Sensitivity.PERSONAL
SMALLEST = 5
"""Smaller counts are suppressed (k = 5, the usual default of official statistics), except zero."""

_COUNTS: dict[str, tuple[Sensitivity, str, str]] = {
    "provinces": (OPEN, "Jumlah provinsi", "Provinces with an enrolled village"),
    "regencies": (OPEN, "Jumlah kabupaten dan kota", "Regencies with an enrolled village"),
    "districts": (OPEN, "Jumlah kecamatan", "Districts with an enrolled village"),
    "villages": (OPEN, "Jumlah desa", "Villages enrolled and active"),
    "villages_reporting": (OPEN, "Desa yang melapor", "Villages with a verified update in the last 180 days"),
    "households": (OPERATIONAL, "Jumlah rumah tangga", "Verified households"),
    "persons": (OPERATIONAL, "Jumlah orang", "All members of those households"),
    "prospective": (PERSONAL, "Calon PMI", "Persons whose latest episode is PROSPECTIVE"),
    "working_abroad": (PERSONAL, "PMI aktif", "Persons whose latest episode is WORKING_ABROAD"),
    "returned": (PERSONAL, "Purna PMI", "Persons whose latest episode is RETURNED"),
    "households_with_business": (OPERATIONAL, "Rumah tangga berusaha", "Households with a running business"),
    "businesses": (OPERATIONAL, "Unit usaha", "Running business units"),
    "export_ready": (OPERATIONAL, "Layak ekspor", "Running business units that are READY or EXPORTING"),
}


BREAKDOWNS = ("businesses_by_field", "export_ready_by_field")
CLASSES: dict[str, Sensitivity] = {name: kind for name, (kind, _, _) in _COUNTS.items()}


class Summary(TableFunction):
    """One row: the figures of the parent region, or of the country."""

    row_sensitivity = OPEN

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        # registry.figures(t$1.code, t$1.code || '/') AS t$2: all codes from the first to before the second
        if parent is None:
            first, end = const(COUNTRY), const(":")
        else:
            first, end = parent.c.code, parent.c.code + const("/")
        columns: list[Any] = [sa.column("area", sa.Text())]
        columns += [sa.column(name, sa.Integer()) for name in _COUNTS]
        columns += [sa.column(name, JSONB()) for name in BREAKDOWNS]
        columns += [sa.column("cut_off", sa.DateTime(timezone=True)), sa.column("region_version", sa.Text())]
        return sa.func.registry.figures(first, end).table_valued(*columns, name=name)


WHOLES = {
    "prospective": "persons",
    "working_abroad": "persons",
    "returned": "persons",
    "households_with_business": "households",
    "export_ready": "businesses",
    "businesses_by_field": "businesses",
    "export_ready_by_field": "export_ready",
}
"""Figure → the figure that it is part of."""


def _bar(column: str, wholes: str | None = None) -> type[TableFunction]:
    """The rows of one breakdown: [code, count, area] of each bar, and whether callers without the class may not see it.

    `wholes` is the breakdown of which each bar is a part."""

    class Bars(TableFunction):
        row_sensitivity = OPEN

        @staticmethod
        def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
            assert parent is not None
            whole = sa.cast(sa.null(), JSONB()) if wholes is None else parent.c[wholes]
            bars = sa.func.registry.bars(parent.c[column], parent.c[WHOLES[column]], whole)
            return bars.table_valued(sa.column("value", JSONB()), sa.column("hidden", sa.Boolean()), name=name)

    return Bars


BusinessesByField = _bar("businesses_by_field")
ExportReadyByField = _bar("export_ready_by_field", "businesses_by_field")


def _holds(area: sa.ColumnElement[Any], kind: Sensitivity, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """The caller holds the class in the whole area."""
    return sa.func.coalesce(area.op("<@")(ctx.areas(area_setting(kind))), sa.false())


def _large(count: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.or_(count == const(0), count >= const(SMALLEST))


def _safe(row: sa.FromClause, name: str) -> sa.ColumnElement[bool]:
    """A figure of the country, if neither it nor what is left of its whole points to few people."""
    # t$1.area = '0' AND (t$1.returned = 0 OR t$1.returned >= 5) AND (t$1.persons - t$1.returned = 0 OR … >= 5)
    count, whole = row.c[name], WHOLES.get(name)
    safe = _large(count) if whole is None else sa.and_(_large(count), _large(row.c[whole] - count))
    return sa.and_(row.c.area == const(COUNTRY), safe)


def _shown(row: sa.FromClause, name: str, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Whether a figure is shown to the caller; a breakdown is shown where its sum is."""
    if name in BREAKDOWNS:
        return sa.or_(_holds(row.c.area, OPERATIONAL, ctx), _safe(row, WHOLES[name]))
    kind = CLASSES[name]
    return sa.or_(_holds(row.c.area, kind, ctx), _safe(row, name))


def _figure(name: str) -> Derived[int]:
    kind, label_id, label_en = _COUNTS[name]

    def expression(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        value = row.c[name]
        if kind is OPEN:
            return value
        return sa.case((_shown(row, name, ctx), value), else_=sa.null())

    # Here the class suppresses and does not withhold, so the fact is OPEN for the engine's own mask.
    return Derived(name, Fact(OPEN, label_id, label_en, server=True), expression, sa.Integer())


FIGURES: dict[str, Derived[int]] = {name: _figure(name) for name in _COUNTS}


def _open(name: str, type_: sa.types.TypeEngine[Any], label_id: str, label_en: str, expression: Any) -> Derived[Any]:
    return Derived(name, Fact(OPEN, label_id, label_en, server=True), expression, type_)


def _suppressed(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # array_remove(ARRAY[CASE WHEN (… is shown …) THEN NULL ELSE 'households' END, …], NULL)
    figures = [name for name, kind in CLASSES.items() if kind is not OPEN]
    shown = {name: _shown(row, name, ctx) for name in (*figures, *BREAKDOWNS)}
    names = [sa.case((is_shown, sa.null()), else_=const(camel(name))) for name, is_shown in shown.items()]
    return sa.func.array_remove(sa.cast(array(names), ARRAY(sa.Text())), sa.null(), type_=ARRAY(sa.Text()))


def _id(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # CAST(md5(t$1.area || '|' || CAST(CURRENT_DATE AS TEXT)) AS UUID)
    day = sa.cast(sa.func.current_date(), sa.Text())
    return sa.cast(sa.func.md5(row.c.area + const("|") + day), sa.Uuid())


identity: Derived[uuid.UUID] = _open("id", sa.Uuid(), "Id", "Id of these figures on this day", _id)
cut_off: Derived[dt.datetime] = _open(
    "cut_off",
    sa.DateTime(timezone=True),
    "Data sampai",
    "Time up to which the data are complete",
    lambda row, ctx: row.c.cut_off,
)
region_version: Derived[str] = _open(
    "region_version", sa.Text(), "Versi wilayah", "Decree of the region list", lambda row, ctx: row.c.region_version
)
withheld: Derived[list[str]] = _open(
    "withheld", ARRAY(sa.Text()), "Disembunyikan", "Figures that are null because they are suppressed", _suppressed
)


def of_region(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: always true, because the function's arguments name the region."""
    return sa.true()


def region_of(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: the region that the figures describe; none for the country."""
    return sa.and_(child.c.code == parent.c.area, child.c.valid_to.is_(None))


@dataclass(frozen=True)
class Shown:
    """Named condition: these figures show the caller a breakdown."""

    name: str

    def __call__(self, row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
        return _shown(row, self.name, ctx)


def _bar_part(at: int, type_: Any) -> Any:
    return lambda row: sa.cast(row.c.value.op("->>")(const(at)), type_)


def _bar_shown(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    return sa.or_(_holds(_area(row), OPERATIONAL, ctx), sa.not_(row.c.hidden))


_code, _count, _area = _bar_part(0, sa.Text()), _bar_part(1, sa.Integer()), _bar_part(2, sa.Text())


def _label(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(label_of("BUSINESS_FIELD")(_code(row), ctx), _code(row))


bar_key: Derived[str] = _open("key", C_TEXT, "Kunci", "Key", lambda row, ctx: _code(row))
bar_label: Derived[str] = _open("label", sa.Text(), "Label", "Key in words", _label)
bar_count: Derived[int | None] = _open(
    "count",
    sa.Integer(),
    "Jumlah",
    "Count; null when suppressed",
    lambda row, ctx: sa.case((_bar_shown(row, ctx), _count(row)), else_=sa.null()),
)
bar_suppressed: Derived[bool] = _open(
    "suppressed",
    sa.Boolean(),
    "Disembunyikan",
    "Whether the count is suppressed",
    lambda row, ctx: sa.not_(_bar_shown(row, ctx)),
)
