"""What a village was given: assistance to its groups, businesses and families, and to the village itself (pillar 2).

Invented, after Lantan in 2022: a group receives up to Rp 20 million, mostly as tools and materials.
Rule: what is given to a group comes after it was formed, and to a family or its business after the visit to it.
Test: tests/test_demo_pillars.py.
"""

import datetime as dt
import random
import uuid
from collections.abc import Iterator, Sequence

from registry.models.assistance import Assistance
from registry.models.business_group import BusinessGroup
from server.demo.episodes import Weights, pick
from server.demo.saved import Saved, saved_once
from server.demo.sessions import Calendar, Place, typed_at
from server.demo.villagers import Family, People

MILLION = 1_000_000
GROUP_TYPES: Weights = {"TOOLS": 50, "MATERIALS": 24, "CAPITAL": 20, "MENTORING": 6}
BUSINESS_TYPES: Weights = {"TOOLS": 44, "CAPITAL": 30, "MATERIALS": 18, "MENTORING": 8}
SOURCES: Weights = {"MINISTRY_OF_MANPOWER": 46, "REGENCY": 20, "VILLAGE_FUND": 18, "PROVINCE": 8, "CSR": 8}


class Giving:
    """Makes the assistance of one village, each with a number of its own."""

    def __init__(self, place: Place, rng: random.Random) -> None:
        self._place, self._rng, self._count = place, rng, 0

    def give(self, recipient: uuid.UUID | str, type_: str, millions: int, day: dt.date, at: dt.datetime) -> Saved:
        """Assistance worth at most so many million rupiah; the ministry's is under the programme."""
        source = pick(SOURCES, self._rng)
        self._count += 1
        columns = {
            "type": type_,
            "source": source,
            "value_amount": str(self._rng.randint(max(1, millions // 3), millions) * MILLION),
            "value_currency": "IDR",
            "date": day.isoformat(),
            "recipient_id": str(recipient),
        }
        if source == "MINISTRY_OF_MANPOWER":
            columns["programme_id"] = str(self._place.programme)
        return saved_once(Assistance, self._place.record(f"assistance/{self._count}"), at, **columns)


def assistance(
    place: Place,
    people: People,
    families: Sequence[Family],
    records: Sequence[Saved],
    calendar: Calendar,
    rng: random.Random,
) -> Iterator[Saved]:
    """The assistance of a village; `records` has its groups."""
    giving = Giving(place, rng)
    for group in records:
        if group.noun is BusinessGroup and (place.has_everything or rng.random() < 0.75):
            day = group.versions[0].at.date() + dt.timedelta(days=rng.randint(60, 500))
            yield giving.give(group.id, pick(GROUP_TYPES, rng), 20, day, typed_at(day, [], rng))
    if rng.random() < 0.3:
        day = calendar.first + dt.timedelta(days=rng.randint(1, 120))
        if day <= calendar.last:  # computers for the children's house of learning
            yield giving.give(place.village, "TOOLS", 25, day, typed_at(day, [], rng))
    children = {child.family.id for child in people.left_behind(calendar.last)}
    for family in families:
        day = family.visited + dt.timedelta(days=rng.randint(5, 20))
        at = max(typed_at(day, [], rng), family.known_from)
        if day > calendar.last:
            continue
        for business, row in family.document["business"].items():
            if row["status"] == "RUNNING" and rng.random() < 0.14:
                yield giving.give(business, pick(BUSINESS_TYPES, rng), 5, day, at)
        if family.id in children and rng.random() < 0.06:
            yield giving.give(family.id, "SCHOLARSHIP", 2, day, at)
