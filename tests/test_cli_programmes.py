"""Programmes from the command line: an operator fills the Minister's sentence, and the audit says who it was."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import pwd
import secrets
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from auth.token import Keyring
from registry.guard.vault import Vault
from registry.models.audit import LONGEST_SHELL_USER
from server.cli.operator import operator
from server.database.embedded import Embedded
from server.http.app import create
from server.settings import Settings
from tests.test_cli import ask, run
from tests.village import FIXED

LIST = """code,name
35,Jawa Timur
35.07,Kabupaten Malang
35.07.11,Kalipare
35.07.11.2008,Arjowilangun
35.07.11.2009,Kalirejo
52,Nusa Tenggara Barat
52.03,Kabupaten Lombok Timur
52.03.21,Lenek
52.03.21.2002,Lenek Lauk
"""
HERE, NEXT_DOOR, FAR, OLD_CODE = "35.07.11.2008", "35.07.11.2009", "52.03.21.2002", "52.03.09.2005"
ADD = ("programme", "add", "DESMIGRATIF", "--name", "Desa Migran Produktif", "--agency", "Kemnaker")
ME = pwd.getpwuid(os.getuid()).pw_name
SUMMARY = "{ nationalSummary { provinces regencies villages } }"


@pytest.fixture
async def database(postgres: Embedded, fresh: Any, anyio_backend: str) -> str:
    """The name of an empty database, as `migrate` leaves it."""
    return str(await fresh())


@pytest.fixture
def dsn(postgres: Embedded, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its owner's login, who is not a superuser, with the map of two regencies and the code of another year."""
    administrator = postgres.dsn(database)
    path = tmp_path / "regions.csv"
    path.write_text(LIST)
    decree = ("--decree", "Permendagri 72/2019", "--effective-on", "2019-10-08")
    assert run("regions", "load", str(path), *decree, "--database", administrator) == 0
    role = f"operator_{database}"
    ask(administrator, f"CREATE ROLE {role} LOGIN IN ROLE registry_owner")
    ask(
        administrator,
        "INSERT INTO region_code (region_id, code, valid_from, valid_to)"
        f" SELECT id, '{OLD_CODE}', '2015-06-29', '2019-10-08' FROM region WHERE code = '{FAR}'",
    )
    owner = postgres.dsn(database, user=role)
    monkeypatch.setenv("OWNER_DATABASE_URL", owner)
    return owner


def audit(dsn: str) -> list[tuple[str | None, str, str]]:
    """User of the operating system, ability and outcome of each audit row that has no account."""

    async def fetch() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(dsn)
        try:
            query = (
                "SELECT shell_user, ability, outcome FROM registry.audit_event"
                " WHERE actor_id IS NULL AND ability <> 'regions:load' ORDER BY id"
            )
            return list(await connection.fetch(query))
        finally:
            await connection.close()

    return [tuple(row) for row in asyncio.run(fetch())]


def enrolments(dsn: str) -> set[tuple[str, int, str | None]]:
    text = ask(
        dsn,
        "SELECT json_agg(json_build_array(r.code, e.year, e.decree)) FROM registry.village_enrolment e"
        " JOIN registry.region r ON r.id = e.region_id WHERE e.active",
    )
    return {tuple(row) for row in json.loads(text or "[]")}


def national_summary(postgres: Embedded, database: str) -> Any:
    """The figures that a signed-in caller reads over HTTP."""

    async def fetch() -> Any:
        caller = uuid.uuid4()
        connection = await asyncpg.connect(postgres.dsn(database), server_settings={"search_path": "registry"})
        await connection.execute("INSERT INTO account (id, username, name) VALUES ($1, $2, 'A')", caller, caller.hex)
        await connection.execute(
            "INSERT INTO grants (user_id, role, national, valid_from)"
            " VALUES ($1, 'MINISTRY_ANALYST', true, '2019-01-01')",
            caller,
        )
        await connection.close()
        vault, keyring = Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32)), Keyring.generate()
        login = postgres.dsn(database, user="registry_app")
        app = create(Settings(**FIXED), login, keyring, vault, secrets.token_bytes(32))
        headers = {"authorization": f"Bearer {keyring.issue(caller, 15, dt.datetime.now(dt.UTC))}"}
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
                response = await client.post("/graphql", json={"query": SUMMARY}, headers=headers)
        return response.json()["data"]["nationalSummary"]

    return asyncio.run(fetch())


