"""Official region lists as they are published, read into rows.

Two layouts: the four CSV files of idn-area-data (a folder, or the .tgz that `npm pack` makes) and one file of
`code,name` (.csv or .csv.gz, with or without a heading).  Rule: every line of a list becomes a row, or a bad row with
its file and line; only blank lines are skipped, and nothing is unpacked to disk.  Test: tests/test_region_list.py.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import tarfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from registry.codes import RegionKind, RegionLevel
from registry.models.region import LONGEST_NAME
from registry.regions.region_name import place
from registry.values.csv_file import MAX_BYTES, BadRow, FileError, content_of, csv_lines

_FILES = {
    "provinces.csv": (RegionLevel.PROVINCE, ["code", "name"]),
    "regencies.csv": (RegionLevel.REGENCY, ["code", "province_code", "name"]),
    "districts.csv": (RegionLevel.DISTRICT, ["code", "regency_code", "name"]),
    "villages.csv": (RegionLevel.VILLAGE, ["code", "district_code", "name"]),
}


@dataclass(frozen=True, slots=True)
class ListedRegion:
    """One region of a list; level, kind and parent follow from the code."""

    code: str
    name: str
    level: RegionLevel
    kind: RegionKind
    parent_code: str | None
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a list: its publisher and licence, and the decree that it follows."""

    source: str
    decree: str | None = None
    effective_on: dt.date | None = None
    attribution: str | None = None


@dataclass(frozen=True, slots=True)
class RegionList:
    """The rows of a list, parents before children; `checksum` is the SHA-256 of its content, packed or not."""

    rows: list[ListedRegion]
    bad: list[BadRow]
    checksum: str
    origin: Origin


_IDN_AREA_DATA = Origin("idn-area-data", attribution="idn-area-data, ODbL 1.0")

# Lists recognised by their content, because a file name proves no decree.
_ORIGINS = {
    "a00d8dda61fddc779f492761cbaa2fab7c7db498051e13256e939aeae470e9de": Origin(
        "idn-area-data 4.0.1", "Kepmendagri 300.2.2-2138/2025", dt.date(2025, 4, 25), "idn-area-data, ODbL 1.0"
    ),
    "9edfd2a63160f1613d92397faa48804773451e9200079c652384747596a41a99": Origin(
        "kodewilayah/permendagri-72-2019", "Permendagri 72/2019", dt.date(2019, 10, 8), "kodewilayah, CC0 1.0"
    ),
}


def read_list(path: Path) -> RegionList:
    """Read a folder, .tgz, .csv or .csv.gz.  Raises FileError for anything else; bad lines are in the result."""
    files = _files(path)
    is_idn_area_data = len(files) > 1
    checksum = hashlib.sha256(b"".join(files.values())).hexdigest()
    origin = _ORIGINS.get(checksum, _IDN_AREA_DATA if is_idn_area_data else Origin(path.name))
    entries: list[ListedRegion | BadRow] = []
    for name, content in files.items():
        entries += _entries(name, content, _FILES[name] if is_idn_area_data else None)
    rows, misfits = _tree([entry for entry in entries if isinstance(entry, ListedRegion)])
    bad = misfits + [entry for entry in entries if isinstance(entry, BadRow)]
    order = list(files)
    bad.sort(key=lambda row: (order.index(row.file), row.line))
    return RegionList(rows, bad, checksum, origin)


def _files(path: Path) -> dict[str, bytes]:
    """The list's files by name, provinces first; one file of `code,name`, or all four of idn-area-data."""
    try:
        if path.is_dir():
            folder = path if (path / "villages.csv").exists() else path / "data"
            files = {name: content_of(folder / name) for name in _FILES if (folder / name).is_file()}
        elif path.name.endswith((".tgz", ".tar.gz")):
            files = _members(content_of(path))
        else:
            return {path.name: content_of(path)}
    except (OSError, EOFError, tarfile.TarError) as error:
        raise FileError(f"{path}: cannot be read ({error})") from error
    if missing := [name for name in _FILES if name not in files]:
        raise FileError(f"{path}: {', '.join(missing)} not found")
    return {name: files[name] for name in _FILES}


