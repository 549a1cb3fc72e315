"""Filters, orders and groups by every key: they reveal nothing that the caller may not read, and lose nothing else.

For each key a condition and its `not` partition the records: all in which the class of the key is seen, and no other.
"""

from __future__ import annotations

import datetime as dt
import random
import typing
import unicodedata
from enum import Enum
from typing import Any

import pytest

from auth.sensitivity import Sensitivity
from registry.models.fact import CountryCode, PartialDate, codes_of, fact_of, python_type
from registry.models.noun import Readable
from schema.build import build
from schema.declare.listing import LIST_OPTIONS, Comparison, FilterKey, InRegions, NamedCondition, RelatedRecords
from schema.engine.variables import folded
from tests import oracle
from tests.personas import BY_NAME, Persona
from tests.test_scope import FLAT
from tests.village import Place, episode, household, shop
from tests.world import World

pytestmark = pytest.mark.anyio
build()
NOUNS: dict[str, Readable] = {noun.__name__: noun for noun in LIST_OPTIONS}
ROOTS = {"Household": "households", "Member": "members", "MigrationEpisode": "migrations", "Business": "businesses"}
WHO = [
    "OFFICER@A111",
    "officer-A111-viewer-B",
    "verifier-A11-analyst",
    "REGIONAL_VIEWER@A",
    "PROVINCE_OFFICER@A",
    "MINISTRY_ANALYST@country",
    "AUDITOR@country",
    "nobody",
]
KEYS = [(stem, key) for stem in ROOTS for key in LIST_OPTIONS[NOUNS[stem]].filters]
SOMETHING: dict[Any, Any] = {
    str: {"startsWith": "s"},
    int: {"gte": 2},
    dt.date: {"lt": "2020-01-01"},
    PartialDate: {"lt": "2020-01-01"},
    dt.datetime: {"lt": "2026-06-01T00:00:00Z"},
    bool: True,
    CountryCode: ["HK", "MY"],
}


def condition(key: FilterKey) -> Any:
    """A condition of the key that is true for some records."""
    match key.test:
        case NamedCondition(type=type_):
            if type_ is bool:
                return True
            (one,) = typing.get_args(type_)
            return [next(iter(one)).name] if issubclass(one, Enum) else ["2019"]
        case InRegions():
            return ["35", "52.01"]
        case RelatedRecords(several=several):
            return {"some": {"within": ["35"]}} if several else {"within": ["35"]}
        case Comparison(datum=datum) if codes := codes_of(datum):
            return [next(iter(codes)).name]
        case Comparison(datum=datum):
            return SOMETHING[python_type(datum)]


def kind_of(key: FilterKey) -> str:
    return key.kind.value if isinstance(key.kind, Sensitivity) else "OPEN"


def where_seen(world: World, who: Persona, stem: str, kind: str) -> set[str]:
    """The ids of the records in which the caller sees the class."""
    table = FLAT[ROOTS[stem]]
    rows = {str(row.id): row for row in world.of(table)}
    return {i for i in world.listed(who, table) if kind == "OPEN" or world.sees(who, kind, rows[i])}


def answers(who: Persona, kind: str) -> bool:
    """Whether the caller sees the class in at least one record."""
    grants = {grant.role for grant in who.grants}
    return bool(grants & (oracle.SEES[kind] | oracle.SEES_OWN.get(kind, set())))


@pytest.mark.parametrize("name", WHO)
async def test_a_condition_and_its_negation_partition_the_visible_rows(world: World, name: str) -> None:
    who = BY_NAME[name]
    reads = any(grant.role in oracle.SEES["OPERATIONAL"] for grant in who.grants)
    for stem, key in KEYS:
        key_filter = LIST_OPTIONS[NOUNS[stem]].filters[key]
        text = f"query($yes: {stem}Filter!, $no: {stem}Filter!) {{ " + " ".join(
            f"{way}: {ROOTS[stem]}(filter: ${way}, first: 1000) {{ totalCount nodes {{ id }} }}"
            for way in ("yes", "no")
        )
        value = {key: condition(key_filter)}
        answer = await world.ask(who, text + " }", yes=value, no={"not": value})
        if not reads or not answers(who, kind_of(key_filter)):
            assert answer.codes == ["FORBIDDEN", "FORBIDDEN"], (stem, key, answer.codes)
            extensions, field = answer.json["errors"][0]["extensions"], key if reads else ROOTS[stem]
            kind = kind_of(key_filter) if reads else "OPERATIONAL"
            assert extensions == {"code": "FORBIDDEN", "field": field, "class": kind, "ability": f"SEE_{kind}"}
            continue
        yes, no = ({node["id"] for node in answer.data[way]["nodes"]} for way in ("yes", "no"))
        assert not yes & no, (stem, key)
        assert yes | no == where_seen(world, who, stem, kind_of(key_filter)), (stem, key)
        assert answer.data["yes"]["totalCount"] == len(yes)


