"""Rotating the vault's keys: everything is sealed again while the registry serves, and no key goes too early."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from rich.console import Console

from registry.codes import IdentityField
from registry.guard import sealed
from registry.guard.sealed import PLACES, refuse_undeclared
from registry.guard.vault import Vault
from registry.guard.vault_file import VaultFile
from registry.models.noun import Noun
from server.cli import vault_rotation
from server.cli.operator import operator
from server.database import reseal as work
from server.database.embedded import Embedded
from server.database.migrate import migrate
from server.database.reseal import ResealError, opened, reseal, settle, survey
from tests.eventually import PATIENCE, eventually
from tests.test_vault import KEPT, TYPED, places, reveal
from tests.village import Place, episode, household, person

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[1]
PAST = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
LATER = dt.timedelta(hours=1)
KEEPER = "vault_keeper"
FACTOR, SECRET = uuid.uuid4(), b"a secret of twenty b"


# --- the file ---------------------------------------------------------------------------------------------------------


def vault_of(file: VaultFile) -> Vault:
    return Vault(file.current, file.keys, file.blind, file.last, file.since)


def test_a_new_key_opens_at_once_and_seals_from_its_instant_on(tmp_path: Path) -> None:
    path = tmp_path / "vault.json"
    before = VaultFile.new()
    before.write_new(path)
    now = dt.datetime.now(dt.UTC)
    before.rotated(now + LATER).put(path)
    waiting = VaultFile.load(path)
    assert waiting.since == now + LATER
    assert Vault.load(path).sealing == before.current != waiting.current
    assert vault_of(replace(waiting, since=now)).sealing == waiting.current
    box = vault_of(replace(waiting, since=now)).seal("x", IdentityField.NIK, "1")
    assert Vault.load(path).open("x", IdentityField.NIK, box.key_id, box.sealed) == "1"
    assert Vault.load(path).blind(IdentityField.NIK, "1") == vault_of(before).blind(IdentityField.NIK, "1")


def test_a_key_file_is_replaced_whole_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "vault.json"
    replace(VaultFile.new(), note="a note").write_new(path)
    path.chmod(0o640)
    path.with_name("vault.json.new").write_text("half of a fi")  # a kill left it
    inode = path.stat().st_ino
    VaultFile.load(path).rotated(PAST).put(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_ino != inode, "readers have the old content or the new one"
    assert [each.name for each in tmp_path.iterdir()] == ["vault.json"]
    assert VaultFile.load(path).note == "a note"


def test_a_link_to_the_key_file_stays_a_link(tmp_path: Path) -> None:
    """Servers may name the file behind it: they would never read the new key."""
    link, target = tmp_path / "vault.json", tmp_path / "secrets" / "keys.json"
    target.parent.mkdir()
    VaultFile.new().write_new(target)
    link.symlink_to(target)
    VaultFile.load(link).rotated(PAST).put(link)
    assert link.readlink() == target
    assert len(VaultFile.load(target).keys) == 2


def test_a_secret_opens_only_in_its_row_and_table() -> None:
    vault = vault_of(VaultFile.new())
    box = vault.seal_secret("second_factor", FACTOR, SECRET)
    assert vault.open_secret("second_factor", FACTOR, *box) == SECRET
    for place in (("second_factor", uuid.uuid4()), ("other", FACTOR)):
        with pytest.raises(InvalidTag):
            vault.open_secret(*place, *box)


def test_keys_are_never_shown() -> None:
    file = VaultFile.new()
    for key in (*file.keys.values(), file.blind):
        assert repr(key)[2:-1] not in repr(file)


@pytest.mark.parametrize("change", [{"last": "k-none"}, {"since": "soon", "last": None}, {"since": "2026-11-30T18:00"}])
def test_a_file_with_a_wrong_rotation_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "vault.json"
    Vault.create(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match="holds no vault keys"):
        VaultFile.load(path)


def test_a_vault_continues_only_one_whose_values_it_opens() -> None:
    first = VaultFile.new()
    second = first.rotated(PAST)
    assert vault_of(second).continues(vault_of(first))
    assert vault_of(second.retired()).continues(vault_of(second))
    assert not vault_of(first).continues(vault_of(second)), "the file of before the rotation"
    assert not vault_of(VaultFile.new()).continues(vault_of(first))


# --- the declaration --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["key_id", "sealed", "secret_sealed", "secret_key_id"])
def test_a_table_with_sealed_values_that_is_not_declared_stops_everything(column: str) -> None:
    refuse_undeclared()
    table = sa.Table("forgotten", Noun.metadata, sa.Column(column, sa.LargeBinary()))
    try:
        with pytest.raises(TypeError, match=r"forgotten holds sealed values: add it to PLACES"):
            refuse_undeclared()
    finally:
        Noun.metadata.remove(table)


def test_only_these_files_seal_what_a_place_stores() -> None:
    """Whoever seals elsewhere says first, in registry/guard/sealed.py, where the value is stored."""
    sealing = {
        str(path.relative_to(ROOT))
        for package in ("auth", "registry", "schema", "server")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\bvault\.(seal|seal_secret|check_value)\(", path.read_text())
    }
    assert sealing <= {
        "registry/write/document.py",  # identity, household_revision
        "registry/write/second_factor.py",  # second_factor
        "server/database/checks.py",  # vault_check
        "server/demo/record.py",  # identity, household_revision
    }


# --- in the registry --------------------------------------------------------------------------------------------------


@pytest.fixture
async def rotating(village: Place, postgres: Embedded, tmp_path: Path) -> AsyncIterator[Rotating]:
    """The village with ten households, sealed with the only key of a file, and a login that may seal them again."""
    file = VaultFile.new()
    path = tmp_path / "vault.json"
    file.write_new(path)
    for place in PLACES:
        await village.admin.execute(f"TRUNCATE {place.table.name} CASCADE")
    await village.admin.execute("TRUNCATE household CASCADE")
    village.app.service.vault = Vault.load(path)
    await village.admin.execute("INSERT INTO vault_check VALUES (1, $1, $2, $3)", *village.vault.check_value())
    documents = [await submitted(village) for _ in range(10)]
    await village.admin.execute(
        "INSERT INTO second_factor (id, account_id, key_id, sealed, last_step) VALUES ($1, $2, $3, $4, 0)",
        *(FACTOR, village.ids["officer"], *village.vault.seal_secret("second_factor", FACTOR, SECRET)),
    )
    await village.admin.execute(f"DROP ROLE IF EXISTS {KEEPER}")
    await village.admin.execute(f"CREATE ROLE {KEEPER} LOGIN NOSUPERUSER IN ROLE registry_owner")
    name = await village.admin.fetchval("SELECT current_database()")
    yield Rotating(village, path, postgres.dsn(name, KEEPER), documents)
    await village.admin.execute(f"DROP ROLE {KEEPER}")


class Rotating:
    """A village whose vault is rotated, the key file and the owner's URL."""

    def __init__(self, village: Place, path: Path, owner: str, documents: list[dict[str, Any]]) -> None:
        self.village, self.path, self.owner, self.documents = village, path, owner, documents
        self.printed = io.StringIO()
        self.console = Console(file=self.printed, width=200)

    @property
    def file(self) -> VaultFile:
        return VaultFile.load(self.path)

    def begin(self) -> str:
        """Put a new key into the file that every server knows and seals with; returns the id of the old one."""
        old = self.file.current
        self.file.rotated(PAST).put(self.path)
        self.village.app.service.vault = Vault.load(self.path)
        return old

    async def rotate(self) -> None:
        await vault_rotation.rotate(self.path, self.owner, self.console, minutes=1, dry_run=False)

    async def retire(self) -> None:
        await vault_rotation.retire(self.path, self.owner, self.console)
        self.village.app.service.vault = Vault.load(self.path)

    async def stale(self) -> int:
        async with self.opened() as connection:
            return sum(place.stale for place in await survey(connection, self.file.current))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[asyncpg.Connection]:
        async with opened(self.owner, Vault.load(self.path)) as connection:
            yield connection


