"""The face of the figures: the Minister's sentence."""

from __future__ import annotations

import datetime as dt
from typing import Any

from auth.sensitivity import Sensitivity
from registry.figures import summary
from registry.models.region import Region as RegionFacts
from registry.read.query import Order
from schema.declare.makers import ID, face, non_null, one, plain_list, shown, value_field
from schema.types.region import Region

OPEN, OPERATIONAL = Sensitivity.OPEN, Sensitivity.OPERATIONAL
BY_KEY = (Order(summary.bar_key),)


def figure(name: str) -> Any:
    """A figure under its class, by which registry/figures/summary.py decides where it is shown."""
    return non_null(summary.FIGURES[name], summary.CLASSES[name])


@face(summary.BusinessesByField)
class FigureGroup:
    """One bar of a published figure."""

    key: str = value_field(summary.bar_key)
    label: str = value_field(summary.bar_label)
    count: int | None = value_field(summary.bar_count)
    suppressed: bool = value_field(summary.bar_suppressed)
    exact: bool = value_field(summary.bar_exact)
    margin: int = value_field(summary.bar_margin)


@face(summary.Summary)
class Summary:
    """The Minister's sentence: coverage of enrolled villages, households, business units, their fields, export-ready.

    VERIFIED records only.  A class here means: whoever does not hold it in the whole region sees a published number, a
    multiple of five that moves when five households of a village have changed.  `exact` names the figures that are
    exact: those of your own area, live, and those of the country, as of its last close.
    """

    id: ID = value_field(summary.identity, "Names this region on this day, so that client caches do not mix days.")
    region: Region | None = one(OPEN, "The region; null for the country.", RegionFacts, summary.region_of)
    provinces: int = figure("provinces")
    regencies: int = figure("regencies")
    districts: int = figure("districts")
    villages: int = figure("villages")
    villages_reporting: int = figure("villages_reporting")
    households: int | None = figure("households")
    households_by_state: list[FigureGroup] | None = plain_list(
        OPERATIONAL,
        "Of the records, not of the ledger: from SUBMITTED on; drafts are never counted.  Null outside your own area.",
        summary.HouseholdsByState,
        summary.of_region,
        order=BY_KEY,
        when=summary.is_own,
    )
    persons: int | None = figure("persons")
    prospective: int | None = figure("prospective")
    working_abroad: int | None = figure("working_abroad")
    returned: int | None = figure("returned")
    children_left_behind: int | None = figure("children_left_behind")
    households_with_business: int | None = figure("households_with_business")
    returned_with_business: int | None = figure("returned_with_business")
    businesses: int | None = figure("businesses")
    businesses_by_field: list[FigureGroup] | None = plain_list(
        OPERATIONAL,
        "Running business units by field.",
        summary.BusinessesByField,
        summary.of_region,
        order=BY_KEY,
        when=summary.has_businesses,
    )
    export_ready: int | None = figure("export_ready")
    export_ready_by_field: list[FigureGroup] | None = plain_list(
        OPERATIONAL,
        "Export-ready business units by field.",
        summary.ExportReadyByField,
        summary.of_region,
        order=BY_KEY,
        when=summary.has_export_ready,
    )
    withheld: list[str] = value_field(summary.withheld)
    exact: list[str] = value_field(summary.exact)
    margin: int = value_field(summary.margin)
    cut_off: dt.datetime = shown(summary.cut_off)
    region_version: str = shown(summary.region_version)
