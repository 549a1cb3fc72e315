"""What one process counts, in the text that Prometheus reads (format 0.0.4).

Rule: numbers of the process only; a label is a word of the code (an outcome, the name of a memory) or the number of
the worker, and never anything that somebody sent or stored.  Test: tests/test_metrics.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate

from registry.cache import Remembered
from registry.pool import Durations
from server.service import Service

Sample = tuple[str, dict[str, object], float]


def exposition(service: Service) -> str:
    """Everything as text; with several workers an answer is one worker's, whose number is on every line."""
    lines = []
    for name, kind, said, samples in _families(service):
        lines += [f"# HELP desmigratif_{name} {said}", f"# TYPE desmigratif_{name} {kind}"]
        for suffix, labels, value in samples:
            words = ",".join(f'{key}="{label}"' for key, label in {**labels, "worker": service.worker}.items())
            lines.append(f"desmigratif_{name}{suffix}{{{words}}} {value}")
    return "\n".join([*lines, ""])


def _families(service: Service) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    database, pool = service.database, service.database.pool
    waiting = pool.waiting + database.turns.waiting + database.heavy.waiting
    memories = sorted(Remembered.all, key=lambda memory: memory.name)
    yield "requests_total", "counter", "Requests by outcome.", _of("outcome", sorted(service.outcomes.items()))
    yield "connections", "gauge", "Connections to PostgreSQL.", [("", {}, pool.opened)]
    yield "connections_idle", "gauge", "Connections that nobody uses.", [("", {}, pool.idle)]
    yield "connections_limit", "gauge", "Most connections.", [("", {}, pool.size)]
    yield (
        "waiting",
        "gauge",
        "Requests that wait for a connection.",
        [("", {}, waiting)],
    )
    yield "connection_seconds", "histogram", "How long a connection was held.", _histogram(database.held)
    yield "listening", "gauge", "Whether changes of grants are heard.", [("", {}, int(service.principals.listening))]
    for name, kind, said, of in (
        ("hits_total", "counter", "Found in a memory.", lambda memory: memory.hits),
        ("misses_total", "counter", "Not found in a memory.", lambda memory: memory.misses),
        ("size", "gauge", "Values in a memory.", len),
        ("limit", "gauge", "Most values in a memory.", lambda memory: memory.limit),
        ("bytes", "gauge", "About what its values weigh, where that is bounded.", lambda memory: memory.bytes),
    ):
        counts: Counter[str] = Counter()
        for memory in memories:
            counts[memory.name] += of(memory)
        yield f"memory_{name}", kind, said, _of("memory", counts.items())


def _of(label: str, counts: Iterable[tuple[str, int]]) -> list[Sample]:
    return [("", {label: name}, count) for name, count in counts]


def _histogram(durations: Durations) -> list[Sample]:
    bounds = [*map(str, durations.BOUNDS), "+Inf"]
    counts = zip(bounds, accumulate(durations.counts), strict=True)
    made: list[Sample] = [("_bucket", {"le": bound}, count) for bound, count in counts]
    return [*made, ("_count", {}, sum(durations.counts)), ("_sum", {}, durations.total)]
