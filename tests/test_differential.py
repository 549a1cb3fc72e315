"""The read engine answers what a reference executor answers, byte for byte, with one statement for each root field.

Generated operations (tests/random_documents.py) are answered twice: by the engine over HTTP, and by graphql-core's own
executor over the records as plain dicts (tests/reference_executor.py, tests/listing.py).  Each is called twice with
different values, so that the plan of the first call answers the second.  Every new statement is explained: nothing
scoped is read before the caller's areas are set.
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
from tests.listing import NAMES, MatchRanks
from tests.plan import explain_generic, is_gated, unguarded
from tests.random_arguments import SEARCHES, StoredValues
from tests.random_documents import Operation, RandomDocument, heading
from tests.random_households import GRANTS, add_households
from tests.reference_executor import ReferenceExecutor, reference_executor, with_cursors
from tests.village import Place

pytestmark = pytest.mark.anyio
ASKING = ["officer", "coordinator", "viewer", "analyst", "stranger", "mixed", "far and wide", "auditor"]
SHARE = 24  # documents for each in `make test`
WHOLE = 640  # documents for each in `make prove`
SHARED = settings(
    max_examples=SHARE, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@dataclass(repr=False)  # Hypothesis would print all of it
class Trial:
    """The village, a reference for each person, and counts of the trials so far."""

    village: Place
    stored: StoredValues
    plans: asyncpg.Connection
    references: dict[tuple[str, str], ReferenceExecutor] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    explained: set[str] = field(default_factory=set)
    operations: int = 0
    rows: int = 0
    too_large: int = 0
    too_slow: int = 0  # joins of many relations are planned badly while tables are tiny: each is estimated at one row

    async def try_operation(self, who: str, chance: random.Random, largest: int = 60) -> None:
        """Call a random operation of up to `largest` parts twice."""
        language = chance.choice(["id", "en"])
        reference = self.references[who, language]
        operation = RandomDocument(reference.schema, chance, self.stored, reference.visibility, largest).operation()
        for second in (False, True):  # the plans of one call are checked during the next
            await asyncio.gather(self.compare_call(who, language, reference, operation, second), self.check_plans())

    async def compare_call(
        self, who: str, language: str, reference: ReferenceExecutor, operation: Operation, second: bool
    ) -> None:
        variables = await self.variables(who, language, reference, operation, second)
        before = len(self.village.statements)
        answer = await self.village.query(who, operation.text, language, **variables)
        self.operations += 1
        if answer.codes == ["QUERY_TOO_COMPLEX"]:
            self.too_large += 1
            return
        if "TIMEOUT" in answer.codes:
            self.too_slow += 1
            return
        sent = self.village.statements[before:]
        expected = reference.execute(operation.text, variables)
        case = (who, language, operation.text, variables, answer.errors)
        assert "data" in answer.json, case
        assert {e["extensions"]["code"] for e in answer.errors} <= {"FORBIDDEN"}, case
        refused = [(tuple(e["path"]), e["extensions"]["field"]) for e in answer.errors]
        assert sorted(refused, key=str) == sorted(first_places(expected.refused), key=str), case
        actual = answer.json["data"]
        assert orjson.dumps(actual) == orjson.dumps(with_cursors(expected.data, actual, {})), case
        assert len(sent) == expected.reads, case
        self.rows += len(answer.body)
        self.fresh |= set(sent) - self.explained

    async def variables(
        self, who: str, language: str, reference: ReferenceExecutor, operation: Operation, second: bool
    ) -> dict[str, Any]:
        """The values of a call, its cursors taken from an answer of the same list."""
        values = operation.values(second)
        for anchor in operation.anchors:
            values.pop(anchor.variable)
            used = {name: operation.variables[name] for name in operation.variables if name in anchor.variables}
            text = f"{heading(used)} {{ {anchor.text} }}"
            answer = await self.village.query(who, text, language, **operation.values(second, anchor.variables))
            list_ = {} if answer.errors else answer.data["list"]
            if edges := list_.get("list", list_).get("edges"):
                edge = edges[int(anchor.pick * len(edges))]
                values[anchor.variable] = edge["cursor"]
                reference.anchors[edge["cursor"]] = edge["node"]["id"]
        return values

    async def check_plans(self) -> None:
        """Check that no new statement reads anything before the gate."""
        fresh, self.fresh = self.fresh, set()
        self.explained |= fresh
        for text in fresh:
            plan = await explain_generic(self.plans, text)
            assert is_gated(plan), text
            assert unguarded(plan, DOORS) == [], text


@pytest.fixture(scope="module")
async def trial(village: Place) -> AsyncIterator[Trial]:
    ids = await add_households(village)
    plans = await asyncpg.connect(village.login, statement_cache_size=0)
    trial_ = Trial(village, StoredValues(ids), plans)
    ranks = await match_ranks(village)
    for who in ASKING:
        for language in ("id", "en"):
            reference = trial_.references[who, language] = await reference_executor(village, who, GRANTS[who], language)
            reference.lists.match_ranks = ranks
            for row in reference.by_id.values():
                noun = row["__typename"]
                trial_.stored.add("Region" if row.get("code") else noun, [row])
    yield trial_
    await plans.close()


Refused = list[tuple[tuple[str | int, ...], str]]


def first_places(refused: Refused) -> Refused:
    """The refusals that an answer lists: for one field, the first `MAX_PLACES`."""
    counts: Counter[Any] = Counter()
    places: Refused = []
    for path, field_ in refused:
        names = tuple(step for step in path if isinstance(step, str)), field_
        counts[names] += 1
        if counts[names] <= MAX_PLACES:
            places.append((path, field_))
    return places


async def match_ranks(village: Place) -> dict[tuple[str, str], MatchRanks]:
    """What each text finds in complete tables: the rule of searching in Python, over the keys of sounds."""
    ranks: dict[tuple[str, str], MatchRanks] = {}
    for text in SEARCHES:
        query = await village.admin.fetchrow(
            "SELECT registry.search_runs($1) AS runs, registry.search_patterns($1) AS patterns, lower($1) AS lower",
            text,
        )
        assert query is not None
        longest, joined, together = query["runs"] or (None, None, None)
        for noun in NAMES:
            name = {"Member": "full_name", "Region": "search_name"}.get(noun, "name")
            home = "household_id" if noun == "Member" else "id"
            records: dict[str, int] = {}
            homes: dict[str, int] = {}
            for row in await village.admin.fetch(
                f"SELECT id, {home} AS home, lower({name}) AS name, sounds FROM {noun} WHERE sounds IS NOT NULL"
            ):
                own = row["sounds"]
                picked = any(key.startswith(run) for key in own for run in (longest, joined) if run)
                fits = all(re.search(pattern, " " + " ".join(own)) for pattern in query["patterns"])
                if (picked and fits) or (together and own and own[0].startswith(together)):
                    near = 0 if row["name"] == query["lower"] else 1 if row["name"].startswith(query["lower"]) else 2
                    records[str(row["id"])] = near
                    homes[str(row["home"])] = min(homes.get(str(row["home"]), 2), 0 if near < 2 else 2)
            ranks[noun, text] = records
            if noun == "Member":
                ranks["Household", text] = homes
    return ranks


@pytest.mark.parametrize("who", ASKING)
@SHARED
@given(seed=st.integers(0, 2**32), largest=st.integers(1, 60))
async def test_the_engine_answers_like_the_reference(trial: Trial, who: str, seed: int, largest: int) -> None:
    await trial.try_operation(who, random.Random(seed), largest)
    await trial.check_plans()


@pytest.mark.prove
async def test_the_engine_answers_like_the_reference_in_10_000_operations(trial: Trial) -> None:
    for number in range(WHOLE):
        for who in ASKING:
            await trial.try_operation(who, random.Random(f"{who} {number}"))
    await trial.check_plans()
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
async def test_a_key_of_an_unseen_class_refuses_that_list_at_any_depth(trial: Trial, text: str) -> None:
    for arguments, part, key in (
        ("first: 1", "totalCount bars: groups(by: AGE_BAND) { count }", "AGE_BAND"),
        ("filter: {not: {or: [{sex: [MALE]}]}}", "totalCount", "sex"),
        ("filter: {household: {members: {none: {fullName: {isNull: true}}}}}", "totalCount", "fullName"),
        ('search: "siti"', "totalCount", "search"),
        ("orderBy: {field: BIRTH_DATE}", "totalCount", "BIRTH_DATE"),
    ):
        answer = await trial.village.query("viewer", text % (arguments, part))
        places = list(_places(answer.json["data"], "bars" if key == "AGE_BAND" else "list"))
        assert [e["path"] for e in answer.errors] == places
        expected = {"code": "FORBIDDEN", "field": key, "class": "PERSONAL", "ability": "SEE_PERSONAL"}
        assert all(e["extensions"] == expected for e in answer.errors)
        assert places or "node(id" in text
        beside = answer.json["data"].get("beside")
        assert beside is None or beside["totalCount"] > 0


def _places(value: Any, key: str) -> Iterator[list[str | int]]:
    """The places where the answer has this key; the value there is null."""
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
