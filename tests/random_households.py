"""Random households with all kinds of records: complete, incomplete and empty, in four states and three villages.

The commands submit them; then SQL changes them to what no command would store (a member without a name, an episode
without a stage), because a list must answer that too.  Everything is drawn from one seed.
"""

from __future__ import annotations

import random
import uuid
from typing import Any

from registry.codes import (
    BusinessField,
    BusinessPermit,
    BusinessScale,
    BusinessStatus,
    EducationLevel,
    ExportReadiness,
    LifeStatus,
    MigrationStage,
    OccupationGroup,
    OwnerCategory,
    Pillar,
    PlacementScheme,
    ProceduralStatus,
    RelationToHead,
    RemittanceBand,
    RemittanceUse,
    Residence,
    ReturnReason,
    SchoolStatus,
    Sector,
    Sex,
    TurnoverBand,
    WelfareStatus,
)
from tests.accounts import new_account
from tests.village import FAR, HERE, NEXT_DOOR, PEOPLE, Place, episode, household, participation, person, shop

PLACED = [(HERE, "officer"), (HERE, "second"), (NEXT_DOOR, "next door"), (FAR, "stranger"), (NEXT_DOOR, "mixed")]
MIXED: dict[str, list[tuple[str, str | None]]] = {
    "mixed": [("OFFICER", NEXT_DOOR), ("REGIONAL_VIEWER", "35.07")],
    "far and wide": [("VILLAGE_VERIFIER", HERE), ("MINISTRY_ANALYST", None)],
}
"""People whose two grants show different classes in different areas."""
GRANTS = {**PEOPLE, **MIXED}
NAMES = [
    *("Siti Aminah", "Sitti Aminah", "siti aminah", "SITI NURHALIZA", "Djoko Soesilo", "Joko Susilo", "Mohamad Yusuf"),
    *(
        "Muhammad Jusuf",
        "Nur'aini",
        "Núr Aïni",
        "Éva Wati",
        "Zu",
        "aB",
        "Ab",
        "_x",
        "100% Jaya",
        "Ni Luh Putu Sari",
    ),
]
DAYS = ["1985-04-23", "1985-04", "1985", "2001-12-31", "2010-06", "2019", "2019-03", "2019-03-14", "2021-12-01", "1800"]
LATER = ["2026-11", "2027", "2026-12-31", "2027-01-01", "2199-12-31"]
COUNTRIES = ["HK", "TW", "MY", "KI", "SA"]


