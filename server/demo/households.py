"""The demo's households: documents as an officer would have recorded them, the same for the same seed and day.

Nobody in them exists: NIK and KK numbers begin with 99, which is no province; phones (+62840) and passports (Z) are in
series chosen because we know of no use of them.
Rule: every document passes every ERROR rule, a few per cent carry a warning, and no NIK is given
twice in the country.  Test: tests/test_demo_households.py.
"""

import datetime as dt
import random
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.codes import LifeStatus, MaritalStatus, MigrationStage, RelationToHead, Residence, Sex
from registry.write.document import Document, empty
from server.demo import geography
from server.demo.accounts import NAMESPACE
from server.demo.episodes import ABROAD, Traveller, days, episodes, pick
from server.demo.names import Culture, culture_of, given_name
from server.demo.people import ROOM, card_number, education, occupation, school
from server.demo.trades import business

SILENT_EVERY, FRESH, STALE = 25, (22, 158), (230, 800)
"""One village in 25 has been silent: days since the visits there, and elsewhere."""

ANCHORS = {
    "12": (3.0, 98.9), "18": (-5.0, 105.1), "32": (-6.7, 107.6), "33": (-7.3, 110.0), "34": (-7.8, 110.3),
    "35": (-7.9, 112.4), "36": (-6.4, 106.1), "51": (-8.4, 115.2), "52": (-8.6, 116.4), "53": (-8.7, 121.5),
    "61": (0.4, 109.6), "73": (-4.6, 119.9),
}  # fmt: skip
FAMILIES = {"wife": 36, "mother": 11, "daughter": 14, "husband": 28, "son": 11}
"""Who is the migrant of the family; women are 61 %, as in the placements of 2023."""
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
"""How many of the families have a business, by the stage of their migrant."""
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
    """The villages of the programme, with the ids that their codes have in a registry."""
    places = geography.read()
    names = {place.code: place.name for place in places}
    enrolled = [place for place in places if place.since is not None]
    return [
        Village(ids[place.code], place.code, place.name, names[place.code[:5]].split(" ", 1)[1], number)
        for number, place in enumerate(enrolled)
    ]


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
        self.id, self.rng = uuid.uuid5(NAMESPACE, f"household/{place}"), random.Random(place)
        self.visited = self.today - dt.timedelta(days=self.rng.randint(*(STALE if self.village.silent else FRESH)))
        self.culture = culture_of(self.village.code, self.rng)
        migrant, spouse = self._people()
        self._travel(migrant, spouse)
        for seq, episode in enumerate(self.episodes, 1):
            episode["seq"] = seq
        return empty() | {
            "household": {str(self.id): self._household()},
            "member": {person.traveller.id: person.row for person in self.people},
            "migration_episode": {self._id(f"episode/{row['seq']}"): row for row in self.episodes},
            "business": {self._id(f"business/{n}"): row for n, row in enumerate(self.businesses)},
        }

    def _id(self, name: str) -> str:
        return str(uuid.uuid5(self.id, name))

    def _people(self) -> tuple[_Person, _Person | None]:
        """The members in the order of the family card; answers the migrant and, of a couple, the other."""
        rng, kind = self.rng, pick(FAMILIES, self.rng)
        young = kind in ("wife", "mother", "husband")
        age = round(rng.triangular(23, 50, 33) if young else rng.triangular(43, 63, 50))
        grown: _Person | None = None
        if kind == "mother":
            head = mother = self._add(Sex.FEMALE, age, R.HEAD, rng.choice((M.DIVORCED, M.DIVORCED, M.WIDOWED)))
            other = None
            self._children(mother, None, at_most=2)
        else:
            head = self._add(Sex.MALE, max(age + round(rng.gauss(3, 3)), age - 2, 21), R.HEAD, M.MARRIED)
            mother = self._add(Sex.FEMALE, age, R.WIFE, M.MARRIED)
            other = head if kind == "wife" else mother
            if not young:
                oldest = rng.randint(21, max(min(age - 20, 32), 22))
                grown = self._child(Sex.FEMALE if kind == "daughter" else Sex.MALE, oldest, mother, head)
            self._children(mother, head, at_most=4)
        if grown is not None:
            return grown, None
        if kind == "mother" or rng.random() < 0.28:
            relation = R.PARENT if kind == "mother" else rng.choice((R.PARENT, R.PARENT_IN_LAW))
            self._add(Sex.FEMALE, max(head.age, mother.age) + rng.randint(18, 28), relation, M.WIDOWED)
        return (mother if kind == "wife" else head), other

    def _children(self, mother: _Person, father: _Person | None, at_most: int) -> None:
        rng = self.rng
        age = min(mother.age - rng.randint(19, 26), self.people[-1].age - 2)
        for _ in range(rng.choices(range(at_most + 1), (8, 34, 38, 16, 4)[: at_most + 1])[0]):
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
        rng, seq = self.rng, len(self.people) + 1
        born = self.visited - days(age) - dt.timedelta(days=rng.randint(2, 360))
        number = self.village.number * ROOM + self.n * 10 + seq
        taken = {person.given_name for person in self.people}
        while (first := given_name(self.culture, sex, rng)) in taken:
            pass
        row: dict[str, Any] = {
            "seq": seq,
            "full_name": f"{first} {self._family_name(relation)}".strip(),
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
        if rng.random() < (0.12 if age < 17 else 0.02):
            row["nik_missing_reason"] = "NONE_YET" if age < 17 else pick({"UNKNOWN": 2, "DOCUMENTS_WITHHELD": 1}, rng)
        else:
            row["nik"] = card_number(number, born.day + (40 if sex is Sex.FEMALE else 0), born)
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
        person = _Person(Traveller(self._id(f"member/{seq}"), sex, born, number), age, first, row)
        self.people.append(person)
        return person

    def _family_name(self, relation: RelationToHead) -> str:
        """Children bear the name of the head of the family, where names are inherited."""
        if not self.culture.families:
            return ""
        own = relation in (R.HEAD, R.CHILD)
        return (
            self.culture.families[self.id.int % len(self.culture.families)]
            if own
            else self.rng.choice(self.culture.families)
        )

    def _travel(self, migrant: _Person, spouse: _Person | None) -> None:
        rng, stage = self.rng, MigrationStage[pick(STAGES, self.rng)]
        grown_child = migrant.row["relation_to_head"] == R.CHILD
        if stage is MigrationStage.DIED_ABROAD and not grown_child:
            stage = MigrationStage.RETURNED
        travels = [(migrant, stage)]
        if spouse is not None and rng.random() < 0.1:
            travels.append((spouse, MigrationStage[pick(SPOUSE_STAGES, rng)]))
        for who, reached in travels:
            self.episodes += episodes(who.traveller, reached, self.village.code[:2], self.visited, self.today, rng)
            if reached in (MigrationStage.WORKING_ABROAD, MigrationStage.DIED_ABROAD):
                who.row["residence"] = Residence.ABROAD.value
            if reached is MigrationStage.DIED_ABROAD:
                who.row["life_status"] = LifeStatus.DEAD.value
        if rng.random() < OWNERS.get(stage, 0):
            at_home = [p for p in self.people if p.age >= 20 and p.row["residence"] == Residence.HOME]
            owner = migrant if stage not in ABROAD else next(iter(at_home), migrant)
            since = self.visited - days(rng.uniform(0.3, 6))
            for n in range(2 if rng.random() < 0.07 else 1):
                title = "Pak" if owner.row["sex"] == Sex.MALE else "Bu"
                names = (f"{title} {owner.given_name.split()[-1]}", self.village.name)
                number = owner.traveller.number * 2 + n
                self.businesses.append(
                    business(owner.traveller.id, *names, str(self.village.id), number, since, self.visited, rng)
                )

    def _household(self) -> dict[str, Any]:
        rng = self.rng
        at_home = [p for p in self.people if p.age >= 18 and p.row["residence"] == Residence.HOME]
        asked = (at_home or self.people)[0]
        hamlet, rt, rw = rng.choice(self.culture.hamlets), rng.randint(1, 12), rng.randint(1, 6)
        minor = any("school_status" in person.row for person in self.people)
        decile = rng.choices(range(1, 11), (10, 16, 18, 17, 13, 10, 7, 5, 3, 1))[0]
        at = dt.datetime.combine(self.visited, dt.time(rng.randint(1, 8), rng.randint(0, 59)), dt.UTC)
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
            "respondent_name": asked.row["full_name"],
            "respondent_relation": R[asked.row["relation_to_head"]].label_id,
            "captured_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "consent_basis": "CONSENT",
            "consent_method": pick({"SIGNATURE": 78, "THUMBPRINT": 12, "WITNESSED_VERBAL": 6, "FORM_PHOTO": 4}, rng),
            "consent_text_version": "2024-10",
            "consent_given_by": asked.row["full_name"],
            "consent_given_on": self.visited.isoformat(),
        }
        if minor:
            row["guardian_consent"] = True
        if rng.random() < 0.6:
            row |= dict(
                zip(
                    ("location_lat", "location_lon"),
                    (round(c + rng.uniform(-0.2, 0.2), 4) for c in ANCHORS[self.village.code[:2]]),
                    strict=True,
                )
            )
        number = self.village.number * ROOM + self.n
        if rng.random() < 0.92:
            row["phone"] = f"+62840{number:08d}"
        if rng.random() < 0.97:
            card = self.visited - days(rng.uniform(0.2, 14))
            row["kk_number"] = card_number(number, card.day, card)
        else:
            row["kk_missing_reason"] = pick({"NONE_YET": 2, "REFUSED": 1}, rng)
        return row
