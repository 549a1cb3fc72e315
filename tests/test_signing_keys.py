"""Keys that change while servers run: every process takes them over by itself, and no request is refused for it."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import json
import logging
import re
import shutil
import stat
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console

from auth.errors import Unauthenticated
from auth.key_schedule import GRACE, LONGEST, SIGNING, KeyState, signs_since
from auth.token import Keyring
from registry.codes import IdentityField
from registry.guard.vault import Vault
from registry.guard.vault_file import VaultFile
from server.access_declarations import verbs
from server.cli import signing_keys
from server.cli.key_files import SIGNING_NOTICE, VAULT_NOTICE
from server.cli.main import app
from server.database.reseal import BATCH
from server.http import key_watch
from server.http.key_watch import watching_keys
from server.http.service import Service
from server.keys import POLL_SECONDS, KeyFileError, KeyFiles, create_next, create_signing, demo_keys
from tests.eventually import PATIENCE, eventually, eventually_now
from tests.test_workers import all_answer, answers_alone, children, environment, serving  # noqa: F401  (a fixture)

pytestmark = pytest.mark.anyio
ISSUER, AUDIENCE = "https://desmigratif.go.id", "registry"
REFUSED = "Changed key files are not used: the vault's keys are another's, or of before a rotation."
PAST = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


USER = uuid.uuid4()
SIGN_IN = uuid.UUID(int=8)
NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
BEGIN = NOW + GRACE
SECOND = dt.timedelta(seconds=1)


def kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def is_accepted(keyring: Keyring, token: str, now: dt.datetime) -> bool:
    try:
        keyring.verify(token, now)
    except Unauthenticated:
        return False
    return True


# --- the schedule -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_signing(tmp_path / "keys")
    return tmp_path / "keys"


def loaded(folder: Path) -> Keyring:
    return Keyring.load(folder, issuer=ISSUER, audience=AUDIENCE)


def test_a_key_is_accepted_before_it_signs_and_until_its_last_token_has_expired(folder: Path) -> None:
    alone = loaded(folder)
    create_next(folder, BEGIN)
    both = loaded(folder)
    first = kid(alone.issue(USER, 15, NOW))
    assert kid(both.issue(USER, 15, BEGIN - SECOND)) == first != kid(both.issue(USER, 15, BEGIN))
    early = both.issue(USER, 15, BEGIN)  # by a server whose clock is ahead
    assert is_accepted(loaded(folder), early, BEGIN - SECOND)
    late = both.issue(USER, 15, BEGIN - SECOND)
    assert is_accepted(loaded(folder), late, BEGIN - SECOND + LONGEST - SECOND)
    assert len(both.jwks(NOW)["keys"]) == len(both.jwks(BEGIN + GRACE - SECOND)["keys"]) == 2
    assert [key["kid"] for key in both.jwks(BEGIN + GRACE)["keys"]] == [kid(early)]


def test_a_retired_key_signs_nothing_that_is_accepted(folder: Path) -> None:
    thief = loaded(folder)
    create_next(folder, BEGIN)
    for seconds, accepted in ((-1, True), (0, False)):
        now = BEGIN + GRACE + dt.timedelta(seconds=seconds)
        assert is_accepted(loaded(folder), thief.issue(USER, 15, now), now) is accepted


def test_every_process_changes_at_the_same_instant_whatever_it_read_before(folder: Path) -> None:
    create_next(folder, BEGIN)
    create_next(folder, BEGIN + GRACE)
    (folder / SIGNING).unlink()
    ring = loaded(folder)
    with pytest.raises(ValueError, match="only verifies"):
        ring.issue(USER, 15, BEGIN - SECOND)
    assert kid(ring.issue(USER, 15, BEGIN)) != kid(ring.issue(USER, 15, BEGIN + GRACE))


def test_a_file_that_does_not_say_when_it_signs_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="does not say from when it signs"):
        signs_since("signing-tomorrow.pem")
    (folder / "signing-2.pem").write_bytes((folder / SIGNING).read_bytes())
    with pytest.raises(ValueError, match=r"signing-2\.pem"):
        loaded(folder)
    with pytest.raises(KeyFileError, match=r"signing-2\.pem"):
        list(signing_keys._read(folder, NOW))


# --- the verbs --------------------------------------------------------------------------------------------------------


def states(folder: Path, now: dt.datetime) -> list[KeyState]:
    return [file.state for file in signing_keys._read(folder, now)]


def rotated(folder: Path, minutes: int = 16, stolen: bool = False) -> str:
    printed = io.StringIO()
    signing_keys.rotate(folder, Console(file=printed, width=200), minutes=minutes, stolen=stolen)
    return printed.getvalue()


def test_a_rotation_adds_a_private_key_and_a_second_run_changes_nothing(folder: Path) -> None:
    (folder / SIGNING).chmod(0o640)
    now = dt.datetime.now(dt.UTC)
    assert "signs from" in rotated(folder)
    (new,) = folder.glob("signing-*.pem")
    assert stat.S_IMODE(new.stat().st_mode) == 0o640, "who may read the first key may read the next"
    begin = signs_since(new.name)
    assert begin is not None
    assert dt.timedelta(minutes=15) < begin - now <= dt.timedelta(minutes=16)
    before = sorted(folder.iterdir())
    assert "waits already" in rotated(folder)
    assert sorted(folder.iterdir()) == before
    assert states(folder, now) == [KeyState.SIGNING, KeyState.NEXT]
    assert states(folder, begin) == [KeyState.LAST, KeyState.SIGNING]
    assert states(folder, begin + GRACE) == [KeyState.RETIRED, KeyState.SIGNING]


def test_a_rotation_removes_retired_keys_and_no_other(folder: Path) -> None:
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    second, third = create_next(folder, now - 2 * GRACE), create_next(folder, now - GRACE / 2)
    public = folder / "another.pem"
    public.write_bytes(
        Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    rotated(folder)
    assert not (folder / SIGNING).exists()
    assert all(path.exists() for path in (second, third, public))
    assert len(loaded(folder).jwks()["keys"]) == 4


def test_a_kill_while_a_key_is_written_leaves_the_folder_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.link", killed)
    with pytest.raises(KeyboardInterrupt):
        rotated(folder)
    assert [path.name for path in folder.glob("*.pem")] == [SIGNING]
    monkeypatch.undo()
    rotated(folder)
    assert len(loaded(folder).jwks()["keys"]) == 2


def test_nothing_that_a_stolen_key_signed_is_accepted(folder: Path) -> None:
    thief = loaded(folder)
    rotated(folder)
    now = dt.datetime.now(dt.UTC)
    rotated(folder, stolen=True)
    ring = loaded(folder)
    assert not is_accepted(ring, thief.issue(USER, 15, now), now)
    assert is_accepted(ring, ring.issue(USER, 15, now), now)
    assert len(list(folder.iterdir())) == 1


def test_the_list_names_every_key_with_its_state(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create_next(folder, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    printed = io.StringIO()
    signing_keys.show(folder, Console(file=printed, width=300), as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in rows] == ["SIGNING", "NEXT"]
    assert [row["kid"] for row in rows] == [key["kid"] for key in loaded(folder).jwks()["keys"]]
    assert rows[0]["acceptedUntil"] > rows[1]["signsFrom"] > "2026"
    signing_keys.show(folder, Console(file=printed, width=300), as_json=False)
    assert "accepted, and signs later" in printed.getvalue()


def test_the_keys_of_a_demo_are_not_rotated(tmp_path: Path) -> None:
    demo_keys(tmp_path / "demo", AUDIENCE)
    with pytest.raises(KeyFileError, match="demo's key"):
        rotated(tmp_path / "demo")
    (tmp_path / "empty").mkdir()
    with pytest.raises(KeyFileError, match="keys create"):
        rotated(tmp_path / "empty")


# --- while servers run ------------------------------------------------------------------------------------------------


async def test_no_request_is_refused_while_two_workers_change_their_key(
    environment: dict[str, str],  # noqa: F811
) -> None:
    """Somebody gets tokens and reads all the while, from before the new key is there until it signs."""
    connection = await asyncpg.connect(environment["OWNER"])
    await connection.execute("INSERT INTO registry.account (id, username, name) VALUES ($1, 'reader', 'Reader')", USER)
    await connection.execute(
        "INSERT INTO registry.session (id, account_id, begun_at, renewed_at, expires_at, second_factor, generation,"
        " token_hash) VALUES ($1, $2, now(), now(), now() + interval '1 day', false, 0, '')",
        *(SIGN_IN, USER),
    )
    await connection.close()
    folder = Path(environment["DESMIGRATIF_SIGNING_KEYS"])

    def issued(client: httpx.Client) -> str:
        ring = Keyring.load(folder, issuer="desmigratif", audience="desmigratif-api")
        return ring.issue(USER, 15, dt.datetime.now(dt.UTC), SIGN_IN)

    def read(port: int, token: str) -> int:
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE) as client:
            return client.post("/graphql", json={"query": "{ viewer { name } }"}).status_code

    def all_the_while(port: int, until: Callable[[], bool]) -> set[str]:
        kids = set()
        deadline = time.monotonic() + PATIENCE
        while not until():
            token = issued(client)
            assert read(port, token) == 200, "a connection of its own each, so that either worker answers"
            kids.add(kid(token))
            assert time.monotonic() < deadline
        return kids

    with serving(environment) as (parent, port), httpx.Client(timeout=PATIENCE) as client:
        eventually_now(lambda: all_answer(parent.pid, port))
        first = issued(client)
        begin = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=2 * POLL_SECONDS)
        create_next(folder, begin)
        kids = all_the_while(port, lambda: dt.datetime.now(dt.UTC) > begin + SECOND)
        assert len(kids) == 2
        for worker in children(parent.pid):
            assert answers_alone(parent.pid, worker, port)
            assert read(port, first) == 200, "the last key's token"


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
    vault = watched.service.vault  # as sign-in holds it from the start
    VaultFile.load(watched.sealing).rotated(PAST).put(watched.sealing)
    current = VaultFile.load(watched.sealing).current
    await eventually(lambda: vault.sealing == current)
    assert vault.open("x", IdentityField.NIK, current, vault.seal("x", IdentityField.NIK, "1").sealed) == "1"


async def test_keys_that_cannot_be_used_change_nothing_until_they_are_mended(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    before = VaultFile.load(watched.sealing)
    watched.sealing.write_text(watched.sealing.read_text()[:40])
    await warned(caplog, "holds no vault keys")
    assert watched.service.vault.sealing == before.current
    after = before.rotated(PAST)
    after.put(watched.sealing)
    await eventually(lambda: watched.service.vault.sealing == after.current)


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


async def test_a_running_server_takes_over_a_new_signing_key(watched: Watched) -> None:
    assert len(watched.kids) == 1
    keyring = watched.keyring  # as sign-in holds it from the start
    token = keyring.issue(USER, 15, dt.datetime.now(dt.UTC))
    assert keyring.verify(token).sub == USER
    create_next(watched.folder, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    await eventually(lambda: len(watched.kids) == 2)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    assert kid(keyring.issue(USER, 15, later)) == watched.kids[1] != kid(token)
    (watched.folder / SIGNING).unlink()
    await eventually(lambda: len(watched.kids) == 1)
    assert not is_accepted(keyring, token, dt.datetime.now(dt.UTC)), "though it was accepted, and remembered, before"


async def test_a_service_without_key_files_watches_nothing() -> None:
    service: Any = SimpleNamespace(key_files=None)
    before = asyncio.all_tasks()
    async with watching_keys(service):
        assert asyncio.all_tasks() == before


def test_the_page_on_keys_says_what_is_so() -> None:
    page = (Path(__file__).parents[1] / "docs" / "keys.md").read_text()
    assert f"every {POLL_SECONDS:.0f} seconds" in page
    assert f"signs in {SIGNING_NOTICE} minutes" in page
    assert dt.timedelta(minutes=SIGNING_NOTICE) == GRACE
    assert f"seals with it {VAULT_NOTICE} minutes later" in " ".join(page.split())
    assert f"batches of {BATCH} rows" in page
    assert set(re.findall(r"^\| `([A-Z]+)` \|", page, re.MULTILINE)) == set(KeyState.__members__)
    verbs_named = set(re.findall(r"desmigratif ((?:keys|vault) [a-z]+)", page))
    assert verbs_named == {name for name in verbs(app) if name.startswith(("keys", "vault"))}
