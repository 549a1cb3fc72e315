"""The demo's households: documents as an officer would have recorded them, the same for the same seed and day.

Nobody in them exists: NIK and KK numbers begin with 99, which is no province; phones (+62840) and passports (Z) are in
series of which we know no use.
Rule: every document passes every ERROR rule, a few per cent have a warning, and every NIK is unique in the country.
Test: tests/test_demo_households.py.
"""

import datetime as dt
import random
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.codes import LifeStatus, MaritalStatus, MigrationStage, RelationToHead, Residence, Sex
from registry.models.aggregate import Document
from registry.models.household_aggregate import AGGREGATE
from server.demo import geography
from server.demo.accounts import NAMESPACE
from server.demo.episodes import ABROAD, Traveller, days, episodes, pick
from server.demo.names import Culture, culture_of, given_name
from server.demo.people import ROOM, card_number, education, occupation, school
from server.demo.remittances import remittance
from server.demo.trades import business

SILENT_EVERY = 25
"""One village in 25 has been silent: its visits are STALE."""
FRESH, STALE = (22, 158), (230, 800)  # days since a visit, at least and at most

ANCHORS = {
    "12": (3.0, 98.9), "18": (-5.0, 105.1), "32": (-6.7, 107.6), "33": (-7.3, 110.0), "34": (-7.8, 110.3),
    "35": (-7.9, 112.4), "36": (-6.4, 106.1), "51": (-8.4, 115.2), "52": (-8.6, 116.4), "53": (-8.7, 121.5),
    "61": (0.4, 109.6), "73": (-4.6, 119.9),
}  # fmt: skip
"""A point in each province, latitude and longitude, around which its households lie."""
FAMILIES = {"wife": 36, "mother": 11, "daughter": 14, "husband": 28, "son": 11}
"""Which member of a family is its migrant; women are 61 %, as in the placements of 2023."""
STAGES = {
    "WORKING_ABROAD": 45,
    "ON_HOME_LEAVE": 2,
    "RETURNED": 32,
    "PROSPECTIVE": 15,
    "FAILED_TO_DEPART": 3,
    "DIED_ABROAD": 4,
}
SPOUSE_STAGES = {"RETURNED": 70, "PROSPECTIVE": 30}
OWNERS = {"RETURNED": 0.46, "WORKING_ABROAD": 0.1, "ON_HOME_LEAVE": 0.1, "PROSPECTIVE": 0.06, "FAILED_TO_DEPART": 0.06}
"""Share of the families that have a business, by the stage of their migrant."""
CHILDREN_WEIGHTS = (8, 34, 38, 16, 4)  # of 0 to 4 children
DECILE_WEIGHTS = (10, 16, 18, 17, 13, 10, 7, 5, 3, 1)  # of the welfare deciles 1 to 10
R, M = RelationToHead, MaritalStatus


@dataclass(frozen=True, slots=True)
class Village:
    """A village of the programme; `number` is its place in the country's list, from 0."""

    id: uuid.UUID
    code: str
    name: str
    regency: str
    number: int

    @property
    def silent(self) -> bool:
        return self.number % SILENT_EVERY == 7


def villages(ids: Mapping[str, uuid.UUID]) -> list[Village]:
    """The villages of the programme; `ids` are the ids of the registry's regions by code."""
    places = geography.read()
    names = {place.code: place.name for place in places}
    enrolled = [place for place in places if place.since is not None]
    result = []
    for number, place in enumerate(enrolled):
        _, regency = names[place.code[:5]].split(" ", 1)  # without "Kabupaten" or "Kota"
        result.append(Village(ids[place.code], place.code, place.name, regency, number))
    return result


def documents(village: Village, seed: int, count: int, today: dt.date) -> Iterator[Document]:
    """The first `count` households of a village, recorded some weeks before `today`."""
    for n in range(count):
        yield _Family(village, seed, n, today).document()


@dataclass(slots=True)
class _Person:
    traveller: Traveller
    age: int
    given_name: str
    row: dict[str, Any]


