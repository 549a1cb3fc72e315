"""Throttling: who guesses waits longer and longer, and nobody else waits with them."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry.guard.throttle import Bucket, Limits, keys_of, network_of
from tests.eventually import eventually, waiting_for_locks
from tests.test_refresh import REFRESH
from tests.test_sign_in import PASSWORD, SIGN_IN, audit_rows, last_row, with_password
from tests.village import Answer, Place, served_with

pytestmark = pytest.mark.anyio
WRONG = "salah " + PASSWORD
NEVER = Bucket(1_000_000, 1, 1)
FEW = Bucket(3, 10_000, 360_000, first=100)
"""With delays so long that none passes while a test runs."""


@pytest.fixture
async def behind_proxy(village: Place) -> AsyncIterator[Place]:
    """The village behind a proxy that says from where a caller comes."""
    async with served_with(village, proxies="127.0.0.1") as place:
        yield place


async def attempt(place: Place, username: str, password: str, address: str, **more: Any) -> Answer:
    sent = {"username": username, "password": password} | more
    headers = {"x-forwarded-for": address}
    return await place.send("POST", json={"query": SIGN_IN, "variables": {"input": sent}}, headers=headers)


def limited(place: Place, **limits: Bucket) -> None:
    never = {"origin": NEVER, "account": NEVER, "address": NEVER}
    place.app.service.entrance.limits = Limits(**never | limits)


def new_address() -> str:
    return f"2001:db8:{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}::1"


async def statuses(place: Place, username: str, address: str, count: int, **more: Any) -> list[int]:
    return [(await attempt(place, username, WRONG, address, **more)).status for _ in range(count)]


async def earlier(place: Place, seconds: int) -> None:
    """As if all attempts had been made so many seconds earlier."""
    await place.admin.execute(
        "UPDATE throttle SET at = at - make_interval(secs => $1), until = until - make_interval(secs => $1)", seconds
    )


async def test_a_name_from_one_address_waits_longer_and_longer(behind_proxy: Place) -> None:
    limited(behind_proxy, origin=FEW)
    account, username = await with_password(behind_proxy)
    address, waits = new_address(), []
    assert await statuses(behind_proxy, username, address, 4) == [200] * 4
    for _ in range(4):
        since = await last_row(behind_proxy)
        answer = await attempt(behind_proxy, username, PASSWORD, address)
        assert (answer.status, answer.codes) == (429, ["RATE_LIMITED"])
        assert await audit_rows(behind_proxy, since) == [(uuid.UUID(int=0), "sign-in", account, "RATE_LIMITED")]
        waits.append(round(int(answer.headers["retry-after"]), -2))
        await earlier(behind_proxy, waits[-1])
        assert await statuses(behind_proxy, username, address, 1) == [200], "one attempt, and then a longer wait"
    assert waits == [100, 200, 400, 800]


async def test_an_unknown_name_waits_as_long(behind_proxy: Place) -> None:
    limited(behind_proxy, origin=FEW)
    _, username = await with_password(behind_proxy)
    bodies = []
    for name in (username, f"nobody-{uuid.uuid4()}"):
        address = new_address()
        await statuses(behind_proxy, name, address, 4)
        answer = await attempt(behind_proxy, name, WRONG, address)
        request_id = answer.json["extensions"]["requestId"].encode()
        assert 90 < int(answer.headers["retry-after"]) <= 100
        bodies.append((answer.status, re.sub(rb"\d+ detik", b"", answer.body.replace(request_id, b""))))
    assert bodies[0] == bodies[1]


async def test_guesses_from_elsewhere_lock_nobody_out_where_they_work(behind_proxy: Place) -> None:
    """The account's own bucket is full, and so is that of the address; a known address and a known device pass."""
    limited(behind_proxy, account=FEW, address=FEW)
    _, username = await with_password(behind_proxy)
    office, phone = new_address(), str(uuid.uuid4())
    assert (await attempt(behind_proxy, username, PASSWORD, office, deviceId=phone)).status == 200
    for _ in range(4):
        assert await statuses(behind_proxy, username, new_address(), 1) == [200]
    assert await statuses(behind_proxy, username, new_address(), 1) == [429], "one more stranger waits"
    assert (await attempt(behind_proxy, username, PASSWORD, office)).status == 200
    assert (await attempt(behind_proxy, username, PASSWORD, new_address(), deviceId=phone)).status == 200
    assert (await attempt(behind_proxy, username, PASSWORD, new_address(), deviceId=str(uuid.uuid4()))).status == 429


async def test_a_stolen_phone_guesses_as_slowly_as_a_stranger_from_any_address(behind_proxy: Place) -> None:
    limited(behind_proxy, origin=FEW, account=FEW)
    _, username = await with_password(behind_proxy)
    phone = str(uuid.uuid4())
    assert (await attempt(behind_proxy, username, PASSWORD, new_address(), deviceId=phone)).status == 200
    answers = [await attempt(behind_proxy, username, WRONG, new_address(), deviceId=phone) for _ in range(9)]
    assert [answer.status for answer in answers] == [200] * 8 + [429], "4 on the phone, 4 as a stranger"


async def test_who_knows_the_id_of_a_device_keeps_its_owner_waiting_no_longer_than_a_stranger(
    behind_proxy: Place,
) -> None:
    limited(behind_proxy, origin=FEW)
    _, username = await with_password(behind_proxy)
    phone = str(uuid.uuid4())
    assert (await attempt(behind_proxy, username, PASSWORD, new_address(), deviceId=phone)).status == 200
    elsewhere = new_address()
    guesses = [await attempt(behind_proxy, username, WRONG, elsewhere, deviceId=phone) for _ in range(9)]
    assert guesses[-1].status == 429
    assert (await attempt(behind_proxy, username, PASSWORD, new_address(), deviceId=phone)).status == 200


