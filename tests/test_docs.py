"""The documents agree with the code: every role, ability, error, verb, route and crossing is in the reference.

`make snapshots`, never a test run, rewrites docs/reference.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from auth.policy import PAGE, cell
from auth.role import Role
from auth.sensitivity import Sensitivity
from registry.codes import WorkflowState
from registry.codes.messages import UserErrorCode
from registry.figures.report_rows import REPORT_ROWS
from registry.guard.crossings import CROSSINGS
from registry.models.noun import camel
from registry.models.workflow import STEPS
from schema import errors
from schema.build import SDL
from schema.declare.commands import COMMANDS
from schema.limits import Limit
from server.access_declarations import verbs
from server.cli.main import app as command_line
from server.demo.personas import ROUTE
from server.http.app import ROUTES
from tests.test_snapshots import compare_snapshot

ROOT = Path(__file__).parents[1]


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"

    return f"\n## {title}\n\n" + line(head) + line(tuple("---" for _ in head)) + "".join(map(line, rows))


def _request_errors() -> list[type[errors.RequestError]]:
    def below(kind: type[errors.RequestError]) -> list[type[errors.RequestError]]:
        return [kind, *(error for sub in kind.__subclasses__() for error in below(sub))]

    return below(errors.RequestError)


def _states() -> str:
    """What each command on a household leads to, from each state."""
    names = {command.ability: camel(name) for name, command in COMMANDS.items()}
    steps = [step for step in STEPS if step.leads_to is not None]
    abilities = list(dict.fromkeys(step.ability for step in steps))
    rows = []
    for state in WorkflowState:
        here = {step.ability: step.target.value for step in steps if state in step.states}
        rows.append((state.value, *(here.get(ability, "–") for ability in abilities)))
    return _table(
        "States of a household, and what each command leads to",
        ("state", *(f"`{names[ability]}`" for ability in abilities)),
        rows,
    )


def reference() -> str:
    """docs/reference.md, from the declarations."""
    text = "# Reference\n\nMade from the declarations; a test keeps it true.\n"
    text += "What queries become, and why, is told in [tests/sql](../tests/sql).\n"
    text += _table(
        "Classes of data", ("class", "what", "isi"), [(k.value, k.label_en, k.label_id) for k in Sensitivity]
    )
    text += _table("Roles", ("role", "Indonesian", "English"), [(r.value, r.label_id, r.label_en) for r in Role])
    rows = []
    for ability, row in PAGE.items():
        marked = [(role, cell(ability, role)) for role in Role]
        who = ", ".join(
            f"{role.value}" + (" (own records)" if mark.name == "OWN" else "") for role, mark in marked if mark
        )
        rows.append((f"`{ability.value}`", who, row.why))
    text += _table("Abilities", ("ability", "who", "why"), rows)
    text += _states()
    answers = [(f"`{e.code}`", str(e.status), (e.__doc__ or "").split("\n")[0]) for e in _request_errors()]
    answers += [("`UNAUTHENTICATED`", "401", "no token, or one that is not good: all alike")]
    answers += [("`RATE_LIMITED`", "429", "more of one thing than its limit allows; `Retry-After` says when again")]
    answers += [
        (
            "`FORBIDDEN`",
            "200",
            "null: the caller has the ability nowhere, or does not see the class of the `field`",
        )
    ]
    answers += [("`INTERNAL`", "500", "ours; `errorId` leads to the log")]
    text += _table("Errors of a request", ("code", "HTTP", "when"), sorted(answers))
    bounds = [(f"`{most.name.lower()}`", f"{most.limit:,}", most.what) for most in Limit]
    text += _table("What one request may ask for", ("dimension", "at most", "what"), bounds)
    counted = [
        (
            f"`{row.name}`" + (f" by `{row.by.__name__}`" if row.by else ""),
            row.kind.value,
            row.name.label_en,
            row.name.label_id,
        )
        for row in REPORT_ROWS
    ]
    text += _table("Rows of a monthly report", ("indicator", "class", "English", "Indonesian"), counted)
    mended = [(f"`{c.value}`", c.severity.value, c.sentence_en, c.sentence_id) for c in UserErrorCode]
    text += _table("Problems to correct, and findings", ("code", "severity", "English", "Indonesian"), mended)
    text += _table(
        "Routes", ("route", "open because"), [(f"`{r.path}`", str(r.declaration.value)) for r in [*ROUTES, ROUTE]]
    )
    declared = verbs(command_line)
    text += _table(
        "Verbs", ("verb", "needs no ability because"), [(f"`{n}`", str(w and w.value)) for n, w in declared.items()]
    )
    return text + _table("Crossings", ("function", "why"), [(f"`{c.name}`", c.why) for c in CROSSINGS])


@pytest.mark.snapshot
def test_the_reference_equals_the_declarations() -> None:
    compare_snapshot(ROOT / "docs" / "reference.md", reference())


def test_every_dependency_has_a_reason_and_an_exit() -> None:
    decisions = (ROOT / "docs" / "decisions" / "dependencies.md").read_text()
    project = (ROOT / "pyproject.toml").read_text()
    block = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert block is not None
    for name in re.findall(r'"([a-z0-9-]+)', block[1]):
        assert f"| `{name}` |" in decisions, name


def test_test_files_named_in_docstrings_exist() -> None:
    paths = {
        path_
        for package in ("auth", "registry", "schema", "server", "migrations", "docs")
        for path in (ROOT / package).rglob("*.*")
        if path.suffix in (".py", ".md")
        for path_ in re.findall(r"tests/[\w/]+\.py", path.read_text())
    }
    assert paths
    assert sorted(name for name in paths if not (ROOT / name).exists()) == []


def test_the_architecture_names_files_that_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    paths = set(re.findall(r"`((?:auth|registry|schema|server|tests)/[a-z_./]*)`", text))
    assert len(paths) > 20
    assert sorted(name for name in paths if not (ROOT / name).exists()) == []


def test_the_architecture_follows_operations_of_this_schema() -> None:
    documents = re.findall(r"```graphql\n(.*?)```", (ROOT / "docs" / "architecture.md").read_text(), re.DOTALL)
    schema = build_schema(SDL.read_text())
    assert [validate(schema, parse(document)) for document in documents] == [[], []]
