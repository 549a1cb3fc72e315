"""How each command on a record ends for each persona: those that save a record of its own, and those that take a step.

What is accepted is sent like the rest: `World.undone` rolls it back, and the digest of all tables says so.  A share of
the cells is sent, some of every end; `make prove` sends them all.
"""

from __future__ import annotations

import itertools
import random
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from registry.models.noun import Noun
from registry.models.scoped import HouseholdRecord
from tests import oracle
from tests.building import MOVED
from tests.personas import BY_NAME, PERSONAS, TODAY, UNSIGNED_MONTH, Persona
from tests.test_refusals import COMMANDS, digest
from tests.unique_values import UniqueValues
from tests.village_records import RecordMaker, ability_of, mutations, save_text, saved_nouns, saving
from tests.world import Answer, House, Row, World

pytestmark = pytest.mark.anyio
SHARE = 25
"""How many cells of one command and one end are sent."""


@dataclass(frozen=True)
class Cell:
    """A command as one persona sends it, and the code with which it ends; ACCEPTED if it is."""

    command: str
    who: Persona
    text: str
    variables: dict[str, Any]
    end: str


def end_of(answer: Answer) -> str:
    """The code of what refused a command, or ACCEPTED."""
    if answer.codes:
        return str(answer.codes[0])
    ((payload),) = answer.data.values()
    codes = {problem["code"] for problem in payload["userErrors"]}
    return min(codes, default="ACCEPTED")


async def check(world: World, cells: list[Cell], ends: set[str]) -> None:
    """Check that each command ends as expected, each of these ends being one of them; and that nothing is stored."""
    before = await digest(world)
    async with world.undone():
        for cell in cells:
            answer = await world.ask(cell.who, cell.text, **cell.variables)
            assert end_of(answer) == cell.end, (cell, answer.body)
    assert await digest(world) == before
    by_command = defaultdict(set)
    for cell in cells:
        by_command[cell.command].add(cell.end)
    assert all({"ACCEPTED", "FORBIDDEN"} < command_ends for command_ends in by_command.values()), by_command
    assert set[str]().union(*by_command.values()) == ends


def share(cells: list[Cell]) -> list[Cell]:
    """Some cells of every command and every end."""
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[cell.command, cell.end].append(cell)
    chance = random.Random(14)
    return [cell for group in groups.values() for cell in chance.sample(group, min(SHARE, len(group)))]


# --- records with a command of their own ------------------------------------------------------------------------------


def a_day(noun: type[Noun]) -> str:
    """The field of an input that holds a day."""
    input_ = get_named_type(mutations()[saving(noun)].args["input"].type)
    assert isinstance(input_, GraphQLInputObjectType)
    return next(
        str(n) for n, field in input_.fields.items() if get_named_type(field.type).name in ("Date", "PartialDate")
    )


async def saves(world: World) -> AsyncIterator[Cell]:
    """A new record in each village or household, and a change of each record that there is."""
    maker = RecordMaker(world, UniqueValues([]))
    for noun in saved_nouns():
        table, text = str(noun.__tablename__), save_text(noun, "userErrors { code }")
        of_household, places = issubclass(noun, HouseholdRecord), set[str]()
        for house in world.houses:
            if (
                house.village in MOVED
                or house.archived
                or (not of_household and (house.draft or house.village in places))
            ):
                continue
            places.add(house.village)
            home, code = House(uuid.uuid4(), house.village, "SAVED", house.author), world.codes[house.village]
            async with world.undone():
                sent = await maker.accepted(noun, Row(table, home.id, home, house.author), house, code)
            for who in PERSONAS:
                there = house.rows[0] if of_household else None
                end = creating(world, who, noun, house.village, there)
                yield Cell(saving(noun), who, text, {"input": sent | {"id": str(uuid.uuid4())}}, end)
        for row in world.of(table):
            for who in PERSONAS:
                changed = {"id": str(row.id), "baseRev": 1, a_day(noun): "2000-01-01"}
                yield Cell(saving(noun), who, text, {"input": changed}, changing(world, who, noun, row))


def creating(world: World, who: Persona, noun: type[Noun], village: str, household: Row | None) -> str:
    roles = oracle.RECORDS[ability_of(noun)]
    if not oracle.able(world.tree, who, roles, TODAY):
        return "FORBIDDEN"
    here = oracle.has(world.tree, who, roles, village, TODAY)
    if household is None:
        return "ACCEPTED" if here else "OUT_OF_SCOPE"
    return "ACCEPTED" if here and world.exists(who, household) else "NOT_FOUND"


def changing(world: World, who: Persona, noun: type[Noun], row: Row) -> str:
    roles = oracle.RECORDS[ability_of(noun)]
    if not oracle.able(world.tree, who, roles, TODAY):
        return "FORBIDDEN"
    here = oracle.records(world.tree, who, roles, row, TODAY) and world.exists(who, row)
    return "ACCEPTED" if here and not row.has_left else "NOT_FOUND"


