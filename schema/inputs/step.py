"""What every step of a household's workflow is sent: the household, the revision that the caller looked at, a note."""

from __future__ import annotations

from auth.sensitivity import Sensitivity
from registry.models.fact import fact_of
from registry.models.workflow import EVENT
from registry.write.step import Item
from schema.declare.directives import Exemption
from schema.declare.input_types import InputDict, InputField, described
from schema.declare.makers import ID
from schema.inputs.reading import id_of

AT_REVISION = {
    "id": InputField(ID, Sensitivity.OPERATIONAL, "The household.", required=True),
    "rev": InputField(int, Sensitivity.OPERATIONAL, "The revision that you looked at.", required=True),
}
NOTE = InputField(
    str, Exemption.PARAMETER, described(fact_of(EVENT.c.reason), "Note for the record of the step"), lines=True
)


def item_of(sent: InputDict) -> Item:
    """The household and the revision that were sent.  Raises BadInput."""
    return Item(id_of(sent), sent["rev"], sent.get("acceptFindings", False))
