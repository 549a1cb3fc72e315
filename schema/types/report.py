"""The faces of the monthly report and its rows."""

from __future__ import annotations

import datetime as dt

from auth.sensitivity import Sensitivity
from registry.codes import IndicatorName
from registry.figures import report
from registry.figures.report_rows import MOST_ROWS
from registry.models.fact import PartialDate
from registry.models.noun import To
from registry.models.region import Region as RegionFacts
from registry.read.query import Order
from schema.declare.makers import embedded, face, one, plain_list, shown
from schema.types.node import Actor
from schema.types.region import Village

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


@face(report.ReportRows)
class ReportRow:
    """One figure of a report."""

    indicator: IndicatorName = shown(report.indicator)
    key: str | None = shown(report.key)
    label: str = shown(report.label)
    value: float | None = shown(report.value)
    as_of_today: float | None = shown(report.today)


@face(report.Report)
class MonthlyReport:
    """Monthly report (laporan bulanan) of a village: its figures as the records stand, or as the village signed them.

    The figures of the end of a month count what was verified by then."""

    village: Village = one(OPERATIONAL, "The village.", RegionFacts, To("village_id"))
    month: PartialDate = shown(report.month)
    rows: list[ReportRow] = plain_list(
        OPERATIONAL,
        "The figures, in their order.",
        report.ReportRows,
        report.of_parent,
        order=(Order(report.place),),
        limit=MOST_ROWS,
    )
    locked: bool = shown(report.locked)
    locked_by: Actor | None = embedded(
        PERSONAL,
        "Who signed it; null until then.",
        report.signer_id,
        account_id=report.signer_id,
        name=report.signer_name,
        role=report.signer_role,
    )
    locked_at: dt.datetime | None = shown(report.signed_at)
    sha256: str | None = shown(report.sha256)
