"""A copy of the project to which a noun is added that the registry does not have, as README.md explains.

tests/loan.py is a noun of the household, tests/workshop.py one of a village; tests/test_new_noun.py adds both.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from server.database.migrate import served_versions

ROOT = Path(__file__).parents[1]
COPIED = ("auth", "registry", "schema", "server", "migrations", "tests", "pyproject.toml")
Edit = tuple[str, str, str]
"""A file, a text that stands in it once, and what stands in its place afterwards."""


@dataclass(frozen=True, eq=False)
class NewNoun:
    """A noun, part by part: `files` are the path and text of each part, `edits` those that change a file of ours.

    Its migration is drafted from `tables`, Python expressions of SQLAlchemy's tables after `imports`."""

    name: str
    files: Mapping[str, tuple[str, str]]
    imports: str
    tables: str
    edits: Mapping[str, tuple[Edit, ...]] = field(default_factory=dict)

    @property
    def migration_file(self) -> str:
        return f"migrations/versions/{self.name}.py"

    @property
    def paths(self) -> set[str]:
        """Every file that a part of it writes or changes."""
        edited = {path for edits in self.edits.values() for path, _, _ in edits}
        return {self.migration_file, *edited, *(path for path, _ in self.files.values())}


MIGRATION = '''
"""The tables of a new noun."""

from alembic import op

revision = "{name}"
down_revision = "{head}"
branch_labels = None
depends_on = None

TABLES = """
{tables}
"""


def upgrade() -> None:
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
'''
DRAFT = """
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable
from registry.guard import wall
from registry.models.noun import table_of
{imports}
for table in ({tables},):
    for part in (CreateTable(table), *map(CreateIndex, sorted(table.indexes, key=lambda index: index.name))):
        print(str(part.compile(dialect=postgresql.dialect())).strip() + ";")
"""


@dataclass(frozen=True)
class Copy:
    """A copy of the project in a folder of its own."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that finds only the packages of the copy."""
        return os.environ | {"PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments."""
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text.lstrip())

    def edit(self, path: str, before: str, after: str) -> None:
        """Replace `before`, which occurs once, with `after`."""
        text = (self.root / path).read_text()
        assert text.count(before) == 1, f"{path}: {before}"
        (self.root / path).write_text(text.replace(before, after))

    def add(self, noun: NewNoun, without: Iterable[str] = ()) -> None:
        """Add the noun, part by part; `without` names the parts to forget."""
        for part, (path, text) in noun.files.items():
            if part not in without:
                self.write(path, text)
        for part, edits in noun.edits.items():
            for path, before, after in edits if part not in without else ():
                self.edit(path, before, after)
        if "migration" not in without:
            self.write(noun.migration_file, _migration(self, noun))

    @contextmanager
    def restored(self, noun: NewNoun) -> Iterator[None]:
        """Restore the files of the noun to their current text."""
        paths = [self.root / path for path in noun.paths]
        texts = {path: path.read_text() if path.exists() else None for path in paths}
        try:
            yield
        finally:
            for path, text in texts.items():
                if text is None:
                    path.unlink(missing_ok=True)
                else:
                    path.write_text(text)


def copy_project(folder: Path) -> Copy:
    """Copy the project as it is, with the files that git tracks or would add."""
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *COPIED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in files:
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    copy = Copy(folder)
    compiled = copy.run("-m", "compileall", "-q", "--invalidation-mode", "checked-hash", *COPIED[:4])
    assert compiled.returncode == 0, compiled.stdout
    return copy


@cache
def _migration(copy: Copy, noun: NewNoun) -> str:
    draft = copy.run("-c", DRAFT.format(imports=noun.imports, tables=noun.tables))
    assert draft.returncode == 0, draft.stderr
    head, *_ = served_versions(copy.root / "migrations" / "versions")
    return MIGRATION.format(name=noun.name, head=head, tables=draft.stdout)


LIBRARIES = (
    "asyncpg cryptography.hazmat.primitives.ciphers.aead jwt sqlalchemy.dialects.postgresql starlette.applications"
)
SERVER = f"""
import importlib, os, sys
for name in "{LIBRARIES} strawberry".split():
    importlib.import_module(name)
for code in sys.stdin:
    if not os.fork():
        try:
            exec(code)
            print("it starts", flush=True)
        except Exception as error:
            print(f"{{type(error).__name__}}: {{error}}", flush=True)
        os._exit(0)
    os.wait()
"""
"""Runs each line that it reads in a process of its own, with the libraries but none of our modules loaded."""


class Starter:
    """Finds the error with which a copy does not start."""

    def __init__(self, copy: Copy) -> None:
        command = [sys.executable, "-c", SERVER]
        self._process = subprocess.Popen(
            command, cwd=copy.root, env=copy.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def refusal(self, code: str) -> str:
        """The error of one line of Python."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{code}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.communicate()
