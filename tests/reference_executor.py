"""An oracle of reading: every record as a plain dict, and graphql-core's own executor over them.

The records are read once for each person and language, field by field; tests/listing.py implements lists over them a
second time in plain Python, from the published schema alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from graphql import (
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
)

from registry.models.aggregate import village_records
from registry.models.noun import camel
from schema.declare.makers import NOUNS_BY_FACE, fields_of
from schema.declare.shapes import RelatedField
from tests.listing import NOUNS, Forbidden, Lists, Visibility
from tests.village import Place

LISTS = {"households": "Household", "members": "Member", "migrations": "MigrationEpisode", "businesses": "Business"}
HIDDEN = {"cases": "Case"}
"""Lists of records that exist only for those who see SPECIAL, or recorded them: read, and never asked as a list."""
REGIONS = ("Region", "Province", "Regency", "District", "Village")
RECORDS = (*LISTS.values(), *HIDDEN.values(), *REGIONS)


def _of_villages() -> set[str]:
    """The fields that lead to records of villages, which the reference does not hold: tests/test_pillar_lists.py."""
    nouns = {noun for noun in village_records() if noun.__name__ not in RECORDS}
    shapes = [(field.python_name, field.metadata["shape"]) for face in NOUNS_BY_FACE for field in fields_of(face)]
    return {camel(name) for name, shape in shapes if isinstance(shape, RelatedField) and shape.source.noun in nouns}


LEFT_OUT = {
    *("summary", "expiresAt", "nationalSummary"),  # they depend on the time
    "statistics",  # it counts the ledgers: tests/test_statistics.py
    "monthlyReport",  # it counts a month by the records and their history: tests/test_monthly_report.py
    "history",  # it is worked out of documents, which the reference does not have: tests/test_history.py
    *_of_villages(),
}


def is_page(type_: Any) -> bool:
    return str(type_.name).endswith("Connection")


def leaves(schema: GraphQLSchema, type_: Any) -> str:
    """A selection of everything in a record: values in full, related records by their id."""
    parts = ["__typename"]
    for name, field_ in type_.fields.items():
        inner = get_named_type(field_.type)
        if name in LEFT_OUT or is_page(inner):
            continue
        if inner.name in RECORDS:
            parts.append(f"{name} {{ id }}")
        elif isinstance(inner, GraphQLObjectType):
            parts.append(f"{name} {{ {leaves(schema, inner)} }}")
        else:
            parts.append(name)
    return " ".join(parts)


@dataclass
class Outcome:
    """What the reference answers: data, the refused key at each path, and how many roots it read."""

    data: dict[str, Any]
    refused: list[tuple[tuple[str | int, ...], str]] = field(default_factory=list)
    reads: int = 0


Rows = dict[str, list[dict[str, Any]]]


class ReferenceExecutor:
    """The records that one person sees, and resolvers of the roots over them."""

    def __init__(
        self, schema: GraphQLSchema, visibility: Visibility, lists: Lists, rows: dict[str, list[dict[str, Any]]]
    ) -> None:
        self.schema, self.visibility, self.lists, self.rows = schema, visibility, lists, rows
        self.by_id = {row["id"]: row for listed in rows.values() for row in listed}
        for name, listed in rows.items():
            for row in listed:
                self._relate(
                    schema.type_map[row["__typename"] if name == "regions" else {**LISTS, **HIDDEN}[name]], row
                )
        self.viewer: dict[str, Any] = {}
        self.anchors: dict[str, str] = {}  # cursor → id of its row
        self.reads = 0
        self.root = {name: partial(self._read, name, answer) for name, answer in self._roots().items()}

    def _roots(self) -> dict[str, Callable[..., Any]]:
        regions, households = self.rows["regions"], self.rows["households"]

        def household(by: dict[str, str]) -> Any:
            ((key, value),) = by.items()
            return next((row for row in households if row[key] == value), None)

        return {
            **{
                name: partial(self._page, NOUNS[name], "", partial(self.rows.__getitem__, name))
                for name in self.rows
                if name not in HIDDEN
            },
            "provinces": partial(
                self._page, "Region", "Province", lambda: [r for r in regions if r["level"] == "PROVINCE"]
            ),
            "node": lambda id: self.by_id.get(id),
            "household": household,
            "region": lambda code: next(r for r in regions if r["code"] == code),
            "viewer": lambda: self.viewer,
        }

    def _read(self, name: str, answer: Callable[..., Any], info: Any, **arguments: Any) -> Any:
        self.reads += 1
        if (name in LISTS or name == "household") and not self.visibility.anywhere("OPERATIONAL"):
            raise Forbidden(name)
        return answer(**arguments)

    def _relate(self, type_: Any, row: dict[str, Any]) -> None:
        for name, field_ in type_.fields.items():
            inner = get_named_type(field_.type)
            if inner.name in RECORDS and row.get(name):
                related = row[name]
                if isinstance(related, list):
                    row[name] = [self.by_id[record["id"]] for record in related]
                else:
                    row[name] = self.by_id[related["id"]]
            elif is_page(inner):
                under = partial(self._under, name, row) if name in LISTS else partial(self._children, row["id"])
                noun = LISTS.get(name, "Region")
                kind = inner.name.removesuffix("Connection")
                row[name] = self._resolver(partial(self._page, noun, kind, under))
            elif name == "code":
                row["area"] = row["code"]

    @staticmethod
    def _resolver(answer: Callable[..., Any]) -> Callable[..., Any]:
        return lambda info, **arguments: answer(**arguments)

    def _under(self, name: str, region: dict[str, Any]) -> list[dict[str, Any]]:
        return [row for row in self.rows[name] if f"{self.lists.area(row)}.".startswith(f"{region['code']}.")]

    def _children(self, id_: str) -> list[dict[str, Any]]:
        return [r for r in self.rows["regions"] if r["parent"] is not None and r["parent"]["id"] == id_]

    def _page(self, noun: str, kind: str, rows: Callable[[], list[dict[str, Any]]], **arguments: Any) -> dict[str, Any]:
        selected, key = self.lists.selected(noun, rows(), arguments)
        total = len(selected)
        after, before = (self._anchor(arguments.get(name)) for name in ("after", "before"))
        page = [row for row in selected if after is None or key(row) > key(after)]
        page = [row for row in page if before is None or key(row) < key(before)]
        backward, size = arguments.get("last") is not None, arguments.get("last") or arguments.get("first") or 20
        more = len(page) > size
        page = page[-size:] if backward else page[:size]
        identity: list[Any] = [noun, kind, *[arguments.get(name) for name in ("filter", "search", "orderBy")]]
        list_ = hashlib.sha256(json.dumps(identity, default=str).encode()).hexdigest()[:8]
        edges = [{"node": row, "cursor": f"{MARK}{list_}:{row['id']}"} for row in page]
        return {
            "nodes": page,
            "edges": edges,
            "totalCount": total,
            "pageInfo": {
                "hasNextPage": before is not None if backward else more,
                "hasPreviousPage": more if backward else after is not None,
                "startCursor": edges[0]["cursor"] if edges else None,
                "endCursor": edges[-1]["cursor"] if edges else None,
            },
            "groups": self._resolver(partial(self.lists.groups, noun, selected)),
        }

    def _anchor(self, cursor: str | None) -> dict[str, Any] | None:
        return None if cursor is None else self.by_id[self.anchors[cursor]]

    def execute(self, text: str, variables: dict[str, Any]) -> Outcome:
        """The reference's answer; its cursors are marks (see `with_cursors`)."""
        document = parse(text)
        assert all(isinstance(d, OperationDefinitionNode | FragmentDefinitionNode) for d in document.definitions)
        self.reads = 0
        result = execute_sync(
            self.schema,
            document,
            self.root,
            variable_values=variables,
            type_resolver=lambda value, *_: value["__typename"],
        )
        refused: list[tuple[tuple[str | int, ...], str]] = []
        for error in result.errors or ():
            assert isinstance(error.original_error, Forbidden), (error, text)
            assert error.path is not None
            refused.append((tuple(error.path), error.original_error.field))
        assert result.data is not None, (result.errors, text)
        roots = {path[0] for path, _ in refused if result.data[str(path[0])] is None}
        return Outcome(result.data, refused, self.reads - len(roots))


