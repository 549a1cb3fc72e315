"""The units of a village's records: visits, trainings, their participants, and assistance.

These records are not verified: they count from the moment they are saved, with what they hold then.
Rule: a ledger keeps codes, dates, numbers and yes or no, never a name, a text or a number of the vault.
Tests: tests/test_record_ledger.py recounts the ledgers from the saved records.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from registry.figures.unit import Unit
from registry.models.assistance import Assistance
from registry.models.member import Member
from registry.models.noun import const, table_of
from registry.models.region import PROGRAMME
from registry.models.service_visit import ServiceVisit
from registry.models.training import Training, TrainingParticipant

Rows = sa.Select[Any]
RUPIAH = "IDR"


def _keys(record: sa.FromClause) -> tuple[sa.ColumnElement[Any], ...]:
    return record.c.id.label("subject_id"), record.c.id.label("record_id")


def _visits(visit: sa.FromClause) -> Rows:
    return sa.select(*_keys(visit), visit.c.type.label("service_type"), visit.c.date)


def _trainings(training: sa.FromClause) -> Rows:
    return sa.select(*_keys(training), training.c.skill, training.c.starts_on)


def _participants(training: sa.FromClause) -> Rows:
    """Those who are listed; their sex is what their household records when the training is saved."""
    entry, person = table_of(TrainingParticipant).alias("e$"), table_of(Member).alias("m$")
    listed = training.join(entry, sa.and_(entry.c.record_id == training.c.id, entry.c.archived_at.is_(None)))
    return sa.select(
        entry.c.id.label("subject_id"),
        training.c.id.label("record_id"),
        person.c.sex,
        training.c.skill,
        training.c.starts_on,
    ).select_from(listed.outerjoin(person, person.c.id == entry.c.member_id))


def _assistance(assistance: sa.FromClause) -> Rows:
    """What is valued in another currency, or not at all, is worth no rupiah."""
    programme = PROGRAMME.alias("g$")
    in_rupiah = sa.case((assistance.c.value_currency == const(RUPIAH), assistance.c.value_amount))
    return sa.select(
        *_keys(assistance),
        assistance.c.type.label("assistance_type"),
        programme.c.code.label("programme"),
        assistance.c.date,
        sa.func.coalesce(in_rupiah, const(0), type_=sa.Numeric()).label("rupiah"),
    ).select_from(assistance.outerjoin(programme, programme.c.id == assistance.c.programme_id))


VISIT = Unit("visit", _visits, record=ServiceVisit)
TRAINING = Unit("training", _trainings, record=Training)
PARTICIPANT = Unit("participant", _participants, record=Training)
ASSISTANCE = Unit("assistance", _assistance, record=Assistance)
RECORD_UNITS = (VISIT, TRAINING, PARTICIPANT, ASSISTANCE)
