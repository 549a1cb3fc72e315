"""Figures: known villages counted by hand, and who sees how much of them."""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import asyncpg
import orjson
import pytest

from registry.guard.vault import Vault
from registry.values import derived as derive
from server.demo.load import load
from tests.test_closes import close_all
from tests.village import FAR, HERE, NEXT_DOOR, SUCCESSORS, Place, episode, household, shop

pytestmark = pytest.mark.anyio
COVERAGE = ("provinces", "regencies", "districts", "villages", "villagesReporting")
STAGES = ("prospective", "workingAbroad", "returned")
COUNTS = (
    *("households", "persons", *STAGES, "householdsWithBusiness", "returnedWithBusiness"),
    *("businesses", "exportReady", "childrenLeftBehind"),
)
BARS = ("businessesByField", "exportReadyByField")
SELECTION = " ".join(
    [*COVERAGE, *COUNTS, *(f"{bar} {{ key label count suppressed }}" for bar in BARS), "withheld exact"]
)


def numbers(text: str) -> dict[str, int]:
    """`households 9 persons 10` as a dict."""
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


COUNTRY = numbers(
    "provinces 2 regencies 2 districts 2 villages 3 villagesReporting 3 households 10 persons 11 prospective 1"
    " workingAbroad 7 returned 2 householdsWithBusiness 6 returnedWithBusiness 1 businesses 7 exportReady 2"
    " childrenLeftBehind 0"
)
REGENCY = numbers(
    "provinces 1 regencies 1 districts 1 villages 2 villagesReporting 2 households 9 persons 10 prospective 1"
    " workingAbroad 7 returned 1 householdsWithBusiness 5 returnedWithBusiness 0 businesses 6 exportReady 2"
    " childrenLeftBehind 0"
)
FIELDS = {"CRAFTS": 1, "RETAIL": 5, "TOURISM_LODGING": 1}
READY = {"CRAFTS": 1, "RETAIL": 1}


@pytest.fixture(scope="module")
async def counted(village: Place) -> Place:
    """Ten verified households in three villages, and three others."""
    for code in (NEXT_DOOR, FAR):
        await village.admin.execute(
            "INSERT INTO grants (user_id, role, region_id, valid_from)"
            " VALUES ($1, 'VILLAGE_VERIFIER', $2, '2019-01-01')",
            *(village.ids["verifier"], village.regions[code]),
        )
    abroad: dict[str, Any] = {}
    back = {"stage": "RETURNED", "returnedOn": "2024", "returnReason": "CONTRACT_ENDED"}
    plan = {"stage": "PROSPECTIVE", "departedOn": None}
    retail, crafts = {"field": "RETAIL"}, {"field": "CRAFTS", "exportReadiness": "READY"}
    here: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        (abroad, [retail | {"exportReadiness": "EXPORTING", "exportCountries": ["MY"]}, crafts]),
        *[(abroad, [retail])] * 4,
        (back, [{"field": "FISHERY", "status": "CLOSED"}]),
        (plan, [{"field": "FISHERY", "status": "PAUSED", "exportReadiness": "READY"}]),
    ]
    for columns, shops in here:
        await _verified(village, HERE, "officer", columns, shops, people=2 if columns is plan else 1)
    for _ in range(2):
        await _verified(village, NEXT_DOOR, "next door", abroad, [])
    await _verified(village, FAR, "stranger", back, [{"field": "TOURISM_LODGING"}])
    for state in ("DRAFT", "SUBMITTED", "VERIFIED_VILLAGE"):
        await village.new_household(state)
    return village


async def _verified(
    village: Place, code: str, who: str, columns: dict[str, Any], shops: list[dict[str, Any]], people: int = 1
) -> None:
    document = household(code, people)
    one = document["members"][0]
    document["migrations"] = [episode(one, **columns)]
    if columns.get("stage") == "RETURNED":  # earlier episodes do not count: a person's stage is that of the latest
        document["migrations"].append(episode(one, departedOn="2015", stage="FAILED_TO_DEPART"))
    document["businesses"] = [shop(one, **changes) for changes in shops]
    stored = await village.submit(who, document)
    assert stored["outcome"] == "ACCEPTED", stored["userErrors"]
    for step in ("verifier", "far coordinator" if code == FAR else "coordinator"):
        assert not (await village.verify(step, document))["userErrors"]


