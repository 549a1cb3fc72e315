"""Commands: each is declared beside its noun, in schema/commands/<noun>.py, and registers itself.

A command is a function: its name is the mutation's, and what it returns, a result of `registry/write`, is shown by its
payload.  schema/build.py assembles `Mutation` from what has registered.
Rule: a command has an ability or is one by which callers sign in, one input, and a payload that fits its result, or its
file cannot be imported.
Tests: tests/test_commands.py, tests/test_audit.py.
"""

from __future__ import annotations

import typing
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar

import strawberry
from strawberry import Info

from auth.ability import Ability
from registry.models.noun import camel
from schema.declare.arguments import argument
from schema.declare.directives import Exempt, Exemption, Requires
from schema.declare.input_types import InputDict, cleaned
from schema.declare.shapes import ValueField
from schema.limits import Limit

Function = TypeVar("Function", bound=Callable[[Any, InputDict], Awaitable[Any]])
"""`async def name(context, input) -> result`."""


@dataclass(frozen=True)
class Command:
    """A command as it is declared: what opens it, what runs, and its field of `Mutation`.

    Without an ability it is open to callers who have not signed in."""

    ability: Ability | None
    function: Callable[..., Awaitable[Any]]
    field: Any


COMMANDS: dict[str, Command] = {}
"""Name of each command that has registered → the command."""
RESULTS: dict[type[Any], type[Any]] = {}
"""Payload → the result that it shows."""


def before_sign_in() -> frozenset[str]:
    """The names, in the schema, of the commands that need no token."""
    return frozenset(camel(name) for name, command in COMMANDS.items() if command.ability is None)


def command(
    ability: Ability | None, text: str, input_: type[Any], payload: type[Any], most: Limit = Limit.ROOTS
) -> Callable[[Function], Function]:
    """Register a function as the mutation of its name, which `ability` opens.

    `ability` is printed as `@requires`; it checks nothing here.  The function itself refuses a caller without it, by
    `require` of `registry/write/command.py`, which writes the audit row.  None is for commands by which callers sign
    in, and is printed as `@exempt(reason: BEFORE_SIGN_IN)`.
    `most` limits how often one request may call it.  Raises TypeError for a second command of the same name, and for a
    payload that shows another result than the function returns."""

    def register(function: Function) -> Function:
        name = function.__name__
        if name in COMMANDS:
            raise TypeError(f"{name} is declared twice: a command has one place, in schema/commands/")
        returned, shown = typing.get_type_hints(function)["return"], RESULTS.get(payload)
        if returned is not shown:
            raise TypeError(f"{name} returns {returned}, but {payload.__name__} is the payload of {shown}")

        async def resolve(info: Info[Any, Any], input: Any) -> Any:
            return await function(info.context, cleaned(input_, input))

        resolve.__annotations__ = {"info": Info, "input": argument(input_, "What to do."), "return": payload | None}
        metadata = {"shape": ValueField(), "arguments": frozenset({"input"}), "most": most}
        directives: list[object] = [
            Exempt(reason=Exemption.BEFORE_SIGN_IN) if ability is None else Requires(ability=ability.value)
        ]
        field = strawberry.mutation(resolver=resolve, metadata=metadata, directives=directives, description=text)
        COMMANDS[name] = Command(ability, function, field)
        return function

    return register


def assembled() -> dict[str, Any]:
    """The fields of `Mutation` in the order of the abilities; commands with the same ability as they registered."""
    order: list[Ability | None] = [*Ability, None]
    by_ability = sorted(COMMANDS.items(), key=lambda item: order.index(item[1].ability))
    return {name: copy(command.field) for name, command in by_ability}  # a schema of its own has its own fields
