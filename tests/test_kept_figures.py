"""Quoted answers: an id returns the same for ever, to whoever may still see it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from registry.figures.kept import KEPT_PER_HOUR
from tests.test_figures import counted
from tests.test_statistics import ANSWER, problem
from tests.village import NEXT_DOOR, Place

__all__ = ["counted"]

pytestmark = pytest.mark.anyio
ASK = f"""query($i: [IndicatorName!]!, $by: [Dimension!]!, $in: RegionCode) {{
  statistics(indicators: $i, by: $by, within: $in) {{ id ...Answer }} }}
  fragment Answer on Statistics {ANSWER}"""
AGAIN = f"query($id: ID!) {{ figure(id: $id) {{ id ...Answer }} }} fragment Answer on Statistics {ANSWER}"
CONTENT = ("place", "question", "total", "lines", "needs")
COUNT = "SELECT count(*) FROM figure"


async def quoted(place: Place, who: str, within: str | None, *by: str) -> Any:
    answer = await place.ask(who, ASK, i=["PERSONS_ACTIVE", "FEMALE_SHARE"], by=list(by), **{"in": within})
    return answer["statistics"]


async def test_an_id_returns_the_same_answer_after_later_changes(counted: Place) -> None:
    answer = await quoted(counted, "coordinator", "35.07", "COUNTRY", "VILLAGE")
    await counted.admin.execute(
        f"UPDATE ledger_migrant SET until = now() WHERE until = 'infinity' AND area = '{NEXT_DOOR}'"
    )
    try:
        later = await quoted(counted, "coordinator", "35.07", "COUNTRY", "VILLAGE")
        assert later["total"] != answer["total"]
        assert (await counted.ask("coordinator", AGAIN, id=answer["id"]))["figure"] == answer
        assert (await counted.ask("province", AGAIN, id=answer["id"]))["figure"] == answer, "it is theirs too"
    finally:
        await counted.admin.execute("UPDATE ledger_migrant SET until = 'infinity' WHERE until < 'infinity'")


async def test_an_answer_that_is_not_mine_is_like_one_that_never_was(counted: Place) -> None:
    answer = await quoted(counted, "coordinator", "35.07", "COUNTRY")
    refused = [
        await counted.query(who, AGAIN, id=id_)
        for who, id_ in (
            ("far coordinator", answer["id"]),
            ("viewer", answer["id"]),
            ("coordinator", str(uuid.uuid4())),
            ("coordinator", "no id"),
        )
    ]
    assert [problem(each) for each in refused] == ["FIGURE_UNKNOWN"] * 4
    texts = {each.errors[0]["message"] for each in refused}
    assert len(texts) == 1


async def test_what_everybody_sees_everybody_reads_again(counted: Place) -> None:
    answer = await quoted(counted, "nobody", None, "PROVINCE")
    for who in ("stranger", "ministry"):
        assert (await counted.ask(who, AGAIN, id=answer["id"]))["figure"] == answer


async def test_an_answer_is_kept_once_and_only_if_its_id_is_asked_for(counted: Place) -> None:
    before = await counted.admin.fetchval(COUNT)
    text = ASK.replace("{ id ...Answer }", "{ ...Answer }")
    await counted.ask("ministry", text, i=["BUSINESSES"], by=["REGENCY"])
    assert await counted.admin.fetchval(COUNT) == before
    one = await quoted(counted, "ministry", "52", "REGENCY")
    two = await quoted(counted, "ministry", "52", "REGENCY")
    assert one["id"] == two["id"]
    assert await counted.admin.fetchval(COUNT) == before + 1


async def test_an_id_confirms_no_guess_at_its_answer(counted: Place) -> None:
    """Ids are quoted: whoever heard one and made it again of a guessed answer would have the answer."""
    answer = await quoted(counted, "coordinator", "35.07", "VILLAGE")
    text = f"SELECT md5(concat_ws('|', {', '.join(CONTENT)}))::uuid FROM figure WHERE id = $1"
    made = await counted.admin.fetchval(text, answer["id"])
    assert made is not None
    assert str(made) != answer["id"]
    assert uuid.UUID(answer["id"]).version == 4, "random"


async def test_only_so_many_are_kept_in_an_hour(counted: Place) -> None:
    await counted.admin.execute(
        "INSERT INTO quota (holder, act, keys, times) SELECT $1, 'KEPT_FIGURE', array_agg(gen_random_uuid()),"
        " array_agg(clock_timestamp()) FROM generate_series(1, $2::int)",
        *(counted.ids["auditor"], KEPT_PER_HOUR),
    )
    before = await counted.admin.fetchval(COUNT)
    answer = await counted.query("auditor", ASK, i=["BUSINESSES"], by=["DISTRICT"], **{"in": "52"})
    assert problem(answer) == "TOO_MANY_QUOTED"
    assert await counted.admin.fetchval(COUNT) == before
