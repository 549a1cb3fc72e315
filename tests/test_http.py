"""GraphQL over HTTP: methods, media types, sizes, tokens, and the routes beside it.

Every answer of `/graphql` is a GraphQL response in JSON with the id of its request, whatever was sent.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import uuid
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest
from graphql import build_schema

from auth.token import Keyring
from server.database.migrate import head
from tests.eventually import eventually
from tests.village import HERE, SUBMIT, Answer, Place, household, served_with

pytestmark = pytest.mark.anyio
RESPONSE, JSON = "application/graphql-response+json", "application/json"
VIEWER = "{ viewer { name } }"


async def post(village: Place, body: Any, who: str | None = "officer", **headers: str) -> Answer:
    """Send a JSON value, or bytes as they are, by POST."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    all_headers = village.bearer(who) | {"content-type": JSON} | {k.replace("_", "-"): v for k, v in headers.items()}
    return await village.send("POST", content=content, headers=all_headers)


def codes_of(answer: Answer) -> list[str]:
    """The codes of an answer; checks that it is a GraphQL response."""
    body = answer.json
    assert set(body) <= {"data", "errors", "extensions"}
    assert set(body) & {"data", "errors"}
    assert set(body["extensions"]) == {"requestId", "cost"} if "data" in body else {"requestId"}
    assert body["extensions"]["requestId"] == answer.headers["x-request-id"]
    assert uuid.UUID(body["extensions"]["requestId"])
    assert answer.headers["cache-control"] == "no-store"
    for error in answer.errors:
        assert isinstance(error["message"], str)
        assert error["message"]
        assert set(error) <= {"message", "locations", "path", "extensions"}
    assert b"Traceback" not in answer.body
    assert b".py" not in answer.body
    return answer.codes


# --- media types --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{JSON};q=0.5, text/html", JSON),
        ("Application/GraphQL-Response+JSON", RESPONSE),
    ],
)
async def test_both_media_types_are_served(village: Place, accept: str, media: str) -> None:
    answer = await post(village, {"query": VIEWER}, accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (200, media)
    assert answer.data == {"viewer": {"name": "officer"}}


@pytest.mark.parametrize("accept", ["text/html", "image/*", "text/plain;q=1"])
async def test_other_media_types_are_not_acceptable(village: Place, accept: str) -> None:
    answer = await post(village, {"query": VIEWER}, accept=accept)
    assert (answer.status, codes_of(answer)) == (406, ["NOT_ACCEPTABLE"])


@pytest.mark.parametrize("sent", ["text/plain", "application/graphql", "multipart/form-data", "", "application/jsonx"])
async def test_only_json_bodies_are_read(village: Place, sent: str) -> None:
    answer = await post(village, {"query": VIEWER}, content_type=sent)
    assert (answer.status, codes_of(answer)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


async def test_a_charset_is_accepted(village: Place) -> None:
    assert (await post(village, {"query": VIEWER}, content_type="Application/JSON; charset=utf-8")).data


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ viewer { name ", "GRAPHQL_PARSE_FAILED"),
        ("{ viewer { nobody } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { households(first: $n) { totalCount } }", "BAD_USER_INPUT"),
    ],
)
async def test_request_errors_are_400_or_200_by_media_type(village: Place, query: str, code: str) -> None:
    for accept, status in ((RESPONSE, 400), (JSON, 200)):
        answer = await post(village, {"query": query}, accept=accept)
        assert (answer.status, codes_of(answer)) == (status, [code])
        assert "data" not in answer.json


async def test_errors_of_execution_have_status_200(village: Place) -> None:
    answer = await post(
        village, {"query": '{ viewer { name } region(code: "35.07.12.2001") { name } }'}, accept=RESPONSE
    )
    assert (answer.status, codes_of(answer)) == (200, ["BAD_USER_INPUT"])
    assert answer.json["data"] == {"viewer": {"name": "officer"}, "region": None}


async def test_a_query_over_a_limit_is_refused_before_anything_runs(village: Place) -> None:
    before = len(village.statements)
    for text in (
        "{ viewer { name } households(first: 1001) { totalCount } }",
        "{ a: households(first: 1000) { nodes { id } } "
        + " ".join(f"a{n}: households(first: 1000) {{ nodes {{ id }} }}" for n in range(29))
        + " }",
    ):
        answer = await post(village, {"query": text}, accept=RESPONSE)
        assert answer.status == (400 if "1001" in text else 200)
        assert ("data" in answer.json) == ("1001" not in text)
    assert len(village.statements) == before + 30


# --- bodies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"7",
        b'"{ viewer { name } }"',
        b"{}",
        b'{"query": null}',
        b'{"query": 7}',
        b'{"query": ""}',
        b'{"query": "  "}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "operationName": 7}',
        b'{"query": "{ __typename }", "operationName": "Other"}',
        b'{"query": "query A { __typename } query B { __typename }"}',
        b'{"query": "fragment f on Query { __typename }"}',
        b'[{"query": "{ __typename }"}]',
        b'{"query": "{ __typename }", "variables": {"a": "\\u0000"}}',
        b'{"query": "{ region(code: \\"\\\\u0000\\") { id } }"}',
        b'{"query": "{ region(code: \\"\\\\u{0}\\") { id } }"}',
        b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}',
        b'{"query": ' + b"[" * 5000,
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
async def test_a_malformed_request_is_a_bad_request(village: Place, body: bytes) -> None:
    for accept in (RESPONSE, JSON):
        answer = await post(village, body, accept=accept)
        assert (answer.status, codes_of(answer)) == (400, ["BAD_REQUEST"])


