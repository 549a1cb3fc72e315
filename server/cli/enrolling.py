"""Adding programmes and enrolling villages from the command line.

Rule: a row of a file is judged as the API judges it; the same village twice in a file is a bad row.
Test: tests/test_cli_programmes.py.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from auth.area import NATIONAL
from registry.regions.village_list import ListedVillage, read_villages
from registry.values.civil_day import civil_day
from registry.values.csv_file import BadRow
from registry.values.text import clean, counted
from registry.write.programme import (
    ABILITY,
    Enrolment,
    find_programme,
    find_target,
    programmes_with_villages,
    put_enrolment,
    put_programme,
)
from registry.write.shell import Shell, carry_out, sentences, shell
from registry.write.user_errors import Refused
from server.cli.operator import operator
from server.cli.tables import print_line, print_some

HEADINGS = {
    "code": "Code",
    "name": "Name",
    "agency": "Agency",
    "villages": "Villages",
    "ended": "Ended",
    "since": "Since",
}


class ProgrammeError(Exception):
    """Why a verb of programmes does nothing."""


# --- add and list -----------------------------------------------------------------------------------------------------


async def add(dsn: str, code: str, name: str, agency: str) -> str:
    """Add a programme or change it, and return the sentence that says which.  Raises ShellRefused."""
    sent = {"code": clean(code), "name": clean(name), "agency": clean(agency)}

    async def act(work: Shell) -> str:
        id_ = await find_programme(work.tx, sent["code"])
        effect = await put_programme(work.tx, id_ or uuid.uuid4(), sent)
        await work.audit(ABILITY, effect.record, "programme add", changed=effect.changed)
        if not effect.changed:
            return "Nothing to change."
        return f"{sent['code']} is changed." if id_ else f"{sent['code']} is added."

    return await carry_out(dsn, operator(), ABILITY, "programme add", act)


async def programmes(dsn: str) -> list[dict[str, Any]]:
    """Every programme with its villages."""
    async with shell(dsn, operator()) as work:
        return await programmes_with_villages(work.tx)


# --- enrol ------------------------------------------------------------------------------------------------------------


@dataclass
class EnrolledVillages:
    """What became of a file: codes of the villages by outcome, notes about lines that were used, and bad rows."""

    programme: str
    dry_run: bool
    enrolled: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[BadRow] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def as_document(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "programme": self.programme,
            "dryRun": self.dry_run,
            "enrolled": self.enrolled,
            "unchanged": self.unchanged,
            "notes": [_line(row) for row in self.notes],
            "bad": [_line(row) for row in self.bad],
        }


def _line(row: BadRow) -> dict[str, Any]:
    return {"file": row.file, "line": row.line, "reason": row.reason}


async def enrol(
    dsn: str, path: Path, programme: str | None, year: int | None, decree: str | None, *, dry_run: bool
) -> EnrolledVillages:
    """Enrol the villages of a file.  Raises FileError if it cannot be read, and ProgrammeError."""
    rows = read_villages(path)
    async with shell(dsn, operator(), dry_run=dry_run) as work:
        enrolled = EnrolledVillages(await _programme(work, programme), dry_run)
        defaults = year or civil_day().year, clean(decree or "")
        lines: dict[uuid.UUID, int] = {}
        progress = track(rows, "villages", console=Console(stderr=True), transient=True)
        for row in progress:
            if isinstance(row, BadRow):
                enrolled.bad.append(row)
            else:
                await _enrol(work, enrolled, row, defaults, lines)
    return enrolled


async def _programme(work: Shell, code: str | None) -> str:
    """The code of the programme; the only one if none is given.  Raises ProgrammeError."""
    codes = [row["code"] for row in await programmes_with_villages(work.tx)]
    if code in codes:
        return str(code)
    if not codes:
        raise ProgrammeError("There is no programme: add one by `desmigratif programme add`.")
    if code is None and len(codes) == 1:
        return str(codes[0])
    raise ProgrammeError(f"Say which programme: --programme {', '.join(codes)}.")


async def _enrol(
    work: Shell,
    enrolled: EnrolledVillages,
    row: ListedVillage,
    defaults: tuple[int, str | None],
    lines: dict[uuid.UUID, int],
) -> None:
    """Enrol the village of one line, unless an earlier line of `lines` names it."""
    enrolment = Enrolment(row.code, enrolled.programme, row.year or defaults[0], row.decree or defaults[1])
    try:
        target = await find_target(work.tx, NATIONAL, enrolment)
        if (line := lines.setdefault(target.region_id, row.line)) != row.line:
            enrolled.bad.append(row.bad(f"the village is on line {line} already"))
            return
        effect = await put_enrolment(work.tx, target, enrolment)
    except Refused as refused:
        await work.audit_refusal(ABILITY, refused.codes, "programme enrol")
        enrolled.bad.append(row.bad(" ".join(sentences(refused.problems))))
        return
    await work.audit(ABILITY, effect.record, "programme enrol", changed=effect.changed)
    (enrolled.enrolled if effect.changed else enrolled.unchanged).append(row.code)
    if effect.warnings:
        enrolled.notes.append(row.bad(" ".join(sentences(effect.warnings))))


def report(enrolled: EnrolledVillages, console: Console) -> None:
    """Print what became of a file, for people."""
    print_some(console, "note     ", enrolled.notes)
    for row in enrolled.bad:
        print_line(console, f"bad row  {row}")
    counts = f"{len(enrolled.enrolled)} enrolled, {len(enrolled.unchanged)} enrolled already"
    print_line(console, f"{enrolled.programme}: {counts}, {counted(len(enrolled.bad), 'bad row')}")
    if enrolled.dry_run:
        print_line(console, "Nothing was written.")
