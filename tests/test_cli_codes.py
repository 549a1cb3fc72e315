"""Code lists from the command line: a ministry adds skills and ends them, and no record loses its label."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from registry.codes.open_lists import SKILL
from registry.values.civil_day import civil_day
from server.database.embedded import Embedded
from server.database.migrate import migrate
from tests.test_cli import ask, run

HEADING = "code,label_id,label_en\n"
ROWS = "SELECT code, label_id, label_en, sort, valid_from, valid_to FROM reference_code WHERE list = $1 ORDER BY sort"


@pytest.fixture
async def database(fresh: Any, anyio_backend: str) -> str:
    """The name of a database as `migrate` leaves it."""
    return str(await fresh())


@pytest.fixture
def dsn(postgres: Embedded, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its owner's login, who is no superuser."""
    role = f"operator_{database}"
    ask(postgres.dsn(database), f"CREATE ROLE {role} LOGIN IN ROLE registry_owner")
    owner = postgres.dsn(database, user=role)
    monkeypatch.setenv("OWNER_DATABASE_URL", owner)
    return owner


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: str) -> str:
        path = tmp_path / "list.csv"
        path.write_text(content)
        return str(path)

    return write


def fetch(dsn: str, query: str, *values: str) -> list[tuple[Any, ...]]:
    async def run_query() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(dsn, server_settings={"search_path": "registry"})
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    return [tuple(row) for row in asyncio.run(run_query())]


def codes(dsn: str, list_: str = "SKILL") -> dict[str, tuple[Any, ...]]:
    """Code to labels, place and days."""
    return {row[0]: row[1:] for row in fetch(dsn, ROWS, list_)}


def origin(dsn: str, list_: str = "SKILL") -> tuple[Any, ...]:
    """Source, version and time of loading."""
    return fetch(dsn, "SELECT source, version, loaded_at FROM reference_list WHERE name = $1", list_)[0]


def audit(dsn: str) -> list[tuple[Any, ...]]:
    return fetch(dsn, "SELECT ability, outcome, note FROM audit_event ORDER BY id")


WEAVING = HEADING + "WEAVING,Tenun,weaving\nBAKING,Membuat roti,\n"


def test_a_file_adds_codes_and_running_it_again_changes_nothing(dsn: str, file: Any) -> None:
    before, path = codes(dsn), file(WEAVING)
    assert run("codes", "load", "SKILL", path, "--source", "Kepmenaker 1/2026") == 0
    first = origin(dsn)
    stored = codes(dsn)
    assert stored == before | {
        "WEAVING": ("Tenun", "weaving", len(before) + 1, None, None),
        "BAKING": ("Membuat roti", "Membuat roti", len(before) + 2, None, None),
    }
    assert first[0] == "Kepmenaker 1/2026"
    assert run("codes", "load", "SKILL", path) == 0
    assert (codes(dsn), origin(dsn)) == (stored, first)
    assert audit(dsn) == [
        ("codes:load", "ACCEPTED", "codes load SKILL"),
        ("codes:load", "UNCHANGED", "codes load SKILL"),
    ]


