"""Search by name: every spelling is found, half a word finds the whole, and nobody finds what he may not see."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from registry.business import Business
from registry.db import Sql, arg
from registry.document import TYPED
from registry.household import Household
from registry.ledger import LEDGERS
from registry.member import Member
from registry.noun import Noun, by, table_of
from registry.read.compile import Compiler
from registry.read.sight import Sight
from registry.region import Region
from registry.search import Sounds, closeness, closeness_inside
from server.demo.names import BY_PROVINCE
from tests.village import FAR, HERE, Place, but, household, person, shop

pytestmark = pytest.mark.anyio

ONE_NAME = [
    "Siti|Sitti|SITI|Síti|St.",
    "Muhammad|Mohamad|Mochamad|Mukhammad|Muchamad|Moehammad|Mohammed|Muhamed|Mohd.|Mhd|Md.|Muh.|Moh|Moch.|Much",
    "Soekarno|Sukarno",
    "Djoko|Joko",
    "Tjahjo|Cahyo|Cahjo",
    "Nurjannah|Nur Jannah|Nurjanah|Nurdjanah|Noerdjannah|Noor Janah",
    "Aisyah|Aisjah|Aisya|Aisah|'Aisyah",
    "Yusuf|Jusuf|Yusup|Yoesoef",
    "Khotijah|Hotijah|Chotijah",
    "Rochmat|Rohmat|Rokhmat",
    "Zainal|Jaenal|Zaenal|Zaynal",
    "Ahmad|Achmad|Akhmad",
    "Abdurrahman|Abdul Rahman|Abd. Rachman|Abdoel Rahman",
    "Suwandi|Soewandi|Suandi",
    "Budiyanto|Budianto|Boedijanto",
    "Setiawan|Setyawan",
    "Rizki|Rizky|Riski",
    "Aziz|Azis",
    "Faizal|Faisal",
    "Saefudin|Saifuddin|Syaifudin|Saepudin",
    "Christina|Kristina",
    "Ridho|Rido",
    "Fitri|Vitri|Pitri",
    "Siti Aminah|Hj. Siti Aminah|SITI  AMINAH|Siti-Aminah|Siti binti Aminah|Sitti Aminah (alm)",
]
TWO_NAMES = "Siti Sari|Budi Bunga|Ana Ani|Aan Andi|Iis Is|Joko Eko|Rahmat Rohmat|Sri Siti|Wati Wato|Maria Mariana"
NAMES = sorted(
    {
        word
        for cultures in BY_PROVINCE.values()
        for c in cultures
        for words in (c.men, c.women, c.second_men, c.second_women, c.families)
        for name in words
        for word in name.split()
        if not word.endswith(".")
    }
)


async def keys(connection: asyncpg.Connection, *names: str) -> list[list[str]]:
    rows = await connection.fetch("SELECT registry.sounds(name) AS words FROM unnest($1::text[]) AS name", names)
    return [row["words"] for row in rows]


async def found(place: Place, who: str, text: str, noun: type[Noun] = Member, name: str = "full_name") -> list[str]:
    """The names of `noun` that `who` finds, the nearest first."""
    principal = await place.principal(who)
    row, ask = table_of(noun).alias("t$"), Compiler(Sight.of(principal))
    near = closeness(noun, "text").expression(row, ask)
    statement = sa.select(row.c[name]).where(Sounds("text")(row, ask)).order_by(near, row.c[name])
    async with place.database.write(principal, "submit") as tx:
        return [str(record[0]) for record in await tx.rows(Sql(statement), text=text)]


async def record(place: Place, who: str, *names: str, village: str = HERE) -> dict[str, Any]:
    """A household of people with these names."""
    people = [person(seq, fullName=name, nik=None, nikMissingReason="NONE_YET") for seq, name in enumerate(names, 1)]
    made = household(village, members=people, migrations=[])
    answer = await place.submit(who, made, save="DRAFT")
    assert answer["outcome"] == "ACCEPTED", answer["userErrors"]
    return made


# --- how names sound --------------------------------------------------------------------------------------------------


async def test_the_spellings_of_a_name_sound_the_same(village: Place) -> None:
    for spellings in ONE_NAME:
        made = await keys(village.admin, *spellings.split("|"))
        assert {tuple(words) for words in made} == {tuple(made[0])}, spellings


async def test_different_names_stay_different(village: Place) -> None:
    for pair in TWO_NAMES.split("|"):
        one, other = await keys(village.admin, *pair.split())
        assert one != other, pair


async def test_half_a_name_sounds_like_the_beginning_of_the_whole(village: Place) -> None:
    cuts = [(name[:n], name) for name in NAMES for n in range(4, len(name) + 1)]
    halves, wholes = zip(*cuts, strict=True)
    typed, stored = await keys(village.admin, *halves), await keys(village.admin, *wholes)
    assert len(cuts) > 500
    for cut, half, whole in zip(cuts, typed, stored, strict=True):
        assert half, cut
        assert all(any(word.startswith(key) for word in whole) for key in half), cut


@given(st.lists(st.text(), max_size=50))
async def test_any_text_becomes_short_plain_words_the_longest_first(village: Place, texts: list[str]) -> None:
    sent = [text.replace("\0", "") for text in texts]
    for words in await keys(village.admin, *sent):
        assert all(re.fullmatch("[a-z0-9]{1,1000}", word) for word in words)
        assert sorted(words, key=len, reverse=True) == words


@given(st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6), max_size=50))
async def test_case_order_and_what_stands_between_words_do_not_matter(village: Place, names: list[list[str]]) -> None:
    plain = await keys(village.admin, *[" ".join(words) for words in names])
    other = await keys(village.admin, *[" - ".join(reversed(words)).upper() + "." for words in names])
    assert list(map(sorted, plain)) == list(map(sorted, other))


async def test_a_name_of_no_end_is_cut_and_kept(village: Place) -> None:
    (words,) = await keys(village.admin, "x" * 2000)
    assert 1 <= len(words[0]) <= 400


# --- who is found -----------------------------------------------------------------------------------------------------


async def test_a_name_is_found_in_every_spelling_and_by_any_of_its_words(village: Place) -> None:
    await record(village, "officer", "Sitti Khadijah", "Moh. Djunaidi", "Ni Made Ayu Lestari Dewi Utami")
    for text in ("siti", "hadijah", "SITI KHADI", "khadijah siti", "St. Hadijah"):
        assert "Sitti Khadijah" in await found(village, "officer", text), text
    for text in ("muhammad junaidi", "junai", "moh djun"):
        assert "Moh. Djunaidi" in await found(village, "officer", text), text
    for text in ("lestari utami dewi", "utami", "made", "ni made ayu lestari dewi utami"):
        assert "Ni Made Ayu Lestari Dewi Utami" in await found(village, "officer", text), text
    for text in ("siti junaidi", "adijah", "khadijahx"):
        assert await found(village, "officer", text) == [], text


@pytest.mark.parametrize("text", ["", " ", "...", "%", "_", "\\", "漢字", "'"])
async def test_a_text_without_letters_finds_nobody(village: Place, text: str) -> None:
    await record(village, "officer", "Lastri")
    assert await found(village, "officer", text) == []


async def test_wildcards_are_no_letters(village: Place) -> None:
    await record(village, "officer", "Parmi Suryanti")
    assert await found(village, "officer", "par% sury_nti") == []


async def test_the_nearest_come_first(village: Place) -> None:
    await record(village, "officer", "Halimah Tusadiyah", "Ummi Halimah", "Khalimah", "Halimah", "Khalimah Wati")
    wanted = ["Halimah", "Halimah Tusadiyah", "Khalimah", "Khalimah Wati", "Ummi Halimah"]
    assert await found(village, "officer", "Halimah") == wanted


async def test_nobody_is_found_out_of_sight(village: Place) -> None:
    await record(village, "officer", "Zubaidah Hanya")
    await record(village, "stranger", "Zubaidah Sana", village=FAR)
    assert await found(village, "officer", "zubaidah") == ["Zubaidah Hanya"]
    assert await found(village, "stranger", "zubaidah") == ["Zubaidah Sana"]
    assert await found(village, "nobody", "zubaidah") == []
    assert await found(village, "ministry", "zubaidah") == []  # drafts


async def test_who_is_renamed_is_found_under_the_new_name(village: Place) -> None:
    made = await record(village, "officer", "Marsinah")
    (member,) = made["members"]
    renamed = but(made, members=[member | {"fullName": "Wartinah"}])
    assert (await village.submit("officer", renamed, base=1, save="DRAFT"))["outcome"] == "ACCEPTED"
    assert await found(village, "officer", "marsinah") == []
    assert await found(village, "officer", "wartinah") == ["Wartinah"]


async def test_businesses_and_regions_are_found_too(village: Place) -> None:
    made = await record(village, "officer", "Painem")
    wanted = but(made, businesses=[shop(made["members"][0], name="Keripik Tempe Bu Painem")])
    assert (await village.submit("officer", wanted, base=1, save="DRAFT"))["outcome"] == "ACCEPTED"
    assert await found(village, "officer", "tempe painem", Business, "name") == ["Keripik Tempe Bu Painem"]
    assert await found(village, "officer", "arjowil", Region, "name") == ["Arjowilangun"]
    assert await found(village, "officer", "sumber rejo", Region, "name") == []
    nearest = await found(village, "stranger", "lenek", Region, "name")
    assert nearest == ["Lenek", "Lenek Lauk"]


async def test_a_household_is_as_near_as_the_nearest_of_its_people(village: Place) -> None:
    named = await record(village, "officer", "Tukinem", "Ponirah Asih")
    sounding = await record(village, "officer", "Phonirah")
    principal = await village.principal("officer")
    row, ask = table_of(Household).alias("t$"), Compiler(Sight.of(principal))
    near = closeness_inside(Member, by(Member.household_id), "text").expression(row, ask)
    wanted = sa.select(row.c.id, near).where(row.c.id.in_([arg("one", sa.Uuid()), arg("two", sa.Uuid())]))
    async with village.database.write(principal, "submit") as tx:
        rows = await tx.rows(Sql(wanted), text="ponirah", one=uuid.UUID(named["id"]), two=uuid.UUID(sounding["id"]))
    assert {str(id_): near for id_, near in rows} == {named["id"]: 0, sounding["id"]: 2}


# --- how --------------------------------------------------------------------------------------------------------------


async def test_the_indexes_serve_a_search_under_row_security(village: Place) -> None:
    row = table_of(Member).alias("t$")
    ask = Compiler(Sight.of(await village.principal("officer")))
    statement = Sql(sa.select(row.c.id).where(Sounds("text")(row, ask)))
    await record(village, "officer", "Sumiati")  # of an empty table nothing but a scan is planned
    transaction = village.admin.transaction()
    await transaction.start()
    try:  # a million members, as far as the planner is told
        await village.admin.execute("UPDATE pg_class SET relpages = 1, reltuples = 1000000 WHERE relname = 'member'")
        await village.admin.execute("SET LOCAL ROLE registry_app")
        await village.admin.execute(f"PREPARE searching AS {statement.text}")
        plan = "\n".join(line for (line,) in await village.admin.fetch("EXPLAIN EXECUTE searching('siti')"))
    finally:
        await transaction.rollback()
    for n in range(1, 5):
        assert re.search(rf"ix_member_sound_{n}.*\n.*Index Cond: \(\(sounds\[{n}\] >= .* < .*area >= ", plan), plan


def test_sounds_are_typed_counted_and_shown_nowhere() -> None:
    assert not [column for columns in TYPED.values() for column in columns if column.name == "sounds"]
    assert not [ledger for ledger in LEDGERS.values() if "sounds" in ledger.c]
    assert "sounds" not in (Path(__file__).parents[1] / "schema" / "schema.graphql").read_text()
