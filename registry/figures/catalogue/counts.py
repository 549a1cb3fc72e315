"""What several indicators count: the building blocks of their definitions for the program."""

from __future__ import annotations

from registry.codes import BusinessStatus, MigrationStage, ParentsAbroad, ProceduralStatus, Sector
from registry.figures import units
from registry.figures.count import Count
from registry.figures.windows import MINOR


def at_stage(stage: MigrationStage, **where: tuple[str, ...]) -> Count:
    """Persons whose latest episode has this stage, and the facts named."""
    return Count(units.MIGRANT, {"stage": (stage,)} | where)


def active(**where: tuple[str, ...]) -> Count:
    """Migrants working abroad (I06) with these facts."""
    return at_stage(MigrationStage.WORKING_ABROAD, **where)


def running(**where: tuple[str, ...]) -> Count:
    """Running business units (I14) with these facts."""
    return Count(units.BUSINESS, {"status": (BusinessStatus.RUNNING,)} | where)


SOMEBODY = (ParentsAbroad.MOTHER, ParentsAbroad.FATHER, ParentsAbroad.BOTH)
"""Not NONE: a child whose parents are all at home is not left behind."""


def left_behind(*parents: ParentsAbroad, **where: tuple[str, ...]) -> Count:
    """Children under 18 of whom these parents are abroad (I11), somebody if none is named, with these facts."""
    return Count(units.PERSON, {"parents_abroad": parents or SOMEBODY} | where, MINOR)


RUNNING = running()
RETURNED = at_stage(MigrationStage.RETURNED)
WITH_BUSINESS = Count(units.HOUSEHOLD, {"has_business": ("true",)})
OWNERS = at_stage(MigrationStage.RETURNED, has_business=("true",))
OUTSIDE = (ProceduralStatus.NON_PROCEDURAL, ProceduralStatus.BECAME_IRREGULAR)
KNOWN_SECTORS = (Sector.FORMAL, Sector.INFORMAL, Sector.SEA_BASED)
