"""The units of a household: itself, its persons, its migrants, their episodes, and its businesses.

What needs more than one record of a household is decided here, when it is verified: whether it has a business, which
parents of a child work abroad.  A partial date counts from its first day.
Rule: a ledger keeps codes, dates, numbers and yes or no, never a name, a text or a number of the vault.
Tests: tests/test_ledger.py recounts the ledgers from the verified documents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from registry.codes import BusinessStatus, Dimension, RelationToHead, RemittanceFrequency
from registry.figures.unit import Unit, Verified
from registry.models.business import Business, kbli_section
from registry.models.child_care import ChildCare
from registry.models.episode import MigrationEpisode, newest_first, remits
from registry.models.fact import StatementContext
from registry.models.kinship import ABROAD, migrant_family, which_parents
from registry.models.member import Member
from registry.models.noun import Noun, const, is_one, table_of

D = Dimension
Rows = sa.Select[Any]


class _NoCaller:
    """What is counted does not depend on who asks."""

    def areas(self, setting: str) -> sa.ColumnElement[Any]:
        raise TypeError(f"what is counted depends on no caller: it asked for the areas of {setting}")

    def claim(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        raise TypeError(f"what is counted depends on no caller: it asked for the {name}")

    def argument(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        raise TypeError(f"what is counted depends on no argument: it asked for {name}")


NO_CALLER: StatementContext = _NoCaller()


def _table(noun: type[Noun], alias: str) -> sa.FromClause:
    return table_of(noun).alias(alias)


def _in(record: sa.FromClause, household: sa.FromClause) -> sa.ColumnElement[bool]:
    """The record lies in the household, and in the register."""
    return sa.and_(record.c.household_id == household.c.id, record.c.archived_at.is_(None))


def _any(row: sa.FromClause, record: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """There is such a record for the row."""
    return sa.exists(sa.select(const(1)).select_from(record).where(*conditions).correlate(row))


def _first_day(partial_date: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.registry.first_day(partial_date, type_=sa.Date())


def newest_episodes(households: sa.FromClause) -> Rows:
    """Of each person in these households who has an episode, the newest one."""
    # SELECT DISTINCT ON (e$.member_id) e$.… FROM registry.migration_episode AS e$ JOIN verified ON …
    # ORDER BY e$.member_id, coalesce(e$.departed_on, …, '9999') DESC, e$.seq DESC
    episode = _table(MigrationEpisode, "e$")
    newest = sa.select(episode).select_from(episode.join(households, _in(episode, households)))
    newest = newest.ext(distinct_on(episode.c.member_id))
    return newest.order_by(episode.c.member_id, *newest_first(episode, NO_CALLER))


def _households(verified: Verified) -> Rows:
    household, newest = verified.households, verified.newest
    episode, business = _table(MigrationEpisode, "e$any"), _table(Business, "b$any")
    is_running = is_one(business.c.status, BusinessStatus.RUNNING)
    is_abroad = sa.and_(newest.c.household_id == household.c.id, is_one(newest.c.stage, *ABROAD))
    sends = remits.expression(newest, NO_CALLER)
    receives = newest.c.remittance_frequency.is_distinct_from(const(RemittanceFrequency.NONE.value))
    return sa.select(
        household.c.id.label("subject_id"),
        household.c.id.label("household_id"),
        _any(household, episode, _in(episode, household)).label("pmi"),
        _any(household, business, _in(business, household), is_running).label("has_business"),
        _any(household, newest, is_abroad).label("has_migrant_abroad"),
        _any(household, newest, is_abroad, sends, receives).label("receives_remittances"),
        _sex_of_head(household).label("sex"),
        _answered(household).label("answered"),
        _answers(household).label("answers"),
    )


def _sex_of_head(household: sa.FromClause) -> sa.ColumnElement[Any]:
    head = _table(Member, "h$")
    is_head = is_one(head.c.relation_to_head, RelationToHead.HEAD)
    return (
        sa.select(sa.func.min(head.c.sex)).where(_in(head, household), is_head).correlate(household).scalar_subquery()
    )


_UNIVERSAL: tuple[tuple[type[Noun], tuple[str, ...]], ...] = (
    (Member, ("birth_date", "education")),
    (MigrationEpisode, ("country", "sector", "scheme", "occupation_group")),
    (Business, ("kbli_code", "scale", "started_on")),
)
"""The answers that apply to every record of a household, by which its completeness is measured (I40)."""


def _answers(household: sa.FromClause) -> sa.ColumnElement[Any]:
    """How many answers apply to the household."""
    # 2 * (SELECT count(*) FROM registry.member AS a$ WHERE …) + 4 * (SELECT count(*) …) + 3 * …
    return _sum_of(household, lambda record, columns: const(len(columns)))


def _answered(household: sa.FromClause) -> sa.ColumnElement[Any]:
    """How many of those are recorded: unknown is not, nor is a date without its day."""

    def recorded(record: sa.FromClause, columns: tuple[str, ...]) -> sa.ColumnElement[Any]:
        return sa.func.num_nonnulls(*[_if_known(record.c[column]) for column in columns])

    return _sum_of(household, recorded)


def _sum_of(household: sa.FromClause, of_record: Callable[..., sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
    sums: list[sa.ColumnElement[Any]] = []
    for noun, columns in _UNIVERSAL:
        record = _table(noun, "a$")
        total = sa.func.coalesce(sa.func.sum(of_record(record, columns)), const(0))
        sums.append(sa.select(total).where(_in(record, household)).correlate(household).scalar_subquery())
    members, episodes, businesses = sums
    return sa.cast(members + episodes + businesses, sa.Integer())


def _if_known(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    if column.name in ("birth_date", "started_on"):
        return sa.case((sa.func.length(column) == const(len("2026-01-31")), column))
    return sa.func.nullif(column, const("UNKNOWN"))


def _persons(verified: Verified) -> Rows:
    person, care = _table(Member, "m$"), _table(ChildCare, "k$")
    of_child = (care.c.child_id == person.c.id, care.c.archived_at.is_(None))
    caregiver = sa.select(sa.func.min(care.c.caregiver)).where(*of_child).correlate(person).scalar_subquery()
    attends = (
        sa.select(sa.func.bool_or(care.c.attends_parenting, type_=sa.Boolean()))
        .where(*of_child)
        .correlate(person)
        .scalar_subquery()
    )
    return sa.select(
        person.c.id.label("subject_id"),
        person.c.household_id,
        person.c.sex,
        _first_day(person.c.birth_date).label("born"),
        person.c.education,
        person.c.residence,
        person.c.life_status,
        person.c.school_status,
        migrant_family.expression(person, NO_CALLER).label("migrant_family"),
        which_parents(person, NO_CALLER).label("parents_abroad"),
        caregiver.label("caregiver"),
        attends.label("attends_parenting"),
    ).select_from(person.join(verified.households, _in(person, verified.households)))


def _migrants(verified: Verified) -> Rows:
    """Persons who have an episode, with the facts of the newest one."""
    newest, person = verified.newest, _table(Member, "m$")
    episode, business = _table(MigrationEpisode, "e$any"), _table(Business, "b$any")
    of_person = (episode.c.member_id == person.c.id, episode.c.archived_at.is_(None))
    owned = (business.c.owner_id == person.c.id, business.c.archived_at.is_(None))
    is_running = is_one(business.c.status, BusinessStatus.RUNNING)
    is_here = sa.and_(person.c.id == newest.c.member_id, person.c.archived_at.is_(None))
    return sa.select(
        person.c.id.label("subject_id"),
        person.c.household_id,
        person.c.sex,
        _first_day(person.c.birth_date).label("born"),
        person.c.education,
        person.c.life_status,
        newest.c.stage,
        newest.c.country,
        newest.c.sector,
        newest.c.scheme,
        newest.c.occupation_group,
        newest.c.procedural_status,
        newest.c.welfare,
        _first_day(newest.c.contract_ends_on).label("contract_ends"),
        newest.c.social_security_jkk_jkm.label("insured"),
        _any(person, episode, *of_person, episode.c.underage_at_departure).label("left_underage"),
        _any(person, business, *owned, is_running).label("has_business"),
    ).select_from(newest.join(person, is_here))


def _episodes(verified: Verified) -> Rows:
    episode, person = _table(MigrationEpisode, "e$"), _table(Member, "m$")
    in_household = episode.join(verified.households, _in(episode, verified.households))
    return sa.select(
        episode.c.id.label("subject_id"),
        episode.c.household_id,
        person.c.sex,
        episode.c.country,
        episode.c.sector,
        episode.c.scheme,
        episode.c.occupation_group,
        episode.c.return_reason,
        _first_day(episode.c.departed_on).label("departed_on"),
        _first_day(episode.c.returned_on).label("returned_on"),
    ).select_from(in_household.join(person, person.c.id == episode.c.member_id))


def _businesses(verified: Verified) -> Rows:
    business = _table(Business, "b$")
    section = sa.type_coerce(kbli_section.expression(business, NO_CALLER), kbli_section.type)
    men, women = business.c.workers_paid_male, business.c.workers_paid_female
    return sa.select(
        business.c.id.label("subject_id"),
        business.c.household_id,
        business.c.status,
        business.c.field,
        (business.c.kbli_version + const(" ") + section).label("kbli_section"),
        business.c.scale,
        business.c.export_readiness,
        business.c.owner_category,
        business.c.nib.is_not(None).label("has_nib"),
        _first_day(business.c.started_on).label("started_on"),
        _first_day(business.c.closed_on).label("closed_on"),
        sa.func.coalesce(business.c.workers_family, const(0)).label("workers_family"),
        _survived(business).label("survived"),
        (sa.func.coalesce(men, const(0)) + sa.func.coalesce(women, const(0))).label("workers_paid"),
    ).select_from(business.join(verified.households, _in(business, verified.households)))


def _survived(business: sa.FromClause) -> sa.ColumnElement[Any]:
    """Whether it did not close within 12 months after it began; null if that cannot be said."""
    # CASE WHEN (b$.status IS DISTINCT FROM 'CLOSED') THEN true
    #      ELSE first_day(b$.closed_on) - interval '12 months' >= first_day(b$.started_on) END
    a_year_before = _first_day(business.c.closed_on) - sa.literal_column("interval '12 months'", sa.Interval())
    is_open = business.c.status.is_distinct_from(const(BusinessStatus.CLOSED.value))
    return sa.case((is_open, sa.true()), else_=a_year_before >= _first_day(business.c.started_on))


HOUSEHOLD = Unit("household", _households)
PERSON = Unit("person", _persons, {D.AGE_BAND: "born"})
MIGRANT = Unit("migrant", _migrants, {D.AGE_BAND: "born"})
EPISODE = Unit("episode", _episodes)
BUSINESS = Unit("business", _businesses, {D.BUSINESS_FIELD: "field", D.BUSINESS_SCALE: "scale"})
UNITS = (HOUSEHOLD, PERSON, MIGRANT, EPISODE, BUSINESS)
