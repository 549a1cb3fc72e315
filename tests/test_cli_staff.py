"""Accounts and grants from the command line: the first administrator, and the rules of the API for everybody after."""

# ruff: noqa: F811  (an imported fixture is requested by its name)

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import threading
from pathlib import Path
from typing import Any

import pytest

from auth import password
from registry.values.civil_day import civil_day
from server.database.embedded import Embedded
from tests.test_cli import ask, rows, run
from tests.test_cli_programmes import FAR, HERE, LIST, ME, NEXT_DOOR, OLD_CODE, database, dsn  # noqa: F401  (fixtures)

Output = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[1]
FIRST = ("user", "add", "siti", "--name", "Siti Aminah", "--first-administrator")
PASSWORD = re.compile(r"[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}")


def grants(dsn: str) -> list[tuple[Any, ...]]:
    """User name, role, area, whether it is active, and whether it waits, of each grant."""
    return rows(
        dsn,
        "SELECT a.username, g.role, g.area, g.active, g.pending FROM grants g JOIN account a ON a.id = g.user_id"
        " ORDER BY a.username, g.role, g.area",
    )


def audited(dsn: str) -> list[tuple[str, str, str]]:
    """Ability, outcome and note of each audit row; all are the shell's, and name who ran it."""
    assert rows(dsn, "SELECT DISTINCT actor_id, shell_user FROM audit_event") in ([], [(None, ME)])
    return [
        tuple(row)
        for row in rows(
            dsn, "SELECT ability, outcome, note FROM audit_event WHERE ability <> 'regions:load' ORDER BY id"
        )
    ]


def test_the_first_administrator_is_made_once(dsn: str, capsys: Output) -> None:
    assert run(*FIRST) == 0
    printed = PASSWORD.findall(capsys.readouterr().out)
    assert len(printed) == 1
    (hash_, temporary, valid_until) = rows(dsn, "SELECT password_hash, temporary, valid_until FROM credential")[0]
    assert password.is_right(printed[0], hash_)
    assert temporary
    assert dt.timedelta(days=6) < valid_until - dt.datetime.now(dt.UTC) <= password.TEMPORARY_FOR
    assert grants(dsn) == [("siti", "MINISTRY_ADMIN", "0", True, False)]
    assert audited(dsn) == [
        ("user:manage", "ACCEPTED", "user add"),
        ("grant:give", "ACCEPTED", "user add --first-administrator"),
    ]

    assert run("user", "add", "budi", "--first-administrator") == 1
    output = capsys.readouterr()
    assert "another administrator appoints it, by grantRole" in output.err
    assert PASSWORD.search(output.out + output.err) is None
    assert [row[0] for row in rows(dsn, "SELECT username FROM account")] == ["siti"]
    assert audited(dsn)[-1] == ("user:manage", "GRANT_NOT_HELD", "user add")


def test_of_two_first_administrators_at_once_one_is_made(dsn: str) -> None:
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda name=name: codes.append(run("user", "add", name, "--first-administrator")))
        for name in ("siti", "budi")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(codes) == [0, 1]
    assert len(grants(dsn)) == 1


