"""What a caller without a token may ask: about the schema, or to sign in.

Rule: whoever asks anything else is told to sign in, and not what is wrong with it; a sign-in is told where the schema
is public, so that developers who misspell one of its fields see which.
Tests: tests/test_sign_in.py, tests/test_http.py.
"""

from __future__ import annotations

import re

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, OperationType

from schema.declare.commands import before_sign_in
from schema.engine.operation import Invalid
from schema.limits import MOST_META_ROOTS

MAX_STRANGERS_BODY = 16_000  # bytes; the query by which tools read the schema has 2,000


def may_ask(definition: OperationDefinitionNode) -> bool:
    """Whether an operation needs no token."""
    return _reads_schema_only(definition) or _signs_in(definition)


def is_sign_in(invalid: Invalid) -> bool:
    """Whether a document that is not valid would be a sign-in: by its root, or, if it has none, by its words."""
    if invalid.definition is not None:
        return _signs_in(invalid.definition)
    return any(map(_names_sign_in, invalid.errors))


def root_names(definition: OperationDefinitionNode) -> list[str]:
    """The names of the root fields; a fragment is an empty name, because what it selects is not looked at."""
    selections = definition.selection_set.selections
    return [node.name.value if isinstance(node, FieldNode) else "" for node in selections]


def _reads_schema_only(definition: OperationDefinitionNode) -> bool:
    """Whether every root field is about the schema, and there are few of them."""
    roots = root_names(definition)
    return len(roots) <= MOST_META_ROOTS and all(name.startswith("__") for name in roots)


def _signs_in(definition: OperationDefinitionNode) -> bool:
    """Whether it is one command that needs no token."""
    roots = root_names(definition)
    return definition.operation is OperationType.MUTATION and len(roots) == 1 and roots[0] in before_sign_in()


def _names_sign_in(error: GraphQLError) -> bool:
    """Whether a text that cannot be parsed begins as a mutation and names a command that needs no token."""
    text = error.source.body if error.source else ""
    names = "|".join(sorted(before_sign_in()))
    return re.match(rf"\s*mutation\b[^{{]*\{{\s*(?:\w+\s*:\s*)?(?:{names})\b", text) is not None
