"""A page for people who open the API in a browser: what this is, where to look, and how to send a query.

Rule: it holds no data, and of what a caller sent a well-formed host name alone; the browser may load and run nothing
from it.
Test: tests/test_page.py.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

from server.http.headers import Headers

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 2rem 1rem; color: #1b1b1b;
  background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
pre { background: #f3f3f0; border: 1px solid #ddd; border-radius: 4px; overflow-x: auto; padding: .8rem; }
a { color: #0b5394; } hr { border: 0; border-top: 1px solid #ddd; margin: 2.5rem 0; }
@media (prefers-color-scheme: dark) { body { background: #16181a; color: #e8e6e3; } a { color: #8ab4f8; }
  pre { background: #22262a; border-color: #3a3f44; } hr { border-color: #3a3f44; } }
"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "vary": "Accept, Accept-Language",
}
HOST = re.compile(rb"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
ID, EN = "id", "en"

TEXTS = {
    ID: """<h1>Desmigratif Registry</h1>
<p>Registri nasional rumah tangga pekerja migran Indonesia (PMI), sebagai satu API GraphQL. Alamat ini untuk program,
bukan untuk membaca data di peramban: setiap permintaan membawa token, dan yang terlihat mengikuti penugasan
pemiliknya.</p>
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
owner.</p>
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
TOKENS = {
    (True, ID): "Demo ini membuat token untuk setiap persona; semuanya ada di <code>.demo/tokens.json</code>.",
    (True, EN): "This demo makes a token for each persona; all are in <code>.demo/tokens.json</code>.",
    (False, ID): "Token diberikan oleh admin layanan ini dan berlaku singkat.",
    (False, EN): "A token is given by the administrator of this service and is short-lived.",
}
CURL = """curl {url} \\
  -H "Authorization: Bearer $TOKEN" -H "Accept-Language: {language}" \\
  --json '{{"query": "{{ viewer {{ name grants {{ role }} }} }}"}}'"""


def page(headers: Headers, language: str, demo: bool, root: str = "") -> str:
    """The page in both languages, `language` first; `root` is the path that a proxy puts before ours."""
    first, second = (ID, EN) if language == ID else (EN, ID)
    sections = f"{_section(headers, first, demo, root)}<hr>{_section(headers, second, demo, root)}"
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Desmigratif Registry</title>'
        f"<style>{STYLE}</style></head>\n<body>\n{sections}\n</body>\n</html>\n"
    )


def _section(headers: Headers, language: str, demo: bool, root: str) -> str:
    url = f"{_origin(headers)}{root}/graphql"
    text = TEXTS[language].format(
        path=f"{root}/graphql",
        schema=f"{root}/schema.graphql",
        token="TOKEN=$(DESMIGRATIF_MODE=demo .venv/bin/desmigratif token officer@35.07.11.2008)" if demo else "TOKEN=…",
        curl=CURL.format(url=url, language=language),
        where=TOKENS[demo, language],
    )
    return f'<section lang="{language}">\n{text}\n</section>'


def _origin(headers: Headers) -> str:
    """The address by which the caller reached this server, if the header looks like a host.

    Every server but one on this machine has TLS."""
    host = headers.get(b"host", b"")
    name = host.decode() if HOST.fullmatch(host) else "localhost"
    scheme = "http" if LOCAL.fullmatch(name) else "https"
    return f"{scheme}://{name}"