@pytest.mark.parametrize("name", WHO)
async def test_orders_and_groups_leave_out_rows_whose_class_is_not_seen(world: World, name: str) -> None:
    who = BY_NAME[name]
    if not any(grant.role in oracle.SEES["OPERATIONAL"] for grant in who.grants):
        return
    for stem, root in ROOTS.items():
        listing = LIST_OPTIONS[NOUNS[stem]]
        for key, datum in listing.orders.items():
            kind = fact_of(datum).sensitivity.value
            answer = await world.ask(
                who, f"{{ l: {root}(orderBy: {{field: {key}}}, first: 1000) {{ nodes {{ id }} }} }}"
            )
            if not any(grant.role in oracle.SEES[kind] for grant in who.grants):
                assert answer.codes == ["FORBIDDEN"], (stem, key)
            else:
                assert {n["id"] for n in answer.data["l"]["nodes"]} == where_seen(world, who, stem, kind), (stem, key)
        for key, grouping in listing.groups.items():
            kind = grouping.fact.sensitivity.value
            answer = await world.ask(who, f"{{ l: {root} {{ groups(by: {key}) {{ key label count }} }} }}")
            if not any(grant.role in oracle.SEES[kind] for grant in who.grants):
                assert answer.codes == ["FORBIDDEN"], (stem, key)
            else:
                counted = sum(group["count"] for group in answer.data["l"]["groups"])
                assert counted == len(where_seen(world, who, stem, kind)), (stem, key)


async def test_no_key_of_a_list_is_a_vault_number() -> None:
    for stem, listing in ((noun.__name__, listing) for noun, listing in LIST_OPTIONS.items()):
        kinds = {key.kind for key in listing.filters.values()}
        kinds |= {fact_of(datum).sensitivity for datum in listing.orders.values()}
        kinds |= {grouping.fact.sensitivity for grouping in listing.groups.values()}
        assert Sensitivity.IDENTITY not in kinds, stem


# --- null, empty, unknown ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stem", "key"), KEYS)
async def test_null_is_refused_and_an_empty_list_matches_nothing(world: World, stem: str, key: str) -> None:
    who = BY_NAME["OFFICER@country"]
    text = f"query($f: {stem}Filter) {{ {ROOTS[stem]}(filter: $f) {{ totalCount }} }}"
    refused = await world.ask(who, text, f={key: None})
    assert refused.codes == ["BAD_USER_INPUT"]
    assert key in refused.json["errors"][0]["message"]
    key_filter = LIST_OPTIONS[NOUNS[stem]].filters[key]
    if isinstance(condition(key_filter), list) and key_filter.kind is not Sensitivity.PROTECTIVE:
        assert (await world.ask(who, text, f={key: []})).data == {ROOTS[stem]: {"totalCount": 0}}
        assert (await world.ask(who, text, f={"not": {key: []}})).data[ROOTS[stem]]["totalCount"] > 0
    if isinstance(key_filter.test, RelatedRecords) and key_filter.test.several:
        assert (await world.ask(who, text, f={key: {"some": None}})).codes == ["BAD_USER_INPUT"]
    elif isinstance(condition(key_filter), dict):
        operator = next(iter(condition(key_filter)))
        assert (await world.ask(who, text, f={key: {operator: None}})).codes == ["BAD_USER_INPUT"]


async def test_a_missing_variable_in_a_filter_is_refused(world: World) -> None:
    who = BY_NAME["OFFICER@country"]
    text = """query($w: [RegionCode!], $f: HouseholdFilter) { households(filter: {within: $w}) { totalCount }
      b: households(filter: $f) { totalCount } }"""
    everything = await world.ask(who, text)
    assert everything.data["households"] == everything.data["b"] != {"totalCount": 0}
    assert (await world.ask(who, text, w=None)).codes == ["BAD_USER_INPUT"]


