"""What a village builds together: business groups and trainings (pillar 2), and cooperatives (pillar 4).

Invented, after Lantan in 2022: groups of about ten people who learn a trade first.  Cooperatives are the pillar that
came least far: some villages have one, and few of those are legal entities.
Rule: a group or a cooperative is recorded when it is formed, its members once they are registered.
Test: tests/test_demo_pillars.py.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

from registry.codes import BusinessField
from registry.models.business_group import BusinessGroup
from registry.models.cooperative import Cooperative
from registry.models.training import Training
from server.demo.episodes import days, pick
from server.demo.saved import Saved, Version
from server.demo.sessions import Calendar, Place, typed_at
from server.demo.villagers import People, Villager

F = BusinessField
SIX_MONTHS = dt.timedelta(days=183)
GROUPS = {
    F.FOOD_PROCESSING: "Olahan Pangan",
    F.LIVESTOCK: "Ternak",
    F.CROPS: "Tani Hortikultura",
    F.FISHERY: "Budi Daya Ikan",
    F.CRAFTS: "Anyaman",
    F.TAILORING: "Jahit",
    F.TEXTILE_CLOTHING_LEATHER: "Tenun",
}
NAMES = ("Maju Bersama", "Sumber Rezeki", "Karya Mandiri", "Harapan Baru", "Mekar Sari", "Tunas Muda")
COURSES = {
    "FOOD_PROCESSING": "Pengolahan dan pengemasan makanan",
    "SEWING": "Menjahit pakaian",
    "ANIMAL_FEED": "Pembuatan pakan ternak",
    "CARPENTRY": "Pertukangan kayu",
    "WORKSHOP": "Servis sepeda motor",
    "MAKE_UP": "Tata rias pengantin",
}
SKILLS = dict(zip(COURSES, (34, 24, 16, 10, 10, 6), strict=True))
PROVIDERS = {
    "MANPOWER_OFFICE": 42,
    "VOCATIONAL_TRAINING_CENTRE": 24,
    "VILLAGE": 14,
    "COMMUNITY_TRAINING_CENTRE": 12,
    "NGO": 8,
}
OUTCOMES = {
    "Membuka usaha sendiri": 30,
    "Bergabung dengan kelompok usaha": 24,
    "Bekerja di usaha orang lain": 10,
    "Belum memakai keterampilannya": 28,
    "Berangkat lagi ke luar negeri": 8,
}
STATUS = {"STARTING": 52, "LEGAL_ENTITY": 22, "INACTIVE": 26}
KINDS = {"SAVINGS_AND_LOANS": 46, "MULTIPURPOSE": 28, "PRODUCERS": 16, "MARKETING": 6, "CONSUMERS": 4}


def groups(place: Place, people: People, today: dt.date, rng: random.Random) -> Iterator[Saved]:
    """The business groups of a village: none, one or two, in the fields of its businesses."""
    count = max(rng.choices((0, 1, 2), (15, 65, 20))[0], int(place.has_everything))
    fields = [pick_field(people, rng) for _ in range(count)]
    names = rng.sample(NAMES, len(NAMES))
    for number, field in enumerate(dict.fromkeys(fields)):
        formed = today - days(rng.uniform(2.6, 5.5))
        owners = [one for one in people.adults(today) if field.value in fields_of(one)]
        others = [one for one in people.adults(today) if one not in owners]
        size = rng.randint(5, 12)
        members = (owners + rng.sample(others, min(len(others), size)))[:size]
        columns = {"name": f"{GROUPS[field]} {names[number]}", "kind": field.label_id}
        columns["formed_on"] = formed.isoformat()[:7]
        entries = {"business_group_member": _by_id(members)}
        first = Version(typed_at(formed, [], rng), columns, {})
        second = Version(typed_at(formed, members, rng) + dt.timedelta(days=1), columns, entries)
        yield Saved(BusinessGroup, place.record(f"business_group/{number}"), (first, second))


def pick_field(people: People, rng: random.Random) -> BusinessField:
    """A field for a group: one in which the village has businesses, if there is any."""
    counts = Counter(field for one in people.everybody for field in fields_of(one) if field in GROUPS)
    return BusinessField[pick(counts, rng)] if counts else rng.choice(list(GROUPS))


def fields_of(owner: Villager) -> set[str]:
    """The fields of somebody's businesses."""
    businesses = owner.family.document["business"].values()
    return {business["field"] for business in businesses if business["owner_id"] == owner.id}


def _by_id(members: list[Villager]) -> dict[str, dict[str, Any]]:
    return {one.id: {"member_id": one.id} for one in members}


