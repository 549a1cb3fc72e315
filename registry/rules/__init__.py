"""Every validation rule of a household document, as one table, and the one function that applies it.

Rule: what is wrong is data, in stable codes, and complete: one finding never hides another. A draft needs only its
skeleton; a complete household must pass every ERROR. Test: tests/test_rules.py.
"""

from datetime import datetime

from registry.rules import business, household, member, migration, required, value
from registry.rules.rule import Finding, Judged, Rule, Sheet

__all__ = ["RULES", "Finding", "Judged", "Rule", "check"]

RULES: tuple[Rule, ...] = (
    *required.RULES,
    *household.RULES,
    *member.RULES,
    *migration.RULES,
    *business.RULES,
    *value.RULES,
)


def check(document: Judged, now: datetime, *, complete: bool) -> list[Finding]:
    """Everything that the rules find in a whole household, in the order of the table.

    `now` has a time zone; today is its civil day at UTC+9. `complete` is False for drafts, of which only the
    skeleton is judged.
    """
    sheet = Sheet(document, now)
    return [finding for rule in RULES if complete or rule.draft for finding in rule.findings(sheet)]
