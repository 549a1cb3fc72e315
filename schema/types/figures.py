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


@face(summary.Summary)
class Summary:
    """The Minister's sentence: coverage of enrolled villages, households, business units, their fields, export-ready.

    VERIFIED records only.  A figure of a region is shown to those who hold its class in the whole region; all others
    see coverage only.  Figures of the country are shown to everybody, except that a figure of a class that is not
    theirs is hidden if it, or the rest of its whole, is 1 to 4.  Figures are live: comparing them before and after a
    verification shows what it changed, until they are published in batches.
    """

    id: ID = value_field(summary.identity, "Names this region on this day, so that client caches do not mix days.")
    region: Region | None = one(OPEN, "The region; null for the country.", RegionFacts, summary.region_of)
    provinces: int = figure("provinces")
    regencies: int = figure("regencies")
    districts: int = figure("districts")
    villages: int = figure("villages")
    villages_reporting: int = figure("villages_reporting")
    households: int | None = figure("households")
    persons: int | None = figure("persons")
    prospective: int | None = figure("prospective")
    working_abroad: int | None = figure("working_abroad")
    returned: int | None = figure("returned")
    households_with_business: int | None = figure("households_with_business")
    businesses: int | None = figure("businesses")
    businesses_by_field: list[FigureGroup] | None = plain_list(
        OPERATIONAL,
        "Running business units by field.",
        summary.BusinessesByField,
        summary.of_region,
        order=BY_KEY,
        when=summary.Shown("businesses_by_field"),
    )
    export_ready: int | None = figure("export_ready")
    export_ready_by_field: list[FigureGroup] | None = plain_list(
        OPERATIONAL,
        "Export-ready business units by field.",
        summary.ExportReadyByField,
        summary.of_region,
        order=BY_KEY,
        when=summary.Shown("export_ready_by_field"),
    )
    withheld: list[str] = value_field(summary.withheld)
    cut_off: dt.datetime = shown(summary.cut_off)
    region_version: str = shown(summary.region_version)
