"""Scope (M2): for every persona, kind of record and path to it, lists, look-ups, counts and plain SQL agree."""

from __future__ import annotations

import datetime as dt
import random
import re
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth.area import NATIONAL, AreaSet
from auth.principal import SETTINGS, Principal
from auth.principal import Grant as Held
from auth.role import Role
from registry.models.household import Household
from registry.read.query import Nodes, Object, Order, Page, Scalar, Source, Total
from registry.read.run import fetch
from registry.store.db import Database
from server.database.embedded import Embedded
from tests import oracle
from tests.personas import BY_NAME, PERSONAS, REPRESENTATIVES, TODAY, Grant, Persona
from tests.world import CHILDREN, VILLAGE_LISTS, World

pytestmark = pytest.mark.anyio
OF_PLACES = {"households": "household", **CHILDREN}
"""The lists that the query root and every region have → their tables."""
FLAT = OF_PLACES | VILLAGE_LISTS
LISTS, LISTS_OF_PLACES = (
    " ".join(f"{name}(first: 1000) {{ totalCount nodes {{ id }} }}" for name in names) for names in (FLAT, OF_PLACES)
)
COUNTS = " ".join(f"{name} {{ totalCount }}" for name in FLAT)
NESTED = """{ households(first: 1000) { nodes { id memberCount businessCount head { id } members { id }
  migrations { id } businesses { id } remarks { id } events { rev } findings { code path } } } }"""


def ids(rows: Iterable[dict[str, Any]]) -> set[str]:
    return {row["id"] for row in rows}


async def test_flat_lists_and_counts_are_what_the_oracle_allows(world: World) -> None:
    listed = 0
    for who in PERSONAS:
        answer = await world.ask(who, f"{{ {LISTS} }}")
        if not oracle.SEES["OPERATIONAL"] & {g.role for g in who.grants if world.exists(who, Everywhere(g.region))}:
            assert set(answer.codes) <= {"FORBIDDEN"}, who.name
        for name, table in FLAT.items():
            connection = answer.data[name]
            if connection is None:
                assert "FORBIDDEN" in answer.codes
                assert not world.listed(who, table), (who.name, name)
                continue
            assert ids(connection["nodes"]) == world.listed(who, table), (who.name, name)
            assert connection["totalCount"] == len(connection["nodes"])
            listed += len(connection["nodes"])
    assert listed > 1000


@dataclass
class Everywhere:
    """A row in a region, for the oracle."""

    region: str | None
    draft = False
    author = ""
    kind = "OPERATIONAL"

    @property
    def village(self) -> str:
        return self.region or "A"


async def test_nested_lists_are_what_the_oracle_allows(world: World) -> None:
    about = {row["id"]: row for row in await world.admin.fetch("SELECT id, about, about_author FROM finding")}
    names = {persona.id: persona.name for persona in PERSONAS}
    for who in PERSONAS:
        answer = await world.ask(who, NESTED)
        for node in (answer.data["households"] or {}).get("nodes", ()):
            house = next(h for h in world.houses if str(h.id) == node["id"])
            inside = {str(row.id) for row in world.rows if row.house is house and not row.archived}
            for name, table in CHILDREN.items():
                assert ids(node[name]) == world.listed(who, table) & inside, (who.name, name)
            assert node["memberCount"] == len(node["members"])
            assert node["businessCount"] == len(node["businesses"])
            assert len(node["events"]) == len([r for r in world.of("workflow_event") if r.house is house])
            personal = world.sees(who, "PERSONAL", house.rows[0])
            remarks = world.listed(who, "remark") & inside
            assert node["remarks"] is None if not personal else ids(node["remarks"]) == remarks
            if not personal:
                assert node["findings"] is None
                continue
            allowed = 0
            for row in world.of("finding"):
                if row.house is house and not row.archived:
                    row.author = names[about[row.id]["about_author"]]  # its author is that of the column it is about
                    allowed += world.sees(who, about[row.id]["about"], row)
            assert len(node["findings"]) == allowed, who.name


