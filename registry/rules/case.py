"""Rules about cases: when a case was opened and closed."""

from collections.abc import Iterator

from registry.codes.case import SETTLED
from registry.codes.messages import UserErrorCode as Code
from registry.models.case import CASE
from registry.rules.rule import Place, Rule, RuleInput, columns_of, rule
from registry.rules.value import happened, in_order

TABLE = CASE.name
ENDING = columns_of(TABLE, "status", "closed_on")


def settled_without_day(rule_input: RuleInput) -> Iterator[Place]:
    """Finds resolved and closed cases without the day: how long a case took is counted to it."""
    for case in rule_input.rows[TABLE]:
        if case["status"] in SETTLED and "closed_on" not in case.known:
            yield case.at("closed_on")


def closed_while_open(rule_input: RuleInput) -> Iterator[Place]:
    """Finds cases that somebody still works on, by their status, and that were closed, by their day."""
    for case in rule_input.rows_with(TABLE, "closed_on"):
        if case["status"] not in SETTLED:
            yield case.at("closed_on")


RULES: tuple[Rule, ...] = (
    rule(Code.REQUIRED, ENDING, settled_without_day),
    rule(Code.CASE_STATUS_OPEN, ENDING, closed_while_open),
    in_order(TABLE, ("opened_on", "closed_on")),
    happened(TABLE, "opened_on", "closed_on"),
)
