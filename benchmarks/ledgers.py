"""Ledgers of any number of households with a past, made by set-based SQL, without the records behind them.

One household in four has an earlier version that is closed.  Every fact is a hash of its row's number, so every run
has the same ledgers; unlike `benchmarks.country`, which verifies whole households, a million takes minutes.
Rule: each household has one open version, whose rows stand in all ledgers that count it.
"""

from __future__ import annotations

import datetime as dt

import asyncpg

from benchmarks.places import Country
from registry.figures.ledger import LEDGERS
from registry.figures.unit import Unit
from registry.figures.units import BUSINESS, EPISODE, HOUSEHOLD, MIGRANT, PERSON
from server.database.cells import rebuild

UNITS = (HOUSEHOLD, PERSON, MIGRANT, EPISODE, BUSINESS)
DAY = dt.date(2019, 1, 1)
PLACED = "since, until, household_id, lot, village_id, village_then, area"
KINDS = {"PROVINCE": "PROVINCE", "REGENCY": "REGENCY", "DISTRICT": "DISTRICT", "VILLAGE": "RURAL_VILLAGE"}
REGION = """INSERT INTO region (id, code, level, kind, name, search_name, valid_from, decree)
SELECT i, c, l, k, c, c, $5, '–' FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) u(i, c, l, k)"""
PROGRAMME = "INSERT INTO programme (code, name, agency) VALUES ('DESMIGRATIF', 'Desmigratif', 'Kemnaker') RETURNING id"
ENROLMENT = """INSERT INTO village_enrolment (programme_id, region_id, year, active)
SELECT $1, id, 2019, true FROM region WHERE level = 'VILLAGE'"""

# A number from a row and a seed; one of several texts by such a number; the versions of households.
SETUP = (
    """CREATE FUNCTION pg_temp.h(n bigint, seed int, below int) RETURNS int LANGUAGE sql IMMUTABLE
  AS $$ SELECT ((hashint8extended(n, seed) & 9007199254740991) % below)::int $$""",
    """CREATE FUNCTION pg_temp.pick(from_ text[], n bigint, seed int) RETURNS text LANGUAGE sql IMMUTABLE
  AS $$ SELECT from_[1 + pg_temp.h(n, seed, cardinality(from_))] $$""",
    """CREATE TEMP TABLE village AS
SELECT row_number() OVER (ORDER BY code) - 1 AS n, id, code FROM region WHERE level = 'VILLAGE'""",
    """CREATE TEMP TABLE home AS
SELECT g * 2 + version AS n, g, CASE version WHEN 0 THEN first ELSE latest END AS since,
  CASE version WHEN 0 THEN latest ELSE 'infinity' END AS until, md5('household/' || g)::uuid AS household_id,
  pg_temp.h(g, 1, 2147483647) AS lot, v.id AS village_id, v.id AS village_then, v.code AS area
FROM generate_series(0, $1::bigint - 1) g JOIN village v ON v.n = g % (SELECT count(*) FROM village),
LATERAL generate_series(CASE WHEN pg_temp.h(g, 2, 4) = 0 THEN 0 ELSE 1 END, 1) version,
LATERAL (SELECT date_trunc('day', now()) - make_interval(days => 1 + pg_temp.h(g, 3, 700), mins => pg_temp.h(g, 4, 900))
  AS latest) l, LATERAL (SELECT latest - make_interval(days => 1 + pg_temp.h(g, 5, 400)) AS first) f""",
)
ROW = "JOIN LATERAL generate_series(1, {rows}) s ON true, LATERAL (SELECT x.n * 8 + s AS m) i"
FACTS: dict[Unit, tuple[str, str, str]] = {
    HOUSEHOLD: ("1", "pmi, has_business", "pg_temp.h(m, 10, 20) > 0, pg_temp.h(x.n, 11, 3) = 0"),
    PERSON: (
        "2 + pg_temp.h(x.g, 12, 4)",  # 3.5 to a household
        "sex, born, education, parents_abroad",
        """pg_temp.pick('{MALE,FEMALE}', m, 13), CURRENT_DATE - pg_temp.h(m, 14, 25000),
        pg_temp.pick('{PRIMARY,LOWER_SECONDARY,UPPER_SECONDARY,NONE}', m, 15),
        CASE WHEN s > 2 THEN pg_temp.pick('{MOTHER,FATHER,BOTH,NONE,NONE,NONE}', m, 16) END""",
    ),
    MIGRANT: (
        "1 + CASE WHEN pg_temp.h(x.g, 17, 8) = 0 THEN 1 ELSE 0 END",
        "sex, born, education, stage, country, sector, scheme, occupation_group, procedural_status, contract_ends,"
        " has_business",
        """pg_temp.pick('{FEMALE,FEMALE,MALE}', m, 13), CURRENT_DATE - 7000 - pg_temp.h(m, 14, 12000),
        pg_temp.pick('{PRIMARY,LOWER_SECONDARY,UPPER_SECONDARY}', m, 15),
        pg_temp.pick('{WORKING_ABROAD,WORKING_ABROAD,WORKING_ABROAD,RETURNED,RETURNED,PROSPECTIVE}', m, 18),
        pg_temp.pick('{MY,MY,TW,TW,HK,HK,SA,SG,JP,KR,BN,AE}', m, 19), pg_temp.pick('{FORMAL,INFORMAL}', m, 20),
        pg_temp.pick('{PRIVATE_TO_PRIVATE,INDIVIDUAL,GOVERNMENT_TO_GOVERNMENT}', m, 21),
        pg_temp.pick('{DOMESTIC_WORKER,CAREGIVER,PLANTATION_WORKER,FACTORY_WORKER}', m, 22),
        pg_temp.pick('{PROCEDURAL,PROCEDURAL,PROCEDURAL,NON_PROCEDURAL}', m, 23),
        CURRENT_DATE - 500 + pg_temp.h(m, 24, 1200), pg_temp.h(m, 25, 6) = 0""",
    ),
    EPISODE: (
        "1 + CASE WHEN pg_temp.h(x.g, 17, 4) = 0 THEN 1 ELSE 0 END",
        "sex, country, sector, scheme, return_reason, departed_on, returned_on",
        """pg_temp.pick('{FEMALE,FEMALE,MALE}', m, 13), pg_temp.pick('{MY,MY,TW,TW,HK,HK,SA,SG,JP,KR,BN,AE}', m, 19),
        pg_temp.pick('{FORMAL,INFORMAL}', m, 20), 'PRIVATE_TO_PRIVATE',
        CASE WHEN m % 3 = 0 THEN pg_temp.pick('{CONTRACT_ENDED,LEAVE}', m, 26) END,
        CURRENT_DATE - 800 - pg_temp.h(m, 27, 2000),
        CASE WHEN m % 3 = 0 THEN CURRENT_DATE - pg_temp.h(m, 28, 800) END""",
    ),
    BUSINESS: (
        "CASE WHEN pg_temp.h(x.n, 11, 3) = 0 THEN 1 ELSE 0 END",
        "status, field, scale, export_readiness, owner_category, has_nib, workers_family, workers_paid",
        """CASE WHEN pg_temp.h(m, 29, 12) = 0 THEN 'CLOSED' ELSE 'RUNNING' END,
        pg_temp.pick('{RETAIL,RETAIL,FOOD_PROCESSING,CROPS,LIVESTOCK,CRAFTS,TAILORING,FOOD_SERVICE,FISHERY}', m, 30),
        'MICRO', pg_temp.pick('{NONE,NONE,NONE,POTENTIAL,READY,EXPORTING}', m, 31), 'RETURNED_MIGRANT',
        pg_temp.h(m, 32, 3) = 0, pg_temp.h(m, 33, 4), pg_temp.h(m, 34, 3)""",
    ),
}
"""Unit → how many rows of it a household has, the facts, and their SQL from the version `x` and the number `m`."""

