"""Commands: one file declares one completely, and what does not fit is refused before anything starts."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry  # noqa: TID251  (to make what no maker made)
from graphql import graphql

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import WriteOutcome
from registry.codes.messages import UserErrorCode
from registry.write.user_errors import Problem
from schema import commands
from schema.build import build, mutation
from schema.declare.commands import COMMANDS, Command, command
from schema.declare.input_types import InputDict, InputField, input_type
from schema.declare.makers import fields_of
from schema.declare.strawberry_internals import graphql_schema
from schema.types.household import Household
from schema.types.payload import payload, record, value

pytestmark = pytest.mark.anyio
GREETING = '''
"""A new command, in its own file."""
from dataclasses import dataclass

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.write.user_errors import Problem
from schema.declare.commands import command
from schema.declare.input_types import InputDict, InputField, input_type
from schema.engine.context import Context
from schema.types.payload import payload, value


@dataclass
class Greeted:
    greeting: str
    problems: tuple[Problem, ...] = ()


@command(
    Ability.HOUSEHOLD_AMEND,
    "Greet a village.",
    input_type("GreetVillageInput", "Whom.", {"name": InputField(str, Sensitivity.OPEN, "Name.", required=True)}),
    payload("GreetVillagePayload", "A greeting.", Greeted, greeting=value("The greeting.")),
)
async def greet_village(context: Context, sent: InputDict) -> Greeted:
    return Greeted(f"Salam, {sent['name']}!")
'''


@dataclass
class Saved:
    """A result with an outcome and problems, which payloads have without naming them."""

    number: str
    household_id: uuid.UUID
    outcome: WriteOutcome
    problems: tuple[Problem, ...]


OUTLIER = Problem(UserErrorCode.AMOUNT_OUTLIER, ("amount",), {"limit": "9"})
SAVED = Saved("7", uuid.UUID(int=7), WriteOutcome.REJECTED, (OUTLIER,))


async def save(context: Any, sent: InputDict) -> Saved:
    return SAVED


@pytest.fixture
def registry() -> Iterator[None]:
    """Remove what a test registers."""
    build()
    before = dict(COMMANDS)
    yield
    COMMANDS.clear()
    COMMANDS.update(before)


def an_input() -> type[Any]:
    return input_type("SaveInput", "What.", {"text": InputField(str, Sensitivity.OPEN, "Text.")})


async def run(document: str, language: str = "en") -> dict[str, Any]:
    result = await graphql(graphql_schema(build()), document, context_value=SimpleNamespace(language=language))
    assert result.errors is None
    assert result.data is not None
    return result.data


def test_exactly_the_files_of_the_folder_declare_commands() -> None:
    build()
    (folder,) = map(Path, commands.__path__)
    files = {f"{commands.__name__}.{file.stem}" for file in folder.glob("*.py") if file.stem != "__init__"}
    modules = {command.function.__module__ for command in COMMANDS.values()}
    assert modules == files


def test_commands_are_ordered_like_their_abilities() -> None:
    build()
    order = [*Ability, None]
    names = [field.python_name for field in fields_of(mutation())]
    assert set(names) == set(COMMANDS)
    assert names == sorted(names, key=lambda name: order.index(COMMANDS[name].ability))


@pytest.mark.usefixtures("registry")
async def test_one_file_adds_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "greeting.py").write_text(GREETING)
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    try:
        data = await run('mutation { greetVillage(input: {name: "Arjowilangun"}) { greeting userErrors { code } } }')
        assert data == {"greetVillage": {"greeting": "Salam, Arjowilangun!", "userErrors": []}}
        names = [field.python_name for field in fields_of(mutation())]
        assert names.index("amend_household") < names.index("greet_village") < names.index("verify_households")
    finally:
        del sys.modules["schema.commands.greeting"]


@pytest.mark.usefixtures("registry")
def test_a_command_without_its_ability_fails_at_start() -> None:
    def undeclared() -> str:
        return ""

    mutation_ = strawberry.mutation(resolver=undeclared, description="Made by no maker of ours.")
    COMMANDS["undeclared"] = Command(Ability.HOUSEHOLD_SUBMIT, save, mutation_)
    with pytest.raises(TypeError, match=r"Mutation\.undeclared"):
        build()


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("language", ["id", "en"])
async def test_a_payload_has_outcome_parts_and_problems_of_its_result(language: str) -> None:
    payload_type = payload("SavePayload", "What was saved.", Saved, number=value("Number."), household_id=value("Id."))
    command(Ability.HOUSEHOLD_SUBMIT, "Save.", an_input(), payload_type)(save)
    assert [field.python_name for field in fields_of(payload_type)] == [
        "outcome",
        "number",
        "household_id",
        "user_errors",
    ]
    text = "outcome number householdId userErrors { code severity path message params { name value } }"
    assert await run(f"mutation {{ save(input: {{}}) {{ {text} }} }}", language) == {
        "save": {
            "outcome": "REJECTED",
            "number": "7",
            "householdId": str(SAVED.household_id),
            "userErrors": [
                {
                    "code": "AMOUNT_OUTLIER",
                    "severity": "ERROR",
                    "path": ["amount"],
                    "message": OUTLIER.message("en" if language == "en" else "id"),
                    "params": [{"name": "limit", "value": "9"}],
                }
            ],
        }
    }


@pytest.mark.usefixtures("registry")
def test_a_command_that_does_not_fit_is_refused() -> None:
    shown = payload("SavePayload", "What was saved.", Saved)

    async def other(context: Any, sent: InputDict) -> str:
        return ""

    with pytest.raises(TypeError, match=r"other returns .*str.*, but SavePayload is the payload of .*Saved"):
        command(Ability.HOUSEHOLD_SUBMIT, "Save.", an_input(), shown)(other)
    command(Ability.HOUSEHOLD_SUBMIT, "Save.", an_input(), shown)(save)
    with pytest.raises(TypeError, match="save is declared twice"):
        command(Ability.HOUSEHOLD_AMEND, "Save.", an_input(), shown)(save)


def test_a_payload_that_its_result_cannot_fill_is_refused() -> None:
    with pytest.raises(TypeError, match=r"P\.nmber: Saved has no 'nmber' to show"):
        payload("P", "Misspelt.", Saved, nmber=value("Number."))
    with pytest.raises(TypeError, match=r"P\.household: Saved has no 'record' to show"):
        payload("P", "The record of a result that names none.", Saved, household=record(Household, "As stored now."))
