"""Making the key files that `serve` needs.

Rule: an existing file is never replaced, because what its keys sealed would be lost.  Test: tests/test_cli.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.access_declarations import Reason, verb

vault = typer.Typer(help="Keys that seal identity numbers.", no_args_is_help=True)
keys = typer.Typer(help="Keys that sign access tokens.", no_args_is_help=True)
console = Console()


@verb(vault, "create", Reason.OPERATOR)
def vault_create(path: Annotated[Path, typer.Argument(help="The file to make; it is never replaced.")]) -> None:
    """Make the keys that seal identity numbers, for DESMIGRATIF_VAULT_KEYS.

    Keep a copy apart from the database: without the keys no sealed number can ever be opened.

    `desmigratif vault create /etc/desmigratif/vault.json`
    """
    from registry.guard.vault import Vault

    Vault.create(path)
    console.print(f"{path} is made, readable by you alone: keep a copy apart from the database.", highlight=False)


@verb(keys, "create", Reason.OPERATOR)
def keys_create(folder: Annotated[Path, typer.Argument(help="The folder to make it in.")]) -> None:
    """Make `signing.pem`, the key that signs access tokens, for DESMIGRATIF_SIGNING_KEYS.

    `desmigratif keys create /etc/desmigratif/keys`
    """
    from server.keys import create_signing

    console.print(f"{create_signing(folder)} is made, readable by you alone.", highlight=False)
