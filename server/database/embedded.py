"""PostgreSQL from a wheel, for `make demo` and the tests: no installation, no network, no configuration.

One data folder holds

    lock            the process that holds it owns the server; the kernel releases it when that process dies
    cluster/        the database, 0700
    socket/         the only way in, 0700 (in the temporary folder if this path is too long for a socket)
    postgresql.log  messages of the server, never statements or their values

The first process to start is the owner, and stops the server. A later process is a guest: it uses the server and never
stops it. If an owner was killed, the next process adopts its server and owns it from then on.

Rule: what was committed survives the killing of any process, and no stored value reaches the log.
Tests: tests/test_embedded.py.
"""

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from server.database.postgres import SOCKET_FILE, SOCKET_PATH, EmbeddedError, Programs, Version, is_running

try:
    import fcntl
except ImportError:
    raise ImportError("The embedded PostgreSQL runs on Linux and macOS: elsewhere set DATABASE_URL.") from None

__all__ = ["Embedded", "EmbeddedError", "temporary"]

START_SECONDS = 120.0  # crash recovery of a demo's data takes less, and must not be cut off
POLL_SECONDS = 0.02
NEW_CLUSTER_MB = 150  # a new database with its first write-ahead log
MAX_LOG_BYTES = 1_000_000

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    # An error's message may quote what somebody typed, and its statement does: errors of sessions are not logged.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
UNDURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postmaster(NamedTuple):
    """A running server, as its file postmaster.pid describes it."""

    pid: int
    socket: Path
    ready: bool


