"""The canary crawler: every value above OPERATIONAL in the world is a unique text, and no caller gets a forbidden one.

Documents are made from the built schema, every path to depth 4 and every class of argument; the crawler searches the
bytes of bodies, headers, decoded cursors, errors and logs.  Each path must also show a caller something they may see.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, get_named_type
from sqlalchemy.orm import InstrumentedAttribute

from registry.models.household_aggregate import LISTS as PART_LISTS
from registry.models.noun import Noun, table_of
from schema.build import build
from schema.declare.directives import SensitivityIs
from schema.declare.shapes import EmbeddedField, RelatedField, shape_of
from schema.declare.strawberry_internals import definition_of, graphql_schema
from schema.inputs.household import LISTED
from tests import oracle
from tests.colleagues import COLLEAGUES
from tests.leak_detector import CURSOR, LeakDetector, everything_in, leak_detector
from tests.paths import Path, paths
from tests.personas import BY_NAME, PERSONAS, REPRESENTATIVES, TODAY, Persona
from tests.village_records import TYPE_NAMES
from tests.world import Row, World

pytestmark = pytest.mark.anyio
DEPTH, SHARE, CALLERS = 4, 90, 3
WIDE, NOBODY = BY_NAME["OFFICER@country"], BY_NAME["nobody"]
ADMIN, COORDINATOR = BY_NAME["MINISTRY_ADMIN@country"], BY_NAME["REGENCY_COORDINATOR@A1"]
SOME = (WIDE, COORDINATOR, *(who for who in REPRESENTATIVES[::2] if who is not WIDE))
FACES = {table: LISTED[name] for table, name in PART_LISTS.items()}
"""Table of a part of the household → its face."""
ABOVE = {"PERSONAL", "IDENTITY", "SPECIAL"}
"""Classes whose values are marked, if they can be unique; nobody sees all of PROTECTIVE."""
UNIQUE = {"String", "Date", "PartialDate", "Decimal", "Float"}
"""Scalars whose values can be unique."""
UNMARKED = {"Actor", "Agency", "UserError"}
"""Types of which nothing is marked: callers of the world by their names, companies, and sentences about fields; a test
looks for marks in what they show.  Only a village's officers are actors by a crossing, which names colleagues too."""
OF_ACCOUNTS = {"User", "Device"}
"""Types with marked values of accounts, which the administrator of the ministry sees all."""


def class_of(field: GraphQLField) -> str | None:
    """The declared class of a field; None if that of the object holds."""
    classes = [one.is_.value for one in definition_of(field).directives if isinstance(one, SensitivityIs)]
    return classes[0] if classes else None


def carries(schema: GraphQLSchema, path: Path) -> bool:
    """Whether a path ends with values that are marked: by their own class, or by that of the object that they form."""
    end = schema.get_type(path.end)
    assert isinstance(end, GraphQLObjectType | GraphQLInterfaceType)
    if path.end in OF_ACCOUNTS:
        return True
    if path.passes(OF_ACCOUNTS | UNMARKED):
        return False
    outer = class_of(path.steps[-1].field)
    for field in end.fields.values():
        if get_named_type(field.type).name in UNIQUE and (class_of(field) or outer) in ABOVE:
            return True
    return False


def shown_columns(schema: GraphQLSchema, kinds: set[str]) -> Iterator[tuple[str, str]]:
    """Table and column of what fields show of these types: of a noun its whole table, else the columns of its parts."""
    for type_ in schema.type_map.values():
        for field in type_.fields.values() if isinstance(type_, GraphQLObjectType) else ():
            shape, target = shape_of(field), get_named_type(field.type).name
            if target not in kinds:
                continue
            if isinstance(shape, EmbeddedField | RelatedField) and shape.columns:
                columns = [datum for datum in shape.columns.values() if isinstance(datum, InstrumentedAttribute)]
                yield from ((datum.class_.__tablename__, datum.key) for datum in columns)
            elif isinstance(shape, RelatedField) and issubclass(shape.source.noun, Noun):
                table = table_of(shape.source.noun)
                yield from ((table.name, column.name) for column in table.columns)


