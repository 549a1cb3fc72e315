"""What may be called without an ability, and why: the closed list for routes and for verbs of the command line.

Rule: a route or a verb is declared where it is written, with the ability it asks for or with one of these reasons;
whatever is not is refused before anything starts.  Tests: tests/test_cli.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, TypeVar

import typer
from starlette.routing import BaseRoute, Route

from auth.ability import Ability

Command = TypeVar("Command", bound=Callable[..., Any])


class Reason(Enum):
    """Why a route or a verb asks for no ability; the list only shrinks."""

    EACH_FIELD = "every field behind it is declared, and asks for itself"
    PUBLIC = "it shows what the repository shows: no data"
    HEALTH = "it says whether the process answers, and no more"
    COUNTS = "it counts what the service did, names nobody, and is there only where the operator wants it"
    PUBLIC_KEYS = "public keys are there to be read"
    OPERATOR = "whoever may run it has the machine's files and logins already"
    OWNER = "it connects as the owner of the tables, who stands above every policy"
    DEMO = "it works with invented people only"


Declaration = Ability | Reason


class Declared(Route):
    """A route with its declaration."""

    def __init__(self, path: str, endpoint: Callable[..., Any], why: Declaration, methods: Sequence[str]) -> None:
        super().__init__(path, endpoint, methods=list(methods))
        self.why = why


def undeclared_routes(routes: Iterable[BaseRoute]) -> list[str]:
    """Routes without a declaration."""
    return [str(getattr(route, "path", route)) for route in routes if not isinstance(route, Declared)]


def verb(group: typer.Typer, name: str, why: Declaration) -> Callable[[Command], Command]:
    """Make a function a verb of the command line."""

    def declare(function: Command) -> Command:
        group.command(name)(function)
        function.why = why  # type: ignore[attr-defined]  # the verb carries its declaration
        return function

    return declare


def verbs(group: typer.Typer, *above: str) -> dict[str, Declaration | None]:
    """Every verb with all its words and its declaration; None is a mistake."""
    found: dict[str, Declaration | None] = {}
    for command in group.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "?")
        found[" ".join((*above, str(name)))] = getattr(command.callback, "why", None)
    for below in group.registered_groups:
        if below.typer_instance is not None:
            found |= verbs(below.typer_instance, *above, str(below.name))
    return found
