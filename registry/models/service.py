"""Service accounts of frontend teams: the operations that each may run, and the keys by which its team signs tokens.

Rule: the command line alone writes these tables; the database holds public keys only, so reading it lets nobody sign.
Tests: tests/test_registered.py, tests/test_service_keys.py.
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
HEX_DIGITS, THUMBPRINT = 64, 43
"""Characters of a SHA-256 in hexadecimal, and of 32 bytes in base64url: a key's thumbprint (RFC 7638), and the key."""
LONGEST_OPERATION = 64_000
"""Characters of a registered document: those of any document."""


class ServiceOperation(Noun):
    """Operasi terdaftar: a GraphQL document that a service account may run, named by its SHA-256."""

    __tablename__ = "service_operation"
    named = False
    row_sensitivity = SYSTEM
    account_id: Mapped[uuid.UUID] = fact(
        SYSTEM, "Akun layanan", "Service account", sa.ForeignKey(f"{SCHEMA}.account.id"), primary_key=True
    )
    sha256: Mapped[str] = fact(
        SYSTEM, "SHA-256", "SHA-256 of the document", server=True, longest=HEX_DIGITS, primary_key=True
    )
    name: Mapped[str] = fact(SYSTEM, "Nama", "Name of the operation", server=True, longest=200)
    cost: Mapped[int] = fact(
        SYSTEM, "Biaya", "Nodes that it may return and read, as priced when registered", server=True
    )
    document: Mapped[str] = fact(SYSTEM, "Dokumen", "The document", server=True, longest=LONGEST_OPERATION)
    registered_at: Mapped[dt.datetime] = fact(
        SYSTEM, "Didaftarkan", "Registered at", server_default=sa.func.now(), server=True
    )


class ServiceKey(Noun):
    """Kunci layanan: the public Ed25519 key of a team, named by its thumbprint."""

    __tablename__ = "service_key"
    named = False
    row_sensitivity = SYSTEM
    kid: Mapped[str] = fact(
        SYSTEM, "Sidik jari", "Thumbprint (RFC 7638)", server=True, longest=THUMBPRINT, primary_key=True
    )
    account_id: Mapped[uuid.UUID] = fact(
        SYSTEM, "Akun layanan", "Service account", sa.ForeignKey(f"{SCHEMA}.account.id"), index=True
    )
    public_key: Mapped[str] = fact(
        SYSTEM, "Kunci publik", "Public key, in base64url as in a JWK", server=True, longest=THUMBPRINT
    )
    added_at: Mapped[dt.datetime] = fact(SYSTEM, "Ditambahkan", "Added at", server_default=sa.func.now(), server=True)


SERVICE_OPERATION, SERVICE_KEY = table_of(ServiceOperation), table_of(ServiceKey)