async def test_a_null_or_blank_argument_of_a_list_is_ignored(world: World) -> None:
    """Forms also send their empty fields; a cursor of either list is valid for the other."""
    who = BY_NAME["OFFICER@country"]
    text = """query($f: MemberFilter, $s: String, $o: MemberOrder, $n: Int, $a: String) {
      members(filter: $f, search: $s, orderBy: $o, first: $n, after: $a, before: null, last: null) {
        totalCount groups(by: SEX, first: null) { count } nodes { id } pageInfo { endCursor } } }"""
    plain = (
        await world.ask(who, "{ members { totalCount groups(by: SEX) { count } nodes { id } pageInfo { endCursor } } }")
    ).data
    for blank in (None, "", "  ", "\t", "\u00a0"):
        assert (await world.ask(who, text, f=None, s=blank, o=None, n=None, a=None)).data == plain, blank
    literal = await world.ask(who, '{ members(search: "", filter: null) { totalCount } }')
    assert literal.data["members"]["totalCount"] == plain["members"]["totalCount"]
    after = plain["members"]["pageInfo"]["endCursor"]
    pages = [await world.ask(who, text, s=blank, a=after) for blank in (None, " ")]
    assert pages[0].data == pages[1].data
    assert pages[0].codes == pages[1].codes == []


async def test_within_accepts_old_codes_and_refuses_unknown_ones(world: World) -> None:
    who = BY_NAME["OFFICER@country"]
    text = (
        "query($w: [RegionCode!]!) { households(filter: {within: $w}, first: 1000) { nodes { id village { code } } } }"
    )

    async def codes(*within: str) -> set[str]:
        answer = await world.ask(who, text, w=list(within))
        assert answer.codes == [], answer.json
        return {node["village"]["code"] for node in answer.data["households"]["nodes"]}

    everywhere = await codes("35", "52")
    assert await codes("35.01") == {code for code in everywhere if code.startswith("35.01.")}
    assert await codes("35.01", "35.01", "52.01.11") == {c for c in everywhere if c.startswith(("35.01.", "52.01.11."))}
    now = world.codes["recoded"]
    assert await codes("52.01.12.2009") == {now} == await codes(now) == await codes("52.01.12.2009", now)
    for code, heirs in (("99", []), ("99.01.01.2001", []), ("52.02.11.2009", ["52.02.11.2010", "52.02.11.2011"])):
        for listed in (["35", code], [code]):
            answer = await world.ask(who, text, w=listed)
            assert answer.codes == ["BAD_USER_INPUT"]
            assert answer.data == {"households": None}
            assert answer.json["errors"][0]["extensions"]["successors"] == heirs
    assert (await world.ask(who, text, w=["3501"])).codes == ["BAD_USER_INPUT"]


async def test_within_refuses_the_old_code_of_a_village_that_became_a_district(world: World) -> None:
    """No household equals a district's code, so an empty list would be wrong."""
    who, old = BY_NAME["OFFICER@country"], "35.01.11.2999"
    text = "query($w: [RegionCode!]!) { households(filter: {within: $w}) { totalCount } }"
    became = "INSERT INTO region_code SELECT id, $1, '2000-01-01', '2010-01-01' FROM region WHERE code = '35.01.11'"
    await world.admin.execute(became, old)
    try:
        alone, twice, district = [await world.ask(who, text, w=w) for w in ([old], [old, "35.01.11"], ["35.01.11"])]
    finally:
        await world.admin.execute("DELETE FROM region_code WHERE code = $1", old)
    assert alone.codes == ["BAD_USER_INPUT"]
    assert alone.json["errors"][0]["extensions"]["successors"] == ["35.01.11"]
    assert twice.data == district.data != {"households": {"totalCount": 0}}


@pytest.mark.parametrize(("stem", "by"), [("Member", "AGE_BAND"), ("Member", "SEX"), ("MigrationEpisode", "COUNTRY")])
async def test_groups_of_a_partly_seen_class_do_not_reduce_the_count(world: World, stem: str, by: str) -> None:
    """The count beside such groups is that of the complete list, not their sum."""
    who, root = BY_NAME["officer-A111-viewer-B"], ROOTS[stem]
    text = f"{{ beside: {root} {{ totalCount groups(by: {by}) {{ count }} }} alone: {root} {{ totalCount }} }}"
    data = (await world.ask(who, text)).data
    assert data["beside"]["totalCount"] == data["alone"]["totalCount"]
    assert 0 < sum(group["count"] for group in data["beside"]["groups"]) < data["alone"]["totalCount"]


