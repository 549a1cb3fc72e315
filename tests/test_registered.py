"""A service account runs its registered operations, and nothing else is even parsed for it."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from server.http.app import create
from server.http.request import PERSISTED
from server.settings import Settings
from tests.accounts import new_account
from tests.eventually import eventually
from tests.village import FIXED, HERE, Answer, Place
from tests.world import REGISTER

pytestmark = pytest.mark.anyio
QUERY = "query Names($first: Int = 5) { households(first: $first) { totalCount } }"
OTHER = "query Others { viewer { username } }"
REFUSED = (400, ["OPERATION_NOT_REGISTERED"])
JSON = {"accept": "application/graphql-response+json"}


def hash_of(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def apollo(document: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(document)}}}


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Start with an empty cache of documents, because it belongs to the process."""
    PERSISTED.clear()
    yield
    PERSISTED.clear()


async def account(village: Place, name: str, role: str | None, is_service: bool) -> None:
    """A new account with this name, for the regency."""
    grants = [] if role is None else [(role, "35.07")]
    await new_account(village, *grants, name=name, service=is_service)


async def register(village: Place, name: str, document: str) -> None:
    await village.admin.execute(REGISTER, village.ids[name], hash_of(document), document)


@pytest.fixture
async def service(village: Place) -> str:
    """A service account of the regency with one registered operation."""
    await account(village, "service", "SERVICE", True)
    await register(village, "service", QUERY)
    return "service"


async def post(village: Place, who: str, body: dict[str, Any]) -> Answer:
    return await village.send("POST", json=body, headers=village.bearer(who) | JSON)


async def get(village: Place, who: str, **parameters: Any) -> Answer:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in parameters.items()}
    return await village.send("GET", params=texts, headers=village.bearer(who) | JSON)


async def test_a_registered_operation_runs_by_its_hash_and_by_its_text(village: Place, service: str) -> None:
    expected = (await village.query("coordinator", QUERY)).data
    for body in (
        {"documentId": f"sha256:{hash_of(QUERY)}"},
        apollo(QUERY),
        {"query": QUERY},
        {"query": QUERY, **apollo(QUERY)},
    ):
        for more in ({}, {"variables": {"first": 1}, "operationName": "Names"}):
            assert (await post(village, service, body | more)).data == expected
            assert (await get(village, service, **body, **more)).data == expected


@pytest.mark.parametrize(
    "text", [OTHER, f"{QUERY} ", "{ viewer {", "{ nobody }", "{ __schema { description } }", "\0", ""]
)
async def test_what_is_not_registered_is_neither_parsed_nor_run(village: Place, service: str, text: str) -> None:
    operations = village.app.service.operations
    parsed, statements = len(operations._operations), len(village.statements)
    for body in (
        {"query": text},
        {"query": text, **apollo(text)},
        apollo(text),
        {"documentId": f"sha256:{hash_of(text)}"},
    ):
        answer = await post(village, service, body)
        assert (answer.status, answer.codes) == REFUSED
        assert "desmigratif service operations" in answer.errors[0]["message"]
    assert (len(operations._operations), len(village.statements), len(PERSISTED)) == (parsed, statements, 0)


async def test_a_request_without_a_document_and_one_with_a_wrong_hash_are_no_requests(
    village: Place, service: str
) -> None:
    for body in ({}, {"query": None}, {"query": 7}, {"query": OTHER, **apollo(QUERY)}, {"documentId": "QUERY"}):
        assert (await post(village, service, body)).codes == ["BAD_REQUEST"]


async def test_what_others_send_with_its_hash_is_not_registered_by_that(village: Place, service: str) -> None:
    assert (await post(village, "officer", {"query": OTHER, **apollo(OTHER)})).data
    assert (await post(village, "officer", apollo(OTHER))).data
    answer = await post(village, service, apollo(OTHER))
    assert (answer.status, answer.codes) == REFUSED


async def test_a_registered_operation_is_its_own_service_s(village: Place, service: str) -> None:
    await account(village, "other service", "SERVICE", True)
    await register(village, "other service", OTHER)
    assert (await post(village, "other service", {"query": OTHER})).data
    for who, text in ((service, OTHER), ("other service", QUERY)):
        answer = await post(village, who, {"query": text})
        assert (answer.status, answer.codes) == REFUSED


@pytest.mark.parametrize(("role", "is_service"), [("SERVICE", False), ("REGENCY_COORDINATOR", True), (None, True)])
async def test_neither_a_role_nor_an_account_of_a_service_runs_other_operations(
    village: Place, role: str | None, is_service: bool
) -> None:
    await account(village, "unusual", role, is_service)
    answer = await post(village, "unusual", {"query": OTHER})
    assert (answer.status, answer.codes) == REFUSED
    await register(village, "unusual", OTHER)
    assert (await post(village, "unusual", {"query": OTHER})).data


async def test_a_registered_operation_sees_what_the_service_s_grants_show(village: Place, service: str) -> None:
    document = "{ households(first: 50) { nodes { village { code } respondentName withheld } } }"
    await village.new_household("SUBMITTED")
    await register(village, service, document)
    rows = (await post(village, service, {"query": document})).data["households"]["nodes"]
    assert rows
    assert {row["village"]["code"] for row in rows} >= {HERE}
    assert all(row["respondentName"] is None and "respondentName" in row["withheld"] for row in rows)


@pytest.fixture
async def another_worker(village: Place) -> AsyncIterator[httpx.AsyncClient]:
    """Another process over the same database."""
    app = create(Settings(**FIXED), village.login, village.keyring, village.vault, secrets.token_bytes(32))
    async with app.router.lifespan_context(app):
        await eventually(lambda: app.service.principals.listening)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://registry") as client:
            yield client


async def test_a_removed_operation_is_refused_in_every_worker(
    village: Place, service: str, another_worker: httpx.AsyncClient
) -> None:
    async def is_refused(client: httpx.AsyncClient) -> bool:
        body = {"documentId": f"sha256:{hash_of(QUERY)}"}
        response = await client.post("/graphql", json=body, headers=village.bearer(service) | JSON)
        return response.status_code == 400 and "OPERATION_NOT_REGISTERED" in response.text

    for client in (village.client, another_worker):
        for _ in range(2):  # read, then from its cache
            assert not await is_refused(client)
    await village.admin.execute("DELETE FROM service_operation WHERE account_id = $1", village.ids[service])
    for client in (village.client, another_worker):
        await eventually(partial(is_refused, client))


async def test_operations_are_read_once_and_never_for_ordinary_callers(
    village: Place, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, reads = village.bearer(service), 0
    read = village.database.registered_operation

    async def counted(service: uuid.UUID, sha256: str) -> str | None:
        nonlocal reads
        reads += 1
        return await read(service, sha256)

    async def is_cached() -> bool:
        before = reads
        assert (await village.send("POST", json={"query": QUERY}, headers=headers)).data
        return reads == before

    monkeypatch.setattr(village.database, "registered_operation", counted)
    assert not await is_cached()
    await eventually(is_cached)
    before = reads
    assert (await post(village, "officer", {"query": OTHER})).data
    assert reads == before
