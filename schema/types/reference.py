"""The face of code lists."""

from __future__ import annotations

import datetime as dt

from auth.sensitivity import Sensitivity
from registry.codes import list_name
from registry.models import reference
from registry.read.query import Equals, Order
from schema.declare.makers import face, plain_list, shown
from schema.declare.shapes import LookupKey


@face(reference.ReferenceCode)
class ReferenceCode:
    """One entry of a code list, with both labels."""

    code: str = shown(reference.ReferenceCode.code)
    label_id: str = shown(reference.ReferenceCode.label_id)
    label_en: str = shown(reference.ReferenceCode.label_en)
    sort: int = shown(reference.ReferenceCode.sort)
    valid_from: dt.date | None = shown(reference.ReferenceCode.valid_from)
    valid_to: dt.date | None = shown(reference.ReferenceCode.valid_to)


@face(reference.ReferenceList)
class ReferenceList:
    """A code list (daftar kode); cacheable by ETag."""

    name: str = shown(reference.ReferenceList.name)
    version: str = shown(reference.ReferenceList.version)
    source: str = shown(reference.ReferenceList.source)
    codes: list[ReferenceCode] = plain_list(
        Sensitivity.OPEN,
        "Its codes by `sort`.",
        reference.ReferenceCode,
        reference.of_list,
        order=(Order(reference.ReferenceCode.sort),),
        limit=reference.MOST_CODES,
    )


LIST_KEY = LookupKey(
    "list",
    str,
    "Name of a list, such as `COUNTRY`, or of an enum, such as `REGION_KIND` or `RegionKind`.",
    Equals("name", "list"),
    convert=list_name,
)
