"""Service accounts from the shell: added, changed, given keys and disabled; each act is audited as the shell's."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from registry.write import service as services
from server.database.embedded import Embedded
from tests.test_cli import COUNTRY, rows, run
from tests.test_registration import COMMAND, NAMES, PLACES, sha256

ACCOUNT = "SELECT id FROM registry.account WHERE username = 'portal'"


@pytest.fixture
async def dsn(postgres: Embedded, fresh: Any, anyio_backend: str) -> str:
    return postgres.dsn(await fresh())


def audit(dsn: str) -> list[tuple[Any, ...]]:
    return rows(dsn, "SELECT outcome, note FROM audit_event WHERE shell_user <> '' AND actor_id IS NULL ORDER BY id")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "two.graphql").write_text(f"{NAMES}{PLACES}{COMMAND}")
    (tmp_path / "one.graphql").write_text(NAMES)
    (tmp_path / "wrong.graphql").write_text("{ nobody }")
    (tmp_path / "list.csv").write_text(COUNTRY)
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    (tmp_path / "private.pem").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return tmp_path


def add(dsn: str, files: Path, *more: str, file: str = "two.graphql") -> int:
    return run("service", "add", "portal", "--operations", str(files / file), "--database", dsn, *more)


def test_a_service_is_added_with_its_operations_and_no_area(
    dsn: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(dsn, files) == 0
    output = capsys.readouterr().out
    ((id_,),) = rows(dsn, ACCOUNT)
    assert "  + Names\n  + Places\n" in output
    assert f"`iss` and `sub` of its tokens are {id_}" in output
    assert "left out  two.graphql:6: Verify is a command" in output
    assert rows(dsn, "SELECT service, active FROM account WHERE username = 'portal'") == [(True, True)]
    assert rows(dsn, "SELECT count(*) FROM grants") == [(0,)], "an area that is not named is not given"
    assert {name for (name,) in rows(dsn, "SELECT name FROM service_operation")} == {"Names", "Places"}
    assert audit(dsn) == [
        ("ACCEPTED", "service add, areas: none"),
        ("ACCEPTED", "service operations: 2 added, 0 removed, 0 unchanged"),
    ]


def test_areas_are_given_by_name(dsn: str, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load = ("regions", "load", str(files / "list.csv"), "--decree", "Uji", "--effective-on", "2019-10-08")
    assert run(*load, "--database", dsn) == 0
    assert add(dsn, files, "--area", "36") == 1
    assert "no region 36" in capsys.readouterr().err
    assert rows(dsn, ACCOUNT) == [], "nothing is added without all of it"
    assert add(dsn, files, "--area", "35.07", "--area", "35.07.11.2008") == 0
    capsys.readouterr()
    assert run("service", "list", "--json", "--database", dsn) == 0
    (service,) = json.loads(capsys.readouterr().out)
    assert sorted(service.pop("areas")) == ["35.07", "35.07.11.2008"]
    assert (service["username"], service["operations"], service["keys"], service["active"]) == ("portal", 2, 0, True)
    assert rows(dsn, "SELECT DISTINCT role FROM grants") == [("SERVICE",)]


def test_operations_are_replaced_and_a_dry_run_writes_nothing(
    dsn: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(dsn, files) == 0
    replace = ("service", "operations", "portal", str(files / "one.graphql"), "--database", dsn)
    for more, stored in ((("--dry-run",), 2), ((), 1)):
        capsys.readouterr()
        assert run(*replace, *more) == 0
        output = capsys.readouterr().out
        assert "  - Places\n" in output
        assert ("nothing is written" in output) is bool(more)
        assert rows(dsn, "SELECT count(*) FROM service_operation") == [(stored,)]
    assert run(*replace) == 0
    assert audit(dsn)[-1] == ("UNCHANGED", "service operations: 0 added, 0 removed, 1 unchanged")
    capsys.readouterr()
    assert run("service", "operations", "portal", "--json", "--database", dsn) == 0
    (operation,) = json.loads(capsys.readouterr().out)
    assert (operation["documentId"], operation["document"]) == (f"sha256:{sha256(NAMES)}", NAMES)
    assert run("service", "operations", "portal", "--database", dsn) == 0
    assert "Names" in capsys.readouterr().out


def test_a_faulty_file_changes_nothing(dsn: str, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(dsn, files, file="wrong.graphql") == 1
    assert "wrong.graphql:1: Cannot query field 'nobody'" in capsys.readouterr().err
    assert rows(dsn, ACCOUNT) == []
    assert add(dsn, files) == 0
    assert run("service", "operations", "portal", str(files / "wrong.graphql"), "--database", dsn) == 1
    assert rows(dsn, "SELECT count(*) FROM service_operation") == [(2,)]


def test_a_key_is_added_replaced_and_removed(
    dsn: str, files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert add(dsn, files, "--key", str(files / "private.pem")) == 1
    output = capsys.readouterr()
    assert "private key: keep it" in output.err
    assert rows(dsn, ACCOUNT) == []
    assert add(dsn, files, "--key", str(files / "public.pem")) == 0
    capsys.readouterr()
    assert run("service", "show", "portal", "--json", "--database", dsn) == 0
    account = json.loads(capsys.readouterr().out)
    ((kid,),) = rows(dsn, "SELECT kid FROM service_key")
    assert [key["kid"] for key in account["keys"]] == [kid]
    assert [(account["id"],)] == [(str(id_),) for (id_,) in rows(dsn, ACCOUNT)]
    again = ("service", "key", "add", "portal", str(files / "public.pem"), "--database", dsn)
    assert run(*again) == 1
    assert "known already" in capsys.readouterr().err
    monkeypatch.setattr(services, "MAX_KEYS", 1)
    assert run(*again) == 1
    assert "1 keys already" in capsys.readouterr().err
    for exit_code in (0, 1):
        assert run("service", "key", "remove", "portal", kid, "--database", dsn) == exit_code
    assert rows(dsn, "SELECT count(*) FROM service_key") == [(0,)]
    assert audit(dsn)[-1] == ("ACCEPTED", f"service key remove {kid}")
    assert stat.S_ISREG((files / "private.pem").stat().st_mode)


def test_a_service_is_disabled_and_enabled_again(dsn: str, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(dsn, files) == 0
    for verb, active, outcome in (
        ("disable", False, "ACCEPTED"),
        ("disable", False, "UNCHANGED"),
        ("enable", True, "ACCEPTED"),
    ):
        assert run("service", verb, "portal", "--database", dsn) == 0
        assert rows(dsn, "SELECT active FROM account WHERE username = 'portal'") == [(active,)]
        assert audit(dsn)[-1] == (outcome, f"service {verb}")


def test_names_are_checked(dsn: str, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows(dsn, "INSERT INTO account (id, username, name) VALUES (gen_random_uuid(), 'siti', 'Siti') RETURNING id")
    assert add(dsn, files) == 0
    for name, sentence in (("Portal 1", "lower-case letters"), ("portal", "already"), ("siti", "already")):
        assert run("service", "add", name, "--operations", str(files / "one.graphql"), "--database", dsn) == 1
        assert sentence in capsys.readouterr().err
    for words in (("show",), ("operations",), ("disable",), ("enable",), ("key", "remove")):
        for name in ("siti", "none"):
            more = ("x",) if words[0] == "key" else ()
            assert run("service", *words, name, *more, "--database", dsn) == 1
            assert f"no service account {name}" in capsys.readouterr().err
