"""The command of business groups."""

from auth.ability import Ability
from schema.commands import saving
from schema.types.business_group import BusinessGroup

saving(BusinessGroup, Ability.PILLAR_RECORD, "a business group", "A business group.")
