"""The demo's households are reproducible, pass the rules and are of nobody real; they are loaded as if typed."""

import datetime as dt
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.role import Role
from registry.codes import RegionLevel, Severity, WorkflowState
from registry.guard.vault import Vault
from registry.models.aggregate import Document, by_itself
from registry.models.case import Case
from registry.models.household_aggregate import AGGREGATE, NOUNS, SEALED
from registry.models.noun import SCHEMA, facts
from registry.regions.region_name import place
from registry.rules import check
from registry.write.document import opened
from server.demo import geography
from server.demo.accounts import ACCOUNTS, PERSONAS, personas
from server.demo.households import documents, villages
from server.demo.load import PER_VILLAGE, load

TODAY = dt.date(2026, 11, 24)
IDS = {place.code: uuid.uuid5(uuid.NAMESPACE_OID, place.code) for place in geography.read()}
VILLAGES = villages(IDS)
PERSONA_VILLAGES = ("35.07.11.2008", "52.03.21.2002")
SILENT = next(village.code for village in VILLAGES if village.silent)


def country(seed: int = 1, count: int = 5, today: dt.date = TODAY) -> list[Document]:
    return [document for village in VILLAGES for document in documents(village, seed, count, today)]


def rows(generated: list[Document], table: str) -> list[dict[str, Any]]:
    return [row for document in generated for row in document[table].values()]


def share(counts: Counter[Any], *names: str) -> float:
    return sum(counts[name] for name in names) / counts.total()


@pytest.fixture(scope="module")
def generated() -> list[Document]:
    return country()


def test_the_programme_has_its_figures_of_2019() -> None:
    assert Counter(place(p.code)[0] for p in geography.read()) == {
        RegionLevel.PROVINCE: 12,
        RegionLevel.REGENCY: 107,
        RegionLevel.DISTRICT: 314,
        RegionLevel.VILLAGE: 402,
    }
    assert len(VILLAGES) == 402


def test_households_are_reproducible_for_any_number() -> None:
    village = VILLAGES[-1]
    assert country(count=1) == country(count=1)
    assert list(documents(village, 1, 9, TODAY))[:4] == list(documents(village, 1, 4, TODAY))
    assert list(documents(village, 1, 4, TODAY)) != list(documents(village, 2, 4, TODAY))


@given(st.integers(0, 2**32), st.sampled_from(VILLAGES), st.dates(dt.date(2024, 1, 1), dt.date(2035, 12, 31)))
def test_every_demo_household_passes_the_rules(seed: int, village: Any, today: dt.date) -> None:
    now = dt.datetime.combine(today, dt.time(1), dt.UTC)
    for document in documents(village, seed, 3, today):
        assert [
            f for f in check(document, now, complete=True, aggregate=AGGREGATE) if f.severity is Severity.ERROR
        ] == []


def test_a_few_per_cent_carry_a_warning(generated: list[Document]) -> None:
    now = dt.datetime.combine(TODAY, dt.time(1), dt.UTC)
    warned = [
        {finding.code.value for finding in check(document, now, complete=True, aggregate=AGGREGATE)}
        for document in generated
    ]
    assert 0.02 < sum(map(bool, warned)) / len(warned) < 0.09
    assert "UNDERAGE_DEPARTURE" in set().union(*warned)


def test_documents_hold_only_columns_of_their_nouns(generated: list[Document]) -> None:
    for table, noun in NOUNS.items():
        columns = {column.name for column, _ in facts(noun)}
        assert {name for row in rows(generated, table) for name in row} <= columns


def test_identity_numbers_are_unique_and_of_no_real_province(generated: list[Document]) -> None:
    niks = [row["nik"] for row in rows(generated, "member") if "nik" in row]
    cards = [row["kk_number"] for row in rows(generated, "household") if "kk_number" in row]
    phones = [row["phone"] for row in rows(generated, "household") if "phone" in row]
    for numbers in (niks, cards, phones):
        assert len(set(numbers)) == len(numbers)
    assert {number[:2] for number in niks + cards} == {"99"}
    assert {phone[:6] for phone in phones} == {"+62840"}
    ids = [id_ for document in generated for records in document.values() for id_ in records]
    assert len(set(ids)) == len(ids)


def test_the_migrants_match_the_reported_figures(generated: list[Document]) -> None:
    people = {id_: row for document in generated for id_, row in document["member"].items()}
    latest = [list(document["migration_episode"].values())[-1] for document in generated]
    stages = Counter(episode["stage"] for episode in latest)
    assert 0.39 < share(stages, "WORKING_ABROAD") < 0.5
    assert 0.29 < share(stages, "RETURNED") < 0.41
    assert 0.1 < share(stages, "PROSPECTIVE") < 0.2
    assert stages["FAILED_TO_DEPART"] > 0
    assert stages["DIED_ABROAD"] > 0
    assert 0.56 < share(Counter(people[episode["member_id"]]["sex"] for episode in latest), "FEMALE") < 0.66
    schemes = Counter(episode.get("scheme") for episode in rows(generated, "migration_episode"))
    for unofficial in ("NONE", "UNKNOWN", None):
        del schemes[unofficial]
    assert 0.72 < share(schemes, "PRIVATE_TO_PRIVATE") < 0.87
    countries = Counter(episode["country"] for episode in rows(generated, "migration_episode"))
    assert {country for country, _ in countries.most_common(7)} == {"MY", "TW", "HK", "JP", "KR", "SG", "SA"}


