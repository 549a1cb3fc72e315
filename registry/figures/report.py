"""Monthly report of a village (laporan bulanan): its figures as the records stand, or as they were signed.

Rule: a figure of class PERSONAL is null for callers that do not see that class in the village, and so is the hash, from
which it could be worked out.  What was signed is shown as it was, beside the same figures as they are today.  A month
that has not begun, or is before the programme's first, has no report.  Tests: tests/test_monthly_report.py.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from auth.principal import area_setting
from auth.sensitivity import Sensitivity
from registry.codes import IndicatorName, list_name
from registry.figures.report_rows import REPORT_ROWS, counted, ends_at
from registry.models.fact import Derived, Fact, PartialDate, StatementContext
from registry.models.noun import C_TEXT, TableFunction, const, is_one
from registry.models.signed_report import SIGNED_REPORT
from registry.read.grouping import label_of
from registry.values.bounds import NAME, Bounds
from registry.values.civil_day import CAPITAL, NOW_IN_CAPITAL

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL
FIRST_MONTH = "2017-10"
"""The programme's officers have recorded since October 2017."""
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_KEPT = ("signer_id", "signer_name", "signer_role", "signed_at", "sha256", "rows")


def is_month(text: str) -> bool:
    """Whether a partial date is a month: neither a year nor a day."""
    return _MONTH.fullmatch(text) is not None


def last_month() -> str:
    """The newest month that has ended in the capital."""
    first_day = dt.datetime.now(CAPITAL).date().replace(day=1)
    return (first_day - dt.timedelta(days=1)).isoformat()[:7]


class Report(TableFunction):
    """The reports of the parent village, one a month; without a parent, those that are signed."""

    row_sensitivity = OPERATIONAL

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        signed = SIGNED_REPORT.alias("s$")
        kept: list[Any] = [signed.c.id, *[signed.c[column] for column in _KEPT]]
        if parent is None:
            columns: list[Any] = [
                signed.c.village_id,
                signed.c.area,
                signed.c.month,
                ends_at(signed.c.month).label("ends_at"),
            ]
            return sa.select(*columns, *kept).subquery(name)
        # (SELECT t$1.id AS village_id, t$1.code AS area, m$.month, … AS ends_at, s$.id, s$.signer_id, …
        #  FROM (SELECT to_char(generate_series('2017-10-01', timezone('Asia/Jakarta', now()), '1 month'), 'YYYY-MM')
        #        AS month) AS m$
        #  LEFT JOIN registry.signed_report AS s$ ON s$.village_id = t$1.id AND s$.month = m$.month) AS t$2
        series = sa.func.generate_series(
            sa.cast(const(f"{FIRST_MONTH}-01"), sa.DateTime()), NOW_IN_CAPITAL, sa.cast(const("1 month"), sa.Interval())
        )
        months = sa.select(sa.func.to_char(series, const("YYYY-MM")).label("month")).subquery("m$")
        is_signed = sa.and_(signed.c.village_id == parent.c.id, signed.c.month == months.c.month)
        columns = [parent.c.id.label("village_id"), parent.c.code.label("area"), months.c.month]
        reports = sa.select(*columns, ends_at(months.c.month).label("ends_at"), *kept)
        return reports.select_from(months.outerjoin(signed, is_signed)).correlate(parent).subquery(name)


class ReportRows(TableFunction):
    """The rows of the parent report: `value` as signed, or as of today; `today` as the records stand."""

    row_sensitivity = OPERATIONAL

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        # (SELECT coalesce(s$.n, c$.n) AS n, c$.indicator, c$.key, t$1.area, c$.value AS today,
        #         CASE WHEN t$1.rows IS NULL THEN c$.value ELSE CAST(s$.value ->> 2 AS BIGINT) END AS value
        #  FROM (SELECT 1 AS n, … UNION ALL …) AS c$
        #  LEFT JOIN jsonb_array_elements(t$1.rows) WITH ORDINALITY AS s$(value, n)
        #  ON s$.value ->> 0 = c$.indicator AND s$.value ->> 1 = c$.key
        #  WHERE t$1.rows IS NULL OR s$.n IS NOT NULL) AS t$2
        assert parent is not None
        today = counted(parent).subquery("c$")
        rows = sa.func.jsonb_array_elements(parent.c.rows)
        signed = rows.table_valued(sa.column("value", JSONB()), with_ordinality="n", name="s$").render_derived()
        part = [signed.c.value.op("->>")(const(at)) for at in range(3)]
        is_same = sa.and_(part[0] == today.c.indicator, part[1] == today.c.key)
        is_unsigned = parent.c.rows.is_(None)
        value = sa.case((is_unsigned, today.c.value), else_=sa.cast(part[2], sa.BigInteger()))
        return (
            sa.select(
                sa.func.coalesce(signed.c.n, today.c.n).label("n"),
                today.c.indicator,
                today.c.key,
                parent.c.area,
                value.label("value"),
                today.c.value.label("today"),
            )
            .select_from(today.outerjoin(signed, is_same))
            .where(sa.or_(is_unsigned, signed.c.n.is_not(None)))
            .correlate(parent)
            .subquery(name)
        )


