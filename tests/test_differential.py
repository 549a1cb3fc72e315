"""The read engine answers what plain execution answers, byte for byte, by one statement a root field.

Generated operations (tests/random_documents.py) are answered twice: by the engine over HTTP, and by graphql-core's own
executor over the records as plain dicts (tests/reference_executor.py, tests/listing.py).  Each is called twice with
other values, so that what was prepared for the first call answers the second.  Every statement met for the first time
is explained: nothing scoped is read before the caller's areas are set.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.guard.wall import DOORS
from schema.engine.refusal import MAX_PLACES
from tests.listing import NAMES, Found
from tests.plan import explain_generic, is_gated, unguarded
from tests.random_arguments import SEARCHES, Known
from tests.random_documents import Asked, Chance, heading
from tests.random_households import GRANTS, gather
from tests.reference_executor import Plain, plain, with_cursors
from tests.village import Place

pytestmark = pytest.mark.anyio
ASKING = ["officer", "coordinator", "viewer", "analyst", "stranger", "mixed", "far and wide", "auditor"]
SHARE = 40  # documents for each in `make test`
WHOLE = 640  # documents for each in `make prove`
SHARED = settings(
    max_examples=SHARE, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@dataclass
class Trial:
    """The village, what each person sees of it, and what was tried so far."""

    village: Place
    known: Known
    plans: asyncpg.Connection
    truths: dict[tuple[str, str], Plain] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    explained: set[str] = field(default_factory=set)
    operations: int = 0
    rows: int = 0
    too_large: int = 0
    too_slow: int = 0  # joins of many relations are planned badly while tables are tiny: each is thought to have a row

    async def one(self, who: str, chance: random.Random, largest: int = 60) -> None:
        """A generated operation of so many parts, called twice."""
        language = chance.choice(["id", "en"])
        truth = self.truths[who, language]
        asked = Chance(truth.schema, chance, self.known, truth.sight, largest).operation()
        for then in (False, True):  # the plans of one call are looked at during the next
            await asyncio.gather(self.same(who, language, truth, asked, then), self.guarded())

    async def same(self, who: str, language: str, truth: Plain, asked: Asked, then: bool) -> None:
        variables = await self.variables(who, language, truth, asked, then)
        before = len(self.village.statements)
        answer = await self.village.query(who, asked.text, language, **variables)
        self.operations += 1
        if answer.codes == ["QUERY_TOO_COMPLEX"]:
            self.too_large += 1
            return
        if "TIMEOUT" in answer.codes:
            self.too_slow += 1
            return
        sent = self.village.statements[before:]
        expected = truth.execute(asked.text, variables)
        case = (who, language, asked.text, variables, answer.errors)
        assert "data" in answer.json, case
        assert {e["extensions"]["code"] for e in answer.errors} <= {"FORBIDDEN"}, case
        refused = [(tuple(e["path"]), e["extensions"]["field"]) for e in answer.errors]
        assert sorted(refused, key=str) == sorted(told(expected.refused), key=str), case
        got = answer.json["data"]
        assert orjson.dumps(got) == orjson.dumps(with_cursors(expected.data, got, {})), case
        assert len(sent) == expected.reads, case
        self.rows += len(answer.body)
        self.fresh |= set(sent) - self.explained

    async def variables(self, who: str, language: str, truth: Plain, asked: Asked, then: bool) -> dict[str, Any]:
        """The values of a call, its cursors taken from an answer of the same list."""
        values = asked.values(then)
        for anchor in asked.anchors:
            values.pop(anchor.variable)
            used = {name: asked.variables[name] for name in asked.variables if name in anchor.variables}
            text = f"{heading(used)} {{ {anchor.text} }}"
            answer = await self.village.query(who, text, language, **asked.values(then, anchor.variables))
            list_ = {} if answer.errors else answer.data["list"]
            if edges := list_.get("list", list_).get("edges"):
                edge = edges[int(anchor.pick * len(edges))]
                values[anchor.variable] = edge["cursor"]
                truth.anchors[edge["cursor"]] = edge["node"]["id"]
        return values

    async def guarded(self) -> None:
        """The statements met for the first time read nothing before the gate."""
        fresh, self.fresh = self.fresh, set()
        self.explained |= fresh
        for text in fresh:
            plan = await explain_generic(self.plans, text)
            assert is_gated(plan), text
            assert unguarded(plan, DOORS) == [], text


@pytest.fixture(scope="module")
async def trial(village: Place) -> AsyncIterator[Trial]:
    ids = await gather(village)
    plans = await asyncpg.connect(village.login, statement_cache_size=0)
    made = Trial(village, Known(ids), plans)
    heard = await sounds(village)
    for who in ASKING:
        for language in ("id", "en"):
            truth = made.truths[who, language] = await plain(village, who, GRANTS[who], language)
            truth.lists.found = heard
            for row in truth.by_id.values():
                noun = row["__typename"]
                made.known.learn("Region" if row.get("code") else noun, [row])
    yield made
    await plans.close()


Refused = list[tuple[tuple[str | int, ...], str]]


def told(refused: Refused) -> Refused:
    """As much of what is refused as an answer tells: of one field, the first places."""
    shown: Counter[Any] = Counter()
    kept: Refused = []
    for path, field_ in refused:
        way = tuple(step for step in path if isinstance(step, str)), field_
        shown[way] += 1
        if shown[way] <= MAX_PLACES:
            kept.append((path, field_))
    return kept


async def sounds(village: Place) -> dict[tuple[str, str], Found]:
    """What each text finds in whole tables: the rule of searching, said in Python over the keys of sounds."""
    heard: dict[tuple[str, str], Found] = {}
    for text in SEARCHES:
        said = await village.admin.fetchrow(
            "SELECT registry.search_runs($1) AS runs, registry.search_patterns($1) AS patterns, lower($1) AS lower",
            text,
        )
        assert said is not None
        longest, joined, together = said["runs"] or (None, None, None)
        for noun in NAMES:
            name = {"Member": "full_name", "Region": "search_name"}.get(noun, "name")
            home = "household_id" if noun == "Member" else "id"
            found: dict[str, int] = {}
            homes: dict[str, int] = {}
            for row in await village.admin.fetch(
                f"SELECT id, {home} AS home, lower({name}) AS name, sounds FROM {noun} WHERE sounds IS NOT NULL"
            ):
                own = row["sounds"]
                picked = any(key.startswith(run) for key in own for run in (longest, joined) if run)
                fits = all(re.search(pattern, " " + " ".join(own)) for pattern in said["patterns"])
                if (picked and fits) or (together and own and own[0].startswith(together)):
                    near = 0 if row["name"] == said["lower"] else 1 if row["name"].startswith(said["lower"]) else 2
                    found[str(row["id"])] = near
                    homes[str(row["home"])] = min(homes.get(str(row["home"]), 2), 0 if near < 2 else 2)
            heard[noun, text] = Found(found)
            if noun == "Member":
                heard["Household", text] = Found(homes)
    return heard


@pytest.mark.parametrize("who", ASKING)
@SHARED
@given(seed=st.integers(0, 2**32), largest=st.integers(1, 60))
async def test_the_engine_answers_like_plain_execution(trial: Trial, who: str, seed: int, largest: int) -> None:
    await trial.one(who, random.Random(seed), largest)
    await trial.guarded()


@pytest.mark.prove
async def test_the_engine_answers_like_plain_execution_whole(trial: Trial) -> None:
    for number in range(WHOLE):
        for who in ASKING:
            await trial.one(who, random.Random(f"{who} {number}"))
    await trial.guarded()
    count = f"{trial.operations} operations by {len(trial.explained)} statements, {trial.rows >> 20} MB the same"
    print(f"\n{count}; {trial.too_large} refused as too large, {trial.too_slow} as too slow")  # noqa: T201
    assert trial.operations >= 10_000
    assert trial.too_large < trial.operations / 50
    assert trial.too_slow < trial.operations / 1000


WHEREVER = (
    "{ list: members(%s) { %s } beside: members(first: 1) { totalCount } }",
    "{ provinces { nodes { name regencies { nodes { list: members(%s) { %s } name } } } } }",
    "{ members(first: 2) { edges { node { household { village { list: members(%s) { %s } name } } } } } }",
    '{ node(id: "3d0a270b-b5a4-32cf-86e3-000000000000") { ... on Village { list: members(%s) { %s } } } }',
)


@pytest.mark.parametrize("text", WHEREVER)
async def test_asking_by_what_is_not_seen_refuses_that_list_wherever_it_stands(trial: Trial, text: str) -> None:
    for said, part, key in (
        ("first: 1", "totalCount bars: groups(by: AGE_BAND) { count }", "AGE_BAND"),
        ("filter: {not: {or: [{sex: [MALE]}]}}", "totalCount", "sex"),
        ("filter: {household: {members: {none: {fullName: {isNull: true}}}}}", "totalCount", "fullName"),
        ('search: "siti"', "totalCount", "search"),
        ("orderBy: {field: BIRTH_DATE}", "totalCount", "BIRTH_DATE"),
    ):
        answer = await trial.village.query("viewer", text % (said, part))
        places = list(_places(answer.json["data"], "bars" if key == "AGE_BAND" else "list"))
        assert [e["path"] for e in answer.errors] == places
        wanted = {"code": "FORBIDDEN", "field": key, "class": "PERSONAL", "ability": "SEE_PERSONAL"}
        assert all(e["extensions"] == wanted for e in answer.errors)
        assert places or "node(id" in text
        beside = answer.json["data"].get("beside")
        assert beside is None or beside["totalCount"] > 0


def _places(value: Any, key: str) -> Iterator[list[str | int]]:
    """Where the answer has this key; the value there is null."""
    parts: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        if key in value:
            assert value[key] is None
            yield [key]
        parts = [(name, inner) for name, inner in value.items() if name != key]
    elif isinstance(value, list):
        parts = list(enumerate(value))
    for step, inner in parts:
        for place in _places(inner, key):
            yield [step, *place]
