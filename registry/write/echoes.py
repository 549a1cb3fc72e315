"""What a form sends back as it was shown: a mask, or a status that only the server gives, is not a change.

Rule: a mask never replaces the number that it hides, and nobody types what only the server gives.
Tests: tests/test_echoes.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from registry.codes import HouseholdStatus
from registry.codes.messages import UserErrorCode as Code
from registry.models.aggregate import Document
from registry.write.document import ChangeSet
from registry.write.user_errors import Problem

SERVER_STATUS = (HouseholdStatus.DISSOLVED, HouseholdStatus.MERGED)
"""What merging and dissolving give a household, by commands of their own."""
TYPED_STATUS = ", ".join(status for status in HouseholdStatus if status not in SERVER_STATUS)


def drop_masks(edit: ChangeSet, *shown: Document) -> Iterator[Problem]:
    """Remove from an edit the masks that the documents hold; yield a problem for every other mask.

    An edit has no identity number in the open but masks: `seal` took the rest."""
    for table, column in edit.aggregate.sealed:
        for id_, columns in edit.sent[table].items():
            sent = columns.get(column)
            if not isinstance(sent, str):
                continue
            boxes = [document[table].get(id_, {}).get(column) for document in shown]
            if sent in [box["mask"] for box in boxes if box is not None]:
                del columns[column]
            else:
                yield Problem(Code.MASK_SENT, edit.path((table, id_, column)))


def drop_status(edit: ChangeSet, *shown: Document) -> Iterator[Problem]:
    """Remove from an edit a status that only the server gives, if the documents hold it; else yield a problem."""
    table, id_ = edit.root
    columns = edit.sent[table].get(id_, {})
    if columns.get("status") not in SERVER_STATUS:
        return
    if columns["status"] in [document[table].get(id_, {}).get("status") for document in shown]:
        del columns["status"]
    else:
        yield Problem(Code.UNKNOWN_VALUE, edit.root_path("status"), {"allowed": TYPED_STATUS})
