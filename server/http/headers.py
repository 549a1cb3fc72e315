"""What the headers of a request mean by the rules of HTTP (RFC 9110): repeated ones, media types, languages.

Rule: a header that takes one value is refused if it comes twice, whatever it says; a header that takes a list means
the same in one line or in several.  Test: tests/test_headers.py.
"""

from __future__ import annotations

import re
from functools import lru_cache

from starlette.types import Scope
from werkzeug.datastructures import Accept, MIMEAccept
from werkzeug.http import parse_accept_header, parse_etags, parse_options_header

from auth.errors import SignInFault, Unauthenticated
from schema.errors import RequestError

Headers = dict[bytes, bytes]
RESPONSE_JSON, JSON, HTML = "application/graphql-response+json", "application/json", "text/html"
AUTHORIZATION, ON_BEHALF_OF = b"authorization", b"on-behalf-of"
"""The caller's token; beside that of a service account, the token of the user for whom it acts."""
ORIGIN = b"origin"
LISTS = {b"if-none-match", b"accept", b"accept-language", b"accept-encoding", b"access-control-request-headers"}
SINGLE = {b"content-type", b"content-length", b"content-encoding", b"host", ORIGIN, b"access-control-request-method"}
MAX_READ = 1000  # bytes of a header that are read: its meaning is cached by its bytes
LANGUAGES = {"id": "id", "in": "id", "ind": "id", "en": "en", "eng": "en"}
"""Our language of each tag.  `in` was the tag of Indonesian before 1989, and Android and Java still send it."""


def headers_of(scope: Scope) -> Headers:
    """The headers by name, in lower case as ASGI has them.  Lists are joined; of other headers the first one counts."""
    headers: Headers = dict(scope["headers"])
    if len(headers) < len(scope["headers"]):
        for name, values in _repeated(scope).items():
            headers[name] = b", ".join(values) if name in LISTS else values[0]
    return headers


def refuse_repeated(scope: Scope, headers: Headers) -> None:
    """Raises Unauthenticated if a token is repeated, RequestError if another header of one value is."""
    if len(headers) == len(scope["headers"]):
        return
    repeated = _repeated(scope)
    if AUTHORIZATION in repeated or ON_BEHALF_OF in repeated:
        raise Unauthenticated(SignInFault.MALFORMED)
    if names := ", ".join(sorted(name.decode() for name in repeated if name in SINGLE)):
        raise RequestError(f"Header {names} hanya boleh satu kali.", f"The header {names} may come only once.")


def _repeated(scope: Scope) -> dict[bytes, list[bytes]]:
    values: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        values.setdefault(name, []).append(value)
    return {name: repeated for name, repeated in values.items() if len(repeated) > 1}


def language_of(headers: Headers) -> str:
    """The language of the answer: Indonesian unless English is preferred."""
    return _language(headers.get(b"accept-language", b"")[:MAX_READ])


def media_of(headers: Headers) -> str | None:
    """The media type of the answer; None if the caller accepts none of ours."""
    return _media(headers.get(b"accept", b"")[:MAX_READ])


def prefers_page(headers: Headers) -> bool:
    """Whether HTML is preferred to JSON, as from a browser's address bar."""
    return _prefers_page(headers.get(b"accept", b"")[:MAX_READ])


def accepts_page(headers: Headers) -> bool:
    """Whether HTML is accepted at all."""
    return _accepted(headers.get(b"accept", b"")[:MAX_READ]).quality(HTML) > 0


def accepts_gzip(headers: Headers) -> bool:
    """Whether the answer may be compressed."""
    return _accepts_gzip(headers.get(b"accept-encoding", b"")[:MAX_READ])


def has_already(headers: Headers, etag: str) -> bool:
    """Whether the caller has the answer of this entity tag, and asks only for another one."""
    return parse_etags(headers.get(b"if-none-match", b"")[:MAX_READ].decode("latin-1")).contains_weak(etag)


def is_json(headers: Headers) -> bool:
    """Whether the body is declared as JSON in UTF-8."""
    return _is_json(headers.get(b"content-type", b"")[:MAX_READ])


@lru_cache(maxsize=200)
def _language(value: bytes) -> str:
    # Werkzeug's LanguageAccept would answer `id-ID, en;q=0.9` in English, because it looks for whole tags first.
    accepted = Accept(
        [(_language_of_tag(tag), quality) for tag, quality in parse_accept_header(value.decode("latin-1"))]
    )
    best = max(("id", "en"), key=lambda name: (accepted.quality(name), -accepted.find(name)))
    return best if accepted.quality(best) else "id"


def _language_of_tag(tag: str) -> str:
    """`en` of `en-GB`; what is neither of ours is itself."""
    primary = re.split("[-_]", tag.lower(), maxsplit=1)[0]
    return LANGUAGES.get(primary, primary)


def _accepted(value: bytes) -> MIMEAccept:
    """The accepted media types without their parameters: ours have none, and a charset is always UTF-8."""
    ranges = list(parse_accept_header(value.decode("latin-1")))
    if not value.strip():
        ranges = [("*/*", 1.0)]
    return MIMEAccept([(media.partition(";")[0].strip(), quality) for media, quality in ranges])


@lru_cache(maxsize=200)
def _media(value: bytes) -> str | None:
    accepted = _accepted(value)
    is_named = RESPONSE_JSON in [media.lower() for media in accepted.values()]
    offered = [RESPONSE_JSON, JSON] if is_named else [JSON, RESPONSE_JSON]  # the first one wins among equals
    best: str | None = accepted.best_match(offered)
    return best


@lru_cache(maxsize=200)
def _prefers_page(value: bytes) -> bool:
    return _accepted(value).best_match([JSON, RESPONSE_JSON, HTML]) == HTML


@lru_cache(maxsize=200)
def _accepts_gzip(value: bytes) -> bool:
    return parse_accept_header(value.decode("latin-1")).quality("gzip") > 0


@lru_cache(maxsize=200)
def _is_json(value: bytes) -> bool:
    media, parameters = parse_options_header(value.decode("latin-1"))
    return media.lower() == JSON and parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")
