"""Bindings: which account a person of an identity provider has here.

Rule: one account for a subject, and one subject of an issuer for an account, so that a name that the provider gives to
somebody else leads nowhere until an administrator unbinds it.  Tests: tests/test_sign_in_by_provider.py.
"""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.models.fact import fact
from registry.models.noun import SCHEMA, Noun, table_of

SYSTEM = Sensitivity.SYSTEM
LONGEST = 255
"""Characters of an issuer or a subject (OpenID Connect Core, section 2)."""


class AccountSubject(Noun):
    """Ikatan akun: a subject of an issuer, and the account that it is bound to."""

    __tablename__ = "account_subject"
    row_sensitivity = SYSTEM
    issuer: Mapped[str] = fact(SYSTEM, "Penerbit", "Issuer", primary_key=True, longest=LONGEST)
    subject: Mapped[str] = fact(SYSTEM, "Subjek", "Subject", primary_key=True, longest=LONGEST)
    account_id: Mapped[uuid.UUID] = fact(SYSTEM, "Akun", "Account", sa.ForeignKey(f"{SCHEMA}.account.id"))
    bound_at: Mapped[dt.datetime] = fact(SYSTEM, "Diikat pada", "Bound at", server_default=sa.func.now(), server=True)
    __table_args__ = (sa.UniqueConstraint("account_id", "issuer"),)


ACCOUNT_SUBJECT = table_of(AccountSubject)
