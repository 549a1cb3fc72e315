"""Findings: the open warnings on the newest revision of a household, for its verifiers.

Rule: each is shown only to those who see the class of the column that it is about.
Tests: tests/test_submission.py, tests/test_masks.py.
"""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from auth.principal import area_setting, own_area_setting
from auth.sensitivity import Sensitivity
from registry.codes import Severity
from registry.codes.messages import UserErrorCode
from registry.models.fact import Derived, Fact, StatementContext, derived, fact
from registry.models.noun import Noun, TableFunction, const, table_of
from registry.models.scoped import InHousehold

OPERATIONAL, PERSONAL, SYSTEM = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL, Sensitivity.SYSTEM


PLAIN = (OPERATIONAL, PERSONAL)
"""Classes that everybody who sees findings and remarks sees."""


class FindingRecord(InHousehold, Noun):
    """An open warning on the newest revision, with its sentence in both languages."""

    __tablename__ = "finding"
    named = False
    position: Mapped[int] = fact(OPERATIONAL, "Urutan", "Position", server=True)
    code: Mapped[str] = fact(PERSONAL, "Kode", "Code", server=True, longest=40, closed=UserErrorCode)
    severity: Mapped[Severity] = fact(PERSONAL, "Tingkat", "Severity", Severity, server=True)
    path: Mapped[list[str]] = fact(PERSONAL, "Kolom", "Where in the household", server=True, items=6, longest=40)
    message_id: Mapped[str] = fact(PERSONAL, "Pesan", "Message in Indonesian", server=True, longest=500)
    message_en: Mapped[str] = fact(PERSONAL, "Pesan (Inggris)", "Message in English", server=True, longest=500)
    params: Mapped[list[dict[str, str]]] = fact(PERSONAL, "Isian pesan", "Values in the message", JSONB, server=True)
    about: Mapped[Sensitivity] = fact(
        OPERATIONAL,
        "Kelas kolom",
        "Class of the column that it is about",
        sa.Text(),
        server=True,
        longest=20,
        closed=Sensitivity,
    )
    about_author: Mapped[uuid.UUID] = fact(SYSTEM, "Pembuat catatan", "Recorder of the row in question", server=True)
    must_see: Mapped[bool] = fact(OPERATIONAL, "Wajib dilihat", "Must be seen by the verifier", server=True)


def about_visible(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[bool]:
    """Named condition: the caller sees findings, and the class of the column that a finding or remark is about.

    Findings are PERSONAL: one about an owner's field, which is OPERATIONAL, reveals how old the owner is."""

    def in_areas(setting: str) -> sa.ColumnElement[bool]:
        return row.c.area.op("<@")(ctx.areas(setting))

    def about(kind: Sensitivity) -> sa.ColumnElement[bool]:
        return row.c.about == const(kind.value)

    # f$1.area <@ (SELECT registry.areas('personal'))
    # AND (f$1.about IN ('OPERATIONAL', 'PERSONAL')
    #      OR f$1.about = 'IDENTITY' AND f$1.area <@ (SELECT registry.areas('identity'))
    #      OR f$1.about = 'SPECIAL' AND f$1.area <@ (SELECT registry.areas('special'))
    #      OR f$1.about = 'PROTECTIVE' AND f$1.area <@ (SELECT registry.areas('protective_own'))
    #         AND f$1.about_author = $user)
    own = sa.and_(
        about(Sensitivity.PROTECTIVE),
        in_areas(own_area_setting(Sensitivity.PROTECTIVE)),
        row.c.about_author == ctx.claim("user", sa.Uuid()),
    )
    guarded = (Sensitivity.IDENTITY, Sensitivity.SPECIAL)
    others = [sa.and_(about(kind), in_areas(area_setting(kind))) for kind in guarded]
    plain = row.c.about.in_([const(kind.value) for kind in PLAIN])
    return sa.and_(in_areas(area_setting(PERSONAL)), sa.or_(plain, *others, own))


FINDING = table_of(FindingRecord)


@derived(PERSONAL, "Pesan", "Message in the language of the request", sa.Text(), longest=500)
def message(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return sa.case((ctx.claim("language", sa.Text()) == const("en"), row.c.message_en), else_=row.c.message_id)


class FindingParams(TableFunction):
    """The values in a finding's sentences, as rows."""

    row_sensitivity = OPERATIONAL

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        assert parent is not None
        return sa.func.jsonb_array_elements(parent.c.params).table_valued(sa.column("value", JSONB()), name=name)


def of_finding(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: always true, because the function's argument is the finding's column."""
    return sa.true()


def _param(key: str) -> Derived[str]:
    fact = Fact(OPERATIONAL, "Isian", "Value in the sentence", server=True)
    return Derived(key, fact, lambda row, ctx: row.c.value.op("->>")(const(key)), sa.Text())


param_name, param_value = _param("name"), _param("value")
