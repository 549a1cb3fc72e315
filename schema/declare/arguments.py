"""The arguments of the schema's fields, each with its description, and those of every list.

Rule: an argument is declared with a text, and all lists have the same arguments.  Test: tests/test_schema.py.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry import UNSET, Info, lazy

from registry.models.household import Household
from registry.models.noun import Readable
from schema.declare.directives import sensitivity


@dataclass(frozen=True, eq=False)
class Default:
    """What an argument is that is left out."""

    value: Any


def argument(kind: Any, text: str, default: Any = None) -> Any:
    """The type of an argument with its description; one with a default need not be sent, and is never null."""
    described = typing.Annotated[kind, strawberry.argument(description=text)]
    return described if default is None else typing.Annotated[described, Default(default)]


PAGING: dict[str, Any] = {
    "first": argument(int | None, "Rows from the beginning, 1 to 1,000; 20 if neither this nor `last` is given."),
    "after": argument(str | None, "`endCursor` of the previous page: the list continues after it."),
    "last": argument(int | None, "Rows from the end, 1 to 1,000; never together with `first`."),
    "before": argument(str | None, "`startCursor` of the next page: the list ends before it."),
}


SINCE: dict[str, Any] = {
    "since_rev": argument(int | None, "Only later revisions than this one; all if it is left out or null."),
    **PAGING,
}
"""The arguments of a list of revisions."""


def engine_resolver(arguments: dict[str, Any]) -> Callable[..., Awaitable[Any]]:
    """A resolver that lets the read engine answer: it has these arguments, which the engine reads from the document."""

    async def resolve(info: Info[Any, Any], **_: Any) -> Any:
        return await info.context.run_field(info)

    parameters = [inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)]
    for name, type_ in arguments.items():
        default = _default(type_)
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=type_))
    # Strawberry reads the arguments from the signature.
    resolve.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # functions may have one
    resolve.__annotations__ = {"info": Info, **arguments}
    return resolve


def _default(type_: Any) -> Any:
    defaults = [part for part in getattr(type_, "__metadata__", ()) if isinstance(part, Default)]
    if defaults:
        return defaults[0].value
    return UNSET if _is_nullable(type_) else inspect.Parameter.empty


def _is_nullable(type_: Any) -> bool:
    if typing.get_origin(type_) is typing.Annotated:
        type_ = typing.get_args(type_)[0]
    return type(None) in typing.get_args(type_)


def input_of(noun: Readable, suffix: str) -> Any:
    """The input of a noun that is made beside its face, in the file of the same name, maybe imported later."""
    name, module = f"{noun.__name__}{suffix}", f"schema.types.{noun.__module__.rpartition('.')[2]}"
    return typing.Annotated[typing.ForwardRef(name), lazy(module)]


def list_arguments(noun: Readable, ordered: bool = True, filtered: bool = True) -> dict[str, Any]:
    """The arguments of a connection of this noun; schema/declare/listing.py makes its filter and its order, if it may
    be `filtered` and `ordered` by the caller."""
    arguments: dict[str, Any] = {}
    if filtered:
        filter_type = input_of(noun, "Filter")
        arguments["filter"] = argument(filter_type | None, "Only records that meet it; all if it is left out or null.")
    if noun.searched is not None:
        numbers = ", or the beginning of a household number" if noun is Household else ""
        text = (
            f"Words of a name in any order and spelling, together or apart{numbers};"
            " the best matches first unless `orderBy` is given.  Blank counts as left out; at most 500 characters."
        )
        search = strawberry.argument(description=text, directives=sensitivity(noun.searched))
        arguments["search"] = typing.Annotated[str | None, search]
    if ordered:
        order_type = input_of(noun, "Order")
        arguments["order_by"] = argument(order_type | None, "One key; ties go by id, and unknown values come last.")
    return arguments | PAGING