async def national_summary(village: Place, who: str) -> Any:
    return (await village.ask(who, f"{{ nationalSummary {{ {SELECTION} region {{ code }} }} }}"))["nationalSummary"]


async def region_summary(village: Place, who: str, code: str) -> Any:
    text = f"query($c: RegionCode!) {{ region(code: $c) {{ summary {{ {SELECTION} }} }} }}"
    return (await village.ask(who, text, c=code))["region"]["summary"]


def counts_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {name: summary[name] for name in (*COVERAGE, *COUNTS)}


def bars(summary: Mapping[str, Any], name: str) -> dict[str, int | None]:
    for bar in summary[name]:
        assert bar["suppressed"] is (bar["count"] is None)
    return {bar["key"]: bar["count"] for bar in summary[name]}


# --- counted by hand --------------------------------------------------------------------------------------------------


async def test_the_country_counted_by_hand(counted: Place) -> None:
    summary = await national_summary(counted, "ministry")
    assert (counts_of(summary), summary["withheld"], summary["region"]) == (COUNTRY, [], None)
    assert (bars(summary, BARS[0]), bars(summary, BARS[1])) == (FIELDS, READY)
    assert [bar["label"] for bar in summary["businessesByField"]][1] == "Warung dan toko (47)"


@pytest.mark.parametrize("who", ["coordinator", "province", "ministry"])
async def test_figures_of_the_caller_s_own_regency_are_exact(counted: Place, who: str) -> None:
    summary = await region_summary(counted, who, "35.07")
    assert (counts_of(summary), summary["withheld"]) == (REGENCY, [])


async def test_the_figures_of_each_level_sum_up_to_the_level_above(counted: Place) -> None:
    whole = await national_summary(counted, "ministry")
    for codes in (("35", "52"), ("35.07", "52.03"), ("35.07.11", "35.07.12", "52.03.21"), (HERE, NEXT_DOOR, FAR)):
        parts = [await region_summary(counted, "ministry", code) for code in codes]
        for name in (*COUNTS[:-1], "villages", "villagesReporting"):  # SPECIAL is exact from the regency up
            assert sum(part[name] for part in parts) == whole[name], (codes, name)
        for bar in BARS:
            added: Counter[str] = sum((Counter(bars(part, bar)) for part in parts), Counter())
            assert dict(added) == bars(whole, bar)


async def test_a_village_is_silent_after_180_days(counted: Place) -> None:
    move = "UPDATE ledger_household SET since = since + $2::int * interval '1 day' WHERE area = $1"
    await counted.admin.execute(move, FAR, -179)
    assert (await national_summary(counted, "analyst"))["villagesReporting"] == 3
    await counted.admin.execute(move, FAR, -2)
    assert (await national_summary(counted, "analyst"))["villagesReporting"] == 2
    await counted.admin.execute(move, FAR, 181)


# --- who sees how much ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["analyst", "ministry"])
async def test_planners_see_every_figure_of_the_country_as_it_is(counted: Place, who: str) -> None:
    summary = await national_summary(counted, who)
    assert (counts_of(summary), summary["withheld"]) == (COUNTRY, [])
    assert sorted(summary["exact"]) == sorted([*COUNTS, *BARS, "householdsByState"])


@pytest.mark.parametrize("who", ["officer", "viewer", "province", "auditor", "nobody"])
async def test_nothing_of_ten_households_is_published(counted: Place, who: str) -> None:
    """The country closes when 25 of its households have changed; until then only coverage is shown."""
    await close_all(counted.admin)
    summary = await national_summary(counted, who)
    assert [name for name in (*COUNTS, *BARS) if summary[name] is not None] == []
    assert sorted(summary["withheld"]) == sorted([*COUNTS, *BARS, "householdsByState"])
    assert summary["exact"] == []
    coverage = {name: summary[name] for name in COVERAGE[:-1]}
    assert coverage == {name: COUNTRY[name] for name in COVERAGE[:-1]}


@pytest.mark.parametrize("code", ["35.07", NEXT_DOOR, HERE, SUCCESSORS[0]])
async def test_callers_that_may_not_see_persons_get_no_count_of_their_stages(counted: Place, code: str) -> None:
    summary, exact = await region_summary(counted, "viewer", code), await region_summary(counted, "ministry", code)
    of_persons = (*STAGES, "returnedWithBusiness", "childrenLeftBehind")
    assert set(summary["exact"]) == {*COUNTS, *BARS, "householdsByState"} - {*of_persons}
    assert all((summary[name] or 0) % 5 == 0 for name in of_persons)
    for name in set(COUNTS) - {*of_persons}:
        assert summary[name] == exact[name], name
    assert bars(summary, BARS[0]) == bars(exact, BARS[0])


