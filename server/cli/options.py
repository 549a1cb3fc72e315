"""Options that several verbs take.

Rule: no message shows the URL of a database, because it may hold a password.  Test: tests/test_cli.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from server.settings import SettingsError, load

Data = Annotated[
    Path | None,
    typer.Option(
        envvar="DATA",
        help="Folder of the demo's database; `.demo/database` if not given, or `/var/lib/desmigratif-demo` for root if "
        "PostgreSQL cannot enter that.",
    ),
]
Owner = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="OWNER_DATABASE_URL",
        show_envvar=True,
        metavar="URL",
        help="The database, with a login that may create roles, such as "
        "`postgresql://postgres@host/desmigratif`; DATABASE_URL if not given.",
    ),
]


def owner_url(database: str | None) -> str:
    """The database of the option `Owner`.  Raises SettingsError if there is none."""
    url = database or load().database_url
    if url is None:
        raise SettingsError("Name the database: --database URL, OWNER_DATABASE_URL or DATABASE_URL.")
    return url
