"""What happens in a village week by week: visits to its service centre (pillar 1) and parenting sessions (pillar 3).

Invented: two or three visits a month over two years, most of registered people, and in three villages of five a monthly
session.  Their services are those of the programme's duties.
Rule: nobody comes while abroad, and nothing happens in a village that has fallen silent.
Test: tests/test_demo_pillars.py.
"""

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from registry.codes import MigrationStage, Sex
from registry.models.parenting_session import ParentingSession
from registry.models.service_visit import ServiceVisit
from server.demo.episodes import Weights, pick
from server.demo.names import culture_of, given_name
from server.demo.saved import Saved, Version, saved_once
from server.demo.villagers import People, Villager

MONTHS = 24
SERVICES: dict[str, Weights] = {
    "leaving": {
        "JOB_MARKET_INFORMATION": 26,
        "PROCEDURE_INFORMATION": 24,
        "JOB_GUIDANCE": 12,
        "DATA_VERIFICATION": 10,
        "HELP_WITH_DOCUMENTS": 18,
        "FAMILY_PERMISSION_LETTER": 10,
    },
    "back": {
        "RETURN_RECORD": 34,
        "REMITTANCE_AND_FINANCE": 30,
        "JOB_MARKET_INFORMATION": 18,
        "HELP_WITH_DOCUMENTS": 18,
    },
    "family": {
        "DEPARTURE_RECORD": 12,
        "FAMILY_ASSISTANCE": 34,
        "REMITTANCE_AND_FINANCE": 22,
        "COMPLAINT": 12,
        "HELP_WITH_DOCUMENTS": 16,
        "OTHER": 4,
    },
}
"""What people come for: those who want to leave, those who are back, and the families of migrants."""
RESULTS = {
    "JOB_MARKET_INFORMATION": "Diberi daftar lowongan dari dinas tenaga kerja.",
    "PROCEDURE_INFORMATION": "Dijelaskan syarat dan tahapan berangkat secara prosedural.",
    "HELP_WITH_DOCUMENTS": "Surat pengantar dibuat; berkas dilengkapi di kantor desa.",
    "COMPLAINT": "Dicatat dan diteruskan ke dinas tenaga kerja.",
    "FAMILY_ASSISTANCE": "Keluarga didampingi; akan dikunjungi lagi bulan depan.",
}
AGE_BANDS = {"18-24": 34, "25-34": 38, "35-44": 18, "45-54": 8, "55-64": 2}
TOPICS = (
    "Komunikasi dengan orang tua di luar negeri",
    "Gizi dan kesehatan anak",
    "Mendampingi anak belajar di rumah",
    "Internet yang aman untuk anak",
    "Mengelola kiriman untuk sekolah anak",
    "Melindungi anak dari kekerasan",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A village, and the programme that it is in; one that `has_everything` is a persona's."""

    village: uuid.UUID
    area: str
    name: str
    programme: uuid.UUID
    has_everything: bool

    def record(self, name: str) -> uuid.UUID:
        """The id of one of its records."""
        return uuid.uuid5(self.village, f"programme/{name}")


class Calendar:
    """The last two years of a village, until it fell silent or until yesterday."""

    def __init__(self, today: dt.date, until: dt.date) -> None:
        self.first, self.last = today - dt.timedelta(days=MONTHS * 30), min(until, today - dt.timedelta(days=1))

    def months(self) -> Iterator[dt.date]:
        """The first days of its months of thirty days; none if the village has been silent for longer."""
        day = self.first
        while day + dt.timedelta(days=30) <= self.last:
            yield day
            day += dt.timedelta(days=30)


def typed_at(day: dt.date, named: list[Villager], rng: random.Random) -> dt.datetime:
    """When the officer typed what happened on the day: in the afternoon, or once everybody named was registered."""
    afternoon = dt.datetime.combine(day, dt.time(rng.randint(5, 8), rng.randint(0, 59)), dt.UTC)
    known = [one.family.known_from for one in named]
    return max([afternoon, *known])


def visits(place: Place, people: People, calendar: Calendar, rng: random.Random) -> Iterator[Saved]:
    """The visits to a village's service centre."""
    count = 0
    for month in calendar.months():
        adults = people.adults(month)
        for _ in range(rng.choices((1, 2, 3, 4), (3, 4, 3, 2))[0]):
            day = month + dt.timedelta(days=rng.randrange(30))
            id_ = place.record(f"service_visit/{count}")
            count += 1
            visitor = rng.choice(adults) if adults and rng.random() < 0.76 else None
            if visitor is not None and visitor.is_there(day):
                yield _registered(id_, day, visitor, rng)
            else:
                yield _anonymous(id_, day, rng)


def _anonymous(id_: uuid.UUID, day: dt.date, rng: random.Random) -> Saved:
    type_ = pick(SERVICES["leaving"], rng)
    visitor = {"visitor_sex": rng.choice(list(Sex)).value, "visitor_age_band": pick(AGE_BANDS, rng)}
    return saved_once(ServiceVisit, id_, typed_at(day, [], rng), date=day.isoformat(), type=type_, **visitor)


def _registered(id_: uuid.UUID, day: dt.date, visitor: Villager, rng: random.Random) -> Saved:
    type_ = pick(SERVICES[_purpose(visitor)], rng)
    columns = {"date": day.isoformat(), "type": type_, "visitor_id": visitor.id}
    if type_ in RESULTS and rng.random() < 0.6:
        columns["result"] = RESULTS[type_]
    return saved_once(ServiceVisit, id_, typed_at(day, [visitor], rng), **columns)


def _purpose(visitor: Villager) -> str:
    if visitor.stage is MigrationStage.PROSPECTIVE:
        return "leaving"
    return "back" if visitor.away else "family"


def parenting(place: Place, people: People, calendar: Calendar, rng: random.Random) -> Iterator[Saved]:
    """The monthly sessions of a village's parents, in most villages."""
    if rng.random() > 0.6 and not place.has_everything:
        return
    facilitator = given_name(culture_of(place.area, rng), Sex.FEMALE, rng)
    for number, month in enumerate(calendar.months()):
        if rng.random() < 0.25:
            continue  # not every month
        day = month + dt.timedelta(days=rng.randrange(25, 30))
        left_behind = people.left_behind(day)
        present = [child for child in left_behind if rng.random() < 0.55]
        columns = {
            "date": day.isoformat(),
            "group_name": "Rumah Belajar Desmigratif",
            "topic": rng.choice(TOPICS),
            "facilitator": facilitator,
            "children": len(present) + rng.randint(1, 8),
            "caregivers": max(2, len(present) // 2) + rng.randint(0, 4),
        }
        entries = {"parenting_session_attendee": {child.id: {"member_id": child.id} for child in present}}
        id_ = place.record(f"parenting_session/{number}")
        yield Saved(ParentingSession, id_, (Version(typed_at(day, present, rng), columns, entries),))
