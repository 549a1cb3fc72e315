"""Sign-in by the ministry's identity provider: from its access token to an account here.

Rule: a token leads to the account that its subject is bound to, and to nothing else; what that account may do is read
from the database.  A binding is cached only while its end would be reported.
Tests: tests/test_sign_in_by_provider.py.
"""

from __future__ import annotations

import datetime as dt
import ssl
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from auth.errors import SignInFault, Unauthenticated
from auth.provider import Provider, Subject
from auth.token import Claims
from registry.store.db import Database
from registry.write.account_subject import bind_by_name
from server.http.principals import Principals
from server.http.provider_keys import ProviderKeys
from server.settings import Settings, SettingsError


@dataclass(frozen=True)
class ProviderAccounts:
    """The accounts of one provider's subjects."""

    provider: Provider
    keys: ProviderKeys

    async def claims(self, text: str, database: Database, principals: Principals | None) -> Claims:
        """The claims of the provider's token, with the account as its user.  Raises Unauthenticated."""
        key = self.provider.key_of(text)
        keys = await self.keys.containing(key)
        subject = self.provider.verify(text, key, keys, dt.datetime.now(dt.UTC))
        account = await _account(subject, database, principals)
        if account is None:
            raise Unauthenticated(SignInFault.NO_ACCOUNT)
        return Claims(account, subject.token_id, subject.expires_at, second_factor=subject.has_second_factor)


async def _account(subject: Subject, database: Database, principals: Principals | None) -> uuid.UUID | None:
    """The account that the subject is bound to, or is bound to now by its user name."""
    key = subject.issuer, subject.subject
    if principals is not None and (cached := principals.account(key)):
        return cached
    changes = principals.changes if principals is not None else 0
    account = await database.account_of(*key)
    if account is None and subject.username is not None:
        account = await bind_by_name(database, *key, subject.username)
    if account is not None and principals is not None:
        principals.put_account(key, account, changes)
    return account


@asynccontextmanager
async def opening_provider(settings: Settings) -> AsyncIterator[ProviderAccounts | None]:
    """The accounts of the provider that the settings name, with its keys fetched from now on; None without one.

    Raises SettingsError."""
    provider = provider_of(settings)
    if provider is None:
        yield None
        return
    async with ProviderKeys(provider, trusted_certificates(settings)).opening() as keys:
        yield ProviderAccounts(provider, keys)


def trusted_certificates(settings: Settings) -> ssl.SSLContext:
    """TLS as a client that trusts the certificates of the settings.  Raises SettingsError if they cannot be read."""
    try:
        return ssl.create_default_context(cafile=settings.oidc_ca)
    except (OSError, ValueError):
        raise SettingsError(f"DESMIGRATIF_OIDC_CA names {settings.oidc_ca}, which holds no certificates.") from None


def provider_of(settings: Settings) -> Provider | None:
    """What the settings say of the provider."""
    if settings.oidc_issuer is None:
        return None
    return Provider(
        settings.oidc_issuer,
        settings.oidc_audience or settings.audience,
        frozenset(settings.oidc_algorithms.split(",")),
        dt.timedelta(minutes=settings.oidc_token_minutes),
        settings.oidc_account_claim,
        settings.oidc_verified_claim,
        second_factors=frozenset((settings.oidc_second_factor or "").split(",")) - {""},
    )
