"""The face of indicators: what each figure counts."""

from __future__ import annotations

from registry.codes import Dimension, IndicatorName, TimeBasis
from registry.figures import definitions
from schema.declare.makers import face, shown


@face(definitions.Definition)
class Indicator:
    """Definition of a published figure (indikator), in the language of the request."""

    name: IndicatorName = shown(definitions.name)
    code: str = shown(definitions.code)
    label: str = shown(definitions.label)
    unit: str = shown(definitions.unit)
    time_basis: TimeBasis = shown(definitions.time_basis)
    numerator: str = shown(definitions.numerator)
    denominator: str | None = shown(definitions.denominator)
    dimensions: list[Dimension] = shown(definitions.dimensions)
    rounded_to: int = shown(definitions.rounded_to)
    definition_version: int = shown(definitions.version)
