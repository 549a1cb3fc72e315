"""A small country around one village: its people, and the commands as they call them over HTTP.

Each test module has its own village, and each test makes its own households in it, so that order does not matter.
"""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import secrets
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from auth.area import NOWHERE
from auth.principal import Principal
from auth.sensitivity import Sensitivity
from auth.token import Keyring
from registry.guard.vault import Vault
from registry.models.household_aggregate import LISTS
from registry.store.db import Database
from server.database.embedded import Embedded
from server.http.app import App, create
from server.http.identity import principal_of
from server.http.principals import Principals
from server.settings import Settings
from tests.accounts import insert_account

HERE, NEXT_DOOR, FAR = "35.07.11.2008", "35.07.11.2009", "52.03.21.2002"
OLD_CODE, SPLIT, SUCCESSORS = "35.07.09.2008", "35.07.12.2001", ["35.07.12.2002", "35.07.12.2003"]
COUNTRY = {
    "35": "Jawa Timur",
    "35.07": "Malang",
    "35.07.11": "Kalipare",
    HERE: "Arjowilangun",
    NEXT_DOOR: "Kalirejo",
    "35.07.12": "Pagak",
    SPLIT: "Sumberejo",
    SUCCESSORS[0]: "Sumberejo Lor",
    SUCCESSORS[1]: "Sumberejo Kidul",
    "52": "Nusa Tenggara Barat",
    "52.03": "Lombok Timur",
    "52.03.21": "Lenek",
    FAR: "Lenek Lauk",
}
PEOPLE: dict[str, list[tuple[str, str | None]]] = {
    "officer": [("OFFICER", HERE)],
    "second": [("OFFICER", HERE)],
    "next door": [("OFFICER", NEXT_DOOR)],
    "both villages": [("OFFICER", HERE), ("OFFICER", NEXT_DOOR)],
    "stranger": [("OFFICER", FAR)],
    "verifier": [("VILLAGE_VERIFIER", HERE)],
    "next door verifier": [("VILLAGE_VERIFIER", NEXT_DOOR)],
    "far verifier": [("VILLAGE_VERIFIER", FAR)],
    "coordinator": [("REGENCY_COORDINATOR", "35.07")],
    "colleague": [("REGENCY_COORDINATOR", "35.07")],
    "both steps": [("VILLAGE_VERIFIER", HERE), ("REGENCY_COORDINATOR", "35.07")],
    "all in one": [("OFFICER", HERE), ("VILLAGE_VERIFIER", HERE), ("REGENCY_COORDINATOR", "35.07")],
    "viewer": [("REGIONAL_VIEWER", "35.07")],
    "far coordinator": [("REGENCY_COORDINATOR", "52.03")],
    "province": [("PROVINCE_OFFICER", "35")],
    "analyst": [("MINISTRY_ANALYST", None)],
    "ministry": [("MINISTRY_ADMIN", None)],
    "auditor": [("AUDITOR", None)],
    "desk": [("PROTECTION_DESK", None)],
    "other desk": [("PROTECTION_DESK", None)],
    "desk and officer": [("PROTECTION_DESK", None), ("OFFICER", HERE)],
    "nobody": [],
}
SUBMIT = """mutation($household: HouseholdInput!, $baseRev: Int, $saveAs: SaveAs) {
  submitHousehold(input: {household: $household, baseRev: $baseRev, saveAs: $saveAs}) {
    outcome household { id rev workflowState householdNo }
    userErrors { code severity path message params { name value } } } }"""
AMEND = """mutation($household: HouseholdInput!, $baseRev: Int!, $reason: String!) {
  amendHousehold(input: {household: $household, baseRev: $baseRev, reason: $reason}) {
    outcome household { id rev workflowState verifiedRev }
    userErrors { code severity path message params { name value } } } }"""
VERIFY = """mutation($items: [VerifyItemInput!]!, $note: String) {
  verifyHouseholds(input: {items: $items, note: $note}) {
    results { householdId household { rev workflowState verifiedRev } userErrors { code severity path message } } } }"""
RETURN = """mutation($id: ID!, $rev: Int!, $remarks: [RemarkInput!]!) {
  returnHousehold(input: {id: $id, rev: $rev, remarks: $remarks}) {
    household { rev workflowState } userErrors { code severity path message } } }"""
WITHDRAW = """mutation($id: ID!, $rev: Int!) {
  withdrawHousehold(input: {id: $id, rev: $rev}) {
    household { rev workflowState } userErrors { code severity path message } } }"""
REJECT = """mutation($id: ID!, $rev: Int!, $reason: RejectReason!, $note: String) {
  rejectHousehold(input: {id: $id, rev: $rev, reason: $reason, note: $note}) {
    household { rev workflowState verifiedRev } userErrors { code severity path message } } }"""
