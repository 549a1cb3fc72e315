"""Fetching one JSON document over HTTPS, with every bound that a stranger's server needs.

asyncio does TLS and httptools reads HTTP, as in the server itself.  What other clients do on their own is left out: it
follows no redirect, sends no credentials or cookies, unpacks nothing and asks no proxy.
Rule: a fetch ends within MAX_SECONDS and MAX_BYTES, and plain HTTP never leaves the machine.
Tests: tests/test_fetch.py.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httptools
import orjson

MAX_BYTES = 200_000  # of a whole response
MAX_SECONDS = 5.0
CHUNK_BYTES = 16_384
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts that may be asked without TLS: nobody listens between."""
URL = re.compile(r"https?://[!-~]{1,2000}")
PORTS = {"https": 443, "http": 80}


class FetchError(Exception):
    """Why there is no document: a sentence for the log that holds nothing of what was received."""


async def fetch_json(url: str, tls: ssl.SSLContext) -> Any:
    """The JSON document at a URL, which `is_safe_url`.  Raises FetchError."""
    if not is_safe_url(url):
        raise FetchError("an address is not https")
    try:
        async with asyncio.timeout(MAX_SECONDS):
            return orjson.loads(await _fetch(urlsplit(url), tls))
    except TimeoutError:
        raise FetchError("it took too long") from None
    except ssl.SSLCertVerificationError:
        raise FetchError("its certificate is not trusted") from None
    except OSError as error:
        raise FetchError(f"it cannot be reached ({type(error).__name__})") from None
    except httptools.HttpParserError:
        raise FetchError("it does not speak HTTP") from None
    except ValueError:
        raise FetchError("its answer is not JSON") from None


def is_safe_url(url: str) -> bool:
    """Whether a URL may be fetched: `https`, or `http` on this machine, without a user or a fragment."""
    if not URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises for a wrong one)
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc or "#" in url:
        return False
    return parts.scheme == "https" or parts.hostname in LOOPBACK


async def _fetch(url: SplitResult, tls: ssl.SSLContext) -> bytes:
    """The body of the answer.  Raises FetchError, OSError and errors of httptools."""
    port = url.port or PORTS[url.scheme]
    reader, writer = await asyncio.open_connection(url.hostname, port, ssl=tls if url.scheme == "https" else None)
    try:
        target = url.path + (f"?{url.query}" if url.query else "")
        head = (
            f"GET {target or '/'} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept: application/json\r\nConnection: close\r\n"
        )
        writer.write(f"{head}\r\n".encode("ascii"))
        response = _Response()
        parser = httptools.HttpResponseParser(response)
        size = 0
        while not response.is_complete:
            chunk = await reader.read(CHUNK_BYTES)
            size += len(chunk)
            if not chunk:
                raise FetchError("its answer is incomplete")
            if size > MAX_BYTES:
                raise FetchError("its answer is too large")
            parser.feed_data(chunk)
        if parser.get_status_code() != 200:
            raise FetchError(f"it answers with status {parser.get_status_code()}")
        return b"".join(response.parts)
    finally:
        writer.transport.abort()  # not close, which waits for the other side's farewell


class _Response:
    """What httptools calls for a response."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.is_complete = False

    def on_body(self, part: bytes) -> None:
        self.parts.append(part)

    def on_message_complete(self) -> None:
        self.is_complete = True
