"""The household as one document, and how two edits of it become one.

A document is table → id → column → JSON value; numbers of the vault are in it sealed.  An edit holds what was sent and
nothing else: a column left out stays as it is, null clears it, a child is taken out only by name.
Rule: merging loses nothing: a column that both sides changed differently is a clash, and a clash stores nothing.
Tests: tests/test_document.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from registry.guard.vault import Vault
from registry.models.aggregate import CHILDREN, DEFAULTS, LISTS, NOUNS, ORDERS, SEALED, WHOLES
from registry.values.identity_number import is_masked

Document = dict[str, dict[str, dict[str, Any]]]
At = tuple[str, str, str]
"""Table, id, column."""
Path = tuple[str, ...]
"""Where in an input something stands: keys and numbers."""


@dataclass
class ChangeSet:
    """What was sent: `sent` columns by place, and `removed` children.

    `records` tells where in the input each record stands, `inside` where in a record of a table each column does or
    would, `taken` where an id stands that names a record of another type in the same document."""

    household: str
    sent: Document
    removed: set[tuple[str, str]] = field(default_factory=set)
    records: dict[tuple[str, str], Path] = field(default_factory=dict)
    inside: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)
    taken: list[Path] = field(default_factory=list)

    def path(self, at: At) -> Path:
        """Where in the input a place stands or would stand; a record that was not sent is named by its id."""
        table, id_, column = at
        if table == "household":
            return "household", *self.inside.get(table, {}).get(column, (column,))
        where = self.inside.get(table, {}).get(column, ())
        return *self.records.get((table, id_), ("household", LISTS[table], id_)), *where


@dataclass
class Merged:
    """`document` after the edit; `changed` tells whether it differs, `conflicts` are the places both sides changed."""

    document: Document
    changed: bool
    conflicts: list[At]


def empty() -> Document:
    return {name: {} for name in NOUNS}


def copied(document: Document) -> Document:
    """A document of its own with the same values, which are replaced and never changed."""
    return {table: {id_: dict(columns) for id_, columns in rows.items()} for table, rows in document.items()}


def listed(table: str, document: Document) -> list[str]:
    """The ids of a list in the order in which the household shows it."""
    return ORDERS[table](document[table])


def same(a: Any, b: Any) -> bool:
    """Equal values; two sealed numbers are equal when their blind indexes are."""
    if isinstance(a, dict) and isinstance(b, dict):
        return bool(a["blind"] == b["blind"])
    return bool(a == b)


def seal(edit: ChangeSet, vault: Vault) -> None:
    """Put the numbers of an edit under seal, so that nothing behind this line handles them in the open.

    Masks stay as they are, for they are no numbers."""
    for (table, column), field_ in SEALED.items():
        for id_, columns in edit.sent[table].items():
            if isinstance(value := columns.get(column), str) and not is_masked(value):
                columns[column] = vault.seal(id_, field_, value).as_json()


def opened(document: Document, vault: Vault) -> Document:
    """The document with its numbers in the open, for the rules that judge them; never stored, never sent."""
    made = copied(document)
    for (table, column), field_ in SEALED.items():
        for id_, columns in made[table].items():
            box = columns.get(column)
            if isinstance(box, dict):
                columns[column] = vault.open(id_, field_, box["key_id"], box["sealed"])
    return made


def merge(base: Document, current: Document, edit: ChangeSet) -> Merged:
    """Three-way by column: what the edit changed since `base`, on top of what others changed since."""
    made, conflicts = copied(current), []
    for table, rows in edit.sent.items():
        for id_, columns in rows.items():
            before, now = base[table].get(id_), current[table].get(id_)
            kept = made[table].setdefault(id_, {})
            if before is None and now is None:  # new to both sides
                kept |= columns
                continue
            conflicts += [(table, id_, column) for column in _merge_row(table, before, now or {}, columns, kept)]
    for table, id_ in sorted(edit.removed):
        now = current[table].get(id_)
        if now is not None and base[table].get(id_) != now:  # what he has not seen nobody takes out
            conflicts.append((table, id_, "id"))
        made[table].pop(id_, None)
    for table, id_ in [(t, i) for t in CHILDREN for i in edit.sent.get(t, {})]:
        if id_ in base[table] and id_ not in current[table] and (table, id_) not in edit.removed:
            conflicts.append((table, id_, "id"))  # somebody took out what this edit changes
    _complete(made)
    return Merged(made, _known(made) != _known(current), conflicts)


def _merge_row(
    table: str, before: dict[str, Any] | None, now: dict[str, Any], sent: dict[str, Any], kept: dict[str, Any]
) -> Iterator[str]:
    """Puts what was changed since `before` into `kept`, which is like `now`; yields columns that both sides changed."""
    was = before or {}
    for column, said in sent.items():
        value = deepcopy(DEFAULTS.get(table, {}).get(column)) if said is None else said
        unseen = before is None and now.get(column) is not None
        if same(now.get(column), value) or (same(was.get(column), value) and not unseen):
            kept.setdefault(column, now.get(column))
        elif all(same(was.get(part), now.get(part)) for part in WHOLES.get((table, column), (column,))):
            kept[column] = value
        else:
            yield column


def _complete(document: Document) -> None:
    for table, defaults in DEFAULTS.items():
        for columns in document[table].values():
            for column, value in defaults.items():
                if columns.get(column) is None:
                    columns[column] = deepcopy(value)


def _known(document: Document) -> Document:
    """The document without what is not known, so that null and left out are the same."""
    return {
        table: {id_: {c: v for c, v in columns.items() if v is not None} for id_, columns in rows.items()}
        for table, rows in document.items()
    }
