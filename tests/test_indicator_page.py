"""The page of indicators equals the catalogue, and each question of the ministry names the indicators that answer it.

`make snapshots`, never a test run, rewrites docs/indicators.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from registry.codes import Dimension, IndicatorName
from registry.figures.catalogue import INDICATORS
from registry.figures.indicator import Indicator, Words
from tests.test_snapshots import compare_snapshot
from tests.test_views import ALL as QUESTIONS

PAGE = Path(__file__).parents[1] / "docs" / "indicators.md"
HEAD = """# Indikator · Indicators

Made from the declarations in `registry/figures/catalogue`; a test keeps it true. The same definitions are in the API,
in the language of the request: `{ indicators { name code label unit numerator denominator dimensions } }`.
"""
LANGUAGES = ("", "Bahasa Indonesia", "English")
TERMS = (
    (
        "terverifikasi · verified",
        "Yang dihitung adalah isi rumah tangga pada verifikasi terakhirnya. Perubahan yang belum diverifikasi"
        " tidak mengubah angka.",
        "What counts is the content of a household at its latest verification. Changes that nobody has verified yet"
        " change no figure.",
    ),
    (
        "keadaan · stock",
        "Dihitung pada suatu hari. Menurut bulan, triwulan, atau tahun: keadaan pada akhir masa itu.",
        "Counted on a day. By month, quarter or year: the state at the end of that period.",
    ),
    (
        "kejadian · flow",
        "Dihitung dalam suatu masa, menurut tanggal yang disebut. Hari, bulan, dan tahun adalah yang di Jakarta.",
        "Counted in a period, by the day that is named. Days, months and years are those of Jakarta.",
    ),
    (
        "rincian · dimension",
        "Tabel mempunyai kelas data indikatornya serta kelas setiap rinciannya.",
        "A table has the class of its indicator and the classes of all its dimensions.",
    ),
    (
        "kelipatan · multiples",
        "Angka yang diterbitkan adalah kelipatan bilangan ini; 1 berarti tepat. Pada persentase, ini berlaku bagi"
        " pembilang dan penyebutnya.",
        "Published numbers are multiples of this number; 1 means exact. Of a share, that holds for its numerator"
        " and its denominator.",
    ),
)
"""What the words of the page mean."""


def line(cells: Iterable[str]) -> str:
    """One line of a table."""
    return "| " + " | ".join(cells) + " |\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n" + line(head) + line("---" for _ in head) + "".join(map(line, rows))


def anchor(indicator: Indicator) -> str:
    """Where a link to an indicator leads, in the form of the headings of Markdown."""
    return re.sub(r"[^\w\- ]", "", heading(indicator).lower()).replace(" ", "-")


def heading(indicator: Indicator) -> str:
    return f"{indicator.code} {indicator.name.label_id}"


def link(indicator: Indicator) -> str:
    return f"[`{indicator.name}`](#{anchor(indicator)})"


def contents() -> str:
    """Which indicators there are, by the programme's codes."""
    rows: dict[str, list[tuple[str, str, str]]] = {}
    for indicator in INDICATORS.values():
        name = indicator.name
        rows.setdefault(indicator.code, []).append((link(indicator), name.label_id, name.label_en))
        for code, dimension in indicator.broken_down.items():
            by_id, by_en = (
                f"{name.label_id} menurut {dimension.label_id.lower()}",
                f"{name.label_en} by {dimension.label_en}",
            )
            rows[code] = [(f"{link(indicator)} by `{dimension}`", by_id, by_en)]
    lines = [(code, *row) for code in sorted(rows) for row in rows[code]]
    return table(("", "indikator · indicator", *LANGUAGES[1:]), lines)


def section(indicator: Indicator) -> str:
    """One definition, both languages beside each other."""
    rows: list[tuple[str, str, str]] = []

    def row(label: str, words: Words | None) -> None:
        if words is not None:
            rows.append((label, words.id, words.en))

    basis, dimensions = indicator.time_basis, indicator.dimensions
    is_share = indicator.denominator is not None
    row("satuan · unit", indicator.unit)
    row("pembilang · numerator" if is_share else "yang dihitung · what is counted", indicator.numerator)
    row("penyebut · denominator", indicator.denominator)
    row("waktu · time", Words(basis.label_id, basis.label_en))
    row("menurut · dated by", indicator.dated)
    by_id, by_en = "; ".join(it.label_id for it in dimensions), "; ".join(it.label_en for it in dimensions)
    row("rincian · dimensions", Words(by_id, by_en))
    facts = (
        f"`{indicator.name}`, *{indicator.name.label_en}*",
        f"kelas · class {indicator.sensitivity.value}",
        f"kelipatan · multiples of {indicator.rounded_to}",
        f"versi · version {indicator.version}",
    )
    return f"\n## {heading(indicator)}\n\n{'; '.join(facts)}.\n" + table(LANGUAGES, rows)


