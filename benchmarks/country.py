"""A database with any number of households, made by set-based SQL and kept for the next run.

    with country(300_000, folder) as embedded: ...

What is written is what lists, counts and figures read: regions, staff, households with members, episodes and
businesses, some with everything else, and the verified ledger.  Revisions, events and sealed numbers are left out: no
workload reads them.
Rule: everything follows from row numbers by hashing, so every run and every machine has the same country.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress

from auth.area import COUNTRY
from benchmarks.people import (
    BUSINESSES,
    CARE,
    EPISODES,
    FINDINGS,
    FUNCTIONS,
    HOUSEHOLDS,
    MEMBERS,
    PARTICIPATIONS,
)
from benchmarks.places import Country, name_parts
from registry.figures.ledger import keeping
from registry.guard.record_id import named_tables
from registry.models.household import HOUSEHOLD
from registry.regions.region_name import normalise
from registry.store.sql import Sql, arg
from server.database.cells import rebuild
from server.database.embedded import Embedded
from server.database.migrate import MIGRATIONS, head, migrate

DAY = dt.date(2019, 1, 1)
BYPASS = "benchmark_bypass"
"""The login that row security does not bind, for the hand-written limit and the ordinary server."""

NOUNS = {
    "households": HOUSEHOLDS,
    "members": MEMBERS,
    "episodes": EPISODES,
    "businesses": BUSINESSES,
    "pillars": PARTICIPATIONS,
    "child care": CARE,
    "findings": FINDINGS,
}
NUMBERS = """INSERT INTO registry.household_number (village_id, area, year, last)
SELECT village_id, area, $1, count(*) FROM registry.household GROUP BY village_id, area"""
VERIFIED = "SELECT array_agg(id) FROM household WHERE area = $1 AND workflow_state = 'VERIFIED'"
COUNT = Sql(keeping(arg("households", sa.ARRAY(sa.Uuid())), HOUSEHOLD.c.verified_at))
FILLING = ("country.py", "people.py", "places.py")
STEP = 25_000  # households at a time, for the progress bar


def kept(folder: Path, households: int) -> Path:
    """The folder of the country of this size, for this version of the database and of the code that fills it."""
    made_by = sorted([*(MIGRATIONS / "versions").glob("*.py"), *(Path(__file__).with_name(name) for name in FILLING)])
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in made_by)).hexdigest()
    return folder / f"{head()}-{digest[:8]}-{households}"


@contextmanager
def country(households: int, folder: Path, console: Console) -> Iterator[Embedded]:
    """A running PostgreSQL with the country in it; the first call makes it, later calls reuse it."""
    data = kept(folder, households)
    if not (data / "made").exists():
        shutil.rmtree(data, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        with Embedded(data, durable=False) as embedded:
            asyncio.run(_make(embedded, Country(households), console))
        (data / "made").touch()
    with Embedded(data) as embedded:
        if embedded.owner:
            asyncio.run(migrate(embedded.dsn()))  # the wall is the code's, whatever it was when the country was made
        yield embedded


async def _make(embedded: Embedded, country: Country, console: Console) -> None:
    await migrate(embedded.dsn())
    connection = await asyncpg.connect(embedded.dsn(), command_timeout=None)
    try:
        await connection.execute("SET session_replication_role = replica")  # what follows is consistent by construction
        await connection.execute("SET search_path = registry; SET jit = off; SET work_mem = '256MB'")
        await connection.execute(FUNCTIONS.format(whole_from=country.whole_from))
        await _map(connection, country)
        with Progress(console=console, transient=True) as progress:
            for what, statement in NOUNS.items():
                for start in progress.track(range(0, country.households, STEP), description=what):
                    end = min(start + STEP, country.households) - 1
                    places = (country.villages,) if "$3" in statement else ()
                    await connection.execute(statement, start, end, *places)
                if what == "households":
                    await connection.execute("ANALYZE registry.household")
            villages = await connection.fetch("SELECT code FROM village ORDER BY n")
            for place in progress.track(villages, description="ledgers"):
                verified = await connection.fetchval(VERIFIED, place["code"])
                await connection.execute(COUNT.text, *COUNT.bind({"households": verified}))
            await rebuild(connection)
            await connection.execute(NUMBERS, 2025)
            for table in progress.track(named_tables(), description="ids"):
                await connection.execute(f"INSERT INTO record_id (id, noun) SELECT id, '{table}' FROM {table}")
            await connection.execute(
                f"CREATE ROLE {BYPASS} LOGIN BYPASSRLS; GRANT USAGE ON SCHEMA registry TO {BYPASS}"
            )
            await connection.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA registry TO {BYPASS}")
            await connection.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA registry TO {BYPASS}")
            await connection.execute(f"ALTER ROLE {BYPASS} SET search_path = registry")
            await connection.execute(f"ALTER ROLE {BYPASS} SET jit = off; ALTER ROLE {BYPASS} SET timezone = 'UTC'")
            for _ in progress.track(range(1), description="vacuum and analyze"):
                await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _map(connection: asyncpg.Connection, country: Country) -> None:
    """Regions, the programme's villages, accounts and grants."""
    ids = {place.code: place.id for place in country.places}
    kinds = {"PROVINCE": "PROVINCE", "REGENCY": "REGENCY", "DISTRICT": "DISTRICT", "VILLAGE": "RURAL_VILLAGE"}
    above = {2: None, 5: 2, 8: 5, 13: 8}
    await _copy(
        connection,
        "region",
        ("id", "code", "level", "kind", "name", "search_name", "parent_id", "valid_from", "decree"),
        [
            (
                p.id,
                p.code,
                p.level,
                kinds[p.level],
                p.name,
                normalise(p.name),
                ids.get(p.code[: above[len(p.code)] or 0]),
                DAY,
                "–",
            )
            for p in country.places
        ],
    )
    await _copy(connection, "region_code", ("region_id", "code", "valid_from"), [(i, c, DAY) for c, i in ids.items()])
    programme = await connection.fetchval(
        "INSERT INTO programme (code, name, agency) VALUES ('DESMIGRATIF', 'Desmigratif', 'Kemnaker') RETURNING id"
    )
    enrolled = [(programme, ids[code], 2019, True) for code in country.village_codes]
    await _copy(connection, "village_enrolment", ("programme_id", "region_id", "year", "active"), enrolled)
    staff = list(country.staff())
    named = [(p.id, p.username, f"Petugas {p.area or 'nasional'}", True) for p in staff]
    await _copy(connection, "account", ("id", "username", "name", "active"), named)
    granted = [
        (p.id, p.role.value, ids[p.area] if p.area else None, p.area or COUNTRY, p.area is None, DAY) for p in staff
    ]
    await _copy(connection, "grants", ("user_id", "role", "region_id", "area", "national", "valid_from"), granted)
    by_area = {p.area: p.id for p in staff}
    parts = {province: lists for province, *lists in name_parts()}
    villages = [
        (n, ids[code], code, by_area[code], by_area[code[:5]], code[:2], *parts[code[:2]])
        for n, code in enumerate(country.village_codes)
    ]
    columns = ("n", "id", "code", "officer", "verifier", "province", "men", "women", "second", "hamlets")
    await connection.copy_records_to_table("village", records=villages, columns=columns)
    await connection.execute("ANALYZE village")


async def _copy(connection: asyncpg.Connection, table: str, columns: tuple[str, ...], records: list[Any]) -> None:
    await connection.copy_records_to_table(table, schema_name="registry", columns=columns, records=records)
