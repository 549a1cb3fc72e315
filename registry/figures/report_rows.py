"""What the rows of a monthly report count; what each is called, and its class, is declared in the catalogue.

A stock is what there is at the end of the month: of households, what was verified by then, as the ledger keeps it.  A
flow is what happened within the month, as what is verified today dates it; a date of which only the year is known
counts in January.  Months are those of the capital's calendar.
Rule: a row's class is OPERATIONAL or PERSONAL, because whoever signs a report must see all of it.
Tests: tests/test_monthly_report.py counts the same by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.codes import BusinessStatus, Code, ExportReadiness, IndicatorName, MigrationStage, ServiceType
from registry.figures.catalogue import INDICATORS
from registry.figures.ledger import LEDGERS, OPEN
from registry.figures.unit import Unit
from registry.figures.units import BUSINESS, EPISODE, HOUSEHOLD, MIGRANT, PERSON
from registry.models.assistance import Assistance
from registry.models.business_group import BusinessGroup
from registry.models.cooperative import Cooperative, CooperativeMember
from registry.models.noun import const, is_one, table_of
from registry.models.service_visit import ServiceVisit
from registry.models.training import Training, TrainingParticipant
from registry.values.civil_day import CAPITAL

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL
RUPIAH = "IDR"
Count = sa.Select[Any]
Period = sa.FromClause
"""One row that says what is counted: `area`, the code of a village, `month` as `2026-10`, and the instant `ends_at`."""


@dataclass(frozen=True)
class ReportRow:
    """How an indicator is counted of a village's month; with `by`, there is a row for each of the codes, and `count`
    takes the code."""

    name: IndicatorName
    count: Callable[..., Count]
    by: type[Code] | None = None

    def __post_init__(self) -> None:
        if self.kind not in (OPERATIONAL, PERSONAL):
            raise TypeError(f"a report shows no {self.kind.value} figure: whoever signs it must see all of it")

    @property
    def kind(self) -> Sensitivity:
        """The class of the indicator."""
        return INDICATORS[self.name].sensitivity


def ends_at(month: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The instant at which a month (`2026-10`) ends in the capital."""
    # timezone('Asia/Jakarta', CAST(month || '-01' AS TIMESTAMP) + CAST('1 month' AS INTERVAL))
    first_day = sa.cast(month + const("-01"), sa.DateTime())
    return sa.func.timezone(const(CAPITAL.key), first_day + sa.cast(const("1 month"), sa.Interval()))


