"""Passwords: which are accepted, how they are hashed, and how many at a time."""

from __future__ import annotations

import asyncio
import threading
import time
import unicodedata

import pytest
from argon2 import PasswordHasher

from auth import password
from auth.errors import RateLimited
from registry.guard import hashing
from registry.guard.hashing import Hashing
from registry.store.outage import Unreachable
from tests.hashing import todays_hashing  # noqa: F401  (a fixture)

pytestmark = pytest.mark.usefixtures("todays_hashing")
WEAK = [
    "",
    "Kuda-Besi-9",  # eleven characters
    "passwordpassword",
    "PASSWORD1234",
    "qwertyuiop12",
    "123456789012",
    "aaaaaaaaaaaaaaaa",
    "bismillah1234",
    "iloveyou1234",
    "desmigratif2026",
    "Desmigratif-2026",
    "siti.aminah.siti",
    "Kemnaker-Siti-1",
    "officer.3507112008",
    "x7-Kereta-Hujan" * 20,  # 300 characters
]
STRONG = [
    "korek kuda baterai",
    "Gunung-Semeru-7-hujan",
    "xk3J9$qLmP2w",
    "kereta malam ke Blitar",
    "пароль длинный тоже",
]


@pytest.mark.parametrize("text", WEAK)
def test_what_is_short_or_guessed_early_is_refused(text: str) -> None:
    assert password.is_weak(text, "officer.3507112008", "Siti Aminah")


@pytest.mark.parametrize("text", STRONG)
def test_a_long_password_needs_no_particular_characters(text: str) -> None:
    assert not password.is_weak(text, "officer.3507112008", "Siti Aminah")
    assert not password.is_weak(text * 3 if len(text) < 60 else text)


def test_temporary_passwords_are_random_and_accepted() -> None:
    passwords = {password.temporary() for _ in range(100)}
    assert len(passwords) == 100
    assert not any(password.is_weak(each) for each in passwords)


def test_a_hash_has_todays_parameters_and_its_own_salt() -> None:
    first, second = password.hashed("korek kuda"), password.hashed("korek kuda")
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert password.is_right("korek kuda", first)
    assert not password.is_right("korek kudA", first)
    assert not password.is_outdated(first)


def test_a_hash_of_fewer_rounds_is_outdated_and_still_right() -> None:
    stored = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("korek kuda")
    assert password.is_right("korek kuda", stored)
    assert password.is_outdated(stored)


def test_one_password_from_two_keyboards_is_the_same() -> None:
    composed, decomposed = (unicodedata.normalize(form, "café olé ölwärme") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert password.is_right(decomposed, password.hashed(composed))


@pytest.mark.parametrize("stored", [None, "", "x", "$argon2id$v=19$m=65536,t=3,p=4$broken"])
def test_no_or_a_broken_hash_fits_nothing(stored: str | None) -> None:
    assert not password.is_right("", stored)
    assert not password.is_right("korek kuda", stored)


def test_what_is_longer_than_any_password_is_wrong_even_if_its_beginning_is_right() -> None:
    longest = "k" * password.LONGEST
    stored = password.hashed(longest)
    assert password.is_right(longest, stored)
    assert not password.is_right(longest + "k", stored)


@pytest.mark.anyio
async def test_few_hashes_run_at_once_and_requests_go_on() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    threads = Hashing(2)
    tasks = [asyncio.create_task(threads.run(caller, work)) for caller in "abcdefgh"]
    loops = 0
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        loops += 1
    assert most == 2
    assert loops > 10, "the event loop was free meanwhile"


@pytest.mark.anyio
async def test_one_caller_cannot_make_others_wait_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "TIMEOUT", 0.05)
    release = threading.Event()
    threads = Hashing(1)
    first = asyncio.create_task(threads.run("one", release.wait))
    queued = [asyncio.create_task(threads.run("one", release.wait)) for _ in range(hashing.MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await threads.run("one", time.monotonic)
    with pytest.raises(Unreachable):
        await threads.run("another", time.monotonic)
    release.set()
    assert await first
    assert {type(result) for result in await asyncio.gather(*queued, return_exceptions=True)} == {RateLimited}
