"""The address of a caller: that of the connection, or what a proxy that a setting names says of it.

Rule: what a header says is read from its end, and only as far as our own proxies wrote it; whoever is no proxy of ours
is the caller, whatever their headers say.  Test: tests/test_address.py.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from starlette.types import Scope

from server.sign_in_settings import Network

_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("[^"]*"|[^;,\s]+)', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>\d+\.\d+\.\d+\.\d+):\d+")


def address_of(scope: Scope, proxies: Sequence[Network], header: str) -> str:
    """The address of whoever sent the request; `header` is the one that the proxies write."""
    client = scope.get("client")
    address = _plain(str(client[0])) or str(client[0]) if client else ""
    if not proxies or not _is_proxy(address, proxies):
        return address
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == header.encode()]
    for hop in reversed(",".join(lines).split(",")):
        text = _named(hop, header)
        if text is None:
            return address
        address = text
        if not _is_proxy(address, proxies):
            return address
    return address


def _is_proxy(address: str, proxies: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in proxies if network.version == parsed.version)


def _named(hop: str, header: str) -> str | None:
    """The address that one proxy wrote (RFC 7239, section 4); None if it is none."""
    text = hop.strip()
    if header == "forwarded":
        match = _FOR.search(text)
        text = match[1].strip('"') if match else ""
    if match := _WITH_PORT.fullmatch(text):
        text = match["six"] or match["four"]
    return _plain(text)


def _plain(text: str) -> str | None:
    """An address as it is compared: one of IPv4 also where a socket of IPv6 shows it as `::ffff:203.0.113.1`, or all of
    them would be of one network.  None for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)
