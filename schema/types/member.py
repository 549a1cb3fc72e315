"""The face of the member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import (
    EducationLevel,
    LifeStatus,
    MaritalStatus,
    MigrationStage,
    MissingReason,
    ParentsAbroad,
    RelationToHead,
    Residence,
    SchoolStatus,
    Sex,
)
from registry.figures.count import AGES
from registry.models import episode, household, kinship, member, workflow
from registry.models.business import Business as BusinessFacts
from registry.models.child_care import ChildCare as ChildCareFacts
from registry.models.episode import MigrationEpisode as EpisodeFacts
from registry.models.fact import PartialDate
from registry.models.household import Household as HouseholdFacts
from registry.models.member import Member as MemberFacts
from registry.models.noun import by, to
from registry.read.grouping import by_band
from registry.read.query import Order
from schema.declare.listing import FilterKey, RelatedRecords, by_name, filtering, grouping, of_list, sorting
from schema.declare.makers import (
    ID,
    face,
    grouped,
    guarded,
    id_field,
    lazy,
    of_caller,
    one,
    plain_list,
    shown,
    withheld_names,
)
from schema.types.node import Connection, Group, Record

if TYPE_CHECKING:
    from schema.types.business import Business
    from schema.types.child_care import ChildCare
    from schema.types.episode import MigrationEpisode
    from schema.types.household import Household

OPERATIONAL, PERSONAL, SPECIAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL, Sensitivity.SPECIAL
NEWEST_FIRST = (Order(episode.begun_on, True), Order(EpisodeFacts.seq, True))


@face(MemberFacts)
class Member(Record):
    """A person in a household (anggota rumah tangga)."""

    id: ID = id_field(MemberFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can_numbers)
    household: Annotated[Household, lazy("schema.types.household")] = one(
        OPERATIONAL, "The household.", HouseholdFacts, to(MemberFacts.household_id)
    )
    seq: int = shown(MemberFacts.seq)
    full_name: str | None = guarded(MemberFacts.full_name, by="filter order")
    nik_masked: str | None = guarded(MemberFacts.nik, text="NIK as a mask, `3507************`")
    nik_missing_reason: MissingReason | None = guarded(MemberFacts.nik_missing_reason)
    sex: Sex | None = guarded(MemberFacts.sex, by="filter group")
    birth_place: str | None = guarded(MemberFacts.birth_place)
    birth_date: PartialDate | None = guarded(MemberFacts.birth_date, by="filter order")
    age: int | None = guarded(member.age, by="filter")
    relation_to_head: RelationToHead | None = guarded(MemberFacts.relation_to_head, by="filter")
    marital_status: MaritalStatus | None = guarded(MemberFacts.marital_status)
    education: EducationLevel | None = guarded(MemberFacts.education, by="filter group")
    occupation_code: str | None = guarded(MemberFacts.occupation_code)
    life_status: LifeStatus | None = guarded(MemberFacts.life_status, by="filter")
    residence: Residence | None = guarded(MemberFacts.residence, by="filter")
    mother: Member | None = one(PERSONAL, "Mother, if in the same household.", MemberFacts, to(MemberFacts.mother_id))
    father: Member | None = one(PERSONAL, "Father, if in the same household.", MemberFacts, to(MemberFacts.father_id))
    migrant_family: bool | None = guarded(kinship.migrant_family)
    stage: MigrationStage | None = guarded(member.stage, by="filter group")
    school_status: SchoolStatus | None = guarded(MemberFacts.school_status, by="filter")
    birth_certificate: bool | None = guarded(MemberFacts.birth_certificate, by="filter")
    disability: bool | None = guarded(MemberFacts.disability, by="filter")
    covered_by_jkn: bool | None = guarded(MemberFacts.covered_by_jkn, by="filter")
    parents_abroad: ParentsAbroad | None = guarded(kinship.parents_abroad, by="filter group")
    child_care: Annotated[ChildCare, lazy("schema.types.child_care")] | None = one(
        SPECIAL, "Who looks after this child (pengasuhan).", ChildCareFacts, by(ChildCareFacts.child_id)
    )
    migrations: list[Annotated[MigrationEpisode, lazy("schema.types.episode")]] = plain_list(
        OPERATIONAL, "Migration episodes, newest first.", EpisodeFacts, by(EpisodeFacts.member_id), order=NEWEST_FIRST
    )
    businesses: list[Annotated[Business, lazy("schema.types.business")]] = plain_list(
        OPERATIONAL, "Business units that this person owns.", BusinessFacts, by(BusinessFacts.owner_id)
    )


_FILTER_KEYS = {
    "household": FilterKey(
        OPERATIONAL, "By the household.", RelatedRecords(HouseholdFacts, to(MemberFacts.household_id))
    ),
    "migrations": FilterKey(
        OPERATIONAL, "By the person's episodes.", RelatedRecords(EpisodeFacts, by(EpisodeFacts.member_id), several=True)
    ),
    "businesses": FilterKey(
        OPERATIONAL,
        "By the person's business units.",
        RelatedRecords(BusinessFacts, by(BusinessFacts.owner_id), several=True),
    ),
}
MemberFilter = filtering(Member, MemberFacts, _FILTER_KEYS, by_name(MemberFacts))
MemberListFilter = of_list(MemberFacts, MemberFilter)
MemberOrder = sorting(
    Member,
    MemberFacts,
    "How to sort; default is HOUSEHOLD_NO ascending, then seq; nulls last.",
    HOUSEHOLD_NO=household.number_of,
)
MemberGroupBy = grouping(Member, MemberFacts, AGE_BAND=by_band(member.age, *AGES))


@face()
class MemberConnection(Connection[Member]):
    """One page of persons."""

    groups: list[Group] | None = grouped(MemberGroupBy)
