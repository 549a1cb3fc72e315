"""Signing the report of a month: the village's verifier locks its figures as they stand in one snapshot.

Rule: a month is signed once, after it has ended; who sends it again is answered as before, anybody else LOCKED_PERIOD.
Tests: tests/test_monthly_report.py.
"""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from auth.ability import Ability
from auth.area import AreaSet
from auth.principal import Principal
from registry.codes.messages import UserErrorCode as Code
from registry.figures.report import FIRST_MONTH, is_month, last_month
from registry.figures.report_rows import counted, ends_at
from registry.models.noun import const
from registry.models.signed_report import SIGNED_REPORT
from registry.store.db import Database, Transaction
from registry.store.sql import Sql, arg
from registry.write.act import ActOutcome, Effect, carry_out
from registry.write.command import actor
from registry.write.user_errors import refusal
from registry.write.village_lookup import REGIONS, named_village

ABILITY = Ability.REPORT_LOCK


def _signing() -> Sql:
    # INSERT INTO registry.signed_report (village_id, area, code, month, …, rows, sha256)
    # SELECT $1, p$.area, p$.area, p$.month, …, a$.rows,
    #        encode(sha256(convert_to(p$.area || ' ' || p$.month || chr(10) || a$.lines, 'UTF8')), 'hex')
    # FROM (SELECT $2 AS area, $3 AS month, … AS ends_at) AS p$,
    #      LATERAL (SELECT jsonb_agg(…) AS rows, string_agg(…) AS lines FROM (SELECT 1 AS n, … UNION ALL …) AS c$) AS a$
    # ON CONFLICT (village_id, month) DO NOTHING RETURNING id
    area, month = arg("area", sa.Text()), arg("month", sa.Text())
    period = sa.select(area.label("area"), month.label("month"), ends_at(month).label("ends_at")).subquery("p$")
    c = counted(period).subquery("c$")
    row = sa.func.jsonb_build_array(c.c.indicator, c.c.key, c.c.value)
    line = c.c.indicator + const(" ") + c.c.key + const(" ") + sa.cast(c.c.value, sa.Text())
    end_of_line = sa.func.chr(const(10))
    figures = (
        sa.select(
            sa.func.jsonb_agg(aggregate_order_by(row, c.c.n)).label("rows"),
            sa.func.string_agg(line, aggregate_order_by(end_of_line, c.c.n)).label("lines"),
        )
        .select_from(c)
        .correlate(period)
        .lateral("a$")
    )
    content = period.c.area + const(" ") + period.c.month + end_of_line + figures.c.lines
    columns = {
        "village_id": arg("village_id", sa.Uuid()),
        "area": period.c.area,
        "code": period.c.area,
        "month": period.c.month,
        "signer_id": arg("signer_id", sa.Uuid()),
        "signer_name": arg("signer_name", sa.Text()),
        "signer_role": arg("signer_role", sa.Text()),
        "rows": figures.c.rows,
        "sha256": sa.func.encode(sa.func.sha256(sa.func.convert_to(content, const("UTF8"))), const("hex")),
    }
    signed = sa.select(*[column.label(name) for name, column in columns.items()]).select_from(period, figures)
    insert = upsert(SIGNED_REPORT).from_select(list(columns), signed, include_defaults=False)
    return Sql(insert.on_conflict_do_nothing(index_elements=["village_id", "month"]).returning(SIGNED_REPORT.c.id))


SIGN = _signing()
"""One statement, so the figures are those of one snapshot; no row if the month is signed already."""
SIGNED = Sql(
    sa.select(SIGNED_REPORT.c.id, SIGNED_REPORT.c.signer_id).where(
        SIGNED_REPORT.c.village_id == arg("village_id", sa.Uuid()), SIGNED_REPORT.c.month == arg("month", sa.Text())
    )
)


async def lock_monthly_report(
    database: Database, principal: Principal, code: str, month: str, taken_ids: int
) -> ActOutcome:
    """Sign the report of a village's month; the record is the signed report.  Raises Forbidden."""

    async def act(tx: Transaction) -> Effect:
        return await _sign(tx, principal, principal.areas(ABILITY), code, month)

    return await carry_out(database, principal, ABILITY, None, taken_ids, act)


async def _sign(tx: Transaction, principal: Principal, areas: AreaSet, code: str, month: str) -> Effect:
    village, warnings = named_village(await tx.value(REGIONS, code=code), code, ("villageCode",))
    if not areas.covers(village["code"]):
        raise refusal(Code.OUT_OF_SCOPE, "villageCode")
    if not is_month(month) or month < FIRST_MONTH:
        raise refusal(Code.UNKNOWN_VALUE, "month", allowed=f"{FIRST_MONTH} … {last_month()}")
    if month > last_month():
        raise refusal(Code.DATE_FUTURE, "month", last=last_month())
    who = actor(principal, ABILITY, village["code"])
    key: dict[str, Any] = {"village_id": uuid.UUID(village["id"]), "month": month}
    signer = {"signer_id": who.id, "signer_name": who.name, "signer_role": who.role}
    id_ = await tx.value(SIGN, **key, **signer, area=village["code"])
    if id_ is not None:
        return Effect(True, tuple(warnings), id_)
    signed = await tx.one(SIGNED, **key)
    assert signed is not None, "a signed report is never deleted"
    if signed["signer_id"] != who.id:
        raise refusal(Code.LOCKED_PERIOD, "month")
    return Effect(False, tuple(warnings), signed["id"])
