"""The example operations of frontend teams run against the demo country, as the personas that they are for.

What the contract has and the code lacks is pruned, by the list of gaps, and printed.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from graphql import (
    REMOVE,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    build_schema,
    get_named_type,
    parse,
    print_ast,
    validate,
    visit,
)

from auth.token import Keyring
from registry.vault import Vault
from schema.build import build
from server.app import create
from server.demo.accounts import personas
from server.demo.load import load
from server.embedded import Embedded
from server.settings import Settings

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "operations.graphql"
SHARED = ROOT.parent / "shared"
VILLAGES = ("35.07.11.2008", "52.03.21.2002", "35.07.33.2006")

pytestmark = pytest.mark.anyio


class Demo:
    """The demo country behind the real HTTP layer, with a token for each persona."""

    def __init__(self, client: httpx.AsyncClient, keyring: Keyring) -> None:
        self._client, self._keyring, self._ids = client, keyring, personas()

    async def ask(self, persona: str, query: str, **variables: Any) -> dict[str, Any]:
        token = self._keyring.issue(self._ids[persona], 10, dt.datetime.now(dt.UTC))
        answer = await self._client.post(
            "/graphql", json={"query": query, "variables": variables}, headers={"Authorization": f"Bearer {token}"}
        )
        said: dict[str, Any] = answer.json()
        assert "errors" not in said, said["errors"]
        data: dict[str, Any] = said["data"]
        return data


@pytest.fixture(scope="module")
async def demo(postgres: Embedded, fresh: Any, anyio_backend: str) -> AsyncIterator[Demo]:
    name = await fresh()
    vault = Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))
    connection = await asyncpg.connect(postgres.dsn(name), server_settings={"search_path": "registry"})
    await load(connection, vault, only=VILLAGES)
    await connection.close()
    keyring = Keyring.generate()
    app = create(Settings(mode="demo"), postgres.dsn(name, user="registry_app"), keyring, vault, b"x" * 32)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
            yield Demo(client, keyring)


def operation(name: str) -> str:
    """One operation of the examples with the fragments it uses, pruned to what is built."""
    built = build_schema(build().as_str())
    document = parse(EXAMPLES.read_text())
    contract = SHARED / "contract.graphql"
    if not contract.exists():
        pytest.skip("the public contract is not beside this checkout: what to prune cannot be told")
    whole = build_schema(contract.read_text())
    wanted = _alone(document, name)
    left_out: list[str] = []
    pruned = _alone(_pruned(wanted, whole, built, left_out), name)
    print(f"{name} without: {', '.join(left_out) or 'nothing'}")  # noqa: T201  (pytest shows it where it matters)
    assert validate(built, pruned) == []
    return print_ast(pruned)


def _alone(document: DocumentNode, name: str) -> DocumentNode:
    """The operation and, as far as they are used from it, the fragments."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    (main,) = [
        d for d in document.definitions if isinstance(d, OperationDefinitionNode) and d.name and d.name.value == name
    ]
    used: dict[str, FragmentDefinitionNode] = {}

    def follow(node: Node) -> None:
        for spread in _of(node, FragmentSpreadNode):
            if spread.name.value not in used:
                used[spread.name.value] = fragments[spread.name.value]
                follow(fragments[spread.name.value])

    follow(main)
    variables = {v.name.value for d in (main, *used.values()) for s in (d.selection_set,) for v in _of(s, VariableNode)}
    kept = tuple(v for v in main.variable_definitions or () if v.variable.name.value in variables)
    operation_ = OperationDefinitionNode(
        operation=main.operation,
        name=main.name,
        variable_definitions=kept,
        directives=(),
        selection_set=main.selection_set,
    )
    return DocumentNode(definitions=(operation_, *used.values()))


def _of(node: Node, kind: type[Any]) -> list[Any]:
    found: list[Any] = []

    class Finder(Visitor):
        def enter(self, node: Node, *_: Any) -> None:
            if isinstance(node, kind):
                found.append(node)

    visit(node, Finder())
    return found


