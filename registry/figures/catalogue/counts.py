"""What several indicators count: the building blocks of their definitions for the program."""

from __future__ import annotations

from registry.codes import BusinessStatus, MigrationStage, ParentsAbroad, ProceduralStatus, Sector
from registry.figures import units
from registry.figures.count import Count, Window


def shifted(day: str, by: str) -> str:
    """SQL of a day moved by an interval: who is born on 29 February comes of age on 1 March.

    Where the month has no such day PostgreSQL takes its last one, and the calendar the first of the next month."""
    moved = f"({day} + interval '{by}')"
    return f"({moved}::date + (extract(day FROM {moved}) < extract(day FROM {day}))::int)"


MINOR = Window(ends=shifted("l.born", "18 years"))
OF_SCHOOL_AGE = Window(begins=shifted("l.born", "7 years"), ends=shifted("l.born", "18 years"))
ENDING_SOON = Window(begins=shifted("l.contract_ends", "-6 months"), ends="l.contract_ends + 1")
A_YEAR_OLD = Window(begins=shifted("l.started_on", "12 months"))


def at_stage(stage: MigrationStage, **where: tuple[str, ...]) -> Count:
    """Persons whose latest episode has this stage, and the facts named."""
    return Count(units.MIGRANT, {"stage": (stage,)} | where)


def active(**where: tuple[str, ...]) -> Count:
    """Migrants working abroad (I06) with these facts."""
    return at_stage(MigrationStage.WORKING_ABROAD, **where)


def running(**where: tuple[str, ...]) -> Count:
    """Running business units (I14) with these facts."""
    return Count(units.BUSINESS, {"status": (BusinessStatus.RUNNING,)} | where)


def left_behind(*parents: ParentsAbroad, **where: tuple[str, ...]) -> Count:
    """Children under 18 of whom these parents are abroad (I11), with these facts."""
    return Count(units.PERSON, {"parents_abroad": parents} | where, MINOR)


RUNNING = running()
RETURNED = at_stage(MigrationStage.RETURNED)
WITH_BUSINESS = Count(units.HOUSEHOLD, {"has_business": ("true",)})
OWNERS = at_stage(MigrationStage.RETURNED, has_business=("true",))
OUTSIDE = (ProceduralStatus.NON_PROCEDURAL, ProceduralStatus.BECAME_IRREGULAR)
KNOWN_SECTORS = (Sector.FORMAL, Sector.INFORMAL, Sector.SEA_BASED)
