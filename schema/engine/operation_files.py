"""Files of GraphQL operations, as frontend teams have them: the documents that they hold, each with its place.

- GraphQL: a file with one operation is a document as it stands; of a file with several, each operation is a document
  with the fragments that it uses, as GraphQL's printer writes it.
- `apollo-persisted-query-manifest`, which Apollo's tools generate: the body of each operation.
- A JSON object from SHA-256 to document, as GraphQL Code Generator writes it (`persistedDocuments`).
Rule: a file is bounded before it is read, and whatever is wrong with it is reported with its line.
Tests: tests/test_registration.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    LoneAnonymousOperationRule,
    OperationDefinitionNode,
    UniqueFragmentNamesRule,
    UniqueOperationNamesRule,
    parse,
    print_ast,
    separate_operations,
    validate,
)

MAX_BYTES = 5_000_000  # of a file
MAX_TOKENS = 500_000  # of a file of GraphQL
MAX_PROBLEMS = 20  # that are reported of one file
MANIFEST = "apollo-persisted-query-manifest"
WHOLE_FILE = [LoneAnonymousOperationRule, UniqueFragmentNamesRule, UniqueOperationNamesRule]
"""Rules of GraphQL by which operations in one file disturb each other."""


class OperationsError(Exception):
    """A file whose operations cannot be registered; each of its lines says where, and why."""

    def __init__(self, problems: list[str]) -> None:
        more = [f"and {len(problems) - MAX_PROBLEMS} more"] if len(problems) > MAX_PROBLEMS else []
        super().__init__("\n".join(problems[:MAX_PROBLEMS] + more))


@dataclass(frozen=True)
class Source:
    """A document of a file.  `node` has the places of its parts in that file, if it is a file of GraphQL."""

    file: str
    line: int
    document: str
    node: DocumentNode | None = None
    label: str = ""  # what the file calls it, where lines alone do not show which one it is

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.document.encode()).hexdigest()

    def at(self, line: int | None = None) -> str:
        """The place of a line of the document, for people."""
        if self.node is not None:
            return f"{self.file}:{line or self.line}"
        inside = f", line {line} of its body" if line else ""
        return f"{self.file}:{self.line} ({self.label}{inside})"


def read_operations(path: Path, schema: GraphQLSchema) -> list[Source]:
    """The documents of a file.  Raises OperationsError, OSError."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OperationsError([f"{path.name}: the file has more than {MAX_BYTES:,} bytes; split it."])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise OperationsError([f"{path.name}:{line}: the file is not UTF-8."]) from None
    is_json = path.suffix == ".json"
    sources = list(_of_json(path.name, text) if is_json else _of_graphql(path.name, text, schema))
    if not sources:
        raise OperationsError([f"{path.name}: the file holds no operation."])
    return sources


def _of_graphql(file: str, text: str, schema: GraphQLSchema) -> Iterator[Source]:
    try:
        document = parse(text, max_tokens=MAX_TOKENS)
        errors = validate(schema, document, WHOLE_FILE)
    except GraphQLError as error:
        errors = [error]
    except RecursionError:
        raise OperationsError([f"{file}: it is nested too deeply."]) from None
    if errors:
        raise OperationsError([f"{file}:{line_of(error) or 1}: {error.message}" for error in errors])
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) == 1:
        yield Source(file, _line(operations[0]), text, document)
        return
    parts = separate_operations(document)
    for operation in operations:
        part = parts[operation.name.value if operation.name else ""]
        yield Source(file, _line(operation), print_ast(part), part)


def _of_json(file: str, text: str) -> Iterator[Source]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise OperationsError([f"{file}:{error.lineno}: the file is not JSON: {error.msg}."]) from None
    except RecursionError:
        raise OperationsError([f"{file}: it is nested too deeply."]) from None
    problems = []
    for sha256, label, document in _entries(file, content):
        line = text[: max(text.find(f'"{sha256}"'), 0)].count("\n") + 1
        source = Source(file, line, document, label=label)
        if source.sha256 != sha256.removeprefix("sha256:"):
            problems.append(f"{source.at()}: its id is not the SHA-256 of its document; generate the file again.")
        yield source
    if problems:
        raise OperationsError(problems)


def _entries(file: str, content: Any) -> Iterator[tuple[str, str, str]]:
    """Id, label and document of each entry.  Raises OperationsError for another shape."""
    if isinstance(content, dict) and "format" in content:
        operations = content.get("operations")
        if content["format"] != MANIFEST or content.get("version") != 1 or not isinstance(operations, list):
            raise OperationsError([f"{file}: it is not an `{MANIFEST}` of version 1."])
        entries = [
            (entry.get("id"), entry.get("name"), entry.get("body")) if isinstance(entry, dict) else (None,) * 3
            for entry in operations
        ]
    elif isinstance(content, dict):
        entries = [(sha256, sha256[:12], document) for sha256, document in content.items()]
    else:
        raise OperationsError([f"{file}: it is neither an `{MANIFEST}` nor an object from SHA-256 to document."])
    for number, (sha256, label, document) in enumerate(entries, 1):
        if not (isinstance(sha256, str) and isinstance(document, str)):
            raise OperationsError([f"{file}: entry {number} has no id or no document as text."])
        yield sha256, label if isinstance(label, str) else f"entry {number}", document


def line_of(error: GraphQLError) -> int | None:
    """The line that an error speaks of."""
    return error.locations[0].line if error.locations else None


def _line(operation: OperationDefinitionNode) -> int:
    return operation.loc.start_token.line if operation.loc else 1
