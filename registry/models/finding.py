"""Findings: the open warnings on the newest revision of a household, for whoever verifies it.

Rule: each is shown to those who see the class of the column it speaks of, and to nobody else.
Tests: tests/test_submission.py, tests/test_masks.py.
"""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import Severity
from registry.codes.messages import UserErrorCode
from registry.models.fact import Derived, Fact, StatementContext, derived, fact
from registry.models.noun import Noun, TableFunction, const, table_of
from registry.models.scoped import InHousehold

OPERATIONAL, PERSONAL, SYSTEM = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL, Sensitivity.SYSTEM


PLAIN = (OPERATIONAL, PERSONAL)
"""Classes that everybody sees who sees findings and remarks."""


class Finding(InHousehold, Noun):
    """An open warning on the newest revision, kept with both sentences; shown to who sees the class of its column."""

    __tablename__ = "finding"
    named = False
    position: Mapped[int] = fact(OPERATIONAL, "Urutan", "Position", server=True)
    code: Mapped[str] = fact(PERSONAL, "Kode", "Code", server=True, longest=40, closed=UserErrorCode)
    severity: Mapped[Severity] = fact(PERSONAL, "Tingkat", "Severity", Severity, server=True)
    path: Mapped[list[str]] = fact(PERSONAL, "Kolom", "Where in the household", server=True, items=6, longest=40)
    message_id: Mapped[str] = fact(PERSONAL, "Pesan", "Message in Indonesian", server=True, longest=500)
    message_en: Mapped[str] = fact(PERSONAL, "Pesan (Inggris)", "Message in English", server=True, longest=500)
    params: Mapped[list[dict[str, str]]] = fact(
        PERSONAL, "Isian pesan", "What the message was filled with", JSONB, server=True
    )
    about: Mapped[Sensitivity] = fact(
        OPERATIONAL,
        "Kelas kolom",
        "Class of the column it speaks of",
        sa.Text(),
        server=True,
        longest=20,
        closed=Sensitivity,
    )
    about_author: Mapped[uuid.UUID] = fact(SYSTEM, "Pembuat catatan", "Recorder of the row it speaks of", server=True)
    must_see: Mapped[bool] = fact(OPERATIONAL, "Wajib dilihat", "Must be seen by whoever verifies", server=True)


def about_visible(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: the caller sees the class of the column that a finding or remark speaks of, and findings at all.

    They are PERSONAL: one that speaks of an owner's field, which is OPERATIONAL, tells how old the owner is."""

    def seen(kind: Sensitivity) -> sa.ColumnElement[bool]:
        return row.c.area.op("<@")(ctx.areas(kind.value.lower()))

    own = sa.and_(
        row.c.about == const(Sensitivity.PROTECTIVE.value),
        row.c.area.op("<@")(ctx.areas("protective_own")),
        row.c.about_author == ctx.claim("user", sa.Uuid()),
    )
    others = [
        sa.and_(row.c.about == const(kind.value), seen(kind)) for kind in (Sensitivity.IDENTITY, Sensitivity.SPECIAL)
    ]
    plain = row.c.about.in_([const(kind.value) for kind in PLAIN])
    return sa.and_(seen(PERSONAL), sa.or_(plain, *others, own))


FINDING = table_of(Finding)


@derived(PERSONAL, "Pesan", "Message in the language of the request", sa.Text(), longest=500)
def message(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return sa.case((ctx.claim("language", sa.Text()) == const("en"), row.c.message_en), else_=row.c.message_id)


class FindingParams(TableFunction):
    """What a finding's sentences were filled with, as rows."""

    row_sensitivity = OPERATIONAL

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        assert parent is not None
        return sa.func.jsonb_array_elements(parent.c.params).table_valued(sa.column("value", JSONB()), name=name)


def of_finding(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: the function has its finding by its argument."""
    return sa.true()


def _param(key: str) -> Derived[str]:
    said = Fact(OPERATIONAL, "Isian", "What stands in the sentence", server=True)
    return Derived(key, said, lambda row, ctx: row.c.value.op("->>")(const(key)), sa.Text())


param_name, param_value = _param("name"), _param("value")
