"""graphql-core's own English sentences about a document, without the values that they quote.

They speak to whoever writes a client: the location, the type that belongs there and, where the schema may be read,
names that were perhaps meant.
Rule: what this page does not know says nothing, because it might quote what somebody typed.
Test: tests/test_sentences.py.
"""

from __future__ import annotations

import re

from schema.declare.scalars import SENTENCES

GENERIC = "A value in the document has the wrong type or form."
LONGEST = 380  # letters
LONGEST_NAME = 60
SAFE = re.compile(
    r"^(Cannot query field|Unknown (argument|type|fragment|directive|operation)"
    r"|Field .* (must have|must not have|argument)"
    r"|Fragment|Variable ['\"]\$\w+['\"] (is not defined|is never used|of type|of required type|cannot be)|Directive"
    r"|Argument '\w+' of type '[\w!\[\]]+' is required|There can be only one|Fields .* conflict"
    r"|This anonymous operation|OneOf Input Object|Value for)"
)
QUOTING = (
    re.compile(
        r"^(?P<said>Expected value of type '[^']+'[^,;:.]*?)(?:\.(?P<meant> Did you mean [^?]*\?) Found|[,;] ).*$"
    ),
    re.compile(r"^(?P<said>Expected a value of non-null type '[^']+' to be provided)(?P<meant>)\.$"),
    re.compile(r"^(?P<said>\w+ cannot represent (a )?non[\w -]+ value|\w+ cannot represent value)(?P<meant>): .*$"),
    re.compile(
        r"^(?P<said>Enum '\w+' cannot represent non-\w+ value): .*?\.(?P<meant> Did you mean the enum value [^?]*\?)?$"
    ),
)
NO_SUCH_VALUE = re.compile(r"^Value '.*' does not exist in '(\w+)' enum\.( Did you mean the enum value [^?]*\?)?$")
TOKEN = re.compile(r"\b(Name|Int|Float|String|BlockString|Comment) ['\"].*", re.DOTALL)
SUGGESTED = re.compile(r" Did you mean [\w ,'()]*\?")


def document_sentence(message: str) -> str:
    """What may be said of this."""
    text = _without_value(message)
    shorter = re.sub(rf"(\w{{{LONGEST_NAME}}})\w+", r"\1…", text)
    return shorter if len(shorter) <= LONGEST else f"{shorter[: LONGEST - 1]}…"


def _without_value(message: str) -> str:
    if message.startswith("Syntax Error"):
        return TOKEN.sub(r"\1.", message).partition(" but got:")[0]
    for sentence in SENTENCES:
        if sentence in message:
            return sentence
    if SAFE.match(message):
        return message
    if unlisted := NO_SUCH_VALUE.match(message):
        return f"This value does not exist in '{unlisted[1]}' enum.{_meant(unlisted[2])}"
    for pattern in QUOTING:
        if quoting := pattern.match(message.replace("\n", " ")):
            return f"{quoting['said']}.{_meant(quoting['meant'])}"
    return GENERIC


def _meant(text: str | None) -> str:
    """Suggestions are names of the schema; anything else in their place is a value that looks like some."""
    return text if text and SUGGESTED.fullmatch(text) else ""
