"""The catalogue of sentences: a writer's mistake is refused with its place, and every sentence has its code."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from registry.codes import catalogue, messages
from registry.codes.catalogue import SENTENCES, read
from registry.codes.messages import UserErrorCode, sentence

GOOD = '[CODE]\nid = "Kode {code}; perbaiki."\nen = "The code {code}; correct it."\n'
LONG = '[CODE.letters]\nid = "Paling banyak {letters}."\nen = "At most {letters}."\n'
MISTAKES = {
    "a language is missing": ('[CODE]\nid = "Perbaiki."\n', r'one.toml \[CODE\]: write id = "…" in Indonesian and en'),
    "a language is misspelt": ('[CODE]\nid = "Perbaiki."\neng = "Correct."\n', r"one.toml \[CODE\] \[eng\]: write id"),
    "a text is empty": ('[CODE]\nid = ""\nen = "Correct."\n', r"one.toml \[CODE\] id: .* full stop"),
    "no full stop": ('[CODE]\nid = "Perbaiki."\nen = "Correct"\n', r"one.toml \[CODE\] en: .* full stop"),
    "a sentence is too long": (
        f'[CODE]\nid = "{"Perbaiki " * 30}."\nen = "Correct."\n',
        r"one.toml \[CODE\] id: write at most 200 characters",
    ),
    "no text": ('[CODE]\nid = 7\nen = "Correct."\n', r"one.toml \[CODE\] id: write a sentence"),
    "no table": ('CODE = "Perbaiki."\n', r"one.toml \[CODE\]: write id"),
    "another brace": ('[CODE]\nid = "Kode {code}."\nen = "Code {kode}."\n', r"one.toml \[CODE\]: .*{braces}"),
    "a brace is missing": ('[CODE]\nid = "Kode {code."\nen = "Code {code}."\n', r"one.toml \[CODE\]: "),
    "a variant without its param": (
        GOOD + '[CODE.letters]\nid = "Terlalu panjang."\nen = "Too long."\n',
        r"one.toml \[CODE\] \[letters\]: use {letters} in the sentence",
    ),
    "a quote is missing": ('[CODE]\nid = "Perbaiki.\nen = "Correct."\n', r"one.toml: .*line 2"),
    "a code twice": (GOOD + GOOD, r"one.toml: .*twice|one.toml: Cannot declare"),
}


def test_a_catalogue_gives_sentences_by_code(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(GOOD + LONG, encoding="utf-8")
    entry = read(tmp_path)["CODE"]
    assert entry.sentence_for({"code": "7"}).filled("id", {"code": "7"}) == "Kode 7; perbaiki."
    assert entry.sentence_for({"letters": "9"}).filled("en", {"letters": "9"}) == "At most 9."


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_catalogue_is_refused_with_its_place(mistake: str, tmp_path: Path) -> None:
    text, message = MISTAKES[mistake]
    (tmp_path / "one.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TypeError, match=message):
        read(tmp_path)


def test_a_code_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(TypeError, match=r"\[CODE\] stands in one.toml and in two.toml"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("[REQUIRED]", "[REQIRED]"), "REQUIRED has no sentences"),
        (lambda text: text + GOOD.replace("CODE", "NO_SUCH_CODE"), "has NO_SUCH_CODE"),
    ],
)
def test_codes_and_sentences_must_match_at_import(
    change: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in SENTENCES.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        changed = change(text) if path.stem == "field" else text  # type: ignore[operator]
        (tmp_path / path.name).write_text(changed, encoding="utf-8")
    monkeypatch.setattr(catalogue, "SENTENCES", tmp_path)
    with pytest.raises(TypeError, match=message):
        runpy.run_path(messages.__file__)


def test_a_param_selects_its_variant_of_the_sentence() -> None:
    assert sentence(UserErrorCode.UNKNOWN_VALUE, "en", allowed="A or B") == "This value is not allowed; use A or B."
    for name in ("letters", "items"):
        assert "50" in sentence(UserErrorCode.UNKNOWN_VALUE, "id", **{name: "50"})
        assert frozenset({name}) in UserErrorCode.UNKNOWN_VALUE.forms
