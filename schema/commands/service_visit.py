"""The command of service visits."""

from auth.ability import Ability
from schema.commands import saving
from schema.types.service_visit import ServiceVisit

saving(ServiceVisit, Ability.PILLAR_RECORD, "a service visit", "A visit to the service centre.")
