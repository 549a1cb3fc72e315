"""Accounts and grants from the command line: what their verbs do and print.

Rule: a temporary password is only ever returned by the function that made it.  Test: tests/test_cli_staff.py.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import typer
from rich.console import Console

from auth import password
from auth.ability import Ability
from auth.role import Role
from registry.values.text import clean
from registry.write import shell_staff
from registry.write.act import Effect
from registry.write.shell import WHOLE_COUNTRY, Shell, carry_out, sentences, shell
from registry.write.shell_staff import GrantEffect
from server.cli.operator import operator
from server.cli.tables import print_json, print_line

ACCOUNT_HEADINGS = {
    "username": "User name",
    "name": "Name",
    "active": "Active",
    "temporary": "Temporary password",
    "last_seen_at": "Last seen",
    "grants": "Grants",
}
GRANT_HEADINGS = {
    "username": "User name",
    "role": "Role",
    "area": "Area",
    "valid_from": "From",
    "valid_to": "To",
    "pending": "Pending",
}


async def add(dsn: str, username: str, name: str | None, *, first_administrator: bool) -> str:
    """Add an account and return its temporary password.  Raises ShellRefused."""
    temporary = password.temporary()
    hash_, user = password.hashed(temporary), clean(username)

    async def act(work: Shell) -> None:
        person = clean(name or "") or user
        await shell_staff.add_account(work, user, person, hash_, first_administrator=first_administrator)

    await carry_out(dsn, operator(), Ability.USER_MANAGE, "user add", act)
    return temporary


async def reset(dsn: str, username: str) -> str:
    """Give an account a temporary password and return it.  Raises ShellRefused."""
    temporary = password.temporary()
    hash_ = password.hashed(temporary)

    async def act(work: Shell) -> None:
        await shell_staff.reset_password(work, username, hash_)

    await carry_out(dsn, operator(), Ability.USER_MANAGE, "user reset-password", act)
    return temporary


async def reset_second_factor(dsn: str, username: str) -> Effect:
    """Forget the authenticator of an account.  Raises ShellRefused."""

    async def act(work: Shell) -> Effect:
        return await shell_staff.reset_second_factor(work, username)

    return await carry_out(dsn, operator(), Ability.USER_MANAGE, "user reset-second-factor", act)


async def disable(dsn: str, username: str) -> Effect:
    """Disable an account.  Raises ShellRefused."""

    async def act(work: Shell) -> Effect:
        return await shell_staff.disable_account(work, username)

    return await carry_out(dsn, operator(), Ability.USER_DISABLE, "user disable", act)


async def give(
    dsn: str, username: str, role: Role, area: str, first: dt.date | None, last: dt.date | None
) -> GrantEffect:
    """Give a role in an area.  Raises ShellRefused."""

    async def act(work: Shell) -> GrantEffect:
        return await shell_staff.give(work, username, role, _region(area), first, last)

    return await carry_out(dsn, operator(), Ability.GRANT_GIVE, "grant add", act)


async def end(dsn: str, username: str, role: Role, area: str, on: dt.date | None) -> Effect:
    """End a role in an area.  Raises ShellRefused."""

    async def act(work: Shell) -> Effect:
        return await shell_staff.end(work, username, role, _region(area), on)

    return await carry_out(dsn, operator(), Ability.GRANT_GIVE, "grant end", act)


def _region(area: str) -> str | None:
    return None if area == WHOLE_COUNTRY else area


async def list_accounts(dsn: str) -> list[dict[str, Any]]:
    """Every account with its grants."""
    async with shell(dsn, operator()) as work:
        return await shell_staff.accounts(work.tx)


async def list_grants(dsn: str, username: str | None) -> list[dict[str, Any]]:
    """The grants that have not ended, of all accounts or of one."""
    async with shell(dsn, operator()) as work:
        return await shell_staff.grants_given(work.tx, username)


def print_password(username: str, temporary: str, *, as_json: bool) -> None:
    """Print a temporary password on standard output."""
    days = password.TEMPORARY_FOR.days
    if as_json:
        print_json({"username": username, "temporaryPassword": temporary, "validForDays": days})
        return
    typer.echo(f"Temporary password of {username}: {temporary}")
    typer.echo(f"It signs in for {days} days, must be changed at the first sign-in, and is not shown again.")


def print_effect(console: Console, effect: Effect, changed: str, unchanged: str) -> None:
    """Print what an act did, with its warnings."""
    print_line(console, changed if effect.changed else unchanged)
    for sentence in sentences(effect.warnings):
        print_line(console, f"Warning: {sentence}")
