"""Every validation rule of a household document, as one table, and the one function that applies it.

Rule: what is wrong is data, in stable codes, and complete: one finding never hides another of its kind. A draft may
lack everything but its skeleton, and may hold what is still wrong; it passes every rule that protects (`draft`), so
that nothing is kept that destroys a number, gives one away or could not be read. A complete household passes every
ERROR. Test: tests/test_rules.py.
"""

from datetime import datetime

from registry.codes import Severity
from registry.codes.messages import UserErrorCode
from registry.rules import business, episode, household, member, required, value
from registry.rules.rule import Finding, OpenDocument, Rule, RuleInput

__all__ = ["RULES", "Finding", "Judged", "Rule", "check"]

RULES: tuple[Rule, ...] = (
    *required.RULES,
    *household.RULES,
    *member.RULES,
    *episode.RULES,
    *business.RULES,
    *value.RULES,
)


_DRAFT_RULES = tuple(rule for rule in RULES if rule.draft)


def check(document: OpenDocument, now: datetime, *, complete: bool) -> list[Finding]:
    """Everything that the rules find in a whole household, in the order of the table.

    `now` has a time zone; today is its civil day at UTC+9. `complete` is False for drafts, which only the rules that
    protect judge.
    """
    sheet = RuleInput(document, now)
    rules = RULES if complete else _DRAFT_RULES
    findings = [rule.finding(place) for rule in rules if rule.applies(sheet) for place in rule.find(sheet)]
    return _specific(findings)


def _specific(findings: list[Finding]) -> list[Finding]:
    """Without the general UNKNOWN_VALUE where another error speaks of the same value."""
    general = UserErrorCode.UNKNOWN_VALUE
    explained = {f.place for f in findings if f.severity is Severity.ERROR and f.code is not general}
    return [f for f in findings if f.code is not general or f.place not in explained]
