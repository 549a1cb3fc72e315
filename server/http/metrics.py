"""The counts of the whole service, in the text format that Prometheus reads (0.0.4).

Each process writes its counts into files of a folder that the service shares, in the layout of prometheus-client's
multiprocess mode, every second and when its /metrics is read; the process that answers /metrics adds up the files.
Counting itself is adding one to a plain number in memory.
Rule: a label is a word of the code (an outcome, the name of a cache), and never anything that somebody sent or stored.
Test: tests/test_metrics.py, tests/test_workers.py.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from registry.store.cache import LruCache
from registry.store.pool import Durations
from server.http.service import Service

WRITE_SECONDS = 1.0  # between two writings
MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
COUNTER, HISTOGRAM = "counter", "histogram"
SUM, MINIMUM = "gauge_livesum", "gauge_livemin"  # of the processes that are alive
Sample = tuple[str, dict[str, str], float]


class Published:
    """The counts of this process in the folder of the service."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service = service
        self._folder = folder
        self._files: dict[str, MmapedDict] = {}  # by kind
        # Random digits beside the process id, because a new process may get the id of one that was killed.
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"

    def write(self) -> None:
        """Write the present counts of this process."""
        for kind, name, help_text, samples in _families(self._service):
            if kind not in self._files:
                self._files[kind] = MmapedDict(str(self._path(kind)))  # type: ignore[no-untyped-call]  # the library has no types here
            file = self._files[kind]
            family = f"desmigratif_{name}"
            for suffix, labels, value in samples:
                key = _key(family, family + suffix, tuple(labels), tuple(labels.values()), help_text)
                file.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]  # the library has no types here

    def exposition(self) -> bytes:
        """The counts of the service, as text."""
        self.write()
        self._remove_gauges_of_dead()
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]  # the library has no types here
        return generate_latest(registry)

    def close(self) -> None:
        """Write a last time.  Counters outlive their process, gauges do not."""
        self.write()
        for kind, file in self._files.items():
            file.close()  # type: ignore[no-untyped-call]  # the library has no types here
            if kind in (SUM, MINIMUM):
                self._path(kind).unlink(missing_ok=True)

    def _path(self, kind: str) -> Path:
        return self._folder / f"{kind}_{self._name}.db"

    def _remove_gauges_of_dead(self) -> None:
        """Remove the gauges of processes that were killed."""
        for path in self._folder.glob("gauge_live*.db"):
            pid = path.stem.rpartition("_")[2].partition("-")[0]
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                path.unlink(missing_ok=True)


@lru_cache(1000)  # the library writes it as JSON, which takes longer than all else of writing a number
def _key(family: str, name: str, labels: tuple[str, ...], values: tuple[str, ...], help_text: str) -> str:
    """The key of a number in a file."""
    key: str = mmap_key(family, name, [*labels], [*values], help_text)
    return key


@asynccontextmanager
async def publishing(service: Service, folder: Path | None) -> AsyncIterator[Published]:
    """Write the counts every second; `folder` is None for a process that shares them with no other."""
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="desmigratif-")))
        published = Published(service, folder)
        writing = asyncio.create_task(_keep_writing(published))
        try:
            yield published
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            published.close()


async def _keep_writing(published: Published) -> None:
    while True:
        published.write()
        await asyncio.sleep(WRITE_SECONDS)


def _families(service: Service) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    """Every metric of this process: its kind, its name, its help text, its samples."""
    database, pool = service.database, service.database.pool
    waiting = pool.waiting + database.turns.waiting + database.heavy.waiting
    outcomes = sorted(service.outcomes.items())
    yield COUNTER, "requests", "Requests by outcome.", _labelled("_total", "outcome", outcomes)
    yield SUM, "connections", "Connections to PostgreSQL.", [("", {}, pool.opened)]
    yield SUM, "connections_idle", "Connections to PostgreSQL that are idle.", [("", {}, pool.idle)]
    yield SUM, "connections_limit", "Largest number of connections to PostgreSQL.", [("", {}, pool.size)]
    yield SUM, "waiting", "Requests that wait for a connection.", [("", {}, waiting)]
    yield SUM, "workers", "Processes that serve.", [("", {}, 1)]
    yield HISTOGRAM, "request_seconds", "How long a request took.", _histogram(service.answered)
    yield COUNTER, "log_lines_lost", "Lines of the log that were not written.", [("_total", {}, service.log.lost)]
    yield COUNTER, "figures_folded", "Households whose figures were folded.", [("_total", {}, service.folded)]
    yield COUNTER, "figures_closed", "Blocks whose figures were published.", [("_total", {}, service.closed)]
    night_help = "Whether every process knows that the figures of last night are published."
    yield MINIMUM, "figures_night_closed", night_help, [("", {}, service.night_closed)]
    yield HISTOGRAM, "connection_seconds", "How long a connection was held.", _histogram(database.held)
    listening = service.principals.listening
    yield MINIMUM, "listening", "Whether every process hears changes of grants.", [("", {}, listening)]
    yield COUNTER, "memory_hits", "Values found in a cache.", _of_caches("_total", lambda cache: cache.hits)
    yield COUNTER, "memory_misses", "Values not found in a cache.", _of_caches("_total", lambda cache: cache.misses)
    yield SUM, "memory_size", "Values in a cache.", _of_caches("", len)
    yield SUM, "memory_limit", "Largest number of values in a cache.", _of_caches("", lambda cache: cache.limit)
    bytes_help = "About how many bytes the values of a cache take, if that is bounded."
    yield SUM, "memory_bytes", bytes_help, _of_caches("", lambda cache: cache.bytes)


def _of_caches(suffix: str, count: Callable[[LruCache[Any, Any]], int]) -> list[Sample]:
    """One sample for each name of a cache: several caches may have the same one."""
    counts: Counter[str] = Counter()
    for cache in sorted(LruCache.all, key=lambda cache: cache.name):
        counts[cache.name] += count(cache)
    return _labelled(suffix, "memory", counts.items())


def _labelled(suffix: str, label: str, counts: Iterable[tuple[str, int]]) -> list[Sample]:
    return [(suffix, {label: name}, count) for name, count in counts]


def _histogram(durations: Durations) -> list[Sample]:
    """Each bucket with its own count alone: the library makes them cumulative."""
    bounds = [*map(str, durations.BOUNDS), "+Inf"]
    samples: list[Sample] = []
    for bound, count in zip(bounds, durations.counts, strict=True):
        samples.append(("_bucket", {"le": bound}, float(count)))
    samples.append(("_sum", {}, durations.total))
    return samples