def test_some_businesses_are_ready_for_export(generated: list[Document]) -> None:
    businesses = rows(generated, "business")
    assert len({row["field"] for row in businesses}) >= 15
    readiness = Counter(row["export_readiness"] for row in businesses)
    assert readiness.keys() == {"NONE", "POTENTIAL", "READY", "EXPORTING"}
    assert all(bool(row["export_countries"]) == (row["export_readiness"] == "EXPORTING") for row in businesses)


def test_every_role_has_a_persona_and_every_village_its_staff() -> None:
    assert {persona.role for persona in PERSONAS} == set(Role)
    assert personas()["officer@52.03.21.2002"] == next(a.id for a in ACCOUNTS if a.username == "officer@52.03.21.2002")
    assert len({a.id for a in ACCOUNTS}) == len({a.username for a in ACCOUNTS}) == len(ACCOUNTS)
    duties = Counter(a.role for a in ACCOUNTS)
    assert duties[Role.OFFICER] == duties[Role.VILLAGE_VERIFIER] == 402
    assert duties[Role.REGENCY_COORDINATOR] == 107


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    Vault.create(tmp_path / "keys")
    return Vault.load(tmp_path / "keys")


@pytest.fixture
async def loaded(admin: asyncpg.Connection, vault: Vault) -> asyncpg.Connection:
    await load(admin, vault, only=(*PERSONA_VILLAGES, SILENT))
    return admin


@pytest.mark.anyio
async def test_the_ledger_counts_only_verified_households(loaded: asyncpg.Connection) -> None:
    assert await loaded.fetchval("SELECT count(*) FROM household") == 3 * PER_VILLAGE
    for ledger, table, key in (
        ("ledger_household", "household", "id"),
        ("ledger_person", "member", "household_id"),
        ("ledger_episode", "migration_episode", "household_id"),
        ("ledger_business", "business", "household_id"),
    ):
        counted = await loaded.fetch(
            f"SELECT subject_id AS id, since FROM {ledger} WHERE until = 'infinity' ORDER BY 1"
        )
        verified = await loaded.fetch(
            f"SELECT t.id, h.verified_at AS since FROM {table} t JOIN household h ON h.id = t.{key} "
            "WHERE h.workflow_state = 'VERIFIED' ORDER BY 1"
        )
        assert counted == verified
        assert len(verified) > 0


@pytest.mark.anyio
async def test_every_row_is_in_the_area_of_its_household(loaded: asyncpg.Connection) -> None:
    tables = await loaded.fetch(
        "SELECT table_name AS name FROM information_schema.columns c JOIN information_schema.tables t "
        "USING (table_schema, table_name) WHERE table_schema = $1 AND table_type = 'BASE TABLE' "
        "AND column_name = 'household_id'",
        SCHEMA,
    )
    assert len(tables) >= 12
    for table in tables:
        astray = await loaded.fetchval(
            f"SELECT count(*) FROM {table['name']} t LEFT JOIN household h ON h.id = t.household_id "
            "AND (h.village_id, h.area) = (t.village_id, t.area) WHERE h.id IS NULL"
        )
        assert astray == 0, table["name"]


@pytest.mark.anyio
async def test_personas_find_work_in_every_state(loaded: asyncpg.Connection) -> None:
    for village in PERSONA_VILLAGES:
        states = await loaded.fetch("SELECT DISTINCT workflow_state FROM household WHERE area = $1", village)
        assert {row[0] for row in states} == {"DRAFT", "SUBMITTED", "VERIFIED_VILLAGE", "VERIFIED", "RETURNED"}
    personas_ = personas()
    row = await loaded.fetchrow(
        "SELECT array_agg(DISTINCT created_by) AS recorders, array_agg(DISTINCT submitted_by_id) AS senders, "
        "array_agg(DISTINCT village_verified_by_id) FILTER (WHERE workflow_state = 'VERIFIED_VILLAGE') AS village, "
        "array_agg(DISTINCT verified_by_id) FILTER (WHERE workflow_state = 'VERIFIED') AS regency "
        "FROM household WHERE area = $1 AND workflow_state <> 'DRAFT'",
        "35.07.11.2008",
    )
    assert row is not None
    assert row["recorders"] == row["senders"] == [personas_["officer@35.07.11.2008"]]
    assert row["village"] == [personas_["verifier@35.07.11.2008"]]
    assert row["regency"] == [personas_["coordinator@35.07"]]
    remarks = await loaded.fetch(
        "SELECT h.id FROM household h JOIN remark r ON r.household_id = h.id WHERE h.workflow_state = 'RETURNED'"
    )
    assert len(remarks) == await loaded.fetchval("SELECT count(*) FROM household WHERE workflow_state = 'RETURNED'")


