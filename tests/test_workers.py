"""Workers share one port; a signal or their parent's death ends them all, and a killed one is replaced."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from registry.guard.vault import Vault
from registry.guard.wall import LOGIN
from server.database.embedded import Embedded
from server.keys import create_signing
from tests.eventually import PATIENCE, eventually, eventually_now
from tests.ports import free_port

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
]


@pytest.fixture(scope="module")
async def environment(
    postgres: Embedded, fresh: Any, anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("keys")
    create_signing(folder)
    Vault.create(folder / "vault.json")
    name = await fresh()
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(folder),  # a killed worker leaves its counts there
        "OWNER": postgres.dsn(name),
        "DATABASE_URL": postgres.dsn(name, LOGIN),
        "DESMIGRATIF_SIGNING_KEYS": str(folder),
        "DESMIGRATIF_VAULT_KEYS": str(folder / "vault.json"),
        "DESMIGRATIF_METRICS": "true",
        "DESMIGRATIF_POOL_SIZE": "2",
    }


@contextmanager
def serving(environment: dict[str, str], workers: int = 2) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server in its own process, and its port."""
    port = free_port()
    command = [sys.executable, "-m", "server.cli.main", "serve", "--workers", str(workers)]
    environment = environment | {"DESMIGRATIF_PORT": str(port)}
    parent = subprocess.Popen(
        command, env=environment, text=True, stderr=subprocess.PIPE, cwd=Path(__file__).parents[1]
    )
    try:
        yield parent, port
    finally:
        parent.kill()
        parent.communicate()


def children(parent: int) -> list[int]:
    result = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in result.stdout.split()]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def answers_alone(parent: int, worker: int, port: int, path: str = "/healthz") -> bool:
    """Whether this worker answers while the others are stopped, because any of them may get a request."""
    others = [pid for pid in children(parent) if pid != worker]
    try:
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", path)
            return connection.getresponse().status in (200, 401)
    except OSError:
        return False
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def all_answer(parent: int, port: int, count: int = 2) -> bool:
    workers = children(parent)
    return len(workers) == count and all(answers_alone(parent, worker, port) for worker in workers)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_two_workers_serve_and_a_signal_stops_both(environment: dict[str, str], signum: int) -> None:
    with serving(environment) as (parent, port):
        eventually_now(lambda: all_answer(parent.pid, port))
        pids = children(parent.pid)
        assert len(pids) == 2
        parent.send_signal(signum)
        _, errors = parent.communicate(timeout=PATIENCE)
        assert parent.returncode in (-signum, 128 + signum)
        assert not any(map(alive, pids))
        assert "Traceback" not in errors


def test_a_killed_worker_is_replaced(environment: dict[str, str]) -> None:
    with serving(environment) as (parent, port):
        eventually_now(lambda: all_answer(parent.pid, port))
        before = children(parent.pid)
        os.kill(before[0], signal.SIGKILL)
        eventually_now(lambda: len(children(parent.pid)) == 2 and before[0] not in children(parent.pid))
        eventually_now(lambda: all_answer(parent.pid, port))
        parent.send_signal(signal.SIGTERM)
        parent.communicate(timeout=PATIENCE)


def counts(port: int) -> dict[str, float]:
    """The service's counts without labels, and its requests; empty while no worker answers."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
    except OSError:
        return {}
    samples = re.findall(r"^desmigratif_(\w+)(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE)
    requests = sum(float(value) for name, value in samples if name == "requests_total")
    return {name: float(value) for name, value in samples} | {"requests_total": requests}


def test_metrics_of_all_workers_are_added_even_of_killed_ones(environment: dict[str, str]) -> None:
    metrics_port = free_port()
    with serving(environment | {"DESMIGRATIF_METRICS_PORT": str(metrics_port)}) as (parent, port):
        eventually_now(lambda: all_answer(parent.pid, port))
        for worker in children(parent.pid):
            assert answers_alone(parent.pid, worker, port, "/graphql?query=%7Bviewer%7Bname%7D%7D")
        eventually_now(lambda: counts(metrics_port).get("requests_total") == 2)
        assert [counts(metrics_port)[name] for name in ("workers", "connections_limit")] == [2, 4]
        assert counts(port) == {"requests_total": 0}, "the counts have a port of their own"
        before = children(parent.pid)
        os.kill(before[0], signal.SIGKILL)
        eventually_now(lambda: before[0] not in children(parent.pid) and all_answer(parent.pid, port))
        eventually_now(lambda: counts(metrics_port).get("workers") == 2)
        assert counts(metrics_port)["requests_total"] == 2
        eventually_now(lambda: counts(metrics_port).get("listening") == 1)


def test_no_worker_outlives_a_parent_that_was_killed(environment: dict[str, str]) -> None:
    with serving(environment) as (parent, port):
        eventually_now(lambda: all_answer(parent.pid, port))
        pids = children(parent.pid)
        parent.kill()
        eventually_now(lambda: not any(map(alive, pids)))


async def test_if_a_worker_cannot_start_the_service_ends_with_a_sentence(environment: dict[str, str]) -> None:
    admin = await asyncpg.connect(environment["OWNER"])
    name = await admin.fetchval("SELECT current_database()")
    # Enough to check the database, but not for all workers.
    await admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 4")
    try:
        with serving(environment, 6) as (parent, _):
            _, errors = parent.communicate(timeout=PATIENCE)
            assert (parent.returncode, children(parent.pid)) == (1, [])
            assert "A worker ended by itself" in errors
    finally:
        await admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
        await admin.close()


async def test_a_worker_opens_two_connections_beside_its_pool(environment: dict[str, str]) -> None:
    """The number by which docs/operating.md counts max_connections."""
    count = (
        "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND datname = current_database()"
        " AND backend_type = 'client backend'"
    )
    admin = await asyncpg.connect(environment["OWNER"])
    try:
        with serving(environment | {"DESMIGRATIF_POOL_SIZE": "1"}) as (parent, port):
            eventually_now(lambda: all_answer(parent.pid, port))

            async def as_counted() -> bool:
                return bool(await admin.fetchval(count, LOGIN) == 2 * (1 + 2))

            await eventually(as_counted)
    finally:
        await admin.close()