@dataclass(slots=True)
class _Family:
    """One household as it grows.  All chance comes from `rng`, in a fixed order: one seed gives one family."""

    village: Village
    seed: int
    n: int
    today: dt.date
    rng: random.Random = field(init=False)
    id: uuid.UUID = field(init=False)
    visited: dt.date = field(init=False)
    culture: Culture = field(init=False)
    people: list[_Person] = field(init=False, default_factory=list)
    episodes: list[dict[str, Any]] = field(init=False, default_factory=list)
    businesses: list[dict[str, Any]] = field(init=False, default_factory=list)

    def document(self) -> Document:
        place = f"{self.seed}/{self.village.code}/{self.n}"
        self.id = uuid.uuid5(NAMESPACE, f"household/{place}")
        self.rng = random.Random(place)
        days_ago = self.rng.randint(*(STALE if self.village.silent else FRESH))
        self.visited = self.today - dt.timedelta(days=days_ago)
        self.culture = culture_of(self.village.code, self.rng)
        migrant, spouse = self._people()
        self._travel(migrant, spouse)
        money = random.Random(f"remittances/{place}")
        for seq, episode in enumerate(self.episodes, 1):
            episode["seq"] = seq
            episode |= remittance(episode, money)
        return AGGREGATE.empty() | {
            "household": {str(self.id): self._household()},
            "member": {person.traveller.id: person.row for person in self.people},
            "migration_episode": {self._id(f"episode/{row['seq']}"): row for row in self.episodes},
            "business": {self._id(f"business/{n}"): row for n, row in enumerate(self.businesses)},
        }

    def _id(self, name: str) -> str:
        return str(uuid.uuid5(self.id, name))

    def _people(self) -> tuple[_Person, _Person | None]:
        """Add the members in the order of the family card.  Returns the migrant and, if there is one, the spouse."""
        rng = self.rng
        migrant = pick(FAMILIES, rng)
        if migrant == "mother":
            age = round(rng.triangular(23, 50, 33))
            mother = self._add(Sex.FEMALE, age, R.HEAD, rng.choice((M.DIVORCED, M.DIVORCED, M.WIDOWED)))
            self._children(mother, None, at_most=2)
            self._grandmother(mother.age, R.PARENT)
            return mother, None
        has_grown_child = migrant in ("daughter", "son")
        age = round(rng.triangular(43, 63, 50) if has_grown_child else rng.triangular(23, 50, 33))
        father = self._add(Sex.MALE, max(age + round(rng.gauss(3, 3)), age - 2, 21), R.HEAD, M.MARRIED)
        mother = self._add(Sex.FEMALE, age, R.WIFE, M.MARRIED)
        if has_grown_child:
            oldest = rng.randint(21, max(min(age - 20, 32), 22))
            child = self._child(Sex.FEMALE if migrant == "daughter" else Sex.MALE, oldest, mother, father)
            self._children(mother, father, at_most=4)
            return child, None
        self._children(mother, father, at_most=4)
        if rng.random() < 0.28:
            self._grandmother(max(father.age, mother.age), rng.choice((R.PARENT, R.PARENT_IN_LAW)))
        return (mother, father) if migrant == "wife" else (father, mother)

    def _grandmother(self, child_age: int, relation: RelationToHead) -> None:
        self._add(Sex.FEMALE, child_age + self.rng.randint(18, 28), relation, M.WIDOWED)

    def _children(self, mother: _Person, father: _Person | None, at_most: int) -> None:
        rng = self.rng
        age = min(mother.age - rng.randint(19, 26), self.people[-1].age - 2)
        (count,) = rng.choices(range(at_most + 1), CHILDREN_WEIGHTS[: at_most + 1])
        for _ in range(count):
            if age < 0:
                break
            self._child(rng.choice(list(Sex)), age, mother, father)
            age -= rng.randint(2, 6)

    def _child(self, sex: Sex, age: int, mother: _Person, father: _Person | None) -> _Person:
        child = self._add(sex, age, R.CHILD, M.NEVER_MARRIED)
        child.row["mother_id"] = mother.traveller.id
        if father is not None:
            child.row["father_id"] = father.traveller.id
        return child

    def _add(self, sex: Sex, age: int, relation: RelationToHead, marital: MaritalStatus) -> _Person:
        rng = self.rng
        seq = len(self.people) + 1
        born = self.visited - days(age) - dt.timedelta(days=rng.randint(2, 360))
        number = self.village.number * ROOM + self.n * 10 + seq
        first_name = self._unused_name(sex)
        row: dict[str, Any] = {
            "seq": seq,
            "full_name": f"{first_name} {self._family_name(relation)}".strip(),
            "sex": sex.value,
            "birth_place": self.village.regency,
            "birth_date": born.isoformat(),
            "relation_to_head": relation.value,
            "marital_status": marital.value,
            "education": education(age, rng),
            "occupation_code": occupation(age, sex, rng),
            "life_status": LifeStatus.ALIVE.value,
            "residence": Residence.HOME.value,
            "covered_by_jkn": rng.random() < 0.78,
        }
        has_card_age = age >= 17
        if rng.random() < (0.02 if has_card_age else 0.12):
            reasons = {"UNKNOWN": 2, "DOCUMENTS_WITHHELD": 1}
            row["nik_missing_reason"] = pick(reasons, rng) if has_card_age else "NONE_YET"
        else:
            day = born.day + 40 if sex is Sex.FEMALE else born.day  # how a NIK encodes the sex
            row["nik"] = card_number(number, day, born)
        if age < 18:
            row |= {
                "school_status": school(age, rng),
                "birth_certificate": rng.random() < 0.91,
                "disability": rng.random() < 0.015,
            }
        elif age > 45 and rng.random() < 0.1:
            row["birth_date"] = row["birth_date"][:4]
        elif rng.random() < 0.004:
            row["birth_date"] = (born + dt.timedelta(days=1)).isoformat()
        person = _Person(Traveller(self._id(f"member/{seq}"), sex, born, number), age, first_name, row)
        self.people.append(person)
        return person

    def _unused_name(self, sex: Sex) -> str:
        """A name that nobody else in the family has."""
        used = {person.given_name for person in self.people}
        while True:
            name = given_name(self.culture, sex, self.rng)
            if name not in used:
                return name

    def _family_name(self, relation: RelationToHead) -> str:
        """The family name, empty where names are not inherited: children have that of the head of the family."""
        names = self.culture.families
        if not names:
            return ""
        if relation in (R.HEAD, R.CHILD):
            return names[self.id.int % len(names)]
        return self.rng.choice(names)

    def _travel(self, migrant: _Person, spouse: _Person | None) -> None:
        """Add the episodes of the migrant and, rarely, of the spouse, and the business that came of them."""
        rng = self.rng
        stage = MigrationStage[pick(STAGES, rng)]
        is_grown_child = migrant.row["relation_to_head"] == R.CHILD
        if stage is MigrationStage.DIED_ABROAD and not is_grown_child:
            stage = MigrationStage.RETURNED
        travellers = [(migrant, stage)]
        if spouse is not None and rng.random() < 0.1:
            travellers.append((spouse, MigrationStage[pick(SPOUSE_STAGES, rng)]))
        for person, last_stage in travellers:
            province = self.village.code[:2]
            self.episodes += episodes(person.traveller, last_stage, province, self.visited, self.today, rng)
            if last_stage in (MigrationStage.WORKING_ABROAD, MigrationStage.DIED_ABROAD):
                person.row["residence"] = Residence.ABROAD.value
            if last_stage is MigrationStage.DIED_ABROAD:
                person.row["life_status"] = LifeStatus.DEAD.value
        if rng.random() < OWNERS.get(stage, 0):
            self._add_businesses(migrant, stage)

    def _add_businesses(self, migrant: _Person, stage: MigrationStage) -> None:
        rng = self.rng
        owner = migrant
        if stage in ABROAD:
            owner = next(iter(self._at_home(20)), migrant)
        title = "Pak" if owner.row["sex"] == Sex.MALE else "Bu"
        owner_name = f"{title} {owner.given_name.split()[-1]}"
        place_name, village_id = self.village.name, str(self.village.id)
        since = self.visited - days(rng.uniform(0.3, 6))
        for n in range(2 if rng.random() < 0.07 else 1):
            number = owner.traveller.number * 2 + n
            self.businesses.append(
                business(owner.traveller.id, owner_name, place_name, village_id, number, since, self.visited, rng)
            )

    def _at_home(self, min_age: int) -> list[_Person]:
        return [p for p in self.people if p.age >= min_age and p.row["residence"] == Residence.HOME]

    def _household(self) -> dict[str, Any]:
        rng = self.rng
        respondent = (self._at_home(18) or self.people)[0]
        hamlet, rt, rw = rng.choice(self.culture.hamlets), rng.randint(1, 12), rng.randint(1, 6)
        has_minor = any("school_status" in person.row for person in self.people)
        (decile,) = rng.choices(range(1, 11), DECILE_WEIGHTS)
        captured_at = dt.datetime.combine(self.visited, dt.time(rng.randint(1, 8), rng.randint(0, 59)), dt.UTC)
        row: dict[str, Any] = {
            "village_id": str(self.village.id),
            "status": "ACTIVE",
            "hamlet": hamlet,
            "rt": f"{rt:03d}",
            "rw": f"{rw:03d}",
            "address": f"{hamlet} RT {rt:03d} RW {rw:03d}",
            "house_ownership": pick({"OWNED": 76, "STAYING": 17, "RENTED": 5, "OTHER": 2}, rng),
            "welfare_decile": decile,
            "receives_pkh": decile <= 4 and rng.random() < 0.45,
            "receives_bpnt": decile <= 5 and rng.random() < 0.5,
            "visit_result": pick({"COMPLETE": 96, "PARTIAL": 4}, rng),
            "respondent_name": respondent.row["full_name"],
            "respondent_relation": R[respondent.row["relation_to_head"]].label_id,
            "captured_at": captured_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "consent_basis": "CONSENT",
            "consent_method": pick({"SIGNATURE": 78, "THUMBPRINT": 12, "WITNESSED_VERBAL": 6, "FORM_PHOTO": 4}, rng),
            "consent_text_version": "2024-10",
            "consent_given_by": respondent.row["full_name"],
            "consent_given_on": self.visited.isoformat(),
        }
        if has_minor:
            row["guardian_consent"] = True
        if rng.random() < 0.6:
            latitude, longitude = ANCHORS[self.village.code[:2]]
            row["location_lat"] = round(latitude + rng.uniform(-0.2, 0.2), 4)
            row["location_lon"] = round(longitude + rng.uniform(-0.2, 0.2), 4)
        number = self.village.number * ROOM + self.n
        if rng.random() < 0.92:
            row["phone"] = f"+62840{number:08d}"
        if rng.random() < 0.97:
            issued = self.visited - days(rng.uniform(0.2, 14))
            row["kk_number"] = card_number(number, issued.day, issued)
        else:
            row["kk_missing_reason"] = pick({"NONE_YET": 2, "REFUSED": 1}, rng)
        return row
