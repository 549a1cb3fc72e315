"""Which web pages may call the API from a browser: those of the setting `origins`, and in the demo this machine's.

Rule: an origin is always written out, never `*`; the browser adds no cookie or other credential to a call, because the
token is in a header that only the page itself can set.  Test: tests/test_cors.py.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from schema.errors import RequestError
from server.http.errors import refusal
from server.http.headers import headers_of, language_of
from server.http.request_log import request_id_of
from server.http.responses import Reply, rendered
from server.settings import Settings

METHODS = "GET", "POST"
HEADERS = "Accept", "Accept-Language", "Authorization", "Content-Type", "If-None-Match", "On-Behalf-Of"
EXPOSED = "ETag", "Retry-After", "WWW-Authenticate", "X-Request-Id"
MAX_AGE = 600  # seconds for which a browser may reuse the answer to a preflight
THIS_MACHINE = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?"


class Cors(CORSMiddleware):
    """Answers the preflight of a browser, and marks the answers that a page of another origin may read."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(
            app,
            allow_origins=settings.allowed_origins,
            allow_origin_regex=THIS_MACHINE if settings.mode == "demo" else None,
            allow_methods=METHODS,
            allow_headers=HEADERS,
            expose_headers=EXPOSED,
            max_age=MAX_AGE,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        if answer.status_code == 200:
            return Response(status_code=204, headers=headers)
        scope: Scope = {"headers": request_headers.raw}
        raw_headers = headers_of(scope)
        reply = Reply.new(language_of(raw_headers), request_id=request_id_of(raw_headers))
        error = RequestError(
            "Asal, metode atau header ini tidak diizinkan; lihat DESMIGRATIF_ORIGINS.",
            "This origin, method or header is not allowed; see DESMIGRATIF_ORIGINS.",
        )
        reply_headers, body = rendered(reply, refusal(reply, error))
        merged = {name.decode(): value.decode() for name, value in reply_headers} | headers
        merged["vary"] = f"{headers.get('vary', 'Origin')}, Accept-Language"
        return Response(body, reply.status, merged)
