"""Rules about cooperatives: their legal form, and figures that contradict each other."""

from collections.abc import Iterator

from registry.codes.messages import UserErrorCode as Code
from registry.rules.rule import Place, Rule, RuleInput, rule, value_rule
from registry.rules.value import happened


def year_in_future(rule_input: RuleInput) -> Iterator[Place]:
    """Finds figures of a year that has not begun."""
    for year in rule_input.rows_with("cooperative_year", "year"):
        if year["year"] > rule_input.today.year:
            yield year.at("year")


def more_migrants_than_members(rule_input: RuleInput) -> Iterator[Place]:
    for year in rule_input.rows_with("cooperative_year", "returned_migrants"):
        if year["returned_migrants"] > (year["members"] or 0):
            yield year.at("returned_migrants")


RULES: tuple[Rule, ...] = (
    happened("cooperative", "legal_on"),
    value_rule(Code.DATE_FUTURE, "cooperative_year.year", year_in_future),
    rule(
        Code.PART_EXCEEDS_WHOLE,
        "cooperative_year.returned_migrants cooperative_year.members",
        more_migrants_than_members,
    ),
)
