"""The example operations of frontend teams run against the demo country, as the personas they are for.

Elements of the contract that are not built are removed, by the list of gaps, and printed.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from graphql import parse, print_ast, separate_operations

from auth.token import Keyring
from registry.guard.vault import Vault
from server.database.embedded import Embedded
from server.demo.accounts import personas
from server.demo.load import load
from server.demo.operations import register_examples
from server.http.app import create
from server.settings import Settings
from tests.contract_operations import names_of, operation, runnable
from tests.test_snapshots import compare_snapshot

EXAMPLES = Path(__file__).parents[1] / "examples" / "operations.graphql"
VILLAGES = ("35.07.11.2008", "52.03.21.2002", "35.07.33.2006")

pytestmark = pytest.mark.anyio


class Demo:
    """The demo country behind the real HTTP layer, with a token for each persona."""

    def __init__(self, client: httpx.AsyncClient, keyring: Keyring) -> None:
        self._client, self._keyring, self._ids = client, keyring, personas()

    async def query(
        self, persona: str, query: str, operation_: str | None = None, /, **variables: Any
    ) -> dict[str, Any]:
        token = self._keyring.issue(self._ids[persona], 10, dt.datetime.now(dt.UTC))
        answer = await self._client.post(
            "/graphql",
            json={"query": query, "variables": variables, "operationName": operation_},
            headers={"Authorization": f"Bearer {token}"},
        )
        response: dict[str, Any] = answer.json()
        return response

    async def ask(self, persona: str, query: str, **variables: Any) -> dict[str, Any]:
        response = await self.query(persona, query, **variables)
        assert "errors" not in response, response["errors"]
        data: dict[str, Any] = response["data"]
        return data


@pytest.fixture(scope="module")
async def demo(postgres: Embedded, fresh: Any, anyio_backend: str) -> AsyncIterator[Demo]:
    name = await fresh()
    vault = Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))
    connection = await asyncpg.connect(postgres.dsn(name), server_settings={"search_path": "registry"})
    await load(connection, vault, only=VILLAGES)
    await connection.close()
    keyring = Keyring.generate()
    app = create(Settings(mode="demo"), postgres.dsn(name, user="registry_app"), keyring, vault, b"x" * 32)
    await register_examples(postgres.dsn(name), app.service.schema)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
            yield Demo(client, keyring)


@pytest.mark.snapshot
def test_the_example_operations_are_those_of_the_contract_that_are_built() -> None:
    compare_snapshot(EXAMPLES, runnable())


async def test_every_example_operation_runs(demo: Demo) -> None:
    """The complete file is the document, as a frontend team would send it."""
    text = EXAMPLES.read_text()
    rows = (await demo.ask(OFFICER, "{ households(first: 50) { nodes { id rev workflowState } } }"))["households"][
        "nodes"
    ]
    open_ones = [row for row in rows if row["workflowState"] == "SUBMITTED"]
    sent = [row for row in rows if row["workflowState"] in ("SUBMITTED", "RETURNED")]
    verified = next(row for row in rows if row["workflowState"] == "VERIFIED")
    page = {"within": MALANG, "first": 5}
    correction = {"household": {"id": verified["id"]}, "baseRev": verified["rev"], "reason": "Koreksi alamat."}
    draft = {"household": {"id": sent[-1]["id"]}, "baseRev": sent[-1]["rev"], "saveAs": "SUBMITTED"}
    item = {"id": open_ones[0]["id"], "rev": open_ones[0]["rev"]}
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "OfficerWorkList": (OFFICER, {"first": 5, "from": "2026-01-01", "to": "2027-01-01"}),
        "HouseholdForm": (OFFICER, {"id": verified["id"]}),
        "SaveHousehold": (OFFICER, draft),
        "CorrectHousehold": (COORDINATOR, correction),
        "VerifierQueue": (COORDINATOR, page),
        "VerifySelected": ("verifier@35.07.11.2008", {"items": [item]}),
        "RegencyDashboard": (
            COORDINATOR,
            {"code": "35.07", "silentSince": "2026-01-01T00:00:00Z"}
            | {"period": {"from": "2025-01-01", "to": "2025-12-31"}},
        ),
        "MinisterSentence": (ANALYST, {}),
        "ExportReadyByField": (ANALYST, {"first": 5}),
        "ReturneesWithBusiness": (COORDINATOR, page),
        "ChildrenLeftBehind": (OFFICER, page),
        "ContractsEnding": (COORDINATOR, page | {"from": "2025-01-01", "to": "2029-01-01"}),
        "ProvinceToVillage": ("province@35", {"code": "35"}),
        "SearchName": (OFFICER, {"text": "siti", "first": 5}),
        "WhatMayIDo": (OFFICER, {"code": "35.07.11.2008", "id": verified["id"]}),
    }
    assert set(names_of(text)) <= set(calls), "add a persona and variables for the new operation"
    for name in names_of(text):
        persona, variables = calls[name]
        response = await demo.query(persona, text, name, **variables)
        assert "errors" not in response, (name, response["errors"])
        assert all(value is not None for value in response["data"].values()), name


async def test_the_service_account_runs_the_examples_and_nothing_else(demo: Demo) -> None:
    (service,) = [name for name in personas() if name.startswith("service")]
    for name, document in separate_operations(parse(EXAMPLES.read_text())).items():
        text = print_ast(document)
        codes = {error["extensions"]["code"] for error in (await demo.query(service, text, name)).get("errors", ())}
        assert ("OPERATION_NOT_REGISTERED" in codes) is ("mutation " in text), (name, codes)
    response = await demo.query(service, "{ viewer { name } }")
    assert [error["extensions"]["code"] for error in response["errors"]] == ["OPERATION_NOT_REGISTERED"]


@pytest.mark.parametrize("persona", sorted(personas()))
async def test_national_summary_is_the_same_for_everyone(demo: Demo, persona: str) -> None:
    query = operation("MinisterSentence")
    summary = (await demo.ask(persona, query))["nationalSummary"]
    exact = (await demo.ask("admin@national", query))["nationalSummary"]
    assert [summary[k] for k in ("provinces", "regencies", "districts", "villages")] == [12, 107, 314, 402]
    for name in ("households", "persons", "businesses", "exportReady", "workingAbroad"):
        assert summary[name] == exact[name] or (summary[name] is None and name in summary["withheld"])
    assert exact["withheld"] == []
    assert sum(bar["count"] for bar in exact["businessesByField"]) == exact["businesses"]
    assert sum(bar["count"] for bar in exact["exportReadyByField"]) == exact["exportReady"]


async def test_the_household_form_shows_and_saves(demo: Demo) -> None:
    officer = "officer@35.07.11.2008"
    listed = await demo.ask(officer, "{ households(first: 50) { nodes { id rev workflowState } } }")
    assert listed["households"]["nodes"]
    form = operation("HouseholdForm")
    for row in listed["households"]["nodes"][:5]:
        form_data = (await demo.ask(officer, form, id=row["id"]))["household"]
        assert form_data["withheld"] == []
        assert form_data["head"]["fullName"] or form_data["workflowState"] == "DRAFT"
        assert len(form_data["members"]) == form_data["memberCount"]
    draft = next(row for row in listed["households"]["nodes"] if row["workflowState"] in ("SUBMITTED", "RETURNED"))
    save = operation("SaveHousehold")
    document = {"id": draft["id"], "hamlet": "Sumberdem"}
    for outcome in ("ACCEPTED", "UNCHANGED"):
        done = await demo.ask(officer, save, household=document, baseRev=draft["rev"], saveAs="SUBMITTED")
        assert done["submitHousehold"]["outcome"] == outcome, done


async def test_one_request_goes_from_a_province_down_to_a_village(demo: Demo) -> None:
    province = (await demo.ask("province@35", operation("ProvinceToVillage"), code="35"))["region"]
    malang = next(regency for regency in province["regencies"]["nodes"] if regency["code"] == "35.07")
    assert malang == province["regencies"]["nodes"][0], "most households first"
    villages = [village for district in malang["districts"]["nodes"] for village in district["villages"]["nodes"]]
    assert sum(village["households"]["totalCount"] for village in villages) == malang["households"]["totalCount"]


# --- lists that ask, count and page -----------------------------------------------------------------------------------

OFFICER, ELSEWHERE = "officer@35.07.11.2008", "officer@52.03.21.2002"
COORDINATOR, VIEWER, ANALYST = "coordinator@35.07", "viewer@35.07", "analyst@national"
MALANG = ["35.07"]


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


async def walk(demo: Demo, persona: str, query: str, root: str, **variables: Any) -> list[dict[str, Any]]:
    """All rows of a list, page by page; checks that each page has the same total."""
    rows: list[dict[str, Any]] = []
    after, counts = None, set()
    while True:
        page = (await demo.ask(persona, query, first=7, after=after, **variables))[root]
        rows += nodes(page)
        counts.add(page["totalCount"])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert counts == {len(rows)} == {len({row["id"] for row in rows})}
            return rows


async def test_an_officer_s_work_list_holds_only_their_own_households(demo: Demo) -> None:
    query = operation("OfficerWorkList")
    for persona in (OFFICER, ELSEWHERE):
        data = await demo.ask(persona, query, first=50, after=None, **{"from": "2026-01-01", "to": "2027-01-01"})
        rows = nodes(data["open"])
        assert {row["workflowState"] for row in rows} <= {"DRAFT", "RETURNED"}
        assert {row["village"]["code"] for row in rows} == {persona.partition("@")[2]}
        assert sum(group["count"] for group in data["open"]["groups"]) == data["open"]["totalCount"] >= len(rows) > 0
        assert [row["updatedAt"] for row in rows] == sorted((row["updatedAt"] for row in rows), reverse=True)


@pytest.mark.parametrize("persona", ["verifier@35.07.11.2008", COORDINATOR])
async def test_the_verifier_s_queue_is_oldest_first(demo: Demo, persona: str) -> None:
    rows = await walk(demo, persona, operation("VerifierQueue"), "households", within=MALANG)
    assert rows
    assert {row["workflowState"] for row in rows} <= {"SUBMITTED", "VERIFIED_VILLAGE"}
    assert [row["submittedAt"] for row in rows] == sorted(row["submittedAt"] for row in rows)
    assert {row["village"]["code"][:5] for row in rows} == {"35.07"}


@pytest.mark.parametrize("persona", [OFFICER, COORDINATOR, VIEWER, "province@35", ANALYST, "admin@national"])
async def test_export_ready_businesses_and_their_groups_agree(demo: Demo, persona: str) -> None:
    query = operation("ExportReadyByField")
    rows = await walk(demo, persona, query, "businesses")
    page = (await demo.ask(persona, query, first=1))["businesses"]
    assert sum(bar["count"] for bar in page["groups"]) == page["totalCount"] == len(rows)
    assert {bar["key"] for bar in page["groups"]} == {row["field"] for row in rows}
    assert {row["exportReadiness"] for row in rows} <= {"READY", "EXPORTING"}
    for row in rows:
        assert (row["name"] is None and "name" in row["withheld"]) is (persona in (VIEWER, ANALYST))


async def test_returnees_with_a_business_are_listed_with_it(demo: Demo) -> None:
    rows = await walk(demo, COORDINATOR, operation("ReturneesWithBusiness"), "members", within=MALANG)
    counted = 0
    for row in await walk(demo, COORDINATOR, EVERYBODY, "members", within=MALANG):
        running = any(business["status"] == "RUNNING" for business in row["businesses"])
        counted += row["stage"] == "RETURNED" and running
    assert len(rows) == counted > 0
    assert all(row["businesses"] and row["fullName"] for row in rows)
    refused = await demo.query(VIEWER, operation("ReturneesWithBusiness"), within=MALANG, first=1)
    assert [(e["extensions"]["code"], e["extensions"]["field"]) for e in refused["errors"]] == [("FORBIDDEN", "stage")]


EVERYBODY = """query($within: [RegionCode!], $first: Int!, $after: String) {
  members(filter: {within: $within}, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
    edges { node { id stage businesses { status } } } } }"""


async def test_children_are_listed_youngest_first(demo: Demo) -> None:
    query = operation("ChildrenLeftBehind")
    for persona in (OFFICER, COORDINATOR):
        rows = (await demo.ask(persona, query, within=MALANG, first=40))["members"]
        ages = [row["age"] for row in nodes(rows) if row["age"] is not None]
        assert ages == sorted(ages)
    refused = await demo.query(VIEWER, query, within=MALANG, first=1)
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["FORBIDDEN"]
    assert refused["errors"][0]["extensions"]["field"] in ("parentsAbroad", "BIRTH_DATE")


@pytest.mark.parametrize("persona", [OFFICER, COORDINATOR])
async def test_contracts_that_end_are_counted_by_month(demo: Demo, persona: str) -> None:
    span = {"within": MALANG, "from": "2025-01-01", "to": "2029-01-01"}
    query = operation("ContractsEnding")
    rows = await walk(demo, persona, query, "migrations", **span)
    page = (await demo.ask(persona, query, first=1, **span))["migrations"]
    assert sum(month["count"] for month in page["groups"]) == page["totalCount"] == len(rows) > 0
    assert {month["key"][:4] for month in page["groups"]} <= {"2025", "2026", "2027", "2028"}
    for row in rows:
        phone = row["household"]["phoneMasked"]
        assert phone is None or phone.endswith("****")


async def test_a_name_is_found_in_other_spellings_and_only_in_own_areas(demo: Demo) -> None:
    query = operation("SearchName")
    names = (await demo.ask(OFFICER, "{ members(first: 500) { nodes { id fullName } } }"))["members"]["nodes"]
    person = next(row for row in names if row["fullName"] and re.search(r"\w[tnl]\w* \w", row["fullName"]))
    spelt = re.sub(r"(?<=\w)([tnl])(?!\1)", r"\1\1", person["fullName"]).upper()  # SITTI AMMINAH
    for persona in (OFFICER, COORDINATOR):
        data = (await demo.ask(persona, query, text=spelt, first=50))["members"]["nodes"]
        assert person["id"] in {row["id"] for row in data}
    elsewhere = (await demo.ask(ELSEWHERE, query, text=spelt, first=50))["members"]["nodes"]
    assert {row["household"]["village"]["code"] for row in elsewhere} <= {"52.03.21.2002"}
    assert person["id"] not in {row["id"] for row in elsewhere}
    village = (await demo.ask(OFFICER, '{ region(code: "35.07.11.2008") { name } }'))["region"]["name"]
    places = (await demo.ask(OFFICER, query, text=village.lower().replace("u", "oe"), first=1))["regions"]["nodes"]
    assert village in {place["name"] for place in places}
