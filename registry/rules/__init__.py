"""Every validation rule, as one table for each kind of record, and the one function that applies them.

Rule: what is wrong is data, in stable codes, and complete: one finding never hides another of its kind. A draft may
lack everything but its skeleton, and may hold what is still wrong; it passes every rule that protects (`draft`), so
that nothing is kept that destroys a number, gives one away or could not be read. A complete household passes every
ERROR. Test: tests/test_rules.py.
"""

from datetime import datetime
from functools import cache

from registry.codes import Severity
from registry.codes.messages import UserErrorCode
from registry.models.aggregate import AGGREGATE
from registry.models.part import Aggregate
from registry.rules import business, episode, household, member, required, value
from registry.rules.rule import Finding, OpenDocument, Rule, RuleInput

__all__ = ["RULES", "Finding", "Rule", "check", "rules_of"]

RULES: tuple[Rule, ...] = (
    *required.rules(AGGREGATE),
    *required.RULES,
    *household.RULES,
    *member.RULES,
    *episode.RULES,
    *business.RULES,
    *value.RULES,
    *value.rules(AGGREGATE),
)
"""Those of a household."""


@cache
def rules_of(aggregate: Aggregate, *, complete: bool) -> tuple[Rule, ...]:
    """The rules of a kind of record: of the household those above, of others what follows from their facts.

    Those of an unfinished record are the ones that protect."""
    rules = RULES if aggregate is AGGREGATE else (*required.rules(aggregate), *value.rules(aggregate))
    return tuple(rule for rule in rules if complete or rule.draft)


def check(document: OpenDocument, now: datetime, *, complete: bool, aggregate: Aggregate = AGGREGATE) -> list[Finding]:
    """Everything that the rules find in a whole record, in the order of the table.

    `now` has a time zone; today is its civil day at UTC+9. `complete` is False for drafts, which only the rules that
    protect judge.
    """
    sheet = RuleInput(document, now, aggregate)
    rules = rules_of(aggregate, complete=complete)
    findings = [
        rule.finding(place)
        for rule in rules
        if rule.needs is None or rule.needs in sheet.with_value
        for place in rule.find(sheet)
    ]
    return _specific(findings)


def _specific(findings: list[Finding]) -> list[Finding]:
    """Without the general UNKNOWN_VALUE where another error speaks of the same value."""
    general = UserErrorCode.UNKNOWN_VALUE
    explained = {f.place for f in findings if f.severity is Severity.ERROR and f.code is not general}
    return [f for f in findings if f.code is not general or f.place not in explained]
