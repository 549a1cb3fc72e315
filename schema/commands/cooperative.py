"""The command of cooperatives."""

from auth.ability import Ability
from schema.commands import saving
from schema.types.cooperative import Cooperative

saving(Cooperative, Ability.PILLAR_RECORD, "a cooperative", "A cooperative with its yearly figures.")
