"""The face of the member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry import member, migration, workflow
from registry.business import Business as BusinessFacts
from registry.codes import (
    EducationLevel,
    LifeStatus,
    MaritalStatus,
    MigrationStage,
    MissingReason,
    RelationToHead,
    Residence,
    SchoolStatus,
    Sex,
)
from registry.household import Household as HouseholdFacts
from registry.member import Member as MemberFacts
from registry.migration import MigrationEpisode as EpisodeFacts
from registry.noun import PartialDate, by, to
from registry.read.want import Order
from schema.declare import ID, face, few, guarded, key, lazy, names, of_caller, one, shown
from schema.node import Record

if TYPE_CHECKING:
    from schema.business import Business
    from schema.household import Household
    from schema.migration import MigrationEpisode

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL
NEWEST_FIRST = (Order(migration.begun_on, True), Order(EpisodeFacts.seq, True))


@face(MemberFacts)
class Member(Record):
    """Anggota rumah tangga: a person in a household."""

    id: ID = key(MemberFacts.id)
    withheld: list[str] = names()
    viewer_can: list[Ability] = of_caller(workflow.can_numbers)
    household: Annotated[Household, lazy("schema.household")] = one(
        OPERATIONAL, "The household.", HouseholdFacts, to(MemberFacts.household_id)
    )
    seq: int = shown(MemberFacts.seq)
    full_name: str | None = guarded(MemberFacts.full_name)
    nik_masked: str | None = guarded(MemberFacts.nik, text="NIK as a mask, `3507************`")
    nik_missing_reason: MissingReason | None = guarded(MemberFacts.nik_missing_reason)
    sex: Sex | None = guarded(MemberFacts.sex)
    birth_place: str | None = guarded(MemberFacts.birth_place)
    birth_date: PartialDate | None = guarded(MemberFacts.birth_date)
    age: int | None = guarded(member.age)
    relation_to_head: RelationToHead | None = guarded(MemberFacts.relation_to_head)
    marital_status: MaritalStatus | None = guarded(MemberFacts.marital_status)
    education: EducationLevel | None = guarded(MemberFacts.education)
    occupation_code: str | None = guarded(MemberFacts.occupation_code)
    life_status: LifeStatus | None = guarded(MemberFacts.life_status)
    residence: Residence | None = guarded(MemberFacts.residence)
    mother: Member | None = one(PERSONAL, "Mother, if in the same household.", MemberFacts, to(MemberFacts.mother_id))
    father: Member | None = one(PERSONAL, "Father, if in the same household.", MemberFacts, to(MemberFacts.father_id))
    stage: MigrationStage | None = guarded(member.stage)
    school_status: SchoolStatus | None = guarded(MemberFacts.school_status)
    birth_certificate: bool | None = guarded(MemberFacts.birth_certificate)
    disability: bool | None = guarded(MemberFacts.disability)
    covered_by_jkn: bool | None = guarded(MemberFacts.covered_by_jkn)
    migrations: list[Annotated[MigrationEpisode, lazy("schema.migration")]] = few(
        OPERATIONAL, "Newest first.", EpisodeFacts, by(EpisodeFacts.member_id), order=NEWEST_FIRST
    )
    businesses: list[Annotated[Business, lazy("schema.business")]] = few(
        OPERATIONAL, "That this person owns.", BusinessFacts, by(BusinessFacts.owner_id)
    )