def _members(archive: bytes) -> dict[str, bytes]:
    """The four files of an archive, in whichever folder.  Members are only read, and under our own names."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        for member in tar:
            name = PurePosixPath(member.name).name
            if name not in _FILES or not member.isreg():
                continue
            file = tar.extractfile(member)
            if file is None:
                continue
            if name in files:
                raise FileError(f"the archive holds {name} twice")
            if member.size > MAX_BYTES:  # a sparse member may claim more than the archive holds
                raise FileError(f"{name}: larger than {MAX_BYTES // 2**20} MiB")
            files[name] = file.read()
    return files


def _entries(
    file: str, content: bytes, expected: tuple[RegionLevel, list[str]] | None
) -> Iterator[ListedRegion | BadRow]:
    """Every line of one file as a row or a bad row; `expected` is the level and heading that idn-area-data gives it."""
    columns = expected[1] if expected else ["code", "name"]
    for first, line, cells in csv_lines(file, content):
        if isinstance(cells, BadRow):
            yield cells
            continue
        if first and expected and cells != columns:
            raise FileError(f"{file}: the heading must be {','.join(columns)}")
        if first and cells[:1] == ["code"]:
            if "name" not in cells:
                raise FileError(f"{file}: the heading must have the columns code and name")
            columns = cells
        elif cells:
            yield _row(file, line, columns, cells, expected)


def _row(
    file: str, line: int, columns: list[str], cells: list[str], expected: tuple[RegionLevel, list[str]] | None
) -> ListedRegion | BadRow:
    if len(cells) != len(columns):
        return BadRow(file, line, f"{len(cells)} columns where {len(columns)} are expected")
    record = dict(zip(columns, cells, strict=True))
    code, name = record["code"].strip(), record["name"].strip()
    try:
        level, kind, parent = place(code)
    except ValueError as error:
        return BadRow(file, line, f"{code!r:.40}: {error}")
    if expected and level is not expected[0]:
        return BadRow(file, line, f"{code}: a code of another level")
    if expected and parent and record[columns[1]].strip() != parent:
        return BadRow(file, line, f"{code}: {columns[1]} differs from the code")
    if not any(c.isalnum() for c in name):
        return BadRow(file, line, f"{code}: no name")
    if len(name) > LONGEST_NAME or any(unicodedata.category(c) == "Cc" for c in name):
        return BadRow(file, line, f"{code}: name too long or with control characters")
    return ListedRegion(code, name, level, kind, parent, file, line)


def _tree(rows: list[ListedRegion]) -> tuple[list[ListedRegion], list[BadRow]]:
    """The rows that form a tree, parents first.

    Bad rows are all lines of a code with different names, because nobody can decide which is right, a line that repeats
    another, and orphans with all below them."""
    lines: dict[str, list[ListedRegion]] = {}
    for row in sorted(rows, key=lambda row: (len(row.code), row.code)):  # stable: keeps the order of one code's lines
        lines.setdefault(row.code, []).append(row)
    tree: dict[str, ListedRegion] = {}
    bad: list[BadRow] = []
    for code, (first, *others) in lines.items():
        parent = first.parent_code
        if any(row.name != first.name for row in others):
            numbers = " and ".join(str(row.line) for row in (first, *others))
            fault = f"lines {numbers} give it different names"
            bad += [BadRow(row.file, row.line, f"{code}: {fault}") for row in lines[code]]
        elif parent is not None and parent not in tree:
            fault = f"parent {parent} could not be used" if parent in lines else f"parent {parent} is not in the list"
            bad += [BadRow(row.file, row.line, f"{code}: {fault}") for row in lines[code]]
        else:
            tree[code] = first
            bad += [BadRow(row.file, row.line, f"{code}: already on line {first.line}") for row in others]
    return list(tree.values()), bad