def page() -> str:
    """docs/indicators.md, from the catalogue."""
    text = HEAD + table(LANGUAGES, TERMS) + contents() + "".join(map(section, INDICATORS.values()))
    dimensions = [(f"`{it}`", it.label_id, it.label_en, it.sensitivity.value) for it in Dimension]
    return text + "\n## Rincian · Dimensions\n" + table((*LANGUAGES, "kelas · class"), dimensions)


@pytest.mark.snapshot
def test_the_page_of_indicators_equals_the_catalogue() -> None:
    compare_snapshot(PAGE, page())


# --- the questions of the ministry ------------------------------------------------------------------------------------

NONE = "**No indicator**"
NAMED = {
    question.number: re.findall(r"\[`([A-Z0-9_]+)`\]\(indicators\.md#([^)]+)\)", question.text)
    for question in QUESTIONS
}


@pytest.mark.parametrize("number", NAMED)
def test_a_question_names_its_indicators_or_says_why_there_is_none(number: int) -> None:
    text = QUESTIONS[number - 1].text
    assert ("**Indicators:**" in text) == bool(NAMED[number])
    assert bool(NAMED[number]) or NONE in text
    for name, target in NAMED[number]:
        assert target == anchor(INDICATORS[IndicatorName[name]])


def test_every_indicator_answers_a_question() -> None:
    assert {name for names in NAMED.values() for name, _ in names} == set(IndicatorName)


NEEDED = {
    2: {Dimension.SEX},
    3: {Dimension.SEX, Dimension.AGE_BAND, Dimension.EDUCATION},
    4: {Dimension.PROVINCE},
    5: {Dimension.BUSINESS_FIELD, Dimension.KBLI_SECTION, Dimension.BUSINESS_SCALE, Dimension.OWNER_CATEGORY},
    6: {Dimension.EXPORT_READINESS, Dimension.BUSINESS_FIELD},
    7: {Dimension.COUNTRY, Dimension.SEX, Dimension.SECTOR},
    8: {Dimension.COUNTRY, Dimension.SEX, Dimension.SECTOR, Dimension.OCCUPATION_GROUP},
    9: {Dimension.SCHEME, Dimension.COUNTRY, Dimension.YEAR, Dimension.PROCEDURAL_STATUS},
    10: {Dimension.COUNTRY, Dimension.SEX, Dimension.SCHEME, Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR},
    11: {Dimension.RETURN_REASON, Dimension.COUNTRY},
    12: {Dimension.COUNTRY},
    14: {Dimension.PARENTS_ABROAD, Dimension.AGE_BAND, Dimension.SCHOOL_STATUS, Dimension.CAREGIVER},
    19: {Dimension.CASE_TYPE, Dimension.COUNTRY, Dimension.CASE_STATUS},
    20: {Dimension.STAGE},
    21: {Dimension.BUSINESS_FIELD},
    22: {Dimension.BUSINESS_FIELD, Dimension.BUSINESS_SCALE},
    23: {Dimension.PROGRAMME, Dimension.YEAR, Dimension.ASSISTANCE_TYPE},
    24: {Dimension.SKILL, Dimension.SEX},
    25: {Dimension.OCCUPATION_GROUP, Dimension.COUNTRY},
    26: {Dimension.COOPERATIVE_STATUS},
    27: {Dimension.SERVICE_TYPE, Dimension.MONTH},
    29: {Dimension.WORKFLOW_STATE},
    30: {Dimension.VILLAGE},
    31: {Dimension.YEAR},
    32: {Dimension.SEX},
}
"""Question → the dimensions by which the ministry asks it."""


@pytest.mark.parametrize("number", NEEDED)
def test_the_indicators_of_a_question_are_broken_down_as_it_asks(number: int) -> None:
    allowed = {dimension for name, _ in NAMED[number] for dimension in INDICATORS[IndicatorName[name]].by}
    assert NEEDED[number] <= allowed
    if number == 31:
        assert all(Dimension.YEAR in INDICATORS[IndicatorName[name]].by for name, _ in NAMED[number])
