"""The pages for people who open the API in a browser.

There are two, the front page and GraphiQL, which the web build draws (server/http/web.py).  Both hold a plain page that
says what this is, where to look and how to send a query; it is all that there is without a build or without scripts.
Rule: a page holds no data, and of what a caller sent a well-formed host name alone; the browser may load files of this
server and nothing else, and runs no script but those files.
Tests: tests/test_page.py, tests/test_web.py.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Literal, NamedTuple

from starlette.responses import HTMLResponse
from starlette.types import Scope

from server.http.headers import Headers, headers_of, language_of
from server.http.service import Service
from server.http.web import EntryPoint
from server.settings import Settings

Name = Literal["home", "graphiql"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 2rem 1rem; color: #1b1b1b;
  background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
pre { background: #f3f3f0; border: 1px solid #ddd; border-radius: 4px; overflow-x: auto; padding: .8rem; }
a { color: #0b5394; } hr { border: 0; border-top: 1px solid #ddd; margin: 2.5rem 0; }
@media (prefers-color-scheme: dark) { body { background: #16181a; color: #e8e6e3; } a { color: #8ab4f8; }
  pre { background: #22262a; border-color: #3a3f44; } hr { border-color: #3a3f44; } }
"""
OWN_STYLE = f"'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
NOTHING_ELSE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
BUILT = "script-src 'self'; worker-src 'self'; connect-src 'self'; font-src 'self'; img-src 'self' data:"
POLICIES = {
    None: f"default-src 'none'; style-src {OWN_STYLE}; {NOTHING_ELSE}",
    "home": f"default-src 'none'; style-src 'self'; {BUILT}; {NOTHING_ELSE}",
    "graphiql": f"default-src 'none'; style-src 'self' 'unsafe-inline'; {BUILT}; {NOTHING_ELSE}",
}
"""Content-Security-Policy of each page, of the plain one for None.  Why inline styles: docs/decisions/web-build.md."""
PAGE_HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "vary": "Accept, Accept-Language",
}
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 6 4'%3E"
    "%3Cpath fill='%23c8102e' d='M0 0h6v2H0z'/%3E%3Cpath fill='%23fff' d='M0 2h6v2H0z'/%3E%3C/svg%3E"
)
HOST = re.compile(rb"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
ID, EN = "id", "en"

TEXTS = {
    ID: """<h1>Desmigratif Registry</h1>
<p>Registri nasional rumah tangga pekerja migran Indonesia (PMI), sebagai satu API GraphQL. Alamat ini untuk program,
bukan untuk membaca data di peramban: setiap permintaan membawa token, dan yang terlihat mengikuti penugasan
pemiliknya.</p>{unbuilt}
<h2>Di mana</h2>
<ul><li><code>POST {path}</code>: API, dengan JSON</li>
<li><a href="{schema}">{schema}</a>: skema dengan penjelasan setiap kolom dan kelas datanya</li>
<li><code>README.md</code>, <code>docs/</code> dan <code>examples/operations.graphql</code> dalam kode sumber: cara
memulai, pengaturan, dan contoh permintaan</li></ul>
<h2>Mengirim permintaan</h2>
<pre>{token}
{curl}</pre>
<p>{where} <code>Accept-Language</code> memilih bahasa pesan: <code>id</code> atau <code>en</code>.</p>""",
    EN: """<h1>Desmigratif Registry</h1>
<p>The national household registry of Indonesian migrant workers (PMI), as one GraphQL API. This address is for
programs, not for reading data in a browser: each request brings a token, and what it shows follows the grants of its
owner.</p>{unbuilt}
<h2>Where to look</h2>
<ul><li><code>POST {path}</code>: the API, with JSON</li>
<li><a href="{schema}">{schema}</a>: the schema, with what each field means and its class of data</li>
<li><code>README.md</code>, <code>docs/</code> and <code>examples/operations.graphql</code> of the source: how to begin,
the settings, and example operations</li></ul>
<h2>Sending a query</h2>
<pre>{token}
{curl}</pre>
<p>{where} <code>Accept-Language</code> chooses the language of messages: <code>id</code> or <code>en</code>.</p>""",
}
UNBUILT = {
    ID: """
<p>Halaman untuk masuk dan untuk menulis permintaan belum dibangun: jalankan <code>make web</code>, lalu mulai ulang
layanan ini.</p>""",
    EN: """
<p>The pages for signing in and for writing queries have not been built: run <code>make web</code>, then start this
service again.</p>""",
}
TOKENS = {
    (True, ID): "Demo ini membuat token untuk setiap persona; semuanya ada di <code>.demo/tokens.json</code>.",
    (True, EN): "This demo makes a token for each persona; all are in <code>.demo/tokens.json</code>.",
    (False, ID): "Token diperoleh dengan <code>signIn</code> dan berlaku paling lama 15 menit.",
    (False, EN): "A token comes from <code>signIn</code> and is valid for 15 minutes at most.",
}
CURL = """curl {url} \\
  -H "Authorization: Bearer $TOKEN" -H "Accept-Language: {language}" \\
  --json '{{"query": "{{ viewer {{ name grants {{ role }} }} }}"}}'"""


def respond_with_page(scope: Scope, service: Service, name: Name) -> HTMLResponse:
    """The page of this name, in the caller's language; the plain page if it was not built or is switched off."""
    headers = headers_of(scope)
    settings = service.settings
    is_shown = name != "graphiql" or shows_graphiql(settings)
    entry = service.web.entries.get(name) if is_shown else None
    facts = Facts(
        headers,
        language_of(headers),
        is_demo=settings.mode == "demo",
        has_graphiql=shows_graphiql(settings),
        is_built=bool(service.web.entries),
        root=escape(str(scope.get("root_path", ""))),
    )
    policy = POLICIES[name if entry else None]
    return HTMLResponse(page(facts, entry), headers=PAGE_HEADERS | {"content-security-policy": policy})


def shows_graphiql(settings: Settings) -> bool:
    """Whether browsers get GraphiQL at /graphql."""
    return settings.graphiql or settings.mode == "demo"


class Facts(NamedTuple):
    """What a page says of this server; `root` is the path that a proxy puts before ours."""

    headers: Headers
    language: str
    is_demo: bool
    has_graphiql: bool = True
    is_built: bool = True
    root: str = ""


def page(facts: Facts, entry: EntryPoint | None = None) -> str:
    """The page that begins with `entry`, around the plain page for readers without scripts; the plain page for None."""
    language = facts.language
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>Desmigratif Registry</title>"
    )
    if entry is None:
        head += f"<style>{STYLE}</style>"
        body, attributes = _plain(facts), ""
    else:
        head += f'<link rel="icon" href="{ICON}">' + _loading(entry, f"{facts.root}/assets")
        body = f'<div id="app"></div>\n<noscript>{_plain(facts)}</noscript>'
        attributes = f' data-root="{facts.root}"'
        attributes += " data-demo" if facts.is_demo else ""
        attributes += " data-graphiql" if facts.has_graphiql else ""
    html = f'<html lang="{language}"{attributes}>\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>'
    return f"<!DOCTYPE html>\n{html}\n"


