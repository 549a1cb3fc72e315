"""The face of the migration episode."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry import workflow
from registry.codes import (
    LegalCategory,
    MigrationStage,
    OccupationGroup,
    PlacementScheme,
    PlanAfterReturn,
    ProceduralStatus,
    RecruiterType,
    ReturnReason,
    Sector,
    WelfareStatus,
)
from registry.household import Household as HouseholdFacts
from registry.member import Member as MemberFacts
from registry.migration import MigrationEpisode as facts
from registry.noun import CountryCode, PartialDate, to
from schema.declare import ID, face, guarded, inside, key, lazy, names, of_caller, one, shown
from schema.node import Money, Record

if TYPE_CHECKING:
    from schema.household import Household
    from schema.member import Member

OPERATIONAL, SPECIAL = Sensitivity.OPERATIONAL, Sensitivity.SPECIAL


@face(facts)
class MigrationEpisode(Record):
    """Episode migrasi: one journey of one person, from plan to return."""

    id: ID = key(facts.id)
    withheld: list[str] = names()
    viewer_can: list[Ability] = of_caller(workflow.can_numbers)
    household: Annotated[Household, lazy("schema.household")] = one(
        OPERATIONAL, "The household.", HouseholdFacts, to(facts.household_id)
    )
    member: Annotated[Member, lazy("schema.member")] = one(
        OPERATIONAL, "Who migrates.", MemberFacts, to(facts.member_id)
    )
    seq: int = shown(facts.seq)
    stage: MigrationStage | None = guarded(facts.stage)
    country: CountryCode | None = guarded(facts.country)
    city: str | None = guarded(facts.city)
    legal_category: LegalCategory | None = guarded(facts.legal_category)
    scheme: PlacementScheme | None = guarded(facts.scheme)
    procedural_status: ProceduralStatus | None = guarded(facts.procedural_status)
    sector: Sector | None = guarded(facts.sector)
    occupation_group: OccupationGroup | None = guarded(facts.occupation_group)
    job_title: str | None = guarded(facts.job_title)
    employer_name: str | None = guarded(facts.employer_name)
    recruiter: RecruiterType | None = guarded(facts.recruiter)
    epmi_masked: str | None = guarded(facts.epmi_no, text="e-PMI number as a mask")
    passport_masked: str | None = guarded(facts.passport_no, text="Passport number as a mask")
    passport_expires_on: dt.date | None = guarded(facts.passport_expires_on)
    visa_type: str | None = guarded(facts.visa_type)
    contract_starts_on: PartialDate | None = guarded(facts.contract_starts_on)
    contract_ends_on: PartialDate | None = guarded(facts.contract_ends_on)
    wage: Money | None = inside(
        SPECIAL, "A month.", facts.wage_amount, amount=facts.wage_amount, currency=facts.wage_currency
    )
    registered_on: PartialDate | None = guarded(facts.registered_on)
    departed_on: PartialDate | None = guarded(facts.departed_on)
    returned_on: PartialDate | None = guarded(facts.returned_on)
    return_reason: ReturnReason | None = guarded(facts.return_reason)
    plan_after_return: PlanAfterReturn | None = guarded(facts.plan_after_return)
    welfare: WelfareStatus | None = guarded(facts.welfare)
    underage_at_departure: bool | None = guarded(facts.underage_at_departure)
    social_security_jkk_jkm: bool | None = guarded(facts.social_security_jkk_jkm)
    social_security_jht: bool | None = guarded(facts.social_security_jht)
    cost_paid: Money | None = inside(
        SPECIAL,
        "Cost of the journey.",
        facts.cost_paid_amount,
        amount=facts.cost_paid_amount,
        currency=facts.cost_paid_currency,
    )
    debt: Money | None = inside(
        SPECIAL, "Debt for it.", facts.debt_amount, amount=facts.debt_amount, currency=facts.debt_currency
    )
    last_contact_on: PartialDate | None = guarded(facts.last_contact_on)
