"""Code lists, sentences and countries are complete in both languages and equal the public contract."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from registry.codes import Code, Severity, list_name, lists
from registry.codes.countries import COUNTRIES, DESTINATIONS, HOME, ISO_3166
from registry.codes.currencies import ISO_4217, RECENTLY_WITHDRAWN
from registry.codes.messages import MUST_SEE, UserErrorCode, sentence
from registry.codes.occupations import OCCUPATIONS
from registry.codes.open_lists import LONGEST_CODE, OpenList

CONTRACT = Path(__file__).with_name("contract") / "contract.graphql"
BEYOND = CONTRACT.with_name("beyond.txt").read_text().splitlines()
VALUE = re.compile(r'(?:"((?:[^"\\]|\\.)*)"\s+)?([A-Z][A-Z0-9_]*)')

DIRECTIVE = re.compile(r"@\w+\([^)]*\)")


@pytest.fixture(scope="module")
def contract() -> dict[str, list[tuple[str, str]]]:
    """Enum name to its (description, value), in order, without the values that the code does not have yet."""
    gaps = {line.partition(": ")[2] for line in CONTRACT.with_name("gaps.txt").read_text().splitlines()}
    enums = re.findall(r"^enum (\w+) \{\n(.*?)^\}", CONTRACT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    values = {name: VALUE.findall(DIRECTIVE.sub("", body)) for name, body in enums}
    return {name: [value for value in pairs if f"{name}.{value[1]}" not in gaps] for name, pairs in values.items()}


@pytest.mark.parametrize("name", sorted(lists()))
def test_code_lists_equal_the_contract(name: str, contract: dict[str, list[tuple[str, str]]]) -> None:
    assert name in contract, f"add the agreed enum {name} to {CONTRACT}"
    assert [member.value for member in lists()[name]] == [value for _, value in contract[name]]


def test_labels_equal_the_contract(contract: dict[str, list[tuple[str, str]]]) -> None:
    """For lists with both languages in the contract, except that our English bands of money name the amount."""
    for name, members in lists().items():
        if name in ("TurnoverBand", "RemittanceBand"):
            continue
        for member, (description, _) in zip(members, contract[name], strict=True):
            label_id, _, label_en = description.partition(" / ")
            if label_en:
                assert (member.label_id, member.label_en) == (label_id, label_en)


def test_error_codes_equal_the_contract(contract: dict[str, list[tuple[str, str]]]) -> None:
    codes = [code.value for code in UserErrorCode if f"UserErrorCode.{code}" not in BEYOND]
    assert [value for _, value in contract["UserErrorCode"] if value in codes] == codes


def test_the_lists_of_occupations_and_currencies_are_complete() -> None:
    assert [*OCCUPATIONS] == [str(n) for n in range(1, 90)]
    assert OCCUPATIONS["9"] == ("Petani/Pekebun", "Farmer or planter")
    assert {OCCUPATIONS[n][0] for n in ("1", "23", "79", "89")} == {
        "Belum/Tidak Bekerja",
        "Pembantu Rumah Tangga",
        "Pelaut",
        "Lainnya",
    }
    assert all(len(labels) == 2 and all(labels) for labels in OCCUPATIONS.values())
    assert {"IDR", "MYR", "HKD", "TWD", "SAR", "SGD", "JPY", "KRW"} <= ISO_4217
    assert all(re.fullmatch("[A-Z]{3}", code) for code in ISO_4217 | RECENTLY_WITHDRAWN)
    assert not {"XYZ", "ABC", "RUP", "XXX", "XTS", "XAU"} & (ISO_4217 | RECENTLY_WITHDRAWN)


@pytest.mark.parametrize("open_list", OpenList.every.values(), ids=OpenList.every)
def test_a_code_of_an_open_list_has_two_labels(open_list: OpenList) -> None:
    assert len({labels for labels in open_list.codes.values()}) == len(open_list.codes) >= 5
    for code, labels in open_list.codes.items():
        assert re.fullmatch(open_list.form, code)
        assert len(code) <= LONGEST_CODE
        assert all(label == label.strip() != "" for label in labels)
    assert open_list.source.strip()


def test_two_open_lists_of_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match="give one of them another name"):
        OpenList("SKILL", "a source", {})


@pytest.mark.parametrize("members", lists().values(), ids=lists())
def test_a_code_equals_its_name_and_has_two_labels(members: type[Code]) -> None:
    assert members.__doc__ != Code.__doc__
    for member in members:
        assert member == member.name == member.value == str(member)
        assert members[member.value] is member
        assert member.label_id.strip()
        assert member.label_en.strip()
    assert len({member.label_id for member in members}) == len(members)
    assert len({member.label_en for member in members}) == len(members)


@pytest.mark.parametrize(
    ("enum", "name"),
    [("Sex", "SEX"), ("RegionKind", "REGION_KIND"), ("REGION_KIND", "REGION_KIND"), ("KBLI_2025", "KBLI_2025")],
)
def test_an_enum_and_its_list_have_one_name(enum: str, name: str) -> None:
    assert list_name(enum) == list_name(name) == name


@pytest.mark.parametrize("code", UserErrorCode)
def test_a_sentence_has_the_same_params_in_both_languages(code: UserErrorCode) -> None:
    for template in (code.entry.sentence, *code.entry.variants.values()):
        names = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (template.id, template.en)]
        assert names == [template.params, template.params]
        filled = dict.fromkeys(template.params, "7")
        assert sentence(code, "id", **filled) == template.id.format(**filled) != sentence(code, "en", **filled)
        assert sentence(code, "en", **filled) == template.en.format(**filled)
        assert template.id.endswith(".")
        assert template.en.endswith(".")


def test_a_sentence_without_its_params_is_refused() -> None:
    with pytest.raises(KeyError):
        sentence(UserErrorCode.AMOUNT_OUTLIER, "id")


def test_codes_to_acknowledge_are_warnings() -> None:
    assert {code.severity for code in MUST_SEE} == {Severity.WARNING}


def test_destinations_are_countries_other_than_indonesia() -> None:
    assert len(ISO_3166) == 249
    assert DESTINATIONS.keys() < COUNTRIES.keys() == ISO_3166 - {HOME}
    assert len(set(COUNTRIES.values())) == len(COUNTRIES)
    assert next(iter(DESTINATIONS.items())) == ("HK", ("Hong Kong", "Hong Kong"))
