"""Where sealed values are stored: the one list by which a rotation of the vault's keys finds all of them.

A table with a column `key_id` or `sealed` holds sealed values; if it is not in this list, nothing starts.  A document
that holds them inside is named here too.
Rule: an old key is retired only when no place of this list has a value that it sealed.
Tests: tests/test_vault_rotation.py.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from registry.codes import IdentityField
from registry.guard.vault import CHECK_BOUND, Vault, bound, bound_in
from registry.models.credential import SECOND_FACTOR
from registry.models.household_aggregate import AGGREGATE
from registry.models.identity import IDENTITY, VAULT_CHECK
from registry.models.noun import Noun
from registry.models.workflow import REVISION

Row = Mapping[str, Any]


@dataclass(frozen=True)
class SealedPlace:
    """A table with sealed values.

    `reads` are the columns that `reseal` needs of a row; it returns the columns that it changed, sealed by the key that
    seals now.  `stale` is the SQL condition that another key than `$1` sealed a value of the row."""

    table: sa.Table
    reads: tuple[str, ...]
    stale: str
    reseal: Callable[[Vault, Row], Row]

    @property
    def key(self) -> sa.Column[Any]:
        """The primary key, which is one column."""
        (key,) = self.table.primary_key.columns
        return key

    def sql_type(self, column: str) -> str:
        """The type of a column as SQL writes it, such as BYTEA."""
        return self.table.c[column].type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]


def one_value(table: sa.Table, reads: tuple[str, ...], bound_to: Callable[[Row], bytes]) -> SealedPlace:
    """A table whose rows have one value each: in `sealed`, by the key `key_id`, bound to what `bound_to` says.

    A value that was forgotten is empty."""

    def reseal(vault: Vault, row: Row) -> Row:
        key_id, sealed = vault.reseal(bound_to(row), row["key_id"], row["sealed"])
        return {"key_id": key_id, "sealed": sealed}

    return SealedPlace(table, (*reads, "key_id", "sealed"), "key_id <> $1 AND sealed <> ''", reseal)


def one_secret(table: sa.Table) -> SealedPlace:
    """A table whose rows have one secret each, as `Vault.seal_secret` seals it."""
    return one_value(table, ("id",), lambda row: bound_in(table.name, row["id"]))


def _reseal_document(vault: Vault, row: Row) -> Row:
    """The document of a household's revision with its numbers sealed again; everything else keeps its order."""
    document = orjson.loads(row["document"])
    for (table, column), field in AGGREGATE.sealed.items():
        for id_, columns in document.get(table, {}).items():
            box = columns.get(column)
            if isinstance(box, dict) and box["key_id"] != vault.sealing:
                sealed = base64.b64decode(box["sealed"])
                box["key_id"], sealed = vault.reseal(bound(id_, field), box["key_id"], sealed)
                box["sealed"] = base64.b64encode(sealed).decode()
    return {"document": orjson.dumps(document).decode()}


PLACES = (
    # First, so that a server which starts with the file of before the rotation is refused.
    one_value(VAULT_CHECK, (), lambda row: CHECK_BOUND),
    one_value(IDENTITY, ("subject_id", "field"), lambda row: bound(row["subject_id"], IdentityField(row["field"]))),
    one_secret(SECOND_FACTOR),
    # A quote inside a text is written \", so only a box has this key.
    SealedPlace(REVISION, ("document",), r"""document::text ~ ('"key_id": ?"(?!' || $1 || '")')""", _reseal_document),
)


SEALED_TABLES = frozenset(place.table.name for place in PLACES)
_NAMES = ("key_id", "sealed")
"""What the columns of a sealed value are called, or how their names end."""


def refuse_undeclared() -> None:
    """Raises TypeError for a table with sealed values that is not among PLACES."""
    holding = {
        column.table.name for table in Noun.metadata.tables.values() for column in table.columns if _seals(column)
    }
    if forgotten := sorted(holding - SEALED_TABLES):
        raise TypeError(
            f"{', '.join(forgotten)} holds sealed values: add it to PLACES of registry/guard/sealed.py, "
            "or a rotation of the vault's keys would leave them behind"
        )


def _seals(column: sa.Column[Any]) -> bool:
    return any(column.name == name or column.name.endswith(f"_{name}") for name in _NAMES)
