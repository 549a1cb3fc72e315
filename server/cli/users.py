"""The verbs of accounts.

Test: tests/test_cli_bindings.py.
"""

from __future__ import annotations

from typing import Annotated

import typer

user = typer.Typer(help="Accounts of people.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="The name with which they sign in.")]
