"""The command line: `desmigratif --help` teaches it.

Rule: every verb is declared with an ability or a reason, or nothing starts; what goes wrong is one sentence and exit
code 1.  Heavy imports are inside the verbs, so that help is quick.  Test: tests/test_cli.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.access_declarations import Reason, verb, verbs
from server.settings import SettingsError, load, table

app = typer.Typer(
    help="The national household registry of Indonesian migrant workers, as one GraphQL API.",
    epilog="Start with `desmigratif demo`: it needs nothing but this program.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
)
regions = typer.Typer(help="Official region lists.", no_args_is_help=True)
vault = typer.Typer(help="Keys that seal identity numbers.", no_args_is_help=True)
keys = typer.Typer(help="Keys that sign access tokens.", no_args_is_help=True)
for name, group in (("regions", regions), ("vault", vault), ("keys", keys)):
    app.add_typer(group, name=name)
console, complaints = Console(), Console(stderr=True)

Data = Annotated[Path | None, typer.Option(envvar="DATA", help="Folder of the demo's database.")]
Owner = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="OWNER_DATABASE_URL",
        show_envvar=True,
        metavar="URL",
        help="The database, with a login that may create roles; without it DATABASE_URL.",
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"desmigratif {version('desmigratif-registry')}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """The national household registry of Indonesian migrant workers, as one GraphQL API."""


@verb(app, "demo", Reason.DEMO)
def demo(
    port: Annotated[int | None, typer.Option(envvar="PORT", min=1, max=65535, help="Port; 8000 if not given.")] = None,
    data: Data = None,
    scale: Annotated[int, typer.Option(min=1, max=200, help="Times 25 households in each village.")] = 1,
    only: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Villages that get households.")] = None,
) -> None:
    """Serve a registry of an invented country on this machine, until Ctrl-C.

    The first start makes a PostgreSQL of its own and about 10,000 households; later ones keep what is there.
    A token for each persona is written to `.demo/tokens.json`.
    """
    from server.demo.start import data_folder, start

    settings = load()
    settings = settings.model_copy(update={"mode": "demo", "port": port or settings.port})
    start(settings, data_folder(data), scale, only or (), console)


@verb(app, "serve", Reason.OPERATOR)
def serve(
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that serve; DESMIGRATIF_WORKERS if not given.")
    ] = None,
) -> None:
    """Serve the API in production, with the settings that `desmigratif settings` explains.

    It does not start with demo keys, on a database that is not migrated, or with a login that is superuser, owns the
    tables or has BYPASSRLS: use `registry_app`, which `desmigratif migrate` makes.
    """
    from server.database.checks import check
    from server.http.serving import listen, production, run

    settings = load()
    if settings.mode == "demo":
        raise SettingsError("`serve` is for production: `desmigratif demo` serves the demo.")
    url = settings.ready_to_serve().database_url
    assert url is not None
    made = production(settings)
    asyncio.run(check(url, made.service.vault))
    run(made, listen(settings.host, settings.port), workers=workers or settings.workers)


@verb(app, "migrate", Reason.OWNER)
def migrate(database: Owner = None) -> None:
    """Bring the database to this program's version: tables, policies and labels.  Doing it again changes nothing.

    It makes the login `registry_app`, which serves; give that a password with `ALTER ROLE registry_app PASSWORD …`.
    """
    from server.database.migrate import head
    from server.database.migrate import migrate as bring

    asyncio.run(bring(_owner(database), lambda step: console.print(f"  {step}")))
    console.print(f"The database is at version {head()}.", highlight=False)


@verb(app, "revision", Reason.PUBLIC)
def revision(
    what: Annotated[str, typer.Argument(metavar="WORDS", help='What it does, such as "Nickname of a member".')],
) -> None:
    """Draft the migration that the nouns ask for, as the next file of `migrations/versions`.

    It migrates a PostgreSQL of its own, compares that with the nouns, and stops it. The draft is to be read.
    """
    from server.database.embedded import temporary
    from server.database.revision import TO_READ, draft

    with temporary() as postgres:
        path = asyncio.run(draft(what, postgres.dsn()))
    console.print(f"{path} is drafted. {TO_READ}", highlight=False, markup=False, soft_wrap=True)


@verb(app, "token", Reason.DEMO)
def token(
    persona: Annotated[str, typer.Argument(help="Such as `officer@35.07.11.2008`.")],
    data: Data = None,
) -> None:
    """Print a token for a persona of the demo, good for 12 hours in that demo and nowhere else.

    Only with DESMIGRATIF_MODE=demo.
    """
    settings = load()
    if settings.mode != "demo":
        raise SettingsError("Tokens are made by hand in the demo only: set DESMIGRATIF_MODE=demo.")
    from server.demo.start import data_folder
    from server.demo.tokens import token_of

    try:
        typer.echo(token_of(persona, data_folder(data), settings.audience))
    except LookupError as error:
        raise typer.BadParameter(str(error)) from None


@verb(app, "explain", Reason.OPERATOR)
def explain(
    query: Annotated[typer.FileText, typer.Option(metavar="FILE", help="The document; `-` is what is piped in.")],
    who: Annotated[
        str, typer.Option("--as", metavar="PERSONA", help="A persona of the demo, or the UUID of an account.")
    ],
    operation: Annotated[str | None, typer.Option(metavar="NAME", help="Which operation of the document.")] = None,
    variables: Annotated[str, typer.Option(metavar="JSON", help="The variables, or `@FILE` with them.")] = "{}",
    plan: Annotated[bool, typer.Option("--plan/--no-plan", help="Whether it is run, once, for its plan.")] = True,
    data: Data = None,
) -> None:
    """Show what a query is to PostgreSQL when somebody asks it: for each root field its cost, its SQL and its plan.

    `echo '{ households { totalCount } }' | desmigratif explain --query - --as viewer@35.07`

    The plan is measured on the database with that user's row security and masks; no value is printed. A persona is
    looked up in the demo, which may be running or not; an account's UUID in DATABASE_URL.
    """
    from server.cli.explain import account_reader
    from server.cli.explain import explain as show
    from server.database.reader import account_id

    settings, account = load(), account_id(who)
    if account is None or settings.mode == "demo":
        from server.demo.reader import persona_reader
        from server.demo.start import data_folder

        reader = persona_reader(settings, who, data_folder(data))
    else:
        reader = account_reader(settings, account)
    show(settings, query.read(), operation, variables, reader, plan, console)


@verb(regions, "load", Reason.OWNER)
def regions_load(
    path: Annotated[Path, typer.Argument(help="A folder or .tgz of idn-area-data, or a .csv of `code,name`.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, write nothing.")] = False,
    decree: Annotated[str | None, typer.Option(help="The decree that the list follows.")] = None,
    effective_on: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day from which it holds.")
    ] = None,
    accept: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="A new name that is the same place; repeat for more.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Load it although a newer list is loaded; --dry-run shows what it undoes.")
    ] = False,
    database: Owner = None,
) -> None:
    """Load an official region list: adds, respells and closes regions; never moves anybody's data.

    Bad rows are printed with file and line and left out, and the exit code is then 1. A list that is older than the
    newest one loaded is refused, with what it would undo.
    """
    from server.cli.regions import load as load_list

    day = effective_on.date() if effective_on else None
    work = load_list(
        _owner(database),
        path,
        console,
        dry_run=dry_run,
        decree=decree,
        effective_on=day,
        accept=accept or (),
        force=force,
    )
    if not asyncio.run(work):
        raise typer.Exit(1)


@verb(vault, "create", Reason.OPERATOR)
def vault_create(path: Annotated[Path, typer.Argument(help="The file to make; it is never replaced.")]) -> None:
    """Make the keys that seal identity numbers, for DESMIGRATIF_VAULT_KEYS.

    Keep a copy apart from the database: without it no sealed number can ever be opened.
    """
    from registry.guard.vault import Vault

    Vault.create(path)
    console.print(f"{path} is made, readable by you alone: keep a copy apart from the database.", highlight=False)


@verb(keys, "create", Reason.OPERATOR)
def keys_create(folder: Annotated[Path, typer.Argument(help="The folder to make it in.")]) -> None:
    """Make `signing.pem`, the key that signs access tokens, for DESMIGRATIF_SIGNING_KEYS."""
    from server.keys import create_signing

    console.print(f"{create_signing(folder)} is made, readable by you alone.", highlight=False)


@verb(app, "schema", Reason.PUBLIC)
def schema(write: Annotated[bool, typer.Option("--write", help="Into schema/schema.graphql instead.")] = False) -> None:
    """Print the GraphQL schema with the directives that say what each field shows."""
    from schema.build import SDL, build

    text = build().as_str() + "\n"
    if write:
        SDL.write_text(text)
    else:
        typer.echo(text, nl=False)


@verb(app, "settings", Reason.PUBLIC)
def settings() -> None:
    """Print every setting: its name, what it takes, its default and what it means."""
    typer.echo(table())


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script; `arguments` are those of the process if not given."""
    if missing := [name for name, why in verbs(app).items() if why is None]:
        raise TypeError(f"declare these verbs with server.declared.verb: {', '.join(missing)}")
    try:
        app(args=arguments)
    except FileExistsError as error:
        _complain(f"{error.filename} exists and is not replaced.")
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}." if error.filename else f"It cannot be reached: {error}.")
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        _complain(str(error))


def _expected() -> tuple[type[Exception], ...]:
    """Errors whose message is the sentence for the operator; read only when there is one."""
    from asyncpg import PostgresError

    from registry.regions.region_list import RegionListError
    from registry.regions.region_load import RegionLoadError
    from server.cli.explain import ExplainError
    from server.database.checks import ServingError
    from server.database.embedded import EmbeddedError
    from server.database.migrate import NewerDatabase
    from server.database.reader import ReaderError
    from server.database.revision import RevisionError
    from server.keys import KeyFileError

    ours = SettingsError, EmbeddedError, ExplainError, KeyFileError, NewerDatabase, ReaderError, ServingError
    return *ours, RevisionError, RegionListError, RegionLoadError, PostgresError


def _complain(sentence: str) -> None:
    complaints.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


def _owner(given: str | None) -> str:
    url = given or load().database_url
    if url is None:
        raise SettingsError("Say which database: --database URL, OWNER_DATABASE_URL or DATABASE_URL.")
    return url


if __name__ == "__main__":
    main()
