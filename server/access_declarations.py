"""Declarations of routes and of verbs of the command line: the ability that each requires, or why it requires none.

Rule: a route or a verb is declared where it is written, with its ability or with one of these reasons; if one is not
declared, nothing starts.  Tests: tests/test_cli.py.
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
    """Why a route or a verb requires no ability; the list only shrinks."""

    EACH_FIELD = "every field behind it is declared, and requires its own"
    PUBLIC = "it shows what the repository shows: no data"
    HEALTH = "it says whether the process answers, and no more"
    COUNTS = "it counts what the service did, names nobody, and is there only where the operator wants it"
    PUBLIC_KEYS = "public keys are meant to be read"
    OPERATOR = "whoever may run it has the machine's files and logins already"
    OWNER = "it connects as the owner of the tables, whom no policy binds"
    DEMO = "it works with invented people only"


Declaration = Ability | Reason


class Declared(Route):
    """A route with its declaration."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], declaration: Declaration, methods: Sequence[str]
    ) -> None:
        super().__init__(path, endpoint, methods=list(methods))
        self.declaration = declaration


def undeclared_routes(routes: Iterable[BaseRoute]) -> list[str]:
    """Routes without a declaration."""
    return [str(getattr(route, "path", route)) for route in routes if not isinstance(route, Declared)]


def verb(group: typer.Typer, name: str, declaration: Declaration) -> Callable[[Command], Command]:
    """Make a function a verb of the command line."""

    def declare(function: Command) -> Command:
        group.command(name)(function)
        function.declaration = declaration  # type: ignore[attr-defined]  # the verb carries its declaration
        return function

    return declare


def verbs(group: typer.Typer, *parents: str) -> dict[str, Declaration | None]:
    """The declaration of every verb, by all its words, such as `vault create`; None if it has none."""
    declarations: dict[str, Declaration | None] = {}
    for command in group.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "?")
        declarations[" ".join((*parents, str(name)))] = getattr(command.callback, "declaration", None)
    for subgroup in group.registered_groups:
        if subgroup.typer_instance is not None:
            declarations |= verbs(subgroup.typer_instance, *parents, str(subgroup.name))
    return declarations
