"""The catalogue: what each code says to people, read from the files of registry/codes/sentences, one for each noun.

The files are for writers, who read no code: a code in brackets, and below it the Indonesian and the English sentence.
Rule: both languages are there, end with a full stop and are filled with the same params, or nothing starts; the error
names the file and the code.  Test: tests/test_catalogue.py.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any, Literal

Language = Literal["id", "en"]
LANGUAGES: tuple[Language, ...] = ("id", "en")
SENTENCES = Path(__file__).with_name("sentences")
HOW = 'write id = "…" in Indonesian and en = "…" in English, and nothing else'


@dataclass(frozen=True)
class Sentence:
    """One sentence in Indonesian and English."""

    id: str
    en: str

    @property
    def params(self) -> frozenset[str]:
        """Names that the sentence is filled with."""
        return _params(self.id)

    def filled(self, language: Language, params: Mapping[str, str]) -> str:
        """The sentence for people; KeyError where a param is missing."""
        return (self.en if language == "en" else self.id).format(**params)


@dataclass(frozen=True)
class Entry:
    """What a code says; `variants` are said instead where the param of their name is given."""

    sentence: Sentence
    variants: Mapping[str, Sentence] = field(default_factory=dict)

    def sentence_for(self, params: Mapping[str, str]) -> Sentence:
        return next((self.variants[name] for name in params if name in self.variants), self.sentence)


def read(folder: Path) -> dict[str, Entry]:
    """Code → what it says.  Raises TypeError for what a writer has to correct."""
    entries: dict[str, Entry] = {}
    homes: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        for code, table in _tables(path).items():
            if code in entries:
                raise TypeError(f"[{code}] stands in {homes[code]} and in {path.name}: keep one of them")
            homes[code] = path.name
            entries[code] = _entry(f"{path.name} [{code}]", table)
    return entries


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TypeError(f"{path.name}: {error}") from error


def _entry(place: str, table: Any) -> Entry:
    """Raises TypeError unless the table is a sentence in both languages, and each table in it another one."""
    if not isinstance(table, dict):
        raise TypeError(f"{place}: {HOW}")
    variants = {name: _sentence(f"{place} [{name}]", part) for name, part in table.items() if name not in LANGUAGES}
    for name, variant in variants.items():
        if variant.params != {name}:
            raise TypeError(f"{place} [{name}]: the sentence is filled with {{{name}}} and nothing else")
    return Entry(_sentence(place, {key: text for key, text in table.items() if key in LANGUAGES}), variants)


def _sentence(place: str, table: Any) -> Sentence:
    """Raises TypeError unless the table is one sentence in both languages."""
    if not isinstance(table, dict) or table.keys() != set(LANGUAGES):
        raise TypeError(f"{place}: {HOW}")
    for language in LANGUAGES:
        if not isinstance(table[language], str) or not table[language].endswith("."):
            raise TypeError(f"{place} {language}: write a sentence that ends with a full stop")
    sentence = Sentence(table["id"], table["en"])
    try:
        same = sentence.params == _params(sentence.en)
    except ValueError as error:  # a brace that nothing closes
        raise TypeError(f"{place}: {error}") from error
    if not same:
        raise TypeError(f"{place}: fill both languages with the same words in {{braces}}")
    return sentence


def _params(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)
