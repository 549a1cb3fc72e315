"""Definitions of indicators over the API: the catalogue, in the language of the request, alike for everybody."""

from __future__ import annotations

from typing import Any

import pytest

from registry.figures.catalogue import INDICATORS
from registry.figures.indicator import LONGEST_TEXT, Indicator, Words
from tests.village import Place

pytestmark = pytest.mark.anyio
WHOLE = """{ indicators {
  name code label unit timeBasis numerator denominator dimensions roundedTo definitionVersion } }"""
EVERYBODY = ["officer", "verifier", "coordinator", "viewer", "province", "analyst", "ministry", "auditor", "desk"]


def declared(indicator: Indicator, language: str) -> dict[str, Any]:
    """An indicator as the API shows it."""

    def text(words: Words) -> str:
        return words.en if language == "en" else words.id

    return {
        "name": indicator.name.value,
        "code": indicator.code,
        "label": indicator.name.label_en if language == "en" else indicator.name.label_id,
        "unit": text(indicator.unit),
        "timeBasis": indicator.time_basis.value,
        "numerator": text(indicator.counted),
        "denominator": None if indicator.denominator is None else text(indicator.denominator),
        "dimensions": [dimension.value for dimension in indicator.dimensions],
        "roundedTo": indicator.rounded_to,
        "definitionVersion": indicator.version,
    }


@pytest.mark.parametrize("language", ["id", "en"])
async def test_everybody_reads_the_whole_catalogue_in_their_language(village: Place, language: str) -> None:
    expected = [declared(indicator, language) for indicator in INDICATORS.values()]
    for who in EVERYBODY:
        village.statements.clear()
        answer = await village.query(who, WHOLE, language)
        assert answer.data["indicators"] == expected, who
        assert len(village.statements) == 1


async def test_definitions_differ_between_the_languages(village: Place) -> None:
    indonesian, english = [
        (await village.query("viewer", WHOLE, language)).data["indicators"] for language in ("id", "en")
    ]
    for one, other in zip(indonesian, english, strict=True):
        assert [
            key for key in one if one[key] == other[key] is not None and key in ("label", "unit", "numerator")
        ] == []
        assert one["denominator"] is None or one["denominator"] != other["denominator"]
        assert {**one, **dict.fromkeys(WORDS)} == {**other, **dict.fromkeys(WORDS)}


WORDS = ("label", "unit", "numerator", "denominator")


async def test_a_flow_says_by_which_day_its_period_is_decided(village: Place) -> None:
    answer = await village.query("officer", "{ indicators { name timeBasis numerator } }", "en")
    dated = {it["name"] for it in answer.data["indicators"] if "The period is decided by" in it["numerator"]}
    assert dated == {it["name"] for it in answer.data["indicators"] if it["timeBasis"] == "FLOW"}
    assert {"DEPARTURES", "SERVICE_VISITS"} < dated


async def test_nobody_reads_it_without_signing_in(village: Place) -> None:
    assert (await village.query(None, WHOLE)).codes == ["UNAUTHENTICATED"]


async def test_the_catalogue_costs_as_many_nodes_as_it_has_indicators(village: Place) -> None:
    answer = await village.query("officer", "{ indicators { code } }")
    assert answer.json["extensions"]["cost"]["requested"] == len(INDICATORS) == len(answer.data["indicators"])


def test_no_text_is_longer_than_the_schema_says() -> None:
    for indicator in INDICATORS.values():
        for words in (indicator.unit, indicator.counted, indicator.denominator or ()):
            assert all(len(text) <= LONGEST_TEXT for text in words)
