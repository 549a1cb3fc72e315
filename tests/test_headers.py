"""Headers by the rules of HTTP: repeated ones, ranges and qualities, languages, and checks before a body is read."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import pytest

from auth.errors import RateLimited
from schema.engine.operation import Operations
from server.http.headers import MAX_READ, accepts_gzip, is_json, language_of, media_of, prefers_page
from tests.village import Answer, Place

pytestmark = pytest.mark.anyio
RESPONSE, JSON = "application/graphql-response+json", "application/json"
VIEWER = "{ viewer { name } }"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def post_raw(village: Place, *headers: tuple[str, str], body: Any = None) -> Answer:
    """A POST of VIEWER with these headers, in this order."""
    content = orjson.dumps({"query": VIEWER} if body is None else body)
    return await village.send("POST", content=content, headers=list(headers))


# --- repeated headers ---------------------------------------------------------------------------------------------


async def test_two_authorization_headers_are_refused(village: Place) -> None:
    """A proxy that checks the other one would be deceived."""
    own, kind = ("authorization", village.bearer("officer")["authorization"]), ("content-type", JSON)
    others = [("authorization", "Bearer none"), ("Authorization", ""), ("AUTHORIZATION", "Basic eDp5"), own]
    assert (await post_raw(village, kind, own)).data == {"viewer": {"name": "officer"}}
    for other in others:
        for headers in ((kind, own, other), (kind, other, own)):
            answer = await post_raw(village, *headers)
            assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"]), other
    joined = ("authorization", f"{own[1]}, {own[1]}")
    assert (await post_raw(village, kind, joined)).status == 401


@pytest.mark.parametrize("name", ["content-type", "content-encoding", "origin", "host"])
async def test_a_repeated_single_value_header_is_refused(village: Place, name: str) -> None:
    own, kind = ("authorization", village.bearer("officer")["authorization"]), ("content-type", JSON)
    value = JSON if name == "content-type" else "x"
    for language, word in (("id", "satu kali"), ("en", "only once")):
        answer = await post_raw(village, own, kind, (name, value), (name, value), ("accept-language", language))
        assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
        assert word in answer.errors[0]["message"]
        assert name in answer.errors[0]["message"]


async def test_list_headers_in_several_lines_are_joined(village: Place) -> None:
    headers_ = [("authorization", village.bearer("officer")["authorization"]), ("content-type", JSON)]
    lists = [("accept", "text/html"), ("accept", RESPONSE), ("accept-language", "fr"), ("accept-language", "en")]
    answer = await post_raw(village, *headers_, *lists, body={"query": "{ nobody }"})
    assert answer.headers["content-type"] == RESPONSE
    assert answer.status == 400
    refused = await post_raw(village, *headers_[1:], *lists)
    assert "sign in" in refused.errors[0]["message"]


async def test_other_headers_may_be_repeated(village: Place) -> None:
    headers_ = [("authorization", village.bearer("officer")["authorization"]), ("content-type", JSON)]
    assert (await post_raw(village, *headers_, ("x-forwarded-for", "1"), ("x-forwarded-for", "2"), ("via", "a"))).data


async def test_a_repeated_query_parameter_is_refused(village: Place) -> None:
    for twice in ("query={viewer{id}}&query={viewer{name}}", "query={__typename}&variables={}&variables={}"):
        answer = await village.send("GET", f"/graphql?{twice}", headers=village.bearer("officer"))
        assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


# --- ranges and qualities -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*;q=0.1", JSON),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{RESPONSE};q=0.5, {JSON};q=0.9", JSON),
        (f"{JSON}, {RESPONSE}", RESPONSE),
        (f"{RESPONSE};q=0, */*", JSON),
        (f"{JSON};q=0, */*", RESPONSE),
        (f"{JSON};q=0, {RESPONSE};q=0, */*", None),
        ("*/*;q=0", None),
        ("application/*;q=0, */*", None),
        (f"{JSON};q=0", None),
        (f"x{JSON}", None),
        ("application/jsonx", None),
        ('text/plain;note="application/json"', None),
        (f'text/plain;note="a, {JSON}"', None),
        (f"{JSON}; charset=utf-8", JSON),
        ("Application/JSON ;Q=0.3", JSON),
        (f"text/html, {JSON};q=0.001", JSON),
        (BROWSER, JSON),
        ("garbage", None),
    ],
)
def test_the_preferred_media_type_is_chosen(accept: str, media: str | None) -> None:
    assert media_of({b"accept": accept.encode()}) == media


@pytest.mark.parametrize(
    ("accept", "page"), [(BROWSER, True), ("*/*", False), ("", False), (f"{JSON}, text/html;q=0.9", False)]
)
def test_a_browser_prefers_html(accept: str, page: bool) -> None:
    assert prefers_page({b"accept": accept.encode()}) is page


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "id"),
        ("id", "id"),
        ("en", "en"),
        ("in", "id"),
        ("in-ID,in;q=0.9,en-US;q=0.8,en;q=0.7", "id"),
        ("id-ID, en;q=0.9", "id"),
        ("en-US,en;q=0.9,id;q=0.8", "en"),
        ("EN_us", "en"),
        ("*", "id"),
        ("fr", "id"),
        ("fr, en;q=0.1", "en"),
        ("fr, *;q=0.5", "id"),
        ("id;q=0, *", "en"),
        ("id;q=0", "id"),
        ("en;q=0, id;q=0.1", "id"),
        ("en;q=0, *", "id"),
        ("*;q=0.8, en;q=0.5", "id"),
        ("*;q=0.5, en;q=0.8", "en"),
        ("en, id", "en"),
        ("id, en", "id"),
        ("en;q=1.0, id;q=1", "en"),
        ("en;q=7, id;q=0.5", "id"),
        ("*;q=;;,", "id"),
        ("sentence, en", "en"),
        ("inh", "id"),
    ],
)
def test_the_preferred_language_is_chosen(accept: str, language: str) -> None:
    assert language_of({b"accept-language": accept.encode()}) == language


@pytest.mark.parametrize(
    ("accept", "compressed"),
    [
        ("", False),
        ("gzip", True),
        ("gzip;q=0", False),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("gzip;q=0, *", False),
        ("notgzip", False),
    ],
)
def test_accept_encoding_decides_about_compression(accept: str, compressed: bool) -> None:
    assert accepts_gzip({b"accept-encoding": accept.encode()}) is compressed


@pytest.mark.parametrize(
    ("content", "json"),
    [
        (JSON, True),
        ("Application/JSON; Charset=UTF-8", True),
        ('application/json;charset="utf-8"', True),
        ("application/json; charset=utf-16", False),
        ("application/json, application/json", False),
        ("text/plain; a=application/json", False),
        ("application/jsonx", False),
        ("", False),
    ],
)
def test_the_content_type_of_a_body_is_json(content: str, json: bool) -> None:
    assert is_json({b"content-type": content.encode()}) is json


def test_only_the_beginning_of_a_long_header_is_read_and_cached() -> None:
    long = "en, " + "x" * 1_000_000
    assert language_of({b"accept-language": long.encode()}) == "en"
    assert language_of({b"accept-language": b"," * MAX_READ + b"en"}) == "id"


# --- who comes before what ----------------------------------------------------------------------------------------


async def test_with_a_bad_token_the_body_is_neither_read_nor_parsed(
    village: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service must not do for anonymous callers what it does for signed-in ones."""
    parsed: list[str] = []
    plain = Operations.get

    def counted(self: Operations, text: str, *rest: Any) -> Any:
        parsed.append(text)
        return plain(self, text, *rest)

    monkeypatch.setattr(Operations, "get", counted)
    old = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    for bad in ("Bearer x", "Basic x", "", f"Bearer {village.keyring.issue(village.ids['officer'], 10, old)}"):
        read = 0

        async def receive() -> Any:
            nonlocal read
            read += 1
            return {"type": "http.request", "body": b'{"query": "{ a b c }"}', "more_body": False}

        answers: list[Any] = []

        async def send(message: Any, answers: list[Any] = answers) -> None:
            answers.append(message)

        headers = [(b"content-type", b"application/json"), (b"authorization", bad.encode())]
        scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
        await village.app(scope, receive, send)
        assert answers[0]["status"] == 401
        assert (read, parsed) == (0, [])