async def test_types_without_marks_show_none(world: World, schema: GraphQLSchema) -> None:
    columns = {kind: set(shown_columns(schema, {kind})) for kind in UNMARKED}
    for kind, places in columns.items():
        assert len(places) > 3, kind
        for table, column in sorted(places):
            marked = f"SELECT count(*) FROM registry.{table} WHERE {column}::text ~ 'mk[0-9]+z'"
            assert await world.admin.fetchval(marked) == 0, (kind, table, column)
    text = "SELECT count(*) FROM registry.member WHERE full_name ~ 'mk[0-9]+z'"
    assert await world.admin.fetchval(text) > 0  # that is how a mark is written


@pytest.fixture(scope="module")
async def detector(world: World) -> LeakDetector:
    return await leak_detector(world)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return graphql_schema(build())


def everything_logged(world: World, log: Any) -> str:
    """The messages, and a line for each request."""
    lines = b"".join(world.log.take()).decode()
    assert " request requestId=" in lines
    return "\n".join([log.text, lines])


def root_values(world: World, path: Path, figure: str) -> dict[str, Any]:
    """Values for the root's arguments that lead to complete records, or to an answer of figures that everybody sees."""
    if path.steps[0].name == "figure":
        return {"id": figure}
    house = world.houses[2 if path.end == "WorkflowEvent" else 3]  # verified with notes; returned with remarks
    household, head, wife, child = house.rows[:4]
    beyond = path.steps[1].on if len(path.steps) > 1 else path.kind
    after = path.steps[1].name if len(path.steps) > 1 else ""
    person = {"mother": child, "father": child, "businesses": wife}.get(after, head)
    colleague = COLLEAGUES["officer here"]
    last = {row.table: row for row in house.rows}
    records: dict[str, Any] = {face.__name__: last[table] for table, face in FACES.items()}
    records |= {"Household": household, "Member": person}
    records |= {"User": colleague, "Grant": next(held for held in world.grants if held.holder is colleague)}
    records |= {TYPE_NAMES[table]: named_by(world, table, household) for table in TYPE_NAMES}
    place = {"Village": "A111", "District": "A11", "Regency": "A1", "Province": "A"}.get(beyond or "", "A111")
    record = records.get(beyond or "")
    values = {
        "id": str(record.id if record else world.regions[place]),
        "by": {"id": str(household.id)},
        "code": world.codes[place],
        "indicators": ["HOUSEHOLDS", "PERSONS_ACTIVE", "CHILDREN_LEFT_BEHIND"],
    }
    return {name: values[name] for name in path.variables}


def named_by(world: World, table: str, household: Row) -> Row:
    """A record of a table that has a command of its own: of this household, or of its village."""
    rows = [row for row in world.of(table) if row.village == household.village and not row.has_left]
    return next((row for row in rows if row.house is household.house), rows[0])


