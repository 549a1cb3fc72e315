"""The command of parenting sessions."""

from auth.ability import Ability
from schema.commands import saving
from schema.types.parenting_session import ParentingSession

saving(ParentingSession, Ability.PILLAR_RECORD, "a parenting session", "A parenting session.")
