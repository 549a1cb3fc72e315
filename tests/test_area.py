"""Areas against the meaning of codes: a region is below another if its code continues that code with a dot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.area import NATIONAL, NOWHERE, AreaSet

# A small dense country, where codes are often equal, ancestors, or only string prefixes of each other.
CODES = st.lists(st.sampled_from(["1", "2", "11", "12"]), min_size=1, max_size=4).map(".".join)
COUNTRY = ["1", "1.1", "1.11", "1.1.2", "11", "11.1", "12.2.1", "2.12.1.11", "2", "35.07", "35.071"]
AREAS = st.lists(CODES, max_size=6).map(lambda codes: AreaSet.of(*codes)) | st.just(NATIONAL)


def under(code: str, above: str) -> bool:
    return code == above or code.startswith(above + ".")


def in_ranges(code: str, literal: str) -> bool:
    """Whether the database finds the code in the literal: in any range, compared byte by byte."""
    ranges = literal.removeprefix("{[").removesuffix(")}").split("),[") if literal else []
    return any(low <= code < high for low, high in (range_.split(",") for range_ in ranges))


@given(st.lists(CODES, max_size=6), CODES)
def test_a_set_covers_what_is_below_one_of_its_regions(codes: list[str], code: str) -> None:
    assert AreaSet.of(*codes).covers(code) is any(under(code, above) for above in codes)


@given(CODES)
def test_the_country_covers_every_region_and_nowhere_covers_none(code: str) -> None:
    assert NATIONAL.covers(code)
    assert not NOWHERE.covers(code)


@given(AREAS, AREAS, CODES)
def test_union_covers_what_either_covers_and_intersection_what_both_cover(
    one: AreaSet, two: AreaSet, code: str
) -> None:
    assert (one | two).covers(code) is (one.covers(code) or two.covers(code))
    assert (one & two).covers(code) is (one.covers(code) and two.covers(code))
    assert one | two == two | one
    assert one & two == two & one


@given(AREAS, AREAS)
def test_a_set_covers_all_of_another_if_their_union_adds_nothing(one: AreaSet, two: AreaSet) -> None:
    assert one.covers_all(two) is (one | two == one)
    assert one.covers_all(one & two)


@given(st.lists(CODES, max_size=6))
def test_a_set_is_normalised(codes: list[str]) -> None:
    area = AreaSet.of(*codes)
    assert not any(under(a, b) for a in area.codes for b in area.codes if a != b)
    again = AreaSet.of(*reversed(codes), *(code + ".1" for code in codes))
    assert again == area
    assert hash(again) == hash(area)
    assert again.literal() == area.literal()


@given(AREAS, CODES)
def test_the_literal_covers_exactly_what_the_set_covers(area: AreaSet, code: str) -> None:
    assert in_ranges(code, area.literal()) is area.covers(code)


@given(AREAS, CODES)
def test_the_hull_encloses_the_set_and_is_it_where_the_literal_is_that_range(area: AreaSet, code: str) -> None:
    from_, below = area.hull
    between = from_ <= code < below
    assert between or not area.covers(code)
    if area.literal() == f"{{[{from_},{below})}}":
        assert between is area.covers(code)


def test_literals_of_some_areas() -> None:
    area = AreaSet.of("52.03.21.2002", "35.07", "35.07.12")
    assert area.literal() == "{[35.07,35.07/),[52.03.21.2002,52.03.21.2002/)}"
    assert NATIONAL.literal() == "{[0,:)}"
    assert NOWHERE.literal() == ""


def test_hulls() -> None:
    assert AreaSet.of("52.03.21.2002", "35.07").hull == ("35.07", "52.03.21.2002/")
    assert AreaSet.of("35.07").hull == ("35.07", "35.07/")
    assert NATIONAL.hull == ("0", ":")
    assert NOWHERE.hull == ("", "")


@given(AREAS)
def test_an_area_is_true_if_it_covers_something(area: AreaSet) -> None:
    assert bool(area) is (area != NOWHERE) is bool(area.literal())


def test_a_string_prefix_is_not_an_ancestor() -> None:
    assert not AreaSet.of("35.07").covers("35.071")
    assert not AreaSet.of("35.07").covers("35")
    assert AreaSet.of("35.07").covers("35.07.11.2008")


@pytest.mark.parametrize("code", ["", ".", "35.", ".07", "35..07", "3507 ", "35,07", "35/", "*", "٣٥", "35.07\n", "{}"])
def test_a_malformed_code_is_refused_and_covered_by_nothing(code: str) -> None:
    with pytest.raises(ValueError, match="is not a dotted region code"):
        AreaSet.of(code)
    assert not any(AreaSet.of(region).covers(code) for region in COUNTRY)


def test_the_country_does_not_cover_text_that_is_not_a_code() -> None:
    assert not any(NATIONAL.covers(text) for text in ("", "*", ":", "x", "/"))
