"""The programme in a village: its records of the four pillars, and the households that take part by them.

Rule: a household takes part in a pillar since the first record that names one of its members, if the officer knew that
when the household was visited; a business belongs to its owner's group or cooperative likewise.  Whoever belongs to
none, and has not been named for a year by then, took part until the last record.
Test: tests/test_demo_pillars.py.
"""

import datetime as dt
import random
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from registry.codes import Pillar
from registry.models.aggregate import Document, by_itself
from registry.models.assistance import Assistance
from registry.models.business_group import BusinessGroup
from registry.models.cooperative import Cooperative
from registry.models.noun import Noun, table_of
from registry.models.parenting_session import ParentingSession
from registry.models.record_revision import RECORD_REVISION
from registry.models.service_visit import ServiceVisit
from registry.models.training import Training
from server.demo.accounts import PERSONAS
from server.demo.care import care_of
from server.demo.enterprise import cooperatives, groups, trainings
from server.demo.giving import assistance
from server.demo.households import Village
from server.demo.saved import Saved
from server.demo.sessions import Calendar, Place, parenting, visits
from server.demo.villagers import Family, family_of, people_of

PILLARS: dict[type[Noun], Pillar] = {
    ServiceVisit: Pillar.SERVICE_CENTRE,
    BusinessGroup: Pillar.PRODUCTIVE_BUSINESS,
    Training: Pillar.PRODUCTIVE_BUSINESS,
    Assistance: Pillar.PRODUCTIVE_BUSINESS,
    ParentingSession: Pillar.COMMUNITY_PARENTING,
    Cooperative: Pillar.COOPERATIVE,
}
PROGRAMME_TABLES = [RECORD_REVISION, *(table_of(noun) for root in PILLARS for noun in by_itself(root).nouns.values())]
YEAR = dt.timedelta(days=365)
JOINED = {BusinessGroup: "group_id", Cooperative: "cooperative_id"}
"""What the businesses of its members name."""


def programme(village: Village, documents: Sequence[Document], today: dt.date, programme_id: uuid.UUID) -> list[Saved]:
    """The records of a village, which name people of the `documents`: households that were sent in.

    The documents then hold what follows from the records: participations, the groups of businesses, and who of the
    children left behind comes to sessions."""
    if not documents:
        return []
    is_personas = any(persona.area == village.code for persona in PERSONAS)
    place = Place(village.id, village.code, village.name, programme_id, is_personas)
    people = people_of(documents)
    families = [family_of(document) for document in documents]
    last_visit = max(family.visited for family in families)
    calendar = Calendar(today, last_visit if village.silent else today)
    names = ("visits", "groups", "trainings", "parenting", "cooperatives", "assistance")
    chance = {name: random.Random(f"{name}/{village.code}") for name in names}
    records = [
        *visits(place, people, calendar, chance["visits"]),
        *groups(place, people, today, chance["groups"]),
        *trainings(place, people, calendar, today, chance["trainings"]),
        *parenting(place, people, calendar, chance["parenting"]),
        *cooperatives(place, people, today, chance["cooperatives"]),
    ]
    records += assistance(place, people, families, records, calendar, chance["assistance"])
    _take_part(families, records)
    return records


class Tie(NamedTuple):
    """That a record names a member, and since when they take part."""

    record: Saved
    member: str
    since: dt.date


def _ties(record: Saved) -> Iterator[Tie]:
    columns = record.newest.columns
    text = columns.get("date") or columns.get("starts_on")
    since = dt.date.fromisoformat(text) if text else record.versions[0].at.date()
    named = [columns["visitor_id"]] if "visitor_id" in columns else []
    named += [
        row["member_id"] for rows in record.newest.entries.values() for row in rows.values() if "member_id" in row
    ]
    return (Tie(record, member, since) for member in named)


def _take_part(families: Sequence[Family], records: Sequence[Saved]) -> None:
    """Add to each household's document what its visit found of the programme."""
    ties: dict[str, list[Tie]] = {}
    for record in records:
        for tie in _ties(record):
            ties.setdefault(tie.member, []).append(tie)
    for family in families:
        own = [tie for member in family.document["member"] for tie in ties.get(member, ())]
        before = sorted((tie for tie in own if tie.since < family.visited), key=lambda tie: tie.since)
        by_pillar: dict[Pillar, list[Tie]] = {}
        for tie in before:
            by_pillar.setdefault(PILLARS[tie.record.noun], []).append(tie)
        family.document["pillar_participation"] = {
            str(uuid.uuid5(family.id, f"pillar/{pillar.value}")): _participation(pillar, of_pillar, family.visited)
            for pillar, of_pillar in by_pillar.items()
        }
        _join(family.document, before)
        attending = {tie.member for tie in before if tie.record.noun is ParentingSession}
        family.document["child_care"] = dict(care_of(family, attending, random.Random(f"care/{family.id}")))


def _participation(pillar: Pillar, ties: Sequence[Tie], visited: dt.date) -> dict[str, Any]:
    """A participation by its ties, from the earliest to the latest."""
    participation = {"pillar": pillar.value, "started_on": ties[0].since.isoformat()[:7]}
    belongs = any(tie.record.noun in JOINED for tie in ties)
    if not belongs and visited - ties[-1].since > YEAR:
        participation["ended_on"] = ties[-1].since.isoformat()[:7]
    return participation


def _join(document: Document, ties: Sequence[Tie]) -> None:
    for business in document["business"].values():
        for tie in ties:
            if tie.record.noun in JOINED and tie.member == business["owner_id"]:
                business[JOINED[tie.record.noun]] = str(tie.record.id)
