"""Prepared operations: a document is parsed, validated and planned once; a call only brings values.

Whoever answers, the engine's own entrance or Strawberry's executor, takes the same plans.
Rule: everything that can be refused is refused before anything runs: a document, a variable, a page, a cost.
Tests: tests/test_prepared.py, tests/test_limits.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    get_named_type,
    get_operation_ast,
    get_variable_values,
    is_leaf_type,
    parse,
    type_from_ast,
    validate,
    visit,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Undefined
from graphql.utilities import coerce_input_value

from auth.errors import Forbidden
from auth.sensitivity import Sensitivity
from registry.cache import Remembered
from registry.db import CLAIM, SETTING
from registry.read.run import Reader, statement
from registry.read.sight import Seen, Sight
from schema.bound import Binding, Call, marked, shape
from schema.collect import Collector
from schema.errors import RequestError, nul_refused
from schema.limits import MOST_TOKENS, Limits, check_cost, check_document, check_roots
from schema.select import Selection
from schema.shapes import Absent, Anything, Related, Reread

DOCUMENTS, PLANS = 500, 2000
MOST_ERRORS = 10
NUL = re.compile(r"\0|\\u0000|\\u\{0+\}")


class Refused(Exception):
    """The document or its variables are wrong, as GraphQL itself says it."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        self.errors = errors


@dataclass(frozen=True)
class Plan:
    """One root field, or the record of a payload, ready to run: its statement, and how a call binds its arguments."""

    text: str
    values: tuple[Binding, ...]
    bindings: dict[str, Binding]
    absent: Absent | None = None

    async def read(self, reader: Reader, call: Call) -> bytes | None:
        """The JSON of the field, None for null."""
        found = await reader.answer(self.text, [value(call) for value in self.values])
        if found is None and self.absent is not None:
            raise await self.absent(reader, {name: value(call) for name, value in self.bindings.items()})
        return found


@dataclass(frozen=True)
class Root:
    """A root field of a query under its response key: a plan, why there is none, or a text that is always the same."""

    key: str
    node: FieldNode
    plan: Plan | Forbidden | str


@dataclass(frozen=True)
class Planned:
    """An operation for one sight and shape."""

    roots: tuple[Root, ...]
    others: bool  # there are root fields that are not the engine's
    payloads: dict[tuple[str, ...], Plan]  # the records that payloads show, by their response keys
    costs: tuple[Limits, ...]
    checks: tuple[Binding, ...]

    def check(self, call: Call) -> int:
        """The nodes that it may return at most.  Raises QueryTooComplex, PageTooLarge, BadInput: nothing has run."""
        for check in self.checks:
            check(call)
        return check_cost(self.costs, call)


class Operation:
    """One operation of a document that is valid."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, definition: OperationDefinitionNode) -> None:
        self.schema, self.document, self.definition = schema, document, definition
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.is_query = definition.operation is OperationType.QUERY
        self.shaping = tuple(sorted(_shaping(document, definition)))
        self._leaves = self._leaf_types()

    def _leaf_types(self) -> tuple[tuple[str, Any], ...] | None:
        """The types of the variables, if all are scalars, enums or lists of them."""
        found = []
        for node in self.definition.variable_definitions or ():
            type_ = type_from_ast(self.schema, node.type)
            if not is_leaf_type(get_named_type(type_)):
                return None
            found.append((node.variable.name.value, type_))
        return tuple(found)

    def variables(self, sent: dict[str, Any] | None) -> VariableValues:
        """The values of the variables by the rules of GraphQL.  Raises Refused."""
        if sent and self._leaves is not None:  # all given and good, as nearly always: no need for the long way
            coerced = {name: coerce_input_value(sent.get(name), type_) for name, type_ in self._leaves}
            if not any(value is None or value is Undefined for value in coerced.values()):
                return VariableValues({}, coerced)
        found = get_variable_values(self.schema, self.definition.variable_definitions or (), sent or {}, MOST_ERRORS)
        if isinstance(found, list):
            raise Refused(found)
        return found

    def planned(self, sight: Sight, variables: VariableValues) -> Planned:
        """The plans for these callers and variables; made once for all that look alike."""
        coerced = variables.coerced
        key = self, sight, tuple(shape(coerced[name]) if name in coerced else _ABSENT for name in self.shaping)
        if (known := PLANNED.get(key)) is None:
            known = _Planner(self, sight, variables).planned()
            PLANNED.put(key, known)
        return known


_ABSENT = "absent"
PLANNED: Remembered[tuple[Operation, Sight, Hashable], Planned] = Remembered("plans", PLANS)


class Operations:
    """The operations of one schema, the longest unused forgotten."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: Remembered[tuple[str, str | None], Operation] = Remembered("operations", DOCUMENTS)

    def of(self, text: str, name: str | None) -> Operation:
        """The operation of this name in a document.  Raises Refused, RequestError."""
        if (known := self._known.get((text, name))) is None:
            known = self._made(text, name)
            self._known.put((text, name), known)
        return known

    def _made(self, text: str, name: str | None) -> Operation:
        check_document(text)
        if NUL.search(text):
            raise nul_refused()
        try:
            document = parse(text, max_tokens=MOST_TOKENS)
            definition = get_operation_ast(document, name)
            if definition is None:
                raise RequestError(
                    "`operationName` tidak ada dalam dokumen.", "`operationName` names no operation here."
                )
            check_roots(definition)
            if errors := validate(self._schema, document, max_errors=MOST_ERRORS):
                told = [GraphQLError(error.message, error.nodes) for error in errors if error.nodes]
                raise Refused(told) if told else RecursionError  # it says that it gave up, and not where
        except GraphQLError as error:
            raise Refused([error]) from None
        except RecursionError as error:
            raise Refused([GraphQLError("nested too deeply", original_error=error)]) from None
        return Operation(self._schema, document, definition)


