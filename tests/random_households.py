"""Households with everything in them: known, half known and unknown, in four states and three villages.

They come in by the commands; then the database is told what no command would store (a member without a name, an episode
without a stage), for a list must answer that too.  Everything is drawn from one seed.
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
    PlacementScheme,
    ProceduralStatus,
    RelationToHead,
    Residence,
    ReturnReason,
    SchoolStatus,
    Sector,
    Sex,
    TurnoverBand,
    WelfareStatus,
)
from tests.village import FAR, HERE, NEXT_DOOR, PEOPLE, Place, episode, household, person, shop

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


class Draws:
    """What the columns are drawn from; nothing now and then."""

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
        }

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


async def introduce(village: Place, name: str, grants: list[tuple[str, str | None]]) -> None:
    """Somebody new in the village."""
    village.ids[name] = uuid.uuid4()
    await village.admin.execute("INSERT INTO account (id, username, name) VALUES ($1, $2, $2)", village.ids[name], name)
    for role, code in grants:
        await village.admin.execute(
            "INSERT INTO grants (user_id, role, region_id, national, valid_from) VALUES ($1, $2, $3, $4, '2019-01-01')",
            *(village.ids[name], role, None if code is None else village.regions[code], code is None),
        )


async def gather(village: Place, seed: int = 7, households: int = 20) -> list[str]:
    """Fill the village, and tell the ids of some of what is in it, and of nobody."""
    for name, grants in MIXED.items():
        await introduce(village, name, grants)
    draws = Draws(seed)
    told = [draws.id()]
    for number in range(households):
        place, author = PLACED[number % len(PLACED)]
        document = _document(draws, place)
        draft = number in (5, 12)
        payload = await village.submit(author, document, save="DRAFT" if draft else "SUBMITTED")
        assert payload["outcome"] == "ACCEPTED", payload["userErrors"]
        await _go_on(village, number, place, document)
        told += [document["id"], *[child["id"] for child in document["members"] + document["migrations"]][:3]]
        told += [child["id"] for child in document["businesses"]]
    for table, draw in (("member", draws.member), ("migration_episode", draws.episode), ("business", draws.shop)):
        for row in await village.admin.fetch(f"SELECT id FROM {table} ORDER BY id"):
            await _change(village, table, row["id"], draw())
    for column in ("created_at", "updated_at", "submitted_at", "verified_at"):  # so that the wire tells all of it
        precision = "second" if column == "updated_at" else "milliseconds"
        await village.admin.execute(f"UPDATE household SET {column} = date_trunc('{precision}', {column})")
    return [*told, str(village.regions[HERE]), str(village.regions["35"]), str(village.regions["52.03"])]


def _document(draws: Draws, place: str) -> dict[str, Any]:
    people = draws.random.randint(1, 4)
    members = [person(seq, id=draws.id()) for seq in range(1, people + 1)]
    if draws.random.random() < 0.4:
        members[0]["birthDate"] = "1985-04-24"  # a warning: the NIK says the 23rd
    episodes = [episode(draws.random.choice(members), id=draws.id())]
    for year in range(2010, 2010 + 2 * draws.random.randint(0, 3), 2):
        ended = {
            "stage": "RETURNED",
            "departedOn": f"{year}-01",
            "returnedOn": f"{year}-12",
            "returnReason": "CONTRACT_ENDED",
        }
        episodes.append(episode(draws.random.choice(members), id=draws.id(), **ended))
    shops = [shop(draws.random.choice(members), id=draws.id()) for _ in range(draws.random.randint(0, 2))]
    for made in episodes[1:]:
        made |= {"wage": {"amount": "5000.50", "currency": "MYR"}, "country": "MY"}
    return household(
        place,
        id=draws.id(),
        members=members,
        migrations=episodes,
        businesses=shops,
        phone=draws.maybe(["0812-3456-7890"], 0.5),
        location=draws.maybe([{"latitude": -8.1234, "longitude": 112.5678}], 0.5),
    )


async def _go_on(village: Place, number: int, place: str, document: dict[str, Any]) -> None:
    """Some are returned, some verified by the village, some by the regency too."""
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
    said = ", ".join(f"{column} = ${n}" for n, column in enumerate(values, 2))
    await village.admin.execute(f"UPDATE {table} SET {said} WHERE id = $1", id_, *values.values())
