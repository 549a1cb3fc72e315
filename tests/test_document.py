"""Merging two change sets of one household: no change is lost, and a conflict stores nothing."""

from __future__ import annotations

import secrets
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registry.codes import IdentityField
from registry.guard.vault import Vault
from registry.models.aggregate import Document
from registry.models.household_aggregate import AGGREGATE, WHOLES
from registry.write.document import ChangeSet, merge, opened, same, seal

HOUSEHOLD = "h"
PLACES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "household": ((HOUSEHOLD,), ("address", "hamlet", "status", "kk_number")),
    "member": (("m1", "m2"), ("full_name", "nik")),
    "migration_episode": (("e1",), ("stage", "city")),
    "business": (("b1",), ("name", "status", "capital_amount", "capital_currency")),
}
"""A small household, so that two change sets often overlap."""
CHILDREN = [(table, id_) for table, (ids, _) in PLACES.items() if table != "household" for id_ in ids]
COLUMNS = [(table, id_, column) for table, (ids, columns) in PLACES.items() for id_ in ids for column in columns]
EVEN = ("address", "status", "full_name", "stage", "capital_amount", "capital_currency")
"""Half of the columns, without splitting those that are one value together."""
NUMBERS = ("kk_number", "nik")
VAULT = Vault("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))


def value(column: str) -> st.SearchStrategy[Any]:
    """Values that may be sent for a column; a number is sealed again each time."""
    if column not in NUMBERS:
        return st.sampled_from([None, "a", "b"])
    boxes = st.builds(lambda blind, box: {"blind": blind, "sealed": box}, st.sampled_from("xy"), st.uuids().map(str))
    return st.none() | boxes


@st.composite
def edits(draw: st.DrawFn, columns: list[tuple[str, str, str]] = COLUMNS, removable: Any = CHILDREN) -> ChangeSet:
    edit = ChangeSet(HOUSEHOLD, AGGREGATE.empty())
    edit.removed = set(draw(st.lists(st.sampled_from(removable), max_size=2))) if removable else set()
    for table, id_, column in columns:
        if (table, id_) not in edit.removed and draw(st.booleans()):
            edit.sent[table].setdefault(id_, {})[column] = draw(value(column))
    return edit


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A stored household, of which some children are absent."""
    edit = draw(edits(removable=None))
    edit.sent["household"].setdefault(HOUSEHOLD, {})
    return merge(AGGREGATE.empty(), AGGREGATE.empty(), edit).document


def places(edit: ChangeSet) -> list[tuple[tuple[str, str, str], Any]]:
    """Every sent column with its value."""
    rows = [(table, id_, columns) for table, ids in edit.sent.items() for id_, columns in ids.items()]
    return [((table, id_, column), value) for table, id_, columns in rows for column, value in columns.items()]


def effective(at: tuple[str, str, str], sent: Any) -> Any:
    """The value to store: a cleared column with a default gets its default."""
    return AGGREGATE.defaults.get(at[0], {}).get(at[2]) if sent is None else sent


def value_at(document: Document, at: tuple[str, str, str]) -> Any:
    table, id_, column = at
    return document[table].get(id_, {}).get(column)


def places_of_one_value(at: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    """The places that form one value with this one."""
    table, id_, column = at
    return [(table, id_, part) for part in WHOLES.get((table, column), (column,))]


def known_values(document: Document) -> dict[tuple[str, str, str], Any]:
    """The document without nulls, with each number as its blind index."""
    return {
        (table, id_, column): value["blind"] if isinstance(value, dict) else value
        for table, rows in document.items()
        for id_, columns in rows.items()
        for column, value in columns.items()
        if value is not None
    }


@given(documents(), edits(), edits())
def test_a_merge_keeps_the_changes_of_both_sides(base: Document, theirs: ChangeSet, mine: ChangeSet) -> None:
    current = merge(base, base, theirs).document
    merged = merge(base, current, mine)
    if merged.conflicts:
        return
    changes = {
        at: effective(at, sent) for at, sent in places(mine) if not same(value_at(base, at), effective(at, sent))
    }
    for at, sent in changes.items():
        assert same(value_at(merged.document, at), sent)
    for table, rows in current.items():
        for id_, columns in rows.items():
            if (table, id_) in mine.removed:
                assert id_ not in merged.document[table]
                continue
            for column, value_ in columns.items():
                if (table, id_, column) not in changes:
                    assert value_at(merged.document, (table, id_, column)) == value_


@given(documents(), edits(), edits())
def test_a_conflict_is_a_place_that_both_sides_changed_differently(
    base: Document, theirs: ChangeSet, mine: ChangeSet
) -> None:
    current = merge(base, base, theirs).document
    conflicts = merge(base, current, mine).conflicts
    both = {
        at
        for at, sent in places(mine)
        if not same(value_at(current, at), effective(at, sent))
        # Nobody can clear what they have not seen.
        and (not same(value_at(base, at), effective(at, sent)) or at[1] not in base[at[0]])
        and any(not same(value_at(base, part), value_at(current, part)) for part in places_of_one_value(at))
    }
    assert {at for at in conflicts if at[2] != "id"} == both
    taken_out = {(t, i) for t, i in CHILDREN if i in base[t] and i not in current[t] and i in mine.sent[t]}
    unseen = {(t, i) for t, i in mine.removed if i in current[t] and current[t][i] != base[t].get(i)}
    assert {at[:2] for at in conflicts if at[2] == "id"} == taken_out | unseen


@given(documents(), edits(), edits())
def test_a_retry_changes_nothing(base: Document, theirs: ChangeSet, mine: ChangeSet) -> None:
    merged = merge(base, merge(base, base, theirs).document, mine)
    if not merged.conflicts:
        again = merge(base, merged.document, mine)
        assert (again.changed, again.conflicts, again.document) == (False, [], merged.document)


@given(st.data(), documents())
def test_edits_of_different_places_commute(data: st.DataObject, base: Document) -> None:
    """Each side owns complete new children and removes only its own."""
    first = {place: data.draw(st.booleans()) for place in CHILDREN}
    sides = []
    for side in (True, False):
        columns = [
            (table, id_, column)
            for table, id_, column in COLUMNS
            if (first[table, id_] if id_ not in base[table] and table != "household" else column in EVEN) is side
        ]
        mine = {(t, i) for t, i, _ in columns} - {(t, i) for t, i, _ in COLUMNS if (t, i, _) not in columns}
        removable = [place for place in CHILDREN if place in mine]
        sides.append(data.draw(edits(columns, removable)))
    a, b = sides
    left = merge(base, merge(base, base, a).document, b)
    right = merge(base, merge(base, base, b).document, a)
    assert left.conflicts == right.conflicts == []
    assert known_values(left.document) == known_values(right.document)


@given(documents(), edits(), edits())
def test_a_merge_is_changed_only_if_its_document_differs(base: Document, theirs: ChangeSet, mine: ChangeSet) -> None:
    current = merge(base, base, theirs).document
    merged = merge(base, current, mine)
    ids = {table: rows.keys() for table, rows in current.items()}
    differs = known_values(merged.document) != known_values(current) or ids != {
        t: r.keys() for t, r in merged.document.items()
    }
    assert merged.changed is differs


@given(documents(), edits(), edits())
def test_merging_leaves_its_arguments_alone(base: Document, theirs: ChangeSet, mine: ChangeSet) -> None:
    current = merge(base, base, theirs).document
    before = deepcopy((base, current, mine.sent, mine.removed))
    merge(base, current, mine)
    assert (base, current, mine.sent, mine.removed) == before


@given(documents())
def test_clearing_an_empty_column_changes_nothing(document: Document) -> None:
    nothing = ChangeSet(HOUSEHOLD, AGGREGATE.empty())
    for at in COLUMNS:
        table, id_, column = at
        if id_ in document[table] and value_at(document, at) is None:
            nothing.sent[table].setdefault(id_, {})[column] = None
    assert not merge(document, document, nothing).changed


def test_conflicts_are_ordered() -> None:
    there = AGGREGATE.empty() | {"member": {id_: {"full_name": "a"} for id_ in "dbca"}}
    edit = ChangeSet(HOUSEHOLD, AGGREGATE.empty(), removed={("member", id_) for id_ in "abcd"})
    assert merge(AGGREGATE.empty(), there, edit).conflicts == [("member", id_, "id") for id_ in "abcd"]


@given(st.text(st.characters(categories=["Nd", "Lu"]), min_size=1), st.uuids().map(str))
def test_sealing_hides_only_numbers_and_can_be_opened(number: str, member: str) -> None:
    edit = ChangeSet(
        HOUSEHOLD, AGGREGATE.empty() | {"member": {member: {"nik": number, "full_name": number, "seq": 1}}}
    )
    seal(edit, VAULT)
    columns = edit.sent["member"][member]
    assert number not in (columns["nik"]["sealed"], columns["nik"]["blind"])
    assert columns["nik"]["blind"] == VAULT.blind(IdentityField.NIK, number)
    document = AGGREGATE.empty() | {"member": {member: columns}}
    assert opened(document, VAULT)["member"][member] == {"nik": number, "full_name": number, "seq": 1}
    assert document["member"][member]["nik"] == columns["nik"]
