"""The units of a village's records: visits, trainings, participants, assistance, groups, cooperatives, cases.

These records are not verified: they count from the moment they are saved, with what they hold then.
Rule: a ledger keeps codes, dates, numbers and yes or no, never a name, a text or a number of the vault.
Tests: tests/test_record_ledger.py recounts the ledgers from the saved records.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from registry.figures.unit import Unit
from registry.models.assistance import Assistance
from registry.models.business_group import BusinessGroup
from registry.models.case import Case
from registry.models.cooperative import Cooperative, CooperativeMember
from registry.models.episode import MigrationEpisode
from registry.models.member import Member
from registry.models.noun import const, table_of
from registry.models.region import PROGRAMME
from registry.models.service_visit import ServiceVisit
from registry.models.training import Training, TrainingParticipant
from registry.values.civil_day import CAPITAL

Rows = sa.Select[Any]
RUPIAH = "IDR"


def _keys(record: sa.FromClause, entry: sa.FromClause | None = None) -> tuple[sa.ColumnElement[Any], ...]:
    subject = record if entry is None else entry
    return subject.c.id.label("subject_id"), record.c.id.label("record_id")


def _is_listed(entry: sa.FromClause, record: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(entry.c.record_id == record.c.id, entry.c.archived_at.is_(None))


def _visits(visit: sa.FromClause) -> Rows:
    return sa.select(*_keys(visit), visit.c.type.label("service_type"), visit.c.date)


def _trainings(training: sa.FromClause) -> Rows:
    return sa.select(*_keys(training), training.c.skill, training.c.starts_on)


def _participants(training: sa.FromClause) -> Rows:
    """Those who are listed; their sex is what their household records when the training is saved."""
    entry, person = table_of(TrainingParticipant).alias("e$"), table_of(Member).alias("m$")
    own = (person.c.sex, training.c.skill, training.c.starts_on)
    listed = training.join(entry, _is_listed(entry, training))
    source = listed.outerjoin(person, person.c.id == entry.c.member_id)
    return sa.select(*_keys(training, entry), *own).select_from(source)


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


def _groups(group: sa.FromClause) -> Rows:
    """A group without a date is formed when it is recorded."""
    # coalesce(registry.first_day(formed_on), CAST(timezone('Asia/Jakarta', created_at) AS DATE)) AS formed_on
    recorded = sa.cast(sa.func.timezone(const(CAPITAL.key), group.c.created_at), sa.Date())
    formed = sa.func.registry.first_day(group.c.formed_on, type_=sa.Date())
    return sa.select(*_keys(group), sa.func.coalesce(formed, recorded).label("formed_on"))


def _cooperatives(cooperative: sa.FromClause) -> Rows:
    return sa.select(*_keys(cooperative), cooperative.c.status.label("cooperative_status"))


def _cooperative_members(cooperative: sa.FromClause) -> Rows:
    entry = table_of(CooperativeMember).alias("e$")
    listed = cooperative.join(entry, _is_listed(entry, cooperative))
    status = cooperative.c.status.label("cooperative_status")
    return sa.select(*_keys(cooperative, entry), status).select_from(listed)


def _cases(case: sa.FromClause) -> Rows:
    """The country is that of the migration which the case is about."""
    episode = table_of(MigrationEpisode).alias("e$")
    return sa.select(
        case.c.id.label("subject_id"),
        case.c.household_id,
        episode.c.country,
        case.c.type.label("case_type"),
        case.c.status.label("case_status"),
        case.c.opened_on,
        case.c.closed_on,
        sa.type_coerce(case.c.closed_on - case.c.opened_on, sa.Integer()).label("days"),
    ).select_from(case.outerjoin(episode, episode.c.id == case.c.migration_id))


VISIT = Unit("visit", _visits, record=ServiceVisit)
TRAINING = Unit("training", _trainings, record=Training)
PARTICIPANT = Unit("participant", _participants, record=Training)
ASSISTANCE = Unit("assistance", _assistance, record=Assistance)
GROUP = Unit("group", _groups, record=BusinessGroup)
COOPERATIVE = Unit("cooperative", _cooperatives, record=Cooperative)
COOPERATIVE_MEMBER = Unit("cooperative_member", _cooperative_members, record=Cooperative)
CASE = Unit("case", _cases, record=Case)
RECORD_UNITS = (VISIT, TRAINING, PARTICIPANT, ASSISTANCE, GROUP, COOPERATIVE, COOPERATIVE_MEMBER, CASE)
