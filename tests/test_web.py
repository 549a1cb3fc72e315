"""The web build as the server sends it: its pages, its files, and what the browser may do with them."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from server.http.app import ROUTES
from server.http.page import POLICIES
from server.http.web import EntryPoint, Web, load
from tests.village import Place, served_with

pytestmark = pytest.mark.anyio
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-language": "id"}
SCRIPT = b"const ready = true;" * 100


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build as Vite writes it."""
    folder = tmp_path_factory.mktemp("build")
    (folder / "assets").mkdir()
    home = {"file": "assets/home-1a.js", "name": "home", "isEntry": True, "imports": ["_shared"]}
    editor = {"file": "assets/graphiql-3a.js", "name": "graphiql", "isEntry": True, "imports": ["_shared"]}
    manifest = {
        "src/home.tsx": home,
        "src/graphiql.tsx": editor | {"css": ["assets/graphiql-3c.css"]},
        "_shared": {"file": "assets/shared-2b.js", "css": ["assets/shared-2c.css"]},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for name in ("home-1a.js", "shared-2b.js", "graphiql-3a.js"):
        (folder / "assets" / name).write_bytes(SCRIPT)
    for name in ("shared-2c.css", "graphiql-3c.css"):
        (folder / "assets" / name).write_text("body { margin: 0; }")
    (folder / "assets" / "home-1a.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "secret.txt").write_text("secret")
    return folder


@pytest.fixture(autouse=True)
def built(village: Place, build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(village.app.service, "web", load(build))


def test_an_entry_loads_what_it_imports_before_its_own_styles(build: Path) -> None:
    entries = load(build).entries
    assert entries["home"] == EntryPoint("home-1a.js", ("shared-2b.js",), ("shared-2c.css",))
    assert entries["graphiql"].styles == ("shared-2c.css", "graphiql-3c.css")


def test_a_folder_without_a_build_is_an_empty_one(tmp_path: Path) -> None:
    assert load(tmp_path) == Web()


@pytest.mark.parametrize(("path", "script"), [("/", "home-1a.js"), ("/graphql", "graphiql-3a.js")])
async def test_a_page_loads_its_files_and_has_the_plain_page_inside(village: Place, path: str, script: str) -> None:
    answer = await village.send("GET", path, headers=BROWSER)
    text = answer.body.decode()
    assert answer.status == 200
    assert f'<script type="module" src="/assets/{script}"></script>' in text
    assert set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', text)) >= {f"/assets/{script}", "/assets/shared-2c.css"}
    assert '<noscript><section lang="id">' in text
    assert '<html lang="id" data-root="" data-demo data-graphiql>' in text
    assert "make web" not in text


@pytest.mark.parametrize("path", ["/", "/graphql"])
async def test_a_page_may_load_and_run_files_of_this_server_alone(village: Place, path: str) -> None:
    answer = await village.send("GET", path, headers=BROWSER)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert {policy[name] for name in ("default-src", "base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert {policy[name] for name in ("script-src", "worker-src", "connect-src", "font-src")} == {"'self'"}
    assert policy["style-src"] == ("'self'" if path == "/" else "'self' 'unsafe-inline'")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    text = answer.body.decode()
    assert "<style" not in text
    assert re.findall(r'<script(?! type="module" src="/assets/)', text) == []
    assert not re.search(r"""<[^>]*\s(on\w+|style)=""", text)


def test_no_policy_allows_scripts_from_text_or_another_host() -> None:
    for policy in POLICIES.values():
        assert "unsafe-eval" not in policy
        assert not re.search(r"script-src[^;]*unsafe", policy)
        assert not re.search(r"https?:|\*", policy)


@pytest.mark.parametrize("is_on", [False, True])
async def test_graphiql_is_off_in_production_unless_a_setting_says_so(village: Place, build: Path, is_on: bool) -> None:
    async with served_with(village, mode="production", graphiql=is_on) as served:
        served.app.service.web = load(build)
        editor = (await served.send("GET", "/graphql", headers=BROWSER)).body.decode()
        front = (await served.send("GET", "/", headers=BROWSER)).body.decode()
    assert ("graphiql-3a.js" in editor) is is_on
    assert ("<script" in editor) is is_on
    assert ("data-graphiql" in front) is is_on
    assert "data-demo" not in front
    assert "home-1a.js" in front


async def test_a_file_may_be_kept_for_ever(village: Place) -> None:
    answer = await village.send("GET", "/assets/home-1a.js", headers={"accept-encoding": "identity"})
    assert (answer.status, answer.body) == (200, SCRIPT)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    etag = answer.headers["etag"]
    again = await village.send("GET", "/assets/home-1a.js", headers={"if-none-match": f'"other", W/{etag}'})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    other = await village.send("GET", "/assets/home-1a.js", headers={"if-none-match": '"other"'})
    assert other.status == 200


@pytest.mark.parametrize(("accept", "encoding"), [("gzip", "gzip"), ("gzip;q=0", None), ("br", None)])
async def test_a_compressed_copy_is_sent_to_those_who_accept_it(
    village: Place, accept: str, encoding: str | None
) -> None:
    answer = await village.send("GET", "/assets/home-1a.js", headers={"accept-encoding": accept})
    assert (answer.headers.get("content-encoding"), answer.body) == (encoding, SCRIPT)
    assert answer.headers["vary"] == "Accept-Encoding"
    plain = await village.send("GET", "/assets/shared-2b.js", headers={"accept-encoding": accept})
    assert (plain.headers.get("content-encoding"), plain.body) == (None, SCRIPT)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/none.js",
        "/assets/home-1a.js.gz",
        "/assets/../secret.txt",
        "/assets/..%2fsecret.txt",
        "/assets/%2e%2e/secret.txt",
        "/assets/%2e%2e%2fmanifest.json",
        "/assets/..%5csecret.txt",
        "/assets//etc/passwd",
        "/assets/home-1a.js/",
        "/assets/home-1a.js%00",
        "/assets/HOME-1A.JS",
        "/manifest.json",
    ],
)
async def test_nothing_but_files_of_the_build_is_served(village: Place, path: str) -> None:
    """The path goes to the application as it is, because clients would normalize it."""
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    scope = {"type": "http", "method": "GET", "path": unquote(path), "raw_path": path.encode(), "query_string": b""}
    await village.app(scope | {"headers": [], "root_path": "", "server": ("registry", 80)}, receive, send)
    assert statuses[0] == 404


async def test_a_file_that_came_later_is_not_served(village: Place, build: Path) -> None:
    """The names are those of the build at the start: nothing is looked up on the disk."""
    later = build / "assets" / "later.js"
    later.write_bytes(b"later")
    try:
        assert (await village.send("GET", "/assets/later.js")).status == 404
    finally:
        later.unlink()
    changed = build / "assets" / "graphiql-3a.js"
    changed.write_bytes(b"changed")
    try:
        assert (await village.send("GET", "/assets/graphiql-3a.js", headers={})).body == SCRIPT
    finally:
        changed.write_bytes(SCRIPT)


def test_production_has_no_route_of_the_demo() -> None:
    assert [route.path for route in ROUTES if "demo" in route.path] == []
