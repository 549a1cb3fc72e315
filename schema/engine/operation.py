"""Operations: a document is parsed, validated and planned once; a call only brings values.

The engine's own entrance and graphql-core's executor use the same plans.
Rule: every refusal that needs no record is raised before anything runs: of a document, a variable, a page, a cost.
Tests: tests/test_prepared.py, tests/test_limits.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable
from dataclasses import replace
from functools import cached_property
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    VariableNode,
    VariableValues,
    get_operation_ast,
    get_variable_values,
    parse,
    validate,
)

from registry.read.visibility import Visibility
from registry.store.cache import LruCache
from schema.engine.coercion import variables_coercion
from schema.engine.collect import nodes_of
from schema.engine.graphql_internals import ValidationAbortedError
from schema.engine.lane import Lane
from schema.engine.plan import OperationPlan, Planner
from schema.engine.variable_errors import variable_errors, wrong_variables
from schema.engine.variables import shape
from schema.errors import BadInput, RequestError, nul_refused
from schema.limits import Limit, check_variables

MAX_OPERATIONS, MAX_PLANS = 200, 500  # in their caches
MAX_CACHE_BYTES = 40_000_000  # of each of these caches
BYTES_PER_CHARACTER = 100  # that a document takes once it is parsed
MAX_CACHED_CHARACTERS = 10_000  # a longer document is parsed each time
MAX_ERRORS = 10
# How many values are coerced on the event loop, in a few milliseconds; NESTED if inputs may hold themselves.
MAX_VALUES_ON_LOOP, MAX_NESTED_VALUES_ON_LOOP = 2_000, 200
NUL = re.compile(r"\0|\\u0000|\\u\{0+\}")


class Invalid(Exception):
    """The document or its variables are not valid GraphQL; `errors` say why.

    `definition` is the operation of a document that could be parsed and is not valid."""

    def __init__(self, errors: list[GraphQLError], definition: OperationDefinitionNode | None = None) -> None:
        self.errors = errors
        self.definition = definition


class Operation:
    """One operation of a valid document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        definition: OperationDefinitionNode,
        characters: int,
        suggests: bool = False,
    ) -> None:
        self.schema = schema
        self.document = document
        self.definition = definition
        self.suggests = suggests
        self.is_cached = characters <= MAX_CACHED_CHARACTERS
        self.bytes = BYTES_PER_CHARACTER * characters
        self.fragments = {node.name.value: node for node in _fragments(document)}
        self.is_query = definition.operation is OperationType.QUERY
        self.asks_schema = self._asks_schema()
        self.shaping = tuple(sorted(_shaping(document, definition)))
        self._coerce_variables = variables_coercion(schema, definition.variable_definitions or ())

    def _asks_schema(self) -> bool:
        """Whether it asks for the schema.  Raises QueryTooComplex, and BadInput if it asks for anything else too."""
        fields = nodes_of(self.document, FieldNode)
        if not any(field.name.value in ("__schema", "__type") for field in fields):
            return False
        # Questions about the schema have no cost, but their answers multiply with every alias.
        Limit.ALIASES.check(sum(field.alias is not None for field in fields))
        if not all(_is_meta(node) for node in self.definition.selection_set.selections):
            raise BadInput("Tanyakan skema secara terpisah.", "Ask for the schema by itself.")
        return True

    @cached_property
    def without_variables(self) -> DocumentNode:
        """The document without its variable definitions, to be executed with values that are coerced already."""
        bare = replace(self.definition, variable_definitions=())
        return replace(self.document, definitions=(bare, *self.fragments.values()))

    async def variables_in_lane(self, sent: dict[str, Any] | None, caller: Hashable = None) -> VariableValues:
        """The same as `variables`; many values are coerced off the event loop, in the caller's turn."""
        limit = MAX_NESTED_VALUES_ON_LOOP if self._coerce_variables is None else MAX_VALUES_ON_LOOP
        if check_variables(sent) <= limit:
            return self._coerce(sent or {})
        return await COERCING.run(caller, self._coerce, sent or {})

    def variables(self, sent: dict[str, Any] | None) -> VariableValues:
        """The values of the variables by the rules of GraphQL.  Raises Invalid, QueryTooComplex."""
        check_variables(sent)
        return self._coerce(sent or {})

    def _coerce(self, sent: dict[str, Any]) -> VariableValues:
        """The values of variables that are not too many.  Raises Invalid."""
        if self._coerce_variables is not None:
            coerced = self._coerce_variables(sent)
            if coerced is not Undefined:
                return VariableValues({}, coerced)
        definitions = self.definition.variable_definitions or ()
        values = get_variable_values(self.schema, definitions, sent, MAX_ERRORS)
        if isinstance(values, list):
            raise Invalid(self._variable_errors(sent))
        return values

    def _variable_errors(self, sent: dict[str, Any]) -> list[GraphQLError]:
        """What is wrong with variables that graphql-core has refused."""
        definitions = self.definition.variable_definitions or ()
        try:
            errors = variable_errors(self.schema, definitions, sent, self.suggests)
        except RecursionError as error:
            return [GraphQLError("nested too deeply", original_error=error)]
        return errors or [wrong_variables()]

    def plan(self, visibility: Visibility, variables: VariableValues) -> OperationPlan:
        """The plan for callers of a visibility and for these variables; all that look alike share one.

        Raises Invalid, and RequestError for what asks too much."""
        key = self._plan_key(visibility, variables)
        return PLANS.get(key) or self._cached(key, self._make_plan(visibility, variables))

    async def plan_in_lane(
        self, visibility: Visibility, variables: VariableValues, caller: Hashable = None
    ) -> OperationPlan:
        """The same as `plan`, made off the event loop in the caller's turn, so that others are served meanwhile."""
        key = self._plan_key(visibility, variables)
        plan = PLANS.get(key)
        if plan is not None:
            return plan
        return self._cached(key, await PLANNING.run(caller, self._make_plan, visibility, variables))

    def _plan_key(self, visibility: Visibility, variables: VariableValues) -> _PlanKey:
        coerced = variables.coerced
        shapes = tuple(shape(coerced[name]) if name in coerced else _ABSENT for name in self.shaping)
        return self, visibility, shapes

    def _make_plan(self, visibility: Visibility, variables: VariableValues) -> OperationPlan:
        try:
            plan = Planner(self.schema, self.definition, self.fragments, visibility, variables).operation()
        except GraphQLError as error:  # a value in the document that only its own type can judge
            raise Invalid([error]) from None
        return replace(plan, bytes=plan.bytes + self.bytes)

    def _cached(self, key: _PlanKey, plan: OperationPlan) -> OperationPlan:
        if self.is_cached:
            PLANS.put(key, plan)
        return plan


