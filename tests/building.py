"""Builds the world of the access tests: two regions of each level, traps among the codes, households in every state.

It uses the product's own commands over HTTP where there is one, and the database's superuser elsewhere.
"""

from __future__ import annotations

import itertools
import re
import secrets
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx

from auth.token import Keyring
from registry.guard.vault import Vault
from registry.models.household_aggregate import NOUNS
from registry.read.run import STATEMENTS
from registry.store.db import Database
from registry.store.sql import Statement
from server.http.app import create
from server.settings import Settings
from tests.colleagues import COLLEAGUES, Colleague
from tests.personas import BY_NAME, DISABLED, PERSONAS, SIGNED_MONTH, Persona
from tests.unique_values import UniqueValues, document, episode
from tests.village import HIGH_QUOTAS
from tests.village_records import RecordMaker
from tests.world import ENTRIES, OF_HOUSEHOLDS, OF_VILLAGES, SCOPED, HeldGrant, House, Mark, Row, World

LEVEL = {1: "PROVINCE", 2: "REGENCY", 3: "DISTRICT", 4: "VILLAGE"}


def _country() -> Iterator[tuple[str, str, str | None]]:
    """Key, code and parent of every region; keys show where they are, codes are traps."""
    for province, code in {"A": "35", "B": "52"}.items():
        yield province, code, None
        for r, d, v in itertools.product("12", repeat=3):
            if (d, v) == ("1", "1"):
                yield province + r, f"{code}.0{r}", province
            if v == "1":
                yield province + r + d, f"{code}.0{r}.1{d}", province + r
            yield province + r + d + v, f"{code}.0{r}.1{d}.200{v}", province + r + d
    yield "prefix", "35.01.11.20011", "A11"  # A111's code is a prefix of this code, but it is not below A111
    yield "prefix-1", "35.011", "A"
    yield "prefix-11", "35.011.11", "prefix-1"
    yield "prefix-111", "35.011.11.2001", "prefix-11"
    yield "recoded", "52.01.12.2009", "B12"  # becomes 52.01.11.2009 below B11
    yield "closed", "52.02.12.2009", "B22"
    yield "split", "52.02.11.2009", "B21"
    yield "successor-1", "52.02.11.2010", "B21"
    yield "successor-2", "52.02.11.2011", "B21"


SUBMIT = """mutation($h: HouseholdInput!, $as: SaveAs!, $rev: Int) {
  submitHousehold(input: {household: $h, saveAs: $as, baseRev: $rev}) { outcome userErrors { code path severity } } }"""
VERIFY = """mutation($i: [VerifyItemInput!]!, $note: String) {
  verifyHouseholds(input: {items: $i, note: $note}) { results { userErrors { code path } } } }"""
SIGN = """mutation($code: RegionCode!, $month: PartialDate!) {
  lockMonthlyReport(input: {villageCode: $code, month: $month}) { userErrors { code path } } }"""
RETURN = """mutation($id: ID!, $text: String!) {
  returnHousehold(input: {id: $id, rev: 1, remarks: [{path: ["address"], text: $text}]}) { userErrors { code path } }
}"""

PLAN = (
    # village, final state, author
    ("A111", "SUBMITTED", "OFFICER@A111"),
    ("A111", "DRAFT", "OFFICER@A111"),
    ("A111", "VERIFIED", "OFFICER@A11"),
    ("A111", "RETURNED", "OFFICER@A111"),
    ("A111", "VERIFIED_VILLAGE", "OFFICER@country"),
    ("A111", "VERIFIED", "officer-A111-viewer-B"),  # has a newer revision
    ("A111", "SUBMITTED", "OFFICER@A111"),  # archived
    ("A111", "SUBMITTED", "OFFICER@A111"),  # returned, then completed by another officer
    ("A112", "SUBMITTED", "OFFICER@A112"),
    ("A112", "DRAFT", "OFFICER@country"),
    ("A121", "VERIFIED", "OFFICER@A1"),
    ("A211", "SUBMITTED", "OFFICER@A"),
    ("A222", "DRAFT", "OFFICER@A"),
    ("B111", "SUBMITTED", "OFFICER@B111"),  # its head has the NIK of the first household's
    ("B111", "DRAFT", "OFFICER@B111"),
    ("B111", "VERIFIED", "OFFICER@country"),
    ("B222", "RETURNED", "officer-of-two-far-villages"),
    ("B121", "SUBMITTED", "OFFICER@country"),
    ("recoded", "SUBMITTED", "officer-of-recoded"),
    ("successor-1", "SUBMITTED", "OFFICER@country"),
)
MOVED = {"prefix": "A112", "prefix-111": "A212", "reused": "B221"}
"""Villages that no command reaches (malformed or reused codes) → where their household is recorded first."""


