"""graphql-core's executor, for commands and questions about the schema, with the engine's answers spliced in.

It gets documents parsed and validated, with their variables coerced; JSON that PostgreSQL has finished passes through
untouched.  Everything else is graphql-core's own: null propagation, serial mutations, errors, Strawberry's resolvers.
Rule: an engine result is finished, so it is never completed again; a null root is None, never a fragment of null.
Tests: tests/test_read.py, tests/test_prepared.py, tests/test_http.py.
"""

from __future__ import annotations

from typing import Any, cast

import orjson
from graphql import ExecutionResult, GraphQLSchema

from registry.store.cache import LruCache
from schema.engine.context import Context
from schema.engine.graphql_internals import execution
from schema.engine.lane import Lane
from schema.engine.operation import Operation


async def execute(schema: GraphQLSchema, context: Context) -> ExecutionResult:
    """Run the operation of a context."""
    if context.operation.asks_schema:
        return await _describe(schema, context)
    result = _execute(schema, context)
    return result if isinstance(result, ExecutionResult) else await result


DESCRIPTIONS: LruCache[Operation, bytes] = LruCache("descriptions", 50, 10_000_000, len)
"""The answers to questions about the schema, which are always the same."""
DESCRIBING = Lane("describing")


async def _describe(schema: GraphQLSchema, context: Context) -> ExecutionResult:
    operation = context.operation
    description = DESCRIPTIONS.get(operation)
    if description is not None:
        return ExecutionResult(cast("dict[str, Any]", orjson.Fragment(description)), None)
    # It takes a second of the processor without waiting for anything, so it would block the event loop.
    result: ExecutionResult = await DESCRIBING.run(context.principal.user_id, _execute, schema, context)
    if operation.is_cached and not operation.definition.variable_definitions and not result.errors:
        DESCRIPTIONS.put(operation, orjson.dumps(result.data))
    return result


def _execute(schema: GraphQLSchema, context: Context) -> Any:
    """The result of an operation, or an awaitable of it."""
    return execution(schema, context.operation.without_variables, context, context.variables)
