"""Rules of a household document: each finds what it should and nothing else, without repeating values."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import registry.rules
from auth.sensitivity import Sensitivity
from registry.codes import BusinessScale, MigrationStage, OwnerCategory, Severity
from registry.codes.messages import MUST_SEE, UserErrorCode, sentence
from registry.models.aggregate import by_itself, village_records
from registry.models.household import Household
from registry.models.household_aggregate import AGGREGATE, NOUNS
from registry.models.noun import Noun, table_of
from registry.rules import Finding, own_rules, rules_of
from registry.rules import check as check_record
from registry.rules.rule import OpenDocument, Row, Rule, RuleInput
from registry.values.derived import newest_first, owner_category, scale, underage_at_departure
from registry.values.identity_number import has_province
from registry.values.partial_date import plus_years, span
from tests.household_cases import ALWAYS, COMPLETE, GOOD, HEAD, NOW, PROTECTING, SECOND, Change, E, H, with_change

TABLES = {name: table_of(noun) for name, noun in NOUNS.items()}
BROKEN = [*COMPLETE, *PROTECTING]
CHILDREN = {"household.members", "household.migrations"}
RULES = rules_of(AGGREGATE, complete=True)


def check(document: OpenDocument, now: datetime, *, complete: bool) -> list[Finding]:
    """The findings of all rules in a household."""
    return check_record(document, now, complete=complete, aggregate=AGGREGATE)


def places_of(findings: list[Finding]) -> set[tuple[str, str, Severity]]:
    return {(finding.code, f"{finding.table}.{finding.id}.{finding.column}", finding.severity) for finding in findings}


def test_a_good_household_has_no_finding() -> None:
    assert check(GOOD, NOW, complete=True) == []


@pytest.mark.parametrize(("code", "place", "broken"), ALWAYS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_draft_needs_its_required_structure(code: str, place: str, broken: Change) -> None:
    assert places_of(check(with_change(broken), NOW, complete=False)) == {(code, place, E)}
    assert (code, place, E) in places_of(check(with_change(broken), NOW, complete=True))


@pytest.mark.parametrize(
    ("code", "place", "severity", "broken", "fine"), COMPLETE, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_complete_household_passes_its_rules(
    code: str, place: str, severity: Severity, broken: Change, fine: Change
) -> None:
    assert (code, place, severity) in places_of(check(with_change(broken), NOW, complete=True))
    assert check(with_change(fine), NOW, complete=True) == []
    assert check(with_change(broken), NOW, complete=False) == []


@pytest.mark.parametrize(
    ("code", "place", "severity", "broken", "fine"),
    PROTECTING,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_protecting_rules_apply_to_drafts_too(
    code: str, place: str, severity: Severity, broken: Change, fine: Change
) -> None:
    judged = places_of(check(with_change(broken), NOW, complete=True))
    assert (code, place, severity) in judged or (
        code == "UNKNOWN_VALUE" and place in {place_ for _, place_, _ in judged}
    )
    assert check(with_change(fine), NOW, complete=True) == []
    assert places_of(check(with_change(broken), NOW, complete=False)) == {(code, place, severity)}


@pytest.mark.parametrize("length", [1, 2, 3, 7, 50])
def test_a_cycle_of_parents_is_refused(length: int) -> None:
    names = [f"m{n}" for n in range(length)]
    column = {name: "mother_id" if n % 2 else "father_id" for n, name in enumerate(names)}
    circle: Any = {
        name: {"seq": n, column[name]: names[(n + 1) % length], "full_name": name} for n, name in enumerate(names)
    }
    document: Any = {"household": GOOD["household"], "member": circle}
    impossible = {(f.id, f.column) for f in check(document, NOW, complete=False) if f.code == "KINSHIP_IMPOSSIBLE"}
    assert impossible == set(column.items())
    del circle[names[0]][column[names[0]]]
    assert [f for f in check(document, NOW, complete=False) if f.code == "KINSHIP_IMPOSSIBLE"] == []


def test_a_specific_error_replaces_a_general_one() -> None:
    for born, code in (("0001", "AGE_OVER_120"), ("9999-12-31", "BIRTH_DATE_FUTURE")):
        findings = check(with_change({HEAD: {"birth_date": born}}), NOW, complete=True)
        assert [f.code for f in findings if f.place == ("member", "head", "birth_date")] == [code]


ROOTS: tuple[type[Noun], ...] = (Household, *village_records())
"""The root of each kind of record."""


def test_every_file_of_rules_is_applied() -> None:
    applied = {rule for root in ROOTS for rule in own_rules(root)}
    for file in pkgutil.iter_modules(registry.rules.__path__):
        rules = getattr(importlib.import_module(f"registry.rules.{file.name}"), "RULES", ())
        assert applied.issuperset(rules), f"add the rules of registry/rules/{file.name}.py to OF_HOUSEHOLD"


def test_rules_are_about_columns_of_their_record() -> None:
    for root in ROOTS:
        rules, aggregate = own_rules(root), AGGREGATE if root is Household else by_itself(root)
        columns = {f"{name}.{column.name}" for name, typed in aggregate.typed.items() for column in typed}
        lists = {f"{aggregate.root}.{list_}" for list_ in aggregate.lists.values()}
        for rule in rules:
            assert columns | lists >= set(rule.columns), (root, rule.code)


def test_every_rule_has_a_case() -> None:
    broken = [
        RuleInput(with_change(change), NOW, AGGREGATE)
        for change in [case[2] for case in ALWAYS] + [case[3] for case in BROKEN]
    ]
    silent = [rule for rule in RULES if not any(list(rule.find(rule_input)) for rule_input in broken)]
    assert silent == []


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.needs], ids=lambda rule: f"{rule.code}-{rule.needs[1]}"
)
def test_a_rule_without_the_values_it_needs_finds_nothing(rule: Rule) -> None:
    """For every document above, without the values of that column."""
    assert rule.needs is not None
    table, column = rule.needs
    for change in [case[2] for case in ALWAYS] + [case[3] for case in BROKEN]:
        document = with_change(change)
        without = {id_: {c: v for c, v in row.items() if c != column} for id_, row in document[table].items()}
        rule_input = RuleInput(document | {table: without}, NOW, AGGREGATE)
        assert rule.needs not in rule_input.with_value
        assert list(rule.find(rule_input)) == []


def test_a_finding_is_about_a_column_that_its_rule_reads() -> None:
    for change in [case[2] for case in ALWAYS] + [case[3] for case in BROKEN]:
        rule_input = RuleInput(with_change(change), NOW, AGGREGATE)
        for rule in RULES:
            for finding in map(rule.finding, rule.find(rule_input)):
                assert f"{finding.table}.{finding.column}" in rule.columns
                assert finding.params.keys() in finding.code.forms
                assert sentence(finding.code, "id", **finding.params)


def test_a_finding_has_the_class_that_its_rule_reads() -> None:
    """Findings are PERSONAL; if a rule reads a higher class, the column of its finding has that class.

    Only the author of the procedural status, who alone sees that class, sees the finding about missing papers.
    """
    changed = [case[2] for case in ALWAYS] + [case[3] for case in BROKEN]
    for rule in RULES:
        classes = _classes(rule)
        pointed = {
            _sensitivity(f"{finding.table}.{finding.column}")
            for change in changed
            for finding in map(rule.finding, rule.find(RuleInput(with_change(change), NOW, AGGREGATE)))
        }
        assert not classes or pointed == classes, rule.code


def _classes(rule: Rule) -> set[Sensitivity]:
    """The class at which the findings of a rule stand, if it reads one above PERSONAL."""
    classes = {_sensitivity(column) for column in rule.columns} - {Sensitivity.OPERATIONAL, Sensitivity.PERSONAL}
    return classes - {Sensitivity.IDENTITY} if rule.code is UserErrorCode.PROCEDURAL_NO_DOCS else classes


def _sensitivity(column: str) -> Sensitivity:
    if column in CHILDREN:
        return Sensitivity.OPERATIONAL
    table, name = column.split(".")
    sensitivity: Sensitivity = (
        TABLES[table].c[name].info["fact"].sensitivity if name != "village_id" else Sensitivity.OPERATIONAL
    )
    return sensitivity


def test_a_finding_says_whether_it_must_be_acknowledged() -> None:
    to_acknowledge = {
        finding.code
        for case in BROKEN
        for finding in check(with_change(case[3]), NOW, complete=True)
        if finding.must_see
    }
    assert to_acknowledge == MUST_SEE


def test_today_is_the_civil_day_of_the_easternmost_village() -> None:
    late = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
    document = with_change({SECOND: {"last_contact_on": "2026-03-11"}})
    assert check(document, late, complete=True) == []
    assert places_of(check(document, late.replace(hour=14), complete=True)) == {
        ("DATE_FUTURE", f"{SECOND}.last_contact_on", E)
    }


def test_an_empty_document_lacks_only_required_values() -> None:
    assert check({}, NOW, complete=True) == []
    empty: dict[str, Any] = {table: {"x": {}} for table in NOUNS}
    assert {finding.code for finding in check(empty, NOW, complete=True)} == {
        UserErrorCode.REQUIRED,
        UserErrorCode.NIK_REASON_REQUIRED,
        UserErrorCode.CONSENT_REQUIRED,
        UserErrorCode.HEAD_REQUIRED,
    }


MARK = "Ω"
days = st.dates(date(1900, 1, 1), date(2100, 12, 31))
precision = st.sampled_from([4, 7, 10])
texts = st.one_of(
    st.text(max_size=12).map(lambda text: MARK + text),
    st.sampled_from(["", " ", "ID", "HEAD", "WORKING_ABROAD", "RETURNED", "head", "wife", "IDR", "CHILD"]),
    st.builds(lambda day, length: day.isoformat()[:length], days, precision),
    st.integers(0, 10**16 - 1).map("{:016}".format),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
)
values: dict[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(-10, 10**12),
    float: st.floats(),
    Decimal: st.one_of(st.decimals().map(str), st.sampled_from(["sNaN", "1e999999", "-0", "many"])),
    list: st.lists(texts, max_size=3),
}
changes = st.one_of(
    [
        st.tuples(
            st.just(name),
            st.sampled_from(sorted(GOOD[name])),
            st.just(column.name),
            st.none() | values.get(kind, texts),
        )
        for name, table in TABLES.items()
        for column in table.c
        for kind in [column.type.python_type]
    ]
)


@given(st.lists(changes, max_size=8), st.booleans(), st.booleans())
def test_any_typed_value_is_validated_and_never_repeated(typed: Any, scratch: bool, complete: bool) -> None:
    for finding in check(random_document(typed, scratch), NOW, complete=complete):
        assert finding.params.keys() in finding.code.forms
        assert MARK not in sentence(finding.code, "id", **finding.params)
        assert MARK not in sentence(finding.code, "en", **finding.params)


def random_document(typed: Any, scratch: bool) -> Any:
    """The good household, or one of empty records, with these values."""
    document: Any = {name: {id: {} for id in GOOD[name]} for name in GOOD} if scratch else with_change({})
    for table, id, column, value in typed:
        document[table][id][column] = value
    return document


class RecordingValues(dict[str, Any]):
    """The values of one record, which note who reads which column."""

    def __init__(self, row: Row, reads: set[str]) -> None:
        super().__init__(row.known)
        self.table, self.reads = row.table, reads

    def __getitem__(self, column: str) -> Any:
        self.reads.add(f"{self.table}.{column}")
        return super().__getitem__(column)

    def __contains__(self, column: object) -> bool:
        self.reads.add(f"{self.table}.{column}")
        return super().__contains__(column)

    def get(self, column: str, default: Any = None) -> Any:
        self.reads.add(f"{self.table}.{column}")
        return super().get(column, default)


class RecordingInput(RuleInput):
    """A household that notes the columns that a rule reads."""

    def __init__(self, document: OpenDocument) -> None:
        super().__init__(document, NOW, AGGREGATE)
        self.reads: set[str] = set()
        for row in (row for rows in self.rows.values() for row in rows):
            row.known = RecordingValues(row, self.reads)

    def rows_with(self, table: str, column: str) -> Sequence[Row]:
        self.reads.add(f"{table}.{column}")
        return super().rows_with(table, column)


def reads_of(rule: Rule, document: OpenDocument) -> tuple[set[str], list[Finding]]:
    """The columns that a rule reads in a household, and its findings there."""
    rule_input = RecordingInput(document)
    findings = [rule.finding(place) for place in rule.find(rule_input)]
    return rule_input.reads, findings


def test_a_rule_reads_the_columns_that_it_names() -> None:
    documents = [with_change(change) for change in [case[2] for case in ALWAYS] + [case[3] for case in BROKEN]]
    for rule in RULES:
        reads: set[str] = set().union(*(reads_of(rule, document)[0] for document in documents))
        assert reads == set(rule.columns) - CHILDREN, rule.code


@settings(max_examples=30)
@given(
    st.integers(0, 99), st.sampled_from([(HEAD, "nik", "{:02}07112304850001"), (H, "kk_number", "{:02}07110101190001")])
)
def test_a_province_that_never_was_is_only_a_warning(prefix: int, field: tuple[Any, str, str]) -> None:
    place, column, number = field
    findings = check(with_change({place: {column: number.format(prefix)}}), NOW, complete=True)
    expected = set() if has_province(number.format(prefix)) else {("NUMBER_WITHOUT_PROVINCE", column, Severity.WARNING)}
    assert {(finding.code, finding.column, finding.severity) for finding in findings} == expected


@given(st.lists(changes, max_size=8), st.booleans())
def test_a_rule_reads_no_other_columns_and_stands_at_the_most_sensitive(typed: Any, scratch: bool) -> None:
    document = random_document(typed, scratch)
    for rule in RULES:
        reads, findings = reads_of(rule, document)
        assert reads <= set(rule.columns), rule.code
        for finding in findings:
            assert f"{finding.table}.{finding.column}" in rule.columns, rule.code
            classes = _classes(rule)
            assert not classes or {_sensitivity(f"{finding.table}.{finding.column}")} == classes, rule.code


@given(days, days, precision, precision)
def test_partial_dates_are_compared_fairly(one: date, other: date, coarse: int, fine: int) -> None:
    first, second = span(one.isoformat()[:coarse]), span(other.isoformat()[:fine])
    assert first is not None
    assert second is not None
    assert first.first <= one <= first.last
    if first.surely_before(second):
        assert one < other


@given(days, days, precision, precision)
def test_underage_needs_certain_dates(born: date, departed: date, coarse: int, fine: int) -> None:
    answer = underage_at_departure(born.isoformat()[:coarse], departed.isoformat()[:fine])
    assert answer in (None, departed < plus_years(born, 18))
    assert underage_at_departure(born.isoformat(), departed.isoformat()) is (departed < plus_years(born, 18))


@pytest.mark.parametrize("text", ["0000", "2019-13", "2019-00", "2019-02-30", "2019-2", "19", "", None, 2019])
def test_a_malformed_partial_date_is_unknown(text: object) -> None:
    assert span(text) is None


@pytest.mark.parametrize(
    ("sales", "capital", "expected"),
    [
        (None, None, None),
        ("2000000000", None, BusinessScale.MICRO),
        ("2000000001", "1", BusinessScale.SMALL),
        ("50000000000", None, BusinessScale.MEDIUM),
        ("50000000001", None, BusinessScale.LARGE),
        (None, "1000000000", BusinessScale.MICRO),
        (None, "10000000000", BusinessScale.MEDIUM),
        (None, "10000000001", BusinessScale.LARGE),
    ],
)
def test_business_scale_follows_the_law(sales: str | None, capital: str | None, expected: BusinessScale | None) -> None:
    assert scale(Decimal(sales) if sales else None, Decimal(capital) if capital else None) is expected


def test_the_category_of_an_owner_follows_their_latest_episode() -> None:
    returned = {"stage": "RETURNED", "departed_on": "2010"}
    abroad = {"stage": "WORKING_ABROAD", "departed_on": "2010-02"}
    failed = {"stage": "FAILED_TO_DEPART", "registered_on": "2024"}
    plan = {"stage": "PROSPECTIVE"}
    assert owner_category([]) is OwnerCategory.FAMILY_MEMBER
    assert owner_category([failed]) is OwnerCategory.FAMILY_MEMBER
    assert owner_category([failed, returned]) is OwnerCategory.RETURNED_MIGRANT
    assert owner_category([returned, abroad]) is OwnerCategory.ACTIVE_MIGRANT
    assert owner_category([abroad, plan, returned]) is OwnerCategory.PROSPECTIVE
    assert newest_first([returned, plan, abroad])[0]["stage"] == MigrationStage.PROSPECTIVE
