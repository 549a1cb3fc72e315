"""The operations of the contract without the elements that are not built yet, which are printed.

Only elements in the list of gaps may be left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from graphql import (
    REMOVE,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    Node,
    ObjectFieldNode,
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

from schema.build import build
from schema.engine.collect import nodes_of

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "tests" / "contract" / "contract.graphql"
OPERATIONS = ROOT / "tests" / "contract" / "operations.graphql"
GAPS = ROOT / "tests" / "contract" / "gaps.txt"


def gaps() -> set[str]:
    """The elements of the contract that are not built."""
    lines = [line for line in GAPS.read_text().splitlines() if line and not line.startswith("#")]
    return {line.split(": ")[1] for line in lines}


def operation(name: str) -> str:
    """One operation of the contract with the fragments it uses, pruned to the elements that are built."""
    built = build_schema(build().as_str())
    document = parse(OPERATIONS.read_text())
    whole = build_schema(CONTRACT.read_text())
    left_out: list[str] = []
    pruned = _alone(_pruned(_alone(document, name), whole, built, left_out), name)
    print(f"{name} without: {', '.join(left_out) or 'nothing'}")  # noqa: T201  (pytest shows it where it matters)
    listed = gaps()
    assert [n for n in left_out if not {n, n.partition("(")[0], n.partition(".")[0]} & listed] == []
    assert validate(built, pruned) == []
    return print_ast(pruned)


HEAD = """# Example operations: those screens of the public contract that run today, as far as they do.
# A test makes this page from the contract, and runs every operation as the persona that it is for.
"""


def runnable() -> str:
    """The page of all operations of the contract that are built, each under its title, followed by the fragments."""
    text = OPERATIONS.read_text()
    built, whole, document = build_schema(build().as_str()), build_schema(CONTRACT.read_text()), parse(text)
    pages = [HEAD]
    fragments: dict[str, Any] = {}
    for definition in document.definitions:
        if not isinstance(definition, OperationDefinitionNode):
            continue
        assert definition.name is not None
        name = definition.name.value
        pruned = _pruned(_alone(document, name), whole, built, [])
        if not any(isinstance(d, OperationDefinitionNode) and d.selection_set.selections for d in pruned.definitions):
            continue
        main, *used = _alone(pruned, name).definitions
        titles = re.findall(r"^# --- (?:\d+\. )?(.*?) -+$", text[: _offset(definition)], re.MULTILINE)
        pages.append(f"# {titles[-1]}\n{print_ast(main)}\n")
        fragments |= {d.name.value: f"{print_ast(d)}\n" for d in used if isinstance(d, FragmentDefinitionNode)}
    return "\n".join([*pages, "# Fragments that components share", *fragments.values()])


def names_of(text: str) -> list[str]:
    """The names of a document's operations."""
    operations = [d for d in parse(text).definitions if isinstance(d, OperationDefinitionNode)]
    return [d.name.value for d in operations if d.name is not None]


def _offset(node: Node) -> int:
    assert node.loc is not None
    return node.loc.start


def _alone(document: DocumentNode, name: str) -> DocumentNode:
    """The operation and the fragments that it uses."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    (main,) = [
        d for d in document.definitions if isinstance(d, OperationDefinitionNode) and d.name and d.name.value == name
    ]
    used: dict[str, FragmentDefinitionNode] = {}

    def follow(node: Node) -> None:
        for spread in nodes_of(node, FragmentSpreadNode):
            if spread.name.value not in used:
                used[spread.name.value] = fragments[spread.name.value]
                follow(fragments[spread.name.value])

    follow(main)
    variables = {
        v.name.value for d in (main, *used.values()) for s in (d.selection_set,) for v in nodes_of(s, VariableNode)
    }
    definitions = tuple(v for v in main.variable_definitions or () if v.variable.name.value in variables)
    operation_ = OperationDefinitionNode(
        operation=main.operation,
        name=main.name,
        variable_definitions=definitions,
        directives=(),
        selection_set=main.selection_set,
    )
    return DocumentNode(definitions=(operation_, *used.values()))


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
            arguments = ours.fields[name].args
            missing = [a.name.value for a in node.arguments or () if a.name.value not in arguments]
            left_out.extend(f"{parent.name}.{name}({a})" for a in missing)
            remaining = tuple(a for a in node.arguments or () if a.name.value in arguments)
            for argument in remaining:
                enum: Any = get_named_type(arguments[argument.name.value].type)
                if isinstance(argument.value, EnumValueNode) and argument.value.value not in enum.values:
                    left_out.append(f"{enum.name}.{argument.value.value}")
                    return REMOVE
            return FieldNode(
                alias=node.alias,
                name=node.name,
                arguments=remaining,
                directives=node.directives,
                selection_set=node.selection_set,
            )

        def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> Any:
            parent: Any = info.get_parent_input_type()
            ours: Any = built.type_map.get(get_named_type(parent).name)
            if ours is None or node.name.value in ours.fields:
                return None
            left_out.append(f"{ours.name}.{node.name.value}")
            return REMOVE

    pruned: DocumentNode = visit(document, TypeInfoVisitor(info, Pruner()))
    return pruned