def test_a_dry_run_says_what_a_load_changes_and_writes_nothing(
    dsn: str, file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before, path = (codes(dsn), origin(dsn)), file(WEAVING)
    assert run("codes", "load", "SKILL", path, "--dry-run", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (codes(dsn), origin(dsn)) == before
    assert audit(dsn) == []
    assert run("codes", "load", "SKILL", path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == document | {"dryRun": False}
    assert (document["new"], document["changed"], document["ended"]) == (["WEAVING", "BAKING"], [], [])


def test_a_code_that_a_later_file_lacks_ends_and_is_never_removed(dsn: str, file: Any) -> None:
    assert run("codes", "load", "SKILL", file(WEAVING)) == 0
    assert run("codes", "load", "SKILL", file(HEADING + "BAKING,Membuat roti,baking\n")) == 0
    stored = codes(dsn)
    assert stored["WEAVING"][-1] == civil_day()
    assert stored["BAKING"][1] == "baking"
    assert {code for code, row in stored.items() if row[-1] is not None} == {"WEAVING"}  # those of the program stay
    assert stored.keys() > SKILL.codes.keys()
    assert run("codes", "load", "SKILL", file(WEAVING)) == 0  # it begins again
    assert (codes(dsn))["WEAVING"][-1] is None


def test_a_code_that_has_ended_keeps_its_last_day(dsn: str, file: Any) -> None:
    ended = "code,label_id,label_en,valid_to\nWEAVING,Tenun,weaving,2025-06-30\n"
    assert run("codes", "load", "SKILL", file(ended)) == 0
    assert run("codes", "load", "SKILL", file(HEADING + "BAKING,Membuat roti,baking\n")) == 0
    assert codes(dsn)["WEAVING"][-1] == dt.date(2025, 6, 30)


def test_a_file_may_end_a_code_of_the_program_and_give_it_other_words(
    dsn: str, file: Any, postgres: Embedded, database: str
) -> None:
    line = "code,valid_to,label_id,label_en\nMAKE_UP,2026-12-31,Rias pengantin,bridal make-up\n"
    before = codes(dsn)
    assert run("codes", "load", "SKILL", file(line)) == 0
    changed = {"MAKE_UP": ("Rias pengantin", "bridal make-up", before["MAKE_UP"][2], None, dt.date(2026, 12, 31))}
    assert codes(dsn) == before | changed
    asyncio.run(migrate(postgres.dsn(database)))
    assert codes(dsn) == before | changed  # a list that was loaded is its operator's


def test_a_list_has_another_version_when_a_code_its_days_or_its_source_change(dsn: str, file: Any) -> None:
    heading = "code,label_id,label_en,valid_from,valid_to\n"
    loads = [
        (heading + "WEAVING,Tenun,weaving,,\n", "BPS"),
        (heading + "WEAVING,Tenun,weaving,2020-01-01,\n", "BPS"),
        (heading + "WEAVING,Tenun,weaving,2020-01-01,2030-12-31\n", "BPS"),
        (heading + "WEAVING,Tenun,weaving,2020-01-01,2030-12-31\n", "Kemnaker"),
    ]
    versions = [origin(dsn)[1]]
    for content, source in loads:
        assert run("codes", "load", "SKILL", file(content), "--source", source) == 0
        versions.append(origin(dsn)[1])
    assert len(set(versions)) == len(versions)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("weaving,Tenun,weaving", "has not the form"),
        ("WEAVING,,weaving", "label_id is missing"),
        (",Tenun,weaving", "code is missing"),
        ("WEAVING,Tenun", "2 columns where 3"),
        ("BAKING,Roti,bread", "is on line 2 already"),
        (f"WEAVING,{'x' * 201},weaving", "label_id: 200 at most"),
        (f"{'W' * 41},Tenun,weaving", "code: 40 at most"),
        ('"WEAVING,Tenun', "not CSV"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_stops_no_other(
    dsn: str, file: Any, line: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("codes", "load", "SKILL", file(f"{HEADING}BAKING,Membuat roti,baking\n{line}\n")) == 1
    output = capsys.readouterr().out
    assert "list.csv:3: " in output
    assert reason in output
    assert (codes(dsn)).keys() == {*SKILL.codes, "BAKING"}


@pytest.mark.parametrize("day", ["2026-13-01", "31-12-2026", "tomorrow"])
def test_a_day_that_is_none_is_a_bad_row(dsn: str, file: Any, day: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = f"code,label_id,valid_from,valid_to\nA,A,,\nWEAVING,Tenun,,{day}\nB,B,2026-02-01,2026-01-01\n"
    assert run("codes", "load", "SKILL", file(lines)) == 1
    output = capsys.readouterr().out
    assert "list.csv:3: valid_to is a day" in output
    assert "list.csv:4: valid_to is before valid_from" in output


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("NOTHING", WEAVING, "There is no such list to load: use "),
        ("COUNTRY", WEAVING, "There is no such list to load: use "),
        ("SEX", WEAVING, "There is no such list to load: use "),
        ("SKILL", "name,words\nA,B\n", "the heading has no column code"),
        ("SKILL", "code,label_id,code\nA,B,C\n", "the heading has the column code twice"),
        ("SKILL", HEADING, "it has no row that can be used"),
        ("SKILL", HEADING + ",,\n", "it has no row that can be used: list.csv:2: code is missing"),
    ],
)
def test_what_cannot_be_loaded_is_one_sentence(
    dsn: str, file: Any, name: str, content: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = codes(dsn)
    assert run("codes", "load", name, file(content)) == 1
    assert sentence in capsys.readouterr().err
    assert codes(dsn) == before


def test_a_list_has_at_most_so_many_codes(
    dsn: str, file: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.cli import code_loading

    monkeypatch.setattr(code_loading, "MOST_CODES", len(SKILL.codes) + 1)
    assert run("codes", "load", "SKILL", file(WEAVING)) == 1
    assert "at most" in capsys.readouterr().err
    assert (codes(dsn)).keys() == SKILL.codes.keys()


def test_the_lists_that_may_be_loaded_are_listed(dsn: str, file: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("codes", "load", "SKILL", file(WEAVING), "--source", "Kemnaker") == 0
    assert run("codes", "load", "SKILL", file(HEADING + "BAKING,Membuat roti,\n")) == 0
    capsys.readouterr()
    assert run("codes", "list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    skill = rows["SKILL"]
    assert (skill["codes"], skill["ended"], skill["source"]) == (len(SKILL.codes) + 1, 1, "Kemnaker")
    assert skill["loaded_at"] is not None
    assert rows["REFERRAL"]["loaded_at"] is None
    assert "SEX" not in rows
