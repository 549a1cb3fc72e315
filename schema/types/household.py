"""The face of the household."""

from __future__ import annotations

import datetime as dt

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import (
    ConsentBasis,
    ConsentMethod,
    HouseholdStatus,
    HouseOwnership,
    MissingReason,
    Pillar,
    VisitResult,
    WorkflowState,
)
from registry.models import finding, history, household, pillar_participation, work_list, workflow
from registry.models.business import Business as BusinessFacts
from registry.models.case import Case as CaseFacts
from registry.models.child_care import ChildCare as ChildCareFacts
from registry.models.episode import MigrationEpisode as EpisodeFacts
from registry.models.household import Household as HouseholdFacts
from registry.models.member import Member as MemberFacts
from registry.models.noun import by, to
from registry.models.pillar_participation import PillarParticipation as PillarParticipationFacts
from registry.models.region import Region as RegionFacts
from registry.read.grouping import by_codes
from registry.read.query import Order
from registry.values.bounds import LONGEST_LIST
from schema.declare.directives import Exemption
from schema.declare.keys import one_of
from schema.declare.listing import FilterKey, NamedCondition, by_names_in, filtering, grouping, sorting
from schema.declare.makers import (
    ID,
    connection,
    embedded,
    face,
    grouped,
    guarded,
    id_field,
    non_null,
    of_caller,
    one,
    plain_list,
    shown,
    withheld_names,
)
from schema.types.business import Business
from schema.types.case import Case
from schema.types.child_care import ChildCare
from schema.types.episode import MigrationEpisode
from schema.types.history import HouseholdRevisionConnection
from schema.types.member import NEWEST_FIRST, Member
from schema.types.node import Actor, Connection, GeoPoint, Group, Record, UserError
from schema.types.pillar_participation import PillarParticipation
from schema.types.region import Village
from schema.types.workflow import Remark, WorkflowEvent

OPERATIONAL, PERSONAL, SPECIAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL, Sensitivity.SPECIAL


@face(HouseholdFacts)
class Consent:
    """The basis for holding the household's data (dasar pemrosesan data, UU 27/2022 Art. 20)."""

    basis: ConsentBasis = non_null(HouseholdFacts.consent_basis, OPERATIONAL)
    method: ConsentMethod | None = shown(HouseholdFacts.consent_method)
    text_version: str | None = shown(HouseholdFacts.consent_text_version)
    given_by: str | None = guarded(HouseholdFacts.consent_given_by)
    given_on: dt.date | None = shown(HouseholdFacts.consent_given_on)
    withdrawn_on: dt.date | None = shown(HouseholdFacts.consent_withdrawn_on)
    guardian_consent: bool | None = guarded(HouseholdFacts.guardian_consent)


