"""The published tables: of which counts, and by which details, everybody may see numbers outside their own areas.

A table is an indicator by at most three dimensions that are no regions.  The finer it is, the larger the smallest area
that it is published for: one detail from the village up, two from the regency, three from the province; a PROTECTIVE
class counts as one more.  Each indicator is published by each of its dimensions alone, and by the combinations of
DETAILS, which the ministry and the regions ask for; what is not here is not published.
Rule: the months of a flow are published, and its quarters and years are sums of them: a number of their own would be a
second look at the same events.  Sums of money, of workers, and medians are not published.
Tests: tests/test_tables.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from auth.sensitivity import Sensitivity
from registry.codes import Dimension, IndicatorName, TimeBasis
from registry.figures.catalogue import INDICATORS
from registry.figures.count import Count
from registry.figures.indicator import LIVE, PERIODS, PLACES, Indicator

N, D = IndicatorName, Dimension
DEEPEST = 3
NUMERATOR, DENOMINATOR = "n", "d"


class Part(NamedTuple):
    """What is counted of a table: the count itself, or the numerator (`n`) or denominator (`d`) of a share."""

    name: str
    counts: Count


@dataclass(frozen=True)
class Table:
    """An indicator by some dimensions, in the order of their list.  Raises TypeError for what is not published."""

    indicator: Indicator
    by: tuple[Dimension, ...] = ()

    def __post_init__(self) -> None:
        refused = set(self.by) - set(self.indicator.by) | set(self.by) & {*PLACES, *LIVE, D.QUARTER, D.YEAR}
        if refused or self.by != tuple(dimension for dimension in Dimension if dimension in self.by):
            raise TypeError(f"{self.indicator.name} is not published by {', '.join(self.by)}")
        if (D.MONTH in self.by) is (self.indicator.time_basis is TimeBasis.STOCK):
            raise TypeError(f"{self.indicator.name}: a flow is published by MONTH, and a stock is not")
        if self.depth > DEEPEST:
            raise TypeError(f"{self.indicator.name} by {', '.join(self.by)} is finer than what is published")

    @property
    def classes(self) -> frozenset[Sensitivity]:
        """The classes of what it shows."""
        return frozenset({self.indicator.sensitivity, *(dimension.sensitivity for dimension in self.by)})

    @property
    def depth(self) -> int:
        """How fine it is: its dimensions, and one more if a class is PROTECTIVE."""
        return len(self.by) + (Sensitivity.PROTECTIVE in self.classes)

    @property
    def block(self) -> int:
        """The depth whose blocks it moves with: 1 villages, 2 regencies, 3 provinces."""
        return max(self.depth, 1)

    @property
    def by_text(self) -> str:
        """Its dimensions as `published.by` has them."""
        return " ".join(self.by)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is counted of it."""
        assert self.indicator.counts is not None
        parts = (Part(NUMERATOR, self.indicator.counts),)
        return parts if self.indicator.per is None else (*parts, Part(DENOMINATOR, self.indicator.per))

    @property
    def is_headline(self) -> bool:
        """The country's number is exact, as of the country's last close."""
        return self.by in HEADLINE.get(self.indicator.name, ())


HEADLINE: Mapping[IndicatorName, tuple[tuple[Dimension, ...], ...]] = {
    N.HOUSEHOLDS: ((),),
    N.PERSONS_PROSPECTIVE: ((),),
    N.PERSONS_ACTIVE: ((),),
    N.PERSONS_RETURNED: ((),),
    N.HOUSEHOLD_MEMBERS: ((),),
    N.BUSINESSES: ((), (D.BUSINESS_FIELD,)),
    N.HOUSEHOLDS_WITH_BUSINESS: ((),),
    N.EXPORT_READY: ((), (D.BUSINESS_FIELD,)),
}
"""The Minister's sentence: of the country these tables are exact for everybody."""

