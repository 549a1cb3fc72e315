"""The command of cases."""

from auth.ability import Ability
from schema.commands import saving
from schema.types.case import Case

saving(
    Case,
    Ability.CASE_RECORD,
    "a case",
    "A case of a household.",
    "Whoever did not record it leaves `type`, `notes` and `outcome` out, and they stay.",
)
