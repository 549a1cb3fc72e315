"""A village's records as the registry stores them: each with its entries, and a revision for every time it was saved.

Rule: what is written is what the record's command would have written, as the village's officer.
Test: tests/test_demo_pillars.py.
"""

import datetime as dt
import random
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from auth.ability import Ability
from registry.models.aggregate import Aggregate, Document, by_itself
from registry.models.noun import Noun, table_of
from registry.models.record_revision import RECORD_REVISION
from registry.write.document import ChangeSet, complete
from registry.write.retry import edit_hash
from server.demo.accounts import officer_of
from server.demo.households import Village
from server.demo.rows import Rows


class Version(NamedTuple):
    """What a record held from a moment on: its columns, and the columns of its entries by table and key."""

    at: dt.datetime
    columns: Mapping[str, Any]
    entries: Mapping[str, Mapping[str, Mapping[str, Any]]]


class Saved(NamedTuple):
    """A record of a village, with everything that it has ever held."""

    noun: type[Noun]
    id: uuid.UUID
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        return self.versions[-1]


def saved_once(noun: type[Noun], id_: uuid.UUID, at: dt.datetime, **columns: Any) -> Saved:
    """A record without entries that was never changed."""
    return Saved(noun, id_, (Version(at, columns, {}),))


def document_of(record: Saved, version: Version) -> Document:
    """A version as its revision holds it."""
    aggregate = by_itself(record.noun)
    document = aggregate.empty()
    document[aggregate.root][str(record.id)] = dict(version.columns)
    for table, entries in version.entries.items():
        document[table] = {key: dict(columns) for key, columns in entries.items()}
    complete(aggregate, document)
    return document


def add_saved(rows: Rows, village: Village, record: Saved, ability: Ability = Ability.PILLAR_RECORD) -> None:
    """Add a record, its entries and its revisions."""
    officer, aggregate = officer_of(village.code), by_itself(record.noun)
    common = {"village_id": village.id, "area": village.code, "draft": False, "created_by": officer.id}
    actor = {"actor_id": officer.id, "actor_name": officer.name, "actor_role": officer.role.value}
    begun: dict[tuple[str, str], dt.datetime] = {}  # when an entry came into its list
    documents = [document_of(record, version) for version in record.versions]
    for rev, (version, document) in enumerate(zip(record.versions, documents, strict=True), 1):
        revision = {
            "id": uuid.uuid5(record.id, f"revision/{rev}"),
            "record_id": record.id,
            "noun": aggregate.root,
            "rev": rev,
            "document": orjson.dumps(document).decode(),
            "edit_hash": _hash(record, document, aggregate, village, ability),
            "at": version.at,
        }
        rows.add(RECORD_REVISION, common, actor, _times(version.at, version.at), revision)
        for table in aggregate.children:
            for key in document[table]:
                begun.setdefault((table, key), version.at)
    first, last, document = record.versions[0], record.newest, documents[-1]
    columns = document[aggregate.root][str(record.id)]
    lot = random.Random(f"lot/{record.id}").getrandbits(31)
    own = {"id": record.id, "rev": len(documents), "lot": lot}
    rows.add(table_of(record.noun), columns, common, _times(first.at, last.at), own)
    for table in aggregate.children:
        for key, entry in document[table].items():
            ids = {"id": uuid.uuid5(record.id, key), "record_id": record.id}
            rows.add(table_of(aggregate.nouns[table]), entry, common, _times(begun[table, key], last.at), ids)


def _times(created: dt.datetime, updated: dt.datetime) -> dict[str, dt.datetime]:
    return {"created_at": created, "updated_at": updated}


def _hash(record: Saved, document: Document, aggregate: Aggregate, village: Village, ability: Ability) -> str:
    """The hash of the edit that sent the whole record."""
    edit = ChangeSet(str(record.id), document, aggregate, whole=frozenset(aggregate.children))
    return edit_hash(edit, None, village.code, creates=False, ability=ability.value)
