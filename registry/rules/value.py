"""Rules about a kind of value in any column: members, dates in order and not in the future, amounts, countries."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from registry.codes import MigrationStage
from registry.codes.countries import HOME, ISO_3166
from registry.codes.messages import UserErrorCode as Code
from registry.codes.open_lists import LONGEST_CODE, OpenList
from registry.models.aggregate import Aggregate
from registry.models.fact import CountryCode, fact_of, is_currency, is_free, python_type
from registry.models.household_aggregate import REFERENCES
from registry.models.noun import Noun
from registry.rules.rule import Find, Place, Rule, RuleInput, columns_of, rule, value_rule
from registry.values.bounds import Bounds
from registry.values.free_text import holds_number

ORDERED = {
    "household": (("consent_given_on", "consent_withdrawn_on"),),
    "migration_episode": (
        ("registered_on", "departed_on"),
        ("registered_on", "returned_on"),
        ("departed_on", "returned_on"),
        ("contract_starts_on", "contract_ends_on"),
    ),
    "business": (("started_on", "closed_on"),),
    "pillar_participation": (("started_on", "ended_on"),),
}
"""Pairs of dates: what happened first, and what happened later."""

HAPPENED = {
    "household": ("consent_given_on", "consent_withdrawn_on"),
    "migration_episode": ("registered_on", "departed_on", "returned_on", "last_contact_on"),
    "business": ("started_on", "closed_on"),
    "pillar_participation": ("started_on", "ended_on"),
}
"""Dates of past events; those of a prospective migrant are plans."""

STAGES = {"migration_episode": ("stage",)}
"""The columns that say whether the dates of a record are plans."""

UNUSUAL_IDR = {
    "migration_episode.wage": 100_000_000,
    "migration_episode.cost_paid": 500_000_000,
    "migration_episode.debt": 1_000_000_000,
    "business.annual_sales": 50_000_000_000,
    "business.capital": 10_000_000_000,
}
"""Rupiah above which somebody should check the amount; other currencies are not checked."""

WORKERS = ("workers_family", "workers_paid_male", "workers_paid_female")
UNUSUAL_WORKERS = 100
NOT_A_MEMBER = {("business", "owner_id"): Code.OWNER_NOT_MEMBER}
"""The code for a reference to somebody outside the household, if NOT_FOUND says too little."""


def _money(aggregate: Aggregate) -> tuple[str, ...]:
    return tuple(
        f"{table}.{column}"
        for (table, column), whole in aggregate.wholes.items()
        if not is_currency(column) and any(map(is_currency, whole))
    )


COUNTS = frozenset(f"business.{name}" for name in WORKERS)
"""Numbers of people: below zero they are as wrong as an amount of money."""


def outside_household(table: str, column: str) -> Find:
    """Finds the records that refer to somebody who is not a member of the household."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        return (row.at(column) for row in rule_input.rows_with(table, column) if rule_input.member(row[column]) is None)

    return find


def out_of_order(table: str, *pairs: tuple[str, str]) -> Find:
    """Finds later dates that are certainly before the earlier ones."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        for row in rule_input.rows[table]:
            reversed_ = {
                later: None
                for earlier, later in pairs
                if (first := row.span(earlier)) and (second := row.span(later)) and second.surely_before(first)
            }
            yield from (row.at(column) for column in reversed_)

    return find


def in_order(table: str, *pairs: tuple[str, str]) -> Rule:
    """The rule that, of each of these pairs of dates, what happened first is not later."""
    columns = columns_of(table, *(name for pair in pairs for name in pair))
    return rule(Code.DATES_ORDER, columns, out_of_order(table, *pairs))


def in_future(table: str, *columns: str) -> Find:
    """Finds dates that are certainly after today."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        for row in rule_input.rows[table]:
            if any(row[column] == MigrationStage.PROSPECTIVE for column in STAGES.get(table, ())):
                continue
            for column in columns:
                if (day := row.span(column)) and day.first > rule_input.today:
                    yield row.at(column)

    return find


def happened(table: str, *columns: str) -> Rule:
    """The rule that these dates, of past events, are not in the future."""
    return rule(Code.DATE_FUTURE, columns_of(table, *columns, *STAGES.get(table, ())), in_future(table, *columns))


def negative(place: str) -> Find:
    """Finds amounts and numbers below zero."""
    table, column = place.split(".")

    def find(rule_input: RuleInput) -> Iterator[Place]:
        return (row.at(column) for row in rule_input.rows_with(table, column) if (row.amount(column) or 0) < 0)

    return find