async def crawl(
    world: World,
    detector: LeakDetector,
    schema: GraphQLSchema,
    some_paths: list[Path],
    callers: Callable[[], list[Persona]],
    log: Any,
) -> None:
    reached, expensive, missed = {False: 0, True: 0}, 0, set[str]()
    quoted = await world.ask(WIDE, "{ statistics(indicators: [VILLAGES_ENROLLED]) { id } }")
    figure = quoted.data["statistics"]["id"]
    for path in some_paths:
        values = root_values(world, path, figure)
        wide = ADMIN if path.passes(OF_ACCOUNTS) else WIDE
        for who in (wide, *callers()):
            for page in (path.page, min(path.page, 10), 1):
                answer = await world.ask(who, path.document(schema, page), **values)
                if answer.codes != ["QUERY_TOO_COMPLEX"]:
                    break
            expensive += answer.codes == ["QUERY_TOO_COMPLEX"]
            assert set(answer.codes) <= {"FORBIDDEN", "QUERY_TOO_COMPLEX"}, (str(path), who.name, answer.body)
            marks = detector.allowed(who, everything_in(answer))
            if who is wide and carries(schema, path) and f'"end":"{path.end}"' in answer.body.decode():
                assert marks, str(path)
                reached[path.end in OF_ACCOUNTS] += 1
            elif who is wide and carries(schema, path):
                missed.add(str(path))
    carriers = [path.end in OF_ACCOUNTS for path in some_paths if carries(schema, path)]
    for of_accounts in (False, True):
        assert reached[of_accounts] >= carriers.count(of_accounts) * 2 // 3, (of_accounts, sorted(missed))
    assert expensive <= len(some_paths) // 10, "too many paths are too complex even for one row"
    detector.allowed(NOBODY, everything_logged(world, log))


