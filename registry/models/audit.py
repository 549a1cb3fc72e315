"""Audit: every command and every reveal, refused or not, as one append-only row.

The actor is an account, or somebody at the command line of the server, who is named as its operating system names them.
Rule: the row of an accepted command is written in its transaction, that of a refused one in another; no row holds a
personal value.  The application may write rows of its caller but not read any.
Tests: tests/test_audit.py, tests/test_cli_programmes.py.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import AccessPurpose, IdentityField
from registry.models.fact import WRITTEN_AT, fact
from registry.models.noun import Noun, table_of
from registry.values.bounds import NOTE

SYSTEM = Sensitivity.SYSTEM
LONGEST_SHELL_USER = 100
SIGN_IN, VAULT_KEYS, REGION_LIST, CODE_LIST = "sign-in", "vault:keys", "regions:load", "codes:load"
_OTHERS = {"SIGN_IN": SIGN_IN, "VAULT_KEYS": VAULT_KEYS, "REGION_LIST": REGION_LIST, "CODE_LIST": CODE_LIST}
Action = enum.Enum("Action", {ability.name: ability.value for ability in Ability} | _OTHERS)  # type: ignore[misc]  # an enum of names known at import
"""What a row records: the ability that was used, or what needs none: an attempt to sign in, and at the command line a
change of the vault's keys and the loading of a list of regions or codes."""


class AuditEvent(Noun):
    """One act: the actor, the ability, the record and the outcome."""

    __tablename__ = "audit_event"
    named = False
    row_sensitivity = SYSTEM
    id: Mapped[int] = fact(SYSTEM, "Id", "Id", sa.BigInteger(), sa.Identity(always=True), primary_key=True, server=True)
    at: Mapped[dt.datetime] = fact(SYSTEM, "Waktu", "At", server_default=WRITTEN_AT, server=True)
    actor_id: Mapped[uuid.UUID | None] = fact(SYSTEM, "Pelaku", "Actor; null at the command line", server=True)
    shell_user: Mapped[str | None] = fact(
        SYSTEM,
        "Pengguna di server",
        "The operating system's user at the command line",
        server=True,
        longest=LONGEST_SHELL_USER,
    )
    acting_for_id: Mapped[uuid.UUID | None] = fact(
        SYSTEM, "Atas nama", "The user for whom the actor, a service account, acted", server=True
    )
    ability: Mapped[str] = fact(SYSTEM, "Kewenangan", "Ability", server=True, longest=40, closed=Action)
    subject_id: Mapped[uuid.UUID | None] = fact(SYSTEM, "Objek", "Record", server=True)
    outcome: Mapped[str] = fact(
        SYSTEM,
        "Hasil",
        "ACCEPTED, UNCHANGED, MERGED, or the codes of the refusal, separated by commas",
        server=True,
        longest=2000,
    )
    rev: Mapped[int | None] = fact(SYSTEM, "Revisi", "Revision", server=True)
    field: Mapped[str | None] = fact(SYSTEM, "Kolom", "Revealed field", server=True, longest=20, closed=IdentityField)
    purpose: Mapped[str | None] = fact(SYSTEM, "Tujuan", "Purpose", server=True, longest=40, closed=AccessPurpose)
    note: Mapped[str | None] = fact(SYSTEM, "Keterangan", "Note of the actor", server=True, longest=NOTE)
    __table_args__ = (sa.CheckConstraint("shell_user IS NULL OR actor_id IS NULL", name="ck_audit_event_one_actor"),)


AUDIT = table_of(AuditEvent)
