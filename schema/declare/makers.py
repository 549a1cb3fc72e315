"""The makers: every element of the schema is declared with what it shows and who may see it.

They keep Strawberry's vocabulary (type, field, input, mutation), but none has a default for the declaration: a field
names a fact, a command an ability, everything else an exemption from a closed list.
Rule: no other file makes schema elements; an undeclared one is an error at import here, and at start in build.py.
Tests: tests/test_schema.py.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

import strawberry
from sqlalchemy.orm import InstrumentedAttribute
from strawberry import ID, UNSET, Info, lazy
from strawberry.types import get_object_definition
from strawberry.types.field import StrawberryField

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models.fact import Derived, fact_of
from registry.models.noun import Link, Readable
from registry.read.query import Datum, Order, Source, Where
from registry.values.bounds import LONGEST_LIST
from schema.declare.arguments import SINCE, argument, engine_resolver, list_arguments
from schema.declare.directives import Exempt, Exemption, Requires, sensitivity
from schema.declare.input_types import described
from schema.declare.shapes import (
    ColumnField,
    EmbeddedField,
    LookupKey,
    NodeField,
    PayloadRecord,
    RelatedField,
    ValueField,
    WithheldField,
)

T = TypeVar("T")
__all__ = ["ID", "UNSET", "Info", "lazy"]
NEVER_WITHHELD = {Sensitivity.OPEN, Sensitivity.OPERATIONAL}
STRUCTURE: list[object] = [Exempt(reason=Exemption.STRUCTURE)]


def element(
    shape: object, directives: list[object], description: str, arguments: dict[str, Any] | None = None, **kw: Any
) -> Any:
    """A field of the schema; with `arguments` (Python name → type) the read engine answers it."""
    if arguments is not None:
        kw["resolver"] = engine_resolver(arguments)
    metadata = {"shape": shape, "arguments": frozenset(arguments or ())}
    return strawberry.field(metadata=metadata, directives=directives, description=description, **kw)


def _description(datum: Datum, text: str | None = None) -> str:
    return described(fact_of(datum), text)


def id_field(column: InstrumentedAttribute[Any]) -> ID:
    """The record's id, a bare UUID."""
    text = "UUID; the same everywhere in the registry."
    return typing.cast(ID, element(ColumnField(column), STRUCTURE, text, default=UNSET))


def shown(
    datum: InstrumentedAttribute[T] | Derived[T], *, text: str | None = None, name: str | None = None, by: str = ""
) -> T:
    """A fact that everybody who sees the row may read: OPEN or OPERATIONAL.

    `by` says what lists of the record may do by it: any of "filter order group"."""
    kind = fact_of(datum).sensitivity
    if kind not in NEVER_WITHHELD:
        raise TypeError(f"{datum} is {kind.name}: use guarded(), its value may be withheld")
    shape = ColumnField(datum, kind, _uses(by))
    return typing.cast(T, element(shape, sensitivity(kind), _description(datum, text), name=name))


def guarded(datum: InstrumentedAttribute[T] | Derived[T], *, text: str | None = None, by: str = "") -> T | None:
    """A fact that is null for callers that may not read it; so it is nullable in the schema."""
    kind = fact_of(datum).sensitivity
    if by and kind is Sensitivity.IDENTITY:
        raise TypeError(f"{datum} is a number of the vault: by filters and orders it could be guessed digit by digit")
    shape = ColumnField(datum, kind, _uses(by))
    return typing.cast("T | None", element(shape, sensitivity(kind), _description(datum, text)))


def _uses(by: str) -> frozenset[str]:
    uses = frozenset(by.split())
    unknown = uses - {"filter", "order", "group"}
    if unknown:
        raise TypeError(f"by {sorted(unknown)}: lists have filters, orders and groups")
    return uses


def non_null(datum: Datum, kind: Sensitivity) -> Any:
    """A datum of a record that only callers reach that see its class `kind`, so it may be non-null."""
    return element(ColumnField(datum), sensitivity(kind), _description(datum))