# --- comparators by hand ----------------------------------------------------------------------------------------------


class Departure(Enum):
    """Departures of one household, in the order of its members' numbers; None is unknown."""

    YEAR, MONTH, DAY, NOTHING = "2019", "2019-03", "2019-03-14", None


@pytest.fixture(scope="module")
async def family(village: Place) -> str:
    document = household(people=4, hamlet="Sumber Ágúng")
    names = ["Siti Aminah", "ÉLOK Rahayu", "Budi", "siti Zulaikha"]
    for person, name in zip(document["members"], names, strict=True):
        person["fullName"] = name
    document["migrations"] = [
        episode(person, departedOn=departure.value, stage="WORKING_ABROAD" if departure.value else "PROSPECTIVE")
        for person, departure in zip(document["members"], Departure, strict=True)
    ]
    document["businesses"] = [shop(document["members"][0], permits=["HALAL", "PIRT"], workersFamily=3)]
    payload = await village.submit("officer", document)
    assert payload["outcome"] == "ACCEPTED", payload
    return str(document["id"])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('departedOn: {eq: "2019-01-01"}', ["2019"]),
        ('departedOn: {lt: "2019-03-01"}', ["2019"]),
        ('departedOn: {lte: "2019-03-01"}', ["2019", "2019-03"]),
        ('departedOn: {gt: "2019-03-01"}', ["2019-03-14"]),
        ('departedOn: {gte: "2019-01-02", lt: "2019-03-14"}', ["2019-03"]),
        ("departedOn: {isNull: true}", [None]),
        ("departedOn: {isNull: false}", ["2019", "2019-03", "2019-03-14"]),
        ('not: {departedOn: {gte: "2019-01-01"}}', [None]),
        ('or: [{departedOn: {eq: "2019-01-01"}}, {departedOn: {isNull: true}}]', ["2019", None]),
        ('and: [{departedOn: {gt: "2019-01-01"}}, {not: {departedOn: {gt: "2019-03-13"}}}]', ["2019-03"]),
        ("or: []", []),
        ("and: []", ["2019", "2019-03", "2019-03-14", None]),
        ("not: {or: []}", ["2019", "2019-03", "2019-03-14", None]),
    ],
)
async def test_partial_dates_are_filtered_by_their_first_day(
    village: Place, family: str, condition: str, expected: list[str | None]
) -> None:
    family_ = 'household: {members: {some: {fullName: {eq: "Budi"}}}}'
    text = f"{{ migrations(filter: {{{family_}, {condition}}}) {{ nodes {{ departedOn household {{ id }} }} }} }}"
    data = (await village.ask("officer", text))["migrations"]["nodes"]
    ours = [node["departedOn"] for node in data if node["household"]["id"] == family]
    assert sorted(map(str, ours)) == sorted(map(str, expected))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('fullName: {startsWith: "SITI"}', {"Siti Aminah", "siti Zulaikha"}),
        ('fullName: {startsWith: "elok"}', {"ÉLOK Rahayu"}),
        ('fullName: {startsWith: "é"}', {"ÉLOK Rahayu"}),
        ('fullName: {startsWith: "%"}', set()),
        ('fullName: {startsWith: "_iti"}', set()),
        ('fullName: {eq: "siti aminah"}', set()),
        ('fullName: {in: ["Budi", "Siti Aminah"]}', {"Budi", "Siti Aminah"}),
        ('fullName: {in: ["Budi"], startsWith: "s"}', set()),
        ("businesses: {some: {permits: [PIRT]}}", {"Siti Aminah"}),
        ("businesses: {some: {permits: [BPOM]}}", set()),
        ("businesses: {none: {status: [RUNNING]}}", {"ÉLOK Rahayu", "Budi", "siti Zulaikha"}),
        ("businesses: {every: {permits: []}}", {"ÉLOK Rahayu", "Budi", "siti Zulaikha"}),
        ("migrations: {every: {stage: [WORKING_ABROAD]}}", {"Siti Aminah", "ÉLOK Rahayu", "Budi"}),
        ("migrations: {some: {departedOn: {isNull: true}}}", {"siti Zulaikha"}),
        ("stage: [PROSPECTIVE]", {"siti Zulaikha"}),
        (
            "household: {memberCount: {eq: 4}, submittedByMe: true}",
            {"Siti Aminah", "ÉLOK Rahayu", "Budi", "siti Zulaikha"},
        ),
        ("household: {submittedByMe: false}", set()),
    ],
)
async def test_members_are_filtered_by_their_fields_and_related_records(
    village: Place, family: str, condition: str, expected: set[str]
) -> None:
    text = f"{{ members(filter: {{{condition}}}, first: 1000) {{ nodes {{ fullName household {{ id }} }} }} }}"
    data = (await village.ask("officer", text))["members"]["nodes"]
    assert {node["fullName"] for node in data if node["household"]["id"] == family} == expected


