"""The demo country has the programme's own figures, and marks what is confirmed and what is illustrative."""

from collections import Counter

from registry.codes import RegionKind, RegionLevel
from registry.regions.region_list import read_list
from registry.regions.region_name import place
from server.demo.geography import COUNTRY, LENEK_LAUK, read

CONFIRMED_PROVINCES = {"18", "32", "33", "35", "52", "53"}


def test_the_country_is_a_valid_region_list() -> None:
    country = read_list(COUNTRY)
    assert country.bad == []
    assert [row.code for row in sorted(country.rows, key=lambda row: row.line)] == [p.code for p in read()]
    assert [p.code for p in read()] == sorted(p.code for p in read())


def test_it_has_the_coverage_of_2019() -> None:
    levels = Counter(place(p.code)[0] for p in read())
    assert levels == {
        RegionLevel.PROVINCE: 12,
        RegionLevel.REGENCY: 107,
        RegionLevel.DISTRICT: 314,
        RegionLevel.VILLAGE: 402,
    }


def test_the_years_of_enrolment_add_up_as_reported() -> None:
    years = Counter(p.since for p in read() if p.since)
    assert years == {2016: 2, 2017: 120, 2018: 130, 2019: 150}
    of_2017, of_2018, of_2019 = ([p.code for p in read() if p.since == year] for year in (2017, 2018, 2019))
    assert [len({code[:n] for code in of_2019}) for n in (2, 5, 8)] == [11, 75, 138]
    assert len({code[:5] for code in of_2017}) == 60
    assert len({code[:5] for code in of_2018}) == 65
    assert [len({code[:n] for code in of_2017 + of_2018}) for n in (2, 5)] == [12, 87]
    for province, villages, regencies in (("53", 20, 10), ("33", 28, 14)):
        tranche = [code for code in of_2017 if code.startswith(province)]
        assert (len(tranche), len({code[:5] for code in tranche})) == (villages, regencies)


def test_only_villages_are_enrolled_and_every_region_above_has_one() -> None:
    villages = [p.code for p in read() if p.since]
    assert all(len(code) == 13 for code in villages)
    above = {code[:n] for code in villages for n in (2, 5, 8)}
    assert {p.code for p in read() if not p.since} == above


def test_confirmed_regions_are_those_of_the_sources_and_their_ancestors() -> None:
    confirmed = {p.code for p in read() if p.confirmed}
    villages = {code for code in confirmed if len(code) == 13}
    assert len(villages) == 35
    assert {code for code in confirmed if len(code) == 2} == CONFIRMED_PROVINCES
    assert confirmed - CONFIRMED_PROVINCES == villages | {code[:n] for code in villages for n in (5, 8)}
    names = {p.code: (p.name, p.since) for p in read()}
    assert names["32.12.16.2004"] == ("Kenanga", 2016)
    assert names["33.07.10.2004"] == ("Kuripan", 2016)
    assert names["35.07.11.2008"] == ("Arjowilangun", 2017)
    assert names["52.03.21.2002"] == ("Lenek Lauk", 2017)


def test_lenek_lauk_has_both_districts_but_not_its_old_code() -> None:
    codes = {p.code for p in read()}
    assert LENEK_LAUK.to_code in codes
    assert LENEK_LAUK.from_code not in codes
    assert {LENEK_LAUK.to_code[:8], LENEK_LAUK.from_code[:8]} <= codes


def test_the_country_has_cities() -> None:
    cities = {p.name for p in read() if place(p.code)[1] is RegionKind.CITY}
    assert cities == {"Kota Banjar", "Kota Batu"}
