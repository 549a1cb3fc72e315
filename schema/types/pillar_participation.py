"""The face of the pillar participation."""

from __future__ import annotations

from registry.codes import Pillar
from registry.models.fact import PartialDate
from registry.models.pillar_participation import PillarParticipation as PillarParticipationFacts
from schema.declare.makers import ID, face, id_field, shown


@face(PillarParticipationFacts)
class PillarParticipation:
    """The household takes part in one of the four pillars (keikutsertaan)."""

    id: ID = id_field(PillarParticipationFacts.id)
    pillar: Pillar = shown(PillarParticipationFacts.pillar)
    since: PartialDate | None = shown(PillarParticipationFacts.started_on)
    until: PartialDate | None = shown(PillarParticipationFacts.ended_on)
