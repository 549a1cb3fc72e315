"""The catalogue: the sentences of each code, read from the files of registry/codes/sentences, one for each noun.

The files are for writers who do not read code: a code in brackets, and below it the Indonesian and the English
sentence.
Rule: a sentence is there in both languages, ends with a full stop in both and has the same params, or nothing starts;
the error names the file and the code.  Test: tests/test_catalogue.py.
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
LONGEST = 200
"""Characters of a sentence; the database refuses a longer one (registry/models/reference.py)."""
HOW = 'write id = "…" in Indonesian and en = "…" in English, and nothing else'


@dataclass(frozen=True)
class Sentence:
    """One sentence in Indonesian and English."""

    id: str
    en: str

    @property
    def params(self) -> frozenset[str]:
        """The names of the values that the sentence takes."""
        return _params(self.id)

    def filled(self, language: Language, params: Mapping[str, str]) -> str:
        """The sentence in a language with its params.  Raises KeyError if one is missing."""
        return (self.en if language == "en" else self.id).format(**params)


@dataclass(frozen=True)
class CatalogueEntry:
    """The sentence of a code; a variant replaces it if the param of its name is given."""

    sentence: Sentence
    variants: Mapping[str, Sentence] = field(default_factory=dict)

    def sentence_for(self, params: Mapping[str, str]) -> Sentence:
        """The sentence for these params: a variant, or else the common one."""
        for name in params:
            if name in self.variants:
                return self.variants[name]
        return self.sentence


def read(folder: Path) -> dict[str, CatalogueEntry]:
    """Code → its sentences.  Raises TypeError for what a writer has to correct."""
    entries: dict[str, CatalogueEntry] = {}
    files: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        for code, table in _tables(path).items():
            if code in entries:
                raise TypeError(f"[{code}] stands in {files[code]} and in {path.name}: keep one of them")
            files[code] = path.name
            entries[code] = _entry(f"{path.name} [{code}]", table)
    return entries


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TypeError(f"{path.name}: {error}") from error


def _entry(place: str, table: Any) -> CatalogueEntry:
    """Raises TypeError unless the table is a sentence in both languages, and so is each table in it."""
    if not isinstance(table, dict):
        raise TypeError(f"{place}: {HOW}")
    texts = {key: text for key, text in table.items() if key in LANGUAGES}
    variants = {key: _sentence(f"{place} [{key}]", part) for key, part in table.items() if key not in LANGUAGES}
    for name, variant in variants.items():
        if variant.params != {name}:
            raise TypeError(f"{place} [{name}]: use {{{name}}} in the sentence, and nothing else in braces")
    return CatalogueEntry(_sentence(place, texts), variants)


def _sentence(place: str, table: Any) -> Sentence:
    """Raises TypeError unless the table is one sentence in both languages."""
    if not isinstance(table, dict) or table.keys() != set(LANGUAGES):
        raise TypeError(f"{place}: {HOW}")
    for language in LANGUAGES:
        if not isinstance(table[language], str) or not table[language].endswith("."):
            raise TypeError(f"{place} {language}: write a sentence that ends with a full stop")
        if len(table[language]) > LONGEST:
            raise TypeError(f"{place} {language}: write at most {LONGEST} characters")
    sentence = Sentence(table["id"], table["en"])
    try:
        params_agree = sentence.params == _params(sentence.en)
    except ValueError as error:  # a brace that is never closed
        raise TypeError(f"{place}: {error}") from error
    if not params_agree:
        raise TypeError(f"{place}: use the same words in {{braces}} in both languages")
    return sentence


def _params(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)