class RandomRecords:
    """Draws the columns of records; some are null."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128)))

    def maybe(self, values: Any, share: float = 0.75) -> Any:
        return self.random.choice(list(values)) if self.random.random() < share else None

    def member(self) -> dict[str, Any]:
        maybe = self.maybe
        return {
            "full_name": maybe(NAMES, 0.9),
            "sex": maybe(Sex),
            "birth_date": maybe(DAYS),
            "relation_to_head": maybe([RelationToHead.HEAD, *list(RelationToHead)[:4]], 0.9),
            "education": maybe(list(EducationLevel)[:4]),
            "life_status": maybe(LifeStatus),
            "residence": maybe(Residence),
            "school_status": maybe(SchoolStatus),
            "birth_certificate": maybe([True, False]),
        }

    def episode(self) -> dict[str, Any]:
        maybe = self.maybe
        return {
            "stage": maybe(MigrationStage),
            "country": maybe(COUNTRIES),
            "scheme": maybe(list(PlacementScheme)[:3]),
            "procedural_status": maybe(ProceduralStatus),
            "sector": maybe(list(Sector)[:3]),
            "occupation_group": maybe(list(OccupationGroup)[:3]),
            "contract_starts_on": maybe(DAYS, 0.3),
            "contract_ends_on": maybe(LATER + DAYS[-4:-1]),
            "registered_on": maybe(DAYS, 0.3),
            "departed_on": maybe(DAYS, 0.6),
            "returned_on": maybe(LATER, 0.4),
            "return_reason": maybe(ReturnReason),
            "welfare": maybe(WelfareStatus),
            "underage_at_departure": maybe([True, False]),
            "remittance_band": maybe(RemittanceBand, 0.3),
            "remittance_uses": self.random.sample([use.value for use in RemittanceUse], self.random.choice([0, 0, 2])),
        }

    def participation(self) -> dict[str, Any]:
        return {"pillar": self.random.choice(list(Pillar)), "ended_on": self.maybe(DAYS, 0.4)}

    def shop(self) -> dict[str, Any]:
        maybe, random_ = self.maybe, self.random
        return {
            "name": maybe([*NAMES[:6], "Warung Siti", "warung siti 2"], 0.8),
            "owner_category": maybe(OwnerCategory),
            "field": random_.choice(list(BusinessField)[:5]),
            "status": random_.choice(list(BusinessStatus)),
            "started_on": maybe(DAYS),
            "scale": maybe(BusinessScale),
            "turnover_band": maybe(TurnoverBand),
            "permits": random_.sample([p.value for p in BusinessPermit], random_.randint(0, 3)),
            "export_readiness": random_.choice(list(ExportReadiness)),
            "workers_family": maybe([0, 1, 2, 7]),
            "workers_paid_male": maybe([0, 1, 2]),
            "workers_paid_female": maybe([0, 3]),
        }


async def add_households(village: Place, seed: int = 7, households: int = 20) -> list[str]:
    """Add households to the village; return the ids of some of its records, and one that does not exist."""
    for name, grants in MIXED.items():
        await new_account(village, *grants, name=name)
    records = RandomRecords(seed)
    ids = [records.id()]
    for number in range(households):
        place, author = PLACED[number % len(PLACED)]
        document = _document(records, place)
        draft = number in (5, 12)
        payload = await village.submit(author, document, save="DRAFT" if draft else "SUBMITTED")
        assert payload["outcome"] == "ACCEPTED", payload["userErrors"]
        if number % 3 == 0:
            ids.append(await _add_case(village, author, records, document))
        await _advance(village, number, place, document)
        ids += [document["id"], *[child["id"] for child in document["members"] + document["migrations"]][:3]]
        ids += [child["id"] for child in document["businesses"]]
    changes = {
        "member": records.member,
        "migration_episode": records.episode,
        "business": records.shop,
        "pillar_participation": records.participation,
    }
    for table, draw in changes.items():
        for row in await village.admin.fetch(f"SELECT id FROM {table} ORDER BY id"):
            await _change(village, table, row["id"], draw())
    for column in ("created_at", "updated_at", "submitted_at", "verified_at"):  # no more than an answer can show
        precision = "second" if column == "updated_at" else "milliseconds"
        await village.admin.execute(f"UPDATE household SET {column} = date_trunc('{precision}', {column})")
    return [*ids, str(village.regions[HERE]), str(village.regions["35"]), str(village.regions["52.03"])]


SAVE_CASE = "mutation($case: CaseInput!) { saveCase(input: $case) { outcome userErrors { code path } } }"


async def _add_case(village: Place, author: str, records: RandomRecords, document: Any) -> str:
    """Record a case of a household; returns its id."""
    case = {
        "id": records.id(),
        "household": {"id": document["id"]},
        "type": "UNPAID_WAGES",
        "status": "RECEIVED",
        "openedOn": records.random.choice(["2024-02-03", "2025-06-07"]),
        "notes": "Belum dibayar.",
    }
    payload = (await village.ask(author, SAVE_CASE, case=case))["saveCase"]
    assert payload["outcome"] == "ACCEPTED", payload["userErrors"]
    return str(case["id"])


def _document(records: RandomRecords, place: str) -> dict[str, Any]:
    people = records.random.randint(1, 4)
    members = [person(seq, id=records.id()) for seq in range(1, people + 1)]
    if records.random.random() < 0.4:
        members[0]["birthDate"] = "1985-04-24"  # a warning: the NIK has the 23rd
    episodes = [episode(records.random.choice(members), id=records.id())]
    for year in range(2010, 2010 + 2 * records.random.randint(0, 3), 2):
        ended = {
            "stage": "RETURNED",
            "departedOn": f"{year}-01",
            "returnedOn": f"{year}-12",
            "returnReason": "CONTRACT_ENDED",
        }
        episodes.append(episode(records.random.choice(members), id=records.id(), **ended))
    shops = [shop(records.random.choice(members), id=records.id()) for _ in range(records.random.randint(0, 2))]
    for past in episodes[1:]:
        past |= {"wage": {"amount": "5000.50", "currency": "MYR"}, "country": "MY"}
    return household(
        place,
        id=records.id(),
        members=members,
        migrations=episodes,
        businesses=shops,
        pillars=[participation(id=records.id()) for _ in range(records.random.choice([0, 1, 1, 2, 3]))],
        phone=records.maybe(["0812-3456-7890"], 0.5),
        location=records.maybe([{"latitude": -8.1234, "longitude": 112.5678}], 0.5),
    )


async def _advance(village: Place, number: int, place: str, document: dict[str, Any]) -> None:
    """Return some, verify some by the village and some by the regency too."""
    verifier = {HERE: "verifier", NEXT_DOOR: "next door verifier", FAR: "far verifier"}[place]
    coordinator = "far coordinator" if place == FAR else "coordinator"
    if number in (5, 12) or number % 3 == 0:
        return
    if number % 4 == 1:
        await village.return_household(verifier, document)
        return
    assert not (await village.verify(verifier, document))["userErrors"]
    if number % 4 == 2:
        assert not (await village.verify(coordinator, document))["userErrors"]


async def _change(village: Place, table: str, id_: uuid.UUID, values: dict[str, Any]) -> None:
    assignments = ", ".join(f"{column} = ${n}" for n, column in enumerate(values, 2))
    await village.admin.execute(f"UPDATE {table} SET {assignments} WHERE id = $1", id_, *values.values())
