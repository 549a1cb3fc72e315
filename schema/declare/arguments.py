"""The arguments of the schema's fields: each with its description, and what a list takes.

Rule: an argument is declared with a text, and those of a list are the same for every list.  Test: tests/test_schema.py.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry import UNSET, Info, lazy

from registry.models.noun import Readable
from schema.declare.directives import sensitivity


def argument(kind: Any, text: str) -> Any:
    """The type of an argument with its description."""
    return typing.Annotated[kind, strawberry.argument(description=text)]


PAGING: dict[str, Any] = {
    "first": argument(int | None, "Rows from the beginning, 1 to 1,000; 20 where neither this nor `last` is given."),
    "after": argument(str | None, "`endCursor` of the page before: the list goes on behind it."),
    "last": argument(int | None, "Rows from the end, 1 to 1,000; never beside `first`."),
    "before": argument(str | None, "`startCursor` of the page behind: the list ends before it."),
}


def reading(arguments: dict[str, Any]) -> Callable[..., Awaitable[Any]]:
    """A resolver with these arguments that lets the read engine answer; it reads them from the document itself."""

    async def resolve(info: Info[Any, Any], **given: Any) -> Any:
        return await info.context.read(info)

    made = [inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)]
    for name, kind in arguments.items():
        said = typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind
        default = UNSET if type(None) in typing.get_args(said) else inspect.Parameter.empty
        made.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind))
    resolve.__signature__ = inspect.Signature(made)  # type: ignore[attr-defined]  # Strawberry reads the arguments from it
    resolve.__annotations__ = {"info": Info, **arguments}
    return resolve


def input_of(noun: Readable, suffix: str) -> Any:
    """The input of a noun that is made beside its face, in the file of the same name, perhaps later."""
    name, module = f"{noun.__name__}{suffix}", f"schema.types.{noun.__module__.rpartition('.')[2]}"
    return typing.Annotated[typing.ForwardRef(name), lazy(module)]


def of_list(noun: Readable) -> dict[str, Any]:
    """The arguments of a list of this noun; schema/declare/listing.py makes its filter and order."""
    filter_ = argument(input_of(noun, "Filter") | None, "Only records that meet it; all where it is left out or null.")
    asked: dict[str, Any] = {"filter": filter_}
    if noun.searched is not None:
        text = (
            "Words of a name in any order and spelling, together or apart, or the beginning of a household number;"
            " the nearest first unless `orderBy` is given.  Blank is left out; at most 500 characters."
        )
        said = strawberry.argument(description=text, directives=sensitivity(noun.searched))
        asked["search"] = typing.Annotated[str | None, said]
    order = argument(input_of(noun, "Order") | None, "One key; ties go by id, and what is not known comes last.")
    return {**asked, "order_by": order, **PAGING}
