"""A country of ledgers: invented rows of a few villages, changed household by household, without the records.

Tests of figures use it where the way through the commands would take minutes: `keeping` writes the same rows.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from registry.codes import BusinessField, EducationLevel, ExportReadiness, MigrationStage, ProceduralStatus, Sector, Sex
from registry.figures.ledger import HOUSEHOLD_LEDGERS, PLACED
from registry.figures.unit import Unit
from registry.figures.units import BUSINESS, HOUSEHOLD, MIGRANT, PERSON

Facts = dict[str, Any]
Content = dict[Unit, list[Facts]]
"""What is counted of one household."""
SCHEMES = ("P_TO_P", "G_TO_G")
COUNTRIES = ("MY", "HK", "TW", "SA")


def some_content(rng: random.Random) -> Content:
    """An invented household."""
    persons: list[Facts] = []
    migrants: list[Facts] = []
    for n in range(rng.randint(2, 5)):
        born = dt.date(rng.randint(1960, 2024), rng.randint(1, 12), rng.randint(1, 28))
        facts = {"sex": rng.choice([*Sex]).value, "born": born, "education": rng.choice([*EducationLevel]).value}
        persons.append(facts)
        if n == 0 or rng.random() < 0.25:
            stage = rng.choices(["PROSPECTIVE", "WORKING_ABROAD", "RETURNED"], [1, 4, 2])[0]
            assert stage in MigrationStage.__members__
            migrants.append(
                facts
                | {"stage": stage, "country": rng.choices(COUNTRIES, [5, 3, 2, 1])[0]}
                | {"sector": rng.choice([*Sector]).value}
                | {"procedural_status": rng.choices([*ProceduralStatus])[0].value, "has_business": rng.random() < 0.3}
            )
    fields = [*BusinessField][:6]
    shops = [
        {
            "status": rng.choice(["RUNNING", "RUNNING", "CLOSED"]),
            "field": rng.choices(fields, [8, 6, 4, 2, 1, 1])[0].value,
            "export_readiness": rng.choice([*ExportReadiness]).value,
            "has_nib": rng.random() < 0.3,
            "workers_family": 1,
            "workers_paid": 0,
        }
        for _ in range(rng.choice([0, 0, 1, 1, 2]))
    ]
    runs = any(shop["status"] == "RUNNING" for shop in shops)
    household = {"pmi": True, "has_business": runs, "has_migrant_abroad": True, "receives_remittances": True}
    return {HOUSEHOLD: [household], PERSON: persons, MIGRANT: migrants, BUSINESS: shops}


@dataclass
class House:
    """A household in a village, with its lot."""

    village: str
    content: Content
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    lot: int = field(default_factory=lambda: random.getrandbits(31))


@dataclass
class Country:
    """Villages, and the ledgers' rows of their households; `admin` may write them."""

    admin: asyncpg.Connection
    villages: Mapping[str, uuid.UUID]

    @classmethod
    async def of(cls, admin: asyncpg.Connection, villages: Sequence[str]) -> Country:
        """Enter the villages and the regions above them, enrolled in a programme."""
        levels = {2: ("PROVINCE", "PROVINCE"), 5: ("REGENCY", "REGENCY"), 8: ("DISTRICT", "DISTRICT")}
        ids: dict[str, uuid.UUID] = {}
        programme = await admin.fetchval(
            "INSERT INTO programme (code, name, agency) VALUES ('P', 'Program', 'A') RETURNING id"
        )
        for code in sorted({code[:n] for code in villages for n in (2, 5, 8, 13)}):
            level, kind = levels.get(len(code), ("VILLAGE", "RURAL_VILLAGE"))
            ids[code] = await admin.fetchval(
                "INSERT INTO region (code, level, kind, name, search_name, parent_id, valid_from, decree)"
                " VALUES ($1, $2, $3, $1, $1, $4, '2000-01-01', 'Uji') RETURNING id",
                *(code, level, kind, ids.get(code.rpartition(".")[0])),
            )
            await admin.execute(
                "INSERT INTO region_code (region_id, code, valid_from) VALUES ($1, $2, '2000-01-01')", ids[code], code
            )
            if level == "VILLAGE":
                await admin.execute(
                    "INSERT INTO village_enrolment (programme_id, region_id, year, active) VALUES ($1, $2, 2019, true)",
                    *(programme, ids[code]),
                )
        return cls(admin, {code: ids[code] for code in villages})

    async def verify(self, houses: Iterable[House]) -> None:
        """Close what the ledgers count of these households, and enter their content anew, as a verification does."""
        many = list(houses)
        moment = await self.admin.fetchval("SELECT clock_timestamp()")
        for unit, ledger in HOUSEHOLD_LEDGERS.items():
            ids = [house.id for house in many]
            await self.admin.execute(
                f"UPDATE {ledger.name} SET until = $1 WHERE household_id = ANY ($2) AND until = 'infinity'", moment, ids
            )
            rows = [(house, facts) for house in many for facts in house.content.get(unit, ())]
            if not rows:
                continue
            names = sorted({name for _, facts in rows for name in facts})
            values_of = [
                (house, self.villages[house.village], [facts.get(name) for name in names]) for house, facts in rows
            ]
            columns = ["since", "subject_id", "household_id", "village_then", *PLACED, *names]
            await self.admin.copy_records_to_table(
                ledger.name,
                columns=columns,
                records=[
                    (moment, uuid.uuid4(), house.id, village, house.lot, village, house.village, *values)
                    for house, village, values in values_of
                ],
                schema_name="registry",
            )
        await self.admin.copy_records_to_table(
            "figure_due",
            columns=["household_id", "village_id", "area", "at"],
            records=[(house.id, self.villages[house.village], house.village, moment) for house in many],
            schema_name="registry",
        )
