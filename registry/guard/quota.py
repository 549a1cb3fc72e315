"""Quotas: how often one account may do one thing in any hour, counted in PostgreSQL for all workers together.

A use has a key, and uses of one key count once, so repeating an act can be free.
Rule: a use is counted in the transaction of its act, under a lock on the holder's row, so that concurrent callers never
get more; a refusal says when to try again, and is audited.  Tests: tests/test_quota.py.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.models.fact import fact
from registry.models.noun import Noun, table_of
from registry.store.db import Transaction
from registry.store.sql import Sql, arg

SYSTEM = Sensitivity.SYSTEM
LARGEST = 10_000
"""The largest quota that may be set."""


class Metered(enum.Enum):
    """What is counted."""

    REVEAL = "a number of the vault that was shown in full"
    TAKEN_ID = "an id that somebody tried to give to a new record, although it names another"
    TAKEN_ANSWER = "an answer ID_TAKEN, for any id"
    KEPT_FIGURE = "an answer of figures that is kept, because its id was asked for"


@dataclass(frozen=True)
class Quotas:
    """How often an account may do each thing in any hour."""

    reveals: int
    taken_ids: int


class Quota(Noun):
    """The uses of one thing by one account in the last hour, oldest first: each with its key and its time."""

    __tablename__ = "quota"
    row_sensitivity = SYSTEM
    holder: Mapped[uuid.UUID] = fact(SYSTEM, "Pemegang", "Account, or another holder", primary_key=True)
    act: Mapped[str] = fact(SYSTEM, "Tindakan", "What is counted", primary_key=True, longest=20)
    keys: Mapped[list[uuid.UUID]] = fact(
        SYSTEM, "Kunci", "Key of each use", ARRAY(sa.Uuid()), server=True, items=LARGEST
    )
    times: Mapped[list[dt.datetime]] = fact(
        SYSTEM, "Waktu", "Time of each use", ARRAY(sa.DateTime(timezone=True)), server=True, items=LARGEST
    )
    full_until: Mapped[dt.datetime | None] = fact(
        SYSTEM, "Penuh sampai", "Time until which no new key is accepted", server=True
    )


QUOTA = table_of(Quota)

TAKE = """
DECLARE
  used quota;
  recent_keys uuid[];
  recent_times timestamptz[];
  wait interval;
BEGIN
  INSERT INTO quota (holder, act, keys, times) VALUES (whose, what, '{}', '{}') ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT used FROM quota q WHERE q.holder = whose AND q.act = what FOR UPDATE;
  SELECT coalesce(array_agg(u.key ORDER BY u.at), '{}'), coalesce(array_agg(u.at ORDER BY u.at), '{}')
  INTO recent_keys, recent_times FROM unnest(used.keys, used.times) u (key, at)
  WHERE u.at > clock_timestamp() - interval '1 hour' AND u.key <> about;
  IF cardinality(recent_times) >= per_hour THEN
    wait := recent_times[cardinality(recent_times) - per_hour + 1] + interval '1 hour' - clock_timestamp();
    RETURN greatest(1, ceil(extract(epoch FROM wait)));
  END IF;
  recent_times := recent_times || clock_timestamp();
  UPDATE quota q SET keys = recent_keys || about, times = recent_times,
    full_until = CASE WHEN cardinality(recent_times) = per_hour THEN recent_times[1] + interval '1 hour' END
  WHERE q.holder = whose AND q.act = what;
  RETURN 0;
END
"""
"""Body of the function that counts one use and returns 0, or returns the seconds until one is possible."""

FULL = f"""SELECT FROM quota q
    WHERE q.holder = me() AND q.act = '{Metered.TAKEN_ID.name}' AND q.full_until > clock_timestamp()"""
"""A row if the caller has tried so many ids of others that they cannot enter new records for now: an answer that
distinguishes a free id from one in use would keep revealing which ids exist."""

_TAKE = Sql(
    sa.select(
        sa.func.registry.take(
            arg("holder", sa.Uuid()), arg("act", sa.Text()), arg("key", sa.Uuid()), arg("per_hour", sa.Integer())
        )
    )
)


async def take(tx: Transaction, holder: uuid.UUID, act: Metered, per_hour: int, key: uuid.UUID | None = None) -> int:
    """Count one use of `key` (by default a key of its own).  Returns 0, or the seconds until a use is possible again.

    `holder` is an account, or a UUID derived from another holder, such as an address."""
    return int(await tx.value(_TAKE, holder=holder, act=act.name, key=key or uuid.uuid4(), per_hour=per_hour))
