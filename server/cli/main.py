"""The command line: `desmigratif --help` teaches it.

Rule: every verb is declared with an ability or a reason, or nothing starts; an error of the operator is one sentence
and exit code 1.  Heavy imports are inside the verbs, so that `--help` is quick.  Test: tests/test_cli.py.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer
from rich.console import Console

import server.cli.user_bindings  # noqa: F401  (its verbs join those of `user`)
from server.access_declarations import Reason, verb, verbs
from server.cli.closing import close
from server.cli.code_lists import codes
from server.cli.figures import figures
from server.cli.grants import grant
from server.cli.key_files import keys, vault
from server.cli.options import Data, Owner, owner_url
from server.cli.programmes import programme
from server.cli.region_lists import regions
from server.cli.service_accounts import service
from server.cli.users import user
from server.settings import SettingsError, load
from server.settings_table import table

app = typer.Typer(
    help="The national household registry of Indonesian migrant workers, as one GraphQL API.",
    epilog="Start with `desmigratif demo`: it needs nothing but this program.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(regions, name="regions")
app.add_typer(codes, name="codes")
app.add_typer(programme, name="programme")
app.add_typer(service, name="service")
app.add_typer(user, name="user")
app.add_typer(grant, name="grant")
app.add_typer(vault, name="vault")
app.add_typer(keys, name="keys")
app.add_typer(figures, name="figures")
verb(app, "close", Reason.OWNER)(close)
console, error_console = Console(), Console(stderr=True)


def _print_version(is_set: bool) -> None:
    if is_set:
        from importlib.metadata import version

        typer.echo(f"desmigratif {version('desmigratif-registry')}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """The national household registry of Indonesian migrant workers, as one GraphQL API."""


@verb(app, "demo", Reason.DEMO)
def demo(
    port: Annotated[int | None, typer.Option(envvar="PORT", min=1, max=65535, help="Port; 8000 if not given.")] = None,
    data: Data = None,
    scale: Annotated[
        int,
        typer.Option(
            min=1, max=200, help="How many times 25 households each village has: 4 makes about 40,000 in all."
        ),
    ] = 1,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="A village that has households, the others none; repeat for more."),
    ] = None,
) -> None:
    """Serve a registry of an invented country on this machine, until Ctrl-C.

    The first start makes a PostgreSQL of its own and about 10,000 households; later starts keep what is there.
    A token for each persona is written to `.demo/tokens.json`.

    `desmigratif demo --port 9000 --data /tmp/demo --only 35.07.11.2008`
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

    It needs DATABASE_URL with the login `registry_app`, which `desmigratif migrate` makes, and keys, which
    `desmigratif keys create` and `desmigratif vault create` make. It does not start with the keys of a demo, on a
    database that is not migrated, or with a login that is superuser, owns the tables or has BYPASSRLS.

    `desmigratif serve --workers 4`
    """
    from server.database.checks import check
    from server.http.serving import listen, production, run
    from server.logs import announce, configure

    settings = load()
    settings = settings.model_copy(update={"workers": workers or settings.workers})  # they share the connections
    if settings.mode == "demo":
        raise SettingsError("`serve` is for production: `desmigratif demo` serves the demo.")
    url = settings.ready_to_serve().database_url
    assert url is not None
    application = production(settings)
    database = asyncio.run(check(url, application.service.vault))
    configure(settings.log_form)
    announce(settings.workers, *database)
    run(application, listen(settings.host, settings.port), workers=settings.workers)


@verb(app, "migrate", Reason.OWNER)
def migrate(database: Owner = None) -> None:
    """Bring the database to this program's version: tables, policies and labels.  Running it again changes nothing.

    It makes the login `registry_app`, with which `serve` connects; give that login a password with
    `ALTER ROLE registry_app PASSWORD …`.

    `desmigratif migrate --database postgresql://postgres@localhost/desmigratif`
    """
    from server.database.migrate import head
    from server.database.migrate import migrate as run_migrations

    asyncio.run(run_migrations(owner_url(database), lambda step: console.print(f"  {step}")))
    console.print(f"The database is at version {head()}.", highlight=False)


@verb(app, "revision", Reason.PUBLIC)
def revision(
    title: Annotated[str, typer.Argument(metavar="WORDS", help='What it does, such as "Nickname of a member".')],
) -> None:
    """Draft the migration that brings the tables to the nouns, as the next file of `migrations/versions`.

    It starts a PostgreSQL of its own, migrates that, compares it with the nouns, and stops it. Read the draft and
    complete it before you use it.

    `desmigratif revision "Nickname of a member"`
    """
    from server.database.embedded import temporary
    from server.database.revision import TO_READ, draft

    with temporary() as postgres:
        path = asyncio.run(draft(title, postgres.dsn()))
    console.print(f"{path} is drafted. {TO_READ}", highlight=False, markup=False, soft_wrap=True)


@verb(app, "token", Reason.DEMO)
def token(
    persona: Annotated[str, typer.Argument(help="Such as `officer@35.07.11.2008`.")],
    data: Data = None,
) -> None:
    """Print a token for a persona of the demo, valid for 12 hours in that demo and nowhere else.

    It needs DESMIGRATIF_MODE=demo: `DESMIGRATIF_MODE=demo desmigratif token officer@35.07.11.2008`
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
    query: Annotated[
        typer.FileText, typer.Option(metavar="FILE", help="File of the document; `-` reads it from standard input.")
    ],
    who: Annotated[
        str, typer.Option("--as", metavar="PERSONA", help="A persona of the demo, or the UUID of an account.")
    ],
    operation: Annotated[str | None, typer.Option(metavar="NAME", help="Which operation of the document.")] = None,
    variables: Annotated[str, typer.Option(metavar="JSON", help="The variables, or `@FILE` with them.")] = "{}",
    plan: Annotated[bool, typer.Option("--plan/--no-plan", help="Run it once and show its plan, or do not.")] = True,
    data: Data = None,
) -> None:
    """Show what PostgreSQL does for a query of one user: for each root field its cost, its SQL and its plan.

    `echo '{ households { totalCount } }' | desmigratif explain --query - --as viewer@35.07`

    The plan is measured on the database with that user's row security and masks; no value is printed. A persona is
    looked up in the demo, which need not be running; the UUID of an account in DATABASE_URL.
    """
    from server.cli.explain import account_reader
    from server.cli.explain import explain as show
    from server.database.reader import account_id

    settings = load()
    account = account_id(who)
    if account is None or settings.mode == "demo":
        from server.demo.reader import persona_reader
        from server.demo.start import data_folder

        reader = persona_reader(settings, who, data_folder(data))
    else:
        reader = account_reader(settings, account)
    show(settings, query.read(), operation, variables, reader, plan, console)