@asynccontextmanager
async def another_session(rotating: Rotating) -> AsyncIterator[asyncpg.Connection]:
    """A connection in a transaction, which ends when this does."""
    connection = await asyncpg.connect(rotating.owner.replace(KEEPER, "postgres"))
    try:
        await connection.execute("BEGIN")
        yield connection
    finally:
        connection.terminate()


async def submitted(village: Place) -> dict[str, Any]:
    member = person(1)
    document = household(phone=TYPED["phone"], kkNumber=TYPED["kkNumber"], kkMissingReason=None)
    document["members"] = [member]
    document["migrations"] = [episode(member, passportNo=TYPED["passportNo"], epmiNo=TYPED["epmiNo"])]
    stored = await village.submit("officer", document)
    assert stored["outcome"] == "ACCEPTED", stored["userErrors"]
    return document


async def opens_everything(village: Place, document: dict[str, Any]) -> None:
    """Each number is revealed, and an edit of another column is merged with the sealed ones."""
    for field, (id_, number) in places(document).items():
        assert await reveal(village, "officer", id_, field) == {"value": number, "userErrors": []}
    edit = {"id": document["id"], "address": "Jalan Melati 5"}
    assert (await village.submit("officer", edit, 1))["outcome"] == "ACCEPTED"


async def holding(village: Place, text: str) -> list[str]:
    """The tables that have the text in any row."""
    names = [table.name for table in Noun.metadata.sorted_tables]
    query = "SELECT EXISTS (SELECT FROM {} t WHERE t::text LIKE '%' || $1 || '%')"
    return [name for name in names if await village.admin.fetchval(query.format(name), text)]


