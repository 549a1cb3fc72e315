"""How much one request may ask for: more is refused before anything runs, never cut down silently.

Rule: whatever a caller sends is bounded here by name, in the words that the refusal uses.  Test: tests/test_limits.py.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from schema.errors import QueryTooComplex

MOST_META_ROOTS = 3  # root fields of a request without a token, which may only ask about the schema


class Limit(Enum):
    """How much of something is accepted, and what it is."""

    CHARACTERS = 64_000, "characters of a document; values belong in variables"
    TOKENS = 5_000, "tokens of a document"
    STRANGERS_CHARACTERS = 4_000, "characters of a document without a token"
    FRAGMENTS = 100, "fragments of a document"
    COMPARISONS = 20_000, "pairs of fields with the same key, or of uses of fragments, in a whole document"
    ROOTS = 30, "root fields"
    DIRECTIVES = 15, "directives of one field"
    ALIASES = 10, "aliases in a question about the schema"
    SELECTIONS = 20_000, "selections, those of a fragment each time it is used"
    DEPTH = 16, "objects inside each other"
    FIELDS = 400, "fields of one object"  # PostgreSQL allows 1,664
    NODES = 50_000, "cost: records in the answer (product of `first`, a tenth of a plain list) and what is read"
    VALUES = 1_000_000, "values in the answer, counted alike"
    BYTES = 80_000_000, "bytes of the answer, each text as long as it may be"
    PARTS = 1_500, "pieces of SQL: a field is one, a list or a count eight"  # each takes a millisecond to plan
    VARIABLES = 30_000, "values in the variables: what each key holds, and each item of a list"
    CONDITIONS = 200, "keys of the filters of a root field; an empty filter counts as one"
    FILTER_DEPTH = 12, "filters inside each other"
    REVEALS = 1, "numbers of the vault shown in full"
    PROOFS = 1, "passwords, codes or refresh tokens to check"
    LIST = 1_000, "different values of one list in a filter"
    TEXT = 500, "characters of a text in a filter or a search"

    def __init__(self, limit: int, what: str) -> None:
        self.limit, self.what = limit, what

    def check(self, requested: int) -> None:
        """Raises QueryTooComplex for more than the limit."""
        if requested > self.limit:
            raise QueryTooComplex(self.name.lower(), self.limit, requested)


CONTAINERS = dict, list  # not `dict | list`, which Python makes anew for each value


def check_variables(sent: dict[str, Any] | None) -> int:
    """How many values were sent, counted before any of them is coerced.  Raises QueryTooComplex.

    Counts level by level instead of recursively, so that nesting cannot exhaust the stack."""
    count, level = 0, [sent or {}]
    while level:
        next_level: list[Any] = []
        for container in level:
            count += len(container)
            values = container.values() if isinstance(container, dict) else container
            next_level += [value for value in values if isinstance(value, CONTAINERS)]
        Limit.VARIABLES.check(count)
        level = next_level
    return count
