"""What one process needs to serve: made once, before the first request, and passed to every route.

Rule: nothing of a request is kept but counts and bounded caches (registry/store/cache.py).
Tests: tests/test_metrics.py, tests/test_prepared.py.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from auth.token import Keyring
from registry.guard.hashing import Hashing
from registry.guard.quota import Quotas
from registry.guard.vault import Vault
from registry.store.db import Database
from registry.store.pool import Durations
from registry.write.entrance import Entrance, Lifetimes
from schema.build import Schema
from schema.declare.strawberry_internals import graphql_schema
from schema.engine.cursor import Cursors
from schema.engine.operation import Operations
from server.http.compress import gzip
from server.http.principals import Principals
from server.http.provider_accounts import ProviderAccounts
from server.http.request_log import LogEntry, RequestLog
from server.http.service_keys import ServiceKeys
from server.http.web import Web, load
from server.keys import KeyFiles
from server.settings import Settings

Outcomes = Counter[str]  # requests by outcome: OK, GONE, or the first error code of the answer


@dataclass
class Service:
    """What the routes of one process share.

    `database`, `principals` and `provider_accounts` are there while the application runs, the last only with an
    identity provider.  `folded` counts the households whose figures this process has folded, `closed` the blocks whose
    figures it has published; `night_closed` says whether it knows that those of last night are.  `counts` is the
    folder where all processes of the service write their counts.  `keyring` and `vault` take over what `key_files` hold
    when these change."""

    settings: Settings
    keyring: Keyring
    vault: Vault
    cursors: Cursors
    schema: Schema
    database: Database = field(init=False)
    principals: Principals = field(init=False)
    provider_accounts: ProviderAccounts | None = field(init=False, default=None)
    outcomes: Outcomes = field(default_factory=Counter)
    folded: int = 0
    closed: int = 0
    night_closed: bool = False
    counts: Path | None = None
    web: Web = field(default_factory=load)
    key_files: KeyFiles | None = None

    def __post_init__(self) -> None:
        settings = self.settings
        self.executable = graphql_schema(self.schema)
        self.operations = Operations(self.executable, settings.introspection)
        self.strangers = Operations(self.executable, settings.introspection, strangers=True)
        self.service_keys = ServiceKeys(self.keyring.audience)
        self.quotas = Quotas(settings.reveals_per_hour, settings.taken_ids_per_hour)
        lifetimes = Lifetimes(
            dt.timedelta(days=settings.session_days),
            dt.timedelta(days=settings.session_idle_days),
            dt.timedelta(hours=settings.office_session_hours),
        )
        self.entrance = Entrance(self.keyring, self.vault, Hashing(settings.hashes_at_once), lifetimes)
        self.proxies = settings.proxy_networks
        self.log = RequestLog(settings.log_form)
        self.answered = Durations()
        self.sdl = self.schema.as_str() + "\n"
        self.sdl_gzip = gzip(self.sdl.encode())

    def note(self, entry: LogEntry) -> None:
        """Count a request that has ended, and queue its line."""
        entry.end()
        self.answered.add(entry.seconds)
        self.log.add(entry)