ENDS_OF_SAVES = {"FORBIDDEN", "OUT_OF_SCOPE", "NOT_FOUND", "ACCEPTED"}


async def test_saving_a_record_ends_as_the_page_says(world: World) -> None:
    await check(world, share([cell async for cell in saves(world)]), ENDS_OF_SAVES)


@pytest.mark.prove
async def test_saving_any_record_ends_as_the_page_says_for_everybody(world: World) -> None:
    await check(world, [cell async for cell in saves(world)], ENDS_OF_SAVES)


async def test_an_id_is_taken_by_a_record_of_every_other_type_whoever_sees_it(world: World) -> None:
    """Records of villages keep their revisions in one table, so their ids meet there too."""
    maker, nouns = RecordMaker(world, UniqueValues([])), saved_nouns()
    house = next(house for house in world.houses if not house.draft and not house.archived)
    home, code = House(uuid.uuid4(), house.village, "SAVED", house.author), world.codes[house.village]
    sent_by_noun: dict[type[Noun], Any] = {}
    for noun in nouns:
        async with world.undone():
            row = Row(str(noun.__tablename__), home.id, home, home.author)
            sent_by_noun[noun] = await maker.accepted(noun, row, house, code)
    async with world.undone():
        for noun, other in itertools.permutations(nouns, 2):
            text = save_text(noun, "userErrors { code path }")
            for row in world.of(str(other.__tablename__)):
                answer = await world.ask(BY_NAME[house.author], text, input=sent_by_noun[noun] | {"id": str(row.id)})
                taken = {"outcome": "REJECTED", "userErrors": [{"code": "ID_TAKEN", "path": ["id"]}]}
                assert answer.json["data"] == {saving(noun): taken}, (noun, other, answer.body)


# --- steps of households ----------------------------------------------------------------------------------------------


async def steps(world: World) -> list[Cell]:
    rows = {row["id"]: row for row in await world.admin.fetch("SELECT * FROM household")}
    return [cell for house in world.houses for cell in steps_of(world, house, rows[house.id])]


def steps_of(world: World, house: House, stored: Any) -> Iterator[Cell]:
    """Each step of a household by each persona, of its revision and of another one."""
    for name, (roles, states) in oracle.STEPS.items():
        text = COMMANDS[name][1].replace("$id: ID!", "$id: ID!, $rev: Int!").replace("rev: 1", "rev: $rev")
        is_open = stored["workflow_state"] in states and not (name == "withdraw" and stored["verified_rev"])
        for who in PERSONAS:
            for rev in (stored["rev"], stored["rev"] + 1):
                here = oracle.has(world.tree, who, roles, house.village, TODAY) and world.exists(who, house.rows[0])
                if not oracle.able(world.tree, who, roles, TODAY):
                    end = "FORBIDDEN"
                elif house.archived or not here:
                    end = "NOT_FOUND"
                elif rev != stored["rev"]:
                    end = "VERSION_CONFLICT"
                else:
                    end = "ACCEPTED" if is_open else "TRANSITION_NOT_ALLOWED"
                yield Cell(name, who, text, {"id": str(house.id), "rev": rev}, end)


ENDS_OF_STEPS = {"FORBIDDEN", "NOT_FOUND", "VERSION_CONFLICT", "TRANSITION_NOT_ALLOWED", "ACCEPTED"}


async def test_a_step_of_a_household_ends_as_the_page_says(world: World) -> None:
    await check(world, share(await steps(world)), ENDS_OF_STEPS)


@pytest.mark.prove
async def test_every_step_of_every_household_ends_as_the_page_says_for_everybody(world: World) -> None:
    await check(world, await steps(world), ENDS_OF_STEPS)


# --- villages ---------------------------------------------------------------------------------------------------------

LOCK = """mutation($code: RegionCode!, $month: PartialDate!) {
  lockMonthlyReport(input: {villageCode: $code, month: $month}) { userErrors { code } } }"""


def locks(world: World) -> Iterator[Cell]:
    """The report of a month that nobody has signed, of villages of every kind."""
    for who, village in itertools.product(PERSONAS, ("A111", "A222", "B111", "recoded", "successor-1")):
        end = "ACCEPTED" if oracle.has(world.tree, who, oracle.SIGNS, village, TODAY) else "OUT_OF_SCOPE"
        end = end if oracle.able(world.tree, who, oracle.SIGNS, TODAY) else "FORBIDDEN"
        yield Cell("lockMonthlyReport", who, LOCK, {"code": world.codes[village], "month": UNSIGNED_MONTH}, end)


async def test_a_report_is_signed_as_the_page_says(world: World) -> None:
    await check(world, share(list(locks(world))), {"ACCEPTED", "OUT_OF_SCOPE", "FORBIDDEN"})
