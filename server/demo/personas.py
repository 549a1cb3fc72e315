"""The demo's people for a browser: who they are, each with a token of a few minutes.

Rule: the route belongs to the demo's application alone; a production's has no such address.
Test: tests/test_demo.py.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.access_declarations import Declared, Reason
from server.demo import geography
from server.demo.accounts import PERSONAS
from server.http.app import NO_STORE

MINUTES = 15  # like the tokens of a signed-in caller


async def personas(request: Request) -> Response:
    """Every persona with a new token, and the name of their place; None for the whole country."""
    now = dt.datetime.now(dt.UTC)
    expires_at = (now + dt.timedelta(minutes=MINUTES)).isoformat()
    people = [
        {
            "username": persona.username,
            "name": persona.name,
            "role": persona.role.value,
            "area": persona.area,
            "place": persona.area and _places()[persona.area],
            "accessToken": request.app.service.keyring.issue(persona.id, MINUTES, now),
            "expiresAt": expires_at,
        }
        for persona in PERSONAS
    ]
    return JSONResponse(people, headers=NO_STORE)


@cache
def _places() -> dict[str, str]:
    """The names of the demo's places by their codes."""
    return {place.code: place.name for place in geography.read()}


ROUTE = Declared("/demo/personas", personas, Reason.DEMO, ["GET"])