async def test_zero_is_shown(counted: Place) -> None:
    summary = await region_summary(counted, "coordinator", SUCCESSORS[0])
    assert [summary[name] for name in COUNTS] == [0] * len(COUNTS)
    assert (summary["withheld"], summary["businessesByField"], summary["exportReadyByField"]) == ([], [], [])


async def test_labels_are_in_the_language_of_the_request(counted: Place) -> None:
    text = "{ nationalSummary { businessesByField { key label } } }"
    answer = await counted.query("ministry", text, language="en")
    assert answer.data["nationalSummary"]["businessesByField"][0] == {"key": "CRAFTS", "label": "crafts"}


AS_PLANNER = (
    "WITH s AS MATERIALIZED (SELECT set_config('app.operational', '{[0,:)}', true) || set_config('app.personal',"
    " '{[0,:)}', true) AS ok) SELECT f.* FROM s, LATERAL figures(left(s.ok, 0) || $1) f"
)


# --- counted again ----------------------------------------------------------------------------------------------------


async def recount(admin: asyncpg.Connection, under: str) -> dict[str, Any]:
    """The figures of a region counted from the records, if no verified one is under revision."""
    inside = "area >= $1 AND area < $1 || '/'" if under else "$1 = ''"
    verified = "household_id IN (SELECT id FROM household WHERE workflow_state = 'VERIFIED')"
    households = await admin.fetchval(
        f"SELECT count(*) FROM household WHERE workflow_state = 'VERIFIED' AND {inside}", under
    )
    people = await admin.fetchval(f"SELECT count(*) FROM member WHERE {verified} AND {inside}", under)
    of_member: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in await admin.fetch(
        f"SELECT to_jsonb(e) AS e FROM migration_episode e WHERE {verified} AND {inside}", under
    ):
        columns = orjson.loads(row["e"])
        of_member[columns["member_id"]].append(columns)
    stages = Counter(derive.newest_first(episodes)[0]["stage"] for episodes in of_member.values())
    shops = await admin.fetch(
        f"SELECT household_id, field, export_readiness AS ready FROM business WHERE status = 'RUNNING' AND {verified}"
        f" AND {inside}",
        under,
    )
    ready = [row for row in shops if row["ready"] in ("READY", "EXPORTING")]
    return {
        "households": households,
        "persons": people,
        **{name: stages[name.upper()] for name in ("prospective", "working_abroad", "returned")},
        "households_with_business": len({row["household_id"] for row in shops}),
        "businesses": len(shops),
        "export_ready": len(ready),
        "businesses_by_field": Counter(row["field"] for row in shops),
        "export_ready_by_field": Counter(row["field"] for row in ready),
    }


async def compare(admin: asyncpg.Connection, codes: list[str]) -> int:
    """Compare each region's figures with a recount; return how many households the country has."""
    for code in ("", *codes):
        row = dict(await admin.fetchrow(AS_PLANNER, code or "0") or {})
        for bar in ("businesses_by_field", "export_ready_by_field"):
            row[bar] = {field: count for field, count, *_ in orjson.loads(row[bar])}
        expected = await recount(admin, code)
        assert {name: row[name] for name in expected} == expected, code
    return int((await recount(admin, ""))["households"])


def vault() -> Vault:
    return Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))


async def test_figures_of_a_small_demo_equal_a_recount(admin: asyncpg.Connection) -> None:
    await load(admin, vault(), only=(HERE, FAR))
    assert await compare(admin, ["35", "35.07", HERE, "52", FAR, "12"]) > 20


@pytest.mark.prove
async def test_the_country_recounted(admin: asyncpg.Connection) -> None:
    await load(admin, vault())
    rows = await admin.fetch("SELECT code FROM region WHERE valid_to IS NULL AND level IN ('PROVINCE', 'REGENCY')")
    codes = [row["code"] for row in rows]
    households = await compare(admin, codes)
    print(f"figures of {len(codes)} regions recounted, {households} households")  # noqa: T201  (the proof's count)
    assert households > 7_000