@verb(app, "schema", Reason.PUBLIC)
def schema(
    write: Annotated[bool, typer.Option("--write", help="Write schema/schema.graphql instead.")] = False,
) -> None:
    """Print the GraphQL schema with the directives that say how sensitive each field is."""
    from schema.build import SDL, build

    text = build().as_str() + "\n"
    if write:
        SDL.write_text(text)
    else:
        typer.echo(text, nl=False)


@verb(app, "settings", Reason.PUBLIC)
def settings() -> None:
    """Print every setting: its name, what it takes, its default and its meaning."""
    typer.echo(table())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the console script, with the arguments of the process if none are given."""
    undeclared = [name for name, declaration in verbs(app).items() if declaration is None]
    if undeclared:
        raise TypeError(f"declare these verbs with server.access_declarations.verb: {', '.join(undeclared)}")
    try:
        app(args=arguments)
    except FileExistsError as error:
        _exit_with(f"{error.filename} exists and is not replaced.")
    except OSError as error:
        if error.filename:
            _exit_with(f"{error.filename}: {error.strerror}.")
        _exit_with(f"It cannot be reached: {error}.")
    except Exception as error:
        if not _is_expected(error):
            raise
        advice = UNMIGRATED if getattr(error, "sqlstate", None) in MISSING_OBJECT else ""
        _exit_with(f"{error}{advice}")


EXPECTED_ERRORS = {
    "asyncpg": "PostgresError",
    "auth.service_key": "ServiceKeyError",
    "registry.values.csv_file": "FileError",
    "registry.regions.region_load": "RegionLoadError",
    "registry.write.service": "ServiceError",
    "schema.engine.operation_files": "OperationsError",
    "registry.write.shell": "ShellRefused",
    "server.cli.code_loading": "CodeListError",
    "server.cli.enrolling": "ProgrammeError",
    "registry.write.account_subject": "BindingError",
    "server.cli.explain": "ExplainError",
    "server.database.checks": "ServingError",
    "server.database.closing": "CloseRefused",
    "server.database.embedded": "EmbeddedError",
    "server.database.migrate": "MigrationRefused",
    "server.database.reader": "ReaderError",
    "server.database.reseal": "ResealError",
    "server.database.revision": "RevisionError",
    "server.keys": "KeyFileError",
    "server.settings": "SettingsError",
}
"""Errors whose message is the sentence for the operator, by module."""


UNMIGRATED = ": the database has not this program's version, run `desmigratif migrate`."
MISSING_OBJECT = {"22023", "3F000", "42P01", "42703", "42704", "42883"}
"""SQLSTATEs of a role to be taken on, and of a schema, table, column, type or function, that does not exist."""


def _is_expected(error: Exception) -> bool:
    """Whether the error is one of EXPECTED_ERRORS.

    Nothing is imported to find out: only an imported module can have raised one, and importing another would hide an
    error that says what to declare."""
    imported = [(sys.modules[module], name) for module, name in EXPECTED_ERRORS.items() if module in sys.modules]
    return any(isinstance(error, getattr(module, name, ())) for module, name in imported)


def _exit_with(sentence: str) -> NoReturn:
    error_console.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
