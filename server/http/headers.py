"""What the headers of a request mean, by the rules of HTTP (RFC 9110): repeated ones, media types, languages.

Rule: a header that has one value is refused when it comes twice, whatever it says; a list is the same list in one line
or in several.  Test: tests/test_headers.py.
"""

from __future__ import annotations

import re
from functools import lru_cache

from starlette.types import Scope
from werkzeug.datastructures import Accept, MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from auth.errors import Unauthenticated
from schema.errors import RequestError

Headers = dict[bytes, bytes]
RESPONSE_JSON, JSON, HTML = "application/graphql-response+json", "application/json", "text/html"
AUTHORIZATION = b"authorization"
LISTS = {b"accept", b"accept-language", b"accept-encoding", b"access-control-request-headers"}
SINGLE = {b"content-type", b"content-length", b"content-encoding", b"host", b"origin", b"access-control-request-method"}
LONGEST_KEPT = 1000  # bytes of a header that are read, because its meaning is remembered
LANGUAGES = {"id": "id", "in": "id", "ind": "id", "en": "en", "eng": "en"}
"""Tags of our languages.  `in` is Indonesian of before 1989, which Android and Java still send."""


def headers_of(scope: Scope) -> Headers:
    """The headers by their names, which ASGI has in small letters.  Lists are joined; of others the first counts."""
    headers: Headers = dict(scope["headers"])
    if len(headers) < len(scope["headers"]):
        for name, values in _repeated(scope).items():
            headers[name] = b", ".join(values) if name in LISTS else values[0]
    return headers


def refuse_repeated(scope: Scope, headers: Headers) -> None:
    """Raises Unauthenticated for two of `Authorization`, RequestError for two of another that has one value."""
    if len(headers) == len(scope["headers"]):
        return
    repeated = _repeated(scope)
    if AUTHORIZATION in repeated:
        raise Unauthenticated
    if names := ", ".join(sorted(name.decode() for name in repeated if name in SINGLE)):
        raise RequestError(f"Header {names} hanya boleh satu kali.", f"The header {names} may come only once.")


def _repeated(scope: Scope) -> dict[bytes, list[bytes]]:
    values: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        values.setdefault(name, []).append(value)
    return {name: several for name, several in values.items() if len(several) > 1}


def language_of(headers: Headers) -> str:
    """The language of the answer: Indonesian unless English is preferred."""
    return _language(headers.get(b"accept-language", b"")[:LONGEST_KEPT])


def media_of(headers: Headers) -> str | None:
    """The media type to answer in; None where none of ours is accepted."""
    return _media(headers.get(b"accept", b"")[:LONGEST_KEPT])


def prefers_page(headers: Headers) -> bool:
    """Whether HTML is preferred, as by a browser's address bar."""
    return _prefers_page(headers.get(b"accept", b"")[:LONGEST_KEPT])


def accepts_page(headers: Headers) -> bool:
    """Whether HTML may be the answer, where nothing else is there."""
    return _accepted(headers.get(b"accept", b"")[:LONGEST_KEPT]).quality(HTML) > 0


def accepts_gzip(headers: Headers) -> bool:
    """Whether the answer may be compressed."""
    return _accepts_gzip(headers.get(b"accept-encoding", b"")[:LONGEST_KEPT])


def is_json(headers: Headers) -> bool:
    """Whether the body says to be JSON in UTF-8."""
    return _is_json(headers.get(b"content-type", b"")[:LONGEST_KEPT])


@lru_cache(maxsize=200)
def _language(value: bytes) -> str:
    ranges = parse_accept_header(value.decode("latin-1"))
    primary = [(re.split("[-_]", tag.lower(), maxsplit=1)[0], quality) for tag, quality in ranges]
    accepted = Accept([(LANGUAGES.get(tag, tag), quality) for tag, quality in primary])
    best = max(("id", "en"), key=lambda name: (accepted.quality(name), -accepted.find(name)))
    return best if accepted.quality(best) else "id"


def _accepted(value: bytes) -> MIMEAccept:
    """Parameters of media types aside: ours have none, and a charset is always UTF-8."""
    ranges = parse_accept_header(value.decode("latin-1")) or [("*/*", 1.0)] * (not value.strip())
    return MIMEAccept([(media.partition(";")[0].strip(), quality) for media, quality in ranges])


@lru_cache(maxsize=200)
def _media(value: bytes) -> str | None:
    accepted = _accepted(value)
    named = RESPONSE_JSON in [media.lower() for media in accepted.values()]
    best: str | None = accepted.best_match([RESPONSE_JSON, JSON] if named else [JSON, RESPONSE_JSON])
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