def test_no_password_is_in_the_arguments_the_audit_or_an_error(dsn: str, capsys: Output) -> None:
    assert run("user", "add", "siti", "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert first["username"] == "siti"
    assert run("user", "reset-password", "siti", "--json") == 0
    second = json.loads(capsys.readouterr().out)["temporaryPassword"]
    assert first["temporaryPassword"] != second
    ((hash_,),) = rows(dsn, "SELECT password_hash FROM credential")
    assert password.is_right(second, hash_)
    assert not password.is_right(first["temporaryPassword"], hash_)
    ((signed_out,),) = rows(dsn, "SELECT signed_out_at IS NOT NULL FROM account")
    assert signed_out
    everything = str(rows(dsn, "SELECT * FROM audit_event")) + str(rows(dsn, "SELECT * FROM account"))
    for text in (first["temporaryPassword"], second):
        assert text not in everything
    for words in (("user", "add", "--help"), ("user", "reset-password", "--help")):
        assert run(*words) == 0
        assert "--password" not in capsys.readouterr().out


def with_authenticator(dsn: str) -> None:
    """Give siti an authenticator, one that waits for its first code, a used recovery code and one that is not."""
    rows(
        dsn,
        "WITH factors AS (INSERT INTO second_factor (id, account_id, key_id, sealed, last_step, confirmed_at)"
        " SELECT gen_random_uuid(), a.id, 'k', 'sealed', 0, t FROM account a, (VALUES (now()), (null)) v (t)),"
        " codes AS (INSERT INTO recovery_code (id, account_id, code_hash, used_at)"
        " SELECT gen_random_uuid(), a.id, 'hash', t FROM account a, (VALUES ('2026-01-01'::timestamptz), (null)) v (t))"
        " SELECT 1",
    )


def test_a_lost_authenticator_is_forgotten_with_its_codes_and_sessions(dsn: str, capsys: Output) -> None:
    assert run("user", "add", "siti") == 0
    ((password_before,),) = rows(dsn, "SELECT password_hash FROM credential")
    rows(dsn, "UPDATE account SET signed_out_at = NULL RETURNING 1")
    assert run("user", "reset-second-factor", "siti") == 0
    assert "siti has no authenticator; nothing has changed." in capsys.readouterr().out
    assert rows(dsn, "SELECT signed_out_at FROM account") == [(None,)]
    with_authenticator(dsn)
    assert run("user", "reset-second-factor", "siti") == 0
    assert "enrols a new authenticator" in capsys.readouterr().out
    assert rows(dsn, "SELECT DISTINCT ended_at IS NOT NULL, sealed FROM second_factor") == [(True, b"")]
    assert rows(dsn, "SELECT count(*) FROM recovery_code WHERE used_at IS NULL") == [(0,)]
    assert rows(dsn, "SELECT signed_out_at IS NOT NULL FROM account") == [(True,)]
    assert rows(dsn, "SELECT password_hash FROM credential") == [(password_before,)]
    assert audited(dsn)[-2:] == [
        ("user:manage", "UNCHANGED", "user reset-second-factor"),
        ("user:manage", "ACCEPTED", "user reset-second-factor"),
    ]
    assert run("user", "disable", "siti") == 0
    assert run("user", "reset-second-factor", "siti") == 1
    assert "The account siti is disabled." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence", "outcome"),
    [
        (("user", "add", "siti"), "The user name siti is taken", "REJECTED"),
        (("user", "add", " \u200b"), "username: This field is required", "REQUIRED"),
        (("user", "add", "u" * 101), "username: This text is too long", "UNKNOWN_VALUE"),
        (("user", "add", "Siti Aminah"), "username: Use 3 to 100 lower-case letters", "USERNAME_FORMAT"),
        (("user", "reset-password", "nobody"), "There is no account nobody", "NOT_FOUND"),
        (("user", "reset-second-factor", "nobody"), "There is no account nobody", "NOT_FOUND"),
        (("user", "disable", "nobody"), "There is no account nobody", "NOT_FOUND"),
        (("user", "disable", "siti"), "last administrator", "LAST_ADMINISTRATOR"),
        (("grant", "end", "siti", "MINISTRY_ADMIN", "national"), "last administrator", "LAST_ADMINISTRATOR"),
        (("grant", "end", "siti", "OFFICER", HERE), "does not have this role there", "NOT_FOUND"),
        (("grant", "add", "nobody", "OFFICER", HERE), "There is no account nobody", "NOT_FOUND"),
        (("grant", "add", "siti", "OFFICER", "99.99"), "unknown", "REGION_UNKNOWN"),
        (("grant", "add", "siti", "OFFICER", HERE, "--to", "2020-01-01"), "This date has passed", "DATE_PAST"),
        (
            ("grant", "add", "siti", "OFFICER", HERE, "--from", "2190-02-01", "--to", "2190-01-01"),
            "wrong order",
            "DATES_ORDER",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence_and_an_audit_row(
    dsn: str,
    capsys: Output,
    words: tuple[str, ...],
    sentence: str,
    outcome: str,
) -> None:
    assert run(*FIRST) == 0
    before = (grants(dsn), rows(dsn, "SELECT * FROM account"), rows(dsn, "SELECT * FROM credential"))
    capsys.readouterr()
    assert run(*words) == 1
    output = capsys.readouterr()
    assert sentence in output.err
    assert "Traceback" not in output.err
    assert output.out == ""
    assert audited(dsn)[-1][1] == outcome
    assert (grants(dsn), rows(dsn, "SELECT * FROM account"), rows(dsn, "SELECT * FROM credential")) == before


def test_a_service_account_gets_no_password(dsn: str, capsys: Output) -> None:
    rows(dsn, "INSERT INTO account (id, username, name, service) VALUES (gen_random_uuid(), 'app', 'App', true)")
    assert run("user", "reset-password", "app") == 1
    assert "app is a service account, which signs in by its keys" in capsys.readouterr().err
    assert audited(dsn)[-1][1] == "GRANT_NOT_HELD"
    assert rows(dsn, "SELECT * FROM credential") == []


def test_a_role_in_a_regency_is_given_once_and_a_wider_one_waits(dsn: str, capsys: Output) -> None:
    assert run("user", "add", "budi", "--name", "Budi") == 0
    for sentence in ("budi has OFFICER in 35.07.11.2008.", "already."):
        assert run("grant", "add", "budi", "OFFICER", HERE) == 0
        assert sentence in capsys.readouterr().out
    assert run("grant", "add", "budi", "OFFICER", OLD_CODE) == 0
    assert "Warning: This is an old code" in capsys.readouterr().out
    wider = (("MINISTRY_ADMIN", "national"), ("MINISTRY_ANALYST", "35.07"), ("OFFICER", "35"))
    for role, area in wider:
        assert run("grant", "add", "budi", role, area) == 0
        assert "waits until an administrator" in capsys.readouterr().out
    assert grants(dsn) == [
        ("budi", "MINISTRY_ADMIN", "0", False, True),
        ("budi", "MINISTRY_ANALYST", "35.07", False, True),
        ("budi", "OFFICER", "35", False, True),
        ("budi", "OFFICER", HERE, True, False),
        ("budi", "OFFICER", FAR, True, False),
    ]
    assert [row[1] for row in audited(dsn) if row[2] == "grant add"] == ["ACCEPTED", "UNCHANGED"] + ["ACCEPTED"] * 4
    assert run("grant", "add", "budi", "CHIEF", HERE) == 2


@pytest.mark.parametrize(("role", "area", "ends"), [("MINISTRY_ANALYST", "national", True), ("OFFICER", HERE, False)])
def test_a_role_that_a_password_s_giver_may_not_give_ends_it(
    dsn: str, capsys: Output, role: str, area: str, ends: bool
) -> None:
    """The shell gives it, and is nobody's giver; a coordinator made the password, and could sign in with it."""
    assert run("user", "add", "budi") == 0
    rows(dsn, "UPDATE credential SET given_by = gen_random_uuid() RETURNING true")
    assert run("grant", "add", "budi", role, area) == 0
    assert ("made the password of this account, so it has ended" in capsys.readouterr().out) is ends
    assert rows(dsn, "SELECT valid_until <= now() FROM credential")[0][0] is ends


def test_ending_a_grant_warns_of_a_village_without_officer(dsn: str, capsys: Output) -> None:
    for name in ("budi", "dewi"):
        assert run("user", "add", name) == 0
        assert run("grant", "add", name, "OFFICER", HERE) == 0
    tomorrow = civil_day() + dt.timedelta(days=1)
    end = ("grant", "end", "budi", "OFFICER", HERE)
    capsys.readouterr()
    assert run(*end, "--on", tomorrow.isoformat()) == 0
    output = capsys.readouterr().out
    assert f"ends with {tomorrow}" in output
    assert "Warning" not in output  # dewi stays
    assert run("user", "disable", "dewi") == 0
    assert "dewi is disabled." in capsys.readouterr().out
    assert run(*end) == 0
    assert "Warning: Villages that this leaves without an officer: 1;" in capsys.readouterr().out
    assert run(*end) == 1
    assert run("user", "disable", "dewi") == 0
    assert "disabled already" in capsys.readouterr().out
    for words in (("grant", "add", "dewi", "OFFICER", NEXT_DOOR), ("user", "reset-password", "dewi")):
        assert run(*words) == 1
        assert "The account dewi is disabled." in capsys.readouterr().err


def test_lists_are_tables_for_people_and_json_for_programs(dsn: str, capsys: Output) -> None:
    assert run(*FIRST) == 0
    assert run("user", "add", "budi", "--name", "[red]Budi") == 0
    assert run("grant", "add", "budi", "OFFICER", HERE) == 0
    assert run("grant", "add", "budi", "MINISTRY_ANALYST", "national") == 0
    capsys.readouterr()
    assert run("user", "list", "--json") == 0
    users = {row["username"]: row for row in json.loads(capsys.readouterr().out)}
    assert users["siti"]["grants"] == ["MINISTRY_ADMIN national"]
    assert users["budi"]["grants"] == ["MINISTRY_ANALYST national (pending)", f"OFFICER {HERE}"]
    assert (users["budi"]["active"], users["budi"]["temporary"], users["budi"]["last_seen_at"]) == (True, True, None)
    assert run("grant", "list", "--user", "budi", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(row["role"], row["area"], row["pending"]) for row in listed] == [
        ("MINISTRY_ANALYST", "national", True),
        ("OFFICER", HERE, False),
    ]
    assert run("grant", "list", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 3
    for words in (("user", "list"), ("grant", "list")):
        assert run(*words) == 0
        assert "siti" in capsys.readouterr().out
    assert ask(dsn, "SELECT count(*) FROM registry.audit_event WHERE outcome <> 'ACCEPTED'") == 0


def test_the_commands_of_the_readme_lead_from_nothing_to_an_officer(
    postgres: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    part = (ROOT / "README.md").read_text().partition("## From nothing to an officer")[2].partition("\n## ")[0]
    commands = part.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert len(commands) == 7
    ask(postgres.dsn("postgres"), "CREATE DATABASE from_nothing")
    monkeypatch.setenv("OWNER_DATABASE_URL", postgres.dsn("from_nothing"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "regions.csv").write_text(LIST)
    (tmp_path / "villages.csv").write_text(f"{HERE}\n{FAR}\n")
    for command in commands:
        program, *words = shlex.split(command)
        assert (program, run(*words)) == ("desmigratif", 0), command
    assert "DESMIGRATIF: 2 enrolled" in capsys.readouterr().out
    made = [("budi", "OFFICER", HERE, True, False), ("siti", "MINISTRY_ADMIN", "0", True, False)]
    assert grants(postgres.dsn("from_nothing")) == made
