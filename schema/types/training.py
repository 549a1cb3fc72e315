"""The faces of the training and of its participants."""

from __future__ import annotations

import datetime as dt

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models import training, workflow
from registry.models.member import Member as MemberFacts
from registry.models.noun import by, to
from registry.models.region import Region as RegionFacts
from registry.models.training import Training as TrainingFacts
from registry.models.training import TrainingParticipant as ParticipantFacts
from registry.values.bounds import LONGEST_ENTRIES
from schema.declare.makers import (
    ID,
    face,
    guarded,
    id_field,
    non_null,
    of_caller,
    one,
    plain_list,
    shown,
    withheld_names,
)
from schema.types.member import Member
from schema.types.node import Record
from schema.types.pillar import names_somebody_seen, pillar_filter
from schema.types.region import Village

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


@face(ParticipantFacts)
class TrainingParticipant:
    """A participant of a training, with what became of it (peserta)."""

    member: Member = one(PERSONAL, "Who took part.", MemberFacts, to(ParticipantFacts.member_id))
    completed: bool = non_null(ParticipantFacts.completed, PERSONAL)
    certified: bool = non_null(ParticipantFacts.certified, PERSONAL)
    outcome_after_6_months: str | None = guarded(ParticipantFacts.outcome_after_6_months)


@face(TrainingFacts)
class Training(Record):
    """A training in a village (pelatihan, pillar 2)."""

    id: ID = id_field(TrainingFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can(Ability.PILLAR_RECORD))
    village: Village = one(OPERATIONAL, "The village.", RegionFacts, to(TrainingFacts.village_id))
    title: str = shown(TrainingFacts.title)
    skill: str = shown(TrainingFacts.skill)
    provider: str | None = shown(TrainingFacts.provider)
    starts_on: dt.date = shown(TrainingFacts.starts_on)
    ends_on: dt.date | None = shown(TrainingFacts.ends_on)
    hours: int | None = shown(TrainingFacts.hours)
    participant_count: int = shown(training.participant_count)
    participants: list[TrainingParticipant] | None = plain_list(
        PERSONAL,
        f"Participants whom you see, at most {LONGEST_ENTRIES}; `participantCount` counts all.",
        ParticipantFacts,
        by(ParticipantFacts.record_id),
        names_somebody_seen(ParticipantFacts),
        limit=LONGEST_ENTRIES,
    )
    rev: int = shown(TrainingFacts.rev)


TrainingFilter = pillar_filter(TrainingFacts, TrainingFacts.starts_on)
