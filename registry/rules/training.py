"""Rules about trainings: when."""

from registry.rules.rule import Rule
from registry.rules.value import in_order

RULES: tuple[Rule, ...] = (in_order("training", ("starts_on", "ends_on")),)
