"""Sessions: what a sign-in begins; its access tokens name it, and its refresh token renews it.

Rule: a session ends at its last instant, when it is ended, when its device is revoked, and when its account is disabled
or signed out everywhere, whichever comes first; `sign_in` (registry/guard/door_crossings.py) asks all of this together
with the grants.  Of a refresh token only the hash is stored.  Tests: tests/test_sessions.py.
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


class Session(Noun):
    """One sign-in of an account, and all tokens that follow from it."""

    __tablename__ = "session"
    named = False
    row_sensitivity = SYSTEM
    id: Mapped[uuid.UUID] = fact(SYSTEM, "Id", "Id", primary_key=True, server=True)
    account_id: Mapped[uuid.UUID] = fact(
        SYSTEM, "Akun", "Account", sa.ForeignKey(f"{SCHEMA}.account.id"), index=True, server=True
    )
    device_id: Mapped[uuid.UUID | None] = fact(SYSTEM, "Perangkat", "Device", server=True)
    begun_at: Mapped[dt.datetime] = fact(SYSTEM, "Mulai", "Begun at", server=True)
    renewed_at: Mapped[dt.datetime] = fact(SYSTEM, "Diperbarui", "Last renewed at", server=True)
    expires_at: Mapped[dt.datetime] = fact(SYSTEM, "Berakhir", "Its last instant", server=True)
    ended_at: Mapped[dt.datetime | None] = fact(SYSTEM, "Diakhiri", "Ended at", server=True)
    second_factor: Mapped[bool] = fact(SYSTEM, "Faktor kedua", "A second factor was shown", server=True)
    generation: Mapped[int] = fact(SYSTEM, "Generasi", "How often it was renewed", sa.Integer(), server=True)
    token_hash: Mapped[bytes] = fact(
        SYSTEM, "Sidik token", "Hash of the refresh token that is good now", sa.LargeBinary(), server=True
    )

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["device_id", "account_id"],
            [f"{SCHEMA}.device.id", f"{SCHEMA}.device.account_id"],
            name="fk_session_device_id",
        ),
    )


SESSION = table_of(Session)
