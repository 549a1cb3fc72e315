"""Figures (the Minister's sentence): what the verified ledger counts, for a region or the country.

Rule: which number a caller gets, the live count or what is published, is decided in the database function that counts
(registry/guard/counted.py); here are only names and words.  Tests: tests/test_figures.py, tests/test_summary.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array

from auth.ability import Ability
from auth.area import COUNTRY
from auth.principal import SETTING_OF, area_setting
from auth.sensitivity import Sensitivity
from registry.codes import WorkflowState, list_name
from registry.models.fact import Derived, Fact, StatementContext
from registry.models.household import HOUSEHOLD
from registry.models.noun import C_TEXT, TableFunction, camel, const
from registry.read.grouping import label_of

OPEN, OPERATIONAL = Sensitivity.OPEN, Sensitivity.OPERATIONAL
PERSONAL, SPECIAL = Sensitivity.PERSONAL, Sensitivity.SPECIAL

_COUNTS: dict[str, tuple[Sensitivity, str, str]] = {
    "provinces": (OPEN, "Jumlah provinsi", "Provinces with an enrolled village"),
    "regencies": (OPEN, "Jumlah kabupaten dan kota", "Regencies with an enrolled village"),
    "districts": (OPEN, "Jumlah kecamatan", "Districts with an enrolled village"),
    "villages": (OPEN, "Jumlah desa", "Villages enrolled and active"),
    "villages_reporting": (
        OPEN,
        "Desa yang melapor",
        "Villages with a verified update in the last 180 days; outside your area, those whose published numbers moved",
    ),
    "households": (OPERATIONAL, "Jumlah rumah tangga", "Verified households"),
    "persons": (OPERATIONAL, "Jumlah orang", "All members of those households"),
    "prospective": (PERSONAL, "Calon PMI", "Persons whose latest episode is PROSPECTIVE"),
    "working_abroad": (PERSONAL, "PMI aktif", "Persons whose latest episode is WORKING_ABROAD"),
    "returned": (PERSONAL, "Purna PMI", "Persons whose latest episode is RETURNED"),
    "children_left_behind": (SPECIAL, "Anak yang ditinggalkan", "Children under 18 of whom a parent is abroad"),
    "households_with_business": (OPERATIONAL, "Rumah tangga berusaha", "Households with a running business"),
    "returned_with_business": (PERSONAL, "Purna PMI berusaha", "Returned persons who own a running business"),
    "businesses": (OPERATIONAL, "Unit usaha", "Running business units"),
    "export_ready": (OPERATIONAL, "Layak ekspor", "Running business units that are READY or EXPORTING"),
}
CLASSES: dict[str, Sensitivity] = {name: kind for name, (kind, _, _) in _COUNTS.items()}
TOTALS = {"businesses_by_field": "businesses", "export_ready_by_field": "export_ready"}
"""List by field → the figure that it adds up to."""
STATES = "households_by_state"
LIVE_APART = "children_left_behind"
"""The figure whose live count is a database function of its own."""
_SIGHTS = (OPERATIONAL, PERSONAL, SPECIAL)
"""The classes of the figures, each a column that says whether they are exact here."""


class Summary(TableFunction):
    """One row: the figures of the parent region, or of the country."""

    row_sensitivity = OPEN

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        # registry.figures(t$1.code) AS t$2
        place = const(COUNTRY) if parent is None else parent.c.code
        columns: list[Any] = [sa.column("area", sa.Text())]
        columns += [sa.column(name, sa.Integer()) for name in _COUNTS]
        columns += [sa.column(name, JSONB()) for name in TOTALS]
        columns += [sa.column(area_setting(kind), sa.Boolean()) for kind in _SIGHTS]
        columns += [sa.column("margin", sa.Integer()), sa.column("cut_off", sa.DateTime(timezone=True))]
        columns += [sa.column("region_version", sa.Text())]
        return sa.func.registry.figures(place).table_valued(*columns, name=name)


def _bars(column: str) -> type[TableFunction]:
    """The rows of one list by field: `value` is [code, count, whether it is exact, its margin]."""

    class Bars(TableFunction):
        row_sensitivity = OPEN

        @staticmethod
        def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
            assert parent is not None
            return sa.func.jsonb_array_elements(parent.c[column]).table_valued(sa.column("value", JSONB()), name=name)

    return Bars


BusinessesByField = _bars("businesses_by_field")
ExportReadyByField = _bars("export_ready_by_field")


class HouseholdsByState(TableFunction):
    """The households that the caller reads in the region, from SUBMITTED on, by the state of their newest revision."""

    row_sensitivity = OPERATIONAL

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        # (SELECT jsonb_build_array(h$.workflow_state, count(*), true, 0) AS value FROM registry.household AS h$
        #  WHERE h$.area >= t$2.area AND h$.area < (CASE …) AND NOT h$.draft … GROUP BY h$.workflow_state) AS t$3
        assert parent is not None
        household, place = HOUSEHOLD.alias("h$"), parent.c.area
        below = sa.case((place == const(COUNTRY), const(":")), else_=place + const("/"))
        value = sa.func.jsonb_build_array(household.c.workflow_state, sa.func.count(), sa.true(), const(0))
        counted = sa.select(value.label("value")).where(
            household.c.area >= place,
            household.c.area < below,
            household.c.workflow_state != const(WorkflowState.DRAFT.value),
            household.c.archived_at.is_(None),
        )
        return counted.group_by(household.c.workflow_state).lateral(name)


def _sighted(ctx: StatementContext) -> None:
    """Let the statement set where the caller sees which class, because the function that counts reads it."""
    for setting in (*map(area_setting, _SIGHTS), SETTING_OF[Ability.FIGURE_EXACT]):
        ctx.areas(setting)


def _sees(row: sa.FromClause, name: str) -> sa.ColumnElement[bool]:
    """The caller sees the figure exactly here."""
    column: sa.ColumnElement[bool] = row.c[area_setting(CLASSES[TOTALS.get(name, name)])]
    return column


def _value(row: sa.FromClause, name: str) -> sa.ColumnElement[Any]:
    # CASE WHEN t$1.special THEN registry.children_left_behind(t$1.area) ELSE t$1.children_left_behind END
    column: sa.ColumnElement[Any] = row.c[name]
    if name != LIVE_APART:
        return column
    live = sa.func.registry.children_left_behind(row.c.area, type_=sa.Integer())
    counted: sa.ColumnElement[Any] = sa.case((_sees(row, name), live), else_=column)
    return counted


def _figure(name: str) -> Derived[int]:
    _, label_id, label_en = _COUNTS[name]

    def expression(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        _sighted(ctx)
        return _value(row, name)

    # Here the class decides which number is shown and withholds none, so the fact is OPEN for the engine's own mask.
    return Derived(name, Fact(OPEN, label_id, label_en, server=True), expression, sa.Integer())


FIGURES: dict[str, Derived[int]] = {name: _figure(name) for name in _COUNTS}


def _open(name: str, type_: sa.types.TypeEngine[Any], label_id: str, label_en: str, expression: Any) -> Derived[Any]:
    def with_sight(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        _sighted(ctx)
        value: sa.ColumnElement[Any] = expression(row, ctx)
        return value

    return Derived(name, Fact(OPEN, label_id, label_en, server=True), with_sight, type_)


_NAMED = (*(name for name, kind in CLASSES.items() if kind is not OPEN), *TOTALS)
"""What may be withheld, or exact or published."""


def _names(row: sa.FromClause, tests: dict[str, sa.ColumnElement[bool]]) -> sa.ColumnElement[Any]:
    # array_remove(ARRAY[CASE WHEN … THEN 'households' END, …], NULL)
    names = [sa.case((test, const(camel(name))), else_=sa.null()) for name, test in tests.items()]
    return sa.func.array_remove(sa.cast(array(names), ARRAY(sa.Text())), sa.null(), type_=ARRAY(sa.Text()))


def _withheld(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    missing: dict[str, sa.ColumnElement[bool]] = {name: row.c[name].is_(None) for name in _NAMED}
    missing[LIVE_APART] = sa.and_(row.c[LIVE_APART].is_(None), sa.not_(_sees(row, LIVE_APART)))
    return _names(row, missing | {STATES: sa.not_(_is_own(row, ctx))})


def _exact(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    is_country = row.c.area == const(COUNTRY)
    tests: dict[str, sa.ColumnElement[bool]] = {}
    for name in _NAMED:
        of_headline = sa.and_(is_country, row.c[name].is_not(None))
        tests[name] = sa.or_(_sees(row, name), of_headline) if name in HEADLINE_NAMES else _sees(row, name)
    return _names(row, tests | {STATES: _is_own(row, ctx)})


HEADLINE_NAMES = frozenset(_NAMED) - {LIVE_APART, "returned_with_business"}
"""What is exact for everybody of the country, as of its last close."""


def _id(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # CAST(md5(t$1.area || '|' || CAST(CURRENT_DATE AS TEXT)) AS UUID)
    day = sa.cast(sa.func.current_date(), sa.Text())
    return sa.cast(sa.func.md5(row.c.area + const("|") + day), sa.Uuid())


identity: Derived[uuid.UUID] = _open("id", sa.Uuid(), "Id", "Id of these figures on this day", _id)
cut_off: Derived[dt.datetime] = _open(
    "cut_off",
    sa.DateTime(timezone=True),
    "Data sampai",
    "Time up to which the data are complete: now where all is exact, else the oldest close of what is published",
    lambda row, ctx: row.c.cut_off,
)
region_version: Derived[str] = _open(
    "region_version", sa.Text(), "Versi wilayah", "Decree of the region list", lambda row, ctx: row.c.region_version
)
withheld: Derived[list[str]] = _open(
    "withheld", ARRAY(sa.Text()), "Tidak ditampilkan", "Figures that are null: too small to be published", _withheld
)
exact: Derived[list[str]] = _open(
    "exact", ARRAY(sa.Text()), "Angka persis", "Figures that are exact here; the others are published numbers", _exact
)
margin: Derived[int] = _open(
    "margin",
    sa.Integer(),
    "Selisih",
    "How far each published number may be from the truth",
    lambda row, ctx: row.c.margin,
)


def of_region(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: always true, because the function's arguments name the region."""
    return sa.true()


