"""The plain page for people who open the API in a browser: without a build, or without scripts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from server.http.page import Facts, page
from server.http.web import Web
from tests.village import Place, served_with

pytestmark = pytest.mark.anyio
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(autouse=True)
def unbuilt(village: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """No build, whatever this folder has."""
    monkeypatch.setattr(village.app.service, "web", Web())


class Reader(HTMLParser):
    """Checks that tags are closed in order, and collects what the page would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "srcset", "action")]
        if tag not in ("meta", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("path", ["/", "/graphql"])
@pytest.mark.parametrize(("language", "first"), [("id-ID,id;q=0.9", "id"), ("en-US,en;q=0.9", "en")])
async def test_a_browser_gets_a_page_with_links(village: Place, path: str, language: str, first: str) -> None:
    answer = await village.send("GET", path, headers={"accept": BROWSER, "accept-language": language})
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = answer.body.decode()
    assert re.findall(r'<section lang="(\w+)">', text) == [first, "en" if first == "id" else "id"]
    assert f'<html lang="{first}">' in text
    for word in (
        "/schema.graphql",
        "Authorization: Bearer",
        "Accept-Language",
        "curl http",
        "DESMIGRATIF_MODE=demo .venv/bin/desmigratif token",
        "make web",
    ):
        assert text.count(word) >= 2, word
    reader = Reader(text)
    assert set(reader.links) == {"/schema.graphql"}
    assert reader.tags & {"script", "img", "link", "iframe", "form", "object"} == set()


async def test_the_page_forbids_scripts_and_resources(village: Place) -> None:
    answer = await village.send("GET", "/", headers={"accept": BROWSER})
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.body.count(b"style=") == 0, "no style but the one whose hash is in the policy"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5", ""])
async def test_programs_get_json_instead_of_the_page(village: Place, accept: str) -> None:
    answer = await village.send("GET", "/graphql", headers=village.bearer("officer") | {"accept": accept})
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


async def test_a_query_in_the_url_of_a_browser_is_answered(village: Place) -> None:
    answer = await village.send("GET", "/graphql?query={__typename}", headers={"accept": BROWSER})
    assert answer.data == {"__typename": "Query"}


async def test_the_root_is_a_page_for_browsers_only(village: Place) -> None:
    assert (await village.send("GET", "/", headers={"accept": "*/*"})).headers["content-type"].startswith("text/html")
    answer = await village.send("GET", "/", headers={"accept": "application/json"})
    assert (answer.status, answer.codes) == (404, ["NOT_FOUND"])


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (b"127.0.0.1:8000", "http://127.0.0.1:8000/graphql"),
        (b"[::1]:8000", "http://[::1]:8000/graphql"),
        (b"registry.example.go.id", "https://registry.example.go.id/graphql"),
        (b'x"><script>alert(1)</script>', "http://localhost/graphql"),
        (b"x/y", "http://localhost/graphql"),
        (b"", "http://localhost/graphql"),
    ],
)
def test_the_example_names_only_this_server(host: bytes, url: str) -> None:
    text = page(Facts({b"host": host}, "id", is_demo=True))
    assert f"curl {url} " in text
    assert "script" not in text


async def test_the_page_of_production_does_not_mention_the_demo(village: Place) -> None:
    async with served_with(village, mode="production") as served:
        text = (await served.send("GET", "/", headers={"accept": BROWSER})).body.decode()
    assert "demo" not in text