@face(HouseholdFacts)
class Household(Record):
    """A household of migrant workers (rumah tangga PMI) with everything in it: the unit of field work and verification.

    Shows the newest revision; a DRAFT exists only for those who may submit in its village.
    """

    id: ID = id_field(HouseholdFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can_household)
    household_no: str = shown(HouseholdFacts.household_no, by="filter order")
    village: Village = one(OPERATIONAL, "The village.", RegionFacts, to(HouseholdFacts.village_id))
    status: HouseholdStatus = shown(HouseholdFacts.status, by="filter group")
    hamlet: str | None = guarded(HouseholdFacts.hamlet)
    rt: str | None = guarded(HouseholdFacts.rt)
    rw: str | None = guarded(HouseholdFacts.rw)
    address: str | None = guarded(HouseholdFacts.address)
    location: GeoPoint | None = embedded(
        PERSONAL,
        "Position of the house.",
        HouseholdFacts.location_lat,
        latitude=HouseholdFacts.location_lat,
        longitude=HouseholdFacts.location_lon,
    )
    phone_masked: str | None = guarded(
        HouseholdFacts.phone, text="`+62812*******`; the number comes from revealIdentity"
    )
    kk_number_masked: str | None = guarded(
        HouseholdFacts.kk_number, text="Family card number as a mask, `3507************`"
    )
    kk_missing_reason: MissingReason | None = guarded(HouseholdFacts.kk_missing_reason)
    house_ownership: HouseOwnership | None = guarded(HouseholdFacts.house_ownership)
    welfare_decile: int | None = guarded(HouseholdFacts.welfare_decile)
    receives_pkh: bool | None = guarded(HouseholdFacts.receives_pkh)
    receives_bpnt: bool | None = guarded(HouseholdFacts.receives_bpnt)
    head: Member | None = one(
        PERSONAL,
        "Head of the family (kepala keluarga); null in an unfinished draft.",
        MemberFacts,
        household.head_of_household,
    )
    members: list[Member] = plain_list(
        OPERATIONAL,
        f"Members by `seq`, at most {LONGEST_LIST}.",
        MemberFacts,
        by(MemberFacts.household_id),
        order=(Order(MemberFacts.seq),),
    )
    migrations: list[MigrationEpisode] = plain_list(
        OPERATIONAL,
        "Migration episodes of all members, newest first.",
        EpisodeFacts,
        by(EpisodeFacts.household_id),
        order=NEWEST_FIRST,
    )
    businesses: list[Business] = plain_list(
        OPERATIONAL, f"Business units (usaha), at most {LONGEST_LIST}.", BusinessFacts, by(BusinessFacts.household_id)
    )
    member_count: int = shown(household.member_count, by="filter order")
    business_count: int = shown(household.business_count)
    pillars: list[PillarParticipation] = plain_list(
        OPERATIONAL,
        f"Participation in the four pillars (keikutsertaan), also what has ended; at most {LONGEST_LIST}.",
        PillarParticipationFacts,
        by(PillarParticipationFacts.household_id),
    )
    cases: list[Case] | None = plain_list(
        SPECIAL,
        f"Cases (kasus), newest first, at most {LONGEST_LIST}.",
        CaseFacts,
        by(CaseFacts.household_id),
        order=(Order(CaseFacts.opened_on, True),),
    )
    child_care: list[ChildCare] | None = plain_list(
        SPECIAL,
        "Who looks after the children (pengasuhan): one record for each child that has an arrangement.",
        ChildCareFacts,
        by(ChildCareFacts.household_id),
    )
    consent: Consent | None = embedded(
        OPERATIONAL, "Legal basis for processing the data.", HouseholdFacts.consent_basis
    )
    visit_result: VisitResult | None = shown(HouseholdFacts.visit_result)
    respondent_name: str | None = guarded(HouseholdFacts.respondent_name)
    respondent_relation: str | None = guarded(HouseholdFacts.respondent_relation)
    captured_at: dt.datetime | None = shown(HouseholdFacts.captured_at)
    rev: int = shown(HouseholdFacts.rev)
    workflow_state: WorkflowState = shown(HouseholdFacts.workflow_state, by="filter group")
    verified_rev: int | None = shown(HouseholdFacts.verified_rev)
    submitted_at: dt.datetime | None = shown(HouseholdFacts.submitted_at, by="filter order")
    submitted_by: Actor | None = embedded(
        PERSONAL,
        "Who sent the newest submission.",
        HouseholdFacts.submitted_by_id,
        account_id=HouseholdFacts.submitted_by_id,
        name=HouseholdFacts.submitted_by_name,
        role=HouseholdFacts.submitted_by_role,
    )
    verified_at: dt.datetime | None = shown(HouseholdFacts.verified_at, by="order")
    verified_by: Actor | None = embedded(
        PERSONAL,
        "Who verified it last.",
        HouseholdFacts.verified_by_id,
        account_id=HouseholdFacts.verified_by_id,
        name=HouseholdFacts.verified_by_name,
        role=HouseholdFacts.verified_by_role,
    )
    findings: list[UserError] | None = plain_list(
        PERSONAL,
        "Open warnings on the newest revision, each shown to those who see the class of its column.",
        finding.FindingRecord,
        by(finding.FindingRecord.household_id),
        finding.about_visible,
        order=(Order(finding.FindingRecord.position),),
    )
    remarks: list[Remark] | None = plain_list(
        PERSONAL,
        "Remarks of verifiers (catatan), newest first, each shown to those who see the class of its field.",
        workflow.Remark,
        by(workflow.Remark.household_id),
        finding.about_visible,
        order=(Order(workflow.Remark.at, True),),
    )
    events: list[WorkflowEvent] = plain_list(
        OPERATIONAL,
        "Every step of the workflow, oldest first.",
        workflow.WorkflowEvent,
        by(workflow.WorkflowEvent.household_id),
        order=(Order(workflow.WorkflowEvent.at),),
        limit=1000,
    )
    history: HouseholdRevisionConnection = connection(
        OPERATIONAL,
        "Its revisions, oldest first, each with what it changed; what only ever was a draft is for those who may submit"
        " there.",
        workflow.HouseholdRevision,
        by(workflow.HouseholdRevision.household_id),
        history.is_shown,
        order=(Order(workflow.HouseholdRevision.rev),),
        since=history.Since,
    )
    created_at: dt.datetime = shown(HouseholdFacts.created_at)
    updated_at: dt.datetime = shown(HouseholdFacts.updated_at, by="filter order")


_FILTER_KEYS = {
    "pillar": FilterKey(
        OPERATIONAL,
        "Takes part in any of these pillars now (pilar).",
        NamedCondition(list[Pillar], pillar_participation.TakesPart),
    ),
    "submitted_by_me": FilterKey(
        Exemption.OWN_CALLER, "Whether you sent the newest submission.", NamedCondition(bool, household.SubmittedByMe)
    ),
    "awaits_me": FilterKey(
        Exemption.OWN_CALLER,
        "Whether a step of verification would be accepted from you now.",
        NamedCondition(bool, work_list.AwaitsMe),
    ),
    "has_findings": FilterKey(
        OPERATIONAL,
        "Whether it has an open warning that you may see in `findings`.",
        NamedCondition(bool, work_list.HasFindings),
    ),
}
HouseholdFilter = filtering(
    Household, HouseholdFacts, _FILTER_KEYS, by_names_in(MemberFacts, by(MemberFacts.household_id))
)
HouseholdOrder = sorting(
    Household,
    HouseholdFacts,
    "How to sort; default is HOUSEHOLD_NO ascending; nulls last.",
    HEAD_NAME=household.head_name,
)
HouseholdGroupBy = grouping(Household, HouseholdFacts, PILLAR=by_codes(pillar_participation.pillars_now))
HOUSEHOLD_KEY = one_of(
    "HouseholdKey",
    "Exactly one key of a household.",
    "Its id or its number.",
    id=(HouseholdFacts.id, "Its id."),
    household_no=(HouseholdFacts.household_no, "Its household number."),
)


@face()
class HouseholdConnection(Connection[Household]):
    """One page of households."""

    groups: list[Group] | None = grouped(HouseholdGroupBy)
