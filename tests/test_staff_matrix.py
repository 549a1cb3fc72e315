"""People (M2, M4): which accounts and grants each caller finds, and how each command on them ends for each caller.

What is accepted is sent like the rest: `World.undone` rolls it back.  After every caller the digest of all tables but
the audit is what it was before.
"""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type, parse

from schema.build import build
from schema.declare.strawberry_internals import graphql_schema
from tests import oracle, test_record_matrix, test_refusals
from tests.colleagues import COLLEAGUES, Colleague
from tests.personas import BY_NAME, LONG_AGO, PERSONAS, TODAY, Grant, Persona
from tests.test_refusals import answer_and_statements, digest
from tests.world import Answer, HeldGrant, World

pytestmark = pytest.mark.anyio
CALLERS = tuple(
    BY_NAME[name]
    for name in (
        "REGENCY_COORDINATOR@A1",
        "REGENCY_COORDINATOR@A2",
        "REGENCY_COORDINATOR@A111",
        "MINISTRY_ADMIN@A",
        "MINISTRY_ADMIN@country",
        "SYSTEM_ADMIN@A1",
        "SYSTEM_ADMIN@country",
        "AUDITOR@country",
        "coordinator-A1-officer-A111",
        "OFFICER@A111",
        "nobody",
    )
)
USERS = """query($filter: UserFilter, $search: String) { users(filter: $filter, search: $search, first: 1000) {
  totalCount nodes { id username name active viewerCan grants { id } devices { id label } } } }"""
NODE = "query($id: ID!) { node(id: $id) { id } }"
PROBLEMS = "userErrors { code severity path message params { name value } }"


# --- reads ------------------------------------------------------------------------------------------------------------


async def listed(world: World, who: Persona, **arguments: Any) -> dict[str, Any]:
    """The accounts of a list, by id."""
    answer = await world.ask(who, USERS, **arguments)
    if answer.codes:
        assert (answer.codes, answer.data) == (["FORBIDDEN"], {"users": None})
        return {}
    nodes = answer.data["users"]["nodes"]
    assert answer.data["users"]["totalCount"] == len(nodes)
    return {node["id"]: node for node in nodes}


def account_abilities(world: World, who: Persona, other: Persona) -> list[str]:
    """What a caller may do with an account."""
    may = {
        "USER_MANAGE": oracle.manages(world.ever, who, other, TODAY),
        "USER_DISABLE": oracle.closes(world.ever, who, other, TODAY),
        "GRANT_GIVE": other.name != who.name and oracle.anywhere(who, frozenset(oracle.GIVES), TODAY),
    }
    return [name for name, yes in may.items() if yes]


async def test_lists_of_accounts_are_what_the_oracle_allows(world: World) -> None:
    count = 0
    for who in PERSONAS:
        nodes = await listed(world, who)
        expected = {str(other.id): other for other in world.holders if oracle.finds(world.ever, who, other, TODAY)}
        assert nodes.keys() == expected.keys(), who.name
        for id_, node in nodes.items():
            other = expected[id_]
            assert (node["name"], node["active"]) == (other.name, other.active)
            assert node["viewerCan"] == account_abilities(world, who, other), (who.name, other)
            assert {grant["id"] for grant in node["grants"]} == {
                str(held.id)
                for held in world.grants
                if held.holder is other and oracle.sees_grant(world.ever, who, other.name, held.grant.region, TODAY)
            }, (who.name, other)
            if isinstance(other, Colleague):
                assert node["username"] == other.username
                assert node["devices"] == [{"id": str(other.device), "label": other.device_label}]
        count += len(nodes)
    assert count > 500


Condition = Callable[[Persona, list[Grant]], bool]
"""Whether an account, with those of its grants that the caller sees, is one of a filter's."""


def with_role(role: str) -> Condition:
    return lambda other, grants: any(grant.role == role and not oracle.is_over(grant, TODAY) for grant in grants)


def with_state(active: bool) -> Condition:
    return lambda other, grants: other.active is active


def within(world: World, region: str) -> Condition:
    places = {place for place in world.ever if oracle.inside(world.ever, place, region)}
    return lambda other, grants: any(grant.region in places for grant in grants)


def only(one: Persona) -> Condition:
    return lambda other, grants: other is one


def conditions(world: World) -> Iterator[tuple[dict[str, Any], Condition]]:
    """Arguments of the list, and the accounts that they leave."""
    for role in sorted(oracle.EVERYBODY):
        yield {"filter": {"role": [role]}}, with_role(role)
    for active in (True, False):
        yield {"filter": {"active": active}}, with_state(active)
    for region in ("A", "A1", "A111", "B"):
        yield {"filter": {"within": [world.codes[region]]}}, within(world, region)
    for other in COLLEAGUES.values():
        yield {"search": other.username}, only(other)


