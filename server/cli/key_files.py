"""The verbs of keys: making key files, rotating them, and showing their state (docs/keys.md).

Rule: an existing file is never replaced by `create`, because what its keys sealed would be lost.
Tests: tests/test_cli.py, tests/test_signing_keys.py, tests/test_vault_rotation.py.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.access_declarations import Reason, verb
from server.cli.options import Owner, owner_url
from server.cli.tables import Json, print_line
from server.settings import SettingsError, load

vault = typer.Typer(help="Keys that seal identity numbers and other secrets.", no_args_is_help=True)
keys = typer.Typer(help="Keys that sign access tokens.", no_args_is_help=True)
console = Console()

VAULT_NOTICE = 5
"""Minutes before a new key of the vault seals: for copying the file to every machine; workers read it in seconds."""

SIGNING_NOTICE = 16
"""Minutes before a new key signs: as long as a token of the last one lives (`GRACE` of auth/key_schedule.py)."""

Minutes = Annotated[
    int,
    typer.Option("--after", metavar="MINUTES", min=1, max=10_080, help="When the new key begins: all servers know it."),
]


def _vault_file() -> Path:
    path = load().vault_keys
    if path is None:
        raise SettingsError("Name the key file of the vault: DESMIGRATIF_VAULT_KEYS.")
    return path


def _signing_folder() -> Path:
    folder = load().signing_keys
    if folder is None:
        raise SettingsError("Name the folder of the signing keys: DESMIGRATIF_SIGNING_KEYS.")
    return folder


@verb(vault, "create", Reason.OPERATOR)
def vault_create(path: Annotated[Path, typer.Argument(help="The file to make; it is never replaced.")]) -> None:
    """Make the keys that seal identity numbers, for DESMIGRATIF_VAULT_KEYS.

    Keep a copy apart from the database: without the keys no sealed number can ever be opened.

    `desmigratif vault create /etc/desmigratif/vault.json`
    """
    from registry.guard.vault import Vault

    Vault.create(path)
    print_line(console, f"{path} is made, readable by you alone: keep a copy apart from the database.")


@verb(vault, "rotate", Reason.OWNER)
def vault_rotate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")] = False,
    after: Minutes = VAULT_NOTICE,
    database: Owner = None,
) -> None:
    """Seal everything with a new key while the registry serves; the file is DESMIGRATIF_VAULT_KEYS.

    It adds the key to the file, waits until every server seals with it, and seals all values again in small batches.
    Copy the file to the other machines that serve within the minutes of `--after`. Killed at any time, it goes on when
    it is run again. Blind indexes have a key of their own and stay.

    `desmigratif vault rotate --database postgresql://postgres@localhost/desmigratif`
    """
    from server.cli.vault_rotation import rotate

    asyncio.run(rotate(_vault_file(), owner_url(database), console, minutes=after, dry_run=dry_run))


@verb(vault, "retire", Reason.OWNER)
def vault_retire(database: Owner = None) -> None:
    """Take the old keys out of the file, after `vault rotate`; refused while one value needs them.

    Backups from before the rotation still need them: keep a copy of the file as it was beside those.

    `desmigratif vault retire --database postgresql://postgres@localhost/desmigratif`
    """
    from server.cli.vault_rotation import retire

    asyncio.run(retire(_vault_file(), owner_url(database), console))


@verb(vault, "status", Reason.OWNER)
def vault_status(as_json: Json = False, database: Owner = None) -> None:
    """Show the keys of the file, and how many rows an older key has sealed.

    `desmigratif vault status --json`
    """
    from server.cli.vault_rotation import status

    asyncio.run(status(_vault_file(), owner_url(database), console, as_json=as_json))


@verb(keys, "create", Reason.OPERATOR)
def keys_create(folder: Annotated[Path, typer.Argument(help="The folder to make it in.")]) -> None:
    """Make `signing.pem`, the key that signs access tokens, for DESMIGRATIF_SIGNING_KEYS.

    `desmigratif keys create /etc/desmigratif/keys`
    """
    from server.keys import create_signing

    print_line(console, f"{create_signing(folder)} is made, readable by you alone.")


@verb(keys, "rotate", Reason.OPERATOR)
def keys_rotate(
    after: Minutes = SIGNING_NOTICE,
    stolen: Annotated[
        bool, typer.Option("--stolen", help="End every token of the present keys: the new key signs at once.")
    ] = False,
) -> None:
    """Add the next key that signs access tokens, in the folder DESMIGRATIF_SIGNING_KEYS.

    It is accepted, and in `/.well-known/jwks.json`, as soon as the servers have read it; it signs from the minutes of
    `--after` on, which are also for copying the folder to other machines. The last key is accepted until its last token
    has expired, and the next rotation removes it. No server is restarted, and nobody signs in again.

    `desmigratif keys rotate --after 60`
    """
    from server.cli.signing_keys import rotate

    rotate(_signing_folder(), console, minutes=after, stolen=stolen)


@verb(keys, "list", Reason.OPERATOR)
def keys_list(as_json: Json = False) -> None:
    """Show the keys that sign access tokens: which signs, which is next, which is accepted until when.

    `desmigratif keys list --json`
    """
    from server.cli.signing_keys import show

    show(_signing_folder(), console, as_json=as_json)
