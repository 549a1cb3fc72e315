"""The verbs of service accounts: how a frontend team gets one, changes its operations and replaces its key.

Rule: no verb takes or prints a secret; a verb without an area gives none.  Test: tests/test_cli_services.py.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.access_declarations import Reason, verb
from server.cli.options import Owner, owner_url
from server.cli.tables import Json, print_json, print_line, print_rows, print_table

service = typer.Typer(
    help="Service accounts of frontend teams, which run registered operations only.", no_args_is_help=True
)
key = typer.Typer(help="Public keys by which a service signs in.", no_args_is_help=True)
service.add_typer(key, name="key")
console = Console()
Name = Annotated[str, typer.Argument(metavar="NAME", help="The service account, such as `portal-jatim`.")]
KEY_HELP = "The team's public Ed25519 key, a PEM file."


@verb(service, "add", Reason.OWNER)
def service_add(
    name: Name,
    operations: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE",
            help="Its GraphQL operations: a `.graphql` file, or a manifest in JSON; repeat for more.",
        ),
    ],
    area: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="A region that it sees, or `national`; repeat for more. None sees nothing."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="What people call it; its name if not given.")] = None,
    public_key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help=KEY_HELP)] = None,
    database: Owner = None,
) -> None:
    """Add a service account that may run these operations and no others.

    Its team makes a key with `openssl genpkey -algorithm ed25519 -out private.pem`, keeps that, and gives you the
    output of `openssl pkey -in private.pem -pubout`. The registry never holds a secret of the team.

    `desmigratif service add portal-jatim --operations operations.graphql --area 35 --key portal.pem`
    """
    from server.cli.services import add, report_added

    adding = add(owner_url(database), name, title or name, operations, area or (), public_key)
    report_added(asyncio.run(adding), console)


@verb(service, "list", Reason.OWNER)
def service_list(as_json: Json = False, database: Owner = None) -> None:
    """List the service accounts, each with its areas and the number of its operations and keys.

    `desmigratif service list --json`
    """
    from server.cli.services import HEADINGS, services

    rows = asyncio.run(services(owner_url(database)))
    print_rows(console, HEADINGS, rows, as_json=as_json)


@verb(service, "operations", Reason.OWNER)
def service_operations(
    name: Name,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]…", help="Files that hold all its operations from now on; without one, list them."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")] = False,
    as_json: Json = False,
    database: Owner = None,
) -> None:
    """Replace the operations of a service account by those of the files, or list them with the `documentId` of each.

    An operation that is left out is refused from the next request on, in every worker.

    `desmigratif service operations portal-jatim operations.graphql --dry-run`
    """
    from server.cli.services import OPERATION_HEADINGS, operations, replace, report_replaced

    if files:
        replaced = asyncio.run(replace(owner_url(database), name, files, dry_run=dry_run))
        if as_json:
            print_json(replaced.as_document())
        else:
            report_replaced(replaced, console)
        return
    rows = asyncio.run(operations(owner_url(database), name))
    print_rows(console, OPERATION_HEADINGS, rows, as_json=as_json)


@verb(service, "show", Reason.OWNER)
def service_show(name: Name, as_json: Json = False, database: Owner = None) -> None:
    """Show the keys of a service account, and the id that its team puts into its tokens.

    `desmigratif service show portal-jatim`
    """
    from server.cli.services import KEY_HEADINGS, shown

    account = asyncio.run(shown(owner_url(database), name))
    if as_json:
        print_json(account)
    else:
        print_line(console, f"{name}: id {account['id']}")
        print_table(console, KEY_HEADINGS, account["keys"])


@verb(service, "disable", Reason.OWNER)
def service_disable(name: Name, database: Owner = None) -> None:
    """Disable a service account: from the next request on it is signed in no more. What it is allowed stays as it is.

    `desmigratif service disable portal-jatim`
    """
    from server.cli.services import set_service_active

    print_line(console, asyncio.run(set_service_active(owner_url(database), name, False)))


@verb(service, "enable", Reason.OWNER)
def service_enable(name: Name, database: Owner = None) -> None:
    """Enable a service account again, with the operations, areas and keys that it had.

    `desmigratif service enable portal-jatim`
    """
    from server.cli.services import set_service_active

    print_line(console, asyncio.run(set_service_active(owner_url(database), name, True)))


@verb(key, "add", Reason.OWNER)
def service_key_add(
    name: Name,
    path: Annotated[Path, typer.Argument(metavar="FILE", help=KEY_HELP)],
    database: Owner = None,
) -> None:
    """Let a service account sign in by one more key; the keys that it has stay valid.

    To replace a key: add the new one, wait until the team signs with it, and remove the old one.

    `desmigratif service key add portal-jatim new.pem`
    """
    from server.cli.services import add_service_key

    print_line(console, asyncio.run(add_service_key(owner_url(database), name, path)))


@verb(key, "remove", Reason.OWNER)
def service_key_remove(
    name: Name,
    kid: Annotated[str, typer.Argument(metavar="KID", help="The key's id, as `service show` prints it.")],
    database: Owner = None,
) -> None:
    """Let a service account sign in by this key no more, from the next request on.

    `desmigratif service key remove portal-jatim 0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbW`
    """
    from server.cli.services import remove_service_key

    print_line(console, asyncio.run(remove_service_key(owner_url(database), name, kid)))
