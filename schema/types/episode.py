"""The face of the migration episode."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import (
    LegalCategory,
    MigrationStage,
    OccupationGroup,
    PlacementScheme,
    PlanAfterReturn,
    ProceduralStatus,
    RecruiterType,
    RemittanceBand,
    RemittanceChannel,
    RemittanceFrequency,
    RemittanceUse,
    ReturnReason,
    Sector,
    WelfareStatus,
)
from registry.models import episode, workflow
from registry.models.agency import Agency as AgencyFacts
from registry.models.episode import MigrationEpisode as EpisodeFacts
from registry.models.fact import CountryCode, PartialDate
from registry.models.household import Household as HouseholdFacts
from registry.models.member import Member as MemberFacts
from registry.models.noun import to
from registry.read.grouping import by_country, by_month
from schema.declare.listing import FilterKey, NamedCondition, RelatedRecords, filtering, grouping, of_list, sorting
from schema.declare.makers import (
    ID,
    embedded,
    face,
    grouped,
    guarded,
    id_field,
    lazy,
    non_null,
    of_caller,
    one,
    shown,
    withheld_names,
)
from schema.types.agency import Agency
from schema.types.node import Connection, Group, Money, Record, money

if TYPE_CHECKING:
    from schema.types.household import Household
    from schema.types.member import Member

OPERATIONAL, SPECIAL = Sensitivity.OPERATIONAL, Sensitivity.SPECIAL


@face(EpisodeFacts)
class Remittance:
    """Money that the migrant sends home (kiriman uang)."""

    frequency: RemittanceFrequency | None = guarded(EpisodeFacts.remittance_frequency)
    band: RemittanceBand | None = guarded(EpisodeFacts.remittance_band)
    channel: RemittanceChannel | None = guarded(EpisodeFacts.remittance_channel)
    uses: list[RemittanceUse] = non_null(EpisodeFacts.remittance_uses, SPECIAL)


@face(EpisodeFacts)
class MigrationEpisode(Record):
    """One migration of one person, from plan to return (episode migrasi)."""

    id: ID = id_field(EpisodeFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can_numbers)
    household: Annotated[Household, lazy("schema.types.household")] = one(
        OPERATIONAL, "The household.", HouseholdFacts, to(EpisodeFacts.household_id)
    )
    member: Annotated[Member, lazy("schema.types.member")] = one(
        OPERATIONAL, "The member who migrates.", MemberFacts, to(EpisodeFacts.member_id)
    )
    seq: int = shown(EpisodeFacts.seq)
    stage: MigrationStage | None = guarded(EpisodeFacts.stage, by="filter group")
    country: CountryCode | None = guarded(EpisodeFacts.country, by="filter")
    city: str | None = guarded(EpisodeFacts.city)
    legal_category: LegalCategory | None = guarded(EpisodeFacts.legal_category)
    scheme: PlacementScheme | None = guarded(EpisodeFacts.scheme, by="filter group")
    procedural_status: ProceduralStatus | None = guarded(EpisodeFacts.procedural_status, by="filter")
    sector: Sector | None = guarded(EpisodeFacts.sector, by="filter group")
    occupation_group: OccupationGroup | None = guarded(EpisodeFacts.occupation_group, by="filter group")
    job_title: str | None = guarded(EpisodeFacts.job_title)
    employer_name: str | None = guarded(EpisodeFacts.employer_name)
    agency: Agency | None = one(
        SPECIAL,
        "The licensed placement company (P3MI) that sent the migrant.",
        AgencyFacts,
        to(EpisodeFacts.agency_id),
    )
    recruiter: RecruiterType | None = guarded(EpisodeFacts.recruiter)
    epmi_masked: str | None = guarded(EpisodeFacts.epmi_no, text="e-PMI number as a mask")
    passport_masked: str | None = guarded(EpisodeFacts.passport_no, text="Passport number as a mask")
    passport_expires_on: dt.date | None = guarded(EpisodeFacts.passport_expires_on)
    visa_type: str | None = guarded(EpisodeFacts.visa_type)
    contract_starts_on: PartialDate | None = guarded(EpisodeFacts.contract_starts_on)
    contract_ends_on: PartialDate | None = guarded(EpisodeFacts.contract_ends_on, by="filter order")
    wage: Money | None = money(SPECIAL, "Wage per month.", EpisodeFacts.wage_amount, EpisodeFacts.wage_currency)
    registered_on: PartialDate | None = guarded(EpisodeFacts.registered_on)
    departed_on: PartialDate | None = guarded(EpisodeFacts.departed_on, by="filter order")
    returned_on: PartialDate | None = guarded(EpisodeFacts.returned_on, by="filter order")
    return_reason: ReturnReason | None = guarded(EpisodeFacts.return_reason, by="filter group")
    plan_after_return: PlanAfterReturn | None = guarded(EpisodeFacts.plan_after_return)
    welfare: WelfareStatus | None = guarded(EpisodeFacts.welfare, by="filter")
    underage_at_departure: bool | None = guarded(EpisodeFacts.underage_at_departure, by="filter")
    social_security_jkk_jkm: bool | None = guarded(EpisodeFacts.social_security_jkk_jkm, by="filter")
    social_security_jht: bool | None = guarded(EpisodeFacts.social_security_jht, by="filter")
    cost_paid: Money | None = money(
        SPECIAL, "Cost of the migration.", EpisodeFacts.cost_paid_amount, EpisodeFacts.cost_paid_currency
    )
    debt: Money | None = money(SPECIAL, "Debt for the migration.", EpisodeFacts.debt_amount, EpisodeFacts.debt_currency)
    last_contact_on: PartialDate | None = guarded(EpisodeFacts.last_contact_on)
    remittance: Remittance | None = embedded(
        SPECIAL, "Money sent home; null if nothing is recorded of it.", episode.remits
    )


_FILTER_KEYS = {
    "household": FilterKey(
        OPERATIONAL, "By the household.", RelatedRecords(HouseholdFacts, to(EpisodeFacts.household_id))
    ),
    "member": FilterKey(OPERATIONAL, "By the member.", RelatedRecords(MemberFacts, to(EpisodeFacts.member_id))),
    "latest": FilterKey(
        Sensitivity.PERSONAL, "Whether it is the person's newest episode.", NamedCondition(bool, episode.Latest)
    ),
}
MigrationEpisodeFilter = filtering(MigrationEpisode, EpisodeFacts, _FILTER_KEYS)
MigrationEpisodeListFilter = of_list(EpisodeFacts, MigrationEpisodeFilter)
MigrationEpisodeOrder = sorting(
    MigrationEpisode, EpisodeFacts, "How to sort; default is DEPARTED_ON descending; nulls last."
)
MigrationEpisodeGroupBy = grouping(
    MigrationEpisode,
    EpisodeFacts,
    COUNTRY=by_country(EpisodeFacts.country),
    CONTRACT_END_MONTH=by_month(EpisodeFacts.contract_ends_on),
)


@face()
class MigrationEpisodeConnection(Connection[MigrationEpisode]):
    """One page of episodes."""

    groups: list[Group] | None = grouped(MigrationEpisodeGroupBy)
