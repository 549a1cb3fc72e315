"""Counts: what an indicator counts, as the program reads it."""

from __future__ import annotations

import datetime as dt

import pytest

from registry.codes import Dimension
from registry.figures.catalogue import INDICATORS
from registry.figures.count import AGE_BANDS, AGES, Count, age_band, fact_of_dimension, key_of
from registry.figures.indicator import LIVE, PERIODS
from registry.figures.units import BUSINESS, EPISODE, MIGRANT
from tests.village import Place

pytestmark = pytest.mark.anyio
DAYS = [dt.date(2024, 2, 29), dt.date(2026, 2, 28), dt.date(2026, 3, 1), dt.date(2026, 12, 31)]


def test_every_dimension_of_a_counted_indicator_has_a_key() -> None:
    for indicator in INDICATORS.values():
        for count in filter(None, (indicator.counts, indicator.per)):
            for dimension in set(indicator.by) - set(PERIODS) - set(LIVE):
                assert key_of(count, dimension, "$1"), (indicator.name, dimension)


def test_a_dimension_is_called_by_the_fact_of_its_unit() -> None:
    assert fact_of_dimension(BUSINESS, Dimension.BUSINESS_FIELD) == "field"
    assert fact_of_dimension(MIGRANT, Dimension.AGE_BAND) == "born"
    assert fact_of_dimension(BUSINESS, Dimension.SEX) is None
    assert key_of(Count(MIGRANT), Dimension.REGENCY, "$1") == "left(l.area, 5)"
    assert key_of(Count(EPISODE, dated="returned_on"), Dimension.YEAR, "$1") == "to_char(l.returned_on, 'YYYY')"
    with pytest.raises(KeyError, match="no fact of a business is its SEX"):
        key_of(Count(BUSINESS), Dimension.SEX, "$1")


def age_on(day: dt.date, born: dt.date) -> int:
    """Who is born on 29 February has their birthday on 1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


async def test_bands_of_age_change_on_the_birthday(village: Place) -> None:
    born = [
        dt.date(day.year - years, month, date)
        for day in DAYS
        for years in AGES
        for month, date in ((2, 28), (3, 1), (12, 31))
    ]
    born += [dt.date(year, 2, 29) for year in range(1940, 2024, 4)]
    select = f"SELECT {age_band('b', '$1::date')} AS band FROM unnest($2::date[]) WITH ORDINALITY AS u(b, n) ORDER BY n"
    for day in DAYS:
        bands = [row["band"] for row in await village.admin.fetch(select, day, born)]
        for birth, band in zip(born, bands, strict=True):
            age = max(age_on(day, birth), 0)
            assert band == AGE_BANDS[max(n for n, start in enumerate(AGES) if start <= age)], (day, birth)
    assert await village.admin.fetchval(f"SELECT {age_band('NULL::date', 'current_date')}") == ""