def value_field(datum: Datum | None = None, text: str = "") -> Any:
    """Part of a value: the field that leads to it has the class."""
    if datum is None:
        return element(ValueField(), STRUCTURE, text)
    return element(ColumnField(datum), STRUCTURE, text or _description(datum))


def of_caller(datum: Datum, text: str | None = None) -> Any:
    """A datum about the caller."""
    return element(ColumnField(datum), [Exempt(reason=Exemption.OWN_CALLER)], text or _description(datum))


def withheld_names() -> list[str]:
    """`withheld` of a record: the names of its guarded fields that the caller may not read."""
    text = "Names of this record's fields that are withheld from you; a null field that is not named is not known."
    return typing.cast("list[str]", element(WithheldField(), STRUCTURE, text))


def embedded(kind: Sensitivity | Exemption, text: str, present: Datum, **columns: Datum) -> Any:
    """An embedded value, null if `present` is: `columns` says which column each field shows, except those fields that
    have a fact of their own."""
    if isinstance(kind, Exemption):
        return element(EmbeddedField(present, columns), [Exempt(reason=kind)], text)
    return element(EmbeddedField(present, columns, kind), sensitivity(kind), text)


def one(
    kind: Sensitivity | Exemption,
    text: str,
    noun: Readable,
    link: Link,
    *where: Where,
    order: tuple[Order, ...] = (),
    key: LookupKey | None = None,
    **columns: Datum,
) -> Any:
    """One related record, of several the one that the argument of a `key` names.

    `columns` says which datum each field of a value without a noun shows."""
    return _related("one", kind, text, Source(noun, link, where), order, columns=columns, key=key)


def plain_list(
    kind: Sensitivity | Exemption,
    text: str,
    noun: Readable,
    link: Link | None,
    *where: Where,
    order: tuple[Order, ...] = (),
    when: Where | None = None,
    limit: int = LONGEST_LIST,
    **columns: Datum,
) -> Any:
    """A plain list of at most `limit` records, related or, without a link, all.

    It is null if `when` does not hold of the parent.  `columns` says which datum each field of a value without a noun
    shows."""
    return _related("list", kind, text, Source(noun, link, where), order, when, limit, columns)


def _related(
    how: Any,
    kind: Sensitivity | Exemption,
    text: str,
    source: Source,
    order: tuple[Order, ...],
    when: Where | None = None,
    limit: int = LONGEST_LIST,
    columns: dict[str, Datum] | None = None,
    key: LookupKey | None = None,
) -> Any:
    if isinstance(kind, Exemption):
        return element(RelatedField(how, source, order, when=when, limit=limit), [Exempt(reason=kind)], text)
    # if `when` decides, the class only suppresses figures inside: it does not guard the list
    guard = None if when else kind
    shape = RelatedField(how, source, order, guard, when=when, limit=limit, key=key, columns=columns or {})
    arguments = None if key is None else {key.argument: argument(key.type, key.text)}
    return element(shape, sensitivity(kind), text, arguments)


def connection(
    kind: Sensitivity,
    text: str,
    noun: Readable,
    link: Link | None,
    *where: Where,
    order: tuple[Order, ...],
    ordered: bool = True,
    filtered: bool = True,
    since: Callable[[str], Where] | None = None,
) -> Any:
    """A connection, with the filter, search, order and page that its noun has; its only order, if not `ordered`, and
    without a filter, if not `filtered`.  One of revisions has those `since` a revision instead."""
    shape = RelatedField("connection", Source(noun, link, where), order, kind, since=since)
    return element(shape, sensitivity(kind), text, SINCE if since else list_arguments(noun, ordered, filtered))


@dataclass(frozen=True)
class OpenedBy:
    """An ability without which nobody looks up records of a type, and the condition on those that it opens."""

    ability: Ability
    where: Where


def connection_by(opened_by: OpenedBy, text: str, noun: Readable, order: tuple[Order, ...]) -> Any:
    """A root connection that an ability opens, with the filter, search and page that its noun has, in one order."""
    source, ability = Source(noun, None, (opened_by.where,)), opened_by.ability
    shape = RelatedField("connection", source, order, noun.row_sensitivity, ability=ability)
    return element(shape, [Requires(ability=ability.value)], text, list_arguments(noun, ordered=False))


