"""The command of monthly reports: sign one."""

from __future__ import annotations

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models.fact import PartialDate, RegionCode
from registry.write import report
from registry.write.act import ActOutcome
from schema.declare.commands import command
from schema.declare.input_types import InputDict, InputField, input_type
from schema.engine.context import Context
from schema.types.payload import payload, record
from schema.types.report import MonthlyReport

OPERATIONAL = Sensitivity.OPERATIONAL
LockMonthlyReportInput = input_type(
    "LockMonthlyReportInput",
    "The month of a village whose report is signed.",
    {
        "village_code": InputField(
            RegionCode, OPERATIONAL, "Code of the village, today's or an earlier one.", required=True
        ),
        "month": InputField(PartialDate, OPERATIONAL, "A month that has ended, such as `2026-10`.", required=True),
    },
)
LockMonthlyReportPayload = payload(
    "LockMonthlyReportPayload",
    "Outcome of signing.",
    ActOutcome,
    report=record(MonthlyReport, "As signed; null when refused."),
)


@command(
    Ability.REPORT_LOCK,
    "Sign the report of a month; from then on it never changes.",
    LockMonthlyReportInput,
    LockMonthlyReportPayload,
)
async def lock_monthly_report(context: Context, sent: InputDict) -> ActOutcome:
    quota = context.quotas.taken_ids
    return await report.lock_monthly_report(
        context.database, context.principal, sent["villageCode"], sent["month"], quota
    )
