"""What the demo serves: an invented country, with a token for each persona.

The data folder holds the database and the demo's keys, so a second start keeps both; `.demo/tokens.json` of the working
folder is written anew each time.
Rule: what was answered is kept, whoever is killed, and the next start goes on from there.  Test: tests/test_demo.py.
"""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Collection, Mapping
from functools import partial

import asyncpg
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from auth.ability import Ability
from auth.principal import Principal
from auth.sensitivity import Sensitivity
from registry.noun import SCHEMA
from registry.vault import Vault
from registry.wall import LOGIN
from server import serving
from server.app import App, create
from server.demo import geography
from server.demo.accounts import PERSONAS, Account
from server.demo.load import load
from server.demo.tokens import KEYS, TOKENS, issue, write
from server.embedded import Embedded
from server.identity import principal_of
from server.keys import demo_keys
from server.migrate import migrate
from server.settings import Settings

QUERY = "{ households { totalCount } }"
EXAMPLE = "{ viewer { name } households(first: 3) { totalCount nodes { householdNo village { name } memberCount } } }"


def run(settings: Settings, server: Embedded, scale: int, only: Collection[str], console: Console) -> None:
    """Bring the database up to date and serve it until a signal."""
    held = serving.listen(settings.host, settings.port)
    keyring, vault = demo_keys(server.data / KEYS, settings.audience)
    try:
        asyncio.run(_prepare(server.dsn(), vault, scale, only, console))
    except asyncpg.DiskFullError:
        raise OSError(errno.ENOSPC, "no space for the database") from None
    tokens = issue(keyring)
    write(tokens)
    app = create(settings, server.dsn(user=LOGIN), keyring, vault, vault.derive(serving.CURSORS))
    serving.run(app, held, partial(_tell, app, settings, tokens, console))


async def _prepare(dsn: str, vault: Vault, scale: int, only: Collection[str], console: Console) -> None:
    await migrate(dsn)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": SCHEMA})
    try:
        bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*bars, console=console) as progress:
            tasks: dict[str, TaskID] = {}

            def tell(label: str, done: int, total: int) -> None:
                if label not in tasks:
                    tasks[label] = progress.add_task(label, total=total)
                progress.update(tasks[label], completed=done)

            await load(connection, vault, scale, tell, only=only or None)
    finally:
        await connection.close()


async def _tell(app: App, settings: Settings, tokens: Mapping[str, str], console: Console) -> None:
    """What somebody needs who sees this for the first time."""
    url = f"http://{settings.host}:{settings.port}/graphql"
    names = {place.code: place.name for place in geography.read()}
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    say(f"\nReady: {url}\n")
    for persona in PERSONAS:
        principal = await principal_of(f"Bearer {tokens[persona.username]}", app.service.keyring, app.service.database)
        area = names[persona.area] if persona.area else "the whole country"
        say(f"  {persona.username:<22} {area:<17}  {await _sight(app, principal)}")
    say(f"\nTokens for 12 hours are in {TOKENS}. A query to paste:\n")
    say(example(url, PERSONAS[0]))
    say("\nCtrl-C stops it.")


async def _sight(app: App, principal: Principal) -> str:
    """The caller's own count of households, and the classes of data that he sees in them."""
    from schema.context import Context
    from server.graphql import read

    service = app.service
    asked = service.operations.of(QUERY, None)
    doors = service.database, service.vault, service.cursors
    answer = await read(await Context.of(principal, *doors, "en", asked, None), "demo")
    found = orjson.loads(orjson.dumps(answer))["data"]
    if not found["households"]:
        return "no household"
    beyond = (Sensitivity.PERSONAL, Sensitivity.IDENTITY, Sensitivity.SPECIAL, Sensitivity.PROTECTIVE)
    classes = ", ".join(kind.name.lower() for kind in beyond if Ability.of(kind) in principal.abilities)
    return f"{found['households']['totalCount']:,} households" + (f": {classes}" if classes else "")


def example(url: str, persona: Account) -> str:
    """A command that asks as this persona."""
    token = f"""$(python3 -c 'import json; print(json.load(open("{TOKENS}"))["{persona.username}"])')"""
    body = json.dumps({"query": EXAMPLE})
    return f"""curl -s {url} -H "Authorization: Bearer {token}" -H 'Content-Type: application/json' -d '{body}'"""