MARK = "cursor of "


def with_cursors(expected: Any, actual: Any, cursors: dict[str, str]) -> Any:
    """`expected` with the answer's own cursors in the place of marks; a mark is the same cursor wherever it stands."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {key: with_cursors(value, actual.get(key), cursors) for key, value in expected.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [with_cursors(one, other, cursors) for one, other in zip(expected, actual, strict=True)]
    if isinstance(expected, str) and expected.startswith(MARK) and isinstance(actual, str) and actual:
        return cursors.setdefault(expected, actual)
    return expected


async def reference_executor(
    village: Place, who: str, grants: list[tuple[str, str | None]], language: str = "id"
) -> ReferenceExecutor:
    """A reference executor over everything that one person sees, in one language."""
    schema = build_schema(village.app.service.sdl)
    rows: Rows = {}
    visibility = Visibility(grants)
    for name, type_ in {**LISTS, **HIDDEN, "regions": "Region"}.items():
        rows[name] = []
        if name in LISTS and not visibility.anywhere("OPERATIONAL"):
            continue
        if name in HIDDEN and not visibility.anywhere("SPECIAL"):
            continue
        village_lists = {"enrolments": "VillageEnrolment", "officers": "Actor"}
        parts = [f"{name} {{ {leaves(schema, schema.type_map[item])} }}" for name, item in village_lists.items()]
        more = f"... on Village {{ {' '.join(parts)} }}"
        selection = leaves(schema, schema.type_map[type_]) + (more if name == "regions" else "")
        answer = await village.query(who, f"{{ {name}(first: 200) {{ nodes {{ {selection} }} }} }}", language)
        rows[name] = answer.data[name]["nodes"]
        assert len(rows[name]) < 200
    labels = await village.admin.fetch("SELECT list, code, label_id AS id, label_en AS en FROM reference_code")
    lists = Lists(schema, visibility, str(village.ids[who]), language, rows["regions"])
    lists.labels = {(row["list"], row["code"]): row[language] for row in labels}
    open_findings = "SELECT household_id, about, about_author FROM finding WHERE archived_at IS NULL"
    for row in await village.admin.fetch(open_findings):
        finding = row["about"], str(row["about_author"])
        lists.findings.setdefault(str(row["household_id"]), []).append(finding)
    reference = ReferenceExecutor(schema, visibility, lists, rows)
    answer = await village.query(who, f"{{ viewer {{ {leaves(schema, schema.type_map['Viewer'])} }} }}", language)
    reference.viewer = orjson.loads(orjson.dumps(answer.data["viewer"]))
    for grant in reference.viewer["grants"]:
        grant["region"] = grant["region"] and reference.by_id[grant["region"]["id"]]
    return reference
