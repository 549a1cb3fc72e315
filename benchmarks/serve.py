"""One server process of the benchmark: the product, the hand-written limit, or the ordinary server.

    python -m benchmarks.serve {product,limit,ordinary}

It reads {"data": …, "dsn": …, "bypass": …, "proxies": …} from the first line of standard input.

It prints its port and stops when its standard input closes, so that nothing outlives the run that started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn

from auth.token import Keyring
from benchmarks import limit
from benchmarks.ordinary import server as ordinary
from registry.guard.vault import Vault
from server.http.app import create
from server.http.request_log import RequestLog
from server.http.serving import Server, listen
from server.keys import demo_keys
from server.settings import Settings

AUDIENCE = "desmigratif-api"
PATIENCE = 30_000
"""Milliseconds that a statement may wait for a connection, and a sign-in for its turn: the hand-written side refuses
nobody either, and a busy machine is no fault of the product."""


def keys(data: Path) -> tuple[Keyring, Vault]:
    """The keys that the parent signs tokens with and every server knows."""
    return demo_keys(data / "keys", AUDIENCE)


def main(side: str, asked: dict[str, Any]) -> None:
    keyring, vault = keys(Path(asked["data"]))
    held = listen("127.0.0.1", 0)
    server: uvicorn.Server
    if side == "product":
        patient = Settings(mode="demo", queue_timeout_ms=PATIENCE, proxies=asked["proxies"])
        app = create(patient, asked["dsn"], keyring, vault, b"benchmark" * 4)
        app.service.entrance.hashing.turns.acquire_timeout = PATIENCE / 1000
        app.service.log = RequestLog("json", os.open(os.devnull, os.O_WRONLY))  # written as in production
        server = Server(app)
    else:
        made: Any = limit.App(asked["dsn"], asked["bypass"], vault)
        if side == "ordinary":
            made = ordinary.create(asked["bypass"], keyring)
        server = uvicorn.Server(uvicorn.Config(made, access_log=False, log_level="critical", server_header=False))
    threading.Thread(target=_until_alone, daemon=True).start()
    sys.stdout.write(f"{held.getsockname()[1]}\n")
    sys.stdout.flush()
    server.run(sockets=[held])


def _until_alone() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.stdin.readline()))
