"""Devices: the phones and browsers on which accounts have signed in.

Rule: a client makes the id of its device once and sends it whenever it signs in; people who share a phone each have
a row for it.  A revoked device signs nobody in.  Tests: tests/test_sessions.py.
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


class Device(Noun):
    """Perangkat: a phone or browser that signed in with an account."""

    __tablename__ = "device"
    named = False  # the id is the device's, and several accounts may share it
    row_sensitivity = SYSTEM
    id: Mapped[uuid.UUID] = fact(SYSTEM, "Id", "Id", primary_key=True)
    account_id: Mapped[uuid.UUID] = fact(
        SYSTEM, "Akun", "Account", sa.ForeignKey(f"{SCHEMA}.account.id"), primary_key=True, index=True, server=True
    )
    label: Mapped[str] = fact(SYSTEM, "Nama perangkat", "Name of the device", longest=100)
    app_version: Mapped[str | None] = fact(SYSTEM, "Versi aplikasi", "Version of the app", longest=50)
    last_sync_at: Mapped[dt.datetime | None] = fact(SYSTEM, "Sinkron terakhir", "Last synchronised at", server=True)
    revoked: Mapped[bool] = fact(SYSTEM, "Dicabut", "Revoked", server_default=sa.false(), server=True)
    created_at: Mapped[dt.datetime] = fact(SYSTEM, "Dibuat", "Created at", server_default=sa.func.now(), server=True)


DEVICE = table_of(Device)
