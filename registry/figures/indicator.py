"""Indicators: what a figure counts, in words that a statistician can recount, and by what it may be broken down.

Rule: a declaration that contradicts itself does not import.  Whoever sees a table holds the class of the indicator and
of each of its dimensions, so a PROTECTIVE dimension makes the whole indicator's numbers coarser.
Tests: tests/test_indicators.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from auth.sensitivity import Sensitivity
from registry.codes import Dimension, IndicatorName, TimeBasis
from registry.figures.count import Count, fact_of_dimension
from registry.figures.ledger import LEDGERS

COUNTED = (
    Sensitivity.OPEN,
    Sensitivity.OPERATIONAL,
    Sensitivity.PERSONAL,
    Sensitivity.SPECIAL,
    Sensitivity.PROTECTIVE,
)
"""The classes that are counted: numbers of the vault and the system's own records never are."""
MOST_INDICATORS = 40
"""Of one question."""
LONGEST_TEXT = 600
"""Characters of each text of a definition, in each language."""
CODE = re.compile("I(0[1-9]|[1-3][0-9]|40)")


class Words(NamedTuple):
    """A text in both languages."""

    id: str
    en: str


VILLAGE = Words("desa", "villages")
HOUSEHOLD = Words("rumah tangga", "households")
PERSON = Words("orang", "persons")
BUSINESS = Words("unit usaha", "business units")
DAY = Words("hari", "days")
PERCENT = Words("persen", "per cent")
"""The unit of every share; others have none of its denominator."""

D = Dimension
PLACES = (D.PROVINCE, D.REGENCY, D.DISTRICT, D.VILLAGE)
PERIODS = (D.MONTH, D.QUARTER, D.YEAR)
"""Of a flow, the period in which the event lies; of a stock, the state at the end of the period."""
LIVE = (D.WORKFLOW_STATE,)
"""Of the records as they are now, and of no ledger."""
WHO = (D.SEX, D.AGE_BAND, D.EDUCATION)
JOB = (D.COUNTRY, D.SECTOR, D.SCHEME, D.OCCUPATION_GROUP)
"""Facts of an episode; of a person, those of the latest one."""
TRADE = (D.BUSINESS_FIELD, D.KBLI_SECTION, D.BUSINESS_SCALE, D.OWNER_CATEGORY)


