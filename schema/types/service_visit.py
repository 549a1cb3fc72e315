"""The face of the service visit."""

from __future__ import annotations

import datetime as dt

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import ServiceType, Sex
from registry.models import workflow
from registry.models.member import Member as MemberFacts
from registry.models.noun import to
from registry.models.region import Region as RegionFacts
from registry.models.service_visit import ServiceVisit as ServiceVisitFacts
from schema.declare.makers import ID, face, guarded, id_field, of_caller, one, shown, withheld_names
from schema.types.member import Member
from schema.types.node import Actor, Record
from schema.types.pillar import pillar_filter, recorder
from schema.types.region import Village

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


@face(ServiceVisitFacts)
class ServiceVisit(Record):
    """A visit to the village's migration service centre (kunjungan pusat layanan migrasi, pillar 1)."""

    id: ID = id_field(ServiceVisitFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can(Ability.PILLAR_RECORD))
    village: Village = one(OPERATIONAL, "The village.", RegionFacts, to(ServiceVisitFacts.village_id))
    date: dt.date = shown(ServiceVisitFacts.date)
    type: ServiceType = shown(ServiceVisitFacts.type)
    visitor: Member | None = one(
        PERSONAL,
        "The registered visitor; null for an anonymous one, and for one whom you no longer see.",
        MemberFacts,
        to(ServiceVisitFacts.visitor_id),
    )
    visitor_sex: Sex | None = guarded(ServiceVisitFacts.visitor_sex)
    visitor_age_band: str | None = guarded(ServiceVisitFacts.visitor_age_band)
    result: str | None = guarded(ServiceVisitFacts.result)
    officer: Actor | None = recorder("Who recorded the visit.")
    rev: int = shown(ServiceVisitFacts.rev)


ServiceVisitFilter = pillar_filter(ServiceVisitFacts, ServiceVisitFacts.date)
