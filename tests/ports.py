"""Ports for programs that get their port before they listen."""

from __future__ import annotations

import random
import socket

# Below the ephemeral ports (from 32768 on Linux, from 49152 on macOS), so that another test's connection cannot take
# the port while the program starts.
RANGE = range(10_000, 32_000)


def free_port() -> int:
    """A free port of 127.0.0.1, from the system's entropy because two runs with the same seed may overlap."""
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