def of_parent(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: always true, because the rows are made from the parent's."""
    return sa.true()


def _datum(
    kind: Sensitivity, column: str, label_id: str, label_en: str, type_: sa.types.TypeEngine[Any], longest: int = 40
) -> Derived[Any]:
    fact = Fact(kind, label_id, label_en, server=True, bounds=Bounds(longest))
    return Derived(column, fact, lambda row, ctx: row.c[column], type_)


month: Derived[PartialDate] = _datum(OPERATIONAL, "month", "Bulan", "Month", C_TEXT)
signer_id = _datum(PERSONAL, "signer_id", "Penanda tangan", "Who signed", sa.Uuid())
signer_name = _datum(PERSONAL, "signer_name", "Nama penanda tangan", "Name of the signer", sa.Text(), NAME)
signer_role = _datum(PERSONAL, "signer_role", "Peran penanda tangan", "Role of the signer", sa.Text())
signed_at: Derived[dt.datetime] = _datum(
    OPERATIONAL, "signed_at", "Dikunci", "When it was signed", sa.DateTime(timezone=True)
)


def _derived(name: str, type_: Any, label_id: str, label_en: str, expression: Any) -> Derived[Any]:
    return Derived(name, Fact(OPERATIONAL, label_id, label_en, server=True, bounds=Bounds(200)), expression, type_)


locked: Derived[bool] = _derived(
    "locked", sa.Boolean(), "Dikunci", "Whether the village has signed it", lambda row, ctx: row.c.sha256.is_not(None)
)


def _seen(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """The caller sees the PERSONAL figures of the village."""
    return row.c.area.op("<@", is_comparison=True)(ctx.areas(area_setting(PERSONAL)))


def _hash(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """Whoever knows the hash and the other figures could try small numbers for those that are withheld."""
    # CASE WHEN t$2.area <@ (SELECT registry.areas('personal')) THEN t$2.sha256 END
    return sa.case((_seen(row, ctx), row.c.sha256), else_=sa.null())


sha256: Derived[str | None] = _derived(
    "sha256",
    sa.Text(),
    "Sidik jari",
    "SHA-256 of the signed content; null where you do not see all of its figures",
    _hash,
)

# --- rows -------------------------------------------------------------------------------------------------------------

_PERSONAL = [row.name for row in REPORT_ROWS if row.kind is PERSONAL]


def _shown(column: str) -> Any:
    def value(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        # CASE WHEN (t$2.indicator NOT IN ('PERSONS_ACTIVE', …) OR t$2.area <@ (SELECT registry.areas('personal')))
        #      THEN CAST(t$2.value AS DOUBLE PRECISION) END
        number: sa.ColumnElement[Any] = sa.cast(row.c[column], sa.Double())
        is_shown = sa.or_(sa.not_(is_one(row.c.indicator, *_PERSONAL)), _seen(row, ctx))
        return sa.case((is_shown, number), else_=sa.null())

    return value


def _label(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """The key in words, or without a key the indicator."""
    of_keys = [
        sa.case((is_one(row.c.indicator, shown.name), label_of(list_name(shown.by.__name__))(row.c.key, ctx)))
        for shown in REPORT_ROWS
        if shown.by is not None
    ]
    of_indicator = label_of(list_name(IndicatorName.__name__))(row.c.indicator, ctx)
    return sa.func.coalesce(*of_keys, of_indicator, row.c.indicator)


place = _derived("n", sa.Integer(), "Urutan", "Place in the report", lambda row, ctx: row.c.n)
indicator: Derived[IndicatorName] = Derived(
    "indicator",
    Fact(OPERATIONAL, "Indikator", "What is counted", server=True),
    lambda row, ctx: row.c.indicator,
    sa.Text(),
    IndicatorName,
)
key: Derived[str | None] = _derived(
    "key", C_TEXT, "Kunci", "Code of the part that it counts", lambda row, ctx: sa.func.nullif(row.c.key, const(""))
)
label: Derived[str] = _derived("label", sa.Text(), "Label", "The key in words, or else the indicator", _label)
value: Derived[float | None] = _derived(
    "value", sa.Double(), "Nilai", "The figure, as signed; null where you do not see its class", _shown("value")
)
today: Derived[float | None] = _derived(
    "today", sa.Double(), "Nilai hari ini", "The same figure as the records stand today", _shown("today")
)