def _month_of(partial_date: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    # left(departed_on || '-01', 7): `2026` is `2026-01`
    return sa.func.left(partial_date + const("-01"), const(7))


def _month_of_day(day: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.to_char(day, const("YYYY-MM"))


def _month_of_instant(instant: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return _month_of_day(sa.func.timezone(const(CAPITAL.key), instant))


# --- households, from the ledger --------------------------------------------------------------------------------------


def _ledger(unit: Unit) -> sa.FromClause:
    return LEDGERS[unit].alias("l$")


def _verified(ledger: sa.FromClause, period: Period) -> sa.ColumnElement[bool]:
    """The rows that were open at the end of the period."""
    # l$.area = t$1.area AND l$.since < t$1.ends_at AND l$.until >= t$1.ends_at
    held = sa.and_(ledger.c.since < period.c.ends_at, ledger.c.until >= period.c.ends_at)
    return sa.and_(ledger.c.area == period.c.area, held)


def _households(period: Period) -> Count:
    ledger = _ledger(HOUSEHOLD)
    return sa.select(sa.func.count()).select_from(ledger).where(_verified(ledger, period))


def _members(period: Period) -> Count:
    ledger = _ledger(PERSON)
    return sa.select(sa.func.count()).select_from(ledger).where(_verified(ledger, period))


def _persons(stage: MigrationStage) -> Callable[[Period], Count]:
    """Persons by the stage of their newest episode."""

    def count(period: Period) -> Count:
        m = _ledger(MIGRANT)
        return sa.select(sa.func.count()).select_from(m).where(_verified(m, period), is_one(m.c.stage, stage))

    return count


def _episodes(dated: str) -> Callable[[Period], Count]:
    """Verified episodes whose date lies in the month."""

    def count(period: Period) -> Count:
        e = _ledger(EPISODE)
        in_month = _month_of_day(e.c[dated]) == period.c.month
        in_month = sa.and_(e.c.area == period.c.area, e.c.until == OPEN, in_month)
        return sa.select(sa.func.count()).select_from(e).where(in_month)

    return count


def _running(period: Period, what: Callable[[sa.FromClause], Any], *readiness: ExportReadiness) -> Count:
    b = _ledger(BUSINESS)
    running = sa.select(what(b)).where(_verified(b, period), is_one(b.c.status, BusinessStatus.RUNNING))
    return running.where(is_one(b.c.export_readiness, *readiness)) if readiness else running


def _businesses(period: Period) -> Count:
    return _running(period, lambda b: sa.func.count())


def _with_business(period: Period) -> Count:
    return _running(period, lambda b: sa.func.count(b.c.household_id.distinct()))


def _export_ready(period: Period) -> Count:
    return _running(period, lambda b: sa.func.count(), ExportReadiness.READY, ExportReadiness.EXPORTING)


# --- records of the village -------------------------------------------------------------------------------------------


def _recorded(record: sa.FromClause, period: Period) -> sa.ColumnElement[bool]:
    return sa.and_(record.c.area == period.c.area, record.c.archived_at.is_(None))


def _visits(period: Period, code: Code) -> Count:
    v = table_of(ServiceVisit).alias("v$")
    in_month = sa.and_(_recorded(v, period), _month_of_day(v.c.date) == period.c.month)
    return sa.select(sa.func.count()).select_from(v).where(in_month, is_one(v.c.type, code))


def _begun(training: sa.FromClause, period: Period) -> sa.ColumnElement[bool]:
    return sa.and_(_recorded(training, period), _month_of_day(training.c.starts_on) == period.c.month)


def _trainings(period: Period) -> Count:
    t = table_of(Training).alias("r$")
    return sa.select(sa.func.count()).select_from(t).where(_begun(t, period))


def _participants(period: Period) -> Count:
    t, p = table_of(Training).alias("r$"), table_of(TrainingParticipant).alias("e$")
    of_training = sa.and_(p.c.record_id == t.c.id, _recorded(p, period))
    return sa.select(sa.func.count()).select_from(t.join(p, of_training)).where(_begun(t, period))


def _groups(period: Period) -> Count:
    """Groups formed by the end of the month; one without a date, if it was recorded by then."""
    g = table_of(BusinessGroup).alias("g$")
    since = sa.func.coalesce(_month_of(g.c.formed_on), _month_of_instant(g.c.created_at))
    return sa.select(sa.func.count()).select_from(g).where(_recorded(g, period), since <= period.c.month)


def _assistance(period: Period) -> Count:
    """What was given in the month and is valued in rupiah, in whole rupiah."""
    # SELECT CAST(round(coalesce(sum(a$.value_amount), 0)) AS BIGINT) FROM registry.assistance AS a$
    # WHERE … AND a$.value_currency = 'IDR'
    a = table_of(Assistance).alias("a$")
    in_month = sa.and_(_recorded(a, period), _month_of_day(a.c.date) == period.c.month)
    total = sa.func.round(sa.func.coalesce(sa.func.sum(a.c.value_amount), const(0)))
    return sa.select(sa.cast(total, sa.BigInteger())).where(in_month, a.c.value_currency == const(RUPIAH))


def _existing(cooperative: sa.FromClause, period: Period) -> sa.ColumnElement[bool]:
    """A cooperative exists since it was recorded, or since it became a legal entity, if that is earlier."""
    recorded, legal = _month_of_instant(cooperative.c.created_at), _month_of_day(cooperative.c.legal_on)
    return sa.and_(_recorded(cooperative, period), sa.func.least(recorded, legal) <= period.c.month)


def _cooperatives(period: Period) -> Count:
    c = table_of(Cooperative).alias("c$")
    return sa.select(sa.func.count()).select_from(c).where(_existing(c, period))


def _cooperative_members(period: Period) -> Count:
    c, m = table_of(Cooperative).alias("c$"), table_of(CooperativeMember).alias("e$")
    of_cooperative = sa.and_(m.c.record_id == c.c.id, _recorded(m, period))
    return sa.select(sa.func.count()).select_from(c.join(m, of_cooperative)).where(_existing(c, period))


N = IndicatorName
REPORT_ROWS = (
    ReportRow(N.HOUSEHOLDS, _households),
    ReportRow(N.PERSONS_PROSPECTIVE, _persons(MigrationStage.PROSPECTIVE)),
    ReportRow(N.PERSONS_ACTIVE, _persons(MigrationStage.WORKING_ABROAD)),
    ReportRow(N.PERSONS_RETURNED, _persons(MigrationStage.RETURNED)),
    ReportRow(N.HOUSEHOLD_MEMBERS, _members),
    ReportRow(N.BUSINESSES, _businesses),
    ReportRow(N.HOUSEHOLDS_WITH_BUSINESS, _with_business),
    ReportRow(N.EXPORT_READY, _export_ready),
    ReportRow(N.DEPARTURES, _episodes("departed_on")),
    ReportRow(N.RETURNS, _episodes("returned_on")),
    ReportRow(N.TRAININGS, _trainings),
    ReportRow(N.TRAINING_PARTICIPANTS, _participants),
    ReportRow(N.GROUPS, _groups),
    ReportRow(N.ASSISTANCE_IDR, _assistance),
    ReportRow(N.COOPERATIVES, _cooperatives),
    ReportRow(N.COOPERATIVE_MEMBERS, _cooperative_members),
    ReportRow(N.SERVICE_VISITS, _visits, ServiceType),
)
"""The rows of a report in their order."""


def counted(period: Period) -> sa.CompoundSelect[Any]:
    """One row for each row of a report: its place `n`, `indicator`, `key` (empty without one) and `value`."""
    # SELECT 1 AS n, 'HOUSEHOLDS' AS indicator, '' AS key, (SELECT count(*) FROM registry.ledger_household …) AS value
    # UNION ALL SELECT 2, 'PERSONS_PROSPECTIVE', …
    selects: list[sa.Select[Any]] = []
    for row in REPORT_ROWS:
        for code in row.by or (None,):
            count = row.count(period) if code is None else row.count(period, code)
            columns = {
                "n": const(len(selects) + 1),
                "indicator": const(row.name.value),
                "key": const("" if code is None else code.value),
                "value": count.correlate(period).scalar_subquery(),
            }
            selects.append(sa.select(*[column.label(label) for label, column in columns.items()]))
    return sa.union_all(*selects)


MOST_ROWS = sum(len(row.by or (None,)) for row in REPORT_ROWS)
