"""SQL for people: one clause a line, what belongs to a clause deeper; nothing but white space is changed.

Formatters of SQL change more than that, or read worse (docs/decisions/sql-layout.md).
Rule: the words of a statement stay what they are and in their order, so what is read is what runs.
Test: tests/test_explain.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

WIDTH = 110
STEP = "  "
TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\s+|[(),]|[^\s(),'"]+""")
CLAUSES = ("WITH", "SELECT", "FROM", "WHERE", "GROUP", "ORDER", "LIMIT")
Tokens = list["str | Tokens"]
"""Words, commas, single spaces, and what stands in parentheses."""


def laid_out(sql: str) -> str:
    """The statement on several lines."""
    return "\n".join(_query(_parsed(iter(TOKEN.findall(sql))), ""))


def _parsed(words: Iterator[str]) -> Tokens:
    tokens: Tokens = []
    for word in words:
        if word == ")":
            break
        if word == "(":
            tokens.append(_parsed(words))
        elif not word.isspace():
            tokens.append(word)
        elif tokens and tokens[-1] != " ":
            tokens.append(" ")
    while tokens and tokens[-1] == " ":
        tokens.pop()
    return tokens


def _line(tokens: Tokens) -> str:
    return "".join(token if isinstance(token, str) else f"({_line(token)})" for token in tokens).strip()


def _fits(text: str, indent: str) -> bool:
    return len(indent) + len(text) <= WIDTH


def _split(tokens: Tokens, *words: str) -> list[Tokens]:
    """Cut before each of these words."""
    parts: list[Tokens] = [[]]
    for token in tokens:
        if token in words:
            parts.append([])
        parts[-1].append(token)
    return [part for part in parts if _line(part)]


def _items(tokens: Tokens) -> list[Tokens]:
    """Cut behind each comma."""
    items: list[Tokens] = [[]]
    for word in tokens:
        items[-1].append(word)
        if word == ",":
            items.append([])
    return [part for part in items if _line(part)]


def _cases(tokens: Tokens) -> list[Tokens]:
    """Cut a CASE before each WHEN, ELSE and END, one inside another not."""
    parts: list[Tokens] = [[]]
    depth = 0
    for word in tokens:
        ends = isinstance(word, str) and word.startswith("END")
        if depth == 1 and (ends or word in ("WHEN", "ELSE")):
            parts.append([])
        depth += -1 if ends else isinstance(word, str) and word.endswith("CASE")
        parts[-1].append(word)
    return parts


def _query(tokens: Tokens, indent: str) -> Iterator[str]:
    for clause in _split(tokens, *CLAUSES):
        if _fits(text := _line(clause), indent):
            yield indent + text
        elif clause[0] == "WHERE":
            yield from _conditions(clause, indent)
        elif clause[0] == "FROM" or len(_items(clause)) == 1:
            yield from _broken(clause, indent)
        else:
            words = 3 if clause[2] == "BY" else 1
            yield indent + _line(clause[:words])
            yield from _listed(clause[words:], indent + STEP)


def _conditions(tokens: Tokens, indent: str) -> Iterator[str]:
    for part in _split(tokens, "AND", "OR"):
        yield from _broken(part, indent + ("" if part[0] == "WHERE" else STEP))


def _listed(tokens: Tokens, indent: str) -> Iterator[str]:
    """Items behind one another while they fit, a long one on lines of its own."""
    for short, items in groupby(_items(tokens), lambda item: _fits(_line(item), indent)):
        if short:
            line = ""
            for text in map(_line, items):
                if line and not _fits(f"{line} {text}", indent):
                    yield indent + line
                    line = ""
                line = f"{line} {text}".strip()
            yield indent + line
        else:
            for item in items:
                yield from _broken(item, indent)


def _broken(tokens: Tokens, indent: str) -> Iterator[str]:
    """One item over several lines: what stands in its parentheses goes deeper."""
    if _fits(text := _line(tokens), indent):
        yield indent + text
        return
    first, *cases = _cases(tokens)
    if cases:
        yield from _broken(first, indent)
        for case in cases:
            yield from _broken(case, indent + (STEP if case[0] in ("WHEN", "ELSE") else ""))
        return
    line, left = "", [*tokens]
    while left:
        match left.pop(0):
            case str() as word:
                line += word
            case [[*_], *_] as token:  # parentheses at once in parentheses are no depth of their own
                left = ["(", *token, ")", *left]
            case token if not _is_query(token) and _fits(f"{line}({_line(token)})", indent):
                line += f"({_line(token)})"
            case token:
                yield f"{indent}{line.lstrip()}("
                yield from _inside(token, indent + STEP)
                line = ")"
    yield indent + line.strip()


def _inside(tokens: Tokens, indent: str) -> Iterator[str]:
    if _is_query(tokens):
        yield from _query(tokens, indent)
    elif len(_items(tokens)) > 1:
        yield from _listed(tokens, indent)
    elif len(parts := _split(tokens, "AND", "OR")) > 1:
        for part in parts:
            yield from _broken(part, indent)
    else:
        yield from _broken(tokens, indent)


def _is_query(tokens: Tokens) -> bool:
    return bool(tokens) and tokens[0] in ("SELECT", "WITH")
