"""The command of assistance."""

from auth.ability import Ability
from schema.commands import saving
from schema.types.assistance import Assistance

saving(
    Assistance,
    Ability.PILLAR_RECORD,
    "assistance",
    "Assistance to a business, group, household or village, named by its id.",
)
