"""Errors of variables name the place, the type that belongs there, and the values of an enum."""

from __future__ import annotations

from typing import Any

import pytest

from registry.codes import Sex
from tests.village import SUBMIT, VERIFY, Place, household, served_with

pytestmark = pytest.mark.anyio
MARK = "9907116304850017"
COUNT = "query($f: HouseholdFilter, $n: Int) { households(filter: $f, first: $n) { totalCount } }"
BY = "query($by: HouseholdKey!) { household(by: $by) { id } }"


def with_value(*path: Any, value: Any) -> dict[str, Any]:
    """A household with a value at this place."""
    document: Any = household()
    here = document
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return {"household": document}


CASES: dict[str, tuple[str, dict[str, Any], str, list[Any], str, str]] = {
    "an enum": (
        SUBMIT,
        with_value("members", 0, "sex", value=MARK),
        "household",
        ["members", 0, "sex"],
        "Sex",
        "FEMALE",
    ),
    "a number": (SUBMIT, with_value("members", 0, "seq", value=MARK), "household", ["members", 0, "seq"], "Int", "Int"),
    "a day": (
        SUBMIT,
        with_value("members", 0, "birthDate", value=MARK),
        "household",
        ["members", 0, "birthDate"],
        "PartialDate",
        "2019",
    ),
    "an object": (
        SUBMIT,
        with_value("members", 0, value=MARK),
        "household",
        ["members", 0],
        "MemberInput",
        "MemberInput",
    ),
    "null": (SUBMIT, with_value("members", 0, "id", value=None), "household", ["members", 0, "id"], "ID!", "required"),
    "no field of it": (
        SUBMIT,
        with_value("members", 0, "nikk", value=MARK),
        "household",
        ["members", 0],
        "MemberInput",
        "mean nik",
    ),
    "left out": (VERIFY, {"items": [{"id": "x"}]}, "items", [0, "rev"], "Int!", "required"),
    "all of it": (VERIFY, {}, "items", [], "[VerifyItemInput!]!", "required"),
    "one for a list": (COUNT, {"f": {"status": MARK}}, "f", ["status"], "HouseholdStatus", "ACTIVE"),
    "in a filter": (
        COUNT,
        {"f": {"and": [{"status": ["ACTIVE", MARK]}]}},
        "f",
        ["and", 0, "status", 1],
        "HouseholdStatus",
        "",
    ),
    "not exactly one": (BY, {"by": {"id": "a", "householdNo": "b"}}, "by", [], "HouseholdKey", "exactly one"),
}


@pytest.mark.parametrize("name", CASES)
async def test_an_error_names_the_place_and_the_type(village: Place, name: str) -> None:
    text, variables, variable, path, expected, word = CASES[name]
    for language, begins in (("en", "Variable $"), ("id", "Variabel $")):
        answer = await village.query("officer", text, language, **variables)
        (error,) = answer.errors
        extensions = error["extensions"]
        assert (extensions["code"], extensions["variable"]) == ("BAD_USER_INPUT", variable)
        assert extensions["path"] == path
        assert extensions["expected"].strip("!") == expected.strip("!")
        assert error["message"].startswith(begins + variable)
        assert word in error["message"] or language == "id"
        assert MARK.encode() not in answer.body
        assert error["locations"]


async def test_an_error_describes_a_scalar_in_both_languages(village: Place) -> None:
    wrong = with_value("members", 0, "birthDate", value=MARK)
    for language, sentence in (("en", "Write what is known: 2019-03-14"), ("id", "Tulis yang diketahui: 2019-03-14")):
        (error,) = (await village.query("officer", SUBMIT, language, **wrong)).errors
        assert sentence in error["message"]


async def test_an_error_lists_the_values_of_an_enum(village: Place) -> None:
    answer = await village.query("officer", SUBMIT, **with_value("members", 0, "sex", value="WOMAN"))
    assert answer.errors[0]["extensions"]["values"] == [sex.name for sex in Sex]


async def test_an_error_suggests_names_if_the_schema_may_be_read(village: Place) -> None:
    wrong = with_value("members", 0, "nikk", value=MARK)
    async with served_with(village, introspection=False) as closed:
        assert "mean" not in (await closed.query("officer", SUBMIT, "en", **wrong)).errors[0]["message"]


async def test_each_error_is_listed_up_to_ten(village: Place) -> None:
    two = with_value("members", 0, "sex", value=1)
    two["household"]["members"][0]["seq"] = "x"
    assert len((await village.query("officer", SUBMIT, **two)).errors) == 2
    many = await village.query("officer", COUNT, f={"or": [{"status": ["NO"], "x": 1}] * 90})
    assert many.codes == ["BAD_USER_INPUT"] * 10


async def test_a_variable_with_a_default_may_be_left_out(village: Place) -> None:
    text = "query($n: Int! = 1, $s: [HouseholdStatus!]) { households(first: $n, filter: {status: $s}) { totalCount } }"
    answer = await village.query("officer", text, s=["NO"])
    assert [error["extensions"]["variable"] for error in answer.errors] == ["s"]
