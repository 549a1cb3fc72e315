"""Sentences about documents: graphql-core's own, with place and type, without typed values."""

from __future__ import annotations

import re

import pytest
from graphql import GraphQLError, build_schema, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from server.http.document_sentences import GENERIC, document_sentence

SCHEMA = build_schema("""
  enum Sex { FEMALE MALE }
  input Person { sex: Sex!, age: Int, names: [String!], born: Float, alive: Boolean, id: ID }
  type Query { person(by: Person, sex: Sex, age: Int, ratio: Float, name: String, on: Boolean, id: ID): String }
""")
SENTENCES = {
    "{ person(age: VALUE) }": "Int cannot represent non-integer value.",
    "{ person(age: 3000000000) }": "Int cannot represent non 32-bit signed integer value.",
    "{ person(ratio: VALUE) }": "Float cannot represent non numeric value.",
    "{ person(on: VALUE) }": "Boolean cannot represent a non boolean value.",
    "{ person(id: [VALUE]) }": "ID cannot represent a non-string and non-integer value.",
    "{ person(name: [VALUE]) }": "String cannot represent a non string value.",
    "{ person(sex: VALUE) }": "Enum 'Sex' cannot represent non-enum value.",
    "{ person(sex: FEMALES) }": "This value does not exist in 'Sex' enum."
    " Did you mean the enum value 'FEMALE' or 'MALE'?",
    "{ person(by: VALUE) }": "Expected value of type 'Person' to be an object.",
    "{ person(by: {age: 1}) }": "Expected value of type 'Person' to include required field 'sex'.",
    "{ person(by: {sex: MALE, ages: VALUE}) }": "Expected value of type 'Person' not to include unknown field 'ages'."
    " Did you mean 'age' or 'names'?",
    "{ persn }": "Cannot query field 'persn' on type 'Query'. Did you mean 'person'?",
    "query($a: Int) { person(name: $a) }": "Variable '$a' of type 'Int' used in position expecting type 'String'.",
    "{ person(name: }": "Syntax Error: Unexpected '}'.",
    "{ person(name VALUE) }": "Syntax Error: Expected ':', found VALUE_KIND.",
    "{ person(name: Siti Aminah) }": "Syntax Error: Expected ':', found ')'.",
    "{ person(name: 01) }": "Syntax Error: Invalid number, unexpected digit after 0: '1'.",
}
VALUES = {'"Siti Aminah"': "String", "9907116304850017.5": "Float", '"""Siti\nAminah"""': "BlockString"}
CASES = [(text, value) for text in SENTENCES for value in VALUES if "ratio" not in text or VALUES[value] != "Float"]
"""Every document with every value that is wrong in it; a ratio may be a Float."""


def sentences(text: str) -> list[str]:
    try:
        return [document_sentence(error.message) for error in validate(SCHEMA, parse(text))]
    except GraphQLError as error:
        return [document_sentence(error.message)]


@pytest.mark.parametrize(("text", "value"), CASES)
def test_a_sentence_says_which_value_belongs_there(text: str, value: str) -> None:
    (sentence,) = sentences(text.replace("VALUE", value))
    assert sentence == SENTENCES[text].replace("VALUE_KIND", VALUES[value])


@given(st.text(min_size=3, max_size=30).map(lambda text: text.replace("\r", "\n")), st.sampled_from(sorted(SENTENCES)))
def test_a_sentence_does_not_repeat_the_value(typed: str, text: str) -> None:
    mark = "7Q7Q7"
    literal = '"' + mark + re.sub(r'["\\\x00-\x1f]', "' Did you mean ", typed) + mark + '"'
    assert mark not in " ".join(sentences(text.replace("VALUE", literal)))


@pytest.mark.parametrize("text", ["Siti Aminah 9907116304850017", "", "Expected Siti", "Value 'x' is wrong"])
def test_an_unknown_message_gets_a_general_sentence(text: str) -> None:
    assert document_sentence(text) == GENERIC


def test_a_sentence_is_short_whatever_was_typed() -> None:
    for text in ("{ " + "x" * 50_000 + " }", "{ person(" + "y" * 50_000 + ": 1) }", "{ ..." + "z" * 50_000 + " }"):
        for sentence in sentences(text):
            assert len(sentence) < 400
