"""Plans: an operation for callers of one visibility and variables of one shape, ready to run.

Rule: a plan holds no value of a caller; every refusal that needs no record is raised before anything runs.
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
    VariableValues,
    get_named_type,
)

from auth.errors import Forbidden
from auth.sensitivity import Sensitivity
from registry.read.run import WEIGHT, execute, of_caller, statement
from registry.read.visibility import Extent, Visibility
from registry.store.db import Database
from registry.store.sql import Statement
from schema.declare.shapes import Absent, NodeField, PayloadRecord, RelatedField, ValueField, shape_of
from schema.declare.strawberry_internals import definition_of
from schema.engine.collect import Collector, Fields
from schema.engine.complexity import Budget, Cost, check_costs
from schema.engine.refusal import FieldRefused, Refusal
from schema.engine.select import Selection
from schema.engine.variables import Binding, Call, with_placeholders
from schema.limits import Limit

KeyPath = tuple[str, ...]
"""The response keys that lead to a field."""


@dataclass(frozen=True)
class Plan:
    """One root field, or the record of a payload, ready to run: its statement, and how a call binds its arguments."""

    statement: Statement
    values: tuple[Callable[[Call], Any], ...]
    bindings: dict[str, Binding]
    cost: Cost
    checks: tuple[Binding, ...]  # bindings that may raise, whether or not the SQL uses them
    refusals: tuple[Refusal, ...] = ()  # fields inside that are null
    absent: Absent | None = None
    keeps: bool = False  # an answer whose id is asked for, so that it can be quoted

    async def run(self, database: Database, call: Call, seconds: float | None = None) -> bytes | None:
        """The JSON of the field, None for null.  Raises what `execute` does, and why a look-up returned nothing."""
        json = await execute(database, self.statement, [value(call) for value in self.values], seconds, self.keeps)
        if json is None and self.absent is not None:
            arguments = {name: value(call) for name, value in self.bindings.items()}
            error = await self.absent(database, call, arguments)
            if error is not None:
                raise error
        return json


@dataclass(frozen=True)
class RootPlan:
    """A root field of a query under its response key: its plan, why it has none, or a constant text."""

    key: str
    node: FieldNode
    plan: Plan | Refusal | str


@dataclass(frozen=True)
class OperationPlan:
    """An operation for one visibility and shape."""

    roots: tuple[RootPlan, ...]
    has_other_roots: bool  # root fields that are not the engine's
    payloads: dict[KeyPath, Plan | Refusal]  # the records that payloads show
    plans: tuple[Plan, ...]  # all of them
    bytes: int = 0  # about how much memory it takes

    def check(self, call: Call) -> int:
        """The nodes that it may return at most.

        Raises QueryTooComplex, PageTooLarge and BadInput before anything has run."""
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
        self.schema = schema
        self.definition = definition
        self.fragments = fragments
        self.visibility = visibility
        placeholders = {name: with_placeholders(value, (name,)) for name, value in variables.coerced.items()}
        self.variables = VariableValues(variables.sources, placeholders)
        self.budget = Budget()
        self.collector = Collector(schema, fragments, self.variables, self.budget)
        self.plans: list[Plan] = []

    def operation(self) -> OperationPlan:
        """The plan of the whole operation.  Raises GraphQLError, and RequestError for what asks too much."""
        type_ = self.schema.get_root_type(self.definition.operation)
        assert type_ is not None
        fields = self.collector.fields(type_, [self.definition.selection_set])
        Limit.ROOTS.check(len(fields))  # again, because fragments have root fields too
        roots: tuple[RootPlan, ...] = ()
        payloads: dict[KeyPath, Plan | Refusal] = {}
        if self.definition.operation is OperationType.QUERY:
            roots = tuple(self.roots(type_, fields))
        else:
            _check_commands(type_, fields)
            payloads = dict(self.payloads(type_, fields, ()))
        letters = sum(len(plan.statement.text) for plan in self.plans)
        has_other_roots = len(roots) < len(fields)
        return OperationPlan(roots, has_other_roots, payloads, tuple(self.plans), WEIGHT * letters)

    def roots(self, type_: GraphQLObjectType, fields: Fields) -> Iterator[RootPlan]:
        """The root fields that are the engine's."""
        for key, nodes in fields.items():
            name = nodes[0].name.value
            if name == "__typename":
                yield RootPlan(key, nodes[0], type_.name)
                continue
            field = type_.fields.get(name)
            shape = shape_of(field)
            if field is None or not isinstance(shape, RelatedField | NodeField):
                continue
            error = self._forbidden(name, shape)
            if error is not None:
                yield RootPlan(key, nodes[0], Refusal(error, nodes[0], (), 0))
            else:
                yield RootPlan(key, nodes[0], self.plan(field, nodes, shape))

    def _forbidden(self, name: str, shape: Any) -> Forbidden | None:
        """Why a root field is refused, not empty: the caller sees its records nowhere, or lacks its ability."""
        if not isinstance(shape, RelatedField):
            return None
        if shape.ability is not None and shape.ability not in self.visibility.lists:
            return Forbidden(ability=shape.ability)
        if shape.kind is None or self._lists(shape.kind):
            return None
        return Forbidden(field=name, kind=shape.kind)

    def _lists(self, kind: Sensitivity) -> bool:
        """Whether the caller sees this class somewhere; above OPERATIONAL, their own records are enough."""
        if self.visibility.extent(Sensitivity.OPEN, kind) is not Extent.NONE:
            return True
        return kind is not Sensitivity.OPERATIONAL and self.visibility.owns(kind)

    def plan(
        self, field: GraphQLField, nodes: list[FieldNode], shape: Any, lengths: tuple[int, ...] = ()
    ) -> Plan | Refusal:
        """The plan of a root field, or of a record that stands in payload lists of these lengths; or why it is null."""
        selection = Selection(self.schema, self.fragments, self.variables, self.budget, self.visibility)
        select = selection.payload_record if isinstance(shape, PayloadRecord) else selection.root
        try:
            with selection.complexity.for_each_item(lengths):
                query = select(field, nodes)
        except Forbidden as error:
            return Refusal(error, nodes[0], (), 0)
        except FieldRefused as refused:
            return refused.nulling(0)
        compiled = statement(query, self.visibility)
        key = shape.key if isinstance(shape, RelatedField) else None
        plan = Plan(
            compiled,
            values=tuple(of_caller(name) or selection.bindings[name] for name in compiled.names),
            bindings=selection.bindings,
            cost=Cost(selection.complexity),
            checks=tuple(selection.checks),
            refusals=tuple(selection.refusals.values()),
            absent=None if key is None else key.absent,
            keeps=selection.keeps,
        )
        self.plans.append(plan)
        return plan

    def payloads(
        self, type_: Any, fields: Fields, path: KeyPath, lengths: tuple[int, ...] = ()
    ) -> Iterator[tuple[KeyPath, Plan | Refusal]]:
        """The records that payloads show; each is read once for every item of the lists around it."""
        for key, nodes in fields.items():
            field = type_.fields.get(nodes[0].name.value)
            inner: Any = None if field is None else get_named_type(field.type)
            if not isinstance(inner, GraphQLObjectType):
                continue
            shape = shape_of(field)
            if isinstance(shape, PayloadRecord):
                yield (*path, key), self.plan(field, nodes, shape, lengths)
                continue
            is_record_list = isinstance(shape, ValueField) and shape.most is not None
            lengths_below = (*lengths, shape.most) if is_record_list else lengths
            fields_below = self.collector.fields_below(inner, nodes)
            yield from self.payloads(inner, fields_below, (*path, key), lengths_below)


def _check_commands(type_: GraphQLObjectType, fields: Fields) -> None:
    """Raises QueryTooComplex if a command is called more often than one request may."""
    calls = Counter(nodes[0].name.value for nodes in fields.values())
    for name, times in calls.items():
        field = type_.fields.get(name)
        if field is not None:
            definition_of(field).metadata["most"].check(times)
