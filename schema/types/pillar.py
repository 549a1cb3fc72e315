"""What the records of the four pillars have in common: the filter of their lists, whom they name, who recorded them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.codes import CaseStatus
from registry.models.assistance import Assistance
from registry.models.entry import Through
from registry.models.fact import fact_of
from registry.models.member import Member
from registry.models.noun import Noun, To, by, camel, const
from registry.models.record_revision import RecordRevision
from registry.models.region import EnrolledIn
from registry.read.filter import AllOf, Exists
from registry.read.query import Datum, Order, Where
from registry.values.bounds import LONGEST_ENTRIES, LONGEST_LIST
from schema.declare.input_types import InputField, input_type
from schema.declare.listing import LIST_OPTIONS, WITHIN, Comparison, DateFilter, FilterKey, ListOptions, NamedCondition
from schema.declare.makers import connection, one, plain_list

OPEN, OPERATIONAL, PERSONAL, SPECIAL = (
    Sensitivity.OPEN,
    Sensitivity.OPERATIONAL,
    Sensitivity.PERSONAL,
    Sensitivity.SPECIAL,
)
_DATE = "Visit, session, start, opening or formation day."
_STATUS = "Any of these; only for `cases`."
PROGRAMME_KEY = "Under any programme with one of these codes: for what was given its own, else one of the village."
PillarFilter = input_type(
    "PillarFilter",
    "Conditions on records of the pillars and on cases, all of which must hold.",
    {
        "within": InputField(WITHIN.test.type, OPEN, WITHIN.text),
        "date": InputField(DateFilter, OPERATIONAL, _DATE),
        "programme": InputField(list[str], OPEN, PROGRAMME_KEY),
        "case_status": InputField(list[CaseStatus], SPECIAL, _STATUS),
    },
)


def in_enrolled_village(argument: str) -> EnrolledIn:
    """The record lies in a village that is enrolled in one of the programmes whose codes the argument lists."""
    return EnrolledIn(argument, "village_id")


def pillar_filter(noun: type[Noun], day: Datum, **more: FilterKey) -> type[Any]:
    """The filter of a noun of the pillars, `PillarFilter` for all of them; `day` is what its `date` compares.

    `more` are the keys of `PillarFilter` that this noun alone has, or that mean something else for it."""
    programme = NamedCondition(list[str], in_enrolled_village)
    LIST_OPTIONS[noun] = ListOptions(
        {
            "within": WITHIN,
            "date": FilterKey(fact_of(day).sensitivity, _DATE, Comparison(day)),
            "programme": FilterKey(OPEN, PROGRAMME_KEY, programme),
            **{camel(name): key for name, key in more.items()},
        }
    )
    return PillarFilter


def by_case_status(status: Datum) -> FilterKey:
    """The key `caseStatus` of `PillarFilter`."""
    return FilterKey(SPECIAL, _STATUS, Comparison(status))


def pillar_connection(text: str, noun: type[Noun], day: Datum) -> Any:
    """The list of all records of a noun of the pillars, by their `day`, the newest first."""
    return connection(noun.row_sensitivity, text, noun, None, order=(Order(day, True),), ordered=False)


def members_named(kind: Sensitivity, text: str, entry: Any) -> Any:
    """The members whom the entries of a record name, of those that the caller sees."""
    text = f"{text}, at most {LONGEST_ENTRIES}."
    return plain_list(kind, text, Member, Through(entry), limit=LONGEST_ENTRIES)


def assistance_received() -> Any:
    """The assistance whose recipient is the record."""
    return plain_list(
        OPERATIONAL,
        f"Assistance that it received, newest first, at most {LONGEST_LIST}.",
        Assistance,
        by(Assistance.recipient_id),
        order=(Order(Assistance.date, True),),
    )


def names_somebody_seen(entry: Any) -> Where:
    """Condition on an entry: the caller sees the member whom it names, and who has not left the register."""
    return Exists(Member, To(entry.key), AllOf(()))


def _first_revision(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: the revision by which the record was created."""
    return sa.and_(child.c.record_id == parent.c.id, child.c.rev == const(1))


def recorder(text: str) -> Any:
    """Who recorded a village's record, under the name and role that they had."""
    return one(
        PERSONAL,
        text,
        RecordRevision,
        _first_revision,
        account_id=RecordRevision.actor_id,
        name=RecordRevision.actor_name,
        role=RecordRevision.actor_role,
    )
