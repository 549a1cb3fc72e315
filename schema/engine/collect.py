"""Which fields a selection asks for: aliases, fragments, `@skip` and `@include`, merged as the specification says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    SelectionSetNode,
    Visitor,
    get_directive_values,
    visit,
)
from graphql.execution.values import VariableValues
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

from schema.engine.complexity import Budget
from schema.errors import BadInput

T = TypeVar("T", bound=Node)
LONGEST_ALIAS = 63  # bytes; PostgreSQL cuts longer names silently


@dataclass
class Collector:
    """What one operation is made of."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    variables: VariableValues
    budget: Budget

    def fields(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> dict[str, list[FieldNode]]:
        """Response key → the field nodes that share it, in document order."""
        found: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()

        def walk(set_: SelectionSetNode) -> None:
            for node in set_.selections:
                self.budget.visit()
                if node.directives and not self._included(node):
                    continue
                if isinstance(node, FieldNode):
                    found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
                elif isinstance(node, InlineFragmentNode):
                    if self._applies(node.type_condition, type_):
                        walk(node.selection_set)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                    visited.add(node.name.value)
                    fragment = self.fragments[node.name.value]
                    if self._applies(fragment.type_condition, type_):
                        walk(fragment.selection_set)

        for set_ in sets:
            if set_ is not None:
                walk(set_)
        for key in found:
            if len(key.encode()) > LONGEST_ALIAS:
                raise BadInput(
                    "Nama alias terlalu panjang: paling banyak 63 byte.", "An alias may have 63 bytes at most."
                )
        return found

    def _included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))

    def _applies(self, condition: Any, type_: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == type_.name:
            return True
        wanted = self.schema.get_type(condition.name.value)
        return isinstance(wanted, GraphQLInterfaceType) and self.schema.is_sub_type(wanted, type_)


def nodes_of(node: Node, kind: type[T]) -> list[T]:
    """All nodes of a kind below this one."""
    found: list[T] = []

    class Finder(Visitor):
        def enter(self, node: Node, *_: Any) -> None:
            if isinstance(node, kind):
                found.append(node)

    visit(node, Finder())
    return found
