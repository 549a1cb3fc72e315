"""The face of the region: the typed way down from the province to the village."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import orjson

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import RegionChange, RegionKind, RegionLevel
from registry.figures import report, statistics, summary
from registry.models import household, officer, region, workflow
from registry.models.business import Business as BusinessFacts
from registry.models.episode import MigrationEpisode as EpisodeFacts
from registry.models.fact import PartialDate, RegionCode
from registry.models.household import Household as HouseholdFacts
from registry.models.member import Member as MemberFacts
from registry.models.noun import by, to
from registry.read.query import Equals, Many, Object, Order, Scalar, Source
from registry.read.run import Caller, fetch
from registry.store.db import Database
from schema.declare.answers import answer
from schema.declare.implementations import IMPLEMENTATIONS, Implementations
from schema.declare.listing import FilterKey, NamedCondition, by_place_name, filtering, sorting
from schema.declare.makers import (
    ID,
    connection,
    face,
    guarded,
    id_field,
    lazy,
    of_caller,
    one,
    plain_list,
    shown,
    withheld_names,
)
from schema.declare.shapes import LookupKey
from schema.errors import BadInput, no_such_month, no_such_region
from schema.types.node import Actor, Connection, Node, Record
from schema.types.question import OF_REGION

if TYPE_CHECKING:
    from schema.types.business import BusinessConnection
    from schema.types.episode import MigrationEpisodeConnection
    from schema.types.figures import Summary
    from schema.types.household import HouseholdConnection
    from schema.types.member import MemberConnection
    from schema.types.report import MonthlyReport
    from schema.types.statistics import Statistics

OPEN, OPERATIONAL = Sensitivity.OPEN, Sensitivity.OPERATIONAL
BY_CODE = (Order(region.Region.code),)
BY_NUMBER = (Order(household.number_of), Order(MemberFacts.seq))


def _month(value: str) -> str:
    """The month of a report.  Raises BadInput."""
    if not report.is_month(value):
        raise no_such_month()
    return value


MONTH_KEY = LookupKey("month", PartialDate, "A month, such as `2026-10`.", Equals("month", "month"), convert=_month)


@face(region.RegionLineage)
class RegionLineage:
    """One change of a region by decree (silsilah)."""

    change: RegionChange = shown(region.RegionLineage.change)
    from_code: RegionCode = shown(region.RegionLineage.from_code)
    to_code: RegionCode | None = shown(region.RegionLineage.to_code)
    decree: str = shown(region.RegionLineage.decree)
    effective_on: dt.date = shown(region.RegionLineage.effective_on)


@face(region.Programme)
class Programme(Node):
    """A programme (program): DESMIGRATIF and those to come; programmes and their agencies are data."""

    id: ID = id_field(region.Programme.id)
    code: str = shown(region.Programme.code)
    name: str = shown(region.Programme.name)
    agency: str = shown(region.Programme.agency)


@face(region.VillageEnrolment)
class VillageEnrolment:
    """A village in a programme, from a year on."""

    programme: Programme = one(OPEN, "The programme.", region.Programme, to(region.VillageEnrolment.programme_id))
    year: int = shown(region.VillageEnrolment.year)
    decree: str | None = shown(region.VillageEnrolment.decree)
    active: bool = shown(region.VillageEnrolment.active)


@face(region.Region, interface=True)
class Region(Record):
    """A place of the official hierarchy (wilayah), whatever its level."""

    id: ID = id_field(region.Region.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(
        workflow.can_region, "What you may do in this region, before the state of any one record is considered."
    )
    code: RegionCode = shown(region.Region.code, by="order")
    name: str = shown(region.Region.name, by="order")
    level: RegionLevel = shown(region.Region.level, by="filter")
    kind: RegionKind = shown(region.Region.kind, by="filter")
    parent: Region | None = one(
        OPEN, "The region above; null for a province.", region.Region, to(region.Region.parent_id)
    )
    ancestors: list[Region] = plain_list(
        OPEN,
        "The regions above, from the province down to the parent, for breadcrumbs.",
        region.Region,
        region.ancestors,
        order=BY_CODE,
    )
    bps_code: str | None = shown(region.Region.bps_code)
    valid_from: dt.date = shown(region.Region.valid_from)
    valid_to: dt.date | None = shown(region.Region.valid_to)
    lineage: list[RegionLineage] = plain_list(
        OPEN,
        "Earlier and later codes, oldest first.",
        region.RegionLineage,
        region.lineage,
        order=(Order(region.RegionLineage.effective_on),),
    )
    households: Annotated[HouseholdConnection, lazy("schema.types.household")] | None = connection(
        OPERATIONAL,
        "Households in this region that you may see.",
        HouseholdFacts,
        region.under,
        order=(Order(HouseholdFacts.household_no),),
    )
    members: Annotated[MemberConnection, lazy("schema.types.member")] | None = connection(
        OPERATIONAL,
        "Persons in this region that you may see.",
        MemberFacts,
        region.under,
        order=BY_NUMBER,
    )
    migrations: Annotated[MigrationEpisodeConnection, lazy("schema.types.episode")] | None = connection(
        OPERATIONAL,
        "Migration episodes in this region that you may see.",
        EpisodeFacts,
        region.under,
        order=(Order(EpisodeFacts.departed_on, True),),
    )
    businesses: Annotated[BusinessConnection, lazy("schema.types.business")] | None = connection(
        OPERATIONAL,
        "Business units in this region that you may see.",
        BusinessFacts,
        region.under,
        order=(Order(BusinessFacts.started_on, True),),
    )
    summary: Annotated[Summary, lazy("schema.types.figures")] = one(
        OPEN, "The Minister's sentence for this region.", summary.Summary, summary.of_region
    )
    statistics: Annotated[Statistics, lazy("schema.types.statistics")] = answer(
        OPEN,
        "Published indicators of this region by any allowed breakdown; exact where it is yours.",
        statistics.Statistics,
        statistics.of_region,
        OF_REGION,
    )
    last_verified_at: dt.datetime | None = guarded(household.last_verified_at, by="filter order")


@face(region.Region)
class Province(Region):
    """A province (provinsi)."""

    regencies: Connection[Regency] = connection(
        OPEN,
        "Regencies in the province.",
        region.Region,
        by(region.Region.parent_id),
        region.exists_today,
        order=BY_CODE,
    )


@face(region.Region)
class Regency(Region):
    """A regency or city (kabupaten, kota)."""

    districts: Connection[District] = connection(
        OPEN,
        "Districts in the regency.",
        region.Region,
        by(region.Region.parent_id),
        region.exists_today,
        order=BY_CODE,
    )


@face(region.Region)
class District(Region):
    """A district (kecamatan, distrik, kapanewon …)."""

    villages: Connection[Village] = connection(
        OPEN,
        "Villages in the district.",
        region.Region,
        by(region.Region.parent_id),
        region.exists_today,
        order=BY_CODE,
    )


@face(region.Region)
class Village(Region):
    """A village (desa, kelurahan, desa adat, gampong, nagari, kampung …)."""

    enrolments: list[VillageEnrolment] = plain_list(
        OPEN,
        "Programmes that work here.",
        region.VillageEnrolment,
        by(region.VillageEnrolment.region_id),
        order=(Order(region.VillageEnrolment.year),),
    )
    monthly_report: Annotated[MonthlyReport, lazy("schema.types.report")] | None = one(
        OPERATIONAL,
        "The report of a month (laporan bulanan): the signed one if the village has signed it, else the figures as they"
        " stand; null for a month that has not begun.",
        report.Report,
        report.of_parent,
        key=MONTH_KEY,
    )
    officers: list[Actor] | None = plain_list(
        Sensitivity.PERSONAL,
        "Officers (petugas) whose grant covers this village today.",
        officer.Officer,
        officer.of_village,
        order=(Order(officer.officer_name),),
        account_id=officer.account_id,
        name=officer.officer_name,
        role=officer.officer_role,
    )


RegionFilter = filtering(
    Region,
    region.Region,
    {
        "programme": FilterKey(
            OPEN, "Enrolled in any programme with one of these codes.", NamedCondition(list[str], region.EnrolledIn)
        )
    },
    by_place_name(region.Region),
    combined=False,
)
RegionOrder = sorting(
    Region, region.Region, "How to sort regions; default is CODE ascending.", HOUSEHOLD_COUNT=household.household_count
)
IMPLEMENTATIONS[Region] = Implementations(
    "level",
    {
        RegionLevel.PROVINCE.value: Province,
        RegionLevel.REGENCY.value: Regency,
        RegionLevel.DISTRICT.value: District,
        RegionLevel.VILLAGE.value: Village,
    },
)

# SELECT the codes of today's successors of the region whose code is the argument `code`, as [{"code": …}, …]
SUCCESSORS = Many(
    key="",
    source=Source(region.Region, where=(region.successor,)),
    node=Object(kinds=((None, (Scalar("code", region.Region.code),)),)),
    order=BY_CODE,
)


async def no_region(database: Database, caller: Caller, arguments: dict[str, Any]) -> BadInput | None:
    """Why a code has no region: it was split into regions to choose from.  None if the code never existed."""
    json = await fetch(database, caller, SUCCESSORS, arguments)
    successors = [row["code"] for row in orjson.loads(json or b"[]")]
    return no_such_region(successors) if successors else None


REGION_KEY = LookupKey("code", RegionCode, "Dotted code of the region, of any year.", region.resolved, absent=no_region)
