"""The published tables: which there are, and for which areas each is fine enough."""

from __future__ import annotations

import pytest

from registry.codes import Dimension, IndicatorName, RegionLevel, TimeBasis
from registry.figures.catalogue import INDICATORS
from registry.figures.indicator import LIVE, PERIODS, PLACES
from registry.figures.published import is_too_fine
from registry.figures.tables import DETAILS, HEADLINE, TABLES, Table, is_published, table_for

D, N = Dimension, IndicatorName


def test_no_table_is_deeper_than_three_or_names_a_place() -> None:
    assert TABLES
    for (name, by), table in TABLES.items():
        assert (table.indicator.name, table.by) == (name, by)
        assert table.depth <= 3
        assert not set(by) & {*PLACES, *LIVE, D.QUARTER, D.YEAR}
        assert (D.MONTH in by) is (table.indicator.time_basis is TimeBasis.FLOW)


def test_every_counted_indicator_is_published_by_each_of_its_dimensions() -> None:
    for indicator in INDICATORS.values():
        if not is_published(indicator) or indicator.time_basis is TimeBasis.FLOW:
            continue
        for dimension in set(indicator.by) - {*PLACES, *LIVE, *PERIODS}:
            assert (indicator.name, (dimension,)) in TABLES
        assert (indicator.name, ()) in TABLES


def test_what_is_declared_by_name_is_allowed_and_would_be_published() -> None:
    for name, details in (*DETAILS.items(), *HEADLINE.items()):
        for by in details:
            assert set(by) <= set(INDICATORS[name].by), (name, by)
            assert by == tuple(dimension for dimension in Dimension if dimension in by), "the order of the list"


def test_sums_and_what_is_open_are_not_published() -> None:
    assert not {table.indicator.name for table in TABLES.values()} & {N.WORKERS_PAID, N.VILLAGES_ENROLLED}


@pytest.mark.parametrize(
    "by", [(D.PROVINCE,), (D.WORKFLOW_STATE,), (D.COUNTRY, D.SEX), (D.MONTH,), (D.BUSINESS_FIELD,), (D.YEAR,)], ids=str
)
def test_a_table_of_another_kind_is_refused(by: tuple[Dimension, ...]) -> None:
    with pytest.raises(TypeError):
        Table(INDICATORS[N.PERSONS_ACTIVE], by)


def test_more_details_need_a_larger_area() -> None:
    active = INDICATORS[N.PERSONS_ACTIVE]
    village, regency, province = RegionLevel.VILLAGE, RegionLevel.REGENCY, RegionLevel.PROVINCE
    finest = {(): village, (D.SEX,): village, (D.SEX, D.COUNTRY): regency, (D.SEX, D.COUNTRY, D.SECTOR): province}
    for by, smallest in finest.items():
        table = Table(active, by)
        fine = [level for level in (province, regency, RegionLevel.DISTRICT, village) if not is_too_fine(table, level)]
        assert fine[-1] is smallest
        assert not is_too_fine(table, None)
    with pytest.raises(TypeError, match="finer"):
        Table(active, (D.SEX, D.AGE_BAND, D.EDUCATION, D.COUNTRY))


def test_what_protects_counts_as_one_detail_more() -> None:
    share = INDICATORS[N.NON_PROCEDURAL_SHARE]
    assert [Table(share, by).depth for by in ((), (D.COUNTRY,), (D.COUNTRY, D.SECTOR))] == [1, 2, 3]


def test_a_question_is_answered_by_its_dimensions_in_any_order_and_a_stock_by_what_was_published_then() -> None:
    table = TABLES[N.PERSONS_ACTIVE, (D.SEX, D.COUNTRY)]
    for by in ((D.COUNTRY, D.SEX), (D.SEX, D.COUNTRY), (D.COUNTRY, D.MONTH, D.SEX)):
        assert table_for(N.PERSONS_ACTIVE, by) is table
    assert table_for(N.PERSONS_ACTIVE, (D.EDUCATION, D.COUNTRY, D.SCHEME)) is None
