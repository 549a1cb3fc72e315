"""The verbs of accounts.

Rule: a password is made here, printed once on standard output, and never an argument; no other message holds one.
Tests: tests/test_cli_staff.py, tests/test_cli_bindings.py.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from server.access_declarations import Reason, verb
from server.cli.options import Owner, owner_url
from server.cli.tables import Json, print_rows

user = typer.Typer(help="Accounts of people.", no_args_is_help=True)
console = Console()

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="The name with which they sign in.")]


@verb(user, "add", Reason.OWNER)
def user_add(
    username: Username,
    name: Annotated[str | None, typer.Option(help="The person's name; the user name if not given.")] = None,
    first_administrator: Annotated[
        bool,
        typer.Option(
            "--first-administrator", help="Make them administrator of the ministry; refused if it has one already."
        ),
    ] = False,
    as_json: Json = False,
    database: Owner = None,
) -> None:
    """Add an account, and print its temporary password, once: they change it at their first sign-in.

    The first administrator of a new registry is made here; they appoint everybody else over the API.

    `desmigratif user add siti --name "Siti Aminah" --first-administrator`
    """
    from server.cli.staff import add, print_password

    password = asyncio.run(add(owner_url(database), username, name, first_administrator=first_administrator))
    print_password(username, password, as_json=as_json)


@verb(user, "reset-password", Reason.OWNER)
def user_reset_password(username: Username, as_json: Json = False, database: Owner = None) -> None:
    """Give an account a temporary password and print it, once; its sessions end, its second factor stays.

    `desmigratif user reset-password siti`
    """
    from server.cli.staff import print_password, reset

    print_password(username, asyncio.run(reset(owner_url(database), username)), as_json=as_json)


@verb(user, "reset-second-factor", Reason.OWNER)
def user_reset_second_factor(username: Username, database: Owner = None) -> None:
    """Forget the authenticator and the recovery codes of an account whose holder has lost both; its sessions end.

    Whoever has the password alone gets in by this, so make sure first who asks: call them back at the number that the
    ministry has of them, or see them with their office card; a message or a call from them proves nothing.  With one
    recovery code left they need no reset.  At the next sign-in they enrol a new authenticator before they see a record.
    If the password may be known to others too, reset it as well.

    `desmigratif user reset-second-factor siti`
    """
    from server.cli.staff import print_effect, reset_second_factor

    effect = asyncio.run(reset_second_factor(owner_url(database), username))
    changed = f"{username} signs in with the password alone, and enrols a new authenticator where one is needed."
    print_effect(console, effect, changed, f"{username} has no authenticator; nothing has changed.")


@verb(user, "disable", Reason.OWNER)
def user_disable(username: Username, database: Owner = None) -> None:
    """Disable an account: its sessions end at once, in every worker.  The last administrator's is refused.

    `desmigratif user disable siti`
    """
    from server.cli.staff import disable, print_effect

    effect = asyncio.run(disable(owner_url(database), username))
    print_effect(console, effect, f"{username} is disabled.", f"{username} is disabled already.")


@verb(user, "list", Reason.OWNER)
def user_list(as_json: Json = False, database: Owner = None) -> None:
    """List the accounts, with their grants that have not ended.

    `desmigratif user list --json`
    """
    from server.cli.staff import ACCOUNT_HEADINGS, list_accounts

    rows = asyncio.run(list_accounts(owner_url(database)))
    print_rows(console, ACCOUNT_HEADINGS, rows, as_json=as_json)