async def contents(village: Place) -> tuple[Any, Any]:
    """What a rotation leaves as it is: blind indexes, and the documents in their order without key ids and bytes."""
    blind = await village.admin.fetch("SELECT id, subject_id, field, blind, updated_at FROM identity ORDER BY id")
    rows = await village.admin.fetch("SELECT id, document FROM household_revision ORDER BY id")
    return blind, [(row["id"], re.sub(r'"(key_id|sealed)":"[^"]*"', "", row["document"])) for row in rows]


async def test_everything_is_sealed_again_and_the_old_key_can_go(rotating: Rotating) -> None:
    village = rotating.village
    before = await contents(village)
    old = rotating.begin()
    async with rotating.opened() as connection:
        for place in await survey(connection, rotating.file.current):
            assert place.rows == place.stale > 0, f"{place.table}: give it a value in this test's village"
    await rotating.rotate()
    assert await contents(village) == before
    assert await rotating.stale() == 0
    assert await holding(village, old) == [], "PLACES of registry/guard/sealed.py lacks where this is stored"
    await rotating.retire()
    assert rotating.file.older == ()
    for document in rotating.documents:
        await opens_everything(village, document)
    row = await village.admin.fetchrow("SELECT key_id, sealed FROM second_factor")
    assert row is not None
    assert village.vault.open_secret("second_factor", FACTOR, row["key_id"], row["sealed"]) == SECRET


async def test_households_are_submitted_and_read_all_the_while(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "BATCH", 3)
    village = rotating.village
    old = rotating.begin()
    rotation = asyncio.create_task(rotating.rotate())
    documents = rotating.documents.copy()
    while not rotation.done():
        document = documents.pop() if documents else await submitted(village)
        await opens_everything(village, document)
    await rotation
    assert len(documents) < len(rotating.documents)
    assert await holding(village, old) == []


async def test_a_killed_rotation_goes_on_where_it_was(rotating: Rotating) -> None:
    """Rows that another session holds are skipped, so half of them are still sealed with the old key when it dies."""
    village = rotating.village
    rotating.begin()
    total = await rotating.stale()
    environment = {
        "PATH": os.environ["PATH"],
        "OWNER_DATABASE_URL": rotating.owner,
        "DESMIGRATIF_VAULT_KEYS": str(rotating.path),
    }
    command = [sys.executable, "-m", "server.cli.main", "vault", "rotate"]
    async with another_session(rotating) as holder:
        await holder.execute("SELECT FROM registry.identity WHERE field = 'NIK' FOR UPDATE")
        process = await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            held = 10
            await eventually(lambda: _is(rotating, lambda stale: stale == held < total))
        finally:
            process.send_signal(signal.SIGKILL)
        await asyncio.wait_for(process.wait(), PATIENCE)
        assert await rotating.stale() == held
        for document in rotating.documents[:2]:
            assert (await reveal(village, "officer", document["id"], "PHONE"))["value"] == KEPT["PHONE"]
    again = await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT, stdout=subprocess.PIPE)
    printed, _ = await asyncio.wait_for(again.communicate(), PATIENCE)
    assert again.returncode == 0
    assert b"Everything is sealed with" in printed
    assert await rotating.stale() == 0


async def _is(rotating: Rotating, condition: Any) -> bool:
    return bool(condition(await rotating.stale()))


async def test_a_rotation_that_is_under_way_makes_no_second_key(rotating: Rotating) -> None:
    rotating.begin()
    before = rotating.file
    await rotating.rotate()
    await rotating.rotate()
    assert rotating.file == before
    assert "0 rows sealed again" in rotating.printed.getvalue()


