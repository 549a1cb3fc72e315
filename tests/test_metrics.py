"""Metrics for Prometheus: well formed, about the service only, and off unless they are turned on."""

from __future__ import annotations

import re

import pytest

from registry.store.cache import LruCache
from server.settings import Settings
from tests.village import COUNTRY, PEOPLE, Place, household, served_with

pytestmark = pytest.mark.anyio
SAMPLE = re.compile(r'^(desmigratif_[a-z_]+)(?:\{((?:[a-z]+="[^"\\]*",?)+)\})? ([0-9.e+-]+)$')


async def samples(village: Place) -> dict[str, float]:
    """Every sample by its name with its labels."""
    answer = await village.send("GET", "/metrics")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    values, declared = {}, set[str]()
    for line in answer.body.decode().splitlines():
        if line.startswith("# TYPE "):
            declared.add(line.split()[2])
        elif not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, line
            assert match[1] in declared or match[1].rpartition("_")[0] in declared
            values[f"{match[1]}{{{match[2] or ''}}}"] = float(match[3])
    return values


async def test_metrics_count_connections_and_caches(village: Place) -> None:
    memory = LruCache[str, str]("of_the_test", 7)
    memory.put("a", "b")
    memory.get("a")
    memory.get("c")
    before = await samples(village)
    await village.ask("officer", "{ households { totalCount } }")
    after = await samples(village)
    assert {n: v for n, v in after.items() if "of_the_test" in n} == {
        'desmigratif_memory_hits_total{memory="of_the_test"}': 1,
        'desmigratif_memory_misses_total{memory="of_the_test"}': 1,
        'desmigratif_memory_size{memory="of_the_test"}': 1,
        'desmigratif_memory_limit{memory="of_the_test"}': 7,
        'desmigratif_memory_bytes{memory="of_the_test"}': 0,
    }
    assert after["desmigratif_connections_limit{}"] == 10
    assert after["desmigratif_connections{}"] == after["desmigratif_connections_idle{}"] >= 1
    assert after["desmigratif_waiting{}"] == 0
    count = "desmigratif_connection_seconds_count{}"
    assert after[count] > before[count]


async def test_the_buckets_of_a_histogram_grow_to_its_count(village: Place) -> None:
    await village.ask("officer", "{ households { totalCount } }")
    values = await samples(village)
    counts = [v for n, v in values.items() if n.startswith("desmigratif_connection_seconds_bucket")]
    assert counts == sorted(counts)
    assert counts[-1] == values["desmigratif_connection_seconds_count{}"]


async def test_metrics_are_off_by_default(village: Place) -> None:
    async with served_with(village) as served:
        for enabled, status in ((False, 404), (True, 200)):
            served.app.service.settings = Settings(mode="production", metrics=enabled)
            assert (await served.send("GET", "/metrics")).status == status


async def test_a_metrics_port_serves_them_there_only(village: Place) -> None:
    async with served_with(village) as served:
        served.app.service.settings = Settings(mode="production", metrics_port=9090)
        for port, path, status in (
            (8000, "/metrics", 404),
            (8000, "/healthz", 200),
            (9090, "/metrics", 200),
            (9090, "/healthz", 404),
            (9090, "/graphql", 404),
        ):
            answer = await served.send("GET", f"http://registry:{port}{path}")
            assert answer.status == status, (port, path)


async def test_metrics_hold_nothing_that_callers_sent(village: Place) -> None:
    document = household()
    await village.submit("officer", document)
    await village.query("officer", "{ Rahasia }", language="Rahasia")
    text = (await village.send("GET", "/metrics")).body.decode()
    sent = [document["id"], "Rahasia", "Siti", *(str(id_) for id_ in village.ids.values()), *COUNTRY.values()]
    sent += [code for code in COUNTRY if code.count(".") > 1] + [name for name in PEOPLE if " " in name]
    assert [word for word in sent if word in text] == []