async def test_without_a_token_only_a_short_body_is_read(village: Place) -> None:
    schema = {"query": "{ __typename }"}
    assert (await post_raw(village, ("content-type", JSON), body=schema)).data == {"__typename": "Query"}
    large = schema | {"variables": {"x": "y" * 20_000}}
    answer = await post_raw(village, ("content-type", JSON), body=large)
    assert (answer.status, answer.codes) == (413, ["PAYLOAD_TOO_LARGE"])
    bodies: list[Any] = [{"query": VIEWER}, {"query": "{"}, [], {"query": 1}]
    for body in bodies:
        answer = await post_raw(village, ("content-type", JSON), body=body)
        assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_a_refusal_has_www_authenticate(village: Place) -> None:
    kind = ("content-type", JSON)
    for bad, error in ((None, None), ("Bearer x", "invalid_token"), ("Basic x", "invalid_token")):
        answer = await post_raw(village, kind, *([("authorization", bad)] if bad else []))
        scheme, _, rest = answer.headers["www-authenticate"].partition(" ")
        assert (answer.status, scheme, 'realm="desmigratif"' in rest) == (401, "Bearer", True)
        assert ("error=" in rest, f'error="{error}"' in rest) == (error is not None, error is not None)


async def test_answers_forbid_caching_and_sniffing(village: Place) -> None:
    for who in ("officer", None):
        answer = await village.query(who, VIEWER)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert {"accept", "accept-encoding", "accept-language"} <= set(answer.headers["vary"].lower().split(", "))


# --- come again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("roots", [1, 2])
async def test_a_rate_limit_has_retry_after(village: Place, monkeypatch: pytest.MonkeyPatch, roots: int) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise RateLimited(37)

    for door in ("fetch_json", "write"):
        monkeypatch.setattr(village.app.service.database, door, refuse)
    lists = " ".join(f"a{n}: households {{ totalCount }}" for n in range(roots))
    id_ = village.ids["officer"]
    verifying = " ".join(
        f'a{n}: verifyHouseholds(input: {{items: [{{id: "{id_}", rev: 1}}]}}) {{ results {{ userErrors {{ code }} }} }}'
        for n in range(roots)
    )
    for text in (f"{{ {lists} }}", f"mutation {{ {verifying} }}"):
        for language, word in (("id", "37 detik"), ("en", "37 seconds")):
            answer = await village.query("coordinator", text, language)
            assert (answer.status, answer.codes, answer.headers["retry-after"]) == (429, ["RATE_LIMITED"], "37")
            assert word in answer.errors[0]["message"]
