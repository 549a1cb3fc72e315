"""Search by name: it finds every spelling and the beginnings of words, but nothing that the caller may not see."""

from __future__ import annotations

import random
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.figures.ledger import LEDGERS
from registry.models.business import Business
from registry.models.household_aggregate import TYPED
from registry.models.member import Member
from registry.models.noun import Noun
from registry.models.region import Region
from registry.models.search import WORDS, Sounds, match_rank
from registry.read.compile import Compiler
from registry.read.query import Many, Object, Order, Scalar, Source
from registry.read.run import fetch
from registry.read.visibility import Visibility
from server.demo.names import BY_PROVINCE
from tests.village import FAR, HERE, Place, household, person, shop, with_changes

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
    rows = await connection.fetch("SELECT registry.name_words(name) AS words FROM unnest($1::text[]) AS name", names)
    return [row["words"] or [] for row in rows]


async def search_names(
    place: Place, who: str, text: str, noun: type[Noun] = Member, name: str = "full_name"
) -> list[str]:
    """The names of `noun` that `who` finds, the best matches first."""
    order, fields = (
        (Order(match_rank(noun, "text")), Order(getattr(noun, name))),
        (Scalar("name", getattr(noun, name)),),
    )
    rows = Many("", Source(noun, None, (Sounds("text"),)), Object(((None, fields),)), order, limit=1000)
    caller = SimpleNamespace(principal=await place.principal(who), language="en")
    answer = await fetch(place.database, caller, rows, {"text": text})
    return [str(row["name"]) for row in orjson.loads(answer or b"[]")]


async def record_household(place: Place, who: str, *names: str, village: str = HERE) -> dict[str, Any]:
    """Record a household of people with these names."""
    people = [person(seq, fullName=name, nik=None, nikMissingReason="NONE_YET") for seq, name in enumerate(names, 1)]
    document = household(village, members=people, migrations=[])
    answer = await place.submit(who, document, save="DRAFT")
    assert answer["outcome"] == "ACCEPTED", answer["userErrors"]
    return document


# --- how names sound --------------------------------------------------------------------------------------------------


async def test_the_spellings_of_a_name_sound_the_same(village: Place) -> None:
    for spellings in ONE_NAME:
        sounds = await keys(village.admin, *spellings.split("|"))
        assert {tuple(words) for words in sounds} == {tuple(sounds[0])}, spellings


async def test_different_names_stay_different(village: Place) -> None:
    for pair in TWO_NAMES.split("|"):
        one, other = await keys(village.admin, *pair.split())
        assert one != other, pair


async def test_the_beginning_of_a_name_sounds_like_the_beginning_of_its_key(village: Place) -> None:
    cuts = [(name[:n], name) for name in NAMES for n in range(4, len(name) + 1)]
    halves, wholes = zip(*cuts, strict=True)
    typed, stored = await keys(village.admin, *halves), await keys(village.admin, *wholes)
    assert len(cuts) > 500
    for cut, half, whole in zip(cuts, typed, stored, strict=True):
        assert half, cut
        assert all(any(word.startswith(key) for word in whole) for key in half), cut


@given(st.lists(st.text(), max_size=50))
async def test_any_text_becomes_short_plain_keys(village: Place, texts: list[str]) -> None:
    sent = [text.replace("\0", "") for text in texts]
    rows = await village.admin.fetch("SELECT registry.sounds(name) AS keys FROM unnest($1::text[]) AS name", sent)
    for (words,) in rows:
        assert all(re.fullmatch("[a-z0-9]{1,40}", word) for word in words)


@given(st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6), max_size=50))
async def test_case_word_order_and_punctuation_do_not_matter(village: Place, names: list[list[str]]) -> None:
    plain = await keys(village.admin, *[" ".join(words) for words in names])
    other = await keys(village.admin, *[" - ".join(reversed(words)).upper() + "." for words in names])
    assert list(map(sorted, plain)) == list(map(sorted, other))


async def test_a_very_long_name_is_stored_with_a_short_key(village: Place) -> None:
    (words,) = await keys(village.admin, "x" * 2000)
    assert 1 <= len(words[0]) <= 400