ARCHIVE = """mutation($id: ID!, $rev: Int!, $reason: ArchiveReason!, $note: String) {
  archiveHousehold(input: {id: $id, rev: $rev, reason: $reason, note: $note}) {
    household { id } userErrors { code severity path message } } }"""
REVEAL = """mutation($id: ID!, $field: IdentityField!, $purpose: AccessPurpose!, $note: String) {
  revealIdentity(input: {id: $id, field: $field, purpose: $purpose, note: $note}) {
    value userErrors { code path message } } }"""


FIXED: dict[str, Any] = {"mode": "demo", "pool_size": 10, "heavy_statements": 2}
"""Settings of every server, whatever the machine has."""
HIGH_QUOTAS: dict[str, Any] = {"reveals_per_hour": 10_000, "taken_ids_per_hour": 10_000}
"""Quotas that no test reaches by accident."""


@dataclass
class Answer:
    """One response."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def data(self) -> Any:
        """The data of an answer without errors."""
        assert "errors" not in self.json, self.json["errors"]
        return self.json["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        return list(self.json.get("errors", ()))

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]


@dataclass
class Place:
    """The application over a database of its own, and how to call it as one of its people."""

    app: App
    client: httpx.AsyncClient
    admin: asyncpg.Connection
    login: str
    ids: dict[str, uuid.UUID]
    regions: dict[str, uuid.UUID]
    statements: list[str] = field(default_factory=list)
    """The SQL that the read engine has sent."""

    @property
    def keyring(self) -> Keyring:
        keyring: Keyring = self.app.service.keyring
        return keyring

    @property
    def database(self) -> Database:
        database: Database = self.app.service.database
        return database

    @property
    def vault(self) -> Vault:
        vault: Vault = self.app.service.vault
        return vault

    def bearer(self, who: str | None) -> dict[str, str]:
        """The headers of a signed-in person; no header for None."""
        if who is None:
            return {}
        return {"authorization": f"Bearer {self.keyring.issue(self.ids[who], 600, dt.datetime.now(dt.UTC))}"}

    async def principal(self, who: str) -> Principal:
        return await principal_of(self.bearer(who)["authorization"], self.keyring, self.database)

    async def send(self, method: str, path: str = "/graphql", **request: Any) -> Answer:
        """Any HTTP request."""
        response = await self.client.request(method, path, **request)
        return Answer(response.status_code, response.headers, response.content)

    async def query(self, who: str | None, text: str, language: str = "id", **variables: Any) -> Answer:
        """One GraphQL request as `who`."""
        headers = self.bearer(who) | {"accept-language": language}
        return await self.send("POST", json={"query": text, "variables": variables}, headers=headers)

    async def ask(self, who: str, text: str, **variables: Any) -> Any:
        """The data of a query that has no errors."""
        return (await self.query(who, text, **variables)).data

    async def submit(
        self, who: str, household: Mapping[str, Any], base: int | None = None, save: str = "SUBMITTED"
    ) -> Any:
        """Payload of `submitHousehold`."""
        return (await self.ask(who, SUBMIT, household=household, baseRev=base, saveAs=save))["submitHousehold"]

    async def amend(self, who: str, household: Mapping[str, Any], base: int = 1, reason: str = "Kunjungan.") -> Any:
        """Payload of `amendHousehold`."""
        return (await self.ask(who, AMEND, household=household, baseRev=base, reason=reason))["amendHousehold"]

    async def verify(self, who: str, household: Mapping[str, Any], rev: int = 1, accept: bool = True) -> Any:
        """Result of one item of `verifyHouseholds`."""
        item = {"id": household["id"], "rev": rev, "acceptFindings": accept}
        return (await self.ask(who, VERIFY, items=[item]))["verifyHouseholds"]["results"][0]

    async def return_household(self, who: str, household: Mapping[str, Any], rev: int = 1, *remarks: str) -> Any:
        """Payload of `returnHousehold`, with a remark on the address unless others are given."""
        inputs = [{"path": ["address"], "text": text} for text in remarks or ("Alamat kurang jelas.",)]
        return (await self.ask(who, RETURN, id=household["id"], rev=rev, remarks=inputs))["returnHousehold"]

    async def withdraw(self, who: str, household: Mapping[str, Any], rev: int = 1) -> Any:
        """Payload of `withdrawHousehold`."""
        return (await self.ask(who, WITHDRAW, id=household["id"], rev=rev))["withdrawHousehold"]

    async def reject(
        self, who: str, household: Mapping[str, Any], rev: int = 1, reason: str = "DUPLICATE", note: str | None = None
    ) -> Any:
        """Payload of `rejectHousehold`."""
        return (await self.ask(who, REJECT, id=household["id"], rev=rev, reason=reason, note=note))["rejectHousehold"]

    async def archive(
        self, who: str, household: Mapping[str, Any], rev: int = 1, reason: str = "MOVED_OUT", note: str | None = None
    ) -> Any:
        """Payload of `archiveHousehold`."""
        return (await self.ask(who, ARCHIVE, id=household["id"], rev=rev, reason=reason, note=note))["archiveHousehold"]

    async def new_household(self, state: str, author: str = "officer", **changes: Any) -> dict[str, Any]:
        """A new household of `author` in this state, at revision 1."""
        document = household(**changes)
        stored = await self.submit(author, document, save="DRAFT" if state == "DRAFT" else "SUBMITTED")
        assert stored["outcome"] == "ACCEPTED", stored["userErrors"]
        if state in ("VERIFIED_VILLAGE", "VERIFIED"):
            assert not (await self.verify("verifier", document))["userErrors"]
        if state == "VERIFIED":
            assert not (await self.verify("coordinator", document))["userErrors"]
        if state == "RETURNED":
            assert not (await self.return_household("verifier", document))["userErrors"]
        if state == "REJECTED":
            assert not (await self.reject("coordinator", document))["userErrors"]
        return document

    async def household(self, who: str, id_: str, selection: str) -> Any:
        """The household as `who` sees it; None if it does not exist for them."""
        query = f"query($id: ID!) {{ household(by: {{id: $id}}) {{ {selection} }} }}"
        return (await self.ask(who, query, id=id_))["household"]


def hide_class(monkeypatch: pytest.MonkeyPatch, kind: Sensitivity) -> None:
    """Let nobody see this class until the patch is undone; no principal that is read meanwhile is cached."""
    sees = Principal.sees
    monkeypatch.setattr(Principal, "sees", lambda self, asked: NOWHERE if asked is kind else sees(self, asked))
    monkeypatch.setattr(Principals, "listening", False)


_serial = itertools.count(1)


def person(seq: int, **changes: Any) -> dict[str, Any]:
    """A member: a woman born on 23 April 1985, head of the family, at home; her NIK fits."""
    member = {
        "id": str(uuid.uuid4()),
        "seq": seq,
        "fullName": f"Siti Aminah {seq}",
        "sex": "FEMALE",
        "birthDate": "1985-04-23",
        "relationToHead": "HEAD" if seq == 1 else "OTHER",
        "maritalStatus": "MARRIED",
        "education": "PRIMARY",
        "lifeStatus": "ALIVE",
        "residence": "HOME",
        "nik": f"350711630485{next(_serial):04d}",
    }
    return member | changes


def episode(member: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """An episode: working abroad since 2022."""
    document = {
        "id": str(uuid.uuid4()),
        "memberId": member["id"],
        "stage": "WORKING_ABROAD",
        "country": "HK",
        "departedOn": "2022",
    }
    return document | changes


def shop(owner: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A business: a running shop."""
    return {"id": str(uuid.uuid4()), "ownerId": owner["id"], "name": "Warung Siti", "field": "RETAIL"} | changes


