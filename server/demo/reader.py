"""A persona of the demo as the reader for whom a query is explained.

Test: tests/test_explain.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.guard.wall import LOGIN
from server.database.embedded import Embedded
from server.database.reader import Reader, ReaderError, account_id
from server.demo.accounts import personas
from server.demo.tokens import KEYS
from server.http.serving import CURSORS
from server.keys import demo_keys
from server.settings import Settings


@contextmanager
def persona_reader(settings: Settings, who: str, data: Path) -> Iterator[Reader]:
    """A persona, or another account of the demo by its id.  The demo's database runs until the block ends.

    Raises ReaderError, EmbeddedError."""
    user = personas().get(who) or account_id(who)
    if user is None:
        raise ReaderError(
            f"The demo has no {who}: give the id of an account, or one of its personas: {', '.join(personas())}."
        )
    if not (data / "cluster").exists():
        raise ReaderError(f"{data} holds no demo: run `desmigratif demo` once.")
    with Embedded(data) as server:
        vault = demo_keys(data / KEYS, settings.audience)[1]
        yield Reader(user, server.dsn(user=LOGIN), vault.derive(CURSORS))