CHOSEN = """SELECT household_id FROM ledger_household WHERE until = 'infinity'
AND since < date_trunc('day', now()) ORDER BY household_id LIMIT $1"""


async def fill(connection: asyncpg.Connection, households: int) -> None:
    """Regions, ledgers and cells of so many households, in an empty and migrated database."""
    await connection.execute("SET session_replication_role = replica")  # what follows is consistent by construction
    places = Country(households).places
    levels = [place.level for place in places]
    ids, codes = [place.id for place in places], [place.code for place in places]
    await connection.execute(REGION, ids, codes, levels, [KINDS[level] for level in levels], DAY)
    programme = await connection.fetchval(PROGRAMME)
    await connection.execute(ENROLMENT, programme)
    for statement in SETUP:
        await connection.execute(statement, *([households] if "$1" in statement else []))
    for unit, (rows, names, facts) in FACTS.items():
        subject = "x.household_id" if unit == HOUSEHOLD else f"md5('{unit.name}/' || x.g * 8 + s)::uuid"
        await connection.execute(
            f"INSERT INTO {unit.ledger} ({PLACED}, subject_id, {names})"
            f" SELECT {PLACED}, {subject}, {facts} FROM home x {ROW.format(rows=rows)} ORDER BY x.since"
        )
    await connection.execute("RESET session_replication_role")
    await connection.execute("VACUUM ANALYZE")
    await rebuild(connection)
    await connection.execute("VACUUM ANALYZE figure_cell")


async def verify_again(connection: asyncpg.Connection, households: int) -> None:
    """Close and open so many households at one instant, as verifications would, and enter them into the queue."""
    async with connection.transaction():
        at = await connection.fetchval("SELECT clock_timestamp()")
        ids = [row["household_id"] for row in await connection.fetch(CHOSEN, households)]
        for unit in UNITS:
            names = ", ".join(column.name for column in LEDGERS[unit].c if column.name not in ("since", "until"))
            await connection.execute(
                f"WITH closed AS (UPDATE {unit.ledger} SET until = $2 WHERE household_id = ANY ($1)"
                f" AND until = 'infinity' RETURNING *) INSERT INTO {unit.ledger} ({names}, since)"
                f" SELECT {names}, $2 FROM closed",
                *(ids, at),
            )
        await connection.execute(
            "INSERT INTO figure_due (household_id, village_id, area, at)"
            " SELECT household_id, village_id, area, $2 FROM ledger_household WHERE household_id = ANY ($1)"
            " AND until = 'infinity'",
            *(ids, at),
        )