class Embedded:
    """One PostgreSQL server over one data folder; `with Embedded(folder) as server:` starts and stops it.

    The superuser is `postgres`, trusted on the unix socket; a new cluster has an empty database `desmigratif`.
    `durable=False` is for tests: it is faster, and a crash of the machine may destroy the data.
    Raises EmbeddedError if the wheel's programs are missing, or if another account cannot be allowed to run them.
    """

    def __init__(self, data: Path, version: Version = "18", *, durable: bool = True) -> None:
        self.data = data.resolve()
        self.version = version
        self.durable = durable
        self._programs = Programs(version)
        self._cluster = self.data / "cluster"
        self._log = self.data / "postgresql.log"
        self._log_start = 0
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket = self.data / "socket"

    def __enter__(self) -> "Embedded":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def owner(self) -> bool:
        """Whether stop() will stop the server: this object started or adopted it."""
        return self._lock is not None

    def dsn(self, database: str = "desmigratif", user: str = "postgres") -> str:
        """The URL of a database, for asyncpg, SQLAlchemy and psql alike; valid once start() has returned."""
        user, database = quote(user, safe=""), quote(database, safe="")
        return f"postgresql://{user}@/{database}?host={self._socket}&port=5432"

    def start(self) -> None:
        """Wait until the server answers, as its owner or as the guest of a process that owns it already.

        Raises EmbeddedError if it does not, after two minutes at the latest.
        """
        deadline = time.monotonic() + START_SECONDS
        try:
            self._prepare()
            while not self._owns():
                if self._answers():
                    return
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"Another process holds {self.data} and its PostgreSQL does not answer.")
                time.sleep(POLL_SECONDS)
            try:
                self._initialise()
                self._run(deadline)
            except BaseException:
                self.stop()
                raise
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise EmbeddedError(f"There is no space left for the data folder {self.data}.") from error
            raise EmbeddedError(f"The data folder {self.data} cannot be used: {error}.") from error

    def stop(self) -> None:
        """Stop the server if this object owns it: sessions end, committed data stay. May be called again."""
        if self._lock is None:
            return
        try:
            self._halt()
        finally:
            self._process = None
            self._remove_unfinished()  # an initdb whose owner was killed may have gone on beside ours
            if self._socket.parent != self.data:
                with suppress(OSError):  # if it is not empty, it is in use
                    self._socket.rmdir()
                self._socket = self.data / "socket"
            os.close(self._lock)
            self._lock = None

    def _prepare(self) -> None:
        self._programs.new_path(self.data)
        if not os.access(self.data, os.W_OK | os.X_OK):
            raise EmbeddedError(f"The data folder {self.data} is not writable for this account.")
        if closed := self._programs.closed(self.data):
            raise EmbeddedError(
                f"For root PostgreSQL runs as {self._programs.account.pw_name}, which cannot enter {closed}: "
                "choose a data folder elsewhere, such as /var/lib/desmigratif."
            )

    def _owns(self) -> bool:
        """Take the lock, unless another process has it; whether this object owns the server now."""
        if self._lock is None:
            lock = os.open(self.data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return False
            self._lock = lock
        return True

    def _remove_unfinished(self) -> None:
        """Remove clusters whose initdb was killed."""
        for folder in self.data.glob("initdb-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _initialise(self) -> None:
        """Make the cluster if there is none: in a folder beside it that is then renamed, so that a kill leaves no half
        of one."""
        if self._cluster.exists():
            self._check_cluster()
            return
        self._remove_unfinished()
        if shutil.disk_usage(self.data).free < NEW_CLUSTER_MB * 1_000_000:
            raise EmbeddedError(
                f"There is no space left for the data folder {self.data}: a new one takes {NEW_CLUSTER_MB} MB."
            )
        new = self._programs.new_folder(self.data, "initdb-")
        options = ("--username=postgres", "--locale=C", "--encoding=UTF8", "--auth-local=trust", "--auth-host=reject")
        result = self._programs.run("initdb", *options, "--no-sync", f"--pgdata={new}")
        if result.returncode == 0:
            single = ("--single", *_options(UNDURABLE), "-D", str(new), "postgres")
            result = self._programs.run("postgres", *single, text="CREATE DATABASE desmigratif\n")
        if result.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise EmbeddedError(f"initdb cannot make a database in {self.data}.\n{result.stderr.strip()[-1000:]}")
        if self.durable:
            os.sync()
        new.rename(self._cluster)

    def _check_cluster(self) -> None:
        stored = (self._cluster / "PG_VERSION").read_text().strip()
        if stored != self.version:
            raise EmbeddedError(
                f"{self.data} holds data of PostgreSQL {stored}, and this is PostgreSQL {self.version}: "
                "start that version or choose another data folder."
            )
        account = self._programs.account
        if self._cluster.stat().st_uid != account.pw_uid:
            raise EmbeddedError(f"{self._cluster} does not belong to {account.pw_name}, as whom PostgreSQL would run.")

    def _run(self, deadline: float) -> None:
        """Adopt the server that was left running, or start one; wait while it recovers."""
        spawned = False
        while time.monotonic() < deadline:
            if self._process is None and self._postmaster() is None:
                self._spawn()
                spawned = True
            if self._answers():
                if not self.durable or self._query("SHOW fsync") == "on":
                    return
                self._halt()  # its owner was started with durable=False
            if self._process is not None and self._process.poll() is not None:
                self._process = None
                # Two things pass: the children of a killed postmaster hold its memory until they notice, and a server
                # whose owner was killed as it started can be faster than ours. Anything else is final.
                has_memory_in_use = "pre-existing shared memory block" in self._log_tail()
                if spawned and self._postmaster() is None and not has_memory_in_use:
                    raise EmbeddedError(f"PostgreSQL does not start in {self.data}.\n{self._log_tail()}")
            time.sleep(POLL_SECONDS)
        raise EmbeddedError(
            f"PostgreSQL in {self.data} did not answer in {START_SECONDS:.0f} seconds.\n{self._log_tail()}"
        )

    def _spawn(self) -> None:
        if not SOCKET_PATH.fullmatch(str(self._socket / SOCKET_FILE)):
            self._socket = self._programs.new_folder(self._programs.temporary_folder(), "desmigratif-")
        elif not self._socket.exists():
            self._programs.new_folder(self._socket.parent, "socket-").rename(self._socket)
        # A killed server leaves its lock file, whose process id another program may have by now.
        (self._socket / SOCKET_FILE).unlink(missing_ok=True)
        self._log.touch(0o600)
        if self._log.stat().st_size > MAX_LOG_BYTES:
            self._log.replace(self._log.with_name("postgresql.log.1"))
            self._log.touch(0o600)
        self._log_start = self._log.stat().st_size
        settings = SETTINGS | {"unix_socket_directories": str(self._socket)}
        if not self.durable:
            settings |= UNDURABLE
        arguments = ("-D", str(self._cluster), *_options(settings))
        self._process = self._programs.spawn("postgres", *arguments, log=self._log)

    def _halt(self) -> None:
        for mode in ("fast", "immediate"):  # immediate is for a server that ignores the SIGINT of fast
            if self._postmaster() is not None:
                options = (f"--mode={mode}", f"--timeout={START_SECONDS:.0f}", f"--pgdata={self._cluster}")
                self._programs.run("pg_ctl", "stop", *options)
        if self._process is not None:
            self._process.wait(START_SECONDS)
            self._process = None

    def _postmaster(self) -> Postmaster | None:
        """The running server of this cluster. The file of a killed one is removed: another program may have its id."""
        if self._process is not None:
            self._process.poll()  # reaps a killed child, which would count as running otherwise
        file = self._cluster / "postmaster.pid"
        try:
            lines = os.fsdecode(file.read_bytes()).splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 5 or not lines[0].isdigit():  # half written
            return None
        if not is_running(int(lines[0])):
            if self._lock is not None:
                file.unlink(missing_ok=True)
            return None
        is_ready = len(lines) > 7 and lines[7].strip() == "ready"
        return Postmaster(int(lines[0]), Path(lines[4]), is_ready)

    def _answers(self) -> bool:
        """Whether the server runs a query."""
        postmaster = self._postmaster()
        if postmaster is None or not postmaster.ready:
            return False
        self._socket = postmaster.socket
        return self._query("SELECT 1") == "1"

    def _query(self, sql: str) -> str:
        return self._programs.run("psql", "-XAtc", sql, self.dsn("postgres")).stdout.strip()

    def _log_tail(self) -> str:
        with suppress(OSError), self._log.open(errors="replace") as log:
            log.seek(self._log_start)
            return "".join(log.readlines()[-8:]).strip()
        return ""


@contextmanager
def temporary(version: Version = "18") -> Iterator[Embedded]:
    """A server for tests: not durable, in a folder of its own that is removed when the block ends."""
    programs = Programs(version)
    folder = programs.new_folder(programs.temporary_folder(), "desmigratif-")
    try:
        with Embedded(folder / "data", version, durable=False) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options(settings: dict[str, str]) -> list[str]:
    options: list[str] = []
    for name, value in settings.items():
        options += ["-c", f"{name}={value}"]
    return options
