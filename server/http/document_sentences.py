"""graphql-core's own English sentences about a document, without the values that they quote.

They are for whoever writes a client: they name the location, the type that belongs there and, if the schema may be
read, names that were perhaps meant.
Rule: a sentence that this page does not know is replaced by GENERIC, because it might quote what somebody typed.
Test: tests/test_sentences.py.
"""

from __future__ import annotations

import re

from schema.declare.scalars import SENTENCES

GENERIC = "A value in the document has the wrong type or form."
MAX_LENGTH = 380  # letters of a sentence
MAX_NAME_LENGTH = 60
SAFE = re.compile(
    r"^(Cannot query field|Unknown (argument|type|fragment|directive|operation)"
    r"|Field .* (must have|must not have|argument)"
    r"|Fragment|Variable ['\"]\$\w+['\"] (is not defined|is never used|of type|of required type|cannot be)|Directive"
    r"|Argument '\w+' of type '[\w!\[\]]+' is required|There can be only one|Fields .* conflict"
    r"|This anonymous operation|OneOf Input Object|Value for)"
)
QUOTING = (
    re.compile(
        r"^(?P<safe>Expected value of type '[^']+'[^,;:.]*?)(?:\.(?P<hint> Did you mean [^?]*\?) Found|[,;] ).*$"
    ),
    re.compile(r"^(?P<safe>Expected a value of non-null type '[^']+' to be provided)(?P<hint>)\.$"),
    re.compile(r"^(?P<safe>\w+ cannot represent (a )?non[\w -]+ value|\w+ cannot represent value)(?P<hint>): .*$"),
    re.compile(
        r"^(?P<safe>Enum '\w+' cannot represent non-\w+ value): .*?\.(?P<hint> Did you mean the enum value [^?]*\?)?$"
    ),
)
"""Sentences that quote a value: what is safe of them, and a hint that may be."""
NO_SUCH_VALUE = re.compile(r"^Value '.*' does not exist in '(\w+)' enum\.( Did you mean the enum value [^?]*\?)?$")
LONG_NAME = re.compile(rf"(\w{{{MAX_NAME_LENGTH}}})\w+")
TOKEN = re.compile(r"\b(Name|Int|Float|String|BlockString|Comment) ['\"].*", re.DOTALL)
HINT = re.compile(r" Did you mean [\w ,'()]*\?")


def document_sentence(message: str) -> str:
    """The sentence without quoted values, and not too long."""
    sentence = LONG_NAME.sub(r"\1…", _without_value(message))
    if len(sentence) <= MAX_LENGTH:
        return sentence
    return f"{sentence[: MAX_LENGTH - 1]}…"


def _without_value(message: str) -> str:
    if message.startswith("Syntax Error"):
        return TOKEN.sub(r"\1.", message).partition(" but got:")[0]
    for sentence in SENTENCES:
        if sentence in message:
            return sentence
    if SAFE.match(message):
        return message
    if match := NO_SUCH_VALUE.match(message):
        return f"This value does not exist in '{match[1]}' enum.{_safe_hint(match[2])}"
    line = message.replace("\n", " ")
    for pattern in QUOTING:
        if match := pattern.match(line):
            return f"{match['safe']}.{_safe_hint(match['hint'])}"
    return GENERIC


def _safe_hint(hint: str | None) -> str:
    """The hint if it consists of names of the schema; anything else is a value that looks like a hint."""
    return hint if hint and HINT.fullmatch(hint) else ""
