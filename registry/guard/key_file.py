"""Key files: written whole or not at all, readable by their owner alone.

Rule: content is on the disk before its file has its name, so a kill leaves no half of one.
Tests: tests/test_vault_rotation.py, tests/test_signing_keys.py.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_new(path: Path, content: bytes) -> None:
    """Make a file, readable by its owner alone.  Raises FileExistsError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_beside(path: Path, content: bytes, like: os.stat_result | None = None) -> Path:
    """Make `<name>.new`, which nobody reads and the next call takes over; with the owner and the mode of `like`."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    write_new(new, content)
    if like is not None:
        if os.geteuid() == 0:
            os.chown(new, like.st_uid, like.st_gid)
        new.chmod(like.st_mode & 0o777)
    return new
