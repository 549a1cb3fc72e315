"""The embedded PostgreSQL keeps committed data and leaves nothing behind, under any account and after any kill."""

import asyncio
import os
import pwd
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from server.database.embedded import Embedded, EmbeddedError, temporary
from server.database.postgres import Programs

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="needs root")
NIK = "3507112004850001"

CHILD = """
import os, pwd, sys
from pathlib import Path
from server.database.embedded import Embedded, EmbeddedError
folder, version, account, durable = sys.argv[1:]
if account:
    found = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(found.pw_gid)
    os.setuid(found.pw_uid)
try:
    server = Embedded(Path(folder), version, durable=durable == "True")
    server.start()
except EmbeddedError as error:
    print("error", error, flush=True)
    sys.exit()
print("owner" if server.owner else "guest", server.dsn(), flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account may enter, unlike root's tmp_path."""
    path = Path(tempfile.mkdtemp(prefix="embedded-", dir=Programs("18").temporary_folder()))
    path.chmod(0o711)
    yield path
    for file in path.glob("**/cluster/postmaster.pid"):
        with suppress(OSError, ValueError):
            os.kill(postmaster(file.parent.parent), signal.SIGKILL)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def ordinary_account(folder: Path) -> str:
    """The name of an account that is not root and owns `folder`; empty if it is our own."""
    if not ROOT:
        return ""
    account = pwd.getpwnam("daemon")
    os.chown(folder, account.pw_uid, account.pw_gid)
    return account.pw_name


def query(dsn: str, *statements: str) -> Any:
    """The value that the last statement returns."""

    async def run() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements:
                value = await connection.fetchval(statement)
            return value
        finally:
            await connection.close()

    return asyncio.run(run())


