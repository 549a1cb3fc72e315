"""Rules about business groups: when they were formed."""

from registry.rules.rule import Rule
from registry.rules.value import happened

RULES: tuple[Rule, ...] = (happened("business_group", "formed_on"),)