async def test_texts_that_are_no_refresh_tokens_count_for_their_address(behind_proxy: Place) -> None:
    limited(behind_proxy, address=FEW)
    _, username = await with_password(behind_proxy)
    answer = await attempt(behind_proxy, username, PASSWORD, new_address())
    token = answer.data["signIn"]["session"]["refreshToken"]
    address = new_address()

    async def refreshed(text: str, at: str) -> int:
        sent = {"query": REFRESH, "variables": {"input": {"refreshToken": text}}}
        return (await behind_proxy.send("POST", json=sent, headers={"x-forwarded-for": at})).status

    assert [await refreshed("garbage", address) for _ in range(5)] == [200, 200, 200, 200, 429]
    assert await refreshed("garbage", new_address()) == 200
    assert await refreshed(token, address) == 200, "one of ours is no garbage"


async def test_one_address_waits_after_many_names(behind_proxy: Place) -> None:
    limited(behind_proxy, address=FEW)
    address = new_address()
    answers = [await attempt(behind_proxy, f"name-{n}-{uuid.uuid4()}", WRONG, address) for n in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 429]
    assert (await attempt(behind_proxy, "name", WRONG, new_address())).status == 200


async def test_attempts_at_the_same_time_in_two_workers_count_together(behind_proxy: Place) -> None:
    limited(behind_proxy, origin=FEW)
    _, username = await with_password(behind_proxy)
    address = new_address()
    async with served_with(behind_proxy, proxies="127.0.0.1") as worker:
        limited(worker, origin=FEW)
        tries = [attempt(place, username, WRONG, address) for place in (behind_proxy, worker) * 5]
        answers = await asyncio.gather(*tries)
    assert sorted(answer.status for answer in answers) == [200] * 4 + [429] * 6


async def test_a_success_takes_its_attempts_back(behind_proxy: Place) -> None:
    limited(behind_proxy, origin=FEW)
    _, username = await with_password(behind_proxy)
    address = new_address()
    for _ in range(3):
        assert await statuses(behind_proxy, username, address, 3) == [200] * 3
        assert (await attempt(behind_proxy, username, PASSWORD, address)).status == 200


async def test_a_bucket_empties_with_time_and_is_deleted(behind_proxy: Place) -> None:
    limited(behind_proxy, origin=FEW)
    _, username = await with_password(behind_proxy)
    address = new_address()
    await statuses(behind_proxy, username, address, 4)
    await earlier(behind_proxy, 4 * 360_000)
    assert await statuses(behind_proxy, username, address, 4) == [200] * 4
    (key, *_) = keys_of(behind_proxy.app.service.entrance.throttle_key, username, address, None)
    await behind_proxy.admin.execute("UPDATE throttle SET forgotten_at = now() - interval '1 second'")
    while await behind_proxy.admin.fetchval("SELECT count(*) FROM throttle WHERE forgotten_at < now()"):
        await statuses(behind_proxy, f"name-{uuid.uuid4()}", new_address(), 1)
    assert not await behind_proxy.admin.fetchval("SELECT count(*) FROM throttle WHERE key = $1", key)


async def test_a_stolen_token_guesses_the_password_as_slowly(behind_proxy: Place) -> None:
    limited(behind_proxy, origin=FEW)
    _, username = await with_password(behind_proxy)
    address = new_address()
    session = (await attempt(behind_proxy, username, PASSWORD, address)).data["signIn"]["session"]
    headers = {"authorization": f"Bearer {session['accessToken']}", "x-forwarded-for": address}
    query = "mutation($p: String!) { enrolTotp(input: {password: $p}) { userErrors { code } } }"
    request = {"query": query, "variables": {"p": WRONG}}
    answers = [await behind_proxy.send("POST", json=request, headers=headers) for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 429]


async def test_a_flood_from_one_network_keeps_nobody_else_waiting(behind_proxy: Place) -> None:
    """Attempts that wait for each other in the database use up the turns of their own network alone."""
    limited(behind_proxy)
    flooding, share = new_address(), behind_proxy.database.turns.share
    await attempt(behind_proxy, "name", WRONG, flooding)
    key = keys_of(behind_proxy.app.service.entrance.throttle_key, "name", flooding, None)[3]
    async with asyncio.TaskGroup() as flood, behind_proxy.admin.transaction():
        await behind_proxy.admin.execute("SELECT FROM throttle WHERE key = $1 FOR UPDATE", key)
        for n in range(share + 1):
            flood.create_task(attempt(behind_proxy, f"name {n}", WRONG, flooding))
        await waiting_for_locks(behind_proxy.admin, share)
        assert (await attempt(behind_proxy, "name", WRONG, new_address())).status == 200


async def test_of_one_network_few_passwords_wait_to_be_compared(behind_proxy: Place) -> None:
    limited(behind_proxy)
    turns, address = behind_proxy.app.service.entrance.hashing.turns, new_address()
    for _ in range(turns.size):
        await turns.acquire("others")
    waiting = [asyncio.create_task(turns.acquire(network_of(address))) for _ in range(turns.queue)]
    await eventually(lambda: turns.waiting == turns.queue)
    assert (await attempt(behind_proxy, "name", WRONG, f"{address}2")).status == 429
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    for _ in range(turns.size):
        turns.release("others")
    assert (await attempt(behind_proxy, "name", WRONG, f"{address}2")).status == 200


def test_of_ipv6_a_network_is_one_address() -> None:
    first, same, other = (
        keys_of(b"k", "name", each, None) for each in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    )
    assert first == same != other
