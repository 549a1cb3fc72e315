"""Plans: what an operation comes to for callers of one visibility and variables of one shape, ready to run.

Rule: a plan holds no value of a caller; every refusal that needs no record is found before anything runs.
Tests: tests/test_prepared.py, tests/test_limits.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
)
from graphql.execution.values import VariableValues

from auth.errors import Forbidden
from auth.sensitivity import Sensitivity
from registry.read.run import WEIGHT, answer, of_caller, statement
from registry.read.visibility import Extent, Visibility
from registry.store.db import Database
from registry.store.sql import Statement
from schema.declare.shapes import Absent, NodeField, PayloadRecord, RelatedField, ValueField, shape_of
from schema.engine.collect import Collector
from schema.engine.complexity import Budget, Cost, check_costs
from schema.engine.refusal import Refusal, Refused
from schema.engine.select import Selection
from schema.engine.variables import Binding, Call, with_placeholders
from schema.limits import Limit


@dataclass(frozen=True)
class Plan:
    """One root field, or the record of a payload, ready to run: its statement, and how a call binds its arguments."""

    statement: Statement
    values: tuple[Callable[[Call], Any], ...]
    bindings: dict[str, Binding]
    cost: Cost
    checks: tuple[Binding, ...]  # what may be refused though the statement does not ask for it
    refusals: tuple[Refusal, ...] = ()  # fields inside that are null
    absent: Absent | None = None

    async def read(self, database: Database, call: Call, seconds: float | None = None) -> bytes | None:
        """The JSON of the field, None for null."""
        found = await answer(database, self.statement, [value(call) for value in self.values], seconds)
        if found is None and self.absent is not None:
            arguments = {name: value(call) for name, value in self.bindings.items()}
            if (why := await self.absent(database, call, arguments)) is not None:
                raise why
        return found


@dataclass(frozen=True)
class Root:
    """A root field of a query under its response key: a plan, why there is none, or a text that is always the same."""

    key: str
    node: FieldNode
    plan: Plan | Refusal | str


@dataclass(frozen=True)
class Planned:
    """An operation for one visibility and shape."""

    roots: tuple[Root, ...]
    others: bool  # there are root fields that are not the engine's
    payloads: dict[tuple[str, ...], Plan | Refusal]  # the records that payloads show, by their response keys
    plans: tuple[Plan, ...]  # all of them
    bytes: int = 0  # about what it weighs

    def check(self, call: Call) -> int:
        """The nodes that it may return at most.  Raises QueryTooComplex, PageTooLarge, BadInput: nothing has run."""
        for plan in self.plans:
            for check in plan.checks:
                check(call)
        return check_costs([plan.cost for plan in self.plans], call)


class Planner:
    """Makes the plans of one operation for one visibility and shape."""

    def __init__(
        self,
        schema: GraphQLSchema,
        definition: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        visibility: Visibility,
        variables: VariableValues,
    ) -> None:
        self.schema, self.definition, self.fragments, self.visibility = schema, definition, fragments, visibility
        held = {name: with_placeholders(value, (name,)) for name, value in variables.coerced.items()}
        self.variables = VariableValues(variables.sources, held)
        self.plans: list[Plan] = []
        self.budget = Budget()

    def planned(self) -> Planned:
        type_ = self.schema.get_root_type(self.definition.operation)
        assert type_ is not None
        collector = Collector(self.schema, self.fragments, self.variables, self.budget)
        fields = collector.fields(type_, [self.definition.selection_set])
        Limit.ROOTS.check(len(fields))  # with those of fragments
        roots: tuple[Root, ...] = ()
        payloads: dict[tuple[str, ...], Plan | Refusal] = {}
        if self.definition.operation is OperationType.QUERY:
            found = (self.root(type_, key, nodes) for key, nodes in fields.items())
            roots = tuple(root for root in found if root is not None)
        else:
            _check_commands(type_, fields)
            payloads = dict(self.payloads(collector, type_, fields, ()))
        letters = sum(len(plan.statement.text) for plan in self.plans)
        return Planned(roots, len(roots) < len(fields), payloads, tuple(self.plans), WEIGHT * letters)

    def root(self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Root | None:
        name = nodes[0].name.value
        if name == "__typename":
            return Root(key, nodes[0], type_.name)
        made = type_.fields.get(name)
        shown = shape_of(made)
        if made is None or not isinstance(shown, RelatedField | NodeField):
            return None
        if isinstance(shown, RelatedField) and shown.kind is Sensitivity.OPERATIONAL and self._sees_nothing():
            return Root(key, nodes[0], Refusal(Forbidden(field=name, kind=shown.kind), nodes[0], (), 0))
        return Root(key, nodes[0], self.plan(made, nodes, shown))

    def _sees_nothing(self) -> bool:
        return self.visibility.extent(Sensitivity.OPEN, Sensitivity.OPERATIONAL) is Extent.NONE

    def plan(
        self, made: GraphQLField, nodes: list[FieldNode], shown: Any, lists: tuple[int, ...] = ()
    ) -> Plan | Refusal:
        """How to answer a root field, or a record that stands in payload lists of these lengths; or why it is null."""
        selection = Selection(self.schema, self.fragments, self.variables, self.budget, self.visibility)
        try:
            with selection.limits.each(lists):
                want = (
                    selection.reread(made, nodes) if isinstance(shown, PayloadRecord) else selection.root(made, nodes)
                )
        except Forbidden as error:
            return Refusal(error, nodes[0], (), 0)
        except Refused as inner:
            return inner.nulling(0)
        compiled = statement(want, self.visibility)
        values = tuple(of_caller(name) or selection.bindings[name] for name in compiled.names)
        key = getattr(shown, "key", None)
        absent = key and key.absent
        cost, checks, refusals = Cost(selection.limits), tuple(selection.checks), tuple(selection.refusals.values())
        self.plans.append(Plan(compiled, values, selection.bindings, cost, checks, refusals, absent))
        return self.plans[-1]

    def payloads(
        self,
        collector: Collector,
        type_: Any,
        fields: dict[str, list[FieldNode]],
        path: tuple[str, ...],
        lists: tuple[int, ...] = (),
    ) -> Iterator[tuple[tuple[str, ...], Plan | Refusal]]:
        """The records that payloads show; each is read once for every item of the lists around it."""
        for key, nodes in fields.items():
            made = type_.fields.get(nodes[0].name.value)
            inner: Any = None if made is None else get_named_type(made.type)
            if not isinstance(inner, GraphQLObjectType):
                continue
            shown = shape_of(made)
            if isinstance(shown, PayloadRecord):
                yield (*path, key), self.plan(made, nodes, shown, lists)
            else:
                below = collector.fields(inner, [node.selection_set for node in nodes])
                most = shown.most if isinstance(shown, ValueField) else None
                yield from self.payloads(
                    collector, inner, below, (*path, key), lists if most is None else (*lists, most)
                )


def _check_commands(type_: GraphQLObjectType, fields: dict[str, list[FieldNode]]) -> None:
    """Raises QueryTooComplex where a command is called more often than one request may."""
    called = Counter(nodes[0].name.value for nodes in fields.values())
    for name, times in called.items():
        if (made := type_.fields.get(name)) is not None:
            made.extensions["strawberry-definition"].metadata["most"].check(times)
