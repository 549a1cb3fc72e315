"""Bounded memories: what was made once and is good for a while, the longest unused given up first.

Rule: nothing that callers bring is remembered without a limit; what they ask is in memories that `LruCache.all` lists
and /metrics counts (the meaning of a short header is in an `lru_cache`).  The event loop and the thread that plans
share some, so each has a lock.  Test: tests/test_cache.py.
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
    """At most `limit` values under their keys; `hits` and `misses` count what `get` found.  None is no value.

    `size_of` says about how many bytes a value weighs with its key: all together weigh `most` at most, and a value that
    alone weighs more is not remembered."""

    all: ClassVar[WeakSet[LruCache[object, object]]] = WeakSet()

    def __init__(self, name: str, limit: int, most: float = inf, size_of: Callable[[Any], int] = lambda _: 0) -> None:
        if limit < 1:
            raise ValueError("a memory of nothing")
        self.name, self.limit, self.hits, self.misses = name, limit, 0, 0
        self.bytes, self.most, self._size_of = 0, most, size_of
        self._held: dict[K, V] = {}
        self._lock = Lock()
        LruCache.all.add(self)  # type: ignore[arg-type]  # a set of memories of any kind

    def get(self, key: K) -> V | None:
        with self._lock:
            found = self._held.pop(key, None)
            if found is None:
                self.misses += 1
                return None
            self._held[key] = found  # dicts keep the order of insertion: the first is the longest unused
            self.hits += 1
            return found

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._give_up(key)
            size = self._size_of(value)
            if size > self.most:
                return
            while len(self._held) >= self.limit or self.bytes + size > self.most:
                self._give_up(next(iter(self._held)))
            self._held[key] = value
            self.bytes += size

    def _give_up(self, key: K) -> None:
        if (value := self._held.pop(key, None)) is not None:
            self.bytes -= self._size_of(value)

    def discard(self, key: K) -> None:
        with self._lock:
            self._give_up(key)

    def clear(self) -> None:
        with self._lock:
            self._held.clear()
            self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)