def beyond(table: str, column: str, bounds: Bounds, *, never_negative: bool) -> Find:
    """Finds values that exceed the bounds of their column, except those below zero, which get AMOUNT_NEGATIVE."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        for row in rule_input.rows_with(table, column):
            below = never_negative and (row.amount(column) or 0) < 0
            if not below and (params := bounds.broken_by(row.known[column])):
                yield row.at(column, **params)

    return find


def not_listed(table: str, column: str, open_list: OpenList) -> Find:
    """Finds codes that their open list does not have; those that are too long are found as such."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        for row in rule_input.rows_with(table, column):
            code = row.text(column)
            is_known = code in open_list.codes or (open_list.name, code) in rule_input.loaded.codes
            if code is not None and not is_known and len(code) <= LONGEST_CODE:
                yield row.at(column, list=open_list.name)

    return find


def number_in_text(table: str, column: str) -> Find:
    """Finds free texts with an identity number, which would be readable there for ever."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        rows = rule_input.rows_with(table, column)
        return (row.at(column) for row in rows if any(row.readings(column, holds_number)))

    return find


def unusual_rupiah(place: str) -> Find:
    """Finds rupiah amounts above the limit of this column."""
    table, column = place.split(".")
    limit = UNUSUAL_IDR[place]

    def find(rule_input: RuleInput) -> Iterator[Place]:
        for row in rule_input.rows_with(table, f"{column}_amount"):
            amount = row.amount(f"{column}_amount")
            if amount is not None and amount > limit and row[f"{column}_currency"] == "IDR":
                yield row.at(f"{column}_amount", limit=_spaced(limit))

    return find


def unusual_workers(column: str) -> Find:
    """Finds businesses with more workers than a village business has."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        for business in rule_input.rows_with("business", column):
            if (business.amount(column) or Decimal(0)) > UNUSUAL_WORKERS:
                yield business.at(column, limit=_spaced(UNUSUAL_WORKERS))

    return find


def country_unknown(table: str, column: str) -> Find:
    """Finds codes that are not a country's."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        return (row.at(column) for row in rule_input.rows_with(table, column) if _codes(row[column]) - ISO_3166)

    return find


def country_home(table: str, column: str) -> Find:
    """Finds Indonesia where a country abroad is meant."""

    def find(rule_input: RuleInput) -> Iterator[Place]:
        return (row.at(column) for row in rule_input.rows_with(table, column) if HOME in _codes(row[column]))

    return find


def _codes(value: str | list[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def _spaced(number: int) -> str:
    """Thousands separated by spaces, which neither language mistakes for decimals."""
    return f"{number:_}".replace("_", " ")


def rules(aggregate: Aggregate) -> tuple[Rule, ...]:
    """The rules of the values of any record, derived from the facts of its columns."""
    money = _money(aggregate)
    return tuple(
        rule_
        for table, columns in aggregate.typed.items()
        for column in columns
        for rule_ in _column_rules(aggregate.nouns[table], column, f"{table}.{column.name}" in money)
    )


def _column_rules(noun: type[Noun], column: sa.Column[Any], is_money: bool) -> Iterator[Rule]:
    table, name = column.table.name, column.name
    place, never_negative = f"{table}.{name}", is_money or f"{table}.{name}" in COUNTS
    if bounds := fact_of(column).bounds:
        too_large = beyond(table, name, bounds, never_negative=never_negative)
        yield value_rule(Code.UNKNOWN_VALUE, place, too_large, draft=True)
    if isinstance(open_list := fact_of(column).listed, OpenList):
        yield value_rule(Code.UNKNOWN_VALUE, place, not_listed(table, name, open_list), draft=True)
    if is_free(column):
        yield value_rule(Code.NUMBER_IN_TEXT, place, number_in_text(table, name), draft=True)
    if never_negative:
        yield value_rule(Code.AMOUNT_NEGATIVE, place, negative(place), draft=True)
    if python_type(getattr(noun, name)) in (CountryCode, list[CountryCode]):
        yield value_rule(Code.COUNTRY_UNKNOWN, place, country_unknown(table, name))
        yield value_rule(Code.COUNTRY_IS_ID, place, country_home(table, name))


RULES: tuple[Rule, ...] = (
    *(
        value_rule(NOT_A_MEMBER.get(place, Code.NOT_FOUND), ".".join(place), outside_household(*place), draft=True)
        for place in sorted(REFERENCES)
    ),
    *(in_order(table, *pairs) for table, pairs in ORDERED.items()),
    *(happened(table, *columns) for table, columns in HAPPENED.items()),
    *(
        value_rule(Code.AMOUNT_OUTLIER, f"{place}_amount {place}_currency", unusual_rupiah(place))
        for place in UNUSUAL_IDR
    ),
    *(value_rule(Code.AMOUNT_OUTLIER, f"business.{name}", unusual_workers(name)) for name in WORKERS),
)
