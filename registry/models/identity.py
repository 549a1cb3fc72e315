"""Sealed identity numbers, and the value that proves which keys sealed them.

Rule: a number is stored sealed, beside a blind index that finds equal numbers; the table of its record holds the mask.
Test: tests/test_vault.py.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import IdentityField
from registry.models.fact import fact
from registry.models.noun import Noun, table_of
from registry.models.scoped import InHousehold, in_household


class Identity(InHousehold, Noun):
    """One sealed number of a household, member or episode."""

    __tablename__ = "identity"
    named = False
    subject_id: Mapped[uuid.UUID] = fact(Sensitivity.OPERATIONAL, "Objek", "Record", server=True)
    field: Mapped[IdentityField] = fact(
        Sensitivity.OPERATIONAL, "Jenis nomor", "Which number", IdentityField, server=True
    )
    key_id: Mapped[str] = fact(Sensitivity.SYSTEM, "Kunci", "Key id", server=True, longest=100)
    sealed: Mapped[bytes] = fact(Sensitivity.IDENTITY, "Nilai tersegel", "Sealed value", sa.LargeBinary(), server=True)
    blind: Mapped[bytes] = fact(
        Sensitivity.IDENTITY, "Indeks buta", "Blind index", sa.LargeBinary(), server=True, index=True
    )

    __table_args__ = in_household("identity", sa.UniqueConstraint("subject_id", "field"))


class VaultCheck(Noun):
    """A value that only the keys of this database's vault open, so a wrong key file is refused before it seals."""

    __tablename__ = "vault_check"
    named = False
    row_sensitivity = Sensitivity.SYSTEM
    id: Mapped[int] = fact(Sensitivity.SYSTEM, "Id", "Id", primary_key=True, autoincrement=False, server=True)
    key_id: Mapped[str] = fact(Sensitivity.SYSTEM, "Kunci", "Key id", server=True, longest=100)
    sealed: Mapped[bytes] = fact(Sensitivity.SYSTEM, "Nilai tersegel", "Sealed value", sa.LargeBinary(), server=True)
    blind: Mapped[bytes] = fact(Sensitivity.SYSTEM, "Indeks buta", "Blind index", sa.LargeBinary(), server=True)

    __table_args__ = (sa.CheckConstraint("id = 1", name="ck_vault_check_one"),)


IDENTITY, VAULT_CHECK = table_of(Identity), table_of(VaultCheck)
