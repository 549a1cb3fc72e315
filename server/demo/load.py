"""Loads the demo's households into a registry, as if officers had recorded and verifiers verified them.

Rule: it writes what the commands would have written: numbers sealed, documents as revisions, every step an event,
warnings as findings, and in the ledger the verified households alone, by the product's own statements.  A registry that
has households is left as it is.  Test: tests/test_demo_households.py.
"""

import asyncio
import datetime as dt
import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.role import Role
from registry.codes import WorkflowState
from registry.figures.ledger import LEDGERS, UNITS_OF, keeping, keeping_record
from registry.guard.vault import Vault
from registry.models.account import ACCOUNT, GRANTS
from registry.models.aggregate import Document
from registry.models.case import CASE
from registry.models.finding import FINDING
from registry.models.household import HOUSEHOLD, HouseholdNumber
from registry.models.identity import IDENTITY
from registry.models.noun import SCHEMA, table_of
from registry.models.workflow import EVENT, REVISION
from registry.store.sql import Sql, arg
from server.database.cells import rebuild
from server.database.closing import close
from server.demo import agencies, geography
from server.demo.accounts import ACCOUNTS, GRANTED_FROM, PERSONAS, Account
from server.demo.cases import add_cases
from server.demo.households import Village, documents, villages
from server.demo.programme import PROGRAMME_TABLES, programme
from server.demo.record import TABLES, Recorder
from server.demo.rows import Rows
from server.demo.saved import add_saved

Report = Callable[[str, int, int], None]
"""Is called with progress: of what, how many are done, of how many."""

SEED = 2019
PER_VILLAGE = 25
BATCH = 1_000  # households that are written together, in whole villages

S = WorkflowState
STATES = {S.VERIFIED: 80, S.VERIFIED_VILLAGE: 8, S.SUBMITTED: 8, S.RETURNED: 2, S.DRAFT: 2}
NUMBERS = table_of(HouseholdNumber)
COUNT = Sql(keeping(arg("households", ARRAY(sa.Uuid())), HOUSEHOLD.c.verified_at))
COUNT_RECORDS = [
    Sql(keeping_record(noun, sa.select(table_of(noun).c.id).scalar_subquery(), table_of(noun).c.created_at))
    for noun in UNITS_OF
]
PROGRAMME_ID = f"SELECT id FROM {SCHEMA}.programme WHERE code = $1"


ANALYZE = "ANALYZE " + ", ".join(f"{SCHEMA}.{table.name}" for table in TABLES.values())
"""For the statement that counts: PostgreSQL has never looked into tables that were empty before the transaction."""