class Builder:
    """Records the households of the world."""

    def __init__(self, world: World) -> None:
        self.world, self.unique = world, UniqueValues(world.marks)
        self.maker = RecordMaker(world, self.unique)

    async def build(self) -> None:
        nik: str | None = None
        for village, state, author in PLAN:
            house, submitted = await self.record(village, state, author, nik if village == "B111" else None)
            nik = nik or submitted["members"][0]["nik"]
        for village, first in MOVED.items():
            house, _ = await self.record(first, "SUBMITTED", "OFFICER@country")
            house.village = village
        await self.complete(self.world.houses[7])
        for house in self.homes():
            code = self.world.codes[MOVED.get(house.village, house.village)]
            self.world.records += await self.maker.save_of_village(house, code)
        for village in ("A111", "A112", "B111", "recoded"):
            code = self.world.codes[village]
            await self.run("VILLAGE_VERIFIER@country", SIGN, code=code, month=SIGNED_MONTH)
        await self.rearrange()
        await self.read_back()

    async def record(self, village: str, state: str, author: str, nik: str | None = None) -> tuple[House, Any]:
        house = House(uuid.uuid4(), village, state, author)
        self.world.houses.append(house)
        submitted = document(self.unique, house, self.world.codes[village], nik)
        await self.run(author, SUBMIT, h=submitted, **{"as": "DRAFT" if state == "DRAFT" else "SUBMITTED"})
        await self.maker.save_of_household(house)
        if state == "RETURNED":
            text = self.unique.text("PERSONAL", house.rows[0])
            await self.run("VILLAGE_VERIFIER@country", RETURN, id=str(house.id), text=text)
        for step, who in (("VILLAGE", "VILLAGE_VERIFIER@country"), ("VERIFIED", "REGENCY_COORDINATOR@country")):
            if state.startswith("VERIFIED") and (state == "VERIFIED" or step == "VILLAGE"):
                note = self.unique.text("PERSONAL", house.rows[0])
                item = {"id": str(house.id), "rev": 1, "acceptFindings": True}
                await self.run(who, VERIFY, i=[item], note=note)
        return house, submitted

    def homes(self) -> list[House]:
        """A household of each village that has one which is no draft; the last is archived, and so are its records."""
        first: dict[str, House] = {}
        for house in self.world.houses:
            if not house.draft:
                first.setdefault(house.village, house)
        return [*first.values(), self.world.houses[6]]

    async def complete(self, house: House) -> None:
        """Return the household and let another officer add an episode, whose status only that officer may read."""
        text = self.unique.text("PERSONAL", house.rows[0])
        await self.run("VILLAGE_VERIFIER@country", RETURN, id=str(house.id), text=text)
        added = Row("migration_episode", uuid.uuid4(), house, "OFFICER@A11")
        house.rows.append(added)
        wife = house.rows[2]
        more = episode(self.unique, added, wife, "PROSPECTIVE") | {"proceduralStatus": "NON_PROCEDURAL"}
        more |= {"departedOn": "2090-01-01"}
        sent = {"id": str(house.id), "migrations": [more]}
        await self.run("OFFICER@A11", SUBMIT, h=sent, rev=1, **{"as": "SUBMITTED"})

    async def run(self, name: str, command: str, /, **variables: Any) -> None:
        answer = await self.world.ask(BY_NAME[name], command, **variables)
        errors = re.findall(rb'"userErrors":\[[^\]]*"ERROR"', answer.body) + re.findall(
            rb'"userErrors":\[\{', answer.body
        )
        assert not answer.codes, answer.body
        assert not errors, answer.body

    async def rearrange(self) -> None:
        """Apply the changes that only decrees and later commands cause."""
        w, admin, houses = self.world, self.world.admin, self.world.houses
        w.codes |= {"recoded": "52.01.11.2009", "reused": "52.02.12.2009"}
        w.tree |= {"recoded": "B11", "reused": "B22"}
        await admin.execute(
            "UPDATE region SET code = $2, parent_id = $3 WHERE id = $1",
            w.regions["recoded"],
            w.codes["recoded"],
            w.regions["B11"],
        )
        await admin.execute("UPDATE region_code SET valid_to = '2025-01-01' WHERE code = '52.01.12.2009'")
        await admin.execute(
            "INSERT INTO region_code (region_id, code, valid_from) VALUES ($1, $2, '2025-01-01')",
            w.regions["recoded"],
            w.codes["recoded"],
        )
        closed = [w.regions["closed"], w.regions["split"]]
        w.ever |= w.tree
        del w.tree["closed"], w.tree["split"]
        await admin.execute("UPDATE region SET valid_to = '2025-01-01' WHERE id = ANY($1)", closed)
        w.regions["reused"] = await _region(admin, w, "reused")
        for key in ("successor-1", "successor-2"):
            await admin.execute(
                "INSERT INTO region_lineage (from_region_id, to_region_id, change, from_code, to_code, decree,"
                " effective_on) VALUES ($1, $2, 'SPLIT', $3, $4, 'decree', '2025-01-01')",
                *(w.regions["split"], w.regions[key], w.codes["split"], w.codes[key]),
            )
        for house in houses:
            if house.village in MOVED:
                place = w.regions[house.village], w.codes[house.village], house.id
                await admin.execute("UPDATE household SET village_id = $1, area = $2 WHERE id = $3", *place)
        for record in w.records:
            if record.village in MOVED:
                place = w.regions[record.village], w.codes[record.village], record.id
                table = record.rows[0].table
                await admin.execute(f"UPDATE {table} SET village_id = $1, area = $2 WHERE id = $3", *place)
                revised = "UPDATE record_revision SET village_id = $1, area = $2 WHERE record_id = $3"
                await admin.execute(revised, *place)
        for house in houses[::3]:  # what a desk recorded
            for row in [row for row in house.rows if row.table in OF_HOUSEHOLDS]:
                row.author = "PROTECTION_DESK@country" if house.village.startswith("A") else "desk-and-officer-A111"
                recorder = BY_NAME[row.author].id
                await admin.execute(f"UPDATE {row.table} SET created_by = $1 WHERE id = $2", recorder, row.id)
                await admin.execute("UPDATE record_revision SET created_by = $1 WHERE record_id = $2", recorder, row.id)
        newer, archived = houses[5], houses[6]
        await admin.execute("UPDATE household SET workflow_state = 'SUBMITTED', rev = 2 WHERE id = $1", newer.id)
        await admin.execute(
            "INSERT INTO household_revision (rev, document, household_id, id, village_id, area, draft, created_by)"
            " SELECT 2, document, household_id, gen_random_uuid(), village_id, area, draft, created_by"
            " FROM household_revision WHERE household_id = $1",
            newer.id,
        )
        newer.state = "SUBMITTED"
        archived.archived = True
        for table in NOUNS:
            key = "id" if table == "household" else "household_id"
            await admin.execute(f"UPDATE {table} SET archived_at = now() WHERE {key} = $1", archived.id)
        for record in w.records[-len(w.records) // len(self.homes()) :]:
            record.archived = True
            for row in record.rows:
                await admin.execute(f"UPDATE {row.table} SET archived_at = now() WHERE id = $1", row.id)
        member = houses[0].rows[3]
        member.archived = True
        await admin.execute("UPDATE member SET archived_at = now() WHERE id = $1", member.id)

    async def read_back(self) -> None:
        """Check that everything sent is stored, and record the rows that the server added."""
        w = self.world
        authors = {persona.id: persona.name for persona in PERSONAS}
        w.rows = [row for house in (*w.houses, *w.records) for row in house.rows]
        homes = {house.id: house for house in w.houses}
        homes |= {row.id: row.house for row in w.rows if row.table in OF_VILLAGES}
        kinds = {row.id: row.kind for row in w.rows}
        sent_ids = {row.id for row in w.rows}
        for table in SCOPED:
            if table in (*NOUNS, *OF_VILLAGES, *ENTRIES):
                stored = {record["id"] for record in await w.admin.fetch(f"SELECT id FROM {table}")}
                assert stored == {row.id for row in w.of(table)}, table
                continue
            key = "record_id" if table == "record_revision" else "household_id"
            records = await w.admin.fetch(f"SELECT id, {key} AS house, created_by, archived_at FROM {table}")
            for record in records:
                assert record["id"] not in sent_ids
                row = Row(table, record["id"], homes[record["house"]], authors[record["created_by"]])
                row.archived = record["archived_at"] is not None
                row.kind = kinds.get(record["house"], row.kind) if table == "record_revision" else row.kind
                w.rows.append(row)
        await w.admin.execute("ANALYZE")


async def _region(admin: asyncpg.Connection, w: World, key: str) -> uuid.UUID:
    code, parent = w.codes[key], w.tree[key]
    level = LEVEL[code.count(".") + 1]
    kind = level if level != "VILLAGE" else "RURAL_VILLAGE"
    id_: uuid.UUID = await admin.fetchval(
        "INSERT INTO region (code, level, kind, name, search_name, parent_id, valid_from, decree)"
        " VALUES ($1, $2, $3, $4, lower($4), $5, '1945-08-17', 'decree') RETURNING id",
        *(code, level, kind, f"Place {key}", parent and w.regions[parent]),
    )
    await admin.execute(
        "INSERT INTO region_code (region_id, code, valid_from) VALUES ($1, $2, '1945-08-17')", id_, code
    )
    return id_


@asynccontextmanager
async def build_world(dsn: str, login: str) -> AsyncIterator[World]:
    """Build the world in a migrated, empty database."""
    keyring = Keyring.generate()
    vault = Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))
    app = create(Settings(mode="demo", pool_size=1, **HIGH_QUOTAS), login, keyring, vault, secrets.token_bytes(32))
    admin = await asyncpg.connect(dsn, server_settings={"search_path": "registry"})
    registrar = await asyncpg.connect(dsn, server_settings={"search_path": "registry"})
    country = list(_country())
    transport = httpx.ASGITransport(app)
    async with (
        _closing(admin),
        _closing(registrar),
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://registry") as client,
    ):
        database: Database = app.service.database
        tree = {key: parent for key, _, parent in country}
        codes = {key: code for key, code, _ in country}
        w = World(dsn, login, admin, registrar, client, database, app.service.log, keyring, tree, codes, {})
        _record(w)
        for key, _, _ in country:
            w.regions[key] = await _region(admin, w, key)
        for persona in (*PERSONAS, DISABLED, *COLLEAGUES.values()):
            await _account(w, persona)
        await Builder(w).build()
        yield w


