"""PostgreSQL from a wheel, for `make demo` and the tests: no installation, no network, no configuration.

One data folder holds

    lock            whoever holds it owns the server; the kernel lets go of it when that process dies, however it dies
    cluster/        the database, 0700
    socket/         the only way in, 0700 (a short folder under the temporary one where this path is too long)
    postgresql.log  what the server says, never what anyone asked of it

The first process to start is the owner and stops the server. A later one is its guest: it uses the server and leaves it
alone. A server whose owner was killed is adopted by the next process, which then owns it.

The rule: what was committed is kept whoever is killed, and no stored value reaches the log.
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

PATIENCE = 120.0  # seconds: crash recovery of a demo's data takes less, and must not be cut off
PAUSE = 0.02  # seconds
SPACE = 150  # MB: a new database with its first write-ahead log

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    # An error's message may quote what somebody typed, and its statement does: what fails in a session stays unlogged.
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
    """A running server, as its postmaster.pid tells."""

    pid: int
    socket: Path
    ready: bool


class Embedded:
    """One PostgreSQL server over one data folder; `with Embedded(folder) as server:` starts and stops it.

    The superuser is `postgres`, trusted on the unix socket; a database `desmigratif` is there from the beginning.
    `durable=False` trades the data's life in a crash of the machine for speed: for tests.
    Raises EmbeddedError if the wheel's programs are missing or cannot be lent to another account.
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
        """The URL of a database, for asyncpg, SQLAlchemy and psql alike; final once start() has returned."""
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={self._socket}&port=5432"

    def start(self) -> None:
        """Returns when the server answers: as its owner, or as the guest of a process that owns it already.

        Raises EmbeddedError when it cannot, after two minutes at the latest.
        """
        deadline = time.monotonic() + PATIENCE
        try:
            self._prepare()
            while not self._owns():
                if self._answers():
                    return
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"Another process holds {self.data} and its PostgreSQL does not answer.")
                time.sleep(PAUSE)
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
        """Stops the server if this object owns it: sessions end, everything committed is kept. Safe to repeat."""
        if self._lock is None:
            return
        try:
            self._halt()
        finally:
            self._process = None
            self._sweep()  # an initdb whose owner was killed may have gone on beside ours
            if self._socket.parent != self.data:
                with suppress(OSError):  # a folder that is not empty is not ours to remove
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
        """Takes the lock, unless another has it."""
        if self._lock is None:
            lock = os.open(self.data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return False
            self._lock = lock
        return True

    def _sweep(self) -> None:
        """Removes clusters that were begun and never finished."""
        for old in self.data.glob("initdb-*"):
            shutil.rmtree(old, ignore_errors=True)

    def _initialise(self) -> None:
        """Makes the cluster if there is none, beside its place and then moved: a kill leaves no half."""
        if self._cluster.exists():
            found = (self._cluster / "PG_VERSION").read_text().strip()
            if found != self.version:
                raise EmbeddedError(
                    f"{self.data} holds data of PostgreSQL {found}, and this is PostgreSQL {self.version}: "
                    "start that version or choose another data folder."
                )
            if self._cluster.stat().st_uid != self._programs.account.pw_uid:
                name = self._programs.account.pw_name
                raise EmbeddedError(f"{self._cluster} does not belong to {name}, as whom PostgreSQL would run.")
            return
        self._sweep()
        if shutil.disk_usage(self.data).free < SPACE * 1_000_000:
            raise EmbeddedError(f"There is no space left for the data folder {self.data}: a new one takes {SPACE} MB.")
        new = self._programs.new_folder(self.data, "initdb-")
        options = ("--username=postgres", "--locale=C", "--encoding=UTF8", "--auth-local=trust", "--auth-host=reject")
        made = self._programs.run("initdb", *options, "--no-sync", f"--pgdata={new}")
        if made.returncode == 0:
            single = ("--single", *_options(UNDURABLE), "-D", str(new), "postgres")
            made = self._programs.run("postgres", *single, text="CREATE DATABASE desmigratif\n")
        if made.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise EmbeddedError(f"initdb cannot make a database in {self.data}.\n{made.stderr.strip()[-1000:]}")
        if self.durable:
            os.sync()
        new.rename(self._cluster)

    def _run(self, deadline: float) -> None:
        """Adopts the server that was left running, or spawns one; waits while it recovers."""
        spawned = False
        while time.monotonic() < deadline:
            if self._process is None and self._postmaster() is None:
                self._spawn()
                spawned = True
            if self._answers():
                if not self.durable or self._ask("SHOW fsync") == "on":
                    return
                self._halt()  # left by an owner that cared less for the data
            if self._process is not None and self._process.poll() is not None:
                self._process = None
                # The children of a killed postmaster hold its memory until they notice; and a server whose owner
                # was killed as it started can be faster than ours. Anything else is final.
                memory_held = "pre-existing shared memory block" in self._tail()
                if spawned and self._postmaster() is None and not memory_held:
                    raise EmbeddedError(f"PostgreSQL does not start in {self.data}.\n{self._tail()}")
            time.sleep(PAUSE)
        raise EmbeddedError(f"PostgreSQL in {self.data} did not answer in {PATIENCE:.0f} seconds.\n{self._tail()}")

    def _spawn(self) -> None:
        if not SOCKET_PATH.fullmatch(str(self._socket / SOCKET_FILE)):
            self._socket = self._programs.new_folder(self._programs.temporary_folder(), "desmigratif-")
        elif not self._socket.exists():
            self._programs.new_folder(self._socket.parent, "socket-").rename(self._socket)
        (self._socket / SOCKET_FILE).unlink(missing_ok=True)  # of a killed server, its number may be in use as well
        self._log.touch(0o600)
        if self._log.stat().st_size > 1_000_000:
            self._log.replace(self._log.with_name("postgresql.log.1"))
            self._log.touch(0o600)
        self._log_start = self._log.stat().st_size
        settings = SETTINGS | {"unix_socket_directories": str(self._socket)} | ({} if self.durable else UNDURABLE)
        arguments = ("-D", str(self._cluster), *_options(settings))
        self._process = self._programs.spawn("postgres", *arguments, log=self._log)

    def _halt(self) -> None:
        for mode in ("fast", "immediate"):  # fast is SIGINT; immediate is for a server that does not heed it
            if self._postmaster() is not None:
                options = (f"--mode={mode}", f"--timeout={PATIENCE:.0f}", f"--pgdata={self._cluster}")
                self._programs.run("pg_ctl", "stop", *options)
        if self._process is not None:
            self._process.wait(PATIENCE)
            self._process = None

    def _postmaster(self) -> Postmaster | None:
        """The running server of this cluster. The file of one that was killed is removed: its number may be in use."""
        if self._process is not None:
            self._process.poll()  # otherwise a killed child still counts as a process
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
        return Postmaster(int(lines[0]), Path(lines[4]), ready=len(lines) > 7 and lines[7].strip() == "ready")

    def _answers(self) -> bool:
        """Whether the server lets us in: the test connection."""
        found = self._postmaster()
        if found is None or not found.ready:
            return False
        self._socket = found.socket
        return self._ask("SELECT 1") == "1"

    def _ask(self, question: str) -> str:
        return self._programs.run("psql", "-XAtc", question, self.dsn("postgres")).stdout.strip()

    def _tail(self) -> str:
        with suppress(OSError), self._log.open(errors="replace") as log:
            log.seek(self._log_start)
            return "".join(log.readlines()[-8:]).strip()
        return ""


@contextmanager
def temporary(version: Version = "18") -> Iterator[Embedded]:
    """A server that is not durable, in a folder of its own that goes when the block ends: for tests."""
    programs = Programs(version)
    folder = programs.new_folder(programs.temporary_folder(), "desmigratif-")
    try:
        with Embedded(folder / "data", version, durable=False) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options(settings: dict[str, str]) -> list[str]:
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
