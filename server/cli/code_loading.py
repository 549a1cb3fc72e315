"""Loading a list from a file at the command line: what it would change, then the load itself.

Rule: the dry run prints the same difference that a load applies; the same code twice in a file is a bad row.
Test: tests/test_cli_codes.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from registry.codes.catalogue import LONGEST
from registry.codes.open_lists import OpenList
from registry.models.audit import CODE_LIST
from registry.models.reference import MOST_CODES
from registry.values.civil_day import civil_day
from registry.values.csv_file import BadRow, FileError, content_of, csv_lines
from registry.values.text import clean
from registry.write.agency import AGENCIES
from registry.write.code_list import code_lists, loadable, set_origin
from registry.write.loadable import Difference, Loadable, Values, apply, compare
from registry.write.shell import shell
from server.cli.operator import operator
from server.cli.tables import print_line, print_some

HEADINGS = {
    "name": "List",
    "codes": "Codes",
    "ended": "Ended",
    "version": "Version",
    "loaded_at": "Loaded at",
    "source": "Source",
}


class CodeListError(Exception):
    """Why a list is not loaded."""


@dataclass
class Loaded:
    """What became of a file: codes by outcome, and bad rows."""

    name: str
    dry_run: bool
    difference: Difference
    bad: list[BadRow] = field(default_factory=list)

    def as_document(self) -> dict[str, Any]:
        """All of it, for programs."""
        difference = self.difference
        return {
            "list": self.name,
            "dryRun": self.dry_run,
            "new": [*difference.new],
            "changed": [*difference.changed],
            "ended": [*difference.ended],
            "unchanged": [*difference.unchanged],
            "bad": [{"file": row.file, "line": row.line, "reason": row.reason} for row in self.bad],
        }


async def overview(dsn: str) -> list[dict[str, Any]]:
    """Every list that may be loaded."""
    async with shell(dsn, operator()) as work:
        return await code_lists(work.tx)


async def load(dsn: str, name: str, path: Path, source: str | None, *, dry_run: bool) -> Loaded:
    """Load a file as the whole list of this name.  Raises FileError if it cannot be read, and CodeListError."""
    target = _target(name)
    source = clean(source or "")
    if source is not None and len(source) > LONGEST:
        raise CodeListError(f"The source is too long: at most {LONGEST} characters.")
    listed, bad = read(target, path)
    async with shell(dsn, operator(), dry_run=dry_run) as work:
        difference = await compare(work.tx, target, listed, civil_day())
        if difference.total > MOST_CODES:
            raise CodeListError(f"The list would have {difference.total} codes: it has at most {MOST_CODES}.")
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(name, total=len(difference))
            await apply(work.tx, target, difference, lambda: progress.advance(task))
        changed = len(difference) > 0
        if target is not AGENCIES:
            changed = await set_origin(work.tx, name, source, changed=changed)
        await work.audit_action(CODE_LIST, f"codes load {name}", changed=changed)
    return Loaded(name, dry_run, difference, bad)


def _target(name: str) -> Loadable:
    """The list of this name.  Raises CodeListError."""
    if name == AGENCIES.name:
        return AGENCIES
    if name not in OpenList.every:
        raise CodeListError(
            f"There is no such list to load: use {', '.join(sorted([AGENCIES.name, *OpenList.every]))}."
        )
    return loadable(OpenList.every[name])


def read(target: Loadable, path: Path) -> tuple[dict[str, Values], list[BadRow]]:
    """The good rows of a file by their keys, and the bad ones.  Raises FileError if there is no good one."""
    listed: dict[str, Values] = {}
    lines: dict[str, int] = {}
    bad: list[BadRow] = []
    for line, cells in _cells(target, path):
        if isinstance(cells, BadRow):
            bad.append(cells)
            continue
        try:
            key, values = target.read(cells, len(lines) + 1)
        except ValueError as error:
            bad.append(BadRow(path.name, line, str(error)))
            continue
        if key in lines:
            bad.append(BadRow(path.name, line, f"{key} is on line {lines[key]} already"))
            continue
        lines[key], listed[key] = line, values
    if not listed:
        raise FileError(f"{path}: it has no row that can be used{f': {bad[0]}' if bad else ''}")
    return listed, bad


def _cells(target: Loadable, path: Path) -> Iterator[tuple[int, dict[str, str] | BadRow]]:
    """Every line below the heading by its columns, or why it has none."""
    columns: list[str] = []
    for first, line, cells in csv_lines(path.name, content_of(path)):
        if isinstance(cells, BadRow):
            yield line, cells
        elif first:
            columns = [cell.strip() for cell in cells]
            if twice := [name for name in target.columns if columns.count(name) > 1]:
                raise FileError(
                    f"{path}: the heading has the column {twice[0]} twice; write {','.join(target.columns)}"
                )
            if missing := [name for name in target.needed if name not in columns]:
                raise FileError(f"{path}: the heading has no column {missing[0]}; write {','.join(target.columns)}")
        elif len(cells) == len(columns):
            yield line, dict(zip(columns, cells, strict=True))
        elif any(cell.strip() for cell in cells):
            yield line, BadRow(path.name, line, f"{len(cells)} columns where {len(columns)} are expected")


def report(loaded: Loaded, console: Console) -> None:
    """Print what became of a file, for people."""
    difference = loaded.difference
    for kind, keys in (("new", difference.new), ("changed", difference.changed), ("ended", difference.ended)):
        print_some(console, f"{kind:<7}  ", [*keys])
    for row in loaded.bad:
        print_line(console, f"bad row  {row}")
    counts = f"{len(difference.new)} new, {len(difference.changed)} changed, {len(difference.ended)} ended"
    print_line(console, f"{loaded.name}: {counts}, {len(difference.unchanged)} as before, {len(loaded.bad)} bad rows")
    if loaded.dry_run:
        print_line(console, "Nothing was written.")
