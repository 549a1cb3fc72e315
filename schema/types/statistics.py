"""The face of statistics: defined figures by any allowed breakdown."""

from __future__ import annotations

import datetime as dt

from auth.sensitivity import Sensitivity
from registry.codes import Dimension, IndicatorName, OrderDirection
from registry.figures import answer, statistics
from registry.figures.indicator import MOST_INDICATORS
from registry.models.region import Region as RegionFacts
from registry.read.query import Order
from schema.declare.answers import answer_rows
from schema.declare.directives import Exemption
from schema.declare.input_types import InputField, input_type
from schema.declare.makers import ID, face, one, plain_list, shown, value_field
from schema.types.indicator import Indicator
from schema.types.node import Connection
from schema.types.region import Region

OPEN, OPERATIONAL, STRUCTURE = Sensitivity.OPEN, Sensitivity.OPERATIONAL, Exemption.STRUCTURE
BY_PLACE = (Order(answer.place),)

StatisticOrder = input_type(
    "StatisticOrder",
    "Sort rows by one of the indicators asked for; default is by keys.",
    {
        "indicator": InputField(IndicatorName, STRUCTURE, "One of the indicators asked for.", required=True),
        "direction": InputField(OrderDirection, STRUCTURE, "Direction.", OrderDirection.DESC),
    },
)


@face(answer.Keys)
class DimensionKey:
    """Value of one dimension."""

    dimension: Dimension = value_field(answer.dimension)
    key: str = value_field(answer.key)
    label: str = value_field(answer.label)


@face(answer.Figures)
class Figure:
    """One number."""

    value: float | None = value_field(answer.value)
    suppressed: bool = value_field(answer.suppressed)
    exact: bool = value_field(answer.exact)
    margin: int = value_field(answer.margin)


@face(answer.Lines)
class StatisticRow:
    """One combination of the dimensions asked for."""

    keys: list[DimensionKey] = plain_list(
        STRUCTURE, "In the order of `by`; empty in the total.", answer.Keys, answer.of_answer, order=BY_PLACE
    )
    figures: list[Figure] = plain_list(
        STRUCTURE,
        "In the order of `indicators`.",
        answer.Figures,
        answer.of_answer,
        order=BY_PLACE,
        limit=MOST_INDICATORS,
    )


@face()
class StatisticRowConnection(Connection[StatisticRow]):
    """One page of rows of figures."""


@face(statistics.Statistics)
class Statistics:
    """Figures with all that one must know to quote them."""

    id: ID = value_field(statistics.identity, "Reproduces exactly this answer later: `figure(id)`.")
    indicators: list[Indicator] = plain_list(
        OPEN,
        "In the order asked; figures of every row follow it.",
        answer.AskedIndicators,
        answer.of_answer,
        order=(Order(answer.asked_at),),
        limit=MOST_INDICATORS,
    )
    region: Region | None = one(OPEN, "The region; null for the country.", RegionFacts, statistics.region_of)
    on: dt.date | None = shown(statistics.on)
    period_from: dt.date | None = shown(statistics.period_from)
    period_to: dt.date | None = shown(statistics.period_to)
    cut_off: dt.datetime = shown(statistics.cut_off)
    oldest_cut_off: dt.datetime = shown(statistics.oldest_cut_off)
    region_version: str = shown(statistics.region_version)
    villages_reporting: int = shown(statistics.reporting)
    villages_enrolled: int = shown(statistics.enrolled)
    villages_published: int = shown(statistics.published)
    includes_unverified: bool = shown(statistics.includes_unverified)
    suppressed_cells: int = shown(statistics.suppressed_cells)
    total: StatisticRow = one(
        OPERATIONAL,
        "Over all rows; suppressed with them where it would give one away.",
        answer.TotalLine,
        answer.of_answer,
    )
    rows: StatisticRowConnection = answer_rows(
        OPERATIONAL,
        "One for each combination of the dimensions asked for that has a figure.",
        answer.Lines,
        answer.of_answer,
        (Order(answer.sort_key),),
        StatisticOrder,
        answer.value_of_indicator,
    )
