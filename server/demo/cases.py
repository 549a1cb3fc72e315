"""Cases of the demo: a few in some villages, as their officers would have recorded them.

Rule: each is a case that the command would have accepted, recorded after its household.
Test: tests/test_demo_households.py.
"""

import datetime as dt
import random
import uuid
from collections.abc import Iterable
from typing import NamedTuple

from auth.ability import Ability
from registry.codes import CaseStatus, CaseType, MigrationStage
from registry.models.aggregate import Document
from registry.models.case import Case
from server.demo.accounts import PERSONAS
from server.demo.households import Village
from server.demo.rows import Rows
from server.demo.saved import add_saved, saved_once
from server.demo.villagers import Family, family_of

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
    for about, story in zip(abroad, stories, strict=False):
        _add(rows, village, about, story, now)


def _trips_abroad(document: Document) -> list[tuple[Family, str]]:
    episodes = document["migration_episode"].items()
    abroad = [id_ for id_, columns in episodes if columns["stage"] == MigrationStage.WORKING_ABROAD]
    return [(family_of(document), id_) for id_ in abroad[:1]]


def _add(rows: Rows, village: Village, about: tuple[Family, str], story: _Story, now: dt.datetime) -> None:
    (family, trip), opened = about, now - dt.timedelta(days=story.opened)
    closed = None if story.took is None else opened + dt.timedelta(days=story.took)
    content = {
        "household_id": str(family.id),
        "migration_id": trip,
        "type": story.type.value,
        "status": story.status.value,
        "opened_on": opened.date().isoformat(),
        "closed_on": None if closed is None else closed.date().isoformat(),
        "referred_to": story.referred_to,
        "notes": story.notes,
        "outcome": story.outcome,
    }
    at = max((closed or opened).replace(microsecond=0), family.known_from)
    case = saved_once(Case, uuid.uuid5(family.id, "case"), at, **content)
    add_saved(rows, village, case, Ability.CASE_RECORD)