def participation(**changes: Any) -> dict[str, Any]:
    """A pillar in which the household takes part since 2023."""
    return {"id": str(uuid.uuid4()), "pillar": "PRODUCTIVE_BUSINESS", "since": "2023"} | changes


def infant(**changes: Any) -> dict[str, Any]:
    """A member born on 1 June 2020, a child of the head."""
    facts = {"birthDate": "2020-06-01", "relationToHead": "CHILD", "maritalStatus": "NEVER_MARRIED"}
    return person(9, nik=None, nikMissingReason="NONE_YET", **facts) | changes


def care(of: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A child's arrangement: the grandparents look after them."""
    return {"id": str(uuid.uuid4()), "childId": of["id"], "caregiver": "GRANDPARENTS", "needs": ["Buku"]} | changes


def household(village: str = HERE, people: int = 1, **changes: Any) -> dict[str, Any]:
    """A complete household: one migrant abroad, no fault and no warning."""
    members = [person(seq) for seq in range(1, people + 1)]
    document = {
        "id": str(uuid.uuid4()),
        "villageCode": village,
        "visitResult": "COMPLETE",
        "kkMissingReason": "NONE_YET",
        "address": "Jalan Melati 1",
        "hamlet": "Krajan",
        "consent": {"basis": "CONSENT", "method": "SIGNATURE"},
        "members": members,
        "migrations": [episode(members[0])],
        "businesses": [],
    }
    return document | changes


def whole_household(village: str = HERE, **changes: Any) -> dict[str, Any]:
    """A complete household with a record in each of its lists; nothing refers to the last member."""
    document = household(village, people=2)
    document["members"].insert(1, child := infant())
    document["consent"]["guardianConsent"] = True
    document |= {"businesses": [shop(document["members"][0])], "pillars": [participation()], "childCare": [care(child)]}
    if empty := [name for name in LISTS.values() if not document.get(name)]:
        raise TypeError(f"give the whole household of the tests a record in {', '.join(empty)}")
    return document | changes


def last_record(document: dict[str, Any], table: str) -> dict[str, Any]:
    """The household itself, or the last record of a list of it."""
    return document if table == "household" else document[LISTS[table]][-1]


def path_of(document: Mapping[str, Any], table: str) -> list[str]:
    """The path of `last_record`."""
    if table == "household":
        return ["household"]
    name = LISTS[table]
    return ["household", name, str(len(document[name]) - 1)]


def with_changes(document: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with changes."""
    return copy.deepcopy(dict(document)) | changes


async def _country(admin: asyncpg.Connection) -> dict[str, uuid.UUID]:
    regions: dict[str, uuid.UUID] = {}
    levels = {2: "PROVINCE", 5: "REGENCY", 8: "DISTRICT", 13: "VILLAGE"}
    for code, name in COUNTRY.items():
        level = levels[len(code)]
        kind = "RURAL_VILLAGE" if level == "VILLAGE" else level
        regions[code] = await admin.fetchval(
            "INSERT INTO region (code, level, kind, name, search_name, parent_id, valid_from, valid_to, decree)"
            " VALUES ($1, $2, $3, $4, lower($4), $5, '1945-08-17', $6, 'decree') RETURNING id",
            *(code, level, kind, name, regions.get(code.rpartition(".")[0])),
            dt.date(2020, 1, 1) if code == SPLIT else None,
        )
        await admin.execute(
            "INSERT INTO region_code (region_id, code, valid_from) VALUES ($1, $2, '1945-08-17')", regions[code], code
        )
    await admin.execute(
        "INSERT INTO region_code (region_id, code, valid_from, valid_to) VALUES ($1, $2, '1945-08-16', '2019-10-08')",
        *(regions[HERE], OLD_CODE),
    )
    for successor in SUCCESSORS:
        await admin.execute(
            "INSERT INTO region_lineage"
            " (from_region_id, to_region_id, change, from_code, to_code, decree, effective_on)"
            " VALUES ($1, $2, 'SPLIT', $3, $4, 'decree', '2020-01-01')",
            *(regions[SPLIT], regions[successor], SPLIT, successor),
        )
    programme = await admin.fetchval(
        "INSERT INTO programme (code, name, agency) VALUES ('DESMIGRATIF', 'Desmigratif', 'Kemnaker') RETURNING id"
    )
    for code in (HERE, NEXT_DOOR, FAR):
        await admin.execute(
            "INSERT INTO village_enrolment (programme_id, region_id, year) VALUES ($1, $2, 2019)",
            programme,
            regions[code],
        )
    return regions


async def _people(admin: asyncpg.Connection, regions: Mapping[str, uuid.UUID]) -> dict[str, uuid.UUID]:
    return {name: await insert_account(admin, regions, name, *grants) for name, grants in PEOPLE.items()}


@pytest.fixture(scope="module")
async def village(postgres: Embedded, fresh: Any, anyio_backend: str) -> AsyncIterator[Place]:
    """The village, without households, in a database of its own for each module."""
    name = await fresh()
    admin = await asyncpg.connect(postgres.dsn(name), server_settings={"search_path": "registry"})
    try:
        async with _serving(admin, postgres.dsn(name, user="registry_app")) as place:
            yield place
    finally:
        await admin.close()


@asynccontextmanager
async def _serving(admin: asyncpg.Connection, login: str) -> AsyncIterator[Place]:
    regions = await _country(admin)
    ids = await _people(admin, regions)
    vault = Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))
    app = create(Settings(**FIXED, **HIGH_QUOTAS), login, Keyring.generate(), vault, secrets.token_bytes(32))
    async with _client_of(app) as client:
        place = Place(app, client, admin, login, ids, regions)
        fetch_json = place.database.fetch_json

        async def record_and_fetch(text: str, values: Sequence[Any], *seconds: float) -> bytes | None:
            place.statements.append(text)
            return await fetch_json(text, values, *seconds)

        place.database.fetch_json = record_and_fetch  # type: ignore[method-assign, assignment]
        yield place


@asynccontextmanager
async def served_with(place: Place, **settings: Any) -> AsyncIterator[Place]:
    """The same village served by an application with other settings."""
    app = create(Settings(**FIXED | settings), place.login, place.keyring, place.vault, secrets.token_bytes(32))
    async with _client_of(app) as client:
        yield replace(place, app=app, client=client)


@asynccontextmanager
async def _client_of(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
            yield client
