"""The demo's country: regions, the villages of the programme with their years, and one village that was recoded.

`country.csv` is made by hand.  Codes and names are those of Permendagri 72/2019 (list of kodewilayah, CC0) that are
still the same today.  `confirmed=yes`: a public source names the village as a Desmigratif village, or the region above
it as taking part; `since` is then the source's year, if it gives one before 2020.  `confirmed=no`: illustrative.
The years add up to what the programme reported: 2 + 120 + 130 + 150 villages; in 2019 150 villages of 138 districts,
75 regencies and 11 provinces.  Rule: loading it twice changes nothing.  Tests: tests/test_demo_geography.py,
tests/test_regions.py.
"""

import csv
import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

from registry.codes import RegionChange
from registry.regions.region_list import Origin, read_list
from registry.regions.region_load import Connection, RegionLoadError, apply, compare

COUNTRY = Path(__file__).with_name("country.csv")
DECREE = "Permendagri 72/2019"
EFFECTIVE_ON = dt.date(2019, 10, 8)
ORIGIN = Origin("demo country", DECREE, EFFECTIVE_ON, "kodewilayah/permendagri-72-2019, CC0 1.0")
PROGRAMME = ("DESMIGRATIF", "Desa Migran Produktif (Desmigratif)", "Kementerian Ketenagakerjaan")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the country: `since` is the year in which a village joined the programme, None above the villages."""

    code: str
    name: str
    confirmed: bool
    since: int | None


@dataclass(frozen=True, slots=True)
class Recoding:
    """A village that kept its people and changed its code; the earlier code held from `since` to `effective_on`."""

    from_code: str
    to_code: str
    change: RegionChange
    decree: str
    since: dt.date
    effective_on: dt.date


LENEK_LAUK = Recoding(
    from_code="52.03.09.2005",  # under Aikmel, still so in Permendagri 137/2017
    to_code="52.03.21.2002",  # under Lenek, split from Aikmel
    change=RegionChange.MOVE_PARENT,
    decree=DECREE,
    since=dt.date(2015, 6, 29),  # Permendagri 56/2015
    effective_on=EFFECTIVE_ON,
)


def read() -> list[Place]:
    """The whole country, in the order of the codes."""
    places = []
    with COUNTRY.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            since = int(row["since"]) if row["since"] else None
            places.append(Place(row["code"], row["name"], row["confirmed"] == "yes", since))
    return places


async def ensure(connection: Connection) -> None:
    """Bring the country, Lenek Lauk's history and the programme's villages into the database, if they are not there.

    Raises RegionLoadError if the database holds other regions: the demo does not share a registry with the real map.
    """
    country = replace(read_list(COUNTRY), origin=ORIGIN)
    foreign = (await compare(connection, country)).gone
    if foreign:
        raise RegionLoadError("the demo country goes into an empty registry", [region.code for region in foreign])
    villages = [place for place in read() if place.since is not None]
    lenek = LENEK_LAUK
    async with connection.transaction():
        await apply(connection, country, DECREE, EFFECTIVE_ON)
        await connection.execute(
            RECODED, lenek.from_code, lenek.to_code, lenek.since, lenek.effective_on, lenek.change, lenek.decree
        )
        await connection.execute(
            "INSERT INTO programme (code, name, agency) VALUES ($1, $2, $3) ON CONFLICT (code) DO NOTHING", *PROGRAMME
        )
        await connection.execute(ENROL, PROGRAMME[0], [v.code for v in villages], [v.since for v in villages])


RECODED = """
WITH village AS (SELECT id FROM region WHERE code = $2 AND valid_to IS NULL),
former AS (
    INSERT INTO region_code (region_id, code, valid_from, valid_to) SELECT id, $1, $3, $4 FROM village
    ON CONFLICT DO NOTHING
    RETURNING region_id),
older AS (UPDATE region SET valid_from = $3 WHERE id IN (SELECT region_id FROM former))
INSERT INTO region_lineage (from_region_id, to_region_id, change, from_code, to_code, decree, effective_on)
SELECT region_id, region_id, $5, $1, $2, $6, $4 FROM former
"""

ENROL = """
INSERT INTO village_enrolment (programme_id, region_id, year, active)
SELECT p.id, r.id, v.year, true
FROM unnest($2::text[], $3::integer[]) AS v (code, year)
JOIN region r ON r.code = v.code AND r.valid_to IS NULL
JOIN programme p ON p.code = $1
ON CONFLICT DO NOTHING
"""