async def test_filters_and_searches_show_no_account_and_use_no_grant_that_is_hidden(world: World) -> None:
    for who in CALLERS:
        may = [other for other in world.holders if oracle.finds(world.ever, who, other, TODAY)]
        for arguments, holds in conditions(world):
            nodes = await listed(world, who, **arguments)
            expected = {str(other.id) for other in may if holds(other, visible_grants(world, who, other))}
            assert nodes.keys() == expected, (who.name, arguments)


def visible_grants(world: World, who: Persona, other: Persona) -> list[Grant]:
    return [grant for grant in other.grants if oracle.sees_grant(world.ever, who, other.name, grant.region, TODAY)]


def finds_grant(world: World, who: Persona, held: HeldGrant) -> bool:
    return oracle.reaches(world.ever, who, oracle.FINDS, held.grant.region, TODAY)


async def test_nodes_are_the_accounts_and_grants_of_the_lists(world: World) -> None:
    for who in CALLERS:
        ids = {other.id: oracle.finds(world.ever, who, other, TODAY) for other in TARGETS}
        ids |= {held.id: finds_grant(world, who, held) for held in targets(world)}
        for id_, there in ids.items():
            answer = await world.ask(who, NODE, id=str(id_))
            assert answer.data == {"node": {"id": str(id_)} if there else None}, (who.name, id_)


GRANT = """query($id: ID!) { node(id: $id) { ... on Grant { user { id } role region { id } national validFrom validTo
  pending grantedBy { name } impact { households devices lastPushAt } } } }"""


async def test_every_field_of_a_grant_is_the_stored_value_or_null(world: World) -> None:
    """What depends on it is null where the caller sees no households, and counts those that they see."""
    impacts = Counter[bool]()
    for who in CALLERS:
        visible = [row for row in world.of("household") if str(row.id) in world.listed(who, "household")]
        for held in [held for held in targets(world) if finds_grant(world, who, held)]:
            grant, expected, region = (await node_of(world, who, held)), held.grant, held.grant.region
            assert grant["user"] == {"id": str(held.holder.id)}
            assert grant["region"] == (region and {"id": str(world.regions[region])})
            assert (grant["role"], grant["national"]) == (expected.role, region is None)
            assert (grant["validFrom"], grant["validTo"]) == (str(expected.from_), expected.to and str(expected.to))
            assert grant["pending"] is expected.pending
            assert grant["grantedBy"] == (expected.giver and {"name": expected.giver})
            seen = oracle.reaches(world.ever, who, oracle.SEES["OPERATIONAL"], region, TODAY)
            inside = [row for row in visible if oracle.inside(world.tree, row.village, region)]
            impact = {"households": len(inside), "devices": 0, "lastPushAt": None}
            assert grant["impact"] == (impact if seen else None), (who.name, held)
            impacts[seen and bool(inside)] += 1
    assert min(impacts[True], impacts[False]) > 10, impacts


async def node_of(world: World, who: Persona, held: HeldGrant) -> Any:
    return (await world.ask(who, GRANT, id=str(held.id))).data["node"]


# --- commands ---------------------------------------------------------------------------------------------------------

TARGETS: tuple[Persona, ...] = (*COLLEAGUES.values(), *CALLERS[:5])


def targets(world: World) -> list[HeldGrant]:
    return [held for held in world.grants if held.holder in TARGETS]


Refusal = str | None
"""The code of a refusal; None: the caller may do it."""


def on_account(may: Callable[..., bool], able: frozenset[str], hidden: str = "NOT_FOUND") -> Callable[..., Refusal]:
    """How a command on an account ends: `able` are the roles with its ability, `may` says whom they reach."""

    def refusal(world: World, who: Persona, other: Persona) -> Refusal:
        if not oracle.anywhere(who, able, TODAY):
            return "FORBIDDEN"
        if not oracle.sees_account(world.ever, who, other, TODAY):
            return hidden
        if other.name == who.name:
            return "ACCOUNT_SELF"
        return None if may(world.ever, who, other, TODAY) else "GRANT_NOT_HELD"

    return refusal


def on_grant(able: frozenset[str]) -> Callable[..., Refusal]:
    """How a command on a grant ends."""

    def refusal(world: World, who: Persona, held: HeldGrant) -> Refusal:
        if not oracle.anywhere(who, able, TODAY):
            return "FORBIDDEN"
        if not oracle.sees_grant(world.ever, who, held.holder.name, held.grant.region, TODAY):
            return "NOT_FOUND"
        if held.holder.name == who.name:
            return "GRANT_SELF"
        givers = frozenset(role for role in able if held.grant.role in oracle.GIVES[role])
        if not oracle.reaches(world.ever, who, givers, held.grant.region, TODAY):
            return "GRANT_NOT_HELD"
        return "SECOND_PERSON_REQUIRED" if able == oracle.APPROVES and held.grant.giver == who.name else None

    return refusal