async def test_orders_put_nulls_last_and_enums_by_rank(village: Place, family: str) -> None:
    of_family = 'filter: {household: {members: {some: {fullName: {eq: "Budi"}}}}}'
    text = f"""{{ up: migrations({of_family}, orderBy: {{field: DEPARTED_ON}}) {{ nodes {{ departedOn }} }}
      down: migrations({of_family}, orderBy: {{field: DEPARTED_ON, direction: DESC}}) {{ nodes {{ departedOn }} }} }}"""
    data = await village.ask("officer", text)
    dates = ["2019", "2019-03", "2019-03-14"]
    assert [n["departedOn"] for n in data["up"]["nodes"]] == [*dates, None]
    assert [n["departedOn"] for n in data["down"]["nodes"]] == [*reversed(dates), None]


async def test_first_and_last_return_both_ends_of_one_list(village: Place, family: str) -> None:
    ids = [
        n["id"] for n in (await village.ask("officer", "{ members(first: 1000) { nodes { id } } }"))["members"]["nodes"]
    ]
    text = """query($n: Int!, $b: String) { members(last: $n, before: $b) { nodes { id }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    from_the_end: list[str] = []
    before, pages = None, 0
    while True:
        page = (await village.ask("officer", text, n=3, b=before))["members"]
        from_the_end = [n["id"] for n in page["nodes"]] + from_the_end
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        before, pages = page["pageInfo"]["startCursor"], pages + 1
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert (from_the_end, pages) == (ids, -(-len(ids) // 3))
    both = await village.query("officer", "{ members(first: 1, last: 1) { totalCount } }")
    assert both.codes == ["BAD_USER_INPUT"]


async def test_database_and_oracle_fold_text_alike(world: World) -> None:
    """`startsWith` folds the column in the database and the sent value in Python."""
    chance = random.Random(7)
    letters = [chr(n) for n in range(1, 0x3000) if unicodedata.name(chr(n), "")] + list("ﬁ①Ａ中ﾊﾞ\u0301\u0345\n\t")
    texts = ["".join(chance.choices(letters, k=12)) for _ in range(5000)]
    rows = await world.admin.fetch("SELECT registry.folded(said) AS folded FROM unnest($1::text[]) AS said", texts)
    assert [row["folded"] for row in rows] == [folded(text) for text in texts]


# --- what is seen in one's own records alone --------------------------------------------------------------------------


async def test_a_class_seen_only_in_own_records_limits_a_list_to_them(village: Place) -> None:
    """Officers filter by statuses that they recorded; a colleague's episode counts as absent."""
    mine, theirs = [await _journey_of(village, who, "NON_PROCEDURAL") for who in ("officer", "second")]
    legal = await _journey_of(village, "officer", "PROCEDURAL")
    status = "proceduralStatus: [NON_PROCEDURAL]"

    async def households(condition: str) -> set[str]:
        text = f"{{ households(first: 1000, filter: {{{condition}}}) {{ nodes {{ id }} }} }}"
        return {node["id"] for node in (await village.ask("officer", text))["households"]["nodes"]}

    async def episodes(condition: str) -> set[str]:
        text = f"{{ migrations(first: 1000, filter: {{{condition}}}) {{ nodes {{ household {{ id }} }} }} }}"
        return {node["household"]["id"] for node in (await village.ask("officer", text))["migrations"]["nodes"]}

    ours = {mine, theirs, legal}
    assert await episodes(status) & ours == {mine}
    assert await episodes(f"not: {{{status}}}") & ours == {legal}
    assert await households(f"migrations: {{some: {{{status}}}}}") & ours == {mine}
    assert await households(f"migrations: {{none: {{{status}}}}}") & ours == {theirs, legal}
    assert await households(f"migrations: {{every: {{{status}}}}}") & ours == {mine, theirs}
    refused = await village.query("coordinator", f"{{ migrations(filter: {{{status}}}) {{ totalCount }} }}")
    assert refused.errors[0]["extensions"] == {
        "code": "FORBIDDEN",
        "field": "proceduralStatus",
        "class": "PROTECTIVE",
        "ability": "SEE_PROTECTIVE",
    }


