"""Region lists: every line is read or reported, in any packing; codes and names are parsed exactly."""

import datetime as dt
import gzip
import io
import os
import tarfile
import unicodedata
from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.codes import RegionKind, RegionLevel
from registry.regions.region_diff import CurrentRegion, plan
from registry.regions.region_list import ListedRegion, read_list
from registry.regions.region_name import normalise, place
from registry.values import csv_file
from registry.values.csv_file import FileError

MALANG = {
    "provinces.csv": "code,name\n35,Jawa Timur\n",
    "regencies.csv": "code,province_code,name\n35.07,35,Kabupaten Malang\n35.79,35,Kota Batu\n",
    "districts.csv": "code,regency_code,name\n35.07.11,35.07,Kalipare\n35.79.01,35.79,Batu\n",
    "villages.csv": "code,district_code,name\n35.07.11.2008,35.07.11,Arjowilangun\n35.79.01.1002,35.79.01,Sisir\n",
}


def folder(path: Path, parts: dict[str, str]) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in parts.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def archive(path: Path, parts: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return path


def one_file(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_is_equal_in_a_folder_and_in_an_archive(tmp_path: Path) -> None:
    loose = read_list(folder(tmp_path / "list", MALANG))
    packed = read_list(archive(tmp_path / "list.tgz", {f"package/data/{name}": text for name, text in MALANG.items()}))
    assert loose == packed
    assert loose.origin.attribution == "idn-area-data, ODbL 1.0"
    assert [row.code for row in loose.rows] == [
        "35", "35.07", "35.79", "35.07.11", "35.79.01", "35.07.11.2008", "35.79.01.1002",
    ]  # fmt: skip
    assert loose.rows[5] == ListedRegion(
        "35.07.11.2008", "Arjowilangun", RegionLevel.VILLAGE, RegionKind.RURAL_VILLAGE, "35.07.11", "villages.csv", 2
    )


def test_one_file_may_have_a_header_and_compression(tmp_path: Path) -> None:
    lines = "35.07,Kabupaten Malang\n35,Jawa Timur\n"
    bare = read_list(one_file(tmp_path / "a.csv", lines))
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write(lines)
    assert read_list(tmp_path / "a.csv.gz").checksum == bare.checksum
    assert [(row.code, row.line) for row in bare.rows] == [("35", 2), ("35.07", 1)]
    headed = read_list(one_file(tmp_path / "b.csv", "code,name,since\n35,Jawa Timur,\n35.07,Kabupaten Malang,2017\n"))
    assert [(row.code, row.name) for row in headed.rows] == [(row.code, row.name) for row in bare.rows]


def test_bad_lines_are_reported_with_their_numbers(tmp_path: Path) -> None:
    text = (
        "35,Jawa Timur\n"  # 1
        "3507,Kabupaten Malang\n"  # 2: undotted
        "35.70,Kabupaten Entah\n"  # 3: neither kabupaten nor kota
        "35.07\n"  # 4: a column too few
        "35.08, -\n"  # 5: no name
        "\n"  # 6: blank
        '35.09,"Dua\nbaris"\n'  # 7 and 8: a line end in a name
        "35.07.11,Kalipare\n"  # 9: orphan
        "35.07.11.2008,Arjowilangun\n"  # 10: orphan's child
        "35,Jawa Timur\n"  # 11: again
        "35.10,Kabupaten Banyuwangi\n"  # 12
        '35.11,"Kabupaten\n'  # 13: a quote that never closes
    )
    result = read_list(one_file(tmp_path / "list.csv", text))
    assert [row.code for row in result.rows] == ["35", "35.10"]
    assert [bad.line for bad in result.bad] == [2, 3, 4, 5, 7, 9, 10, 11, 13]
    assert str(result.bad[0]) == "list.csv:2: '3507': code without dots; only dotted Kemendagri codes are read"


COUNTRY = ["92,Papua Barat", "92.01,Kabupaten Contoh", "92.01.45,Wemak", "92.01.45.2004,Klalin Mos"]


@pytest.mark.parametrize(
    "extra", sorted({*permutations(["92.01.45.2005,Kamlin", "92.01.45.2005,Kwari", "92.01.45.2005,Kamlin"])}), ids=str
)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_contradicting_lines_are_all_refused_in_any_order(tmp_path: Path, extra: tuple[str, ...], first: bool) -> None:
    lines = [*extra, *COUNTRY] if first else [*COUNTRY, *extra]
    result = read_list(one_file(tmp_path / "list.csv", "\n".join(lines)))
    assert [row.code for row in result.rows] == ["92", "92.01", "92.01.45", "92.01.45.2004"]
    numbers = [n for n, line in enumerate(lines, 1) if line in extra]
    assert [bad.line for bad in result.bad] == numbers
    assert {bad.reason for bad in result.bad} == {
        f"92.01.45.2005: lines {' and '.join(map(str, numbers))} give it different names"
    }


def test_a_repeated_line_counts_once(tmp_path: Path) -> None:
    result = read_list(one_file(tmp_path / "list.csv", "\n".join([*COUNTRY, COUNTRY[3]])))
    assert result.rows[-1].name == "Klalin Mos"
    assert [str(bad) for bad in result.bad] == ["list.csv:5: 92.01.45.2004: already on line 4"]


def test_regions_below_a_contradiction_are_refused(tmp_path: Path) -> None:
    result = read_list(one_file(tmp_path / "list.csv", "\n".join([*COUNTRY, "92.01,Kota Contoh"])))
    assert [row.code for row in result.rows] == ["92"]
    assert [str(bad) for bad in result.bad] == [
        "list.csv:2: 92.01: lines 2 and 5 give it different names",
        "list.csv:3: 92.01.45: parent 92.01 could not be used",
        "list.csv:4: 92.01.45.2004: parent 92.01.45 could not be used",
        "list.csv:5: 92.01: lines 2 and 5 give it different names",
    ]


def test_parent_and_level_must_agree_with_the_code(tmp_path: Path) -> None:
    parts = MALANG | {
        "regencies.csv": "code,province_code,name\n35.07,33,Kabupaten Malang\n35,35,Jawa Timur\n35.79,35,Kota Batu\n"
    }
    result = read_list(folder(tmp_path / "list", parts))
    reported = [(bad.file, bad.line) for bad in result.bad]
    assert reported == [("regencies.csv", 2), ("regencies.csv", 3), ("districts.csv", 2), ("villages.csv", 2)]


def test_files_that_are_not_a_list_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torn.csv.gz").write_bytes(gzip.compress(b"35,Jawa Timur\n")[:-6])
    (tmp_path / "latin.csv").write_bytes("35,Jawa\n35.07,Caf\u00e9\n".encode("latin-1"))
    lacking = {name: text for name, text in MALANG.items() if name != "districts.csv"}
    cases = [
        (tmp_path / "nothing.csv", "no such file"),
        (tmp_path / "torn.csv.gz", "cannot be read"),
        (tmp_path / "latin.csv", "latin.csv:2: not UTF-8"),
        (folder(tmp_path / "lacking", lacking), r"districts\.csv not found"),
        (folder(tmp_path / "heading", MALANG | {"villages.csv": "id,name\n"}), "villages.csv: the heading"),
        (archive(tmp_path / "twice.tgz", {f"{a}{n}": t for a in ("", "b/") for n, t in MALANG.items()}), "twice"),
    ]
    for path, reason in cases:
        with pytest.raises(FileError, match=reason):
            read_list(path)
    monkeypatch.setattr(csv_file, "MAX_BYTES", 10)
    for path in (one_file(tmp_path / "long.csv", "35,Jawa Timur\n"), archive(tmp_path / "long.tgz", MALANG)):
        with pytest.raises(FileError, match="larger than"):
            read_list(path)


def test_reading_an_archive_writes_no_files(tmp_path: Path) -> None:
    outside = archive(tmp_path / "list.tgz", {f"../../{name}": text for name, text in MALANG.items()})
    assert len(read_list(outside).rows) == 7
    assert [path.name for path in tmp_path.iterdir()] == ["list.tgz"]


@given(st.integers(11, 99), st.integers(1, 99), st.integers(1, 99), st.integers(1, 3), st.integers(1, 999))
def test_a_code_gives_level_kind_and_parent(province: int, regency: int, district: int, kind: int, number: int) -> None:
    code = f"{province}.{regency:02}.{district:02}.{kind}{number:03}"
    if regency == 70:
        with pytest.raises(ValueError, match="regency"):
            place(code)
        return
    village = [RegionKind.URBAN_VILLAGE, RegionKind.RURAL_VILLAGE, RegionKind.CUSTOMARY_VILLAGE][kind - 1]
    assert place(code) == (RegionLevel.VILLAGE, village, code[:8])
    assert place(code[:8]) == (RegionLevel.DISTRICT, RegionKind.DISTRICT, code[:5])
    assert place(code[:5]) == (
        RegionLevel.REGENCY,
        RegionKind.CITY if regency > 70 else RegionKind.REGENCY,
        code[:2],
    )
    assert place(code[:2]) == (RegionLevel.PROVINCE, RegionKind.PROVINCE, None)
    with pytest.raises(ValueError, match="dots"):
        place(code.replace(".", ""))


@pytest.mark.parametrize(
    "code", ["", "9", "05", "35.", "35.7", "35.07.11.4001", "35.07.11.2000", "35.07.00", "٣٥", "35.07\n", " 35"]
)
def test_malformed_codes_are_refused(code: str) -> None:
    with pytest.raises(ValueError, match=r"code|digits"):
        place(code)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ('Soka"an', "sokaan"),
        ("N i a n", "nian"),
        ("Regapu’u", "regapuu"),
        ("LENEK  Lauk", "lenek lauk"),
        ("Pulau-Pulau Babar", "pulau pulau babar"),
        ("Café", "cafe"),
        ("100%_", "100"),
    ],
)
def test_names_are_searched_without_case_quotes_hyphens_and_doubled_spaces(name: str, key: str) -> None:
    assert normalise(name) == key


