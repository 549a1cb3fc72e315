"""Documents by their hash: sent once with it, then requested by it alone, by POST and by GET."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from server.http.request import PERSISTED
from tests.village import Answer, Place

pytestmark = pytest.mark.anyio
QUERY = "query Name($with: Boolean! = true) { viewer { name @include(if: $with) } }"
HASH = hashlib.sha256(QUERY.encode()).hexdigest()
OTHER = "query Other { viewer { username } }"
RESPONSE = "application/graphql-response+json"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Start and end with an empty cache, because it belongs to the process."""
    PERSISTED.clear()
    yield
    PERSISTED.clear()


def apollo(sha256: Any, **more: Any) -> dict[str, Any]:
    """The extensions that Apollo's clients add to the operation."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256, **more}}}


async def post(village: Place, body: dict[str, Any], who: str | None = "officer") -> Answer:
    return await village.send("POST", json=body, headers=village.bearer(who) | {"accept": RESPONSE})


async def get(village: Place, **parameters: Any) -> Answer:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in parameters.items()}
    return await village.send("GET", params=texts, headers=village.bearer("officer") | {"accept": RESPONSE})


async def test_apollo_s_automatic_persisted_queries_work(village: Place) -> None:
    unknown = await post(village, apollo(HASH))
    assert (unknown.status, unknown.codes) == (400, ["PERSISTED_QUERY_NOT_FOUND"])
    assert (await post(village, {"query": QUERY, **apollo(HASH)})).data == {"viewer": {"name": "officer"}}
    assert (await post(village, apollo(HASH), "verifier")).data == {"viewer": {"name": "verifier"}}
    assert (await get(village, **apollo(HASH))).data == {"viewer": {"name": "officer"}}
    assert (await get(village, variables={"with": False}, **apollo(HASH))).data == {"viewer": {}}


async def test_a_document_id_is_the_hash_too(village: Place) -> None:
    id_ = f"sha256:{HASH}"
    assert (await get(village, documentId=id_)).codes == ["PERSISTED_QUERY_NOT_FOUND"]
    assert (await post(village, {"documentId": id_, "query": QUERY, "operationName": "Name"})).data
    assert (await post(village, {"documentId": id_})).data == {"viewer": {"name": "officer"}}
    assert (await get(village, documentId=id_)).data == {"viewer": {"name": "officer"}}
    assert (await post(village, {"documentId": id_, **apollo(HASH)})).data


@pytest.mark.parametrize(
    "body",
    [
        {"query": OTHER, **apollo(HASH)},
        {"query": OTHER, "documentId": f"sha256:{HASH}"},
        {"query": "", **apollo(HASH)},
        {"query": 7, **apollo(HASH)},
        {"documentId": HASH},
        {"documentId": f"sha1:{HASH}"},
        {"documentId": f"sha256:{HASH.upper()}"},
        {"documentId": 7},
        {"documentId": f"sha256:{'0' * 64}", **apollo(HASH)},
        apollo(HASH[:-1]),
        apollo(HASH + "0"),
        apollo(None),
        apollo([HASH]),
        apollo(HASH, version=2),
        {"extensions": {"persistedQuery": HASH}},
    ],
)
async def test_a_wrong_hash_is_refused_and_not_stored(village: Place, body: dict[str, Any]) -> None:
    answer = await post(village, body)
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
    assert len(PERSISTED) == 0


async def test_other_extensions_are_ignored(village: Place) -> None:
    others: list[Any] = [{}, None, {"tracing": 1}, {"persistedQuery": None}, [], 7]
    for extensions in others:
        assert (await post(village, {"query": QUERY, "extensions": extensions})).data
    assert (await get(village, query=QUERY, extensions="{")).codes == ["BAD_REQUEST"]
    assert len(PERSISTED) == 0


async def test_only_valid_documents_of_signed_in_callers_are_stored(village: Place) -> None:
    for text, who in (("{ viewer { nobody } }", "officer"), ("{ viewer {", "officer"), ("{ __typename }", None)):
        hash_ = hashlib.sha256(text.encode()).hexdigest()
        await post(village, {"query": text, **apollo(hash_)}, who)
        assert len(PERSISTED) == 0
    assert (await post(village, {"query": QUERY, **apollo(HASH)}, None)).codes == ["UNAUTHENTICATED"]
    assert len(PERSISTED) == 0


async def test_a_persisted_mutation_needs_post(village: Place) -> None:
    text = "mutation { verifyHouseholds(input: {items: []}) { results { householdId } } }"
    hash_ = hashlib.sha256(text.encode()).hexdigest()
    await post(village, {"query": text, **apollo(hash_)})
    refused = await get(village, **apollo(hash_))
    assert (refused.status, refused.codes) == (405, ["METHOD_NOT_ALLOWED"])


async def test_the_least_recently_used_documents_are_evicted(village: Place) -> None:
    await post(village, {"query": QUERY, **apollo(HASH)})
    for n in range(PERSISTED.limit):
        PERSISTED.put(f"{n:064}", OTHER)
    assert len(PERSISTED) == PERSISTED.limit
    assert (await post(village, apollo(HASH))).codes == ["PERSISTED_QUERY_NOT_FOUND"]
