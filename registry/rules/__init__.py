"""Every validation rule, as one table for each kind of record, and the one function that applies them.

These are the rules about what a record holds; those about what an edit does are in registry/write.
Rule: findings are data with stable codes, and complete: one finding never hides another of its kind. A draft may lack
everything but its skeleton and may still have errors; but it passes every rule that protects (`draft`), so that nothing
is stored that destroys a number, reveals one or cannot be read. A complete household passes every ERROR.
Test: tests/test_rules.py.
"""

import importlib
from datetime import datetime
from functools import cache
from importlib.util import find_spec

from registry.codes import Severity
from registry.codes.messages import UserErrorCode
from registry.codes.open_lists import LoadedCodes
from registry.models.aggregate import Aggregate
from registry.models.household import Household
from registry.models.noun import Noun
from registry.rules import business, child_care, episode, household, member, required, value
from registry.rules.rule import NOTHING_LOADED, Finding, OpenDocument, Rule, RuleInput

__all__ = ["Finding", "Rule", "check", "own_rules", "rules_of"]

OF_HOUSEHOLD: tuple[Rule, ...] = (
    *required.RULES,
    *household.RULES,
    *member.RULES,
    *episode.RULES,
    *business.RULES,
    *child_care.RULES,
    *value.RULES,
)
"""The rules of the household and of all that is saved with it."""


def own_rules(root: type[Noun]) -> tuple[Rule, ...]:
    """The rules of a kind of record, besides those that follow from the facts of its columns.

    Those of a village's record are `RULES` of the file of its name, if there is one."""
    if root is Household:
        return OF_HOUSEHOLD
    name = f"{__name__}.{root.__module__.rpartition('.')[2]}"
    if find_spec(name) is None:
        return ()
    rules: tuple[Rule, ...] = importlib.import_module(name).RULES
    return rules


@cache
def rules_of(aggregate: Aggregate, *, complete: bool) -> tuple[Rule, ...]:
    """The rules of a kind of record: its own, and those that follow from the facts of its columns.

    An unfinished record is checked only by rules that protect."""
    own = own_rules(aggregate.nouns[aggregate.root])
    rules = (*required.rules(aggregate), *own, *value.rules(aggregate))
    return tuple(rule for rule in rules if complete or rule.draft)


def check(
    document: OpenDocument,
    now: datetime,
    *,
    complete: bool,
    aggregate: Aggregate,
    loaded: LoadedCodes = NOTHING_LOADED,
) -> list[Finding]:
    """The findings of all rules in a whole record, in the order of the table.

    `now` has a time zone; today is its civil day at UTC+9. `complete` is False for drafts, which only the rules that
    protect check.  `loaded` is what is known of codes that do not come with the program.
    """
    rule_input = RuleInput(document, now, aggregate, loaded)
    rules = rules_of(aggregate, complete=complete)
    findings = [
        rule.finding(place)
        for rule in rules
        if rule.needs is None or rule.needs in rule_input.with_value
        for place in rule.find(rule_input)
    ]
    return _specific(findings)


def _specific(findings: list[Finding]) -> list[Finding]:
    """The findings without a general UNKNOWN_VALUE if another error is about the same value."""
    general = UserErrorCode.UNKNOWN_VALUE
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    explained = {finding.place for finding in errors if finding.code is not general}
    return [finding for finding in findings if finding.code is not general or finding.place not in explained]