@given(st.text())
def test_a_normalised_name_is_stable_and_holds_words_only(name: str) -> None:
    key = normalise(name)
    assert normalise(key) == key
    assert all(c.isalnum() for c in key.replace(" ", ""))
    assert "  " not in key
    assert not any(unicodedata.combining(c) for c in key)


def real_list(name: str) -> Path:
    path = Path(os.environ.get("REGION_LISTS", "")) / name
    if not os.environ.get("REGION_LISTS") or not path.exists():
        pytest.skip(f"REGION_LISTS names no folder that holds {name}")
    return path


def test_the_whole_country_of_2025() -> None:
    result = read_list(real_list("idn-area-data-4.0.1.tgz"))
    assert Counter(row.level.value for row in result.rows) == {
        "PROVINCE": 38, "REGENCY": 514, "DISTRICT": 7_285, "VILLAGE": 83_762,
    }  # fmt: skip
    assert Counter(row.kind.value for row in result.rows)["CUSTOMARY_VILLAGE"] == 14
    assert result.bad == []
    assert result.origin.decree == "Kepmendagri 300.2.2-2138/2025"


def test_what_changed_between_2019_and_2025() -> None:
    old, new = read_list(real_list("kemendagri-2019.csv.gz")), read_list(real_list("idn-area-data-4.0.1.tgz"))
    assert [bad.reason for bad in old.bad] == ["13.02.02.1036: parent 13.02.02 is not in the list"]
    current = {row.code: CurrentRegion(row.code, row.name, dt.date(2019, 10, 8)) for row in old.rows}
    diff = plan(new, current, occupied={"73.10.05.1003", "52.03.21.2002"})
    villages = [region for region in diff.gone if len(region.code) == 13]
    assert len(villages) == 6_028  # of the 6,029 one is the orphan
    assert sum(row.level is RegionLevel.VILLAGE for row in diff.new) == 6_349
    assert diff.reused_with_data == ["73.10.05.1003"]  # was Tonasa, now Kassi
    assert diff.gone_with_data == []
    assert plan(old, current).changes is False