def grouped(by: type[Any]) -> Any:
    """The counts of a connection's rows by a key of `by`."""
    text = (
        "Counts of the filtered rows by one dimension: months and years in the order of time, all others the largest"
        " first, UNKNOWN last.  They are exact, because you could list the rows."
    )
    arguments: dict[str, Any] = {
        "by": argument(by, "What to count by; a dimension of a class that you do not see is refused."),
        "first": argument(int | None, "At most so many groups, 1 to 1,000; all of a closed list if it is left out."),
    }
    return element(ValueField(), sensitivity(Sensitivity.OPERATIONAL), text, arguments)


def look_up(kind: Sensitivity, text: str, noun: Readable, *where: Where, key: LookupKey | None = None) -> Any:
    """A root field that returns one record: by its key or, without one, the only record that meets `where`."""
    arguments = {} if key is None else {key.argument: argument(key.type, key.text)}
    shape = RelatedField("one", Source(noun, None, where), (), kind, key=key)
    return element(shape, sensitivity(kind), text, arguments)


def any_node(text: str) -> Any:
    """`node`: a record of any type, by its id."""
    return element(NodeField(), sensitivity(Sensitivity.OPEN), text, {"id": argument(ID, "UUID of the record.")})


def payload_record(text: str, kind: Sensitivity) -> Any:
    """The changed record of a payload, read back as the caller may see it; the payload holds its id."""

    async def resolve(root: Any, info: Info[Any, Any]) -> Any:
        return await info.context.read_record(info, root.record)

    resolve.__annotations__ = {"info": Info}
    return element(PayloadRecord(), sensitivity(kind), text, resolver=resolve)


def payload_field(text: str, most: int | None = None, **kw: Any) -> Any:
    """Part of a payload; a list whose items show records needs `most`, its greatest length."""
    return element(ValueField(most), STRUCTURE, text, **kw)


def opened_value(kind: Sensitivity | Exemption, text: str) -> Any:
    """A value that a command has decrypted or made, of a class, or for the caller alone."""
    return element(ValueField(), [Exempt(reason=kind)] if isinstance(kind, Exemption) else sensitivity(kind), text)


NOUNS_BY_FACE: dict[type[Any], Readable | None] = {}
"""Face → the noun it shows."""
OPENED_BY: dict[type[Any], OpenedBy] = {}
"""Face → what opens its look-up, for those that need an ability."""


def _refuse_undeclared(cls: type[Any]) -> None:
    for field in fields_of(cls):
        if "shape" not in field.metadata:
            raise TypeError(f"{cls.__name__}.{field.name}: declare it with a maker of schema/declare/makers.py")


@dataclass_transform(
    kw_only_default=True,
    field_specifiers=(
        id_field,
        shown,
        guarded,
        non_null,
        value_field,
        of_caller,
        withheld_names,
        embedded,
        one,
        plain_list,
        connection,
        connection_by,
        grouped,
        look_up,
        any_node,
    ),
)
def face(
    noun: Readable | None = None, *, interface: bool = False, opened_by: OpenedBy | None = None
) -> Callable[[type[T]], type[T]]:
    """Makes a class the GraphQL face of a noun, or a type or interface without one.

    Its docstring, or else the noun's, is the description; `opened_by` is what `node` needs to look it up, besides its
    class.  Raises TypeError for an undeclared field."""

    def make(cls: type[T]) -> type[T]:
        text = (cls.__doc__ or (noun and noun.__doc__) or "").strip()
        make_type = strawberry.interface if interface else strawberry.type
        face_ = make_type(cls, description=text)
        _refuse_undeclared(face_)
        NOUNS_BY_FACE[face_] = noun
        if opened_by is not None:
            OPENED_BY[face_] = opened_by
        return face_

    return make


def graphql_name(cls: type[Any]) -> str:
    """The name of a face in the schema."""
    return get_object_definition(cls, strict=True).name


def fields_of(cls: type[Any]) -> list[StrawberryField]:
    """The fields of a face, in declared order."""
    return list(get_object_definition(cls, strict=True).fields)