async def test_operation_name_selects_one_of_several_operations(village: Place) -> None:
    text = "query A { viewer { name } } query B { viewer { username } }"
    for name, key in (("A", "name"), ("B", "username")):
        assert (await post(village, {"query": text, "operationName": name})).data == {"viewer": {key: "officer"}}


async def test_null_variables_and_operation_names_are_ignored(village: Place) -> None:
    for name in (None, ""):
        assert (await post(village, {"query": VIEWER, "variables": None, "operationName": name, "extensions": {}})).data
    assert (await get(village, query=VIEWER, variables="", operationName="", extensions="")).data


async def test_the_size_of_a_body_is_limited_by_the_setting(village: Place) -> None:
    async with served_with(village, max_body_bytes=1000) as small:
        for size, status in ((1000, 200), (1001, 413)):
            body = orjson.dumps({"query": VIEWER})
            answer = await post(small, body + b" " * (size - len(body)))
            assert answer.status == status
            assert codes_of(answer) == ([] if status == 200 else ["PAYLOAD_TOO_LARGE"])
        assert answer.errors[0]["extensions"]["limit"] == 1000

        async def endless() -> Any:
            while True:
                yield b" " * 400

        answer = await small.send("POST", content=endless(), headers=small.bearer("officer") | {"content-type": JSON})
        assert answer.status == 413


