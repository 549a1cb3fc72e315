"""Binding people of an identity provider from the command line: once each, audited as the shell's, ended at once."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from server.database.embedded import Embedded
from tests.test_cli import ask, rows, run

ISSUER = "https://sso.example.go.id/realms/staff"
SUBJECT = ("--subject", "1f0c", "--issuer", ISSUER)
AUDIT = "SELECT shell_user IS NOT NULL AS by_shell, actor_id, outcome, note FROM audit_event ORDER BY id"
ROWS = "SELECT issuer, subject, username FROM account_subject JOIN account ON account.id = account_id ORDER BY 1, 2"


@pytest.fixture
async def database(postgres: Embedded, fresh: Any, anyio_backend: str) -> str:
    """An empty database, as `migrate` leaves it, as its owner's login."""
    return postgres.dsn(str(await fresh()))


@pytest.fixture
def dsn(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database with two people and a service account."""
    for username, is_service in (("siti", False), ("budi", False), ("dashboard", True)):
        ask(
            database,
            "INSERT INTO account (id, username, name, service)"
            f" VALUES ('{uuid.uuid4()}', '{username}', '{username}', {is_service})",
        )
    monkeypatch.setenv("OWNER_DATABASE_URL", database)
    return database


def test_a_person_is_bound_once_and_unbound(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("user", "bind", "siti", *SUBJECT) == 0
    assert rows(dsn, ROWS) == [(ISSUER, "1f0c", "siti")]
    assert run("user", "bind", "siti", *SUBJECT) == 0
    assert "Nothing to change." in capsys.readouterr().out
    assert run("user", "bindings", "--json") == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["username"], listed["issuer"], listed["subject"]) == ("siti", ISSUER, "1f0c")
    assert run("user", "bindings") == 0
    assert "siti" in capsys.readouterr().out
    assert run("user", "unbind", "siti", "--issuer", ISSUER) == 0
    assert rows(dsn, ROWS) == []
    assert run("user", "unbind", "siti", "--issuer", ISSUER) == 0
    audited = rows(dsn, AUDIT)
    assert [outcome for _, _, outcome, _ in audited] == ["ACCEPTED", "UNCHANGED", "ACCEPTED", "UNCHANGED"]
    assert all(by_shell and actor is None for by_shell, actor, _, _ in audited)
    assert not any("1f0c" in note for _, _, _, note in audited)


REFUSED = {
    "the subject is another's": (("budi", *SUBJECT), "bound to another account"),
    "the account has another subject": (("siti", "--subject", "2e1d", "--issuer", ISSUER), "another subject"),
    "nobody": (("nobody", *SUBJECT), "No person"),
    "a service account": (("dashboard", "--subject", "3f2e", "--issuer", ISSUER), "No person"),
    "an empty subject": (("budi", "--subject", "", "--issuer", ISSUER), "printable"),
    "a subject with a line break": (("budi", "--subject", "a\nb", "--issuer", ISSUER), "printable"),
    "a subject that is too long": (("budi", "--subject", "x" * 256, "--issuer", ISSUER), "printable"),
    "no issuer": (("budi", "--subject", "3f2e"), "DESMIGRATIF_OIDC_ISSUER"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_bound_is_one_sentence_and_changes_nothing(
    dsn: str, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert run("user", "bind", "siti", *SUBJECT) == 0
    before = rows(dsn, ROWS), rows(dsn, AUDIT)
    words, sentence = REFUSED[name]
    assert run("user", "bind", *words) == 1
    assert sentence in capsys.readouterr().err
    assert (rows(dsn, ROWS), rows(dsn, AUDIT)) == before


def test_the_issuer_of_the_settings_is_taken(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESMIGRATIF_OIDC_ISSUER", ISSUER)
    assert run("user", "bind", "siti", "--subject", "1f0c") == 0
    assert run("user", "bind", "siti", "--subject", "1f0c", "--issuer", "https://other.example") == 0
    assert [issuer for issuer, _, _ in rows(dsn, ROWS)] == ["https://other.example", ISSUER]
