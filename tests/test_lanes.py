"""Documents are parsed, planned and described off the event loop, callers in turn, anonymous ones apart."""

from __future__ import annotations

import asyncio
import threading
import uuid

import pytest

from auth.errors import RateLimited
from registry.store.outage import Unreachable
from schema.engine import lane as lanes
from schema.engine.executor import DESCRIBING
from schema.engine.lane import Lane
from schema.engine.operation import COERCING, MAX_NESTED_VALUES_ON_LOOP, MAX_OPERATIONS, MAX_VALUES_ON_LOOP
from schema.limits import Limit
from tests.eventually import eventually
from tests.village import SUBMIT, Place, household

pytestmark = pytest.mark.anyio
KNOWN = "{ viewer { name } }"
LONG = "{ __schema { types { name fields { name args { name type { name ofType { name } } } } } } }"


async def test_a_lane_serves_callers_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    lane, began, done = Lane("test"), threading.Event(), list[str]()

    def work(caller: str) -> None:
        began.wait(10)
        done.append(caller)

    waiting = []
    for number, caller in enumerate(["greedy"] * 9 + ["other"]):
        waiting.append(asyncio.create_task(lane.run(caller, work, caller)))

        def waits(number: int = number) -> bool:
            return lane.turns.taken + lane.turns.waiting == number + 1

        await eventually(waits)
    began.set()
    await asyncio.gather(*waiting)
    assert done[:3] == ["greedy", "greedy", "other"]


async def test_a_lane_has_a_short_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "MAX_WAITING", 2)
    monkeypatch.setattr(lanes, "TIMEOUT", 0.1)
    lane, began = Lane("test"), threading.Event()
    running = asyncio.create_task(lane.run("a", began.wait, 10))
    await eventually(lambda: lane.turns.taken == 1)
    waiting = [asyncio.create_task(lane.run("a", began.wait, 10)) for _ in range(2)]
    await eventually(lambda: lane.turns.waiting == 2)
    with pytest.raises(RateLimited):
        await lane.run("a", began.wait, 10)
    with pytest.raises(Unreachable):
        await lane.run("b", began.wait, 10)
    assert all(isinstance(e, RateLimited) for e in await asyncio.gather(*waiting, return_exceptions=True))
    began.set()
    await running


async def test_anonymous_documents_do_not_evict_others(village: Place) -> None:
    await village.ask("officer", KNOWN)
    operations, strangers = village.app.service.operations, village.app.service.strangers
    known = len(operations._operations)
    for number in range(MAX_OPERATIONS + 10):
        answer = await village.query(None, f"{{ a{number}: __typename }}")
        assert answer.codes == []
    assert len(operations._operations) == known
    assert len(strangers._operations) == MAX_OPERATIONS
    hits = operations._operations.hits
    await village.ask("officer", KNOWN)
    assert operations._operations.hits == hits + 1


async def test_a_long_anonymous_document_is_not_parsed(village: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = list[str]()
    monkeypatch.setattr("schema.engine.operation.parse", lambda text, **_: parsed.append(text))
    text = "{ __typename } #" + "x" * Limit.STRANGERS_CHARACTERS.limit
    assert (await village.query(None, text)).codes == ["UNAUTHENTICATED"]
    assert parsed == []


async def test_others_are_served_while_the_schema_is_described(village: Place) -> None:
    await village.ask("officer", KNOWN)
    held = threading.Event()
    another = asyncio.create_task(DESCRIBING.run("another", held.wait, 10))
    await eventually(lambda: DESCRIBING.turns.taken == 1)
    described = asyncio.create_task(village.query(None, LONG))
    await eventually(lambda: DESCRIBING.turns.waiting == 1)
    assert (await village.query("officer", KNOWN)).codes == []
    assert not described.done(), "it waits for its turn beside the event loop"
    held.set()
    await another
    first = await described
    assert first.codes == []
    again = await village.query("officer", LONG)
    assert again.json["data"] == first.json["data"]


async def test_introspection_cannot_be_combined_with_data(village: Place) -> None:
    for text in (
        "{ __schema { queryType { name } } viewer { id } }",
        "{ ...f viewer { id } } fragment f on Query { __schema { queryType { name } } }",
    ):
        assert (await village.query("officer", text)).codes == ["BAD_USER_INPUT"]


COUNTED = "query($f: HouseholdFilter) { households(filter: $f) { totalCount } }"


async def test_many_values_are_coerced_off_the_event_loop(village: Place) -> None:
    """Filters nested in filters, and long lists of records; a few of either do not wait for a turn."""
    began = threading.Event()
    holding = asyncio.create_task(COERCING.run("other", began.wait, 10))
    await eventually(lambda: COERCING.turns.taken == 1)
    child = {"id": str(uuid.uuid4()), "seq": 1}
    many = [
        village.query("officer", COUNTED, f={"or": [{}] * MAX_NESTED_VALUES_ON_LOOP}),
        village.query("second", SUBMIT, household={"id": str(uuid.uuid4()), "members": [child] * MAX_VALUES_ON_LOOP}),
    ]
    waiting = [asyncio.create_task(query) for query in many]
    await eventually(lambda: COERCING.turns.waiting == len(many))
    assert (await village.query("officer", COUNTED, f={"or": [{}] * 9})).codes == []
    assert (await village.submit("second", household(people=50)))["outcome"] == "ACCEPTED"
    assert not any(task.done() for task in waiting)
    began.set()
    await holding
    assert [(await task).codes for task in waiting] == [["QUERY_TOO_COMPLEX"], ["BAD_USER_INPUT"]]
