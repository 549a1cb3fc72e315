"""Objects with an id, pages of them, and values: what every face is made of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Generic, TypeVar

from auth.ability import Ability
from auth.role import Role
from auth.sensitivity import Sensitivity
from registry.codes import Severity
from registry.codes.messages import UserErrorCode
from registry.models import finding, workflow
from registry.models.fact import CurrencyCode
from registry.models.finding import FindingRecord
from registry.read.query import Datum
from schema.declare.directives import Exemption, named_enum, own_labels
from schema.declare.makers import ID, embedded, face, of_caller, plain_list, value_field, withheld_names

T = TypeVar("T")
named_enum(
    Role,
    own_labels,
    "Roles; clients show them, never decide by them (use viewerCan).",
)
named_enum(
    UserErrorCode,
    lambda code: (code.sentence_id, code.sentence_en),
    "Stable codes of what is wrong; new ones may be added: keep a default branch.",
)


@face(interface=True)
class Node:
    """An object with an id that is unique in the whole registry."""

    id: ID = value_field(text="UUID; the same everywhere in the registry.")


@face(interface=True)
class Record(Node):
    """A row that has an area: some of its fields may be withheld from you."""

    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(
        workflow.can_nothing, "Commands on this record that would be accepted from you now."
    )


@face()
class PageInfo:
    """Where this page stands in the list."""

    has_next_page: bool = value_field(text="Whether there are rows after this page.")
    has_previous_page: bool = value_field(text="Whether there are rows before this page.")
    start_cursor: str | None = value_field(text="Cursor of the first row; send it as `before`.")
    end_cursor: str | None = value_field(text="Cursor of the last row; send it as `after`.")


@face()
class Edge(Generic[T]):
    """One row of a page, with its cursor."""

    cursor: str = value_field(text="Opaque, signed, good for this list and caller only.")
    node: T = value_field(text="The record.")


@face()
class Connection(Generic[T]):
    """One page of records."""

    edges: list[Edge[T]] = value_field(text="The rows with their cursors.")
    nodes: list[T] = value_field(text="The nodes of `edges`, for clients that do not need cursors.")
    page_info: PageInfo = value_field(text="Where this page stands.")
    total_count: int = value_field(text="Rows that you may see; computed only when selected.")


@face()
class Group:
    """How many rows of a list share a key."""

    key: str = value_field(text="Enum value, region code or code of a list; UNKNOWN if the record has none.")
    label: str = value_field(text="The key in words, in the language of the request.")
    count: int = value_field(text="How many rows.")


@face()
class Money:
    """An amount in a currency."""

    amount: Decimal = value_field(text="Exact decimal number.")
    currency: CurrencyCode = value_field(text="ISO 4217 code.")


def money(kind: Sensitivity, text: str, amount: Datum, currency: Datum) -> Any:
    """An amount in its currency; null if there is none."""
    return embedded(kind, text, amount, amount=amount, currency=currency)


@face()
class GeoPoint:
    """WGS 84 position, four decimals (about 11 m)."""

    latitude: float = value_field(text="Degrees north.")
    longitude: float = value_field(text="Degrees east.")


@face()
class Actor:
    """Who did something: a member of staff or a service.  The class is that of the field that leads to it."""

    account_id: ID = value_field(
        text="The account.  Not an object with an id, so that client caches keep the name and role of each event."
    )
    name: str | None = value_field(text="Name at that time.")
    role: Role = value_field(text="Role in which they did it.")


@face(finding.FindingParams)
class ErrorParam:
    """One value in a message."""

    name: str = value_field(finding.param_name, "Its name in the sentence.")
    value: str = value_field(finding.param_value, "Its value.")


@face(FindingRecord)
class UserError:
    """One thing in the input or the record to correct or to look at.  Never contains a stored value."""

    code: UserErrorCode = value_field(FindingRecord.code)
    severity: Severity = value_field(FindingRecord.severity)
    path: list[str] = value_field(
        FindingRecord.path, "Where in `input`, indices as strings; for findings, where in the household."
    )
    message: str = value_field(finding.message, "For people; Indonesian, or English on `Accept-Language: en`.")
    params: list[ErrorParam] = plain_list(
        Exemption.STRUCTURE, "The values in the message.", finding.FindingParams, finding.of_finding
    )
