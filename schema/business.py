"""The face of the business."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry import workflow
from registry.business import Business as facts
from registry.codes import (
    BusinessField,
    BusinessPermit,
    BusinessScale,
    BusinessStatus,
    CapitalSource,
    ExportReadiness,
    Market,
    OwnerCategory,
    TurnoverBand,
)
from registry.household import Household as HouseholdFacts
from registry.member import Member as MemberFacts
from registry.noun import CountryCode, PartialDate, to
from registry.region import Region as RegionFacts
from schema.declare import ID, face, guarded, inside, key, lazy, names, of_caller, one, shown
from schema.node import Money, Record
from schema.region import Village

if TYPE_CHECKING:
    from schema.household import Household
    from schema.member import Member

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


@face(facts)
class Business(Record):
    """Usaha of a migrant household."""

    id: ID = key(facts.id)
    withheld: list[str] = names()
    viewer_can: list[Ability] = of_caller(workflow.can_nothing)
    household: Annotated[Household, lazy("schema.household")] = one(
        OPERATIONAL, "The household.", HouseholdFacts, to(facts.household_id)
    )
    owner: Annotated[Member, lazy("schema.member")] = one(OPERATIONAL, "Who owns it.", MemberFacts, to(facts.owner_id))
    owner_category: OwnerCategory | None = guarded(facts.owner_category)
    name: str | None = guarded(facts.name)
    description: str | None = guarded(facts.description)
    field: BusinessField = shown(facts.field)
    status: BusinessStatus = shown(facts.status)
    started_on: PartialDate | None = shown(facts.started_on)
    closed_on: PartialDate | None = shown(facts.closed_on)
    scale: BusinessScale | None = shown(facts.scale)
    turnover_band: TurnoverBand | None = guarded(facts.turnover_band)
    annual_sales: Money | None = inside(
        PERSONAL,
        "Yearly sales.",
        facts.annual_sales_amount,
        amount=facts.annual_sales_amount,
        currency=facts.annual_sales_currency,
    )
    capital: Money | None = inside(
        PERSONAL,
        "Capital without land and buildings.",
        facts.capital_amount,
        amount=facts.capital_amount,
        currency=facts.capital_currency,
    )
    capital_source: CapitalSource | None = guarded(facts.capital_source)
    workers_family: int | None = shown(facts.workers_family)
    workers_paid_male: int | None = shown(facts.workers_paid_male)
    workers_paid_female: int | None = shown(facts.workers_paid_female)
    nib: str | None = guarded(facts.nib)
    permits: list[BusinessPermit] = shown(facts.permits)
    market: Market | None = shown(facts.market)
    sells_online: bool | None = shown(facts.sells_online)
    export_readiness: ExportReadiness = shown(facts.export_readiness)
    export_countries: list[CountryCode] = shown(facts.export_countries)
    location_village: Village = one(
        OPERATIONAL,
        "Where the business is; usually the household's village.",
        RegionFacts,
        to(facts.location_village_id),
    )
