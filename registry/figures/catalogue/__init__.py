"""The catalogue: every indicator of the programme, I01 to I40, declared once.

Rule: each name of the list has one declaration, in the order of the list.  Test: tests/test_indicators.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from registry.codes import IndicatorName
from registry.figures.catalogue.businesses import BUSINESSES
from registry.figures.catalogue.children import CHILDREN
from registry.figures.catalogue.coverage import COVERAGE
from registry.figures.catalogue.households import HOUSEHOLDS
from registry.figures.catalogue.migrations import MIGRATIONS
from registry.figures.catalogue.pillars import PILLARS
from registry.figures.catalogue.protection import PROTECTION
from registry.figures.catalogue.quality import QUALITY
from registry.figures.indicator import Indicator


def catalogue(*declarations: Indicator) -> dict[IndicatorName, Indicator]:
    """The declarations by name, in the order of their list.  Raises TypeError unless each name has exactly one."""
    by_name = {declaration.name: declaration for declaration in declarations}
    names = [declaration.name for declaration in declarations]
    if twice := {name for name in names if names.count(name) > 1}:
        raise TypeError(f"declare each indicator once: {_listed(twice)} are there twice")
    if undeclared := set(IndicatorName) - by_name.keys():
        raise TypeError(f"say in registry/figures/catalogue what {_listed(undeclared)} count")
    return {name: by_name[name] for name in IndicatorName}


def _listed(names: Iterable[IndicatorName]) -> str:
    return ", ".join(sorted(name.value for name in names))


INDICATORS = catalogue(*COVERAGE, *HOUSEHOLDS, *CHILDREN, *BUSINESSES, *MIGRATIONS, *PROTECTION, *PILLARS, *QUALITY)
"""Every indicator by its name."""
