"""What a newcomer needs when the demo has started: its address, what each persona sees, and a query to paste.

Rule: the address is printed as ready only after it has answered as this demo, whose keys no other program has.
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
RETRY_SECONDS = 0.5  # between two attempts
REGISTERED_ONLY = "OPERATION_NOT_REGISTERED"  # what a service account gets for QUERY
PASSING_CODES = {"INTERNAL", "OVERLOADED", "TIMEOUT"}  # errors of this demo itself while it loses its database
OPENER = build_opener(ProxyHandler({}))  # the address is on this machine, whatever proxy the environment names


class NotReady(Exception):
    """The server does not answer queries now, for example because its database was lost."""


async def greet(origin: str, tokens: Mapping[str, str], console: Console) -> None:
    """Print the greeting as soon as the server at `origin` answers every persona.

    Raises ServingError if another program answers there."""
    while True:
        try:
            answers = {name: await asyncio.to_thread(ask, origin, token) for name, token in tokens.items()}
            break
        except NotReady:
            await asyncio.sleep(RETRY_SECONDS)
    url = f"{origin}/graphql"
    names = {place.code: place.name for place in geography.read()}
    write = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    write(f"\nReady: {url}\n")
    for persona in PERSONAS:
        area = names[persona.area] if persona.area else "the whole country"
        write(f"  {persona.username:<22} {area:<17}  {describe(answers[persona.username])}")
    write(f"\nTokens for 12 hours are in {TOKENS}. A query to paste:\n")
    write(example(url, PERSONAS[0]))
    write("\nCtrl-C stops it.")


def ask(origin: str, token: str) -> dict[str, Any]:
    """The answer to QUERY for a persona; empty for a service account, for which it is not registered.

    Raises NotReady, or ServingError if another program answers."""
    if _answer(Request(f"{origin}/readyz")) != (200, b"ready\n"):  # noqa: S310  (the demo's own address)
        raise NotReady
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"query": QUERY}).encode()
    status, content = _answer(Request(f"{origin}/graphql", body, headers))  # noqa: S310  (the same)
    if status >= 500:
        raise NotReady
    try:
        answer = json.loads(content)
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        if codes & PASSING_CODES:
            raise NotReady
        if REGISTERED_ONLY in codes:
            return {}
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


def describe(answer: Mapping[str, Any]) -> str:
    """How many households a persona sees, and which classes of data in them."""
    if not answer:
        return "only operations that are registered for it"
    if not answer["households"]:
        return "no household"
    guarded = (Sensitivity.PERSONAL, Sensitivity.IDENTITY, Sensitivity.SPECIAL, Sensitivity.PROTECTIVE)
    visible = [kind.name.lower() for kind in guarded if Ability.of(kind).name in answer["abilities"]]
    count = f"{answer['households']['totalCount']:,} households"
    return f"{count}: {', '.join(visible)}" if visible else count


def example(url: str, persona: Account) -> str:
    """A shell command that sends EXAMPLE as this persona."""
    token = f"""$(python3 -c 'import json; print(json.load(open("{TOKENS}"))["{persona.username}"])')"""
    body = json.dumps({"query": EXAMPLE})
    return f"""curl -s {url} -H "Authorization: Bearer {token}" -H 'Content-Type: application/json' -d '{body}'"""
