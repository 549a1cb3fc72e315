"""Searches responses for the marks of the world, and checks that the caller may see those it finds."""

from __future__ import annotations

import base64
import re

from tests.personas import Persona
from tests.world import Answer, Mark, World

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WORD = re.compile(r"mk\d{5}z")
CURSOR = re.compile(r'"(?:cursor|startCursor|endCursor)":"([^"]+)"')


class LeakDetector:
    """Searches texts for marks that the caller may not see."""

    def __init__(self, world: World, marks: list[Mark]) -> None:
        self._world = world
        self._of: dict[str, list[Mark]] = {}
        for mark in marks:
            self._of.setdefault(mark.text, []).append(mark)
        self._sorted: dict[str, tuple[set[str], set[str]]] = {}

    def _may(self, who: Persona) -> tuple[set[str], set[str]]:
        """The texts that they may see, and those that they may not."""
        if who.name not in self._sorted:
            allowed = {
                text for text, marks in self._of.items() if any(self._world.may_read(who, mark) for mark in marks)
            }
            self._sorted[who.name] = allowed, self._of.keys() - allowed
        return self._sorted[who.name]

    def allowed(self, who: Persona, text: str) -> set[str]:
        """The marks in a text; fails if they may not see one of them."""
        text = UUID.sub("", text)
        words, (may, must_not) = set(WORD.findall(text)), self._may(who)
        leaked = (words & must_not) | {mark for mark in must_not if not mark.startswith("mk") and mark in text}
        assert not leaked, (who.name, leaked, [self._of[mark] for mark in leaked])
        return (words & may) | {mark for mark in may if not mark.startswith("mk") and mark in text}


async def leak_detector(world: World) -> LeakDetector:
    """A detector of all marks; a number that two people share may be shown to whoever sees one of them."""
    marks, rows = list(world.marks), {row.id: row for row in world.rows}
    texts = {mark.text for mark in marks}
    members = await world.admin.fetch("SELECT id, '\"' || nik || '\"' AS mask FROM member WHERE nik IS NOT NULL")
    marks += [Mark(m["mask"], "IDENTITY", rows[m["id"]]) for m in members if m["mask"] in texts]
    return LeakDetector(world, marks)


def everything_in(answer: Answer) -> str:
    """Everything that left the server, with the contents of its cursors."""
    body = answer.body.decode()
    inside = [base64.urlsafe_b64decode(c + "=" * (-len(c) % 4)).decode(errors="replace") for c in CURSOR.findall(body)]
    return "\n".join([body, str(answer.headers), *inside])
