"""The verbs that bind people of the ministry's identity provider to their accounts.

Rule: a binding is one transaction with its audit row, which says that it was the shell.
Test: tests/test_cli_bindings.py.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console

from server.access_declarations import Reason, verb
from server.cli.options import Owner, owner_url
from server.cli.tables import Json, print_line, print_rows
from server.cli.users import Username, user
from server.settings import SettingsError, load

console = Console()
Issuer = Annotated[
    str | None,
    typer.Option(metavar="URL", help="`iss` of the provider's tokens; DESMIGRATIF_OIDC_ISSUER if not given."),
]
HEADINGS = {"username": "User name", "issuer": "Issuer", "subject": "Subject", "bound_at": "Since"}


@verb(user, "bind", Reason.OWNER)
def user_bind(
    username: Username,
    subject: Annotated[str, typer.Option(metavar="SUB", help="`sub` of the person's tokens.")],
    issuer: Issuer = None,
    database: Owner = None,
) -> None:
    """Let a person sign in by the ministry's identity provider.  Running it again changes nothing.

    An account has one subject of an issuer; `user unbind` ends that.

    `desmigratif user bind siti --subject 1f0c6a52-6a0e-4f5e`
    """
    is_new = asyncio.run(_bind(owner_url(database), _issuer(issuer), subject, username))
    print_line(console, f"{username} signs in by the provider." if is_new else "Nothing to change.")


@verb(user, "unbind", Reason.OWNER)
def user_unbind(username: Username, issuer: Issuer = None, database: Owner = None) -> None:
    """End that a person signs in by the identity provider, also with tokens that they have.

    `desmigratif user unbind siti`
    """
    was_bound = asyncio.run(_unbind(owner_url(database), _issuer(issuer), username))
    print_line(console, f"{username} does not sign in by the provider any more." if was_bound else "Nothing to change.")


@verb(user, "bindings", Reason.OWNER)
def user_bindings(as_json: Json = False, database: Owner = None) -> None:
    """List who signs in by an identity provider, and under which subject.

    `desmigratif user bindings --json`
    """
    rows = asyncio.run(_bindings(owner_url(database)))
    print_rows(console, HEADINGS, rows, as_json=as_json)


async def _bind(dsn: str, issuer: str, subject: str, username: str) -> bool:
    from auth.provider import is_name
    from registry.write.account_subject import ABILITY, BindingError, account_named, bind
    from registry.write.shell import shell
    from server.cli.operator import operator

    if not is_name(subject) or not is_name(issuer):
        raise BindingError("An issuer and a subject have at most 255 printable characters.")
    async with shell(dsn, operator()) as work:
        account = await account_named(work.tx, username)
        is_new = await bind(work.tx, issuer, subject, account)
        await work.audit(ABILITY, account, "Bound to a subject of the identity provider.", changed=is_new)
    return is_new


async def _unbind(dsn: str, issuer: str, username: str) -> bool:
    from registry.write.account_subject import ABILITY, account_named, unbind
    from registry.write.shell import shell
    from server.cli.operator import operator

    async with shell(dsn, operator()) as work:
        account = await account_named(work.tx, username)
        was_bound = await unbind(work.tx, issuer, account)
        await work.audit(ABILITY, account, "Unbound from the identity provider.", changed=was_bound)
    return was_bound


async def _bindings(dsn: str) -> list[dict[str, Any]]:
    from registry.write.account_subject import bindings
    from registry.write.shell import shell
    from server.cli.operator import operator

    async with shell(dsn, operator(), dry_run=True) as work:
        return await bindings(work.tx)


def _issuer(issuer: str | None) -> str:
    name = issuer or load().oidc_issuer
    if name is None:
        raise SettingsError("Name the provider: --issuer URL or DESMIGRATIF_OIDC_ISSUER.")
    return name