DAY = dt.timedelta(days=1)  # later than today in the zone of the capital too
GIVERS, CLOSERS = frozenset(oracle.GIVES), frozenset(oracle.CLOSES)


@dataclass(frozen=True)
class Case:
    """A command, how it ends for a caller, and the refusals that follow when the caller may."""

    text: str
    refusal: Callable[..., Refusal]
    after: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        (name,) = commands_in(self.text)
        return name


def case(command: str, sent: str, refusal: Callable[..., Refusal], *after: str) -> Case:
    text = f"mutation($id: ID!) {{ {command}(input: {{{sent}}}) {{ {PROBLEMS} }} }}"
    return Case(text, refusal, frozenset(after))


ON_ACCOUNTS = (
    case("saveUser", "id: $id", on_account(oracle.manages, GIVERS, "REQUIRED")),
    case("resetPassword", "userId: $id", on_account(oracle.manages, GIVERS)),
    case("disableUser", "userId: $id", on_account(oracle.closes, CLOSERS), "LAST_ADMINISTRATOR"),
)
ON_DEVICES = (case("revokeDevice", "id: $id", on_account(oracle.closes, CLOSERS)),)
ON_GRANTS = (
    case("endGrant", f'id: $id, on: "{TODAY + DAY}"', on_grant(GIVERS), "DATES_ORDER"),
    case("approveGrant", "id: $id", on_grant(oracle.APPROVES), "GRANT_ENDED"),
)
GIVE = f"""mutation($input: GrantRoleInput!) {{ grantRole(input: $input) {{ {PROBLEMS} }} }}"""


def cases(world: World) -> Iterator[tuple[Case, Any, uuid.UUID]]:
    """Each command on each account, device or grant, with the id that it is sent."""
    for case_, other in itertools.product(ON_ACCOUNTS, TARGETS):
        yield case_, other, other.id
    for case_, colleague in itertools.product(ON_DEVICES, COLLEAGUES.values()):
        yield case_, colleague, colleague.device
    for case_, held in itertools.product(ON_GRANTS, targets(world)):
        yield case_, held, held.id


def codes(answer: Answer) -> list[str]:
    """The codes of the errors, without warnings."""
    if answer.codes:
        return answer.codes
    ((payload),) = answer.data.values()
    return [problem["code"] for problem in payload["userErrors"] if problem["severity"] == "ERROR"]


async def test_a_command_on_people_ends_as_the_page_says(world: World) -> None:
    """Command by caller by relation by state; whatever is refused changes nothing."""
    before, ends, accepted = await digest(world), Counter[str](), set[str]()
    for who in CALLERS:
        async with world.undone():
            for case_, target, id_ in cases(world):
                refusal = case_.refusal(world, who, target)
                answer = await world.ask(who, case_.text, id=str(id_))
                if refusal is None:
                    assert set(codes(answer)) <= case_.after, (who.name, case_.text, target, answer.body)
                    accepted |= set() if codes(answer) else {case_.name}
                else:
                    assert set(codes(answer)) == {refusal}, (who.name, case_.text, target, answer.body)
                ends[refusal or "MAY"] += 1
        assert await digest(world) == before, who.name
    assert ends.keys() >= {"MAY", "FORBIDDEN", "NOT_FOUND", "GRANT_NOT_HELD", "ACCOUNT_SELF", "GRANT_SELF"}
    assert "SECOND_PERSON_REQUIRED" in ends
    assert accepted == {case_.name for case_ in (*ON_ACCOUNTS, *ON_DEVICES, *ON_GRANTS)}


async def test_a_role_is_given_as_the_page_says(world: World) -> None:
    """Giver by receiver by role by area; the last day is long past, so that nothing is given."""
    before, ends = await digest(world), Counter[str]()
    receivers = [COLLEAGUES[name] for name in ("officer here", "officer far away")]
    places = ("A111", "A1", "A", "B111", None)
    for who, role, place in itertools.product(CALLERS, GIVEN, places):
        for receiver in (*receivers, who) if role == "OFFICER" else receivers[:1]:
            area = {"national": True} if place is None else {"regionCode": world.codes[place]}
            sent = {"id": str(uuid.uuid4()), "userId": str(receiver.id), "role": role, "area": area}
            answer = await world.ask(who, GIVE, input=sent | {"validFrom": str(LONG_AGO), "validTo": str(LONG_AGO)})
            refusal = giving(world, who, receiver, role, place)
            assert codes(answer) == [refusal], (who.name, receiver, role, place, answer.body)
            ends[refusal] += 1
    assert ends.keys() == {"FORBIDDEN", "GRANT_SELF", "OUT_OF_SCOPE", "GRANT_NOT_HELD", "NOT_FOUND", "DATE_PAST"}
    assert await digest(world) == before


