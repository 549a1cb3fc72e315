"""What somebody needs who sees the demo for the first time: where it is, who sees what, and a query to paste.

Rule: the address is called ready only after it has answered as this demo, whose keys no other program has.
Test: tests/test_demo.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from rich.console import Console

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from server.database.checks import ServingError
from server.demo import geography
from server.demo.accounts import PERSONAS, Account
from server.demo.tokens import TOKENS

QUERY = "{ viewer { abilities } households { totalCount } }"
EXAMPLE = "{ viewer { name } households(first: 3) { totalCount nodes { householdNo village { name } memberCount } } }"
TIMEOUT = 30.0  # seconds for one answer
AGAIN = 0.5  # seconds between two attempts
PASSING = {"INTERNAL", "OVERLOADED", "TIMEOUT"}  # what this demo says of its own while it loses its database
OPENER = build_opener(ProxyHandler({}))  # the address is on this machine, whatever proxy the environment names


class NotReady(Exception):
    """The server does not answer queries now, for example because its database was lost."""


async def greet(origin: str, tokens: Mapping[str, str], console: Console) -> None:
    """Print the greeting as soon as the server at `origin` answers every persona.  ServingError: it is another one."""
    while True:
        try:
            answers = {name: await asyncio.to_thread(ask, origin, token) for name, token in tokens.items()}
            break
        except NotReady:
            await asyncio.sleep(AGAIN)
    url = f"{origin}/graphql"
    names = {place.code: place.name for place in geography.read()}
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    say(f"\nReady: {url}\n")
    for persona in PERSONAS:
        area = names[persona.area] if persona.area else "the whole country"
        say(f"  {persona.username:<22} {area:<17}  {sight(answers[persona.username])}")
    say(f"\nTokens for 12 hours are in {TOKENS}. A query to paste:\n")
    say(example(url, PERSONAS[0]))
    say("\nCtrl-C stops it.")


def ask(origin: str, token: str) -> dict[str, Any]:
    """What QUERY answers a persona.  NotReady; ServingError: it is not this demo that answers."""
    if _answer(Request(f"{origin}/readyz")) != (200, b"ready\n"):  # noqa: S310  (the demo's own address)
        raise NotReady
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"query": QUERY}).encode()
    status, content = _answer(Request(f"{origin}/graphql", body, headers))  # noqa: S310  (the same)
    if status >= 500:
        raise NotReady
    try:
        answer = json.loads(content)
        if any(error["extensions"]["code"] in PASSING for error in answer.get("errors", ())):
            raise NotReady
        data: dict[str, Any] = answer["data"]
        return {"abilities": data["viewer"]["abilities"], "households": data["households"]}
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ServingError(f"Another program answers at {origin}: stop it, or choose another PORT.") from None


def _answer(request: Request) -> tuple[int, bytes]:
    try:
        with OPENER.open(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()
    except (OSError, HTTPException):
        raise NotReady from None


def sight(answer: Mapping[str, Any]) -> str:
    """A persona's own count of households, and the classes of data that he sees in them."""
    if not answer["households"]:
        return "no household"
    guarded = (Sensitivity.PERSONAL, Sensitivity.IDENTITY, Sensitivity.SPECIAL, Sensitivity.PROTECTIVE)
    classes = ", ".join(kind.name.lower() for kind in guarded if Ability.of(kind).name in answer["abilities"])
    return f"{answer['households']['totalCount']:,} households" + (f": {classes}" if classes else "")


def example(url: str, persona: Account) -> str:
    """A command that asks as this persona."""
    token = f"""$(python3 -c 'import json; print(json.load(open("{TOKENS}"))["{persona.username}"])')"""
    body = json.dumps({"query": EXAMPLE})
    return f"""curl -s {url} -H "Authorization: Bearer {token}" -H 'Content-Type: application/json' -d '{body}'"""
