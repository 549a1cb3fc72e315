"""What we use of graphql-core that it does not document: how it completes a value, and four names.

Rule: no other file uses a private name of graphql-core.  tests/test_private_api.py holds that;
tests/test_libraries.py fails first if a new version moves one of these.
"""

from __future__ import annotations

from typing import Any

import orjson
from graphql import DocumentNode, Executor, GraphQLSchema, VariableValues
from graphql.language.parser import MAX_NESTING_DEPTH
from graphql.pyutils import suggestion_list
from graphql.utilities.coerce_input_value import coerce_default_value
from graphql.validation.validate import ValidationAbortedError

__all__ = ["MAX_NESTING_DEPTH", "ValidationAbortedError", "coerce_default_value", "execution", "suggestion_list"]


class _Splice(Executor[Any]):
    """Executes an operation, and leaves finished JSON alone."""

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, *rest: Any
    ) -> Any:
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, field_details_list, info, path, result, *rest)


def execution(schema: GraphQLSchema, document: DocumentNode, context: Any, variables: VariableValues) -> Any:
    """The result of the only operation of a valid document, or an awaitable of it.

    The document defines no variables, because `variables` are coerced already."""
    executor = _Splice.build(schema, document, context_value=context)
    assert isinstance(executor, _Splice), "a document that is valid, with one operation"
    executor.variable_values = variables
    return executor.execute_operation()