async def test_the_key_is_in_the_file_before_anything_waits(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = rotating.file.current
    waits: list[float] = []

    class Interrupted(Exception):
        pass

    async def interrupt(seconds: float) -> None:
        waits.append(seconds)
        raise Interrupted

    monkeypatch.setattr(asyncio, "sleep", interrupt)
    with pytest.raises(Interrupted):
        await rotating.rotate()
    monkeypatch.undo()
    assert rotating.file.last == old
    assert Vault.load(rotating.path).sealing == old
    assert 60 + vault_rotation.SETTLING.seconds - 5 < waits[0] <= 60 + vault_rotation.SETTLING.seconds
    assert await holding(rotating.village, rotating.file.current) == ["audit_event"]


async def test_one_process_at_a_time_changes_the_file(rotating: Rotating) -> None:
    """Each of two would put a file in its place without the key of the other, which may have sealed by then."""
    async with rotating.opened() as other:
        await work.hold_keys(other)
        before = rotating.path.read_bytes()
        with pytest.raises(ResealError, match="Another process changes the vault's keys"):
            await rotating.rotate()
        rotating.begin()
        begun = rotating.path.read_bytes()
        with pytest.raises(ResealError, match="Another process changes the vault's keys"):
            await rotating.retire()
        assert before != begun == rotating.path.read_bytes()
    await rotating.rotate()
    await rotating.retire()


@pytest.mark.parametrize("wrong_by", [dt.timedelta(minutes=-5), dt.timedelta(minutes=5)])
async def test_a_wrong_clock_makes_and_retires_no_key(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch, wrong_by: dt.timedelta
) -> None:
    """A key would seal before every server knows it, or the old one would go while it still seals."""

    class Wrong(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return dt.datetime.now(tz) + wrong_by

    for module in (work, vault_rotation):
        monkeypatch.setattr(module, "dt", SimpleNamespace(datetime=Wrong, timedelta=dt.timedelta, UTC=dt.UTC))
    before = rotating.path.read_bytes()
    for verb in (rotating.rotate, rotating.retire):
        with pytest.raises(ResealError, match=r"differ by (299|300|301) s"):
            await verb()
    assert rotating.path.read_bytes() == before


async def test_each_change_of_the_keys_is_an_audit_row(rotating: Rotating, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = rotating.village.admin
    query = (
        "SELECT shell_user, outcome, note FROM audit_event"
        " WHERE ability = 'vault:keys' AND actor_id IS NULL AND subject_id IS NULL ORDER BY id"
    )
    await admin.execute("DELETE FROM audit_event WHERE ability = 'vault:keys'")
    old = rotating.file.current
    monkeypatch.setattr(vault_rotation, "SETTLING", -LATER)  # nobody waits
    await rotating.rotate()
    new = rotating.file.current
    assert new != old
    replace(rotating.file, since=PAST).put(rotating.path)
    await rotating.rotate()
    changed = re.findall(r"(\d+ rows?) sealed again", rotating.printed.getvalue())
    await rotating.retire()
    rows = [tuple(row) for row in await admin.fetch(query)]
    assert {row[:2] for row in rows} == {(operator(), "ACCEPTED")}
    notes = [row[2] for row in rows]
    assert notes == [
        f"vault rotate, {new} is new",
        *(f"vault rotate, {count} sealed again with {new}" for count in changed),
        f"vault retire, {old} is out",
    ]

    await admin.execute("ALTER TABLE audit_event ADD CONSTRAINT full_disk CHECK (ability <> 'vault:keys') NOT VALID")
    before = rotating.path.read_bytes()
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await rotating.rotate()
    finally:
        await admin.execute("ALTER TABLE audit_event DROP CONSTRAINT full_disk")
    assert rotating.path.read_bytes() == before, "what cannot be audited is not done"


async def test_a_dry_run_changes_nothing(rotating: Rotating) -> None:
    before = rotating.path.read_bytes(), await holding(rotating.village, rotating.file.current)
    await vault_rotation.rotate(rotating.path, rotating.owner, rotating.console, minutes=5, dry_run=True)
    assert "A new key would seal 5 minutes from now" in rotating.printed.getvalue()
    assert (rotating.path.read_bytes(), await holding(rotating.village, rotating.file.current)) == before
    old = rotating.begin()
    await vault_rotation.rotate(rotating.path, rotating.owner, rotating.console, minutes=5, dry_run=True)
    assert "under way" in rotating.printed.getvalue()
    assert "identity" in await holding(rotating.village, old)


async def test_the_status_counts_what_older_keys_have_sealed(
    rotating: Rotating, capsys: pytest.CaptureFixture[str]
) -> None:
    old = rotating.begin()
    await vault_rotation.status(rotating.path, rotating.owner, rotating.console, as_json=True)
    content = json.loads(capsys.readouterr().out)
    assert (content["older"], content["current"]) == ([old], rotating.file.current)
    assert content["tables"]["household_revision"] == {"rows": 10, "olderKey": 10}
    await vault_rotation.status(rotating.path, rotating.owner, rotating.console, as_json=False)
    assert "opens only" in rotating.printed.getvalue()


# --- retiring ---------------------------------------------------------------------------------------------------------


async def test_no_key_is_retired_while_a_value_needs_it(rotating: Rotating) -> None:
    await rotating.retire()
    assert "nothing to retire" in rotating.printed.getvalue()
    rotating.begin()
    with pytest.raises(ResealError, match="rows need an older key"):
        await rotating.retire()
    now = dt.datetime.now(dt.UTC)
    replace(rotating.file, since=now).put(rotating.path)
    with pytest.raises(ResealError, match="no key can be retired before"):
        await rotating.retire()
    assert len(rotating.file.keys) == 2


async def test_no_key_is_retired_while_a_transaction_may_still_store_its_values(rotating: Rotating) -> None:
    """A submission that read the newest revision before it was sealed again copies the old bytes into the next one."""
    village = rotating.village
    (document,) = await village.admin.fetch("SELECT * FROM household_revision LIMIT 1")
    rotating.begin()
    async with another_session(rotating) as late:
        await late.execute("SELECT count(*) FROM registry.household_revision")
        await rotating.rotate()
        retiring = asyncio.create_task(rotating.retire())
        await eventually(lambda: _waits_for_transactions(village))
        await late.execute(
            "INSERT INTO registry.household_revision"
            " (id, rev, document, household_id, village_id, area, draft, created_by)"
            " SELECT gen_random_uuid(), rev + 1, $1::json, household_id, village_id, area, draft, created_by"
            " FROM registry.household_revision WHERE id = $2",
            *(document["document"], document["id"]),
        )
        assert not retiring.done()
        await late.execute("COMMIT")
    with pytest.raises(ResealError, match="Values of 1 row need an older key"):
        await retiring
    assert len(rotating.file.keys) == 2
    await rotating.rotate()
    await rotating.retire()
    assert rotating.file.older == ()


async def _waits_for_transactions(village: Place) -> bool:
    return bool(
        await village.admin.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND query LIKE '%virtualxid%'", KEEPER
        )
    )


# --- what is refused --------------------------------------------------------------------------------------------------


async def test_keys_of_another_vault_seal_nothing(rotating: Rotating, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    Vault.create(other)
    content = other.read_bytes()
    with pytest.raises(ResealError, match="not that of this database"):
        await vault_rotation.rotate(other, rotating.owner, rotating.console, minutes=1, dry_run=False)
    assert other.read_bytes() == content


async def test_a_database_that_shows_the_owner_nothing_is_refused(rotating: Rotating, postgres: Embedded) -> None:
    """Without the policies nothing would seem to be left, and the key of every value would be retired."""
    rotating.begin()
    admin = rotating.village.admin
    await admin.execute("DROP POLICY keep ON registry.identity")
    try:
        for verb in (rotating.rotate, rotating.retire):
            with pytest.raises(ResealError, match="run `desmigratif migrate`"):
                await verb()
    finally:
        await migrate(postgres.dsn(await admin.fetchval("SELECT current_database()")))
    async with rotating.opened() as connection:
        assert await reseal(connection, Vault.load(rotating.path)) > 0
        await settle(connection, rotating.file.current)


async def test_the_login_of_servers_cannot_seal_again(rotating: Rotating) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with opened(rotating.village.login, Vault.load(rotating.path)):
            pass


async def test_a_submission_never_waits_for_more_than_one_batch(rotating: Rotating) -> None:
    """A rotation that meets a held row goes on with the others, and holds nothing while it waits for it."""
    village = rotating.village
    rotating.begin()
    held = rotating.documents[0]
    async with another_session(rotating) as holder:
        await holder.execute("SELECT FROM registry.identity WHERE subject_id = $1 FOR UPDATE", held["id"])
        rotation = asyncio.create_task(rotating.rotate())
        await eventually(lambda: _is(rotating, lambda stale: stale == 2))
        new = {"id": rotating.documents[1]["id"], "phone": "081299998888"}
        assert (await village.submit("officer", new, 1))["outcome"] == "ACCEPTED"
        assert not rotation.done()
    await rotation
    assert await rotating.stale() == 0


def test_places_are_named_once() -> None:
    assert len(sealed.SEALED_TABLES) == len(PLACES)
