"""The face of the agency."""

from __future__ import annotations

from registry.models.agency import Agency as AgencyFacts
from schema.declare.listing import LIST_OPTIONS, ListOptions, by_name
from schema.declare.makers import ID, face, id_field, shown
from schema.types.node import Node


@face(AgencyFacts)
class Agency(Node):
    """A licensed placement company (P3MI)."""

    id: ID = id_field(AgencyFacts.id)
    name: str = shown(AgencyFacts.name)
    licence_no: str | None = shown(AgencyFacts.licence_no)
    city: str | None = shown(AgencyFacts.city)
    active: bool = shown(AgencyFacts.active)


LIST_OPTIONS[AgencyFacts] = ListOptions(search=by_name(AgencyFacts))