# --- which names a search finds ---------------------------------------------------------------------------------------


async def test_a_name_is_found_in_every_spelling_and_by_any_of_its_words(village: Place) -> None:
    await record_household(village, "officer", "Sitti Khadijah", "Moh. Djunaidi", "Ni Made Ayu Lestari Dewi Utami")
    for text in ("siti", "hadijah", "SITI KHADI", "khadijah siti", "St. Hadijah"):
        assert "Sitti Khadijah" in await search_names(village, "officer", text), text
    for text in ("muhammad junaidi", "junai", "moh djun"):
        assert "Moh. Djunaidi" in await search_names(village, "officer", text), text
    for text in ("lestari utami dewi", "utami", "made", "ni made ayu lestari dewi utami"):
        assert "Ni Made Ayu Lestari Dewi Utami" in await search_names(village, "officer", text), text
    for text in ("siti junaidi", "adijah", "khadijahx"):
        assert await search_names(village, "officer", text) == [], text


@pytest.mark.parametrize("text", ["", " ", "...", "%", "_", "\\", "漢字", "'"])
async def test_a_text_without_letters_finds_nothing(village: Place, text: str) -> None:
    await record_household(village, "officer", "Lastri")
    assert await search_names(village, "officer", text) == []


async def test_wildcards_are_not_letters(village: Place) -> None:
    await record_household(village, "officer", "Parmi Suryanti")
    assert await search_names(village, "officer", "par% sury_nti") == []


async def test_the_nearest_come_first(village: Place) -> None:
    await record_household(
        village, "officer", "Halimah Tusadiyah", "Ummi Halimah", "Khalimah", "Halimah", "Khalimah Wati"
    )
    expected = ["Halimah", "Halimah Tusadiyah", "Khalimah", "Khalimah Wati", "Ummi Halimah"]
    assert await search_names(village, "officer", "Halimah") == expected


async def test_search_finds_no_hidden_person(village: Place) -> None:
    await record_household(village, "officer", "Zubaidah Hanya")
    await record_household(village, "stranger", "Zubaidah Sana", village=FAR)
    assert await search_names(village, "officer", "zubaidah") == ["Zubaidah Hanya"]
    assert await search_names(village, "stranger", "zubaidah") == ["Zubaidah Sana"]
    assert await search_names(village, "nobody", "zubaidah") == []
    assert await search_names(village, "ministry", "zubaidah") == []  # drafts


async def test_a_renamed_person_is_found_by_the_new_name(village: Place) -> None:
    document = await record_household(village, "officer", "Marsinah")
    (member,) = document["members"]
    renamed = with_changes(document, members=[member | {"fullName": "Wartinah"}])
    assert (await village.submit("officer", renamed, base=1, save="DRAFT"))["outcome"] == "ACCEPTED"
    assert await search_names(village, "officer", "marsinah") == []
    assert await search_names(village, "officer", "wartinah") == ["Wartinah"]


async def test_search_finds_businesses_and_regions(village: Place) -> None:
    document = await record_household(village, "officer", "Painem")
    extended = with_changes(document, businesses=[shop(document["members"][0], name="Keripik Tempe Bu Painem")])
    assert (await village.submit("officer", extended, base=1, save="DRAFT"))["outcome"] == "ACCEPTED"
    assert await search_names(village, "officer", "tempe painem", Business, "name") == ["Keripik Tempe Bu Painem"]
    assert await search_names(village, "officer", "arjowil", Region, "name") == ["Arjowilangun"]
    assert "Sumberejo" in await search_names(village, "officer", "sumber rejo", Region, "name")
    nearest = await search_names(village, "stranger", "lenek", Region, "name")
    assert nearest == ["Lenek", "Lenek Lauk"]


LONG = "H. Lalu Muhammad Nur Hidayatullah Saputrawan Wijayakusuma bin Abdul Ghani Zainuddin"


