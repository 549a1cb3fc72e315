"""The operations that a service account may run: looked up by their hash, before anything of a document is parsed.

Which hashes are registered is cached with the principal, which is dropped when the database reports a change of its
account, grants or operations; the text of a hash never changes, so it is cached with all that are known by theirs.
Rule: a service, and whoever comes through one, runs registered operations only; other callers cost no statement here.
Tests: tests/test_registered.py.
"""

from __future__ import annotations

from functools import partial

from auth.principal import Principal
from registry.store.db import Database
from schema.errors import OperationNotRegistered
from server.http.request import PERSISTED, Registered


def registered_for(principal: Principal, database: Database) -> Registered | None:
    """How the registered documents of a caller are found; None for one who may send any document."""
    if not principal.runs_registered_only:
        return None
    return partial(registered_document, principal.through or principal, database)


async def registered_document(service: Principal, database: Database, sha256: str) -> str:
    """The document of this hash that the service may run.  Raises OperationNotRegistered, RateLimited, Unreachable."""
    hashes: set[str] = service.memo.setdefault(registered_document, set())
    if sha256 in hashes and (document := PERSISTED.get(sha256)) is not None:
        return document
    stored = await database.registered_operation(service.user_id, sha256)
    if stored is None:
        raise OperationNotRegistered
    PERSISTED.put(sha256, stored)
    hashes.add(sha256)
    return stored
