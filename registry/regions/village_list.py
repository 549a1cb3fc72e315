"""Lists of villages that an operator keeps, such as those of a programme: one file of village codes.

A line is `code`, `code,year` or `code,year,decree`; with a heading, its columns may stand in any order, beside others.
Rule: every line becomes a village or a bad row with its file and line; only blank lines are skipped.
Test: tests/test_village_list.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.regions.region_name import place
from registry.values.csv_file import BadRow, FileError, content_of, csv_lines
from registry.values.text import clean

COLUMNS = ["code", "year", "decree"]


@dataclass(frozen=True, slots=True)
class ListedVillage:
    """One village of a list; `year` and `decree` are None where the list does not say."""

    code: str
    year: int | None
    decree: str | None
    file: str
    line: int

    def bad(self, reason: str) -> BadRow:
        """This line as one that cannot be used."""
        return BadRow(self.file, self.line, f"{self.code}: {reason}")


def read_villages(path: Path) -> list[ListedVillage | BadRow]:
    """Every line of a CSV file.  Raises FileError if it cannot be read, has a wrong heading or no village."""
    rows = list(_rows(path.name, content_of(path)))
    if not rows:
        raise FileError(f"{path}: it has no village")
    return rows


def _rows(file: str, content: bytes) -> Iterator[ListedVillage | BadRow]:
    columns, least = COLUMNS, 1
    for first, line, cells in csv_lines(file, content):
        if isinstance(cells, BadRow):
            yield cells
        elif first and "code" in cells:
            columns, least = cells, len(cells)
        elif any(cell.strip() for cell in cells):
            if least <= len(cells) <= len(columns):
                yield _row(file, line, dict(zip(columns, cells, strict=False)))
            else:
                yield BadRow(file, line, f"{len(cells)} columns where {len(columns)} are expected")


def _row(file: str, line: int, record: dict[str, str]) -> ListedVillage | BadRow:
    code, year, decree = record["code"].strip(), record.get("year", "").strip(), clean(record.get("decree", ""))
    try:
        place(code)
    except ValueError as error:
        return BadRow(file, line, f"{code!r:.40}: {error}")
    if year and not (len(year) == 4 and year.isascii() and year.isdigit()):
        return BadRow(file, line, f"{code}: the year has four digits")
    return ListedVillage(code, int(year) if year else None, decree, file, line)
