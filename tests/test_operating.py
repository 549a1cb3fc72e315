"""docs/operating.md is true: its commands run in order, as they stand, from an empty PostgreSQL to a restored registry.

The PostgreSQL is the wheel's, started as one that belongs to somebody else: it listens on TCP and asks for passwords.
nginx is the installed one (apt); without it the commands reach the registry directly, and the test says so.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.database.postgres import Programs
from tests.eventually import eventually_now
from tests.ports import free_port
from tests.test_deploy import whole_nginx

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operating.md").read_text()
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SECONDS = 300  # a bound for a command that never ends, not a claim about speed
DONE = "— done —"
REGIONS = """code,name
35,Jawa Timur
35.07,Kabupaten Malang
35.07.11,Kalipare
35.07.11.2008,Arjowilangun
"""


@dataclass
class Command:
    """A command of the page, and what it prints there; `…` stands for anything."""

    text: str
    printed: str

    def matches(self, output: str) -> bool:
        pattern = re.escape(self.printed.strip()).replace("…", "(?s:.*)")
        return re.fullmatch(pattern, output.strip()) is not None


def commands() -> list[Command]:
    """The console blocks: `$ ` begins a command, `> ` goes on with it, other lines are what it prints."""
    result: list[Command] = []
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for line in block.splitlines(keepends=True):
            if line.startswith("$ "):
                result.append(Command(line[2:], ""))
            elif line.startswith("> "):
                result[-1].text += line[2:]
            else:
                result[-1].printed += line
    return result


@contextmanager
def outside_postgres(folder: Path, password: str) -> Iterator[int]:
    """A PostgreSQL that the registry knows by its address alone; yields its port."""
    programs, port = Programs("18"), free_port()
    cluster = programs.new_folder(folder, "cluster-")
    secret = cluster.with_suffix(".password")
    secret.write_text(password)
    secret.chmod(0o644)
    options = ("--username=postgres", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync", "--encoding=UTF8")
    done = programs.run("initdb", *options, f"--pgdata={cluster}")
    assert done.returncode == 0, done.stderr
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    arguments = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    process = programs.spawn("postgres", "-D", str(cluster), *arguments, log=folder / f"{cluster.name}.log")
    try:
        eventually_now(lambda: accepts(port))
        yield port
    finally:
        programs.run("pg_ctl", "stop", "--mode=immediate", f"--pgdata={cluster}")
        process.wait(60)


def accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def proxy(folder: Path, registry: int) -> Iterator[str]:
    """The address of the registry through deploy/nginx.conf, or directly."""
    if NGINX is None:
        warnings.warn("NOT TRIED: nginx is not installed here, so the registry is reached directly", stacklevel=1)
        yield f"http://127.0.0.1:{registry}"
        return
    port = free_port()
    process = subprocess.Popen([NGINX, "-e", "stderr", "-p", folder, "-c", whole_nginx(folder, port, registry)])
    try:
        eventually_now(lambda: accepts(port))
        yield f"https://localhost:{port}"
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account of PostgreSQL may enter."""
    programs = Programs("18")
    path = programs.new_folder(programs.temporary_folder(), "operating-")
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def environment(folder: Path, databases: list[int], registry: int, address: str, password: str) -> dict[str, str]:
    """The variables that the page asks for, and a machine where everything is installed."""
    owner, app = secrets.token_hex(12), secrets.token_hex(12)
    lines = [f"127.0.0.1:{port}:*:postgres:{password}" for port in databases]
    lines += [f"127.0.0.1:{port}:*:desmigratif_owner:{owner}" for port in databases]
    passwords = folder / "pgpass"
    passwords.write_text("\n".join(lines))
    passwords.chmod(0o600)
    programs = [Path(sys.executable).parent, Programs("18").bin]
    etc = folder / "etc"
    etc.mkdir(mode=0o700)
    old, new = (f"127.0.0.1:{port}" for port in databases)
    return {
        "PATH": ":".join([*map(str, programs), os.defpath]),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "200",
        "TMPDIR": str(folder),
        "PGPASSFILE": str(passwords),
        "CURL_CA_BUNDLE": str(folder / "certificate.pem"),
        "SSL_CERT_FILE": str(folder / "certificate.pem"),
        "DESMIGRATIF_PORT": str(registry),
        "DB": old,
        "NEW_DB": new,
        "ADMIN": f"postgresql://postgres@{old}/postgres",
        "OWNER_PASSWORD": owner,
        "APP_PASSWORD": app,
        "ETC": str(etc),
        "REGISTRY": address,
    }


def script(steps: list[Command]) -> str:
    """Each command of the page, and after it a line with its exit code."""
    return "".join(f'{step.text}echo "{DONE} $?"\n' for step in steps) + "kill $! && wait\n"


def test_the_page_leads_from_nothing_to_a_registry_and_back_from_its_backup(folder: Path) -> None:
    steps, registry, password = commands(), free_port(), secrets.token_hex(12)
    assert len(steps) > 20
    work = folder / "work"
    work.mkdir()
    (work / "regions.csv").write_text(REGIONS)
    (work / "villages.csv").write_text("35.07.11.2008\n")
    (work / "examples").symlink_to(ROOT / "examples")
    with (
        outside_postgres(folder, password) as first,
        outside_postgres(folder, password) as second,
        proxy(folder, registry) as address,
    ):
        variables = environment(folder, [first, second], registry, address, password)
        done = subprocess.run(
            ["bash", "-c", script(steps)],
            cwd=work,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    outputs = re.split(rf"{DONE} (\d+)\n", done.stdout)
    log = (work / "registry.log").read_text() if (work / "registry.log").exists() else ""
    for number, step in enumerate(steps):
        assert 2 * number + 1 < len(outputs), (step.text, done.stdout[-3000:], log[-3000:])
        output, code = outputs[2 * number : 2 * number + 2]
        assert code == "0", (step.text, output, log[:1500])
        assert step.matches(output), (step.text, output, step.printed)
    household = (work / "after.json").read_text()
    assert all(name in household for name in ("35.07.11.2008-", "fullName", "address"))
    assert variables["APP_PASSWORD"] not in log
    assert variables["OWNER_PASSWORD"] not in done.stdout + log
