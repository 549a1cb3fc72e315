"""The catalogue of indicators: I01 to I40 are declared once, in both languages, and none contradicts itself."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from auth.sensitivity import Sensitivity
from registry.codes import Dimension, IndicatorName, TimeBasis
from registry.figures.catalogue import INDICATORS, catalogue
from registry.figures.indicator import PERCENT, Indicator, Words
from registry.figures.summary import CLASSES
from registry.models.assistance import Assistance
from registry.models.business import Business, kbli_section
from registry.models.case import Case
from registry.models.child_care import ChildCare
from registry.models.cooperative import Cooperative
from registry.models.episode import MigrationEpisode
from registry.models.fact import fact_of
from registry.models.household import Household
from registry.models.kinship import parents_abroad
from registry.models.member import Member
from registry.models.region import Programme, Region
from registry.models.service_visit import ServiceVisit
from registry.models.training import Training

N, D = IndicatorName, Dimension
CODES = [f"I{number:02}" for number in range(1, 41)]
ALL = list(INDICATORS.values())


def texts(indicator: Indicator) -> list[Words]:
    """Everything that an indicator says in words."""
    words = (indicator.unit, indicator.numerator, indicator.denominator, indicator.dated)
    return [text for text in words if text is not None]


def test_every_indicator_of_the_programme_has_a_name() -> None:
    assert list(INDICATORS) == list(IndicatorName)
    assert sorted({code for indicator in ALL for code in (indicator.code, *indicator.broken_down)}) == CODES


def test_names_of_one_indicator_stand_together_and_in_order() -> None:
    codes = [indicator.code for indicator in ALL]
    assert codes == sorted(codes)


def test_indicators_that_are_another_by_a_dimension() -> None:
    broken_down = {code: (i.name, by) for i in ALL for code, by in i.broken_down.items()}
    assert broken_down == {
        "I17": (N.BUSINESSES, D.BUSINESS_FIELD),
        "I24": (N.RETURNS, D.RETURN_REASON),
        "I26": (N.PERSONS_ACTIVE, D.COUNTRY),
    }


@pytest.mark.parametrize("indicator", ALL, ids=INDICATORS)
def test_a_definition_refers_to_indicators_and_codes_that_exist(indicator: Indicator) -> None:
    for words in texts(indicator):
        for text in words:
            assert set(re.findall(r"\bI\d\d\b", text)) <= set(CODES)
            assert "  " not in text
            assert text == text.strip()
    assert re.findall(r"\bI\d\d\b", " ".join(words.id for words in texts(indicator))) == re.findall(
        r"\bI\d\d\b", " ".join(words.en for words in texts(indicator))
    ), "both languages refer to the same indicators"


@pytest.mark.parametrize("indicator", ALL, ids=INDICATORS)
def test_a_share_is_said_by_its_name_its_unit_and_its_denominator(indicator: Indicator) -> None:
    is_share = indicator.denominator is not None
    assert (indicator.unit == PERCENT) == is_share
    assert indicator.name.label_id.startswith("Persentase ") or indicator.name is N.COMPLETENESS or not is_share
    assert is_share or not indicator.name.endswith("_SHARE")


@pytest.mark.parametrize("indicator", ALL, ids=INDICATORS)
def test_published_numbers_are_as_coarse_as_the_most_dangerous_class_asks(indicator: Indicator) -> None:
    classes = {indicator.sensitivity} | {dimension.sensitivity for dimension in indicator.dimensions}
    assert not classes & {Sensitivity.IDENTITY, Sensitivity.SYSTEM}
    if Sensitivity.PROTECTIVE in classes:
        assert indicator.rounded_to == 10
    elif indicator.sensitivity is Sensitivity.OPEN:
        assert (classes, indicator.rounded_to) == ({Sensitivity.OPEN}, 1)
    else:
        assert indicator.rounded_to == 5


@pytest.mark.parametrize("indicator", ALL, ids=INDICATORS)
def test_a_flow_can_be_broken_down_by_each_kind_of_period(indicator: Indicator) -> None:
    if indicator.time_basis is TimeBasis.FLOW:
        assert {D.MONTH, D.QUARTER, D.YEAR} <= set(indicator.dimensions)


def test_every_dimension_is_used_and_listed_in_order() -> None:
    assert {dimension for indicator in ALL for dimension in indicator.dimensions} == set(Dimension)
    for indicator in ALL:
        assert list(indicator.dimensions) == sorted(indicator.by, key=list(Dimension).index)


def test_the_rows_of_the_ministers_sentence_and_of_its_example_are_there() -> None:
    """I03, I01, I14, I17 and I19; destinations with the share of women, departures and returns by month."""
    assert D.BUSINESS_FIELD in INDICATORS[N.BUSINESSES].by
    assert D.BUSINESS_FIELD in INDICATORS[N.EXPORT_READY].by
    for name, dimension in (
        (N.PERSONS_ACTIVE, D.COUNTRY),
        (N.FEMALE_SHARE, D.COUNTRY),
        (N.DEPARTURES, D.MONTH),
        (N.RETURNS, D.MONTH),
    ):
        assert dimension in INDICATORS[name].dimensions


OF_FACT = {
    D.PROVINCE: Region.code,
    D.REGENCY: Region.code,
    D.DISTRICT: Region.code,
    D.VILLAGE: Region.code,
    D.SEX: Member.sex,
    D.AGE_BAND: Member.birth_date,
    D.EDUCATION: Member.education,
    D.STAGE: MigrationEpisode.stage,
    D.COUNTRY: MigrationEpisode.country,
    D.SECTOR: MigrationEpisode.sector,
    D.SCHEME: MigrationEpisode.scheme,
    D.OCCUPATION_GROUP: MigrationEpisode.occupation_group,
    D.RETURN_REASON: MigrationEpisode.return_reason,
    D.PROCEDURAL_STATUS: MigrationEpisode.procedural_status,
    D.PARENTS_ABROAD: parents_abroad,
    D.SCHOOL_STATUS: Member.school_status,
    D.CAREGIVER: ChildCare.caregiver,
    D.BUSINESS_FIELD: Business.field,
    D.KBLI_SECTION: kbli_section,
    D.BUSINESS_SCALE: Business.scale,
    D.EXPORT_READINESS: Business.export_readiness,
    D.OWNER_CATEGORY: Business.owner_category,
    D.ASSISTANCE_TYPE: Assistance.type,
    D.PROGRAMME: Programme.code,
    D.SKILL: Training.skill,
    D.CASE_TYPE: Case.type,
    D.CASE_STATUS: Case.status,
    D.SERVICE_TYPE: ServiceVisit.type,
    D.COOPERATIVE_STATUS: Cooperative.status,
    D.WORKFLOW_STATE: Household.workflow_state,
}


def test_a_dimension_is_of_the_class_of_its_fact() -> None:
    assert set(Dimension) - OF_FACT.keys() == {D.MONTH, D.QUARTER, D.YEAR}, "times are of no record"
    for dimension, datum in OF_FACT.items():
        assert dimension.sensitivity is fact_of(datum).sensitivity, dimension


OF_SUMMARY = {
    "provinces": N.PROVINCES_COVERED,
    "regencies": N.REGENCIES_COVERED,
    "districts": N.DISTRICTS_COVERED,
    "villages": N.VILLAGES_ENROLLED,
    "villages_reporting": N.VILLAGES_REPORTING,
    "households": N.HOUSEHOLDS,
    "persons": N.HOUSEHOLD_MEMBERS,
    "prospective": N.PERSONS_PROSPECTIVE,
    "working_abroad": N.PERSONS_ACTIVE,
    "returned": N.PERSONS_RETURNED,
    "children_left_behind": N.CHILDREN_LEFT_BEHIND,
    "households_with_business": N.HOUSEHOLDS_WITH_BUSINESS,
    "returned_with_business": N.RETURNED_WITH_BUSINESS,
    "businesses": N.BUSINESSES,
    "export_ready": N.EXPORT_READY,
}


def test_a_figure_of_the_summary_is_of_the_class_of_its_indicator() -> None:
    assert {name: INDICATORS[OF_SUMMARY[name]].sensitivity for name in CLASSES} == CLASSES


# --- what does not import ---------------------------------------------------------------------------------------------

ACTIVE, CASES, DEPARTURES = INDICATORS[N.PERSONS_ACTIVE], INDICATORS[N.CASES_OPEN], INDICATORS[N.DEPARTURES]
SHARE, COVERAGE = INDICATORS[N.FEMALE_SHARE], INDICATORS[N.VILLAGES_ENROLLED]


@pytest.mark.parametrize(
    ("declared", "changes", "lesson"),
    [
        (ACTIVE, {"by": (*ACTIVE.by, D.PROCEDURAL_STATUS)}, "write rounded_to=10, or leave the dimension out"),
        (CASES, {"rounded_to": 5}, "write rounded_to=10"),
        (ACTIVE, {"rounded_to": 10}, "write rounded_to=5"),
        (ACTIVE, {"rounded_to": 1}, "write rounded_to=5"),
        (INDICATORS[N.NON_PROCEDURAL_SHARE], {"rounded_to": 5}, "write rounded_to=10"),
        (COVERAGE, {"by": (D.PROVINCE, D.SEX)}, "its dimensions are OPEN too"),
        (ACTIVE, {"sensitivity": Sensitivity.IDENTITY}, "nothing of class IDENTITY is counted"),
        (ACTIVE, {"sensitivity": Sensitivity.SYSTEM}, "nothing of class SYSTEM is counted"),
        (ACTIVE, {"time_basis": TimeBasis.FLOW}, "a flow needs a date"),
        (DEPARTURES, {"dated": None}, "a flow needs a date"),
        (DEPARTURES, {"time_basis": TimeBasis.STOCK}, "leave dated out, or make it a FLOW"),
        (SHARE, {"denominator": None}, "a share needs its denominator"),
        (ACTIVE, {"denominator": ACTIVE.numerator}, "its unit is PERCENT"),
        (ACTIVE, {"unit": Words("orang", "orang")}, "write unit in Indonesian and in English"),
        (ACTIVE, {"numerator": Words("PMI aktif.", " ")}, "write numerator in Indonesian and in English"),
        (SHARE, {"denominator": Words("PMI aktif", "Migrants.")}, "end with a full stop"),
        (ACTIVE, {"numerator": Words("Ya." * 201, "Yes.")}, "write at most 600 characters"),
        (ACTIVE, {"code": "I41"}, "I41 is no code"),
        (ACTIVE, {"code": "I6"}, "I6 is no code"),
        (ACTIVE, {"broken_down": {"I00": D.COUNTRY}}, "I00 is no code"),
        (ACTIVE, {"broken_down": {"I24": D.RETURN_REASON}}, "add that to by"),
        (ACTIVE, {"by": (D.SEX, D.SEX), "broken_down": {}}, "named twice"),
        (ACTIVE, {"version": 0}, "count from 1"),
    ],
)
def test_a_declaration_that_contradicts_itself_does_not_import(
    declared: Indicator, changes: dict[str, Any], lesson: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(lesson)) as refusal:
        replace(declared, **changes)
    assert declared.name in str(refusal.value)


def test_a_name_without_a_declaration_and_one_with_two_do_not_import() -> None:
    with pytest.raises(TypeError, match=r"say in registry/figures/catalogue what DEPARTURES, RETURNS count"):
        catalogue(*[indicator for indicator in ALL if indicator.name not in (N.DEPARTURES, N.RETURNS)])
    with pytest.raises(TypeError, match=r"CASES_OPEN are there twice"):
        catalogue(*ALL, CASES)
