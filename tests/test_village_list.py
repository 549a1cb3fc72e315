"""Lists of villages: every line is a village or a bad row with its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.regions.village_list import ListedVillage, read_villages
from registry.values import csv_file
from registry.values.csv_file import BadRow, FileError


def read(tmp_path: Path, content: str | bytes) -> list[tuple[int, object]]:
    """Each line's number, with what it holds or why it cannot be used."""
    path = tmp_path / "villages.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows: list[tuple[int, object]] = []
    for row in read_villages(path):
        assert row.file == "villages.csv"
        if isinstance(row, ListedVillage):
            rows.append((row.line, (row.code, row.year, row.decree)))
        else:
            rows.append((row.line, row.reason))
    return rows


def test_a_line_has_a_code_and_perhaps_a_year_and_a_decree(tmp_path: Path) -> None:
    content = '35.07.11.2008\n\n52.03.21.2002,2019\n 35.07.11.2009 , 2016 ,"Kepmenaker 59/2017, dua"\n'
    assert read(tmp_path, content) == [
        (1, ("35.07.11.2008", None, None)),
        (3, ("52.03.21.2002", 2019, None)),
        (4, ("35.07.11.2009", 2016, "Kepmenaker 59/2017, dua")),
    ]


def test_a_heading_names_the_columns_in_any_order_beside_others(tmp_path: Path) -> None:
    content = (
        "\ufeffname,year,code\r\nArjowilangun,2019,35.07.11.2008\r\nKalirejo,,35.07.11.2009\r\nX,35.07.11.2010\r\n"
    )
    assert read(tmp_path, content) == [
        (2, ("35.07.11.2008", 2019, None)),
        (3, ("35.07.11.2009", None, None)),
        (4, "2 columns where 3 are expected"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("3507112008", "code without dots"),
        ("Arjowilangun", "not a Kemendagri code"),
        ("35.07.11.2008,19", "the year has four digits"),
        ("35.07.11.2008,٢٠١٩", "the year has four digits"),
        ("35.07.11.2008,2019,x,y", "4 columns where 3"),
        ('35.07.11.2008,"2019', "not CSV"),
    ],
)
def test_a_line_that_cannot_be_used_says_why(tmp_path: Path, line: str, reason: str) -> None:
    (row,) = read(tmp_path, f"{line}\n")
    assert row[0] == 1
    assert reason in str(row[1])


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content, sentence in (
        (b"", "no village"),
        (b"code,year\n", "no village"),
        (b"ok\n\xff\n", "villages.csv:2: not UTF-8"),
    ):
        with pytest.raises(FileError, match=sentence):
            read(tmp_path, content)
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(FileError, match=r"no such file|cannot be read"):
            read_villages(path)
    monkeypatch.setattr(csv_file, "MAX_BYTES", 20)
    with pytest.raises(FileError, match="larger"):
        read(tmp_path, "35.07.11.2008\n" * 2)


def test_a_bad_row_is_printed_with_file_and_line() -> None:
    row = ListedVillage("35.07.11.2008", None, None, "villages.csv", 7)
    assert str(row.bad("unknown")) == str(BadRow("villages.csv", 7, "35.07.11.2008: unknown"))
    assert str(row.bad("unknown")) == "villages.csv:7: 35.07.11.2008: unknown"
