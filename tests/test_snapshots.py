"""Snapshots for reviewers: the SQL of the canonical queries, and the table of who may see and do what.

`make snapshots` rewrites them, by hand only: it refuses if CI is set.
"""

from __future__ import annotations

import ast
import datetime as dt
import os
import uuid
from pathlib import Path
from textwrap import fill

import pytest

from auth.ability import Ability
from auth.area import NATIONAL, AreaSet
from auth.policy import PAGE, VERIFICATION_STAGES, cell
from auth.principal import Grant, Principal
from auth.role import Role
from registry.guard.crossings import CROSSINGS
from registry.guard.wall import DOORS
from registry.read.visibility import Visibility
from schema.build import build
from schema.declare.strawberry_internals import definition_of, graphql_schema
from schema.engine.operation import Operations
from schema.engine.plan import Plan
from schema.engine.refusal import Refusal
from server.access_declarations import verbs
from server.cli.main import app as command_line
from server.cli.sql_layout import laid_out
from server.demo.personas import ROUTE
from server.http.app import ROUTES
from tests.queries import PLANS, QUERIES

HERE = Path(__file__).parent
SCHEMA = build()
OPERATIONS = Operations(graphql_schema(SCHEMA))
WHO = {
    "officer of one village": (Role.OFFICER, AreaSet.of("35.07.11.2008")),
    "regional viewer": (Role.REGIONAL_VIEWER, AreaSet.of("35.07")),
    "ministry analyst": (Role.MINISTRY_ANALYST, NATIONAL),
}
VARIABLES = {"id": str(uuid.UUID(int=1)), "no": "35.07.11.2008-2026-0001", "code": "35.07"}


def compare_snapshot(path: Path, text: str) -> None:
    """Compare a text with its snapshot, or write the snapshot if UPDATE is set."""
    if os.environ.get("UPDATE"):
        assert not os.environ.get("CI"), "snapshots are written by hand"
        path.write_text(text)
    assert path.exists(), f"{path.name} is new: make snapshots, then read it"
    assert path.read_text() == text, f"{path.name} changed: make snapshots, then read the difference"


def _filled(text: str) -> str:
    return fill(text, 120, break_long_words=False, break_on_hyphens=False)


def planned_for(query: str, role: Role, area: AreaSet) -> list[Plan | Refusal | str]:
    """The plan of each root field, or why it is refused."""
    grant = Grant(role, area, None if area.national else uuid.UUID(int=2), dt.date(2020, 1, 1), None, True)
    principal = Principal(uuid.UUID(int=3), "", "", (grant,), dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
    operation = OPERATIONS.get(query, None)
    used = {name: value for name, value in VARIABLES.items() if f"${name}" in query}
    return [root.plan for root in operation.plan(Visibility.of(principal), operation.variables(used)).roots]


def _shown(plan: Plan | Refusal | str) -> str:
    if isinstance(plan, Plan):
        return f"\n```sql\n{laid_out(plan.statement.text)}\n```\n"
    return f"\nRefused: {plan if isinstance(plan, str) else plan.error}\n"


@pytest.mark.snapshot
@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_sql_of_a_canonical_query_equals_its_snapshot(name: str) -> None:
    text = f"# {name}\n\n```graphql\n{QUERIES[name]}\n```\n\n{_filled(PLANS[name])}\n"
    callers: dict[tuple[str, ...], str] = {}
    for who, (role, area) in WHO.items():
        statements = tuple(_shown(plan) for plan in planned_for(QUERIES[name], role, area))
        text += f"\n## {who}\n"
        if statements in callers:
            text += f"\nAs {callers[statements]}.\n"
        else:
            callers[statements] = who
            text += "".join(statements)
    compare_snapshot(HERE / "sql" / f"{name.replace(' ', '-')}.md", text)


def test_make_snapshots_runs_every_snapshot_test() -> None:
    for path in HERE.glob("test_*.py"):
        for test in ast.walk(ast.parse(path.read_text())):
            if isinstance(test, ast.FunctionDef) and any(map(_compares, ast.walk(test))):
                marks = [ast.unparse(decorator) for decorator in test.decorator_list]
                assert "pytest.mark.snapshot" in marks, f"{path.name}: {test.name}"


def _compares(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == compare_snapshot.__name__


def test_every_snapshot_has_its_query() -> None:
    written = {path.stem for path in (HERE / "sql").glob("*.md")}
    assert written == {name.replace(" ", "-") for name in QUERIES}


@pytest.mark.snapshot
def test_the_access_table_equals_its_snapshot() -> None:
    """Abilities by role, tables by door, crossings, routes, verbs, and the class of every field."""
    roles = list(Role)
    lines = ["# Abilities: A in the area, O own records, verification stage in brackets", ""]
    for ability in PAGE:
        marks = {role: cell(ability, role) for role in roles}
        signed = {r: f"[{VERIFICATION_STAGES[r].name}]" if _signs(ability, r) else "" for r in roles}
        cells = [f"{r.value}={mark.name[0]}{signed[r]}" for r, mark in marks.items() if mark]
        lines.append(f"{ability.value:<20} {' '.join(cells)}")
    lines += ["", "# Tables", ""]
    lines += [f"{name:<20} {door.kind.name:<9} {door.kind.value}" for name, door in sorted(DOORS.items())]
    lines += ["", "# Crossings", ""]
    lines += [f"{c.name:<20} reads {', '.join(sorted(c.reads))}: {c.why}" for c in CROSSINGS]
    lines += ["", "# Routes", "", *sorted(f"{route.path:<24} {route.declaration.name}" for route in [*ROUTES, ROUTE])]
    lines += [
        "",
        "# Verbs",
        "",
        *sorted(f"{n:<20} {why.name if why else None}" for n, why in verbs(command_line).items()),
    ]
    lines += ["", "# Fields", ""]
    for name, type_ in sorted(graphql_schema(SCHEMA).type_map.items()):
        for key, field in getattr(type_, "fields", {}).items():
            definition = definition_of(field)
            for directive in getattr(definition, "directives", ()):
                value = next(iter(vars(directive).values()))
                lines.append(f"{name}.{key}: {type(directive).__name__} {getattr(value, 'name', value)}")
    compare_snapshot(HERE / "snapshots" / "access.txt", "\n".join(lines) + "\n")


def _signs(ability: Ability, role: Role) -> bool:
    return ability in (Ability.SUBMISSION_VERIFY, Ability.SUBMISSION_RETURN) and role in VERIFICATION_STAGES