def _loading(entry: EntryPoint, folder: str) -> str:
    """The elements that load the files of an entry."""
    tags = [f'<link rel="stylesheet" href="{folder}/{name}">' for name in entry.styles]
    tags += [f'<link rel="modulepreload" href="{folder}/{name}">' for name in entry.imports]
    return "".join([*tags, f'<script type="module" src="{folder}/{entry.script}"></script>'])


def _plain(facts: Facts) -> str:
    """What this is, in both languages, the caller's first."""
    second = EN if facts.language == ID else ID
    return f"{_section(facts, facts.language)}<hr>{_section(facts, second)}"


def _section(facts: Facts, language: str) -> str:
    url = f"{_origin(facts.headers)}{facts.root}/graphql"
    assignment = "TOKEN=$(DESMIGRATIF_MODE=demo .venv/bin/desmigratif token officer@35.07.11.2008)"
    text = TEXTS[language].format(
        path=f"{facts.root}/graphql",
        schema=f"{facts.root}/schema.graphql",
        token=assignment if facts.is_demo else "TOKEN=…",
        curl=CURL.format(url=url, language=language),
        where=TOKENS[facts.is_demo, language],
        unbuilt="" if facts.is_built else UNBUILT[language],
    )
    return f'<section lang="{language}">\n{text}\n</section>'


def _origin(headers: Headers) -> str:
    """The address by which the caller reached this server, if the header looks like a host.

    Every server but one on this machine has TLS."""
    host = headers.get(b"host", b"")
    name = host.decode() if HOST.fullmatch(host) else "localhost"
    scheme = "http" if LOCAL.fullmatch(name) else "https"
    return f"{scheme}://{name}"