async def test_lists_of_a_region_are_the_visible_rows_within_it(world: World) -> None:
    for who in PERSONAS:
        if who.name == "nobody":
            continue
        for key in ("A", "A11", "A111", "B", "recoded", "reused", "prefix"):
            answer = await world.ask(
                who,
                f"query($id: ID!) {{ node(id: $id) {{ ... on Region {{ {LISTS_OF_PLACES} }} }} }}",
                id=str(world.regions[key]),
            )
            region = answer.data["node"]
            if region is None:
                assert not any(oracle.has(world.tree, who, oracle.EVERYBODY, v, TODAY) for v in world.tree)
                continue
            for name, table in OF_PLACES.items():
                inside = {str(r.id) for r in world.of(table) if oracle.inside(world.tree, r.village, key)}
                assert ids(region[name]["nodes"]) == world.listed(who, table) & inside, (who.name, key, name)
                assert region[name]["totalCount"] == len(region[name]["nodes"])


async def look_up(world: World, who: Persona, rows: list[tuple[str, str]]) -> None:
    """`node` and `household(by:)` show exactly what the lists show."""
    selections = " ".join(f'n{n}: node(id: "{id_}") {{ id }}' for n, (_, id_) in enumerate(rows))
    selections += " ".join(f' h{n}: household(by: {{id: "{id_}"}}) {{ id }}' for n, (_, id_) in enumerate(rows))
    answer = await world.ask(who, f"{{ {selections} }}")
    for n, (table, id_) in enumerate(rows):
        there = id_ in world.listed(who, table)
        assert (answer.data[f"n{n}"] == {"id": id_}) is there, (who.name, table)
        assert (answer.data[f"h{n}"] == {"id": id_}) is (there and table == "household"), (who.name, table)


async def test_look_ups_agree_with_lists(world: World) -> None:
    chance = random.Random(3)
    rows = [(table, str(row.id)) for table in FLAT.values() for row in world.of(table)]
    for who in PERSONAS:
        await look_up(world, who, chance.sample(rows, 12))


@pytest.mark.prove
async def test_all_look_ups_agree_with_lists(world: World) -> None:
    rows = [(table, str(row.id)) for table in FLAT.values() for row in world.of(table)]
    for who in PERSONAS:
        for start in range(0, len(rows), 15):  # two root fields each, of the thirty that a document may have
            await look_up(world, who, rows[start : start + 15])


async def test_pages_lists_and_counts_agree_with_plain_sql(world: World) -> None:
    for who in REPRESENTATIVES:
        answer = await world.ask(who, f"{{ {COUNTS} }}")
        async with world.as_login(who) as connection:
            for name, table in FLAT.items():
                count = await connection.fetchval(f"SELECT count(*) FROM {table} WHERE archived_at IS NULL")
                connection_ = answer.data[name]
                assert (connection_["totalCount"] if connection_ else 0) == count, (who.name, name)
                if not connection_:
                    continue
                joined, after = [], None
                while True:
                    page = await world.ask(
                        who,
                        f"query($a: String) {{ l: {name}(first: 5, after: $a)"
                        " { nodes { id } pageInfo { hasNextPage endCursor } } }",
                        a=after,
                    )
                    joined += [row["id"] for row in page.data["l"]["nodes"]]
                    after = page.data["l"]["pageInfo"]["endCursor"]
                    if not page.data["l"]["pageInfo"]["hasNextPage"]:
                        break
                assert sorted(joined) == sorted(world.listed(who, table)), (who.name, name)


