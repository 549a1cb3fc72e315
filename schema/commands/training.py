"""The command of trainings."""

from auth.ability import Ability
from schema.commands import saving
from schema.types.training import Training

saving(Training, Ability.PILLAR_RECORD, "a training", "A training with its participants.")