@pytest.mark.anyio
async def test_all_but_the_silent_villages_report(loaded: asyncpg.Connection) -> None:
    rows = await loaded.fetch("SELECT area, now() - max(since) AS age FROM ledger_household GROUP BY area")
    latest = {row["area"]: row["age"] for row in rows}
    assert latest.keys() == {*PERSONA_VILLAGES, SILENT}
    assert all((latest[village] < dt.timedelta(days=170)) == (village != SILENT) for village in latest)
    assert latest[SILENT] > dt.timedelta(days=200)


@pytest.mark.anyio
async def test_the_last_event_gives_the_state_and_numbers_are_consecutive(loaded: asyncpg.Connection) -> None:
    last = await loaded.fetch(
        "SELECT DISTINCT ON (e.household_id) h.workflow_state AS state, e.to_state, h.updated_at - e.at AS gap "
        "FROM workflow_event e JOIN household h ON h.id = e.household_id ORDER BY e.household_id, e.at DESC"
    )
    assert len(last) == 3 * PER_VILLAGE
    assert all(row["state"] == row["to_state"] and not row["gap"] for row in last)
    numbers = await loaded.fetch("SELECT household_no FROM household")
    series = await loaded.fetch("SELECT area, year, last FROM household_number")
    expected = {f"{row['area']}-{row['year']}-{n:04d}" for row in series for n in range(1, row["last"] + 1)}
    assert {row["household_no"] for row in numbers} == expected
    assert len(numbers) == len(expected)


@pytest.mark.anyio
async def test_revisions_hold_valid_documents_without_open_numbers(loaded: asyncpg.Connection, vault: Vault) -> None:
    rows = await loaded.fetch(
        "SELECT r.document, h.village_id, h.workflow_state AS state FROM household_revision r "
        "JOIN household h ON h.id = r.household_id AND h.rev = r.rev"
    )
    assert len(rows) == 3 * PER_VILLAGE
    for row in rows:
        document = opened(orjson.loads(row["document"]), vault)
        numbers = [r[column] for table, column in SEALED for r in document[table].values() if column in r]
        assert not any(number in row["document"] for number in numbers)
        (household,) = document["household"].values()
        household["village_id"] = str(row["village_id"])
        finished = row["state"] != WorkflowState.DRAFT
        findings = check(document, dt.datetime.now(dt.UTC), complete=finished, aggregate=AGGREGATE)
        assert [f for f in findings if f.severity is Severity.ERROR] == []


@pytest.mark.anyio
async def test_every_number_is_in_the_vault_and_its_mask_in_the_row(loaded: asyncpg.Connection, vault: Vault) -> None:
    masks = {
        (row["id"], row["field"]): row["mask"]
        for row in await loaded.fetch(
            "SELECT id, 'NIK' AS field, nik AS mask FROM member "
            "UNION ALL SELECT id, 'KK_NUMBER', kk_number FROM household "
            "UNION ALL SELECT id, 'PHONE', phone FROM household UNION ALL SELECT id, 'PASSPORT', passport_no "
            "FROM migration_episode UNION ALL SELECT id, 'EPMI', epmi_no FROM migration_episode"
        )
        if row["mask"] is not None
    }
    sealed = await loaded.fetch("SELECT subject_id, field FROM identity")
    assert {(row["subject_id"], row["field"]) for row in sealed} == masks.keys()
    assert all("*" in mask for mask in masks.values())


@pytest.mark.anyio
async def test_loading_again_changes_nothing(loaded: asyncpg.Connection, vault: Vault) -> None:
    before = await loaded.fetch("SELECT * FROM household ORDER BY id")
    messages: list[str] = []
    await load(loaded, vault, report=lambda label, done, total: messages.append(label))
    assert messages == []
    assert await loaded.fetch("SELECT * FROM household ORDER BY id") == before


async def test_cases_are_ones_that_the_command_accepts_with_their_revision(loaded: asyncpg.Connection) -> None:
    now = dt.datetime.now(dt.UTC)
    query = (
        "SELECT c.id, c.area, r.document, c.created_by = r.actor_id AS own, h.draft,"
        " m.household_id = c.household_id AS fits"
        f" FROM {SCHEMA}.household_case c JOIN {SCHEMA}.household h ON h.id = c.household_id"
        f" JOIN {SCHEMA}.record_revision r ON r.record_id = c.id AND r.rev = c.rev"
        f" JOIN {SCHEMA}.migration_episode m ON m.id = c.migration_id"
    )
    cases = await loaded.fetch(query)
    assert len(cases) == await loaded.fetchval(f"SELECT count(*) FROM {SCHEMA}.household_case")
    for row in cases:
        assert (row["own"], row["draft"], row["fits"]) == (True, False, True)
        document = orjson.loads(row["document"])
        document["household_case"][str(row["id"])]["village_id"] = "x"
        assert check(document, now, complete=True, aggregate=by_itself(Case)) == []
    counts = Counter(row["area"] for row in cases)
    assert {counts[code] for code in PERSONA_VILLAGES} == {3}