_ABSENT = "absent"
_PlanKey = tuple[Operation, Visibility, Hashable]
PLANS: LruCache[_PlanKey, OperationPlan] = LruCache("plans", MAX_PLANS, MAX_CACHE_BYTES, lambda plan: plan.bytes)
PLANNING, COERCING = Lane("planning"), Lane("coercing")


class Operations:
    """The operations of one schema; the least recently used are dropped first.

    Strangers, who send no token, have operations of their own: their documents are bounded more closely, are parsed in
    a lane of their own, and displace nobody else's."""

    def __init__(self, schema: GraphQLSchema, suggests: bool = False, strangers: bool = False) -> None:
        """`suggests` says whether refusals may propose names of the schema."""
        self._schema = schema
        self._suggests = suggests
        self._strangers = strangers
        self._lane = Lane("parsing for strangers" if strangers else "parsing")
        name = "strangers' operations" if strangers else "operations"
        self._operations: LruCache[tuple[str, str | None], Operation] = LruCache(
            name, MAX_OPERATIONS, MAX_CACHE_BYTES, lambda operation: operation.bytes
        )

    def get(self, text: str, name: str | None) -> Operation:
        """The operation of this name in a document.  Raises Invalid, RequestError."""
        operation = self._operations.get((text, name))
        if operation is None:
            operation = self._prepare(text, name)
            if operation.is_cached:
                self._operations.put((text, name), operation)
        return operation

    async def get_in_lane(self, text: str, name: str | None, caller: Hashable = None) -> Operation:
        """The same, prepared off the event loop in the caller's turn.  Raises also RateLimited, Unreachable."""
        operation = self._operations.get((text, name))
        if operation is not None:
            return operation
        return await self._lane.run(caller, self.get, text, name)

    def _prepare(self, text: str, name: str | None) -> Operation:
        Limit.CHARACTERS.check(len(text))
        if self._strangers:
            Limit.STRANGERS_CHARACTERS.check(len(text))
        if NUL.search(text):
            raise nul_refused()
        try:
            document = parse(text, max_tokens=Limit.TOKENS.limit)
            _check_size(document)
            definition = get_operation_ast(document, name)
            if definition is None:
                raise RequestError(
                    "`operationName` tidak ada dalam dokumen.", "`operationName` names no operation here."
                )
            Limit.ROOTS.check(len(definition.selection_set.selections))
            self._validate(document, definition)
        except GraphQLError as error:
            raise Invalid([error]) from None
        except RecursionError as error:
            raise Invalid([GraphQLError("nested too deeply", original_error=error)]) from None
        return Operation(self._schema, document, definition, len(text), self._suggests)

    def _validate(self, document: DocumentNode, definition: OperationDefinitionNode) -> None:
        """Raises Invalid, or RecursionError if it is nested too deeply to find out what is wrong."""
        errors = validate(self._schema, document, max_errors=MAX_ERRORS, hide_suggestions=not self._suggests)
        if not errors:
            return
        faults = [error for error in errors if not isinstance(error, ValidationAbortedError)]
        if not faults:
            raise RecursionError
        raise Invalid([GraphQLError(fault.message, fault.nodes) for fault in faults], definition)


def _is_meta(node: Node) -> bool:
    return isinstance(node, FieldNode) and node.name.value.startswith("__")


def _fragments(document: DocumentNode) -> list[FragmentDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]


def _check_size(document: DocumentNode) -> None:
    """Raises QueryTooComplex for what validation would take long for.

    It compares all fields of one response key with each other, and all uses of fragments."""
    uses: Counter[str] = Counter()
    for field in nodes_of(document, FieldNode):
        Limit.DIRECTIVES.check(len(field.directives or ()))
        key = field.alias or field.name
        uses[key.value] += 1
    uses["..."] = len(nodes_of(document, FragmentSpreadNode))
    Limit.FRAGMENTS.check(len(_fragments(document)))
    Limit.COMPARISONS.check(sum(times * (times - 1) // 2 for times in uses.values()))


def _shaping(document: DocumentNode, definition: OperationDefinitionNode) -> set[str]:
    """The names of the variables that reach plans: all but those in the arguments of commands."""
    nodes: list[Node] = [fragment.selection_set for fragment in _fragments(document)]
    for root in definition.selection_set.selections:
        if definition.operation is OperationType.MUTATION and isinstance(root, FieldNode):
            nodes += root.directives or ()
            if root.selection_set is not None:
                nodes.append(root.selection_set)
        else:
            nodes.append(root)
    names: set[str] = set()
    for node in nodes:
        names.update(variable.name.value for variable in nodes_of(node, VariableNode))
    return names
