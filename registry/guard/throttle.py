"""Throttling of sign-ins, counted in PostgreSQL for all workers together (docs/decisions/throttling.md).

An attempt fills three buckets: that of the name from its address, that of the name from everywhere, and that of the
address for all names.  A bucket that is full answers after a delay which doubles with each attempt; it empties with
time.  From an address where the account has signed in before, and on a device of its own, only the first bucket counts;
on a device whose bucket is full, those of any stranger count.  So nobody locks anybody else out.
Rule: names and addresses are stored as keyed hashes, because what people type as a name may be a password.
Tests: tests/test_throttle.py.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import ipaddress
import uuid
from collections.abc import Sequence
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
FAMILIAR_DAYS = 90  # for which an address stays known after a sign-in from it


@dataclass(frozen=True)
class Bucket:
    """`free` attempts without a delay, then one of `first` seconds that doubles, at most `longest`.

    Every `leak` seconds it holds one attempt less."""

    free: int
    longest: int
    leak: float
    first: int = 2


@dataclass(frozen=True)
class Limits:
    """The buckets of an attempt."""

    origin: Bucket = Bucket(5, 900, 300)
    account: Bucket = Bucket(20, 30, 60)
    address: Bucket = Bucket(100, 300, 10)


class Throttle(Noun):
    """How full a bucket is, since when, and until when it answers nobody."""

    __tablename__ = "throttle"
    row_sensitivity = SYSTEM
    key: Mapped[uuid.UUID] = fact(SYSTEM, "Kunci", "Keyed hash of what is counted", primary_key=True, server=True)
    level: Mapped[float] = fact(SYSTEM, "Isi", "Attempts in it", server=True)
    at: Mapped[dt.datetime] = fact(SYSTEM, "Waktu", "Time of the last attempt", server=True)
    until: Mapped[dt.datetime] = fact(SYSTEM, "Tunggu sampai", "Answers nobody until", server=True)
    familiar_until: Mapped[dt.datetime] = fact(SYSTEM, "Dikenal sampai", "Known address until", server=True)
    forgotten_at: Mapped[dt.datetime] = fact(SYSTEM, "Dilupakan", "Deleted after", server=True, index=True)


THROTTLE = table_of(Throttle)

ADMIT = """
#variable_conflict use_column
DECLARE
  present timestamptz := clock_timestamp();
  on_own_device boolean;
  bucket record;
  wait double precision;
BEGIN
  DELETE FROM throttle WHERE key IN
    (SELECT key FROM throttle WHERE forgotten_at < present ORDER BY forgotten_at LIMIT 10 FOR UPDATE SKIP LOCKED);
  SELECT a.id INTO account FROM account a WHERE a.username = named;
  SELECT EXISTS (SELECT FROM device d WHERE d.id = on_device AND d.account_id = account AND NOT d.revoked)
    AND NOT EXISTS (SELECT FROM throttle WHERE key = keys[2] AND until > present)
  INTO on_own_device;
  counted := CASE
    WHEN on_own_device THEN keys[2:2]
    WHEN EXISTS (SELECT FROM throttle WHERE key = keys[1] AND familiar_until > present) THEN keys[1:1]
    ELSE ARRAY[keys[1], keys[3], keys[4]] END;
  FOR bucket IN SELECT k.key FROM unnest(counted) k (key) ORDER BY k.key LOOP
    INSERT INTO throttle (key, level, at, until, familiar_until, forgotten_at)
    VALUES (bucket.key, 0, present, present, present, present + interval '1 day') ON CONFLICT DO NOTHING;
    PERFORM FROM throttle t WHERE t.key = bucket.key FOR UPDATE;
  END LOOP;
  present := clock_timestamp();
  SELECT max(extract(epoch FROM t.until - present)) INTO STRICT wait FROM throttle t WHERE t.key = ANY(counted);
  IF wait <= 0 THEN
    UPDATE throttle t SET level = l.level, at = present,
      until = present + make_interval(secs => CASE WHEN l.level > b.free
        THEN least(b.longest, b.first * power(2, least(l.level - b.free - 1, 20))) ELSE 0 END),
      forgotten_at = greatest(t.familiar_until, present + interval '1 day')
    FROM unnest(keys, free, longest, leak, first) b (key, free, longest, leak, first)
    JOIN throttle o ON o.key = b.key,
    LATERAL (SELECT greatest(0, o.level - extract(epoch FROM present - o.at) / b.leak) + 1 AS level) l
    WHERE t.key = b.key AND t.key = ANY(counted);
  END IF;
  seconds := ceil(greatest(wait, 0));
  RETURN NEXT;
