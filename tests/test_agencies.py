"""Licensed agencies: loaded from the shell, listed for everybody, and named by episodes for those who may see that."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from registry.write.agency import agency_id
from server.database.embedded import Embedded
from server.demo import agencies
from tests.test_cli import ask, run
from tests.village import Place, household

anyio = pytest.mark.anyio
FIRST, SECOND = "SIP3MI-1", "SIP3MI-2"
ADD = "INSERT INTO agency (id, licence_no, name, city, active) VALUES ($1, $2, $3, 'Malang', $4) ON CONFLICT DO NOTHING"
HEADING = "licence_no,name,city\n"
BOTH = HEADING + f"{FIRST},PT Contoh Karya,Malang\n{SECOND},PT Contoh Laut,\n"


# --- from the shell ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def database(fresh: Any, anyio_backend: str) -> str:
    return str(await fresh())


@pytest.fixture
def dsn(postgres: Embedded, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The login of an operator who is no superuser."""
    ask(postgres.dsn(database), f"CREATE ROLE agent_{database} LOGIN IN ROLE registry_owner")
    owner = postgres.dsn(database, user=f"agent_{database}")
    monkeypatch.setenv("OWNER_DATABASE_URL", owner)
    return owner


def stored(dsn: str) -> dict[str, tuple[Any, ...]]:
    """Licence → id, name, city and whether it is active."""

    async def fetch() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(dsn)
        rows = await connection.fetch("SELECT licence_no, id, name, city, active FROM registry.agency")
        await connection.close()
        return list(rows)

    return {row["licence_no"]: tuple(row)[1:] for row in asyncio.run(fetch())}


def test_agencies_are_loaded_and_never_removed(dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "agencies.csv"
    path.write_text(BOTH)
    for _ in range(2):
        assert run("codes", "load", "AGENCY", str(path)) == 0
        assert stored(dsn) == {
            FIRST: (agency_id(FIRST), "PT Contoh Karya", "Malang", True),
            SECOND: (agency_id(SECOND), "PT Contoh Laut", None, True),
        }
    path.write_text(HEADING + f"{SECOND},PT Contoh Laut Biru,Tegal\n")
    for _ in range(2):
        assert run("codes", "load", "AGENCY", str(path)) == 0
    assert stored(dsn) == {
        FIRST: (agency_id(FIRST), "PT Contoh Karya", "Malang", False),
        SECOND: (agency_id(SECOND), "PT Contoh Laut Biru", "Tegal", True),
    }
    path.write_text(BOTH)
    assert run("codes", "load", "AGENCY", str(path)) == 0  # its licence is given again
    assert stored(dsn)[FIRST][-1] is True
    actions = "SELECT string_agg(ability || ' ' || outcome, ', ' ORDER BY id) FROM registry.audit_event"
    outcomes = ("ACCEPTED", "UNCHANGED", "ACCEPTED", "UNCHANGED", "ACCEPTED")
    assert ask(dsn, actions) == ", ".join(f"codes:load {outcome}" for outcome in outcomes)


def test_an_agency_without_a_name_is_a_bad_row(dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "agencies.csv"
    path.write_text(BOTH + "SIP3MI-3,,Malang\n")
    assert run("codes", "load", "AGENCY", str(path)) == 1
    assert "agencies.csv:4: name is missing" in capsys.readouterr().out
    assert stored(dsn).keys() == {FIRST, SECOND}


# --- over the API -----------------------------------------------------------------------------------------------------

AGENCIES = """query($search: String, $first: Int, $after: String) {
    agencies(search: $search, first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } nodes { id name licenceNo city active } } }"""
OF_EPISODE = "migrations { agency { id name active } withheld }"


@pytest.fixture
async def two(village: Place) -> None:
    for licence, name, active in ((FIRST, "PT Contoh Karya", True), (SECOND, "PT Contoh Laut", False)):
        await village.admin.execute(ADD, agency_id(licence), licence, name, active)


def sent_by(agency: object) -> dict[str, Any]:
    document = household()
    document["migrations"][0]["agencyId"] = agency
    return document


@anyio
@pytest.mark.usefixtures("two")
async def test_everybody_lists_and_searches_agencies(village: Place) -> None:
    for who in ("officer", "verifier", "viewer", "analyst", "auditor"):
        page = (await village.ask(who, AGENCIES))["agencies"]
        assert [node["name"] for node in page["nodes"]] == ["PT Contoh Karya", "PT Contoh Laut"]
        assert [node["active"] for node in page["nodes"]] == [True, False]
        assert page["totalCount"] == 2
    first = (await village.ask("officer", AGENCIES, first=1))["agencies"]
    rest = (await village.ask("officer", AGENCIES, first=1, after=first["pageInfo"]["endCursor"]))["agencies"]
    assert [node["licenceNo"] for node in first["nodes"] + rest["nodes"]] == [FIRST, SECOND]
    matches = (await village.ask("officer", AGENCIES, search="laut contoh"))["agencies"]
    assert [node["id"] for node in matches["nodes"]] == [str(agency_id(SECOND))]
    query = "query($id: ID!) { node(id: $id) { ... on Agency { name } } }"
    assert await village.ask("viewer", query, id=str(agency_id(FIRST))) == {"node": {"name": "PT Contoh Karya"}}


@anyio
@pytest.mark.usefixtures("two")
async def test_an_episode_names_an_agency_for_those_who_see_it(village: Place) -> None:
    document = sent_by(str(agency_id(SECOND)))  # its licence has ended since
    assert (await village.submit("officer", document))["userErrors"] == []
    agency = {"id": str(agency_id(SECOND)), "name": "PT Contoh Laut", "active": False}
    for who in ("officer", "coordinator"):
        assert (await village.household(who, document["id"], OF_EPISODE))["migrations"][0]["agency"] == agency
    for who in ("verifier", "viewer"):
        (seen,) = (await village.household(who, document["id"], OF_EPISODE))["migrations"]
        assert seen["agency"] is None
        assert "agency" in seen["withheld"]
    document["migrations"][0]["agencyId"] = None
    assert (await village.submit("officer", document, base=1))["outcome"] == "ACCEPTED"
    assert (await village.household("officer", document["id"], OF_EPISODE))["migrations"][0]["agency"] is None


@anyio
@pytest.mark.usefixtures("two")
async def test_an_unknown_agency_is_not_found_at_its_place(village: Place) -> None:
    errors = []
    for id_ in (str(uuid.uuid4()), str(village.ids["officer"]), str(village.regions["35.07"])):
        for save in ("SUBMITTED", "DRAFT"):
            document = sent_by(id_)
            (error,) = (await village.submit("officer", document, save=save))["userErrors"]
            assert (error["code"], error["path"]) == ("NOT_FOUND", ["household", "migrations", "0", "agencyId"])
            assert await village.household("officer", document["id"], "id") is None
            errors.append(str(error))
    assert len(set(errors)) == 1


def test_the_demo_s_agencies_are_invented() -> None:
    assert len(agencies.AGENCIES) == len(set(agencies.IDS)) >= 5
    assert all("Contoh" in name and licence_no.startswith("CONTOH/") for licence_no, name, _ in agencies.AGENCIES)
    traveller = str(uuid.uuid4())
    assert agencies.agency_of(traveller) == agencies.agency_of(traveller)
    assert {agencies.agency_of(str(uuid.UUID(int=n))) for n in range(20)} == {str(id_) for id_ in agencies.IDS}
