"""Rules about assistance: when it was given."""

from registry.rules.rule import Rule
from registry.rules.value import happened

RULES: tuple[Rule, ...] = (happened("assistance", "date"),)