async def test_a_name_is_found_by_each_of_its_words(village: Place) -> None:
    document = await record_household(village, "officer", LONG)
    words = ["Lalu", "Muhammad", "Nur", "Hidayatullah", "Saputrawan", "Wijayakusuma", "Abdul", "Ghani", "Zainuddin"]
    for text in (*words, "Mhd", "Lalu Nur", "Jaenudin Lalu", "Hidayatulloh"[:10], "wijaya"):
        assert LONG in await search_names(village, "officer", text), text
        query = "query($s: String!) { households(search: $s, first: 1000) { nodes { id } } }"
        data = await village.ask("officer", query, s=text)
        assert document["id"] in {node["id"] for node in data["households"]["nodes"]}, text


@pytest.mark.parametrize(
    ("stored", "texts"),
    [
        ("Nur Hayati Wulan", "Nurhayati|Nur Hayati|nurhayati wulan|Wulan Nurhayati|Wulan Nur Hayati|NurhayatiWulan"),
        ("Nurhasanah Sri", "Nur Hasanah|Nurhasanah|Sri Nur Hasanah|Noor Hasanah"),
        ("Siti Zaenab Tlaten", "Sitizaenab|SitiZaenab Tlaten|siti jaenab|Zaenab"),
        ("Sitizulaeha", "Siti Zulaeha|siti zulaikha"[:12]),
        ("Aisyah Putri Karangan", "Aisyahputri|Aisyah Putrikarangan|Aisya Putri"),
        ("Matano Oe", "Matanooe|Matano Oe|Oe"),
        ("Matanooe", "Matano Oe|Matanooe"),
        ("Lenek Lauq", "LenekLauk|Lenek-Lauk|lauk lenek"),
        ("Gembonganmekar", "Gembongan Mekar|gembongan"),
        ("Karang Gayam", "Karanggayam|gayam karang"),
    ],
)
async def test_a_name_is_found_written_together_or_apart(village: Place, stored: str, texts: str) -> None:
    await record_household(village, "officer", stored)
    for text in texts.split("|"):
        assert stored in await search_names(village, "officer", text), text
    for text in ("Hayatinur", "Zaenabsiti", "Mekargembongan", "Nur Mekar", "Oematano"):
        assert stored not in await search_names(village, "officer", text), text


async def test_a_place_is_found_with_the_word_for_its_kind(village: Place) -> None:
    for text in ("Desa Arjowilangun", "Ds. Arjo Wilangun", "kel. arjowilangun", "DESA ARDJO WILANGOEN"):
        codes = await _regions(village, text)
        assert HERE in codes, text
    called = "UPDATE region SET name = $1, search_name = lower($1) WHERE code = '35.07'"
    before = await village.admin.fetchval("SELECT name FROM region WHERE code = '35.07'")
    await village.admin.execute(called, "Kabupaten Malang")
    try:
        for text, there in (("Kab. Malang", True), ("Kabupaten Malang", True), ("Kota Malang", False)):
            assert ("35.07" in await _regions(village, text)) is there, text
    finally:
        await village.admin.execute(called, before)
    assert await _regions(village, "Desa") == await _regions(village, "desa") != ["35.07"]


async def _regions(village: Place, text: str) -> list[str]:
    data = await village.ask("officer", "query($s: String!) { regions(search: $s) { nodes { code } } }", s=text)
    return [node["code"] for node in data["regions"]["nodes"]]


async def test_a_household_is_found_by_its_number(village: Place) -> None:
    document = await record_household(village, "officer", "Warsinah")
    number = (await village.household("officer", document["id"], "householdNo"))["householdNo"]
    query = "query($s: String!) { households(search: $s) { totalCount nodes { id householdNo } } }"
    exact = (await village.ask("officer", query, s=f" {number} "))["households"]
    assert (exact["totalCount"], exact["nodes"][0]["id"]) == (1, document["id"])
    prefixed = (await village.ask("officer", query, s=number[:13]))["households"]["nodes"]
    assert prefixed
    assert all(node["householdNo"].startswith(number[:13]) for node in prefixed)
    assert (await village.ask("stranger", query, s=number))["households"]["totalCount"] == 0