def test_an_empty_registry_gets_its_figures_from_a_file_of_villages(
    postgres: Embedded, database: str, dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert national_summary(postgres, database) == {"provinces": 0, "regencies": 0, "villages": 0}
    path = tmp_path / "villages.csv"
    path.write_text(f"{HERE}\n{NEXT_DOOR},2018\n{FAR},2017,Kepmenaker 59/2017\n")
    assert run(*ADD) == 0
    assert "DESMIGRATIF is added." in capsys.readouterr().out

    assert run("programme", "enrol", str(path), "--year", "2019", "--dry-run") == 0
    output = capsys.readouterr().out
    assert "3 enrolled, 0 enrolled already, 0 bad rows" in output
    assert "Nothing was written." in output
    assert enrolments(dsn) == set()

    assert run("programme", "enrol", str(path), "--year", "2019") == 0
    assert enrolments(dsn) == {(HERE, 2019, None), (NEXT_DOOR, 2018, None), (FAR, 2017, "Kepmenaker 59/2017")}
    assert national_summary(postgres, database) == {"provinces": 2, "regencies": 2, "villages": 3}
    capsys.readouterr()

    assert run("programme", "enrol", str(path), "--year", "2019") == 0
    output = capsys.readouterr().out
    assert "0 enrolled, 3 enrolled already, 0 bad rows" in output
    assert output.count("already enrolled in this programme") == 3
    assert audit(dsn) == [(ME, "programme:manage", outcome) for outcome in ["ACCEPTED"] * 4 + ["UNCHANGED"] * 3]


def test_bad_rows_have_file_and_line_and_stop_no_good_one(
    dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "villages.csv"
    lines = [OLD_CODE, HERE, "3507112008", "35.07.11", "11.01.01.2001", f"{NEXT_DOOR},1800", FAR, HERE]
    path.write_text("\n".join(lines))
    assert run(*ADD) == 0
    for _ in range(2):  # again: nothing changes twice
        capsys.readouterr()
        assert run("programme", "enrol", str(path), "--year", "2019", "--json") == 1
        answer = json.loads(capsys.readouterr().out)
        assert [(row["file"], row["line"]) for row in answer["bad"]] == [
            ("villages.csv", n) for n in (3, 4, 5, 6, 7, 8)
        ]
        for row, words in zip(
            answer["bad"],
            (
                "code without dots",
                "not the code of a village",
                "unknown",
                "1945–2199",
                "line 1 already",
                "line 2 already",
            ),
            strict=True,
        ):
            assert words in row["reason"]
        assert [note["line"] for note in answer["notes"] if "old code" in note["reason"]] == [1]
        assert enrolments(dsn) == {(FAR, 2019, None), (HERE, 2019, None)}
    assert (answer["enrolled"], answer["unchanged"]) == ([], [OLD_CODE, HERE])
    refused = [outcome for _, _, outcome in audit(dsn)]
    assert refused.count("REGION_NOT_VILLAGE") == refused.count("REGION_UNKNOWN") == 2

    assert run("programme", "enrol", str(path), "--year", "2020") == 1
    output = capsys.readouterr().out
    assert f"villages.csv:2: {HERE}: The village is already enrolled in this programme, since 2019" in output
    assert enrolments(dsn) == {(FAR, 2019, None), (HERE, 2019, None)}


def test_a_programme_is_changed_by_adding_its_code_again(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words, sentence in ((ADD, "is added"), (ADD, "Nothing to change"), ((*ADD[:-1], "KP2MI"), "is changed")):
        assert run(*words) == 0
        assert sentence in capsys.readouterr().out
    assert run("programme", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "code": "DESMIGRATIF",
            "name": "Desa Migran Produktif",
            "agency": "KP2MI",
            "villages": 0,
            "ended": 0,
            "since": None,
        }
    ]
    assert run("programme", "list") == 0
    output = capsys.readouterr().out
    assert "DESMIGRATIF" in output
    assert "KP2MI" in output
    assert run("programme", "add", " ", "--name", "N" * 101, "--agency", "[red]x") == 1
    error = capsys.readouterr().err
    assert "code: This field is required" in error
    assert "name: This text is too long" in error
    assert ask(dsn, "SELECT count(*) FROM registry.programme") == 1


def test_the_programme_is_named_unless_there_is_only_one(
    dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "villages.csv"
    path.write_text(HERE)
    enrol = ("programme", "enrol", str(path))
    assert run(*enrol) == 1
    assert "programme add" in capsys.readouterr().err
    assert run(*ADD) == 0
    assert run("programme", "add", "EMAS", "--name", "Desa Migran EMAS", "--agency", "KP2MI") == 0
    for words in (enrol, (*enrol, "--programme", "NONE")):
        assert run(*words) == 1
        assert "--programme DESMIGRATIF, EMAS" in capsys.readouterr().err
    assert run(*enrol, "--programme", "EMAS", "--decree", "SK 1/2026") == 0
    assert {decree for _, _, decree in enrolments(dsn)} == {"SK 1/2026"}
    assert run("programme", "enrol", str(tmp_path / "none.csv")) == 1
    assert "no such file" in capsys.readouterr().err


def test_a_login_that_may_not_act_as_the_owner_is_refused(
    postgres: Embedded, database: str, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (ADD, ("programme", "list")):
        assert run(*words, "--database", postgres.dsn(database, user="registry_app")) == 1
        assert "permission denied" in capsys.readouterr().err
    assert ask(dsn, "SELECT count(*) FROM registry.programme") == 0


def test_the_application_cannot_write_an_audit_row_of_the_shell(postgres: Embedded, database: str, dsn: str) -> None:
    async def forge(columns: str, values: str) -> None:
        connection = await asyncpg.connect(postgres.dsn(database, user="registry_app"))
        try:
            await connection.execute("BEGIN READ WRITE")
            await connection.execute("SELECT set_config('app.user', gen_random_uuid()::text, true)")
            await connection.execute(
                f"INSERT INTO audit_event (ability, outcome, {columns})"
                f" VALUES ('programme:manage', 'ACCEPTED', {values})"
            )
        finally:
            await connection.close()

    asyncio.run(forge("actor_id", "registry.me()"))
    for columns, values in (("shell_user", "'root'"), ("shell_user, actor_id", "'root', registry.me()")):
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.CheckViolationError)):
            asyncio.run(forge(columns, values))


def test_the_operator_is_named_by_the_operating_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody.else")
    monkeypatch.setenv("LOGNAME", "somebody.else")
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert operator() == ME
    monkeypatch.setenv("SUDO_USER", "siti")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    root = pwd.getpwuid(0).pw_name
    assert operator() == f"siti ({root})"
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    assert operator() == "uid 987654"
    assert len(operator()) < LONGEST_SHELL_USER
