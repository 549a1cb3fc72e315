"""Business group (kelompok usaha, pillar 2): people of a village who run something together."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.models.entry import number_of
from registry.models.fact import PartialDate, fact
from registry.models.member import Member
from registry.models.noun import Noun
from registry.models.scoped import RecordEntry, VillageRecord, newest, with_entries
from registry.values.bounds import NAME

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


class BusinessGroup(VillageRecord, Noun):
    """Kelompok usaha."""

    __tablename__ = "business_group"
    name: Mapped[str] = fact(OPERATIONAL, "Nama kelompok", "Name", longest=NAME)
    kind: Mapped[str | None] = fact(OPERATIONAL, "Jenis usaha", "What it does", longest=NAME)
    formed_on: Mapped[PartialDate | None] = fact(OPERATIONAL, "Dibentuk", "Formed on")
    __table_args__ = with_entries("business_group", newest("business_group", "formed_on"))


class BusinessGroupMember(RecordEntry, Noun):
    """Anggota kelompok usaha."""

    __tablename__ = "business_group_member"
    record, key, list_name = BusinessGroup, "member_id", "memberIds"
    member_id: Mapped[uuid.UUID] = fact(PERSONAL, "Anggota", "Member", names=Member)


member_count = number_of(BusinessGroupMember, "Jumlah anggota", "Number of members")