ORDERED = ["abdul Qzyq", "'Ali Qzyq", "BAMBANG Qzyq", "Budi Qzyq", "budi Qzyq", "Édi Qzyq", "’Umar Qzyq", "ZAINAL Qzyq"]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_of_members_are_in_alphabetical_order(village: Place, direction: str) -> None:
    """Case, accents and quotes are ignored; equal names keep their places from page to page."""
    await record_household(village, "officer", *random.Random(direction).sample(ORDERED, len(ORDERED)))
    text = f"""query($a: String) {{ members(search: "qzyq", orderBy: {{field: FULL_NAME, direction: {direction}}},
      first: 3, after: $a) {{ totalCount nodes {{ id fullName }} pageInfo {{ hasNextPage endCursor }} }} }}"""
    rows: list[dict[str, Any]] = []
    after, more = None, True
    while more:
        page = (await village.ask("officer", text, a=after))["members"]
        rows += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert len(rows) == len({row["id"] for row in rows}) == page["totalCount"]
    plain = [row["fullName"].casefold().strip("'’").replace("é", "e") for row in rows]
    assert plain == sorted(plain, reverse=direction == "DESC")


async def test_households_and_businesses_can_be_ordered_alphabetically(village: Place) -> None:
    names = ["zul Xqzz", "Abu Xqzz", "'ani Xqzz", "BUDI Xqzz"]
    for name in names:
        document = household(members=[person(1, fullName=name, relationToHead="HEAD")], migrations=[])
        document["businesses"] = [shop(document["members"][0], name=name)]
        assert (await village.submit("officer", document, save="DRAFT"))["outcome"] == "ACCEPTED"
    text = """{ households(search: "xqzz", orderBy: {field: HEAD_NAME}) { nodes { head { fullName } } }
      businesses(search: "xqzz", orderBy: {field: NAME}) { nodes { name } } }"""
    data = await village.ask("officer", text)
    expected = ["Abu Xqzz", "'ani Xqzz", "BUDI Xqzz", "zul Xqzz"]
    assert [node["head"]["fullName"] for node in data["households"]["nodes"]] == expected
    assert [node["name"] for node in data["businesses"]["nodes"]] == expected


async def test_a_household_ranks_like_its_best_member(village: Place) -> None:
    exact = await record_household(village, "officer", "Tukinem", "Ponirah Asih")
    sounding = await record_household(village, "officer", "Phonirah")
    query = '{ households(search: "ponirah") { nodes { id } } }'
    ids = [node["id"] for node in (await village.ask("officer", query))["households"]["nodes"]]
    assert ids.index(exact["id"]) < ids.index(sounding["id"])


# --- by which plan ----------------------------------------------------------------------------------------------------


async def test_the_indexes_serve_a_search_under_row_security(village: Place) -> None:
    fields = Object(((None, (Scalar("id", Member.id),)),))
    rows = Many("", Source(Member, None, (Sounds("text"),)), fields)
    text = Compiler(Visibility.of(await village.principal("officer"))).statement(rows).text
    await record_household(village, "officer", "Sumiati")  # for an empty table only a scan is planned
    transaction = village.admin.transaction()
    await transaction.start()
    try:  # the planner believes in a hundred million members
        await village.admin.execute("UPDATE pg_class SET relpages = 1, reltuples = 100000000 WHERE relname = 'member'")
        await village.admin.execute("SET LOCAL ROLE registry_app")
        await village.admin.execute(f"PREPARE searching AS {text}")
        numbers = len(set(re.findall(r"\$(\d+)", text)))
        arguments = ", ".join(["'{}'"] * numbers)
        plan = "\n".join(line for (line,) in await village.admin.fetch(f"EXPLAIN EXECUTE searching({arguments})"))
    finally:
        await transaction.rollback()
    for n in WORDS:
        assert re.search(rf"ix_member_sound_{n}.*\n.*Index Cond: \(\(sounds\[{n}\] >= .* < .*area >= ", plan), plan


def test_sound_keys_are_not_input_counted_or_shown() -> None:
    assert not [column for columns in TYPED.values() for column in columns if column.name == "sounds"]
    assert not [ledger for ledger in LEDGERS.values() if "sounds" in ledger.c]
    assert "sounds" not in (Path(__file__).parents[1] / "schema" / "schema.graphql").read_text()