def postmaster(data: Path) -> int:
    return int((data / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def runs(pid: int) -> bool:
    """Whether the process is alive; one that is ending gets some seconds."""
    for _ in range(250):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return False
        time.sleep(0.02)
    return True


@contextmanager
def start_process(data: Path, account: str = "", durable: bool = True) -> Iterator[subprocess.Popen[str]]:
    """Another Python process that starts a server over `data` and stops when its input ends."""
    command = [sys.executable, "-c", CHILD, str(data), "18", account, str(durable)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=Path(__file__).parent.parent) as child:
        try:
            yield child
        finally:
            if child.stdin and not child.stdin.closed:
                child.stdin.close()
            child.wait(30)


def first_line(child: subprocess.Popen[str]) -> tuple[str, str]:
    assert child.stdout
    first, _, rest = child.stdout.readline().strip().partition(" ")
    return first, rest


@pytest.mark.parametrize("version", ["16", "18"])
def test_each_version_starts_whatever_the_environment(version: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LANG": "id_ID.UTF-8", "LC_ALL": "id_ID.UTF-8", "PGPORT": "1", "PGOPTIONS": "-c x=y"}.items():
        monkeypatch.setenv(name, value)
    with temporary(version) as server:
        monkeypatch.delenv("PGOPTIONS")
        expected = {
            "server_encoding": "UTF8",
            "lc_messages": "C",
            "listen_addresses": "",
            "fsync": "off",
            "TimeZone": "UTC",
            "unix_socket_permissions": "0700",
        }
        assert {name: query(server.dsn(), f"SHOW {name}") for name in expected} == expected
        assert query(server.dsn(), "SHOW server_version_num").startswith(version)
        assert query(server.dsn(), "SELECT datcollate FROM pg_database WHERE datname = current_database()") == "C"
        assert query(server.dsn("postgres"), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        socket = Path(query(server.dsn(), "SHOW unix_socket_directories"))
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        pid, data = postmaster(server.data), server.data
    assert not runs(pid)
    assert not data.parent.exists()


def test_committed_data_survives_a_stop_and_a_kill(folder: Path) -> None:
    server = Embedded(folder / "new" / "data")
    with server:
        query(server.dsn(), "CREATE TABLE t (x int)", "INSERT INTO t VALUES (1)")
        assert query(server.dsn(), "SHOW fsync") == "on"
    with server:
        query(server.dsn(), "INSERT INTO t VALUES (2)")
        os.kill(postmaster(server.data), signal.SIGKILL)
        server.start()
        assert query(server.dsn(), "SELECT count(*) FROM t") == 2
    with Embedded(folder / "new" / "data") as again:
        assert query(again.dsn(), "SELECT count(*) FROM t") == 2


def test_a_server_of_a_killed_owner_is_adopted_and_stopped(folder: Path) -> None:
    with start_process(folder / "data") as child:
        assert first_line(child)[0] == "owner"
        child.kill()
    pid = postmaster(folder / "data")
    with Embedded(folder / "data") as server:
        assert server.owner
        assert postmaster(server.data) == pid
        assert query(server.dsn(), "SELECT 1") == 1
    assert not runs(pid)


def test_a_server_left_without_durability_is_not_adopted_for_durable_data(folder: Path) -> None:
    with start_process(folder / "data", durable=False) as child:
        assert query(first_line(child)[1], "SHOW fsync") == "off"
        child.kill()
    with Embedded(folder / "data") as server:
        assert query(server.dsn(), "SHOW fsync") == "on"


def test_it_starts_after_both_were_killed_even_if_the_pid_was_reused(folder: Path) -> None:
    with start_process(folder / "data") as child:
        dsn = first_line(child)[1]
        query(dsn, "CREATE TABLE t (x int)")
        pid = postmaster(folder / "data")
        child.kill()
        os.kill(pid, signal.SIGKILL)
    file = folder / "data" / "cluster" / "postmaster.pid"
    identity: dict[str, Any] = {"user": "nobody"} if ROOT else {}
    with subprocess.Popen(["sleep", "60"], cwd="/", **identity) as stranger:
        try:
            file.write_text(file.read_text().replace(str(pid), str(stranger.pid), 1))
            with Embedded(folder / "data") as server:
                assert query(server.dsn(), "SELECT count(*) FROM t") == 0
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_second_process_shares_the_server_and_does_not_stop_it(folder: Path) -> None:
    with Embedded(folder / "data") as server:
        with start_process(folder / "data") as child:
            assert first_line(child) == ("guest", server.dsn())
        same = Embedded(folder / "data")
        same.start()
        assert not same.owner
        same.stop()
        assert query(server.dsn(), "SELECT 1") == 1


def test_of_three_simultaneous_starts_one_owns_and_all_are_served(folder: Path) -> None:
    with start_process(folder / "data") as a, start_process(folder / "data") as b, start_process(folder / "data") as c:
        outputs = [first_line(child) for child in (a, b, c)]
        assert sorted(role for role, _ in outputs) == ["guest", "guest", "owner"]
        assert {query(dsn, "SELECT 1") for _, dsn in outputs} == {1}


@pytest.mark.parametrize("attempt", ["once", "again"])
def test_a_folder_starts_after_a_kill_at_any_moment(folder: Path, attempt: str) -> None:
    with start_process(folder / "data") as child:
        time.sleep(random.uniform(0, 1.5))  # the moment depends on the seed and the attempt
        child.kill()
    with Embedded(folder / "data") as server:
        assert query(server.dsn(), "SELECT 1") == 1
    assert not list((folder / "data").glob("initdb-*"))


@pytest.mark.parametrize("name", ["long-" * 30, "Désa, 'kami' & \"kita\" 100%"])
def test_long_paths_and_odd_characters_work(folder: Path, name: str) -> None:
    with Embedded(folder / name) as server:
        assert query(server.dsn(), "SELECT 1") == 1
        socket = Path(query(server.dsn(), "SHOW unix_socket_directories"))
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        os.kill(postmaster(server.data), signal.SIGKILL)
        server.start()
        assert query(server.dsn(), "SELECT 1") == 1
    assert not socket.exists()


def test_an_ordinary_user_runs_it_as_themselves(folder: Path, ordinary_account: str) -> None:
    with start_process(folder / "data", account=ordinary_account) as child:
        role, dsn = first_line(child)
        assert role == "owner", dsn
        assert query(dsn, "SELECT 1") == 1
        pid = postmaster(folder / "data")
        owner = folder.stat().st_uid
        assert {path.stat().st_uid for path in (folder / "data").iterdir()} == {owner}
        assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
        child.kill()
    with start_process(folder / "data", account=ordinary_account) as child:
        role, dsn = first_line(child)
        assert (role, postmaster(folder / "data")) == ("owner", pid)
    assert not runs(pid)


@needs_root
def test_root_runs_it_under_another_account_and_changes_no_other_folder(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    before = [(path, path.stat().st_mode, path.stat().st_uid) for path in (folder, *folder.parents)]
    with Embedded(folder / "a" / "data") as server:
        process = Path(f"/proc/{postmaster(server.data)}")
        assert process.stat().st_uid == nobody
        program = (process / "exe").readlink()
        assert {path.stat().st_uid for path in (program, *program.parents)} == {0}
        assert (folder / "a" / "data").stat().st_uid == 0
    assert before == [(path, path.stat().st_mode, path.stat().st_uid) for path in (folder, *folder.parents)]


@needs_root
def test_a_folder_closed_to_that_account_is_refused_and_stays_closed(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(0o700)
    with pytest.raises(EmbeddedError, match=f"runs as nobody, which cannot enter {closed}: choose"):
        Embedded(closed / "data").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@needs_root
def test_another_accounts_folder_is_refused(folder: Path, ordinary_account: str) -> None:
    with start_process(folder / "open", account=ordinary_account) as child:
        first_line(child)
    (folder / "open").chmod(0o711)
    with pytest.raises(EmbeddedError, match="does not belong to nobody"):
        Embedded(folder / "open").start()
    Path(folder / "roots").mkdir(0o711)
    with start_process(folder / "roots", account=ordinary_account) as child:
        assert first_line(child) == ("error", f"The data folder {folder / 'roots'} is not writable for this account.")


def test_a_folder_that_cannot_be_created_is_refused(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(EmbeddedError, match=r"cannot be used: .*file"):
        Embedded(folder / "file" / "data").start()


def test_data_of_another_version_is_refused_and_unchanged(folder: Path) -> None:
    with Embedded(folder / "data", "16"):
        pass
    with pytest.raises(EmbeddedError, match="holds data of PostgreSQL 16, and this is PostgreSQL 18"):
        Embedded(folder / "data", "18").start()
    with Embedded(folder / "data", "16") as server:
        assert server.owner


def test_a_server_that_does_not_start_explains_why(folder: Path) -> None:
    with Embedded(folder / "data"):
        pass
    with (folder / "data" / "cluster" / "postgresql.conf").open("a") as conf:
        conf.write("nonsense = 1\n")
    with pytest.raises(EmbeddedError, match=r'(?s)does not start in .*"nonsense"'):
        Embedded(folder / "data").start()


@needs_root
def test_a_full_disk_is_reported(folder: Path) -> None:
    disk = folder / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=30m,mode=711", "tmpfs", disk], capture_output=True
    ).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        with pytest.raises(EmbeddedError, match=f"no space left for the data folder {disk}/data"):
            Embedded(disk / "data").start()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_no_value_of_a_statement_reaches_the_log(folder: Path) -> None:
    refused = [
        f"SELECT '{NIK} x'::int",
        f"INSERT INTO t VALUES ('{NIK}')",
        f"SELEKT {NIK}",
        f"DO $$BEGIN RAISE '{NIK}'; END$$",
    ]
    with Embedded(folder / "data") as server:
        query(server.dsn(), "CREATE TABLE t (nik text PRIMARY KEY)", f"INSERT INTO t VALUES ('{NIK}')")
        for statement in refused:
            with pytest.raises(asyncpg.PostgresError):
                query(server.dsn(), statement)
    log = (folder / "data" / "postgresql.log").read_text()
    assert "ready to accept connections" in log
    assert NIK not in log


@pytest.mark.prove
def test_a_busy_leftover_server_is_waited_for(folder: Path) -> None:
    with start_process(folder / "data") as child:
        first_line(child)
        child.kill()
    pid = postmaster(folder / "data")
    os.kill(pid, signal.SIGSTOP)
    with subprocess.Popen(["sh", "-c", f"sleep 12; kill -CONT {pid}"]), Embedded(folder / "data") as server:
        assert postmaster(server.data) == pid
        assert query(server.dsn(), "SELECT 1") == 1
