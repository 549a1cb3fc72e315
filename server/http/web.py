"""The web build: the files that a browser loads, and those with which each page begins.

`make web` builds them from `web/` into `server/web`, and the wheel takes them from there.  They are read once, when a
process starts; without them the server serves everything else.
Rule: a file is served only by a name that was in the build when the process started, so no address leads elsewhere.
Test: tests/test_web.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[1] / "web"
MANIFEST = "manifest.json"
COMPRESSED = ".gz"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
"""Of the files of a build, by their suffix."""


class File(NamedTuple):
    """A file of the build; `compressed` is the same by gzip, if that is smaller."""

    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str


class EntryPoint(NamedTuple):
    """What a page begins with: a module, the modules that it imports, and style sheets.  Names of files."""

    script: str
    imports: tuple[str, ...]
    styles: tuple[str, ...]


@dataclass(frozen=True)
class Web:
    """The build: its files by their name, and the entries of its pages by theirs."""

    files: Mapping[str, File] = field(default_factory=dict)
    entries: Mapping[str, EntryPoint] = field(default_factory=dict)


@lru_cache(maxsize=8)
def load(folder: Path = FOLDER) -> Web:
    """The build in this folder; an empty one if nothing was built.

    Raises ValueError if it is broken, KeyError if a file has a suffix that MEDIA_TYPES does not name."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        return Web()
    paths = (path for path in sorted((folder / "assets").iterdir()) if path.suffix != COMPRESSED)
    entries = {chunk["name"]: _entry(manifest, chunk) for chunk in manifest.values() if chunk.get("isEntry")}
    return Web({path.name: _read(path) for path in paths}, entries)


def _read(path: Path) -> File:
    content = path.read_bytes()
    smaller = path.with_name(path.name + COMPRESSED)
    compressed = smaller.read_bytes() if smaller.exists() else None
    return File(content, compressed, MEDIA_TYPES[path.suffix], f'"{blake2b(content, digest_size=16).hexdigest()}"')


def _entry(manifest: Mapping[str, Any], chunk: Mapping[str, Any]) -> EntryPoint:
    """An entry of Vite's manifest with everything that it imports statically, each once and in order."""
    scripts: dict[str, None] = {}
    styles: dict[str, None] = {}

    def follow(current: Mapping[str, Any]) -> None:
        scripts[_name(current["file"])] = None
        for imported in current.get("imports", ()):
            if _name(manifest[imported]["file"]) not in scripts:
                follow(manifest[imported])
        styles.update(dict.fromkeys(map(_name, current.get("css", ()))))

    follow(chunk)
    script, *imports = scripts
    return EntryPoint(script, tuple(imports), tuple(styles))


def _name(path: str) -> str:
    return path.removeprefix("assets/")
