"""The face of the business."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import (
    BusinessField,
    BusinessPermit,
    BusinessScale,
    BusinessStatus,
    CapitalSource,
    ExportReadiness,
    KbliVersion,
    Market,
    OwnerCategory,
    TurnoverBand,
)
from registry.models import business, workflow
from registry.models.business import Business as BusinessFacts
from registry.models.business_group import BusinessGroup as GroupFacts
from registry.models.cooperative import Cooperative as CooperativeFacts
from registry.models.fact import CountryCode, PartialDate
from registry.models.household import Household as HouseholdFacts
from registry.models.member import Member as MemberFacts
from registry.models.noun import to
from registry.models.region import Region as RegionFacts
from registry.read.grouping import by_kbli_section
from schema.declare.listing import (
    Comparison,
    FilterKey,
    NamedCondition,
    RelatedRecords,
    by_name,
    filtering,
    grouping,
    of_list,
    sorting,
)
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
from schema.types.business_group import BusinessGroup
from schema.types.cooperative import Cooperative
from schema.types.node import Connection, Group, Money, Record, money
from schema.types.pillar import assistance_received
from schema.types.region import Village

if TYPE_CHECKING:
    from schema.types.assistance import Assistance
    from schema.types.household import Household
    from schema.types.member import Member

OPERATIONAL, PERSONAL = Sensitivity.OPERATIONAL, Sensitivity.PERSONAL


@face(BusinessFacts)
class Kbli:
    """Code of the national business classification (KBLI)."""

    version: KbliVersion = non_null(BusinessFacts.kbli_version, OPERATIONAL)
    code: str = non_null(BusinessFacts.kbli_code, OPERATIONAL)
    title: str = non_null(business.kbli_title, OPERATIONAL)
    section: str = non_null(business.kbli_section, OPERATIONAL)


@face(BusinessFacts)
class Business(Record):
    """A business unit (usaha) of a migrant household."""

    id: ID = id_field(BusinessFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can_nothing)
    household: Annotated[Household, lazy("schema.types.household")] = one(
        OPERATIONAL, "The household.", HouseholdFacts, to(BusinessFacts.household_id)
    )
    owner: Annotated[Member, lazy("schema.types.member")] = one(
        OPERATIONAL, "The member who owns it.", MemberFacts, to(BusinessFacts.owner_id)
    )
    owner_category: OwnerCategory | None = guarded(BusinessFacts.owner_category, by="filter group")
    name: str | None = guarded(BusinessFacts.name, by="order")
    description: str | None = guarded(BusinessFacts.description)
    field: BusinessField = shown(BusinessFacts.field, by="filter group")
    kbli: Kbli | None = embedded(
        OPERATIONAL,
        "Its code of the national classification.",
        BusinessFacts.kbli_code,
    )
    status: BusinessStatus = shown(BusinessFacts.status, by="filter group")
    started_on: PartialDate | None = shown(BusinessFacts.started_on, by="filter order")
    closed_on: PartialDate | None = shown(BusinessFacts.closed_on, by="filter")
    scale: BusinessScale | None = shown(BusinessFacts.scale, by="filter group")
    turnover_band: TurnoverBand | None = guarded(BusinessFacts.turnover_band, by="filter")
    annual_sales: Money | None = money(
        PERSONAL, "Yearly sales.", BusinessFacts.annual_sales_amount, BusinessFacts.annual_sales_currency
    )
    capital: Money | None = money(
        PERSONAL, "Capital without land and buildings.", BusinessFacts.capital_amount, BusinessFacts.capital_currency
    )
    capital_source: CapitalSource | None = guarded(BusinessFacts.capital_source)
    workers_family: int | None = shown(BusinessFacts.workers_family)
    workers_paid_male: int | None = shown(BusinessFacts.workers_paid_male)
    workers_paid_female: int | None = shown(BusinessFacts.workers_paid_female)
    nib: str | None = guarded(BusinessFacts.nib)
    permits: list[BusinessPermit] = shown(BusinessFacts.permits, by="filter")
    market: Market | None = shown(BusinessFacts.market, by="filter")
    sells_online: bool | None = shown(BusinessFacts.sells_online)
    export_readiness: ExportReadiness = shown(BusinessFacts.export_readiness, by="filter group")
    export_countries: list[CountryCode] = shown(BusinessFacts.export_countries, by="filter")
    location_village: Village = one(
        OPERATIONAL,
        "The village where the business is; usually the household's.",
        RegionFacts,
        to(BusinessFacts.location_village_id),
    )
    group: BusinessGroup | None = one(
        OPERATIONAL, "The business group that it belongs to.", GroupFacts, to(BusinessFacts.group_id)
    )
    cooperative: Cooperative | None = one(
        OPERATIONAL, "The cooperative that it belongs to.", CooperativeFacts, to(BusinessFacts.cooperative_id)
    )
    assistance: list[Annotated[Assistance, lazy("schema.types.assistance")]] = assistance_received()


_FILTER_KEYS = {
    "household": FilterKey(
        OPERATIONAL, "By the household.", RelatedRecords(HouseholdFacts, to(BusinessFacts.household_id))
    ),
    "owner": FilterKey(OPERATIONAL, "By the owner.", RelatedRecords(MemberFacts, to(BusinessFacts.owner_id))),
    "workers": FilterKey(OPERATIONAL, "By the number of all workers, family and paid.", Comparison(business.workers)),
    "kbli_code": FilterKey(
        OPERATIONAL, "By the code; `startsWith` finds a division or group.", Comparison(BusinessFacts.kbli_code)
    ),
    "has_nib": FilterKey(
        PERSONAL,
        "Whether it has a business identification number (nomor induk berusaha).",
        NamedCondition(bool, business.HasNib),
    ),
}
BusinessFilter = filtering(Business, BusinessFacts, _FILTER_KEYS, by_name(BusinessFacts))
BusinessListFilter = of_list(BusinessFacts, BusinessFilter)
BusinessOrder = sorting(
    Business,
    BusinessFacts,
    "How to sort; default is STARTED_ON descending; nulls last.",
    EXPORT_READINESS=business.readiness,
    WORKERS=business.workers,
)
BusinessGroupBy = grouping(
    Business, BusinessFacts, KBLI_SECTION=by_kbli_section(business.kbli_section, BusinessFacts.kbli_version)
)


@face()
class BusinessConnection(Connection[Business]):
    """One page of business units."""

    groups: list[Group] | None = grouped(BusinessGroupBy)
