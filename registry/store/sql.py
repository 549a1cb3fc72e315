"""SQL of our own: statements compiled once, with named arguments.

Rule: a statement holds no value of a caller, only arguments.  Test: tests/test_database.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

DIALECT = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialect has no types
SETTING, CLAIM = "set_", "claim_"


@dataclass(frozen=True)
class Statement:
    """SQL text with $1 … and the names of its arguments in that order."""

    text: str
    names: tuple[str, ...]


def compiled(statement: sa.ClauseElement) -> Statement:
    """The text and the arguments of a statement.  Raises ValueError for a constant that would become an argument."""
    rendered = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    constants = {k: v for k, v in rendered.params.items() if v is not None}
    if constants:
        raise ValueError(f"constants {constants} in a statement: use literal_column or a named bindparam")
    return Statement(str(rendered), tuple(getattr(rendered, "positiontup", None) or ()))


class Sql:
    """A statement of a command, compiled once at import: `INSERT = Sql(sa.insert(table).values(…bindparams…))`."""

    def __init__(self, statement: sa.ClauseElement) -> None:
        text_and_names = compiled(statement)
        self.text, self.names = text_and_names.text, text_and_names.names

    def bind(self, arguments: Mapping[str, Any], claims: Mapping[str, Any] = MappingProxyType({})) -> list[Any]:
        if extra := set(arguments) - set(self.names):
            raise TypeError(f"unknown arguments {sorted(extra)}")
        return [claims[name] if name.startswith(CLAIM) else arguments[name] for name in self.names]


def arg(name: str, type_: Any = None) -> Any:
    """A named argument of a statement."""
    return sa.bindparam(name, type_=type_, required=False)
