"""graphql-core's executor, for commands and questions about the schema, with the engine's answers spliced in.

A document comes to it parsed and validated, and its variables coerced; JSON that PostgreSQL finished passes through
untouched.  Everything else stays stock: null propagation, serial mutations, errors, and Strawberry's resolvers.
Rule: an engine result is finished, so it is never completed again; a null root is None, never a fragment of null.
Tests: tests/test_read.py, tests/test_prepared.py, tests/test_http.py.
"""

from __future__ import annotations

from typing import Any, cast

import orjson
from graphql import ExecutionResult, Executor, GraphQLSchema

from registry.store.cache import LruCache
from schema.engine.context import Context
from schema.engine.lane import Lane
from schema.engine.operation import Operation


class Splice(Executor[Any]):
    """Executes what a context has prepared, and leaves finished JSON alone."""

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, *rest: Any
    ) -> Any:
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, field_details_list, info, path, result, *rest)


async def execute(schema: GraphQLSchema, context: Context) -> ExecutionResult:
    """Run the operation of a context."""
    operation = context.operation
    if not operation.asks_schema:
        found = _execution(schema, context)
        return found if isinstance(found, ExecutionResult) else await found
    if (known := DESCRIPTIONS.get(operation)) is not None:
        return ExecutionResult(cast("dict[str, Any]", orjson.Fragment(known)), None)
    # It takes a second of the processor and waits for nothing, so it would stop everybody on the event loop.
    result = await DESCRIBING.run(context.principal.user_id, _execution, schema, context)
    if operation.kept and not operation.definition.variable_definitions and not result.errors:
        DESCRIPTIONS.put(operation, orjson.dumps(result.data))
    return cast("ExecutionResult", result)


DESCRIPTIONS: LruCache[Operation, bytes] = LruCache("descriptions", 50, 10_000_000, len)
"""What was answered to questions about the schema, which is always the same."""
DESCRIBING = Lane("describing")


def _execution(schema: GraphQLSchema, context: Context) -> Any:
    """The result of an operation, or what awaits it.

    The variables are the context's, coerced already, so the document that runs declares none."""
    made = Splice.build(schema, context.operation.without_variables, context_value=context)
    assert isinstance(made, Splice), "a document that is valid, with the operation that was found in it"
    made.variable_values = context.variables
    return made.execute_operation()
