"""The page of the ministry's questions answers each of them: its queries run on the invented country."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.test_operations import Demo, demo

__all__ = ["demo"]

PAGE = (Path(__file__).parents[1] / "docs" / "views.md").read_text()
QUESTIONS = 32
REASONS = ("**Waits for the figures:**", "**Not recorded:**")

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Question:
    """A section of the page; `persona` and `query` are empty where only a reason stands."""

    number: int
    persona: str
    query: str
    text: str


def _questions() -> Iterator[Question]:
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        persona = re.search(r"As\s`([^`]+)`:", section)
        query = re.search(r"```graphql\n(.*?)```", section, re.DOTALL)
        number = int(section.partition(".")[0])
        yield Question(number, persona[1] if persona else "", query[1] if query else "", section)


ALL = list(_questions())


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Every field of an answer, at whatever depth."""
    for inner in value if isinstance(value, list) else ():
        yield from _fields(inner)
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield name, inner
        yield from _fields(inner)


def test_the_page_has_every_question_with_a_query_or_a_reason() -> None:
    assert [question.number for question in ALL] == [*range(1, QUESTIONS + 1)]
    for question in ALL:
        assert bool(question.query) == bool(question.persona), question.number
        assert question.query or any(reason in question.text for reason in REASONS), question.number


def test_the_page_begins_with_a_link_to_every_question() -> None:
    titles = re.findall(r"^## (.*)$", PAGE, flags=re.MULTILINE)
    anchors = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
    assert sorted(re.findall(r"\]\(#([^)]+)\)", PAGE)) == sorted(anchors)


@pytest.mark.parametrize("question", [q for q in ALL if q.query], ids=lambda question: f"question-{question.number}")
async def test_the_query_of_a_question_answers_it(demo: Demo, question: Question) -> None:
    answer = await demo.ask(question.persona, question.query)
    lists = {alias for alias in re.findall(r"(\w+): groups\(", question.query)} | {
        "groups",
        "participants",
        "attendees",
    }
    assert [name for name, value in _fields(answer) if name in lists and value is None] == []
    counts = [value for name, value in _fields(answer) if name in ("totalCount", "count", "households")]
    assert any(isinstance(count, int) and count > 0 for count in counts), "nothing in the invented country shows it"