_PERSONS = ((D.SEX, D.AGE_BAND), (D.SEX, D.EDUCATION), (D.SEX, D.AGE_BAND, D.EDUCATION))
DETAILS: Mapping[IndicatorName, tuple[tuple[Dimension, ...], ...]] = {
    N.PERSONS_PROSPECTIVE: _PERSONS,
    N.PERSONS_RETURNED: _PERSONS,
    N.PERSONS_ACTIVE: (
        *_PERSONS,
        (D.SEX, D.COUNTRY),
        (D.SEX, D.SECTOR),
        (D.SEX, D.OCCUPATION_GROUP),
        (D.COUNTRY, D.SECTOR),
        (D.COUNTRY, D.SCHEME),
        (D.COUNTRY, D.OCCUPATION_GROUP),
        (D.SEX, D.COUNTRY, D.SECTOR),
        (D.SEX, D.COUNTRY, D.OCCUPATION_GROUP),
    ),
    N.HOUSEHOLD_MEMBERS: ((D.SEX, D.AGE_BAND), (D.SEX, D.EDUCATION)),
    N.CHILDREN_UNDER_18: ((D.AGE_BAND, D.PARENTS_ABROAD), (D.AGE_BAND, D.SCHOOL_STATUS)),
    N.CHILDREN_LEFT_BEHIND: (
        (D.AGE_BAND, D.PARENTS_ABROAD),
        (D.PARENTS_ABROAD, D.SCHOOL_STATUS),
        (D.PARENTS_ABROAD, D.CAREGIVER),
        (D.AGE_BAND, D.PARENTS_ABROAD, D.SCHOOL_STATUS),
    ),
    N.CHILDREN_OUT_OF_SCHOOL: ((D.SEX, D.AGE_BAND),),
    N.BUSINESSES: (
        (D.BUSINESS_FIELD, D.BUSINESS_SCALE),
        (D.BUSINESS_FIELD, D.EXPORT_READINESS),
        (D.KBLI_SECTION, D.BUSINESS_SCALE),
        (D.BUSINESS_FIELD, D.OWNER_CATEGORY),
    ),
    N.EXPORT_READY: ((D.BUSINESS_FIELD, D.BUSINESS_SCALE),),
    N.NIB_SHARE: ((D.BUSINESS_FIELD, D.BUSINESS_SCALE),),
    N.DEPARTURES: ((D.SEX,), (D.COUNTRY,), (D.SECTOR,), (D.SCHEME,), (D.SEX, D.COUNTRY), (D.COUNTRY, D.SCHEME)),
    N.RETURNS: ((D.SEX,), (D.COUNTRY,), (D.RETURN_REASON,), (D.COUNTRY, D.RETURN_REASON)),
    N.NON_PROCEDURAL_SHARE: ((D.SEX, D.COUNTRY), (D.COUNTRY, D.SECTOR)),
    N.INFORMAL_SHARE: ((D.SEX, D.COUNTRY),),
    N.CONTRACTS_ENDING_6M: ((D.SEX, D.COUNTRY),),
    N.SOCIAL_SECURITY_COVERAGE: ((D.COUNTRY, D.SCHEME),),
    N.CASES_OPEN: ((D.COUNTRY, D.CASE_STATUS), (D.CASE_TYPE, D.CASE_STATUS)),
    N.TRAININGS: ((D.SKILL,),),
    N.TRAINING_PARTICIPANTS: ((D.SEX,), (D.SKILL,), (D.SEX, D.SKILL)),
    N.SERVICE_VISITS: ((D.SERVICE_TYPE,),),
}
"""The finer tables, of which the questions of ministry and regions are made; those of a flow go by month besides."""


def is_published(indicator: Indicator) -> bool:
    """Its counts of others are published: units that are counted, and neither added up nor ranked."""
    counts = (indicator.counts, indicator.per)
    plain = all(count is None or replace(count, sum=None, median=None) == count for count in counts)
    return indicator.counts is not None and plain and indicator.sensitivity is not Sensitivity.OPEN


def _tables(indicator: Indicator) -> Iterator[Table]:
    month = (D.MONTH,) if indicator.time_basis is TimeBasis.FLOW else ()
    alone = [(dimension,) for dimension in indicator.by if dimension not in (*PLACES, *LIVE, *PERIODS)]
    wanted = [(), *(alone if not month else ()), *DETAILS.get(indicator.name, ())]
    for by in dict.fromkeys(wanted):
        yield Table(indicator, tuple(dimension for dimension in Dimension if dimension in (*by, *month)))


TABLES: dict[tuple[IndicatorName, tuple[Dimension, ...]], Table] = {
    (table.indicator.name, table.by): table
    for indicator in INDICATORS.values()
    if is_published(indicator)
    for table in _tables(indicator)
}
"""Every published table, by the name of its indicator and its dimensions in the order of their list."""


def table_for(name: IndicatorName, by: tuple[Dimension, ...]) -> Table | None:
    """The table that answers for an indicator by dimensions that are no regions; None if none is published.

    A flow is read from its months, whatever the period."""
    wanted = {D.MONTH if dimension in PERIODS else dimension for dimension in by}
    if INDICATORS[name].time_basis is TimeBasis.FLOW:
        wanted.add(D.MONTH)
    else:
        wanted.discard(D.MONTH)  # a stock at the end of a month is what was published then
    return TABLES.get((name, tuple(dimension for dimension in Dimension if dimension in wanted)))
