"""`desmigratif explain` shows what the server runs: the same statements, under row security, and no value."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from server.cli.explain import Explained, explained, show
from server.cli.sql_layout import TOKEN, laid_out
from server.http.identity import principal_now
from tests.queries import QUERIES
from tests.test_cli import run
from tests.test_snapshots import OPERATIONS, WHO, planned_for
from tests.village import Place

LIST = "{ households { nodes { id address } } }"
ONE = "query One($id: ID!, $name: String!) { household(by: {id: $id}) { id } members(search: $name) { totalCount } }"


async def explain(village: Place, who: str, text: str, run: bool = True, **variables: Any) -> list[Explained]:
    """Explain every root field of a query, as a person of the village."""
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    principal = await principal_now(village.ids[who], soon, village.database)
    operation = OPERATIONS.get(text, None)
    roots = explained(operation, variables, principal, village.database, village.app.service.cursors, run)
    return [root async for root in roots]


def scanned_rows(root: Explained, table: str) -> float:
    """How many rows of a table the plan scanned."""
    scans = re.findall(rf"Scan.* on {table} .*actual .*rows=([\d.]+) loops=([1-9]\d*)", "\n".join(root.plan))
    assert scans, root.plan
    return sum(float(rows) * int(loops) for rows, loops in scans)


@pytest.mark.anyio
async def test_explain_shows_the_statements_that_the_server_runs(village: Place) -> None:
    document = await village.new_household("SUBMITTED")
    for text, variables in ((LIST, {}), (ONE, {"id": document["id"], "name": "Siti"})):
        village.statements.clear()
        await village.ask("officer", text, **variables)
        roots = await explain(village, "officer", text, **variables)
        assert sorted(root.sql for root in roots) == sorted(village.statements)
        assert all(any("Execution Time" in line for line in root.plan) for root in roots)


@pytest.mark.anyio
async def test_the_plan_runs_under_the_row_security_of_that_user(village: Place) -> None:
    await village.new_household("SUBMITTED")
    ((mine,), (theirs,)) = [await explain(village, who, LIST) for who in ("officer", "stranger")]
    assert mine.sql == theirs.sql
    assert scanned_rows(mine, "household") > 0
    assert scanned_rows(theirs, "household") == 0


@pytest.mark.anyio
async def test_a_mask_is_in_the_statement(village: Place) -> None:
    (officer,), (viewer,) = [await explain(village, who, LIST, run=False) for who in ("officer", "viewer")]
    assert "CAST(NULL AS TEXT) AS address" in viewer.sql
    assert "CAST(NULL AS TEXT) AS address" not in officer.sql
    assert officer.plan == ()


@pytest.mark.anyio
async def test_a_refused_root_is_reported_and_the_others_are_explained(village: Place) -> None:
    refused, explained = await explain(village, "viewer", '{ members(search: "siti") { totalCount } viewer { id } }')
    assert "search" in refused.refused
    assert refused.sql == ""
    assert explained.plan
    unknown, explained = await explain(
        village, "viewer", '{ households(filter: {within: ["99"]}) { totalCount } viewer { id } }'
    )
    assert unknown.refused
    assert unknown.plan == ()
    assert explained.plan


@pytest.fixture
def production(village: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The village in production mode, with its database in DATABASE_URL."""
    monkeypatch.delenv("DESMIGRATIF_MODE", raising=False)
    monkeypatch.setenv("DATABASE_URL", village.login)
    return village


def test_explain_prints_no_value(production: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query, variables, id_ = tmp_path / "one.graphql", tmp_path / "one.json", str(uuid.uuid4())
    query.write_text("query Other { viewer { id } } " + ONE)
    variables.write_text(f'{{"id": "{id_}", "name": "Zulaikha"}}')
    words = ("explain", "--query", str(query), "--operation", "One", "--variables", f"@{variables}")
    who = str(production.ids["officer"])
    assert run(*words, "--as", who) == 0
    output = capsys.readouterr().out
    assert "household as officer: at most 0 nodes" in output
    assert "\nSELECT CAST((\n" in output
    assert output.count("Execution Time") == 2
    assert [value for value in (id_, "Zulaikha", who, "35.07") if value in output] == []
    assert run(*words, "--as", who, "--no-plan") == 0
    assert "Execution Time" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "who", "words", "sentence"),
    [
        (LIST, "somebody", (), "The demo has no somebody"),
        (LIST, str(uuid.UUID(int=1)), (), "No open account"),
        (LIST, "officer@35.07.11.2008", (), "holds no demo"),
        (LIST, None, ("--variables", "{"), "not JSON"),
        (LIST, None, ("--variables", "[]"), "JSON object"),
        (LIST, None, ("--variables", "@none.json"), "No such file"),
        (LIST, None, ("--operation", "Other"), "operationName"),
        (ONE, None, ("--variables", '{"name": ""}'), "$id"),
        ("{ households { nobody } }", None, (), "nobody"),
        ("{ households(first: 1001) { totalCount } }", None, (), "1000"),
        (
            "mutation { verifyHouseholds(input: {items: []}) { results { householdId } } }",
            None,
            (),
            "Only queries are explained",
        ),
    ],
)
def test_errors_of_explain_are_one_sentence(
    production: Place,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    who: str | None,
    words: tuple[str, ...],
    sentence: str,
) -> None:
    query = tmp_path / "query.graphql"
    query.write_text(text)
    who = who or str(production.ids["officer"])
    assert run("explain", "--query", str(query), "--as", who, "--data", str(tmp_path), *words) == 1
    output = capsys.readouterr().err
    assert sentence in output
    assert len(output.splitlines()) == 1


def test_explain_refuses_a_login_that_bypasses_row_security(
    production: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = tmp_path / "query.graphql"
    query.write_text(LIST)
    monkeypatch.setenv("DATABASE_URL", production.login.replace("registry_app", "postgres"))
    assert run("explain", "--query", str(query), "--as", str(production.ids["officer"])) == 1
    assert "superuser" in capsys.readouterr().err


def words_of(sql: str) -> list[str]:
    return [word for word in TOKEN.findall(sql) if not word.isspace()]


def test_layout_changes_only_white_space() -> None:
    for query in QUERIES.values():
        for role, area in WHO.values():
            for root in planned_for(query, role, area):
                if sql := getattr(root, "text", ""):
                    layout = laid_out(sql)
                    assert words_of(layout) == words_of(sql)
                    assert laid_out(layout) == layout


parts = st.sampled_from(
    [*re.findall(r"\S+", "SELECT FROM WHERE AND OR CASE WHEN ELSE END GROUP ORDER BY LIMIT , a b$1"), "'it''s ('"]
)
sql_like = st.recursive(parts, lambda inner: st.lists(inner, max_size=12).map(lambda p: f"({' '.join(p)})"))


@given(st.lists(sql_like, max_size=40).map(" ".join))
def test_layout_loses_no_word_of_any_text(sql: str) -> None:
    assert words_of(laid_out(sql)) == words_of(sql)


def test_a_terminal_shows_colours(capsys: pytest.CaptureFixture[str]) -> None:
    show(Explained("households", nodes=1, sql="SELECT 1"), "officer", Console(force_terminal=True))
    assert "\x1b[" in capsys.readouterr().out