def _pruned(document: DocumentNode, whole: GraphQLSchema, built: GraphQLSchema, left_out: list[str]) -> DocumentNode:
    info = TypeInfo(whole)

    class Pruner(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> Any:
            parent = info.get_parent_type()
            assert parent is not None
            ours: Any = built.type_map.get(parent.name)
            name = node.name.value
            if name.startswith("__"):
                return None
            if ours is None or name not in ours.fields:
                left_out.append(f"{parent.name}.{name}")
                return REMOVE
            assert get_named_type(ours.fields[name].type) is not None
            gone = [a.name.value for a in node.arguments or () if a.name.value not in ours.fields[name].args]
            if not gone:
                return None
            left_out.extend(f"{parent.name}.{name}({a})" for a in gone)
            return FieldNode(
                alias=node.alias,
                name=node.name,
                arguments=tuple(a for a in node.arguments or () if a.name.value not in gone),
                directives=node.directives,
                selection_set=node.selection_set,
            )

    pruned: DocumentNode = visit(document, TypeInfoVisitor(info, Pruner()))
    return pruned


@pytest.mark.skipif(not SHARED.exists(), reason="the shared operations are not beside this checkout")
def test_the_examples_are_the_shared_operations() -> None:
    assert EXAMPLES.read_text() == (SHARED / "operations.graphql").read_text()


@pytest.mark.parametrize("persona", sorted(personas()))
async def test_the_minister_s_sentence_is_the_same_for_everyone(demo: Demo, persona: str) -> None:
    query = operation("MinisterSentence")
    said = (await demo.ask(persona, query))["nationalSummary"]
    exact = (await demo.ask("admin@national", query))["nationalSummary"]
    assert [said[k] for k in ("provinces", "regencies", "districts", "villages")] == [12, 107, 314, 402]
    for name in ("households", "persons", "businesses", "exportReady", "workingAbroad"):
        assert said[name] == exact[name] or (said[name] is None and name in said["withheld"])
    assert exact["withheld"] == []
    assert sum(bar["count"] for bar in exact["businessesByField"]) == exact["businesses"]
    assert sum(bar["count"] for bar in exact["exportReadyByField"]) == exact["exportReady"]


async def test_the_household_form_shows_and_saves(demo: Demo) -> None:
    officer = "officer@35.07.11.2008"
    listed = await demo.ask(officer, "{ households(first: 50) { nodes { id rev workflowState } } }")
    assert listed["households"]["nodes"]
    form = operation("HouseholdForm")
    for row in listed["households"]["nodes"][:5]:
        shown = (await demo.ask(officer, form, id=row["id"]))["household"]
        assert shown["withheld"] == []
        assert shown["head"]["fullName"] or shown["workflowState"] == "DRAFT"
        assert len(shown["members"]) == shown["memberCount"]
    draft = next(row for row in listed["households"]["nodes"] if row["workflowState"] in ("SUBMITTED", "RETURNED"))
    save = operation("SaveHousehold")
    document = {"id": draft["id"], "hamlet": "Sumberdem"}
    for outcome in ("ACCEPTED", "UNCHANGED"):
        done = await demo.ask(officer, save, household=document, baseRev=draft["rev"], saveAs="SUBMITTED")
        assert done["submitHousehold"]["outcome"] == outcome, done


async def test_from_a_province_down_to_a_village_in_one_request(demo: Demo) -> None:
    said = (await demo.ask("province@35", operation("ProvinceToVillage"), code="35"))["region"]
    malang = next(regency for regency in said["regencies"]["nodes"] if regency["code"] == "35.07")
    assert malang == said["regencies"]["nodes"][0], "most households first"
    villages = [village for district in malang["districts"]["nodes"] for village in district["villages"]["nodes"]]
    assert sum(village["households"]["totalCount"] for village in villages) == malang["households"]["totalCount"]