async def test_orders_show_no_row_that_lists_hide(world: World) -> None:
    """Only the caller's visible rows decide the order of regions by counts."""
    for who in REPRESENTATIVES:
        answer = await world.ask(
            who, "{ regions(first: 1000, orderBy: {field: HOUSEHOLD_COUNT, direction: DESC}) { nodes { id } } }"
        )
        if answer.data["regions"] is None:
            assert answer.codes == ["FORBIDDEN"]
            continue
        keys = {str(id_): key for key, id_ in world.regions.items()}
        order = [keys[row["id"]] for row in answer.data["regions"]["nodes"]]
        sizes = []
        for key in order:
            inside = [h for h in world.of("household") if oracle.inside(world.tree, h.village, key)]
            sizes.append(len([h for h in inside if str(h.id) in world.listed(who, "household")]))
        assert sizes == sorted(sizes, reverse=True), who.name
        reads = oracle.SEES["OPERATIONAL"]
        assert set(order) == {key for key in world.tree if oracle.has(world.tree, who, reads, key, TODAY)}


# --- any tree, any grants, any rows -----------------------------------------------------------------------------------

SEGMENTS = ("1", "11", "2", "21", "110")
LEVELS = 4  # province, regency, district, village
ROLES = ("OFFICER", "REGIONAL_VIEWER", "VILLAGE_VERIFIER", "AUDITOR", "PROTECTION_DESK")
ME = uuid.UUID(int=7)


