"""Searches bytes for the marks of the world: what was answered, and whether the caller may have it."""

from __future__ import annotations

import base64
import re

from tests.personas import Persona
from tests.world import Answer, Mark, World

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WORD = re.compile(r"mk\d{5}z")
CURSOR = re.compile(r'"(?:cursor|startCursor|endCursor)":"([^"]+)"')


class Sieve:
    """Searches what was answered for marks, and says which of them the caller may have."""

    def __init__(self, world: World, marks: list[Mark]) -> None:
        self._world = world
        self._of: dict[str, list[Mark]] = {}
        for mark in marks:
            self._of.setdefault(mark.text, []).append(mark)
        self._sorted: dict[str, tuple[set[str], set[str]]] = {}

    def _may(self, who: Persona) -> tuple[set[str], set[str]]:
        """The texts that he may see, and those that he may not."""
        if who.name not in self._sorted:
            allowed = {
                text
                for text, marks in self._of.items()
                if any(m.kind is not None and self._world.sees(who, m.kind, m.row) for m in marks)
            }
            self._sorted[who.name] = allowed, self._of.keys() - allowed
        return self._sorted[who.name]

    def allowed(self, who: Persona, said: str) -> set[str]:
        """The marks in it; fails where one is not for him."""
        said = UUID.sub("", said)
        words, (may, must_not) = set(WORD.findall(said)), self._may(who)
        leaked = (words & must_not) | {text for text in must_not if not text.startswith("mk") and text in said}
        assert not leaked, (who.name, leaked, [self._of[text] for text in leaked])
        return (words & may) | {text for text in may if not text.startswith("mk") and text in said}


async def sieve_of(world: World) -> Sieve:
    """The sieve of all marks; a number that two people have may be shown by either."""
    marks, rows = list(world.marks), {row.id: row for row in world.rows}
    known = {mark.text for mark in marks}
    people = await world.admin.fetch("SELECT id, '\"' || nik || '\"' AS mask FROM member WHERE nik IS NOT NULL")
    marks += [Mark(found["mask"], "IDENTITY", rows[found["id"]]) for found in people if found["mask"] in known]
    return Sieve(world, marks)


def whole(answer: Answer) -> str:
    """Everything that left the server, with what is inside its cursors."""
    body = answer.body.decode()
    inside = [base64.urlsafe_b64decode(c + "=" * (-len(c) % 4)).decode(errors="replace") for c in CURSOR.findall(body)]
    return "\n".join([body, str(answer.headers), *inside])