class _Planner:
    """Makes the plans of one operation for one sight and shape."""

    def __init__(self, operation: Operation, sight: Sight, variables: VariableValues) -> None:
        self.operation, self.sight = operation, sight
        held = {name: marked(value, (name,)) for name, value in variables.coerced.items()}
        self.variables = VariableValues(variables.sources, held)
        self.costs: list[Limits] = []
        self.checks: list[Binding] = []

    def planned(self) -> Planned:
        operation = self.operation
        type_ = operation.schema.get_root_type(operation.definition.operation)
        assert type_ is not None
        collector = Collector(operation.schema, operation.fragments, self.variables)
        fields = collector.fields(type_, [operation.definition.selection_set])
        if operation.is_query:
            found = {key: self.root(type_, key, nodes) for key, nodes in fields.items()}
            roots, payloads = tuple(root for root in found.values() if root is not None), {}
        else:
            found, roots = {}, ()
            payloads = dict(self.payloads(collector, type_, fields, ()))
        return Planned(roots, len(roots) < len(fields), payloads, tuple(self.costs), tuple(self.checks))

    def root(self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Root | None:
        name = nodes[0].name.value
        if name == "__typename":
            return Root(key, nodes[0], type_.name)
        made = type_.fields.get(name)
        declared = None if made is None else made.extensions.get("strawberry-definition")
        shape_ = None if declared is None else declared.metadata.get("shape")
        if made is None or not isinstance(shape_, Related | Anything):
            return None
        if isinstance(shape_, Related) and shape_.kind is Sensitivity.OPERATIONAL and self._sees_nothing():
            return Root(key, nodes[0], Forbidden(field=name))
        try:
            return Root(key, nodes[0], self.plan(made, nodes, shape_))
        except Forbidden as refusal:
            return Root(key, nodes[0], refusal)

    def _sees_nothing(self) -> bool:
        return self.sight.far(Sensitivity.OPEN, Sensitivity.OPERATIONAL) is Seen.NOWHERE

    def plan(self, made: GraphQLField, nodes: list[FieldNode], shape_: Any) -> Plan:
        selection = Selection(self.operation.schema, self.operation.fragments, self.variables, self.sight)
        want = selection.reread(made, nodes) if isinstance(shape_, Reread) else selection.root(made, nodes)
        compiled = statement(want, self.sight)
        self.costs.append(selection.limits)
        self.checks += selection.checks
        values = tuple(_source(name, selection.bindings) for name in compiled.names)
        return Plan(compiled.text, values, selection.bindings, getattr(shape_, "absent", None))

    def payloads(
        self, collector: Collector, type_: Any, fields: dict[str, list[FieldNode]], path: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], Plan]]:
        """The records that payloads show."""
        for key, nodes in fields.items():
            made = type_.fields.get(nodes[0].name.value)
            inner: Any = None if made is None else get_named_type(made.type)
            if not isinstance(inner, GraphQLObjectType):
                continue
            declared = made.extensions["strawberry-definition"].metadata["shape"]
            if isinstance(declared, Reread):
                yield (*path, key), self.plan(made, nodes, declared)
            else:
                below = collector.fields(inner, [node.selection_set for node in nodes])
                yield from self.payloads(collector, inner, below, (*path, key))


CLAIMS: dict[str, Callable[[Call], Any]] = {
    "user": lambda call: call.principal.user_id,
    "language": lambda call: call.language,
    "abilities": lambda call: call.principal.ability_names,
    "expires_at": lambda call: call.principal.expires_at,
}


def _source(name: str, bindings: dict[str, Binding]) -> Binding:
    """How a call finds an argument of a statement: its settings and claims are the caller's own."""
    if name.startswith(SETTING):
        setting = name.removeprefix(SETTING)
        return lambda call: call.principal.setting(setting)
    if name.startswith(CLAIM):
        return CLAIMS[name.removeprefix(CLAIM)]
    return bindings[name]


def _shaping(document: DocumentNode, definition: OperationDefinitionNode) -> set[str]:
    """The variables that reach plans: all but those in the arguments of commands."""
    used: set[str] = set()

    class Finder(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            used.add(node.name.value)

    found: list[Node] = [d.selection_set for d in document.definitions if isinstance(d, FragmentDefinitionNode)]
    for node in definition.selection_set.selections:
        if definition.operation is OperationType.MUTATION and isinstance(node, FieldNode):
            found += [*(node.directives or ()), *([node.selection_set] if node.selection_set else [])]
        else:
            found.append(node)
    for part in found:
        visit(part, Finder())
    return used
