"""Keys that change while servers run: every process takes them over by itself, and refuses what cannot be right."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from auth.token import Keyring
from registry.guard.vault import Vault
from registry.guard.vault_file import VaultFile
from server.http import key_watch
from server.http.key_watch import watching_keys
from server.http.service import Service
from server.keys import KeyFiles, create_signing, demo_keys
from tests.eventually import eventually

pytestmark = pytest.mark.anyio
ISSUER, AUDIENCE = "https://desmigratif.go.id", "registry"
REFUSED = "Changed key files are not used: the vault's keys are another's, or of before a rotation."
PAST = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


class Watched:
    """A folder of keys, and the service that watches it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.sealing = folder / "keys", folder / "vault.json"
        create_signing(self.folder)
        Vault.create(self.sealing)
        files = KeyFiles(self.folder, self.sealing, ISSUER, AUDIENCE)
        keyring, vault = files.load()
        self.service = cast(Service, SimpleNamespace(keyring=keyring, vault=vault, key_files=files))

    @property
    def keyring(self) -> Keyring:
        return self.service.keyring

    @property
    def kids(self) -> list[str]:
        return [key["kid"] for key in self.keyring.jwks()["keys"]]


@pytest.fixture
async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(key_watch, "POLL_SECONDS", 0.01)
    watched = Watched(tmp_path)
    async with watching_keys(watched.service):
        yield watched


async def warned(caplog: pytest.LogCaptureFixture, text: str) -> None:
    await eventually(lambda: any(text in record.getMessage() for record in caplog.records))


async def test_a_running_server_takes_over_a_new_key_of_the_vault(watched: Watched) -> None:
    VaultFile.load(watched.sealing).rotated(PAST).put(watched.sealing)
    current = VaultFile.load(watched.sealing).current
    await eventually(lambda: watched.service.vault.sealing == current)


async def test_keys_that_cannot_be_used_change_nothing_until_they_are_mended(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    before = watched.service.keyring, watched.service.vault
    whole = watched.sealing.read_text()
    watched.sealing.write_text(whole[:40])
    await warned(caplog, "holds no vault keys")
    assert (watched.service.keyring, watched.service.vault) == before
    watched.sealing.write_text(whole)
    await eventually(lambda: watched.service.vault is not before[1])


async def test_another_vault_and_an_older_file_are_refused(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    before = watched.sealing.read_bytes()
    VaultFile.load(watched.sealing).rotated(PAST).put(watched.sealing)
    current = VaultFile.load(watched.sealing).current
    await eventually(lambda: watched.service.vault.sealing == current)
    watched.sealing.write_bytes(before)
    await warned(caplog, REFUSED)
    VaultFile.new().put(watched.sealing)
    await eventually(lambda: [record.getMessage() for record in caplog.records].count(REFUSED) == 2)
    assert watched.service.vault.sealing == current


async def test_a_demo_key_is_not_taken_over(watched: Watched, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    demo_keys(tmp_path / "demo", AUDIENCE)
    kids = watched.kids
    shutil.copy(tmp_path / "demo" / "signing.pem", watched.folder / "signing.pem")
    await warned(caplog, "demo's key")
    assert watched.kids == kids


async def test_a_service_without_key_files_watches_nothing() -> None:
    service: Any = SimpleNamespace(key_files=None)
    before = asyncio.all_tasks()
    async with watching_keys(service):
        assert asyncio.all_tasks() == before
