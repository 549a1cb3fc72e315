"""Credentials: how an account proves who it is.

Rule: a password is stored as its Argon2id hash (RFC 9106), a recovery code as a keyed hash, the secret of a second
factor sealed by the vault; nothing of them can be used from a stolen dump.  Test: tests/test_sessions.py.
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


def _of_account(*, primary_key: bool = False, index: bool = False) -> Mapped[uuid.UUID]:
    account = sa.ForeignKey(f"{SCHEMA}.account.id")
    return fact(SYSTEM, "Akun", "Account", account, server=True, primary_key=primary_key, index=index)


class Credential(Noun):
    """The password of an account; a temporary one signs in until `valid_until`, and then only to be changed."""

    __tablename__ = "credential"
    row_sensitivity = SYSTEM
    account_id: Mapped[uuid.UUID] = _of_account(primary_key=True)
    password_hash: Mapped[str] = fact(SYSTEM, "Sidik kata sandi", "Hash of the password", server=True, longest=200)
    temporary: Mapped[bool] = fact(SYSTEM, "Sementara", "Must be changed at sign-in", server=True)
    valid_until: Mapped[dt.datetime | None] = fact(SYSTEM, "Berlaku sampai", "Valid until", server=True)
    changed_at: Mapped[dt.datetime] = fact(SYSTEM, "Diubah", "Changed at", server_default=sa.func.now(), server=True)
    given_by: Mapped[uuid.UUID | None] = fact(
        SYSTEM, "Pemberi", "Who gave the last temporary one; null for the shell", server=True
    )


class SecondFactor(Noun):
    """The authenticator of an account (TOTP, RFC 6238): one that is confirmed, and one that waits for its first code.

    `last_step` is the time step of the last code that was accepted, so that none is accepted twice."""

    __tablename__ = "second_factor"
    named = False
    row_sensitivity = SYSTEM
    id: Mapped[uuid.UUID] = fact(SYSTEM, "Id", "Id", primary_key=True, server=True)
    account_id: Mapped[uuid.UUID] = _of_account(index=True)
    key_id: Mapped[str] = fact(SYSTEM, "Kunci", "Key id", server=True, longest=100)
    sealed: Mapped[bytes] = fact(SYSTEM, "Rahasia tersegel", "Sealed secret", sa.LargeBinary(), server=True)
    last_step: Mapped[int] = fact(SYSTEM, "Langkah terakhir", "Last time step", sa.BigInteger(), server=True)
    confirmed_at: Mapped[dt.datetime | None] = fact(SYSTEM, "Dikonfirmasi", "Confirmed at", server=True)
    ended_at: Mapped[dt.datetime | None] = fact(SYSTEM, "Diakhiri", "Ended at", server=True)


class RecoveryCode(Noun):
    """A code that replaces the authenticator once."""

    __tablename__ = "recovery_code"
    named = False
    row_sensitivity = SYSTEM
    id: Mapped[uuid.UUID] = fact(SYSTEM, "Id", "Id", primary_key=True, server=True)
    account_id: Mapped[uuid.UUID] = _of_account(index=True)
    code_hash: Mapped[bytes] = fact(SYSTEM, "Sidik kode", "Hash of the code", sa.LargeBinary(), server=True)
    used_at: Mapped[dt.datetime | None] = fact(SYSTEM, "Dipakai", "Used at, or replaced at", server=True)


CREDENTIAL, SECOND_FACTOR, RECOVERY_CODE = map(table_of, (Credential, SecondFactor, RecoveryCode))
