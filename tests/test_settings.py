"""Settings come from the right source, unknown ones are refused, and no message shows a value."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from server.settings import Settings, SettingsError, load
from server.settings_table import describe, table
from tests.test_snapshots import compare_snapshot

SECRET = "hunter2hunter2"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name == "DATABASE_URL" or name.upper().startswith("DESMIGRATIF_"):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "registry.toml"
    monkeypatch.setenv("DESMIGRATIF_CONFIG", str(path))
    return path


def test_the_default_is_production_on_loopback() -> None:
    settings = load()
    assert (settings.mode, settings.host, settings.port) == ("production", "127.0.0.1", 8000)
    assert (settings.statement_timeout_ms, settings.max_body_bytes) == (15_000, 2_000_000)
    assert (settings.max_head_bytes, settings.head_timeout_ms, settings.body_timeout_ms) == (32_000, 10_000, 60_000)
    assert (settings.answer_timeout_ms, settings.max_connections) == (30_000, 1_000)
    assert (settings.max_connections_per_address, settings.origins) == (500, None)
    assert (settings.workers, settings.queue_timeout_ms, settings.metrics) == (1, 2_000, False)
    assert settings.introspection is True
    assert (settings.database_url, settings.signing_keys, settings.vault_keys) == (None, None, None)


@pytest.mark.parametrize(
    ("processors", "workers", "connections", "heavy"),
    [(1, 1, 3, 1), (2, 1, 6, 2), (2, 2, 3, 1), (8, 1, 24, 8), (8, 3, 8, 2), (4, 8, 3, 1), (96, 4, 72, 24)],
)
def test_workers_share_three_connections_for_each_processor(
    monkeypatch: pytest.MonkeyPatch, processors: int, workers: int, connections: int, heavy: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
    settings = Settings(workers=workers)
    assert (settings.connections, settings.heavy_at_once) == (connections, heavy)


def test_sizes_that_are_set_count() -> None:
    settings = Settings(pool_size=10, workers=4)
    assert (settings.connections, settings.heavy_at_once) == (10, 3)
    settings = Settings(pool_size=1, heavy_statements=2)
    assert (settings.connections, settings.heavy_at_once) == (1, 2)


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('port = 1\npool_size = 2\nissuer = "x"\ndatabase_url = "postgresql://file/a"\n')
    monkeypatch.setenv("DESMIGRATIF_PORT", "3")
    assert (load().port, load().pool_size, load().issuer) == (3, 2, "x")
    assert load().database_url == "postgresql://file/a"
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment/a")
    assert load().database_url == "postgresql://environment/a"
    assert Settings(database_url="postgresql://argument/a").database_url == "postgresql://argument/a"


def test_an_empty_variable_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in describe():
        monkeypatch.setenv(setting.name, "")
    assert load() == Settings()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("DESMIGRATIF_PROT", "DESMIGRATIF_PORT"),
        ("DESMIGRATIF_DATABASE_URL", "DATABASE_URL"),
        ("DESMIGRATIF_STATEMENT_TIMEOUT", "DESMIGRATIF_STATEMENT_TIMEOUT_MS"),
        ("desmigratif_modus", "DESMIGRATIF_MODE"),
        ("DESMIGRATIF_", "DESMIGRATIF_"),
    ],
)
def test_an_unknown_variable_is_refused_with_a_suggestion(
    name: str, near: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, SECRET)
    with pytest.raises(SettingsError, match=f"{name}, which is no setting: did you mean {near}") as refused:
        load()
    assert all(setting.name in str(refused.value) for setting in describe())
    assert SECRET not in str(refused.value)


def test_an_unknown_key_of_the_file_is_refused_with_a_suggestion(file: Path) -> None:
    file.write_text("statement_timeout = 5\n")
    with pytest.raises(SettingsError, match=r"registry\.toml sets statement_timeout, .*mean statement_timeout_ms\?"):
        load()


def test_an_unreadable_file_is_refused(file: Path) -> None:
    with pytest.raises(SettingsError, match=r"registry\.toml, which cannot be read: No such file"):
        load()
    file.write_text(f"database_url = {SECRET}\n")
    with pytest.raises(SettingsError, match="is not a TOML file") as refused:
        load()
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [setting.name for setting in describe() if setting.type in ("number", "true or false", "`production` or `demo`")],
)
def test_a_malformed_value_is_refused_without_showing_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, SECRET)
    with pytest.raises(SettingsError, match=f"^{name}: ") as refused:
        load()
    assert SECRET not in str(refused.value)


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=8))
def test_no_message_or_printed_form_shows_a_database_url(text: str) -> None:
    secret = f"s3cr3t{text}"
    url = f"postgresql://user:{secret}@host/db"
    assert secret not in repr(Settings(database_url=url, listen_url=url))
    with pytest.raises(ValidationError) as refused:
        Settings(database_url=f"mysql://user:{secret}@host/db")
    assert secret not in str(refused.value)


def test_production_serves_only_with_a_database_and_keys(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="needs DATABASE_URL, DESMIGRATIF_SIGNING_KEYS, DESMIGRATIF_VAULT_KEYS;"):
        Settings().ready_to_serve()
    whole = Settings(database_url="postgresql://host/db", signing_keys=tmp_path, vault_keys=tmp_path / "vault")
    assert whole.ready_to_serve() is whole
    assert Settings(mode="demo").ready_to_serve().mode == "demo"


@pytest.mark.parametrize("claim", ["preferred_username", "nickname", "name"])
def test_a_claim_that_people_set_for_themselves_names_no_account(claim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESMIGRATIF_OIDC_ACCOUNT_CLAIM", claim)
    with pytest.raises(SettingsError, match="name in DESMIGRATIF_OIDC_VERIFIED_CLAIM"):
        load()
    monkeypatch.setenv("DESMIGRATIF_OIDC_VERIFIED_CLAIM", "checked")
    assert load().oidc_account_claim == claim
    monkeypatch.delenv("DESMIGRATIF_OIDC_VERIFIED_CLAIM")
    monkeypatch.setenv("DESMIGRATIF_OIDC_ACCOUNT_CLAIM", "nip")
    assert load().oidc_account_claim == "nip"


def test_settings_are_immutable() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1


@pytest.mark.snapshot
def test_the_documentation_equals_the_settings() -> None:
    path = Path(__file__).parent.parent / "docs" / "settings.md"
    introduction, head, _ = path.read_text().partition("| name |")
    assert head
    compare_snapshot(path, introduction + table() + "\n")
    assert all(setting.description.endswith(".") for setting in describe())
