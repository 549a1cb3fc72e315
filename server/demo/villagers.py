"""The people of a village as its officer knows them: whom visits, trainings, groups, sessions and cooperatives name.

Rule: only people of households that were sent in are named, and a record that names them was typed after they were
registered.  Test: tests/test_demo_pillars.py.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from registry.codes import MigrationStage, Residence, Sex
from registry.models.aggregate import Document
from server.demo.episodes import ABROAD

REGISTERED_WITHIN = dt.timedelta(hours=31)
"""Longest time from a visit to a household until it is recorded (server/demo/record.py)."""
CHILD = 18


@dataclass(frozen=True, slots=True)
class Family:
    """A household, the time from which its members can be named, and how far its newest migration has come."""

    id: uuid.UUID
    visited: dt.date
    known_from: dt.datetime
    stage: MigrationStage
    document: Document

    @property
    def has_migrant_abroad(self) -> bool:
        return self.stage in ABROAD


@dataclass(frozen=True, slots=True)
class Villager:
    """A living member of a household; `away` are the begins and ends of their migrations, as dates of any precision."""

    id: str
    name: str
    sex: Sex
    born: int
    at_home: bool
    away: tuple[tuple[str, str | None], ...]
    stage: MigrationStage | None
    family: Family

    def age(self, day: dt.date) -> int:
        """Completed years at the end of the day's year."""
        return day.year - self.born

    def is_there(self, day: dt.date) -> bool:
        """Whether they were in the country on the day, as far as their dates tell."""
        if not self.away:
            return True
        text = day.isoformat()
        return not any(begin <= text and (end is None or end > text) for begin, end in self.away)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody whom records of a village may name."""

    everybody: tuple[Villager, ...]

    def adults(self, day: dt.date) -> list[Villager]:
        """Those of working age who live at home."""
        return [one for one in self.everybody if one.at_home and 18 < one.age(day) < 66 and one.is_there(day)]

    def left_behind(self, day: dt.date) -> list[Villager]:
        """Children whose household has a migrant abroad, from three years on."""
        of_age = [one for one in self.everybody if one.at_home and 3 < one.age(day) < CHILD]
        return [one for one in of_age if one.family.has_migrant_abroad]


def people_of(documents: Collection[Document]) -> People:
    """The people of households that are not drafts."""
    return People(tuple(one for document in documents for one in _members(document)))


def family_of(document: Document) -> Family:
    """The household of a document."""
    ((key, household),) = document["household"].items()
    captured = dt.datetime.fromisoformat(household["captured_at"])
    stage = MigrationStage[list(document["migration_episode"].values())[-1]["stage"]]
    return Family(uuid.UUID(key), captured.date(), captured + REGISTERED_WITHIN, stage, document)


def _members(document: Document) -> list[Villager]:
    family = family_of(document)
    members = []
    for id_, row in document["member"].items():
        if row["life_status"] != "ALIVE":
            continue
        own = [episode for episode in document["migration_episode"].values() if episode["member_id"] == id_]
        away = tuple((episode["departed_on"], episode.get("returned_on")) for episode in own if _has_left(episode))
        members.append(
            Villager(
                id_,
                row["full_name"],
                Sex[row["sex"]],
                int(row["birth_date"][:4]),
                row["residence"] == Residence.HOME,
                away,
                MigrationStage[own[-1]["stage"]] if own else None,
                family,
            )
        )
    return members


def _has_left(episode: Mapping[str, Any]) -> bool:
    return "departed_on" in episode and episode["stage"] != MigrationStage.PROSPECTIVE
