"""What a form sends back as it was shown: a mask, or a status that only the server gives, is no change.

Rule: a mask never takes the place of the number that it hides, and what is the server's is never typed.
Tests: tests/test_unchanged.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from registry.codes import HouseholdStatus
from registry.codes.messages import UserErrorCode as Code
from registry.models.aggregate import SEALED
from registry.write.document import ChangeSet, Document
from registry.write.user_errors import Problem

SERVER_STATUS = (HouseholdStatus.DISSOLVED, HouseholdStatus.MERGED)
"""What merging and dissolving give a household, by commands of their own."""
TYPED_STATUS = ", ".join(status for status in HouseholdStatus if status not in SERVER_STATUS)


def drop_unchanged(edit: ChangeSet, *shown: Document) -> list[Problem]:
    """Takes out of an edit what the documents hold in just that form; problems for what nobody may type."""
    return [*_drop_masks(edit, shown), *_drop_status(edit, shown)]


def _drop_masks(edit: ChangeSet, shown: tuple[Document, ...]) -> Iterator[Problem]:
    """Of numbers, an edit has only masks in the open: `seal` took the rest."""
    for table, column in SEALED:
        for id_, columns in edit.sent[table].items():
            sent = columns.get(column)
            if not isinstance(sent, str):
                continue
            boxes = [document[table].get(id_, {}).get(column) for document in shown]
            if sent in [box["mask"] for box in boxes if box is not None]:
                del columns[column]
            else:
                yield Problem(Code.MASK_SENT, edit.path((table, id_, column)))


def _drop_status(edit: ChangeSet, shown: tuple[Document, ...]) -> Iterator[Problem]:
    id_ = edit.household
    columns = edit.sent["household"].get(id_, {})
    if columns.get("status") not in SERVER_STATUS:
        return
    if columns["status"] in [document["household"].get(id_, {}).get("status") for document in shown]:
        del columns["status"]
    else:
        place = ("household", id_, "status")
        yield Problem(Code.UNKNOWN_VALUE, edit.path(place), {"allowed": TYPED_STATUS})