async def load(
    connection: asyncpg.Connection,
    vault: Vault,
    scale: int = 1,
    report: Report = lambda label, done, total: None,
    *,
    only: Collection[str] | None = None,
) -> None:
    """Bring the demo's country, accounts and households into the database, in one transaction.

    `scale` multiplies the households of each village; `only` names the villages that get any.
    """
    if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {SCHEMA}.household)"):
        return
    now = dt.datetime.now(dt.UTC)
    async with connection.transaction():
        await geography.ensure(connection)
        await agencies.ensure(connection)
        rows = await connection.fetch(f"SELECT code, id FROM {SCHEMA}.region WHERE valid_to IS NULL")
        regions = {row["code"]: row["id"] for row in rows}
        accounts = Rows()
        for account in ACCOUNTS:
            _add_account(accounts, account, regions)
        await accounts.copy(connection)
        report("accounts", len(ACCOUNTS), len(ACCOUNTS))
        places = [village for village in villages(regions) if only is None or village.code in only]
        count = PER_VILLAGE * scale
        programme_id = await connection.fetchval(PROGRAMME_ID, geography.PROGRAMME[0])
        loading = Loading(count, now, vault, programme_id)
        step = max(1, BATCH // count)
        waiting = Batch(Rows(), [])
        for start in range(0, len(places) + step, step):  # a batch is made while the one before is written
            next_batch = asyncio.to_thread(_batch, places[start : start + step], loading)
            waiting, _ = await asyncio.gather(next_batch, _write(connection, waiting, first=start == step))
            report("households", min(start, len(places)) * count, len(places) * count)
        await _analyze(connection, [*TABLES.values(), IDENTITY, REVISION, EVENT, FINDING, CASE, *PROGRAMME_TABLES])
        for count_records in COUNT_RECORDS:
            await connection.execute(count_records.text)
        await _analyze(connection, LEDGERS.values())
    await rebuild(connection)
    await close(connection, report)


async def _analyze(connection: asyncpg.Connection, tables: Iterable[sa.Table]) -> None:
    await connection.execute("ANALYZE " + ", ".join(f"{SCHEMA}.{table.name}" for table in tables))


class Loading(NamedTuple):
    """How many households a village gets, as of when, with whose keys, and the id of the programme."""

    per_village: int
    now: dt.datetime
    vault: Vault
    programme: uuid.UUID


class Batch(NamedTuple):
    """Rows of the households of some villages, and the ids of the verified ones."""

    rows: Rows
    verified: list[uuid.UUID]


def _batch(places: Sequence[Village], loading: Loading) -> Batch:
    batch = Batch(Rows(), [])
    for village in places:
        batch.verified.extend(_add_village(batch.rows, village, loading))
    return batch


async def _write(connection: asyncpg.Connection, batch: Batch, *, first: bool) -> None:
    await batch.rows.copy(connection)
    if first:
        await connection.execute(ANALYZE)
    await connection.execute(COUNT.text, *COUNT.bind({"households": batch.verified}))


def _add_account(rows: Rows, account: Account, regions: Mapping[str, uuid.UUID]) -> None:
    columns = {"id": account.id, "username": account.username, "name": account.name, "active": True}
    columns["service"] = account.role is Role.SERVICE
    rows.add(ACCOUNT, columns)
    region = regions[account.area] if account.area is not None else None
    grant = {"id": account.grant_id, "user_id": account.id, "role": account.role.value, "region_id": region}
    state = {"valid_from": GRANTED_FROM, "seq": 0, "active": True, "pending": False}
    rows.add(GRANTS, grant, {"national": region is None}, state)


def _add_village(rows: Rows, village: Village, loading: Loading) -> list[uuid.UUID]:
    """Add the households of a village in the order of the visits.  Returns the ids of the verified ones.

    In the village of a persona, the newest households are one in each state.
    """
    rng, count, now = random.Random(f"states/{village.code}"), loading.per_village, loading.now
    states = rng.choices(list(STATES), list(STATES.values()), k=count)
    if any(persona.area == village.code for persona in PERSONAS):
        states[-len(STATES) :] = STATES
    in_order = sorted(documents(village, SEED, count, now.date()), key=_captured)
    sent_in = [document for document, state in zip(in_order, states, strict=True) if state is not S.DRAFT]
    for record in programme(village, sent_in, now.date(), loading.programme):
        add_saved(rows, village, record)
    recorder = Recorder(rows, village, now, loading.vault)
    last_serials: dict[int, int] = defaultdict(int)  # by year
    verified = []
    for document, state in zip(in_order, states, strict=True):
        year = _captured(document).year
        last_serials[year] += 1
        number = f"{village.code}-{year}-{last_serials[year]:04d}"
        household = recorder.add(document, state, number, rng)
        if state is S.VERIFIED:
            verified.append(household)
    sent = (document for document, state in zip(in_order, states, strict=True) if state is not S.DRAFT)
    add_cases(rows, village, sent, now)
    for year, serial in last_serials.items():
        rows.add(NUMBERS, {"village_id": village.id, "area": village.code, "year": year, "last": serial})
    return verified


def _captured(document: Document) -> dt.datetime:
    (household,) = document["household"].values()
    return dt.datetime.fromisoformat(household["captured_at"])
