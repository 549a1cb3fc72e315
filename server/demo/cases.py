"""Cases of the demo: a few in some villages, as their officers would have recorded them.

Rule: each is a case that the command would have accepted, with its revision.  Test: tests/test_demo_households.py.
"""

import datetime as dt
import random
import uuid
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from registry.codes import CaseStatus, CaseType, MigrationStage
from registry.models.aggregate import Document
from registry.models.case import CASE, Case
from registry.models.record_revision import RECORD_REVISION
from server.demo.accounts import PERSONAS, Account, officer_of
from server.demo.households import Village
from server.demo.rows import Rows

TABLE = str(Case.__tablename__)
SHARE = 0.2
"""Of the villages without a persona, how many have cases; all those with one have."""
MOST = 3
"""Cases of a village."""


class _Story(NamedTuple):
    """What happened: days ago, and the days that it took if it is settled."""

    type: CaseType
    status: CaseStatus
    opened: int
    took: int | None
    referred_to: str | None
    notes: str
    outcome: str | None = None


STORIES = (
    _Story(
        CaseType.UNPAID_WAGES,
        CaseStatus.IN_PROGRESS,
        40,
        None,
        "BP3MI",
        "Gaji tiga bulan belum dibayar; keluarga membawa salinan kontrak.",
    ),
    _Story(
        CaseType.LOST_CONTACT,
        CaseStatus.REFERRED,
        25,
        None,
        "INDONESIAN_MISSION",
        "Keluarga tidak dapat menghubungi sejak dua bulan.",
    ),
    _Story(
        CaseType.OVERCHARGING,
        CaseStatus.RESOLVED,
        200,
        60,
        "MANPOWER_OFFICE",
        "Biaya penempatan ditagih dua kali oleh sponsor.",
        "Kelebihan biaya dikembalikan.",
    ),
    _Story(CaseType.FAMILY_MATTER, CaseStatus.CLOSED, 320, 20, None, "Pengasuhan anak selama ibu bekerja."),
)


def add_cases(rows: Rows, village: Village, documents: Iterable[Document], now: dt.datetime) -> None:
    """Add the cases of a village: of households whose migrant is abroad, by its officer."""
    rng = random.Random(f"cases/{village.code}")
    if not any(persona.area == village.code for persona in PERSONAS) and rng.random() > SHARE:
        return
    abroad = [trip for document in documents for trip in _trips_abroad(document)]
    stories = rng.sample(STORIES, k=min(MOST, len(abroad)))
    for (household, trip), story in zip(abroad, stories, strict=False):
        _add(rows, village, (household, trip), story, now)


def _trips_abroad(document: Document) -> list[tuple[uuid.UUID, str]]:
    (household,) = document["household"]
    episodes = document["migration_episode"].items()
    abroad = [id_ for id_, columns in episodes if columns["stage"] == MigrationStage.WORKING_ABROAD]
    return [(uuid.UUID(household), id_) for id_ in abroad[:1]]


def _add(rows: Rows, village: Village, about: tuple[uuid.UUID, str], story: _Story, now: dt.datetime) -> None:
    (household, trip), officer = about, officer_of(village.code)
    id_, opened = uuid.uuid5(household, "case"), now - dt.timedelta(days=story.opened)
    closed = None if story.took is None else opened + dt.timedelta(days=story.took)
    content: dict[str, Any] = {
        "household_id": str(household),
        "migration_id": trip,
        "type": story.type.value,
        "status": story.status.value,
        "opened_on": opened.date().isoformat(),
        "closed_on": None if closed is None else closed.date().isoformat(),
        "referred_to": story.referred_to,
        "notes": story.notes,
        "outcome": story.outcome,
    }
    common = _common(village, officer, (closed or opened).replace(microsecond=0))
    rows.add(CASE, content, common, {"id": id_, "rev": 1})
    actor = {"actor_id": officer.id, "actor_name": officer.name, "actor_role": officer.role.value}
    document = orjson.dumps({TABLE: {str(id_): content}}).decode()
    revision = {"id": uuid.uuid5(id_, "revision/1"), "record_id": id_, "noun": TABLE, "rev": 1, "edit_hash": "demo"}
    rows.add(RECORD_REVISION, revision, common, actor, {"document": document, "at": common["created_at"]})


def _common(village: Village, officer: Account, at: dt.datetime) -> dict[str, Any]:
    return {
        "village_id": village.id,
        "area": village.code,
        "draft": False,
        "created_at": at,
        "created_by": officer.id,
        "updated_at": at,
    }
