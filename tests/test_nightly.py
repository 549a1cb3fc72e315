"""The nightly close: once a night whoever serves, by hand by an operator, and at the end of the demo's loading."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import pytest

from registry.figures.closing import LOCK
from registry.guard.close_crossings import CLOSING
from registry.guard.vault import Vault
from registry.write.close import close
from server.cli.main import main
from server.database.embedded import Embedded
from server.demo.load import load
from server.http.closing import closing, midnight, until_midnight
from tests.eventually import eventually
from tests.village import HERE, Place

pytestmark = pytest.mark.anyio
RUNS = "SELECT ledger, count(*) FROM block_close WHERE depth = 0 GROUP BY 1"
JAKARTA = ZoneInfo("Asia/Jakarta")


async def runs(village: Place) -> dict[str, int]:
    """Ledger → how often it was looked through."""
    return {row[0]: row[1] for row in await village.admin.fetch(RUNS)}


@pytest.fixture
async def dsn(village: Place, postgres: Embedded) -> str:
    """The village's database, as its owner."""
    return postgres.dsn(await village.admin.fetchval("SELECT current_database()"))


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-12-01T16:59:59+00:00", "2026-12-01T00:00:00+07:00"),
        ("2026-12-01T17:00:00+00:00", "2026-12-02T00:00:00+07:00"),
        ("2026-12-31T17:00:01+00:00", "2027-01-01T00:00:00+07:00"),
    ],
)
def test_the_night_ends_at_midnight_in_the_capital(now: str, last: str) -> None:
    instant = dt.datetime.fromisoformat(now)
    assert midnight(instant) == dt.datetime.fromisoformat(last)
    next_night = instant + dt.timedelta(seconds=until_midnight(instant))
    assert next_night.astimezone(JAKARTA).time() == dt.time()
    assert 0 < until_midnight(instant) <= 86_400


async def test_a_server_closes_what_was_missed_and_says_so(village: Place) -> None:
    service = village.app.service
    await village.admin.execute("DELETE FROM block_close")
    async with closing(service):
        await eventually(lambda: service.night_closed)
    assert await runs(village) == dict.fromkeys([unit.name for unit in CLOSING], 1)
    async with closing(service):
        await eventually(lambda: service.night_closed)
    assert await runs(village) == dict.fromkeys([unit.name for unit in CLOSING], 1), "once a night"


async def test_many_workers_close_a_night_once(village: Place) -> None:
    before, night = await runs(village), dt.datetime.now(dt.UTC)

    async def is_closed() -> bool:
        return await close(village.database, night) is not None

    await asyncio.gather(*[eventually(is_closed) for _ in range(4)])
    after = await runs(village)
    assert after == {unit.name: before.get(unit.name, 0) + 1 for unit in CLOSING}


async def test_a_close_that_fails_is_logged_without_values_and_tried_again(
    village: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    async def failing(*_: object) -> int:
        nonlocal tried
        tried += 1
        raise asyncpg.UndefinedFunctionError("it holds words of a statement")

    monkeypatch.setattr("server.http.closing.close", failing)
    monkeypatch.setattr("server.http.closing.RETRY", 0.01)
    async with closing(village.app.service):
        await eventually(lambda: tried >= 3)
    assert not village.app.service.night_closed
    messages = {record.getMessage() for record in caplog.records if "Published" in record.getMessage()}
    assert messages == {"Published figures stay those of the night before: UndefinedFunctionError."}


async def test_an_operator_closes(village: Place, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = await runs(village)
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, ["close", "--json", "--database", dsn])
    assert ended.value.code == 0
    assert orjson.loads(capsys.readouterr().out).keys() == {unit.name for unit in CLOSING}
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, ["close", "--database", dsn])
    assert ended.value.code == 0
    assert "0 blocks of the ledger person" in capsys.readouterr().out
    assert await runs(village) == {unit.name: before.get(unit.name, 0) + 2 for unit in CLOSING}


async def test_an_operator_learns_that_another_process_closes(
    village: Place, dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await village.admin.execute(f"SELECT pg_advisory_lock({LOCK})")
    try:
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main, ["close", "--database", dsn])
    finally:
        await village.admin.execute(f"SELECT pg_advisory_unlock({LOCK})")
    assert ended.value.code == 1
    assert "Another process closes" in capsys.readouterr().err


async def test_the_demo_is_published(admin: asyncpg.Connection) -> None:
    steps: list[Any] = []
    vault = Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))
    await load(admin, vault, report=lambda *step: steps.append(step), only=(HERE,))
    assert await admin.fetchval("SELECT sum(shown) FROM published WHERE place = $1", HERE) > 0
    assert ("published figures", len(CLOSING), len(CLOSING)) in steps
