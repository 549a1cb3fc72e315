"""Prepared operations: a document is parsed, validated and planned once; a call only brings values.

Whoever answers, the engine's own entrance or graphql-core's executor, takes the same plans.
Rule: every refusal that needs no record comes before anything runs: of a document, a variable, a page, a cost.
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
    VariableNode,
    get_operation_ast,
    get_variable_values,
    parse,
    validate,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Undefined
from graphql.validation.validate import ValidationAbortedError

from registry.read.visibility import Visibility
from registry.store.cache import LruCache
from schema.engine.coercion import variables_coercion
from schema.engine.collect import nodes_of
from schema.engine.lane import Lane
from schema.engine.plan import Planned, Planner
from schema.engine.variable_errors import variable_errors, wrong_variables
from schema.engine.variables import shape
from schema.errors import BadInput, RequestError, nul_refused
from schema.limits import Limit, check_variables

DOCUMENTS, PLANS = 200, 500
MEMORY = 40_000_000  # bytes of the documents that are kept, and of the plans
WEIGHT = 100  # bytes that a document takes for each character when it is parsed
LONGEST_KEPT = 10_000  # characters; a longer document is parsed each time
MOST_ERRORS = 10
FEW, FEW_NESTED = 2_000, 200  # values that are coerced inside the event loop, in a few milliseconds
NUL = re.compile(r"\0|\\u0000|\\u\{0+\}")


class Invalid(Exception):
    """The document or its variables are wrong, as GraphQL itself says it."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        self.errors = errors


class Operation:
    """One operation of a document that is valid."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        definition: OperationDefinitionNode,
        characters: int,
        suggests: bool = False,
    ) -> None:
        self.suggests = suggests
        self.schema, self.document, self.definition = schema, document, definition
        self.kept, self.bytes = characters <= LONGEST_KEPT, WEIGHT * characters
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.is_query = definition.operation is OperationType.QUERY
        fields = nodes_of(document, FieldNode)
        self.asks_schema = any(field.name.value in ("__schema", "__type") for field in fields)
        if self.asks_schema:
            Limit.ALIASES.check(sum(field.alias is not None for field in fields))
            if not all(_is_meta(node) for node in definition.selection_set.selections):
                raise BadInput("Tanyakan skema secara terpisah.", "Ask for the schema by itself.")
        self.shaping = tuple(sorted(_shaping(document, definition)))
        self._coerce_variables = variables_coercion(schema, definition.variable_definitions or ())

    @cached_property
    def without_variables(self) -> DocumentNode:
        """The document without the declarations of its variables, for who has their values."""
        bare = replace(self.definition, variable_definitions=())
        return replace(self.document, definitions=(bare, *self.fragments.values()))

    async def variables_aside(self, sent: dict[str, Any] | None, caller: Hashable = None) -> VariableValues:
        """The same as `variables`; many are coerced beside the event loop in the caller's turn."""
        if check_variables(sent) <= (FEW if self._coerce_variables is not None else FEW_NESTED):
            return self.variables(sent)
        return await COERCING.run(caller, self.variables, sent)

    def variables(self, sent: dict[str, Any] | None) -> VariableValues:
        """The values of the variables by the rules of GraphQL.  Raises Invalid, QueryTooComplex."""
        check_variables(sent)
        if self._coerce_variables is not None:
            coerced = self._coerce_variables(sent or {})
            if coerced is not Undefined:
                return VariableValues({}, coerced)
        definitions = self.definition.variable_definitions or ()
        found = get_variable_values(self.schema, definitions, sent or {}, MOST_ERRORS)
        if isinstance(found, list):
            raise Invalid(self._faults(sent or {}))
        return found

    def _faults(self, sent: dict[str, Any]) -> list[GraphQLError]:
        """What is wrong with the variables that graphql-core has refused."""
        definitions = self.definition.variable_definitions or ()
        try:
            errors = variable_errors(self.schema, definitions, sent, self.suggests)
        except RecursionError as error:
            return [GraphQLError("nested too deeply", original_error=error)]
        return errors or [wrong_variables()]

    def planned(self, visibility: Visibility, variables: VariableValues) -> Planned:
        """The plans for these callers and variables; made once for all that look alike.

        Raises Invalid, and RequestError for what asks too much."""
        key = self._key(visibility, variables)
        return PLANNED.get(key) or self._kept(key, self._made(visibility, variables))

    async def planned_aside(
        self, visibility: Visibility, variables: VariableValues, caller: Hashable = None
    ) -> Planned:
        """The same, made beside the event loop in the caller's turn: others are served meanwhile."""
        key = self._key(visibility, variables)
        if (known := PLANNED.get(key)) is not None:
            return known
        return self._kept(key, await PLANNING.run(caller, self._made, visibility, variables))

    def _key(self, visibility: Visibility, variables: VariableValues) -> _Key:
        coerced = variables.coerced
        return self, visibility, tuple(shape(coerced[name]) if name in coerced else _ABSENT for name in self.shaping)

    def _made(self, visibility: Visibility, variables: VariableValues) -> Planned:
        try:
            planned = Planner(self.schema, self.definition, self.fragments, visibility, variables).planned()
            return replace(planned, bytes=planned.bytes + self.bytes)
        except GraphQLError as error:  # a value in the document that only its own type can judge
            raise Invalid([error]) from None

    def _kept(self, key: _Key, planned: Planned) -> Planned:
        if self.kept:
            PLANNED.put(key, planned)
        return planned


