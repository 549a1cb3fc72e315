"""Puts the demo's households into a registry, as if officers had recorded and verifiers verified them.

Rule: what it writes is what the commands would have written: numbers sealed, documents as revisions, every step an
event, warnings as findings, and in the ledger the verified households alone, by the product's own statements.
A registry that has households is left alone.  Test: tests/test_demo_households.py.
"""

import asyncio
import datetime as dt
import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.codes import WorkflowState
from registry.figures.ledger import LEDGERS, writing
from registry.guard.vault import Vault
from registry.models.account import ACCOUNT, GRANTS
from registry.models.finding import FINDING
from registry.models.household import HouseholdNumber
from registry.models.identity import IDENTITY
from registry.models.noun import SCHEMA, table_of
from registry.models.workflow import EVENT, REVISION
from registry.store.sql import Sql, arg
from registry.write.document import Document
from server.demo import geography
from server.demo.accounts import ACCOUNTS, GRANTED_FROM, PERSONAS, Account
from server.demo.households import Village, documents, villages
from server.demo.record import TABLES, Recorder
from server.demo.rows import Rows

Tell = Callable[[str, int, int], None]
"""Told of progress: what, how many are done, of how many."""

SEED = 2019
PER_VILLAGE = 25
BATCH = 1_000  # households that are written together, in whole villages

S = WorkflowState
STATES = {S.VERIFIED: 80, S.VERIFIED_VILLAGE: 8, S.SUBMITTED: 8, S.RETURNED: 2, S.DRAFT: 2}
NUMBERS = table_of(HouseholdNumber)
LEDGER = [Sql(writing(source, ledger, arg("households", ARRAY(sa.Uuid())))) for source, ledger in LEDGERS.items()]
SINCE = [
    f"UPDATE {SCHEMA}.{ledger.name} l SET since = h.verified_at FROM {SCHEMA}.household h "
    "WHERE h.id = l.household_id AND h.id = ANY($1)"
    for ledger in LEDGERS.values()
]


async def load(
    connection: asyncpg.Connection,
    vault: Vault,
    scale: int = 1,
    tell: Tell = lambda label, done, total: None,
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
        found = await connection.fetch(f"SELECT code, id FROM {SCHEMA}.region WHERE valid_to IS NULL")
        regions = {row["code"]: row["id"] for row in found}
        accounts = Rows()
        for account in ACCOUNTS:
            _account(accounts, account, regions)
        await accounts.copy(connection)
        tell("accounts", len(ACCOUNTS), len(ACCOUNTS))
        places = [village for village in villages(regions) if only is None or village.code in only]
        count = PER_VILLAGE * scale
        step = max(1, BATCH // count)
        waiting = Batch(Rows(), [])
        for start in range(0, len(places) + step, step):  # one is made while the one before is written
            made = asyncio.to_thread(_batch, places[start : start + step], count, now, vault)
            waiting, _ = await asyncio.gather(made, _write(connection, waiting))
            tell("households", min(start, len(places)) * count, len(places) * count)
        tables = [*TABLES.values(), *LEDGERS.values(), IDENTITY, REVISION, EVENT, FINDING]
        await connection.execute("ANALYZE " + ", ".join(f"{SCHEMA}.{table.name}" for table in tables))


class Batch(NamedTuple):
    """Households of some villages, ready to be written, and which of them are verified."""

    rows: Rows
    verified: list[uuid.UUID]


def _batch(places: Sequence[Village], count: int, now: dt.datetime, vault: Vault) -> Batch:
    rows = Rows()
    return Batch(rows, [id_ for village in places for id_ in _village(rows, village, count, now, vault)])


async def _write(connection: asyncpg.Connection, batch: Batch) -> None:
    await batch.rows.copy(connection)
    for statement, since in zip(LEDGER, SINCE, strict=True):
        await connection.execute(statement.text, *statement.bind({"households": batch.verified}))
        await connection.execute(since, batch.verified)


def _account(rows: Rows, account: Account, regions: Mapping[str, uuid.UUID]) -> None:
    said = {"id": account.id, "username": account.username, "name": account.name, "active": True}
    rows.add(ACCOUNT, said, {"must_change_password": False})
    region = regions[account.area] if account.area is not None else None
    grant = {"id": account.grant_id, "user_id": account.id, "role": account.role.value, "region_id": region}
    rows.add(GRANTS, grant, {"national": region is None, "valid_from": GRANTED_FROM, "seq": 0, "active": True})


def _village(rows: Rows, village: Village, count: int, now: dt.datetime, vault: Vault) -> list[uuid.UUID]:
    """Add the households of a village in the order of the visits; answers the verified ones.

    Where a persona works the newest households are in every state there is.
    """
    rng = random.Random(f"states/{village.code}")
    states = rng.choices(list(STATES), list(STATES.values()), k=count)
    if any(persona.area == village.code for persona in PERSONAS):
        states[-len(STATES) :] = STATES
    made = sorted(documents(village, SEED, count, now.date()), key=_captured)
    recorder = Recorder(rows, village, now, vault)
    last: dict[int, int] = defaultdict(int)
    verified = []
    for document, state in zip(made, states, strict=True):
        year = _captured(document).year
        last[year] += 1
        household = recorder.add(document, state, f"{village.code}-{year}-{last[year]:04d}", rng)
        if state is S.VERIFIED:
            verified.append(household)
    for year, serial in last.items():
        rows.add(NUMBERS, {"village_id": village.id, "area": village.code, "year": year, "last": serial})
    return verified


def _captured(document: Document) -> dt.datetime:
    (household,) = document["household"].values()
    return dt.datetime.fromisoformat(household["captured_at"])
