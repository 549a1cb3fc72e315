"""Case (kasus): a complaint or trouble of a migrant or their family, and what became of it.

The most dangerous record of the registry: that it exists is SPECIAL, what happened is PROTECTIVE.
Rule: without SPECIAL in its area nobody reads the row or one of its revisions, by whatever SQL; its type, notes and
outcome are read and written by whoever recorded it, and by nobody else.  Tests: tests/test_case.py,
tests/test_case_wall.py.
"""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import CaseStatus, CaseType
from registry.codes.case import SETTLED
from registry.codes.open_lists import REFERRAL
from registry.models.episode import MigrationEpisode
from registry.models.fact import fact
from registry.models.noun import Noun, is_one, table_of
from registry.models.scoped import HouseholdRecord, in_household
from registry.values.bounds import NOTE

SPECIAL, PROTECTIVE = Sensitivity.SPECIAL, Sensitivity.PROTECTIVE


class Case(HouseholdRecord, Noun):
    """Kasus: a complaint or trouble of a migrant or their family."""

    __tablename__ = "household_case"
    row_sensitivity = SPECIAL
    walled_by = (SPECIAL,)
    household_id: Mapped[uuid.UUID] = fact(SPECIAL, "Rumah tangga", "Household")
    migration_id: Mapped[uuid.UUID | None] = fact(
        SPECIAL, "Episode migrasi", "The migration it is about", names=MigrationEpisode
    )
    type: Mapped[CaseType] = fact(PROTECTIVE, "Jenis kasus", "What happened", CaseType)
    status: Mapped[CaseStatus] = fact(SPECIAL, "Status kasus", "How far it is settled", CaseStatus)
    opened_on: Mapped[dt.date] = fact(SPECIAL, "Tanggal diterima", "Opened on")
    closed_on: Mapped[dt.date | None] = fact(SPECIAL, "Tanggal selesai", "Closed on")
    referred_to: Mapped[str | None] = fact(SPECIAL, "Dirujuk ke", "Referred to", listed=REFERRAL)
    notes: Mapped[str | None] = fact(PROTECTIVE, "Catatan", "What was told and seen", longest=NOTE, lines=True)
    outcome: Mapped[str | None] = fact(PROTECTIVE, "Hasil", "What became of it", longest=NOTE, lines=True)
    __table_args__ = in_household(
        "household_case",
        sa.Index("ix_household_case_created_by", "created_by"),  # by which the wall finds one's own
        sa.Index("ix_household_case_opened_on", "opened_on", "id"),
    )


CASE = table_of(Case)


def is_open(row: sa.FromClause) -> sa.ColumnElement[bool]:
    """Somebody still works on the case."""
    return sa.not_(is_one(row.c.status, *SETTLED))