_ABSENT = "absent"
_Key = tuple[Operation, Visibility, Hashable]
PLANNED: LruCache[_Key, Planned] = LruCache("plans", PLANS, MEMORY, lambda planned: planned.bytes)
PLANNING, COERCING = Lane("plans"), Lane("variables")


class Operations:
    """The operations of one schema, the longest unused forgotten.

    Strangers have operations of their own: what they send is bounded more closely, is planned in a lane of its own, and
    makes nobody else's be forgotten."""

    def __init__(self, schema: GraphQLSchema, suggests: bool = False, strangers: bool = False) -> None:
        """`suggests` says whether refusals may propose names of the schema."""
        self._schema, self._suggests, self._strangers = schema, suggests, strangers
        self._lane = Lane("strangers" if strangers else "planning")
        name = "strangers' operations" if strangers else "operations"
        self._known: LruCache[tuple[str, str | None], Operation] = LruCache(
            name, DOCUMENTS, MEMORY, lambda operation: operation.bytes
        )

    def of(self, text: str, name: str | None) -> Operation:
        """The operation of this name in a document.  Raises Invalid, RequestError."""
        if (known := self._known.get((text, name))) is None:
            known = self._made(text, name)
            if known.kept:
                self._known.put((text, name), known)
        return known

    async def of_aside(self, text: str, name: str | None, caller: Hashable = None) -> Operation:
        """The same, made beside the event loop in the caller's turn.  Raises also RateLimited, Unreachable."""
        if (known := self._known.get((text, name))) is not None:
            return known
        return await self._lane.run(caller, self.of, text, name)

    def _made(self, text: str, name: str | None) -> Operation:
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
            if errors := validate(self._schema, document, max_errors=MOST_ERRORS, hide_suggestions=not self._suggests):
                told = [GraphQLError(e.message, e.nodes) for e in errors if not isinstance(e, ValidationAbortedError)]
                raise Invalid(told) if told else RecursionError  # too deep to find out what is wrong
        except GraphQLError as error:
            raise Invalid([error]) from None
        except RecursionError as error:
            raise Invalid([GraphQLError("nested too deeply", original_error=error)]) from None
        return Operation(self._schema, document, definition, len(text), self._suggests)


def _is_meta(node: Node) -> bool:
    return isinstance(node, FieldNode) and node.name.value.startswith("__")


def _check_size(document: DocumentNode) -> None:
    """What validation would take long for: it compares all fields of one key, and all uses of fragments."""
    keys: Counter[str] = Counter()
    for field in nodes_of(document, FieldNode):
        Limit.DIRECTIVES.check(len(field.directives or ()))
        keys[(field.alias or field.name).value] += 1
    keys["..."] = len(nodes_of(document, FragmentSpreadNode))
    Limit.FRAGMENTS.check(sum(isinstance(d, FragmentDefinitionNode) for d in document.definitions))
    Limit.COMPARISONS.check(sum(times * (times - 1) // 2 for times in keys.values()))


def _shaping(document: DocumentNode, definition: OperationDefinitionNode) -> set[str]:
    """The variables that reach plans: all but those in the arguments of commands."""
    found: list[Node] = [d.selection_set for d in document.definitions if isinstance(d, FragmentDefinitionNode)]
    for node in definition.selection_set.selections:
        if definition.operation is OperationType.MUTATION and isinstance(node, FieldNode):
            found += [*(node.directives or ()), *([node.selection_set] if node.selection_set else [])]
        else:
            found.append(node)
    return {variable.name.value for part in found for variable in nodes_of(part, VariableNode)}
