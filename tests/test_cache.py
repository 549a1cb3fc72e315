"""A memory holds what was used last, never more than its limit, and counts what it was asked."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.store.cache import LruCache

KEYS = st.integers(0, 7)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(1, 9)),
        st.tuples(st.sampled_from(["get", "discard"]), KEYS),
        st.tuples(st.just("clear")),
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 5))
def test_it_evicts_the_least_recently_used_value(steps: list[tuple[object, ...]], limit: int) -> None:
    memory, plain = LruCache[object, object]("test", limit), OrderedDict[object, object]()
    hits = misses = 0
    for what, *words in steps:
        if what == "put":
            key, value = words
            memory.put(key, value)
            plain[key] = value
            plain.move_to_end(key)
            if len(plain) > limit:
                plain.popitem(last=False)
        elif what == "get":
            assert memory.get(words[0]) == plain.get(words[0])
            if words[0] in plain:
                hits += 1
                plain.move_to_end(words[0])
            else:
                misses += 1
        elif what == "discard":
            memory.discard(words[0])
            plain.pop(words[0], None)
        else:
            memory.clear()
            plain.clear()
        assert len(memory) == len(plain) <= limit
    assert (memory.hits, memory.misses) == (hits, misses)


@given(st.lists(st.tuples(KEYS, st.integers(0, 40)), max_size=40))
def test_its_bytes_stay_below_the_limit(steps: list[tuple[int, int]]) -> None:
    """And what alone weighs more is not held, nor what was held under its key before."""
    memory = LruCache[int, bytes]("heavy", 5, 30, len)
    for key, size in steps:
        memory.put(key, b"x" * size)
        assert memory.get(key) == (b"x" * size if size <= 30 else None)
        assert memory.bytes == sum(map(len, memory._values.values())) <= 30
        assert len(memory) <= 5


def test_every_cache_is_listed_while_it_exists() -> None:
    memory = LruCache[str, str]("listed", 1)
    assert memory in LruCache.all
    names = [one.name for one in LruCache.all]
    del memory
    assert [one.name for one in LruCache.all].count("listed") == names.count("listed") - 1


def test_a_cache_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room for one value"):
        LruCache("none", 0)


def test_threads_may_share_a_cache() -> None:
    memory: LruCache[int, int] = LruCache("shared", 3)

    def use(start: int) -> int:
        for n in range(20_000):
            memory.put((start + n) % 7, n)
            memory.get((start * n) % 7)
        return len(memory)

    with ThreadPoolExecutor(4) as threads:
        assert all(found <= 3 for found in threads.map(use, range(4)))
