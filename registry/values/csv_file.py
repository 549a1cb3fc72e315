"""CSV files that an operator gives to a verb: read whole, within a bound, line by line with their numbers.

Rule: every line becomes something that is used, or a bad row with its file and line; only blank lines are skipped.
Tests: tests/test_region_list.py, tests/test_village_list.py, tests/test_cli_codes.py.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 64 * 2**20
"""Largest content read, after decompression; all regions of the country take 5 MB."""


class FileError(ValueError):
    """The path has no file that can be read, or one that is not what it should be."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that cannot be used, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


def content_of(path: Path) -> bytes:
    """The content of one file, decompressed by its ending; never more than MAX_BYTES are in memory.

    Raises FileError if it cannot be read or is larger."""
    try:
        with gzip.open(path, "rb") if path.suffix in (".gz", ".tgz") else path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise FileError(f"{path}: cannot be read, because it is damaged or no gzip file: copy it again") from None
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > MAX_BYTES:
        raise FileError(f"{path}: larger than {MAX_BYTES // 2**20} MiB")
    return content


def csv_lines(file: str, content: bytes) -> Iterator[tuple[bool, int, list[str] | BadRow]]:
    """Every line of a CSV file: whether it is the first, its number, and its cells or why it has none.

    Raises FileError for what is not UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileError(f"{file}:{line}: not UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line, first = 1, True
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield first, line, BadRow(file, line, f"not CSV ({error})")
            cells = []
        if cells is None:
            return
        yield first, line, cells
        line, first = reader.line_num + 1, False