GIVEN = ("OFFICER", "REGIONAL_VIEWER", "REGENCY_COORDINATOR", "SYSTEM_ADMIN")


def giving(world: World, who: Persona, receiver: Persona, role: str, place: str | None) -> str:
    if not oracle.anywhere(who, GIVERS, TODAY):
        return "FORBIDDEN"
    if receiver is who:
        return "GRANT_SELF"
    if not oracle.reaches(world.tree, who, GIVERS, place, TODAY):
        return "OUT_OF_SCOPE"
    if not oracle.gives(world.tree, who, role, place, TODAY):
        return "GRANT_NOT_HELD"
    return "DATE_PAST" if oracle.sees_account(world.ever, who, receiver, TODAY) else "NOT_FOUND"


async def test_hidden_people_are_refused_like_absent_ones(world: World) -> None:
    """The same bytes after the same statements, by every command and by `node`."""
    pairs = 0
    for who in CALLERS:
        absent: dict[str, Any] = {}
        for case_, target, id_ in cases(world):
            if case_.refusal(world, who, target) not in ("NOT_FOUND", "REQUIRED", "FORBIDDEN"):
                continue
            for text in (case_.text, NODE) if not finds(world, who, target) else (case_.text,):
                if text not in absent:
                    absent[text] = await answer_and_statements(world, who, text, uuid.uuid4())
                assert await answer_and_statements(world, who, text, id_) == absent[text], (who.name, text, target)
                pairs += 1
    assert pairs > 300


def finds(world: World, who: Persona, target: Any) -> bool:
    if isinstance(target, HeldGrant):
        return finds_grant(world, who, target)
    return oracle.finds(world.ever, who, target, TODAY)


# --- programmes -------------------------------------------------------------------------------------------------------

SAVE_PROGRAMME = f"""mutation($id: ID!) {{ saveProgramme(input: {{id: $id, code: ""}}) {{ {PROBLEMS} }} }}"""
ENROL = f"""mutation($id: RegionCode!) {{
  enrolVillage(input: {{villageCode: $id, programme: "NONE", year: 2026}}) {{ {PROBLEMS} }} }}"""
ADMINISTRATORS = frozenset({"MINISTRY_ADMIN"})


async def test_a_programme_is_the_ministry_s(world: World) -> None:
    before = await digest(world)
    for who in PERSONAS:
        if who.runs_registered_only:
            continue
        saved = codes(await world.ask(who, SAVE_PROGRAMME, id=str(uuid.uuid4())))
        enrolled = codes(await world.ask(who, ENROL, id=world.codes["A111"]))
        national = oracle.reaches(world.tree, who, ADMINISTRATORS, None, TODAY)
        assert set(saved) == ({"REQUIRED"} if national else {"FORBIDDEN"}), who.name
        assert enrolled == (["PROGRAMME_UNKNOWN"] if oracle.anywhere(who, ADMINISTRATORS, TODAY) else ["FORBIDDEN"])
    assert await digest(world) == before


# --- every command is in a matrix -------------------------------------------------------------------------------------

OF_THE_CALLER = {"signIn", "refreshSession", "signOut", "changePassword", "enrolTotp", "confirmTotp"}
"""Commands that act on the caller's own account: tests/test_sign_in.py and its neighbours.

They stand outside the matrices because they name no record that could be hidden, and a refusal of theirs is stored: it
counts against the door, so the digest differs.  The test below holds that no input of theirs names one."""


def commands_in(text: str) -> set[str]:
    """The commands that a document calls."""
    return {field.name.value for definition in parse(text).definitions for field in definition.selection_set.selections}  # type: ignore[attr-defined]


def test_every_command_is_in_a_matrix() -> None:
    """A command that is new fails here until a matrix has it: these, or those of households and villages."""
    own = [case_.text for case_ in (*ON_ACCOUNTS, *ON_DEVICES, *ON_GRANTS)]
    texts = [
        *own,
        GIVE,
        SAVE_PROGRAMME,
        ENROL,
        test_record_matrix.LOCK,
        *(text for _, text in test_refusals.COMMANDS.values()),
    ]
    in_matrices = set[str]().union(*map(commands_in, texts))
    mutation = graphql_schema(build()).mutation_type
    assert mutation is not None
    assert in_matrices | OF_THE_CALLER == mutation.fields.keys()
    for name in OF_THE_CALLER:
        (input_,) = [get_named_type(argument.type) for argument in mutation.fields[name].args.values()]
        assert isinstance(input_, GraphQLInputObjectType)
        ids = {key for key, field in input_.fields.items() if get_named_type(field.type).name in ("ID", "RegionCode")}
        assert ids <= {"deviceId"}, f"{name} names a record, so it needs a matrix"
