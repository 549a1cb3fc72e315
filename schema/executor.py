"""Strawberry's executor, for commands and questions about the schema, with the engine's answers spliced in.

A document comes to it parsed and validated; JSON that PostgreSQL finished passes through untouched.  Everything else
stays stock: null propagation, serial mutations, errors.
Rule: an engine result is finished, so it is never completed again; a null root is None, never a fragment of null.
Tests: tests/test_read.py, tests/test_differential.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import strawberry
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension

# a private name: graphql-core's own context lacks `operation_extensions`; tests/test_schema.py watches the import
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.execution import ExecutionContext


class Splice(StrawberryGraphQLCoreExecutionContext):
    """Executes with what the context has prepared, and leaves finished JSON alone."""

    @classmethod
    def build(cls, *said: Any, **named: Any) -> Any:
        """With the variables of the context, which are coerced: the document declares none, or it were done again."""
        made = super().build(*said, **named)
        if isinstance(made, cls):
            made.variable_values = made.context_value.variables
        return made

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, *rest: Any
    ) -> Any:
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, field_details_list, info, path, result, *rest)


class Prepared(SchemaExtension):
    """Takes the document of the context's operation, which is parsed and valid, and its variables, which are good."""

    def on_parse(self) -> Iterator[None]:
        self.execution_context.graphql_document = self.execution_context.context.operation.without_variables
        yield

    def on_validate(self) -> Iterator[None]:
        self.execution_context.pre_execution_errors = []
        yield


class Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing here: the default logs messages, and a message may quote what somebody typed."""


EXTENSIONS: list[type[SchemaExtension]] = [Prepared]
