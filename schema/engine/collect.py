"""Which fields a selection asks for: aliases, fragments, `@skip` and `@include`, merged as the specification says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    Node,
    SelectionSetNode,
    VariableValues,
    Visitor,
    get_directive_values,
    visit,
)

from schema.engine.complexity import Budget
from schema.errors import BadInput

T = TypeVar("T", bound=Node)
MAX_ALIAS_BYTES = 63  # PostgreSQL cuts longer names silently
Fields = dict[str, list[FieldNode]]
"""Response key → the field nodes that share it, in document order."""


@dataclass
class Collector:
    """The parts of one operation, from which it collects the fields of a selection."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    variables: VariableValues
    budget: Budget

    def fields_below(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> Fields:
        """The fields that the selections of field nodes ask of a type."""
        return self.fields(type_, [node.selection_set for node in nodes])

    def fields(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> Fields:
        """The fields that selection sets ask of a type.  Raises QueryTooComplex, and BadInput for a long alias."""
        nodes_by_key: Fields = {}
        spread: set[str] = set()

        def walk(set_: SelectionSetNode) -> None:
            for node in set_.selections:
                self.budget.visit()
                if node.directives and not self._included(node):
                    continue
                if isinstance(node, FieldNode):
                    key = node.alias or node.name
                    nodes_by_key.setdefault(key.value, []).append(node)
                elif isinstance(node, InlineFragmentNode):
                    if self._applies(node.type_condition, type_):
                        walk(node.selection_set)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                    spread.add(node.name.value)
                    fragment = self.fragments[node.name.value]
                    if self._applies(fragment.type_condition, type_):
                        walk(fragment.selection_set)

        for set_ in sets:
            if set_ is not None:
                walk(set_)
        if any(len(key.encode()) > MAX_ALIAS_BYTES for key in nodes_by_key):
            raise BadInput("Nama alias terlalu panjang: paling banyak 63 byte.", "An alias may have 63 bytes at most.")
        return nodes_by_key

    def _included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        if skip is not None and skip["if"]:
            return False
        return include is None or bool(include["if"])

    def _applies(self, condition: Any, type_: GraphQLObjectType) -> bool:
        """Whether a fragment on the type of this condition selects fields of `type_`."""
        if condition is None or condition.name.value == type_.name:
            return True
        condition_type = self.schema.get_type(condition.name.value)
        return isinstance(condition_type, GraphQLInterfaceType) and self.schema.is_sub_type(condition_type, type_)


def nodes_of(node: Node, kind: type[T]) -> list[T]:
    """All nodes of a kind below this one."""
    nodes: list[T] = []

    class Finder(Visitor):
        def enter(self, node: Node, *_: Any) -> None:
            if isinstance(node, kind):
                nodes.append(node)

    visit(node, Finder())
    return nodes