async def test_a_client_that_leaves_while_sending_is_counted(village: Place) -> None:
    messages = iter([{"type": "http.request", "body": b'{"query": ', "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    bearer = village.bearer("officer")["authorization"].encode()
    headers = [(b"content-type", b"application/json"), (b"authorization", bearer)]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    before = village.app.service.outcomes["GONE"]
    await village.app(scope, receive, send)
    assert village.app.service.outcomes["GONE"] == before + 1
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


# --- methods ------------------------------------------------------------------------------------------------------


async def get(village: Place, who: str | None = "officer", **parameters: str) -> Answer:
    query_string = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    return await village.send("GET", f"/graphql?{query_string}", headers=village.bearer(who))


async def test_queries_may_use_get(village: Place) -> None:
    assert (await get(village, query=VIEWER)).data == {"viewer": {"name": "officer"}}
    text = "query($c: RegionCode!) { region(code: $c) { code } } query B { __typename }"
    several = text.replace("query(", "query A(")
    answer_ = await get(village, query=several, variables=json.dumps({"c": HERE}), operationName="A")
    assert answer_.data == {"region": {"code": HERE}}
    for parameters in ({}, {"query": ""}, {"query": VIEWER, "variables": "{"}, {"query": VIEWER, "variables": "[]"}):
        answer = await get(village, **parameters)
        assert (answer.status, codes_of(answer)) == (400, ["BAD_REQUEST"])


async def test_mutations_need_post(village: Place) -> None:
    document = household()
    before = await village.admin.fetchval("SELECT count(*) FROM audit_event")
    answer = await get(village, query=SUBMIT, variables=json.dumps({"household": document}))
    assert (answer.status, codes_of(answer)) == (405, ["METHOD_NOT_ALLOWED"])
    both = f"query A {VIEWER} {SUBMIT.replace('mutation(', 'mutation B(')}"
    answer = await get(village, query=both, variables=json.dumps({"household": document}), operationName="B")
    assert answer.status == 405
    assert await village.admin.fetchval("SELECT count(*) FROM audit_event") == before
    assert (await get(village, query=both, operationName="A")).data == {"viewer": {"name": "officer"}}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "DELETE"])
async def test_other_methods_are_not_allowed(village: Place, method: str) -> None:
    answer = await village.send(method, json={"query": VIEWER}, headers=village.bearer("officer"))
    assert (answer.status, codes_of(answer)) == (405, ["METHOD_NOT_ALLOWED"])
    assert answer.headers["allow"] == "GET, POST"


async def test_routes_work_below_a_prefix(village: Place) -> None:
    transport = httpx.ASGITransport(village.app, root_path="/registry")
    async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
        response = await client.post("/registry/graphql", json={"query": VIEWER}, headers=village.bearer("officer"))
    assert (response.status_code, response.json()["data"]) == (200, {"viewer": {"name": "officer"}})


# --- tokens -------------------------------------------------------------------------------------------------------


async def test_every_bad_token_gets_the_same_answer(village: Place) -> None:
    now, officer = dt.datetime.now(dt.UTC), village.ids["officer"]
    good = village.keyring.issue(officer, 10, now)
    header, claims, signature = good.split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": str(village.ids["coordinator"])}
    other = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
    nothing = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    await village.admin.execute(
        "INSERT INTO account (id, username, name, active) VALUES ($1, 'left', 'left', false)", left := uuid.uuid4()
    )
    headers = [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Basic {good}",
        good,
        f"Bearer {good} {good}",
        f"Bearer {good}x",
        f"Bearer {header}.{claims}",
        f"Bearer {header}.{other}.{signature}",
        f"Bearer {nothing}.{claims}.",
        "Bearer " + village.keyring.issue(officer, 10, now - dt.timedelta(minutes=11)),
        "Bearer " + Keyring.generate().issue(officer, 10, now),
        "Bearer " + village.keyring.issue(uuid.uuid4(), 10, now),
        "Bearer " + village.keyring.issue(left, 10, now),
    ]
    bodies = set()
    for header_ in headers:
        request_headers = {} if header_ is None else {"authorization": header_}
        answer = await village.send("POST", json={"query": VIEWER}, headers=request_headers)
        assert (answer.status, codes_of(answer)) == (401, ["UNAUTHENTICATED"]), header_
        bodies.add(answer.body.split(b'"extensions":{"requestId"')[0])
    assert len(bodies) == 1
    assert (await village.send("POST", json={"query": VIEWER}, headers={"authorization": f"bearer {good}"})).data


async def test_a_revoked_grant_ends_at_once(village: Place) -> None:
    async def becomes(codes: list[str], change: str) -> None:
        await village.admin.execute(f"UPDATE grants SET {change} WHERE user_id = $1", village.ids["far coordinator"])

        async def reached() -> bool:
            return (await village.query("far coordinator", "{ households { totalCount } }")).codes == codes

        await eventually(reached)

    await becomes([], "active = true")
    await becomes(["FORBIDDEN"], "active = false")
    await becomes([], "active = true")
    await becomes(["FORBIDDEN"], "valid_to = current_date - 2")


async def test_without_a_token_only_introspection_runs_if_the_setting_allows_it(village: Place) -> None:
    schema = '{ __schema { queryType { name } } __type(name: "Household") { name } t: __typename }'
    assert (await village.query(None, schema)).data["__type"] == {"name": "Household"}
    for text in (VIEWER, "{ __typename viewer { name } }", "query A { __typename } query B { viewer { name } }", "{ x"):
        assert (await village.query(None, text)).status == 401
    async with served_with(village, introspection=False) as closed:
        assert (await closed.query(None, "{ __typename }")).data == {"__typename": "Query"}
        for who in (None, "officer"):
            answer = await closed.query(who, schema)
            assert (codes_of(answer), "data" in answer.json) == (["BAD_USER_INPUT"], False)


# --- the other routes ---------------------------------------------------------------------------------------------


async def test_healthz_answers_ok(village: Place) -> None:
    answer = await village.send("GET", "/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")


async def test_readyz_is_ok_only_if_queries_can_be_answered(village: Place) -> None:
    assert (await village.send("GET", "/readyz")).status == 200
    await village.admin.execute("UPDATE code_version SET version = 'other' WHERE version = $1", head())
    try:
        assert (await village.send("GET", "/readyz")).status == 503
        # A newer version that serves this code too.
        await village.admin.execute("INSERT INTO code_version VALUES ($1)", head())
        assert (await village.send("GET", "/readyz")).status == 200
    finally:
        await village.admin.execute("DELETE FROM code_version")
        await village.admin.execute("INSERT INTO code_version VALUES ($1)", head())


async def test_the_schema_with_its_directives_is_public(village: Place) -> None:
    answer = await village.send("GET", "/schema.graphql")
    assert answer.status == 200
    assert "@sensitivity(is: IDENTITY)" in answer.body.decode()
    assert "Household" in build_schema(answer.body.decode()).type_map


async def test_the_public_keys_are_published_without_the_private_ones(village: Place) -> None:
    answer = await village.send("GET", "/.well-known/jwks.json")
    (key,) = answer.json["keys"]
    assert (answer.status, key["kty"], key["crv"]) == (200, "OKP", "Ed25519")
    assert "d" not in key


@pytest.mark.parametrize("path", ["/graphql/", "/docs", "/.env", "/readyz/", "//graphql", "/GRAPHQL", "/graphql%2f"])
async def test_other_paths_are_not_found(village: Place, path: str) -> None:
    for language, word in (("id", "ada di /graphql"), ("en", "is at /graphql")):
        headers = village.bearer("officer") | {"accept-language": language}
        answer = await village.send("GET", f"http://registry{path}", headers=headers)
        assert (answer.status, codes_of(answer)) == (404, ["NOT_FOUND"])
        assert word in answer.errors[0]["message"]
        assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/schema.graphql", "/.well-known/jwks.json"])
async def test_the_other_routes_are_read_only(village: Place, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = await village.send(method, path, content=b"{}")
        assert (answer.status, codes_of(answer)) == (405, ["METHOD_NOT_ALLOWED"])
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    answer = await village.send("GET", path)
    assert answer.status == 200
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_metrics_are_not_found_if_turned_off(village: Place) -> None:
    village.app.service.settings.__dict__["mode"] = "production"
    try:
        answer = await village.send("GET", "/metrics")
    finally:
        village.app.service.settings.__dict__["mode"] = "demo"
    assert (answer.status, codes_of(answer)) == (404, ["NOT_FOUND"])
