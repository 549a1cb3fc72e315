"""Ports for programs that are told theirs before they listen."""

from __future__ import annotations

import random
import socket

# Below those that a system gives to whoever asks for any (from 32768 on Linux, from 49152 on macOS): another test's
# connection cannot take the port while the program starts.
RANGE = range(10_000, 32_000)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses.  By real chance: two runs of one seed may be under way at a time."""
    while True:
        port = random.SystemRandom().choice(RANGE)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen()
            except OSError:
                continue
            return port
