"""What the service counts, in the text that Prometheus reads (format 0.0.4): of all its processes together.

Each process writes its counts into files of a folder that the service shares, in the layout of prometheus-client's
multiprocess mode, every second and when it is asked; whichever process is asked adds the files up.  What a request
counts stays a plain number in memory.
Rule: a label is a word of the code (an outcome, the name of a memory), and never anything that somebody sent or stored.
Test: tests/test_metrics.py, tests/test_workers.py.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from registry.store.cache import LruCache
from registry.store.pool import Durations
from server.http.service import Service

EVERY = 1.0  # seconds between two writings
COUNTER, HISTOGRAM = "counter", "histogram"
SUM, LEAST = "gauge_livesum", "gauge_livemin"  # of the processes that are alive
Sample = tuple[str, dict[str, str], float]


class Published:
    """The counts of this process in the folder of the service."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service, self._folder, self._files = service, folder, dict[str, MmapedDict]()
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"  # a process may get the number of one that was killed

    def write(self) -> None:
        """Make the files what the process has counted."""
        for kind, name, help_text, samples in _families(self._service):
            if kind not in self._files:
                path = self._folder / f"{kind}_{self._name}.db"
                self._files[kind] = MmapedDict(str(path))  # type: ignore[no-untyped-call]  # the library has no types here
            family = f"desmigratif_{name}"
            for suffix, labels, value in samples:
                key = mmap_key(family, family + suffix, [*labels], [*labels.values()], help_text)
                self._files[kind].write_value(key, value, 0.0)  # type: ignore[no-untyped-call]  # the library has no types here

    def exposition(self) -> bytes:
        """The counts of the service, as text."""
        self.write()
        self._bury()
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]  # the library has no types here
        return generate_latest(registry)

    def close(self) -> None:
        """What was counted stays, what was measured ends."""
        self.write()
        for kind, file in self._files.items():
            file.close()  # type: ignore[no-untyped-call]  # the library has no types here
            if kind in (SUM, LEAST):
                (self._folder / f"{kind}_{self._name}.db").unlink(missing_ok=True)

    def _bury(self) -> None:
        """Removes what processes measured that were killed."""
        for path in self._folder.glob("gauge_live*.db"):
            pid = path.stem.rpartition("_")[2].partition("-")[0]
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                path.unlink(missing_ok=True)


@asynccontextmanager
async def publishing(service: Service, folder: Path | None) -> AsyncIterator[Published]:
    """Writes from time to time; without a folder that several processes share into one of its own."""
    own = TemporaryDirectory(prefix="desmigratif-") if folder is None else None
    published = Published(service, folder or Path(own.name if own else ""))
    writing = asyncio.create_task(_keep_writing(published))
    try:
        yield published
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        published.close()
        if own:
            own.cleanup()


async def _keep_writing(published: Published) -> None:
    while True:
        published.write()
        await asyncio.sleep(EVERY)


def _families(service: Service) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    database, pool = service.database, service.database.pool
    waiting = pool.waiting + database.turns.waiting + database.heavy.waiting
    memories = sorted(LruCache.all, key=lambda memory: memory.name)
    yield COUNTER, "requests", "Requests by outcome.", _of("_total", "outcome", sorted(service.outcomes.items()))
    yield SUM, "connections", "Connections to PostgreSQL.", [("", {}, pool.opened)]
    yield SUM, "connections_idle", "Connections that nobody uses.", [("", {}, pool.idle)]
    yield SUM, "connections_limit", "Most connections.", [("", {}, pool.size)]
    yield SUM, "waiting", "Requests that wait for a connection.", [("", {}, waiting)]
    yield SUM, "workers", "Processes that serve.", [("", {}, 1)]
    yield HISTOGRAM, "connection_seconds", "How long a connection was held.", _histogram(database.held)
    yield LEAST, "listening", "Whether changes of grants are heard by all.", [("", {}, service.principals.listening)]
    for kind, suffix, name, help_text, of in (
        (COUNTER, "_total", "hits", "Found in a memory.", lambda memory: memory.hits),
        (COUNTER, "_total", "misses", "Not found in a memory.", lambda memory: memory.misses),
        (SUM, "", "size", "Values in a memory.", len),
        (SUM, "", "limit", "Most values in a memory.", lambda memory: memory.limit),
        (SUM, "", "bytes", "About what its values weigh, where that is bounded.", lambda memory: memory.bytes),
    ):
        counts: Counter[str] = Counter()
        for memory in memories:
            counts[memory.name] += of(memory)
        yield kind, f"memory_{name}", help_text, _of(suffix, "memory", counts.items())


def _of(suffix: str, label: str, counts: Iterable[tuple[str, int]]) -> list[Sample]:
    return [(suffix, {label: name}, count) for name, count in counts]


def _histogram(durations: Durations) -> list[Sample]:
    """Each bucket by itself: they are added up when they are read."""
    bounds = [*map(str, durations.BOUNDS), "+Inf"]
    counts = zip(bounds, durations.counts, strict=True)
    return [*[("_bucket", {"le": bound}, float(count)) for bound, count in counts], ("_sum", {}, durations.total)]
