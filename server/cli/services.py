"""Service accounts from the command line: what the verbs of server/cli/service_accounts.py do.

Rule: files are read, validated and priced before the database is touched; one verb is one transaction.
Test: tests/test_cli_services.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from auth.service_key import ServiceKey
from registry.write.service import (
    KEYS,
    OPERATIONS,
    SERVICES,
    Difference,
    add_key,
    add_service,
    find_service,
    remove_key,
    replace_operations,
    set_active,
)
from registry.write.shell import shell
from schema.build import build
from schema.declare.strawberry_internals import graphql_schema
from schema.engine.registration import Registrations, registrations
from server.cli.operator import operator
from server.cli.tables import print_line

HEADINGS = {
    "username": "Name",
    "name": "Title",
    "areas": "Areas",
    "operations": "Operations",
    "keys": "Keys",
    "active": "Active",
}
OPERATION_HEADINGS = {"name": "Operation", "cost": "Cost", "documentId": "documentId"}
KEY_HEADINGS = {"kid": "Key id (kid)", "addedAt": "Added at"}
MAX_KEY_BYTES = 10_000


@dataclass(frozen=True)
class Replaced:
    """What became of the operations of a service."""

    name: str
    id: str
    files: Registrations
    difference: Difference
    dry_run: bool = False

    def as_document(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "service": self.name,
            "dryRun": self.dry_run,
            "added": list(self.difference.added),
            "removed": list(self.difference.removed),
            "unchanged": self.difference.unchanged,
            "leftOut": list(self.files.left_out),
            "operations": [
                {"name": each.name, "documentId": f"sha256:{each.sha256}", "cost": each.cost, "remarks": each.remarks}
                for each in self.files.operations
            ],
        }


def read_files(paths: Sequence[Path]) -> Registrations:
    """The operations of files, valid and priced.  Raises OperationsError, OSError."""
    return registrations(paths, graphql_schema(build()))


async def add(
    dsn: str, name: str, title: str, paths: Sequence[Path], areas: Sequence[str], key: Path | None
) -> Replaced:
    """Add a service account.  Raises OperationsError, ServiceKeyError, ServiceError."""
    files, public_key = read_files(paths), None if key is None else _read_key(key)
    async with shell(dsn, operator()) as work:
        id_ = await add_service(work, name, title, areas)
        difference = await replace_operations(work, id_, files.operations)
        if public_key is not None:
            await add_key(work, id_, public_key)
    return Replaced(name, str(id_), files, difference)


async def replace(dsn: str, name: str, paths: Sequence[Path], *, dry_run: bool) -> Replaced:
    """Replace the operations of a service account.  Raises OperationsError, ServiceError."""
    files = read_files(paths)
    async with shell(dsn, operator(), dry_run=dry_run) as work:
        id_ = await find_service(work, name)
        difference = await replace_operations(work, id_, files.operations)
    return Replaced(name, str(id_), files, difference, dry_run)


async def services(dsn: str) -> list[dict[str, Any]]:
    """Every service account."""
    async with shell(dsn, operator()) as work:
        rows = await work.tx.rows(SERVICES)
    return [{**row, "id": str(row["id"]), "areas": row["areas"] or []} for row in rows]


async def operations(dsn: str, name: str) -> list[dict[str, Any]]:
    """The registered operations of a service account.  Raises ServiceError."""
    async with shell(dsn, operator()) as work:
        rows = await work.tx.rows(OPERATIONS, id=await find_service(work, name))
    return [
        {
            "name": row["name"],
            "cost": row["cost"],
            "documentId": f"sha256:{row['sha256']}",
            "registeredAt": row["registered_at"],
            "document": row["document"],
        }
        for row in rows
    ]


async def shown(dsn: str, name: str) -> dict[str, Any]:
    """The id and the keys of a service account.  Raises ServiceError."""
    async with shell(dsn, operator()) as work:
        id_ = await find_service(work, name)
        keys = await work.tx.rows(KEYS, id=id_)
    return {"id": str(id_), "keys": [{"kid": row["kid"], "addedAt": row["added_at"]} for row in keys]}


async def set_service_active(dsn: str, name: str, active: bool) -> str:
    """Enable or disable a service account, and return the sentence that says so.  Raises ServiceError."""
    async with shell(dsn, operator()) as work:
        changed = await set_active(work, await find_service(work, name), active)
    return f"{name} is {'active' if active else 'disabled'}." if changed else "Nothing to change."


async def add_service_key(dsn: str, name: str, path: Path) -> str:
    """Add a key, and return the sentence that says so.  Raises ServiceKeyError, ServiceError."""
    key = _read_key(path)
    async with shell(dsn, operator()) as work:
        await add_key(work, await find_service(work, name), key)
    return f"{name} may sign in by the key {key.kid}."


async def remove_service_key(dsn: str, name: str, kid: str) -> str:
    """Remove a key, and return the sentence that says so.  Raises ServiceError."""
    async with shell(dsn, operator()) as work:
        await remove_key(work, await find_service(work, name), kid)
    return f"{name} may sign in by the key {kid} no more."


def _read_key(path: Path) -> ServiceKey:
    with path.open("rb") as file:
        return ServiceKey.read(file.read(MAX_KEY_BYTES))


def report_added(added: Replaced, console: Console) -> None:
    """Print what a new service account may do, and what its team needs to know."""
    report_replaced(added, console)
    print_line(console, f"{added.name} is added; `iss` and `sub` of its tokens are {added.id}.")


def report_replaced(replaced: Replaced, console: Console) -> None:
    """Print what changes in the operations of a service account, line by line."""
    difference, files = replaced.difference, replaced.files
    for sign, names in (("+", difference.added), ("-", difference.removed)):
        for name in names:
            print_line(console, f"  {sign} {name}")
    for each in files.operations:
        for remark in each.remarks:
            print_line(console, f"  {each.name} is null in part for every service. {remark}")
    for line in files.left_out:
        print_line(console, f"  left out  {line}")
    counts = f"{len(difference.added)} added, {len(difference.removed)} removed, {difference.unchanged} unchanged"
    print_line(console, f"{replaced.name}: {counts}{'; nothing is written' if replaced.dry_run else ''}.")
