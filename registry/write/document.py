"""A record as one document, and how two edits of it become one.

A change set holds what was sent and nothing else: a column that is left out stays as it is, null clears it, and a child
is removed only by name.
Rule: merging loses nothing: a column that both sides changed differently is a conflict, and a conflict stores nothing.
Tests: tests/test_document.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from registry.guard.vault import Vault
from registry.models.aggregate import Aggregate, Document
from registry.models.household_aggregate import AGGREGATE, ORDERS
from registry.values.identity_number import is_masked

At = tuple[str, str, str]
"""Table, id, column."""
Path = tuple[str, ...]
"""Where in an input something stands: keys and numbers."""


@dataclass
class ChangeSet:
    """What was sent of one record: `sent` columns by place, and `removed` children.

    `records` is where in the input each record stands, `inside` where in a record of a table each column stands or
    would stand, `taken` where an id stands that names a record of another type in the same document.  Of the tables in
    `whole` all entries were sent, so that others are removed; `repeated` is where an entry stands a second time."""

    id: str
    sent: Document
    aggregate: Aggregate = AGGREGATE
    removed: set[tuple[str, str]] = field(default_factory=set)
    records: dict[tuple[str, str], Path] = field(default_factory=dict)
    inside: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)
    taken: list[Path] = field(default_factory=list)
    whole: frozenset[str] = frozenset()
    repeated: list[Path] = field(default_factory=list)

    @property
    def root(self) -> tuple[str, str]:
        """Table and id of the record itself."""
        return self.aggregate.root, self.id

    def path(self, at: At) -> Path:
        """Where in the input a place stands or would stand; a child that was not sent is named by its id."""
        table, id_, column = at
        columns = self.inside.get(table, {})
        if (table, id_) == self.root:
            return *self.records.get(self.root, ()), *columns.get(column, (column,))
        unsent = (*self.records.get(self.root, ()), self.aggregate.lists[table], id_)
        return *self.records.get((table, id_), unsent), *columns.get(column, ())

    def root_path(self, column: str) -> Path:
        """Where in the input a column of the record itself stands or would stand."""
        return self.path((*self.root, column))


@dataclass
class Merged:
    """`document` after the edit; `changed` whether it differs, `conflicts` the places that both sides changed."""

    document: Document
    changed: bool
    conflicts: list[At]


def copied(document: Document) -> Document:
    """A document of its own with the same values, which are replaced and never changed."""
    return {table: {id_: dict(columns) for id_, columns in rows.items()} for table, rows in document.items()}


def listed(table: str, document: Document) -> list[str]:
    """The ids of a list of the household, in the order in which it is shown."""
    return ORDERS[table](document[table])


def same(a: Any, b: Any) -> bool:
    """Equal values; two sealed numbers are equal when their blind indexes are."""
    if isinstance(a, dict) and isinstance(b, dict):
        return bool(a["blind"] == b["blind"])
    return bool(a == b)


def seal(edit: ChangeSet, vault: Vault) -> None:
    """Seal the identity numbers of an edit, so that nothing behind this line handles them in the open.

    Masks stay as they are, because they are not numbers."""
    for (table, column), field_ in edit.aggregate.sealed.items():
        for id_, columns in edit.sent[table].items():
            if isinstance(value := columns.get(column), str) and not is_masked(value):
                columns[column] = vault.seal(id_, field_, value).as_json()


def opened(document: Document, vault: Vault) -> Document:
    """A household with its numbers in the open, for the rules that judge them; never stored, never sent."""
    plain = copied(document)
    for (table, column), field_ in AGGREGATE.sealed.items():
        for id_, columns in plain[table].items():
            box = columns.get(column)
            if isinstance(box, dict):
                columns[column] = vault.open(id_, field_, box["key_id"], box["sealed"])
    return plain


def settle_whole_lists(edit: ChangeSet, base: Document, current: Document) -> None:
    """Turn each list that was sent as a whole into what the edit changes of it since `base`.

    An entry that was there and is left out is removed; one that is only repeated, and that others removed, stays so."""
    for table in edit.whole:
        sent, before = edit.sent[table], base[table]
        edit.removed = edit.removed | {(table, key) for key in before if key not in sent}
        for key in before.keys() & sent.keys() - current[table].keys():
            if all(same(before[key].get(column), value) for column, value in sent[key].items()):
                del sent[key]


def merge(base: Document, current: Document, edit: ChangeSet) -> Merged:
    """Three-way by column: what the edit changed since `base`, on top of what others changed since."""
    merged, conflicts = copied(current), []
    for table, rows in edit.sent.items():
        for id_, sent in rows.items():
            before, now = base[table].get(id_), current[table].get(id_)
            row = merged[table].setdefault(id_, {})
            if before is None and now is None:  # new to both sides
                row |= sent
                continue
            conflicts += [(table, id_, column) for column in _merge_row(edit.aggregate, table, before, now, sent, row)]
    for table, id_ in sorted(edit.removed):
        now = current[table].get(id_)
        if now is not None and base[table].get(id_) != now:  # nobody removes what they have not seen
            conflicts.append((table, id_, "id"))
        merged[table].pop(id_, None)
    for table in edit.aggregate.children:
        for id_ in edit.sent.get(table, {}):
            removed_by_others = id_ in base[table] and id_ not in current[table]
            if removed_by_others and (table, id_) not in edit.removed:
                conflicts.append((table, id_, "id"))
    complete(edit.aggregate, merged)
    return Merged(merged, _differ(merged, current), conflicts)


def _merge_row(
    aggregate: Aggregate,
    table: str,
    before: dict[str, Any] | None,
    now: dict[str, Any] | None,
    sent: dict[str, Any],
    row: dict[str, Any],
) -> Iterator[str]:
    """Put what was changed since `before` into `row`, which is like `now`; yield columns that both sides changed."""
    was, is_ = before or {}, now or {}
    defaults = aggregate.defaults.get(table, {})
    for column, sent_value in sent.items():
        value = deepcopy(defaults.get(column)) if sent_value is None else sent_value
        others_added = before is None and is_.get(column) is not None  # the record, after the edit started
        is_stored = same(is_.get(column), value)
        is_untouched = same(was.get(column), value) and not others_added
        whole = aggregate.wholes.get((table, column), (column,))
        if is_stored or is_untouched:
            row.setdefault(column, is_.get(column))
        elif all(same(was.get(part), is_.get(part)) for part in whole):  # others left it as it was
            row[column] = value
        else:
            yield column


def complete(aggregate: Aggregate, document: Document) -> None:
    """Give the columns of a document that the database needs, and that hold nothing, their defaults."""
    for table, defaults in aggregate.defaults.items():
        for columns in document[table].values():
            for column, value in defaults.items():
                if columns.get(column) is None:
                    columns[column] = deepcopy(value)


def _differ(document: Document, other: Document) -> bool:
    """Whether two documents hold other records, or other values in one; null and left out are the same."""
    if any(rows.keys() != other[table].keys() for table, rows in document.items()):
        return True
    return _known(document) != _known(other)


def _known(document: Document) -> Document:
    """The document without what is not known, so that null and left out are the same."""
    return {
        table: {id_: {c: v for c, v in columns.items() if v is not None} for id_, columns in rows.items()}
        for table, rows in document.items()
    }
