"""The face of the cooperative."""

from __future__ import annotations

import datetime as dt

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import CooperativeStatus
from registry.models import workflow
from registry.models.cooperative import Cooperative as CooperativeFacts
from registry.models.cooperative import CooperativeMember
from registry.models.cooperative import CooperativeYear as YearFacts
from registry.models.noun import by, to
from registry.models.region import Region as RegionFacts
from registry.read.query import Order
from registry.values.bounds import LONGEST_ENTRIES
from schema.declare.makers import ID, face, id_field, of_caller, one, plain_list, shown, withheld_names
from schema.types.member import Member
from schema.types.node import Money, Record, money
from schema.types.pillar import members_named, pillar_filter
from schema.types.region import Village

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


@face(YearFacts)
class CooperativeYear:
    """Figures of a cooperative at the end of a year (angka akhir tahun)."""

    year: int = shown(YearFacts.year)
    members: int = shown(YearFacts.members)
    returned_migrants: int | None = shown(YearFacts.returned_migrants)
    savings: Money | None = money(
        OPERATIONAL, "What members have saved.", YearFacts.savings_amount, YearFacts.savings_currency
    )
    loans: Money | None = money(OPERATIONAL, "What members owe.", YearFacts.loans_amount, YearFacts.loans_currency)


@face(CooperativeFacts)
class Cooperative(Record):
    """A cooperative of a village (koperasi, pillar 4)."""

    id: ID = id_field(CooperativeFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can(Ability.PILLAR_RECORD))
    village: Village = one(OPERATIONAL, "The village.", RegionFacts, to(CooperativeFacts.village_id))
    name: str = shown(CooperativeFacts.name)
    status: CooperativeStatus = shown(CooperativeFacts.status)
    kind: str = shown(CooperativeFacts.kind)
    legal_no: str | None = shown(CooperativeFacts.legal_no)
    legal_on: dt.date | None = shown(CooperativeFacts.legal_on)
    figures: list[CooperativeYear] = plain_list(
        OPERATIONAL,
        f"Newest first, at most {LONGEST_ENTRIES}.",
        YearFacts,
        by(YearFacts.record_id),
        order=(Order(YearFacts.year, True),),
        limit=LONGEST_ENTRIES,
    )
    members: list[Member] | None = members_named(PERSONAL, "Members whom you see", CooperativeMember)
    rev: int = shown(CooperativeFacts.rev)


CooperativeFilter = pillar_filter(CooperativeFacts, CooperativeFacts.legal_on)