def region_of(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: the region that the figures describe; none for the country."""
    return sa.and_(child.c.code == parent.c.area, child.c.valid_to.is_(None))


def has_businesses(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: business units are shown, and so are their fields."""
    _sighted(ctx)
    return row.c.businesses_by_field.is_not(None)


def has_export_ready(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: export-ready units are shown, and so are their fields."""
    _sighted(ctx)
    return row.c.export_ready_by_field.is_not(None)


def _is_own(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(
        row.c.area.bool_op("<@")(ctx.areas(area_setting(OPERATIONAL))), sa.false(), type_=sa.Boolean()
    )


def is_own(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: the caller reads the records of the whole region."""
    _sighted(ctx)
    return _is_own(row, ctx)


def _part(at: int, type_: Any) -> Any:
    return lambda row: sa.cast(row.c.value.op("->>")(const(at)), type_)


_code, _count, _is_exact, _margin = (
    _part(0, sa.Text()),
    _part(1, sa.Integer()),
    _part(2, sa.Boolean()),
    _part(3, sa.Integer()),
)


def _label(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    labels = [label_of(name)(_code(row), ctx) for name in ("BUSINESS_FIELD", list_name(WorkflowState.__name__))]
    return sa.func.coalesce(*labels, _code(row))


bar_key: Derived[str] = _open("key", C_TEXT, "Kunci", "Key", lambda row, ctx: _code(row))
bar_label: Derived[str] = _open("label", sa.Text(), "Label", "Key in words", _label)
bar_count: Derived[int | None] = _open(
    "count", sa.Integer(), "Jumlah", "Count; null when suppressed", lambda row, ctx: _count(row)
)
bar_suppressed: Derived[bool] = _open(
    "suppressed",
    sa.Boolean(),
    "Disembunyikan",
    "Whether the count is suppressed",
    lambda row, ctx: _count(row).is_(None),
)
bar_exact: Derived[bool] = _open(
    "exact",
    sa.Boolean(),
    "Angka persis",
    "Whether it is a count and no published number",
    lambda row, ctx: _is_exact(row),
)
bar_margin: Derived[int] = _open(
    "margin",
    sa.Integer(),
    "Selisih",
    "How far a published number may be from the truth; 0 when exact",
    lambda row, ctx: _margin(row),
)