async def _journey_of(village: Place, who: str, status: str) -> str:
    document = household()
    document["migrations"] = [episode(document["members"][0], proceduralStatus=status)]
    payload = await village.submit(who, document)
    assert payload["outcome"] == "ACCEPTED", payload
    return str(document["id"])


# --- households by their work -----------------------------------------------------------------------------------------


async def test_awaits_me_lists_what_the_caller_may_verify(village: Place) -> None:
    for state in ("SUBMITTED", "VERIFIED_VILLAGE", "VERIFIED"):
        await village.new_household(state)
    text = """{ yes: households(first: 500, filter: {awaitsMe: true}) { nodes { id viewerCan } }
      no: households(first: 500, filter: {awaitsMe: false}) { nodes { id viewerCan } } }"""
    for who in ("officer", "verifier", "coordinator", "analyst"):
        data = await village.ask(who, text)
        assert all("SUBMISSION_VERIFY" in node["viewerCan"] for node in data["yes"]["nodes"])
        assert not any("SUBMISSION_VERIFY" in node["viewerCan"] for node in data["no"]["nodes"])
        assert bool(data["yes"]["nodes"]) is (who in ("verifier", "coordinator")), who


async def test_has_findings_counts_only_visible_findings(village: Place) -> None:
    """A filter does not reveal a warning about a datum that the caller may not see."""
    document = household()
    document["migrations"] = [episode(document["members"][0], proceduralStatus="PROCEDURAL", visaType=None)]
    assert (await village.submit("officer", document))["outcome"] == "ACCEPTED"
    await village.admin.execute(
        "INSERT INTO finding (id, household_id, village_id, area, draft, created_by, position, code, severity, path,"
        " message_id, message_en, params, about, about_author, must_see)"
        " SELECT gen_random_uuid(), id, village_id, area, draft, created_by, 99, 'PROCEDURAL_NO_DOCS', 'WARNING',"
        " '{x}', 'x', 'x', '[]', 'PROTECTIVE', created_by, false FROM household WHERE id = $1",
        document["id"],
    )
    text = """{ yes: households(first: 1000, filter: {hasFindings: true}) { nodes { id findings { code } } }
      no: households(first: 1000, filter: {hasFindings: false}) { nodes { id findings { code } } } }"""
    for who in ("officer", "coordinator", "viewer"):
        data = await village.ask(who, text)
        assert all(node["findings"] for node in data["yes"]["nodes"] if node["findings"] is not None)
        assert not any(node["findings"] for node in data["no"]["nodes"])
        ids = {node["id"] for node in data["yes"]["nodes"]}
        assert (document["id"] in ids) is (who == "officer"), who


async def test_has_findings_is_false_for_callers_that_see_no_findings(village: Place) -> None:
    """A finding is PERSONAL even if its column is not: one about an owner shows that they are a child."""
    document = household(people=2)
    child = {"birthDate": "2013-04-23", "nik": None, "nikMissingReason": "NONE_YET", "maritalStatus": "NEVER_MARRIED"}
    document["members"][1] |= child
    document["businesses"] = [shop(document["members"][1])]
    payload = await village.submit("officer", document)
    assert payload["outcome"] == "ACCEPTED", payload
    (about,) = await village.admin.fetch(
        "SELECT about FROM finding WHERE household_id = $1 AND code = 'OWNER_UNDER_15'", document["id"]
    )
    assert about["about"] == "OPERATIONAL"
    for who in ("officer", "verifier", "coordinator", "viewer", "analyst"):
        data = await village.ask(who, "{ households(first: 1000, filter: {hasFindings: true}) { nodes { id } } }")
        ids = {node["id"] for node in data["households"]["nodes"]}
        assert (document["id"] in ids) is (who not in ("viewer", "analyst")), who
