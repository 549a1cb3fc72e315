"""Bounded caches that drop the least recently used value first.

`functools.lru_cache` bounds the number of values but not their bytes, and cannot forget a single one; `LRUCache` of
cachetools has one bound instead of both, counts nothing and leaves the lock to its callers.
Rule: nothing that callers send is kept without a limit.  `LruCache.all` lists the caches and /metrics counts them (what
a short header means is in an `lru_cache`).  The event loop and the planning threads share some, so each has a
lock.  Test: tests/test_cache.py.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from threading import Lock
from typing import Any, ClassVar, Generic, TypeVar
from weakref import WeakSet

K = TypeVar("K")
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """At most `limit` values under their keys; `hits` and `misses` count calls of `get`.  None cannot be a value.

    `size_of` estimates the bytes of a value with its key: the total stays within `most`, and a value that exceeds it
    alone is not kept."""

    all: ClassVar[WeakSet[LruCache[object, object]]] = WeakSet()

    def __init__(self, name: str, limit: int, most: float = inf, size_of: Callable[[Any], int] = lambda _: 0) -> None:
        if limit < 1:
            raise ValueError("a cache needs room for one value")
        self.name, self.limit, self.hits, self.misses = name, limit, 0, 0
        self.bytes, self.most, self._size_of = 0, most, size_of
        self._values: dict[K, V] = {}
        self._lock = Lock()
        LruCache.all.add(self)  # type: ignore[arg-type]  # a set of caches of any kind

    def get(self, key: K) -> V | None:
        with self._lock:
            value = self._values.pop(key, None)
            if value is None:
                self.misses += 1
                return None
            self._values[key] = value  # dicts keep insertion order: the first was used least recently
            self.hits += 1
            return value

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._drop(key)
            size = self._size_of(value)
            if size > self.most:
                return
            while len(self._values) >= self.limit or self.bytes + size > self.most:
                self._drop(next(iter(self._values)))
            self._values[key] = value
            self.bytes += size

    def _drop(self, key: K) -> None:
        if (value := self._values.pop(key, None)) is not None:
            self.bytes -= self._size_of(value)

    def discard(self, key: K) -> None:
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self.bytes = 0

    def __len__(self) -> int:
        return len(self._values)