@dataclass(frozen=True)
class Indicator:
    """The one declaration of an indicator; labels are those of its name.

    The SDL's classes, the list that callers read, the page for officials and the monthly report derive from it.  Raises
    TypeError for a contradiction.
    """

    name: IndicatorName
    code: str
    """`I01` to `I40`, by which the programme knows it."""
    sensitivity: Sensitivity
    """The class of what it measures."""
    unit: Words
    numerator: Words
    """What is counted: units, conditions, and what unknown values do; without a denominator, the whole definition."""
    denominator: Words | None = None
    time_basis: TimeBasis = TimeBasis.STOCK
    dated: Words | None = None
    """Of a flow: the day that decides in which period an event lies."""
    by: tuple[Dimension, ...] = ()
    counts: Count | None = None
    """The same for the program: what is counted, of a share its numerator; None until something holds it."""
    per: Count | None = None
    """Of a share: its denominator."""
    broken_down: Mapping[str, Dimension] = field(default_factory=dict)
    """The codes of indicators that are this one by a dimension."""
    rounded_to: int = 5
    """Published numbers are multiples of this.  It is said and not derived, because changing it later would be a second
    look at the same counts."""
    version: int = 1
    """Rises with each change of what is counted, so that old figures stay quotable."""

    @property
    def counted(self) -> Words:
        """What is counted and, of a flow, by which day."""
        if self.dated is None:
            return self.numerator
        return Words(
            f"{self.numerator.id} Masa ditentukan oleh {self.dated.id}.",
            f"{self.numerator.en} The period is decided by the {self.dated.en}.",
        )

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions by which it may be broken down, in the order of their list."""
        return tuple(dimension for dimension in Dimension if dimension in self.by)

    def __post_init__(self) -> None:
        for problem in self._contradictions():
            raise TypeError(f"{self.name} ({self.code}): {problem}")

    def _contradictions(self) -> Iterable[str]:
        yield from self._of_words()
        yield from self._of_classes()
        yield from self._of_counts()
        for code in (self.code, *self.broken_down):
            if CODE.fullmatch(code) is None:
                yield f"{code} is no code: the programme knows I01 to I40"
        if len(set(self.by)) < len(self.by):
            yield "a dimension is named twice in by=(…)"
        for code, dimension in self.broken_down.items():
            if dimension not in self.by:
                yield f"{code} is this indicator by {dimension}: add that to by=(…)"
        if self.version < 1:
            yield "versions of a definition count from 1"

    def _of_words(self) -> Iterable[str]:
        texts = {"unit": self.unit, "numerator": self.numerator, "denominator": self.denominator, "dated": self.dated}
        for key, words in texts.items():
            if words is None:
                continue
            if not (words.id.strip() and words.en.strip()) or words.id == words.en:
                yield f"write {key} in Indonesian and in English"
            if key in ("numerator", "denominator") and not (words.id.endswith(".") and words.en.endswith(".")):
                yield f"write {key} as sentences, which end with a full stop in both languages"
        if max(len(text) for words in (self.counted, *texts.values()) for text in words or ()) > LONGEST_TEXT:
            yield f"write at most {LONGEST_TEXT} characters in each language"
        if self.time_basis is TimeBasis.FLOW and self.dated is None:
            yield "a flow needs a date: say in dated=Words(…) by which day an event belongs to a period"
        if self.time_basis is TimeBasis.STOCK and self.dated is not None:
            yield "a stock is counted on the day asked for: leave dated out, or make it a FLOW"
        if self.unit == PERCENT and self.denominator is None:
            yield "a share needs its denominator: say of what it is a part"
        if self.unit != PERCENT and self.denominator is not None:
            yield "what has a denominator is a share: its unit is PERCENT"

    def _of_counts(self) -> Iterable[str]:
        if self.counts is None:
            return
        if (self.per is None) is (self.unit == PERCENT):
            yield "a share has counts= and per=, and nothing else has per="
        for count in (self.counts, self.per):
            if count is None:
                continue
            if (count.dated is None) is (self.time_basis is TimeBasis.FLOW):
                yield "a flow has a fact whose day decides, Count(dated=…), and a stock has none"
            facts = LEDGERS[count.unit].c
            for fact in (*count.where, *(name for name in (count.sum, count.median, count.dated) if name is not None)):
                if fact not in facts:
                    yield f"{fact} is no fact of a {count.unit.name}"
            for dimension in self.by:
                if dimension not in (*PLACES, *PERIODS, *LIVE) and fact_of_dimension(count.unit, dimension) is None:
                    yield f"no fact of a {count.unit.name} is its {dimension}: leave it out of by=(…)"

    def _of_classes(self) -> Iterable[str]:
        if self.sensitivity not in COUNTED:
            yield f"nothing of class {self.sensitivity.value} is counted"
        classes = {self.sensitivity, *(dimension.sensitivity for dimension in self.by)}
        if self.sensitivity is Sensitivity.OPEN and classes != {Sensitivity.OPEN}:
            yield "everybody sees an OPEN indicator exactly, so its dimensions are OPEN too"
        if self.rounded_to != _least(classes):
            yield (
                f"its classes are {', '.join(sorted(kind.value for kind in classes))}, so its numbers are rounded to"
                f" {_least(classes)}: write rounded_to={_least(classes)}, or leave the dimension out"
            )


def _least(classes: set[Sensitivity]) -> int:
    """By how many published numbers of these classes go up: 10 if one is PROTECTIVE, and 1, which is exact, if all are
    OPEN."""
    if Sensitivity.PROTECTIVE in classes:
        return 10
    return 1 if classes == {Sensitivity.OPEN} else 5
