"""The verbs of grants.

Rule: what two administrators would have to agree on waits for the second one here too.  Test: tests/test_cli_staff.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated

import typer
from rich.console import Console

from auth.role import Role
from server.access_declarations import Reason, verb
from server.cli.options import Owner, owner_url
from server.cli.tables import Json, print_rows
from server.cli.users import Username

grant = typer.Typer(help="Grants: who has which role, where and for how long.", no_args_is_help=True)
console = Console()

Which = Annotated[Role, typer.Argument(metavar="ROLE", help="Such as OFFICER or REGENCY_COORDINATOR.")]
Area = Annotated[str, typer.Argument(metavar="AREA", help="The code of a region, or `national`.")]
_DAY = ["%Y-%m-%d"]


def _day(instant: dt.datetime | None) -> dt.date | None:
    return None if instant is None else instant.date()


@verb(grant, "add", Reason.OWNER)
def grant_add(
    username: Username,
    role: Which,
    area: Area,
    first: Annotated[
        dt.datetime | None, typer.Option("--from", formats=_DAY, help="The first day; today if not given.")
    ] = None,
    last: Annotated[
        dt.datetime | None, typer.Option("--to", formats=_DAY, help="The last day; open if not given.")
    ] = None,
    database: Owner = None,
) -> None:
    """Give a role in an area.  Running it again changes nothing.

    A role that reaches beyond a regency waits until an administrator of the ministry approves it, by approveGrant.

    `desmigratif grant add budi OFFICER 35.07.11.2008`
    """
    from server.cli.staff import give, print_effect

    effect = asyncio.run(give(owner_url(database), username, role, area, _day(first), _day(last)))
    waiting = " It waits until an administrator of the ministry approves it, by approveGrant." if effect.pending else ""
    grant_ = f"{username} has {role.value} in {area}"
    print_effect(console, effect, f"{grant_}.{waiting}", f"{grant_} already.{waiting}")


@verb(grant, "end", Reason.OWNER)
def grant_end(
    username: Username,
    role: Which,
    area: Area,
    on: Annotated[
        dt.datetime | None, typer.Option("--on", formats=_DAY, help="The last day; it ends at once if not given.")
    ] = None,
    database: Owner = None,
) -> None:
    """End a role in an area.  It warns of villages that are left without an officer.

    `desmigratif grant end budi OFFICER 35.07.11.2008`
    """
    from server.cli.staff import end, print_effect

    effect = asyncio.run(end(owner_url(database), username, role, area, _day(on)))
    when = "has ended" if on is None else f"ends with {on:%Y-%m-%d}"
    print_effect(console, effect, f"{role.value} of {username} in {area} {when}.", "Nothing to change.")


@verb(grant, "list", Reason.OWNER)
def grant_list(
    username: Annotated[str | None, typer.Option("--user", metavar="USERNAME", help="Of this account only.")] = None,
    as_json: Json = False,
    database: Owner = None,
) -> None:
    """List the grants that have not ended.

    `desmigratif grant list --user budi`
    """
    from server.cli.staff import GRANT_HEADINGS, list_grants

    rows = asyncio.run(list_grants(owner_url(database), username))
    print_rows(console, GRANT_HEADINGS, rows, as_json=as_json)
