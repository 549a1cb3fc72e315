"""Rules about parenting sessions: when."""

from registry.rules.rule import Rule
from registry.rules.value import happened

RULES: tuple[Rule, ...] = (happened("parenting_session", "date"),)
