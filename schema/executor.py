"""The splice: JSON that PostgreSQL finished passes through GraphQL's executor untouched.

Everything else stays stock: parsing and validation (both cached), coercion, null propagation, serial mutations.
Rule: an engine result is finished, so it is never completed again; a null root is None, never a fragment of null.
Test: tests/test_read.py (a differential run against plain execution comes with every new kind of field).
"""

from __future__ import annotations

from typing import Any

import orjson
import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaxTokensLimiter, ParserCache, ValidationCache

# a private name: graphql-core's own context lacks `operation_extensions`; tests/test_schema.py watches the import
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.execution import ExecutionContext

from schema.limits import MOST_TOKENS

CACHED = 500  # documents


class Splice(StrawberryGraphQLCoreExecutionContext):
    def build_resolve_info(self, *args: Any, **kwargs: Any) -> Any:
        self.context_value.variables = self.variable_values
        return super().build_resolve_info(*args, **kwargs)

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, *rest: Any
    ) -> Any:
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, field_details_list, info, path, result, *rest)


class Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing here: the default logs messages, and a message may quote what somebody typed."""


EXTENSIONS = [lambda: MaxTokensLimiter(MOST_TOKENS), lambda: ParserCache(CACHED), lambda: ValidationCache(CACHED)]