async def _account(w: World, who: Persona) -> None:
    """Store an account with its grants, and the device of a colleague."""
    username = who.username if isinstance(who, Colleague) else who.name
    creator = None if who.creator is None else BY_NAME[who.creator].id
    await w.admin.execute(
        "INSERT INTO account (id, username, name, active, created_by) VALUES ($1, $2, $3, $4, $5)",
        *(who.id, username, who.name, who.active, creator),
    )
    w.holders.append(who)
    for g in who.grants:
        held, region = HeldGrant(uuid.uuid4(), who, g), None if g.region is None else w.regions[g.region]
        giver = None if g.giver is None else BY_NAME[g.giver].id
        await w.admin.execute(
            "INSERT INTO grants (id, user_id, role, region_id, national, valid_from, valid_to, active, pending,"
            " granted_by, granted_by_name, granted_by_role) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            *(held.id, who.id, g.role, region, region is None, g.from_, g.to, g.active, g.pending, giver, g.giver),
            g.giver and g.giver.partition("@")[0],
        )
        w.grants.append(held)
        if g.role == "MINISTRY_ADMIN":
            password = "INSERT INTO credential (account_id, password_hash, temporary) VALUES ($1, 'x', false)"
            await w.admin.execute(f"{password} ON CONFLICT DO NOTHING", who.id)
    if isinstance(who, Colleague):
        device = "INSERT INTO device (id, account_id, label, revoked) VALUES ($1, $2, $3, true)"
        await w.admin.execute(device, who.device, who.id, who.device_label)
        w.marks += [Mark(text, "SYSTEM", who) for text in (who.username, who.device_label)]
        w.marks.append(Mark(who.name, "PERSONAL", who))


@asynccontextmanager
async def _closing(connection: asyncpg.Connection) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await connection.close()


def _record(w: World) -> None:
    """Record what the read engine prepares and what the one connection of the pool sends."""
    original = w.database.fetch_json
    by_text: dict[str, Statement] = {}

    async def fetch_json(text: str, values: Any, *seconds: float) -> bytes | None:
        if text not in by_text:
            by_text.update({statement.text: statement for statement in STATEMENTS._values.values()})
        w.prepared[by_text[text]] = None
        w.sent.append(text)  # asyncpg's query logger does not report prepared statements
        return await original(text, values, *seconds)

    setattr(w.database, "fetch_json", fetch_json)  # noqa: B010  (on this object alone)
    connection, _ = w.database.pool._free[0]
    connection.add_query_logger(lambda query: w.sent.append(query.query))