async def test_no_sampled_path_leads_to_hidden_values(
    world: World, detector: LeakDetector, schema: GraphQLSchema, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    every_path = list(paths(schema, DEPTH))
    some_paths = random.Random(20).sample(every_path, SHARE)
    some_paths += [path for path in every_path if path.end in OF_ACCOUNTS]
    await crawl(world, detector, schema, some_paths, lambda: random.sample(PERSONAS, CALLERS - 1), caplog)


@pytest.mark.prove
async def test_no_path_leads_to_hidden_values(
    world: World, detector: LeakDetector, schema: GraphQLSchema, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(21)
    some_paths = list(paths(schema, DEPTH))
    await crawl(world, detector, schema, some_paths, lambda: chance.sample(PERSONAS, 2), caplog)


# --- arguments --------------------------------------------------------------------------------------------------------

LISTS = {
    "households": "id address phoneMasked",
    "members": "id fullName birthDate",
    "migrations": "id jobTitle employerName",
    "businesses": "id name annualSales { amount }",
    "regions": "id name lastVerifiedAt households(first: 2) { nodes { address } }",
    "provinces": "id name members(first: 2) { edges { cursor node { fullName } } }",
    "users": "id username name devices { id label } grants { id grantedBy { name } user { name } }",
}
USERS = f"""query($filter: UserFilter, $search: String) {{
  users(filter: $filter, search: $search, first: 100) {{
    totalCount edges {{ cursor }} nodes {{ {LISTS["users"]} }} }} }}"""
STAFF = """query($id: ID!) { node(id: $id) { __typename id ... on User { username name devices { label } }
  ... on Grant { role user { username name devices { label } } grantedBy { name } } } }"""
FIRSTS = (None, 0, -1, 1, 3, 1000, 1001, 2**31 - 1)


def listing(name: str) -> str:
    return (
        f"query($first: Int, $after: String) {{ {name}(first: $first, after: $after)"
        f" {{ totalCount pageInfo {{ hasNextPage startCursor endCursor }} edges {{ cursor }}"
        f" nodes {{ {LISTS[name]} }} }} }}"
    )


async def cursors(world: World, who: Persona) -> list[str]:
    """A cursor of each list, signed for the caller."""
    cursors_ = []
    for name in LISTS:
        answer = await world.ask(who, listing(name), first=2)
        cursors_ += CURSOR.findall(answer.body.decode())[:1]
    return cursors_


def argument_cases(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """Documents and variables with every class of argument except cursors, right and wrong."""
    for name, first in itertools.product(LISTS, FIRSTS):
        yield listing(name), {"first": first}
    orders = itertools.product(("regions", "provinces"), ("CODE", "NAME", "HOUSEHOLD_COUNT", "LAST_VERIFIED_AT"))
    for (name, key), direction in itertools.product(orders, ("ASC", "DESC")):
        yield (
            f"{{ {name}(first: 50, orderBy: {{field: {key}, direction: {direction}}}) {{ totalCount"
            f" edges {{ cursor node {{ {LISTS[name]} }} }} }} }}",
            {},
        )
    for filter_ in (
        *({"role": [role]} for role in sorted(oracle.EVERYBODY)),
        *({"within": [code]} for code in ("35", "35.01", "35.01.11.2001", "52.01", "99")),
        *({"active": active} for active in (True, False)),
        {"role": ["OFFICER"], "within": ["52.01"], "active": True},
    ):
        yield USERS, {"filter": filter_}
    for colleague in COLLEAGUES.values():
        yield USERS, {"search": colleague.username}
    yield USERS, {"search": colleague.username[:4]}
    yield USERS, {"search": colleague.device_label}
    accounts = [colleague.id for colleague in COLLEAGUES.values()]
    devices = [colleague.device for colleague in COLLEAGUES.values()][:2]
    grants = [held.id for held in world.grants if held.holder.id in accounts]
    for id_ in map(str, (*accounts, *grants, *devices)):
        yield STAFF, {"id": id_}
    ids = [str(row.id) for row in (*world.rows[::40], *world.of("remark")[:1], *world.of("identity")[:1])]
    ids += [str(place) for place in list(world.regions.values())[:3]]
    ids += [
        "",
        "x",
        "00000000-0000-0000-0000-000000000000",
        "' OR true --",
        "9" * 5000,
        ids[0].upper(),
        f"{{{ids[0]}}}",
    ]
    for id_ in ids:
        yield (
            "query($id: ID!) { node(id: $id) { __typename id ... on Record { withheld } ... on Household { address }"
            " ... on Member { fullName } ... on MigrationEpisode { jobTitle } ... on Business { name } } }",
            {"id": id_},
        )
        yield "query($id: ID!) { household(by: {id: $id}) { id address members { fullName } } }", {"id": id_}
    for no in (
        "",
        "%",
        "35.01.11.2001-2026-0001",
        "35.01.11.2001-2026-0009",
        "' OR true --",
        "52.01.11.2001-2026-0001",
    ):
        yield "query($no: String!) { household(by: {householdNo: $no}) { id address } }", {"no": no}
    yield "{ household(by: {}) { address } }", {}
    yield "{ household(by: {id: null, householdNo: null}) { address } }", {}
    for code in (
        "35",
        "35.01",
        "35.01.11.2001",
        "52.02.11.2009",
        "52.01.12.2009",
        "99",
        "",
        "%",
        "35.0%",
        "3501",
        "35.",
    ):
        yield (
            "query($c: RegionCode!) { region(code: $c) { code households { totalCount nodes { address } }"
            " members { nodes { fullName } } businesses { edges { cursor node { name } } } } }",
            {"c": code},
        )


async def test_no_argument_shows_hidden_values(
    world: World, detector: LeakDetector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    allowed = 0
    for who, (text, variables) in itertools.product(SOME, argument_cases(world)):
        answer = await world.ask(who, text, **variables)
        assert "INTERNAL" not in answer.codes, (who.name, text, variables, caplog.text[-2000:])
        allowed += len(detector.allowed(who, everything_in(answer)))
    assert allowed > 1000
    detector.allowed(NOBODY, everything_logged(world, caplog))


async def test_no_cursor_shows_hidden_values(world: World, detector: LeakDetector) -> None:
    """A cursor of another list or caller, or a changed one, is refused."""
    wide = await cursors(world, WIDE)
    foreign = await cursors(world, BY_NAME["OFFICER@B111"])
    changed = [c[:9] + ("A" if c[9] != "A" else "B") + c[10:] for c in wide]
    for who in REPRESENTATIVES:
        for name, after in itertools.product(LISTS, (*wide, *foreign, *changed, "", "x", "=" * 9, "é")):
            answer = await world.ask(who, listing(name), first=1000, after=after)
            assert "INTERNAL" not in answer.codes, (who.name, name, after)
            detector.allowed(who, everything_in(answer))
            if after not in wide or who is not WIDE:
                assert not answer.data or answer.data[name] is None, (who.name, name, after)


# --- commands ---------------------------------------------------------------------------------------------------------

SUBMIT = """mutation($id: ID!, $rev: Int, $code: RegionCode) {
  submitHousehold(input: {household: {id: $id, villageCode: $code, address: "x"}, baseRev: $rev, saveAs: DRAFT}) {
    outcome household { address members { fullName } } userErrors { code path message params { name value } } } }"""
VERIFY = """mutation($id: ID!) { verifyHouseholds(input: {items: [{id: $id, rev: 99}]}) {
    results { household { address } userErrors { code path message params { name value } } } } }"""
RETURN = """mutation($id: ID!) { returnHousehold(input: {id: $id, rev: 99, remarks: [{path: ["address"], text: "x"}]}) {
    household { address } userErrors { code path message params { name value } } } }"""
WITHDRAW = """mutation($id: ID!) { withdrawHousehold(input: {id: $id, rev: 99}) {
    household { address } userErrors { code path message params { name value } } } }"""
REJECT = """mutation($id: ID!) { rejectHousehold(input: {id: $id, rev: 99, reason: DUPLICATE, note: "x"}) {
    household { address } userErrors { code path message params { name value } } } }"""
ARCHIVE = """mutation($id: ID!) { archiveHousehold(input: {id: $id, rev: 99, reason: MOVED_OUT, note: "x"}) {
    household { address } userErrors { code path message params { name value } } } }"""
REVEAL = """mutation($id: ID!, $field: IdentityField!) {
  revealIdentity(input: {id: $id, field: $field, purpose: VERIFICATION}) { value userErrors { code message } } }"""
NUMBERS = {
    "household": ("PHONE", "KK_NUMBER"),
    "member": ("NIK",),
    "migration_episode": ("PASSPORT", "EPMI"),
}


async def test_a_refused_command_reveals_nothing(
    world: World, detector: LeakDetector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for who, house in itertools.product(REPRESENTATIVES, world.houses):
        by_id = {"id": str(house.id)}
        for text, variables in (
            (SUBMIT, by_id | {"rev": 99}),
            (SUBMIT, by_id | {"rev": 99, "code": "35.01.11.2001"}),
            (VERIFY, by_id),
            (RETURN, by_id),
            (WITHDRAW, by_id),
            (REJECT, by_id),
            (ARCHIVE, by_id),
        ):
            answer = await world.ask(who, text, **variables)
            assert set(answer.codes) <= {"FORBIDDEN"}, (who.name, text, answer.body)
            assert b'"ACCEPTED"' not in answer.body
            detector.allowed(who, everything_in(answer))
    detector.allowed(NOBODY, everything_logged(world, caplog))


async def test_only_reveal_returns_a_number_in_full(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The crawlers never find a full number; callers get one by reveal, where their grants allow it."""
    caplog.set_level("DEBUG")
    values: set[str] = set()
    for who in REPRESENTATIVES:
        for row in [row for house in world.houses[::5] for row in house.rows]:
            for field in NUMBERS.get(row.table, ()):
                answer = await world.ask(who, REVEAL, id=str(row.id), field=field)
                value = (answer.data.get("revealIdentity") or {}).get("value") if answer.data else None
                assert value is None or may_reveal(world, who, row), (who.name, row)
                if may_reveal(world, who, row) and field == "NIK":
                    assert value is not None, (who.name, row)
                values |= {value} if value else set()
    assert len(values) > 10
    logged = everything_logged(world, caplog)
    assert not [value for value in values if value in logged]


def may_reveal(world: World, who: Persona, row: Row) -> bool:
    if row.has_left:
        return False
    return world.exists(who, row) and oracle.has(world.tree, who, oracle.REVEALS, row.village, TODAY)