@dataclass
class Case:
    """A country (code → parent's code), a caller's grants, and households: village, draft, recorded by the caller."""

    tree: dict[str, str | None]
    grants: list[Grant]
    rows: list[tuple[str, bool, bool]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    tree: dict[str, str | None] = {}
    for _ in range(draw(st.integers(1, 9))):
        parent = draw(st.sampled_from([None, *(code for code in tree if code.count(".") < LEVELS - 1)]))
        code = draw(st.sampled_from(SEGMENTS)) if parent is None else f"{parent}.{draw(st.sampled_from(SEGMENTS))}"
        tree.setdefault(code, parent)
    codes = st.sampled_from(sorted(tree))
    day = st.sampled_from([-9, -1, 0, 1]).map(lambda n: TODAY + dt.timedelta(days=n * 3))
    grants = st.builds(
        Grant,
        st.sampled_from(ROLES),
        st.one_of(codes, st.none()) if draw(st.booleans()) else codes,
        day,
        st.one_of(st.none(), day),
        st.sampled_from([True, True, True, False]),
    )
    rows = st.lists(st.tuples(codes, st.booleans(), st.booleans()), min_size=1, max_size=8)
    return Case(tree, draw(st.lists(grants, max_size=4)), draw(rows))


@dataclass
class Empty:
    """A database for one case after another."""

    admin: asyncpg.Connection
    database: Database
    login: asyncpg.Connection


@pytest.fixture(scope="module")
async def empty(postgres: Embedded, fresh: Any, anyio_backend: str) -> AsyncIterator[Empty]:
    name = await fresh()
    admin = await asyncpg.connect(postgres.dsn(name), server_settings={"search_path": "registry"})
    login = await asyncpg.connect(postgres.dsn(name, user="registry_app"))
    async with Database.open(postgres.dsn(name, user="registry_app"), 1) as database:
        yield Empty(admin, database, login)
    await login.close()
    await admin.close()


IDS = Page(
    "",
    Source(Household),
    (Order(Household.household_no),),
    (
        Total("totalCount"),
        Nodes("nodes", Object(((None, (Scalar("id", Household.id),)),))),
    ),
    "first",
)
ADD_REGION = (
    "INSERT INTO region (id, code, level, kind, name, search_name, valid_from, decree)"
    " VALUES ($1, $2, 'VILLAGE', 'RURAL_VILLAGE', '', '', '1945-08-17', '')"
)
ADD_HOUSEHOLD = (
    "INSERT INTO household (id, village_id, area, household_no, status, rev, workflow_state, draft, created_by)"
    " VALUES ($1, $2, $3, $4, 'ACTIVE', 1, $5, $6, $7)"
)


async def check_case(empty: Empty, case: Case) -> None:
    """Check that the engine and plain SQL show what the oracle allows."""
    async with empty.admin.transaction():
        await empty.admin.execute("DELETE FROM household; DELETE FROM region")
        regions = {code: uuid.uuid4() for code in case.tree}
        await empty.admin.executemany(ADD_REGION, [(id_, code) for code, id_ in regions.items()])
        who = Persona("me", tuple(case.grants))
        rows, allowed = [], set()
        for n, (code, draft, mine) in enumerate(case.rows):
            id_ = uuid.uuid4()
            state = "DRAFT" if draft else "SUBMITTED"
            rows.append((id_, regions[code], code, str(n), state, draft, ME if mine else uuid.uuid4()))
            if oracle.exists(case.tree, who, Made(code, draft, "me" if mine else ""), TODAY):
                allowed.add(str(id_))
        await empty.admin.executemany(ADD_HOUSEHOLD, rows)
    grants = []
    for g in case.grants:
        area = NATIONAL if g.region is None else AreaSet.of(g.region)
        region = None if g.region is None else regions[g.region]
        grants.append(Held(Role[g.role], area, region, g.from_, g.to, g.active))
    in_force = tuple(grant for grant in grants if grant.in_force(TODAY))
    principal = Principal(ME, "me", "me", in_force, dt.datetime.max.replace(tzinfo=dt.UTC))
    caller = SimpleNamespace(principal=principal, language="id")
    connection_ = orjson.loads(await fetch(empty.database, caller, IDS, {"first": 1000}) or b"{}")
    assert ids(connection_["nodes"]) == allowed
    assert connection_["totalCount"] == len(allowed)
    async with empty.login.transaction(readonly=True):
        for name in SETTINGS:
            await empty.login.execute("SELECT set_config('app.' || $1, $2, true)", name, principal.setting(name))
        plain = await empty.login.fetch("SELECT id FROM household")
    assert {str(row["id"]) for row in plain} == allowed


@dataclass
class Made:
    village: str
    draft: bool
    author: str
    kind = "OPERATIONAL"


@given(case=cases())
@settings(max_examples=120, deadline=None, derandomize=True)
async def test_visibility_equals_the_oracle_for_random_trees_and_grants(empty: Empty, case: Case) -> None:
    await check_case(empty, case)


@pytest.mark.prove
@given(case=cases())
@settings(max_examples=3000, deadline=None)
async def test_visibility_equals_the_oracle_for_many_random_trees_and_grants(empty: Empty, case: Case) -> None:
    await check_case(empty, case)


async def test_the_random_cases_contain_traps() -> None:
    """The segments make codes that begin like another code without being below it."""
    codes = {f"{a}.{b}" for a in SEGMENTS for b in SEGMENTS} | set(SEGMENTS)
    traps = [(a, b) for a in codes for b in codes if a != b and b.startswith(a) and not re.match(rf"{a}\.", b)]
    assert len(traps) > 20


async def test_nested_counts_are_those_of_each_region(world: World) -> None:
    """Counts made once for all levels equal those of each region's own list, whatever its code looks like."""
    counts = "code households { totalCount } members { totalCount }"
    down = f"""{{ provinces {{ nodes {{ {counts} regencies {{ nodes {{ {counts} districts(first: 4) {{ nodes {{ {counts}
      villages(first: 4) {{ nodes {{ {counts} }} }} }} }} }} }} }} }} }}"""
    for name in ("OFFICER@country", "officer-of-two-far-villages", "MINISTRY_ANALYST@country"):
        who, met = BY_NAME[name], 0
        answer = await world.ask(who, down)
        assert answer.codes == [], answer.json
        left = answer.data["provinces"]["nodes"]
        while left:
            region = left.pop()
            for below in ("regencies", "districts", "villages"):
                left += region.pop(below, {"nodes": []})["nodes"]
            own = await world.ask(who, f'{{ region(code: "{region["code"]}") {{ {counts} }} }}')
            if own.data is not None:  # the scalar would refuse some codes of the fixture
                assert own.data["region"] == region, (name, region["code"])
                met += 1
        assert met > 10
