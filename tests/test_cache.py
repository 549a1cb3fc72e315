"""A cache holds the most recently used values up to its limit, and counts hits and misses."""

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
    cache, expected = LruCache[object, object]("test", limit), OrderedDict[object, object]()
    hits = misses = 0
    for step, *arguments in steps:
        if step == "put":
            key, value = arguments
            cache.put(key, value)
            expected[key] = value
            expected.move_to_end(key)
            if len(expected) > limit:
                expected.popitem(last=False)
        elif step == "get":
            assert cache.get(arguments[0]) == expected.get(arguments[0])
            if arguments[0] in expected:
                hits += 1
                expected.move_to_end(arguments[0])
            else:
                misses += 1
        elif step == "discard":
            cache.discard(arguments[0])
            expected.pop(arguments[0], None)
        else:
            cache.clear()
            expected.clear()
        assert len(cache) == len(expected) <= limit
    assert (cache.hits, cache.misses) == (hits, misses)


@given(st.lists(st.tuples(KEYS, st.integers(0, 40)), max_size=40))
def test_its_bytes_stay_below_the_limit(steps: list[tuple[int, int]]) -> None:
    """A value larger than the limit is not stored, and replaces the earlier value of its key."""
    cache = LruCache[int, bytes]("heavy", 5, 30, len)
    for key, size in steps:
        cache.put(key, b"x" * size)
        assert cache.get(key) == (b"x" * size if size <= 30 else None)
        assert cache.bytes == sum(map(len, cache._values.values())) <= 30
        assert len(cache) <= 5


def test_every_cache_is_listed_while_it_exists() -> None:
    cache = LruCache[str, str]("listed", 1)
    assert cache in LruCache.all
    names = [listed.name for listed in LruCache.all]
    del cache
    assert [listed.name for listed in LruCache.all].count("listed") == names.count("listed") - 1


def test_a_cache_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room for one value"):
        LruCache("none", 0)


def test_threads_may_share_a_cache() -> None:
    cache: LruCache[int, int] = LruCache("shared", 3)

    def use(start: int) -> int:
        for n in range(20_000):
            cache.put((start + n) % 7, n)
            cache.get((start * n) % 7)
        return len(cache)

    with ThreadPoolExecutor(4) as threads:
        assert all(size <= 3 for size in threads.map(use, range(4)))