END
"""
"""Body of the function that counts an attempt, or returns the seconds until one is possible.

`keys` are those of the name from its address, from its device, from everywhere, and of the address; `counted` are those
that it has counted, that of the origin first."""

WELCOME = f"""
BEGIN
  UPDATE throttle t SET
    level = CASE WHEN t.key = keys[1] THEN 0 ELSE greatest(0, t.level - 1) END, until = clock_timestamp(),
    familiar_until = CASE WHEN t.key = keys[1] THEN clock_timestamp() + interval '{FAMILIAR_DAYS} days'
      ELSE t.familiar_until END,
    forgotten_at = CASE WHEN t.key = keys[1] THEN clock_timestamp() + interval '{FAMILIAR_DAYS} days'
      ELSE t.forgotten_at END
  WHERE t.key IN (SELECT o.key FROM throttle o WHERE o.key = ANY(keys) ORDER BY o.key FOR UPDATE);
END
"""
"""Body of the function that takes an attempt back which has succeeded."""

_KEYS = arg("keys", ARRAY(sa.Uuid()))
_ADMIT = Sql(
    sa.select(*map(sa.literal_column, ("account", "seconds", "counted"))).select_from(
        sa.func.registry.admit(
            arg("named", sa.Text()),
            arg("device", sa.Uuid()),
            _KEYS,
            arg("free", ARRAY(sa.Integer())),
            arg("longest", ARRAY(sa.Integer())),
            arg("leak", ARRAY(sa.Double())),
            arg("first", ARRAY(sa.Integer())),
        )
    )
)
_WELCOME = Sql(sa.select(sa.func.registry.welcome(_KEYS)))


@dataclass(frozen=True)
class Admission:
    """The account of a name, if there is one; the seconds until an attempt is possible, or 0; the buckets it fills."""

    account: uuid.UUID | None
    seconds: int
    counted: list[uuid.UUID]


def keys_of(secret: bytes, name: str, address: str, device: uuid.UUID | None) -> list[uuid.UUID]:
    """The keys of an attempt, in the order in which the database functions take them."""
    name, network = name.casefold(), network_of(address)
    parts = [("address", name, network), ("device", name, str(device)), ("name", name), ("network", network)]
    return [_key(secret, *part) for part in parts]


def keys_of_network(secret: bytes, address: str) -> list[uuid.UUID]:
    """The keys of an attempt that names nobody: the address alone counts it."""
    return [_key(secret, "network", network_of(address))] * 4


async def admit(
    tx: Transaction, name: str, device: uuid.UUID | None, keys: Sequence[uuid.UUID], limits: Limits
) -> Admission:
    """Count an attempt."""
    buckets = (limits.origin, limits.origin, limits.account, limits.address)
    row = await tx.one(
        _ADMIT,
        named=name,
        device=device,
        keys=list(keys),
        free=[bucket.free for bucket in buckets],
        longest=[bucket.longest for bucket in buckets],
        leak=[bucket.leak for bucket in buckets],
        first=[bucket.first for bucket in buckets],
    )
    assert row is not None
    return Admission(row["account"], row["seconds"], row["counted"])


async def welcome(tx: Transaction, admission: Admission) -> None:
    """Take an attempt back, because it succeeded; its address is known from now on."""
    await tx.rows(_WELCOME, keys=admission.counted)


def _key(secret: bytes, *parts: str) -> uuid.UUID:
    return uuid.UUID(bytes=hmac.digest(secret, "\0".join(parts).encode(), hashlib.sha256)[:16])


def network_of(address: str) -> str:
    """An address as one caller has it, also where they take turns: of IPv6, the network of 64 bits that each gets."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))