def trainings(place: Place, people: People, calendar: Calendar, today: dt.date, rng: random.Random) -> Iterator[Saved]:
    """The trainings of a village in two years; what became of participants is known of those older than six months."""
    months = list(calendar.months())
    drawn = max(rng.choices((0, 1, 2, 3), (15, 40, 30, 15))[0], 2 * place.has_everything)
    count = min(len(months), drawn)
    for number, month in enumerate(sorted(rng.sample(months, count))):
        starts = month + dt.timedelta(days=rng.randrange(20))
        length = rng.randint(2, 5)
        ends = starts + dt.timedelta(days=length - 1)
        adults = people.adults(ends)
        participants = rng.sample(adults, min(len(adults), rng.randint(8, 20)))
        skill = pick(SKILLS, rng)
        columns = {
            "title": COURSES[skill],
            "skill": skill,
            "provider": pick(PROVIDERS, rng),
            "starts_on": starts.isoformat(),
            "ends_on": ends.isoformat(),
            "hours": 8 * length,
        }
        taught = {one.id: _participant(one, rng) for one in participants}
        at = typed_at(ends, participants, rng)
        versions = [Version(at, columns, {"training_participant": taught})]
        asked_on = ends + SIX_MONTHS
        if asked_on < min(today, calendar.last):
            later = max(typed_at(asked_on, [], rng), at + dt.timedelta(days=1))
            outcomes = {id_: row | _outcome(row, rng) for id_, row in taught.items()}
            versions.append(Version(later, columns, {"training_participant": outcomes}))
        yield Saved(Training, place.record(f"training/{number}"), tuple(versions))


def _participant(one: Villager, rng: random.Random) -> dict[str, Any]:
    completed = rng.random() < 0.92
    return {"member_id": one.id, "completed": completed, "certified": completed and rng.random() < 0.7}


def _outcome(participant: dict[str, Any], rng: random.Random) -> dict[str, str]:
    if not participant["completed"] or rng.random() < 0.15:
        return {}  # nobody asked them
    return {"outcome_after_6_months": pick(OUTCOMES, rng)}


def cooperatives(place: Place, people: People, today: dt.date, rng: random.Random) -> Iterator[Saved]:
    """The cooperative of a village, in one village of three: its figures at the end of each year since it began."""
    if rng.random() > 0.36 and not place.has_everything:
        return
    founded = today - days(rng.uniform(2.6, 5.5))
    status = pick(STATUS, rng)
    columns = {"name": f"Koperasi Desmigratif {place.name}", "status": status, "kind": pick(KINDS, rng)}
    if status == "LEGAL_ENTITY":
        legal = founded + dt.timedelta(days=rng.randint(120, 600))
        columns["legal_no"] = f"AHU-{rng.randrange(10**7):07d}.AH.01.26.TAHUN {legal.year}"
        columns["legal_on"] = legal.isoformat()
    started = {**columns, "status": "STARTING"}
    for later in ("legal_no", "legal_on"):
        started.pop(later, None)
    versions = [Version(typed_at(founded, [], rng), started, {})]
    figures: dict[str, dict[str, Any]] = {}
    members, savings = rng.randint(12, 22), rng.randint(8, 30) * 500_000
    closed = today - dt.timedelta(days=60)  # when the figures of a year are known
    for year in range(founded.year, closed.year):
        figures[str(year)] = _year(year, members, savings, rng)
        if status == "INACTIVE" and len(figures) == 2:
            break
        members += rng.randint(0, 8)
        savings += rng.randint(4, 40) * 250_000
    adults = people.adults(today)
    joined = rng.sample(adults, min(len(adults), rng.randint(6, 12)))
    entries = {"cooperative_year": figures, "cooperative_member": _by_id(joined)}
    january = dt.date(int(max(figures)) + 1, 1, rng.randint(8, 28))
    legal_on = dt.date.fromisoformat(columns["legal_on"]) if "legal_on" in columns else january
    at = max(typed_at(january, joined, rng), typed_at(legal_on, joined, rng)) + dt.timedelta(days=1)
    yield Saved(Cooperative, place.record("cooperative"), (*versions, Version(at, columns, entries)))


def _year(year: int, members: int, savings: int, rng: random.Random) -> dict[str, Any]:
    return {
        "year": year,
        "members": members,
        "returned_migrants": round(members * rng.uniform(0.2, 0.6)),
        "savings_amount": str(savings),
        "savings_currency": "IDR",
        "loans_amount": str(round(savings * rng.uniform(0.3, 0.8) / 100_000) * 100_000),
        "loans_currency": "IDR",
    }
