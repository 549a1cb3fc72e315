"""Crossings of the door: who signs in, what slows strangers, and what becomes of sessions, passwords and factors.

They answer before any area is known, or reach what belongs to another account and is read by nobody else.
Test: tests/test_crossing.py.
"""

from __future__ import annotations

from registry.guard import throttle
from registry.guard.crossing import Crossing
from registry.guard.staff import ALONE, OUTGROW, manages

SIGN_IN = Crossing(
    "sign_in",
    (("caller", "uuid"), ("of_session", "uuid")),
    "TABLE (username text, name text, service boolean, temporary boolean, second_factor boolean,"
    " role text, code text, region_id uuid, valid_from date, valid_to date)",
    frozenset({"account", "credential", "session", "device", "grants", "region"}),
    "A token names its user and session; whether it stands and their grants are read before any area is known.",
    """
    SELECT a.username, a.name, a.service, c.temporary, s.second_factor,
           g.role, r.code, g.region_id, g.valid_from, g.valid_to
    FROM account a LEFT JOIN credential c ON c.account_id = a.id
    LEFT JOIN session s ON s.id = of_session AND s.account_id = a.id AND s.ended_at IS NULL AND s.expires_at > now()
      AND (a.signed_out_at IS NULL OR s.begun_at > a.signed_out_at)
      AND NOT EXISTS (SELECT FROM device d WHERE d.id = s.device_id AND d.account_id = a.id AND d.revoked)
    LEFT JOIN (grants g LEFT JOIN region r ON r.id = g.region_id)
      ON g.user_id = a.id AND g.active AND (g.national OR r.valid_to IS NULL)  -- or its code is another's
    WHERE a.id = caller AND a.active AND (of_session IS NULL OR s.id IS NOT NULL)
    """,
)

ACCOUNT_OF = Crossing(
    "account_of",
    (("provider", "text"), ("person", "text")),
    "uuid",
    frozenset({"account", "account_subject"}),
    "A provider's token names its subject; the account is looked up before it has signed in.",
    "SELECT s.account_id FROM account_subject s JOIN account a ON a.id = s.account_id AND NOT a.service"
    " WHERE s.issuer = provider AND s.subject = person",
)

BIND_SUBJECT = Crossing(
    "bind_subject",
    (("provider", "text"), ("person", "text"), ("user_name", "text")),
    "uuid",
    frozenset({"account", "account_subject"}),
    "The first token of a subject whose user name its provider vouches for binds its account, before any sign-in.",
    """
    DECLARE
      bound uuid;
    BEGIN
      INSERT INTO account_subject (issuer, subject, account_id)
      SELECT provider, person, a.id FROM account a WHERE a.username = user_name AND a.active AND NOT a.service
      ON CONFLICT DO NOTHING RETURNING account_id INTO bound;
      IF bound IS NOT NULL THEN
        INSERT INTO audit_event (actor_id, ability, subject_id, outcome, note)
        VALUES (bound, 'user:manage', bound, 'ACCEPTED', 'Bound by a claim of the identity provider.');
      END IF;
      RETURN (SELECT s.account_id FROM account_subject s WHERE s.issuer = provider AND s.subject = person);
    END
    """,
    enters=frozenset({"account_subject", "audit_event"}),
)

_THROTTLE = frozenset({throttle.THROTTLE.name})

ADMITTING = Crossing(
    "admit",
    (
        ("named", "text"),
        ("on_device", "uuid"),
        ("keys", "uuid[]"),
        ("free", "int[]"),
        ("longest", "int[]"),
        ("leak", "double precision[]"),
        ("first", "int[]"),
    ),
    "TABLE (account uuid, seconds int, counted uuid[])",
    _THROTTLE | {"account", "device"},
    "An attempt to sign in is counted before anybody is known, and the account of its name is found.",
    throttle.ADMIT,
    enters=_THROTTLE,
    changes=_THROTTLE,
    removes=_THROTTLE,
)

WELCOMING = Crossing(
    "welcome",
    (("keys", "uuid[]"),),
    "void",
    _THROTTLE,
    "An attempt that has succeeded is taken back, and its address is known from then on.",
    throttle.WELCOME,
    changes=_THROTTLE,
)

LAST_SEEN = Crossing(
    "last_seen",
    (("whose", "uuid"),),
    "timestamptz",
    frozenset({"session"}),
    "Whoever keeps an account sees when it was last used, and nothing else of its sessions.",
    "SELECT max(s.renewed_at) FROM session s WHERE s.account_id = whose",
)

CAN_SIGN_IN = Crossing(
    "can_sign_in",
    (("whose", "uuid"),),
    "boolean",
    frozenset({"credential", "account_subject"}),
    "An administrator who has neither a password that is good nor a binding does not keep the ministry one.",
    """
    SELECT EXISTS (SELECT FROM credential c WHERE c.account_id = whose AND coalesce(c.valid_until > now(), true))
      OR EXISTS (SELECT FROM account_subject s WHERE s.account_id = whose)
    """,
)

FORGETTING = Crossing(
    "forget_sessions",
    (("whose", "uuid"), ("most", "int")),
    "void",
    frozenset({"session", "device"}),
    "Of the sessions of an account so many are kept, the living first; the login itself deletes nothing.",
    """
    DECLARE
      devices uuid[];
    BEGIN
      WITH forgotten AS (
        DELETE FROM session WHERE id IN (
          SELECT s.id FROM session s WHERE s.account_id = whose
          ORDER BY s.ended_at IS NULL AND s.expires_at > now() DESC, s.renewed_at DESC, s.id OFFSET most)
        RETURNING device_id)
      SELECT array_agg(device_id) INTO devices FROM forgotten;
      DELETE FROM device d WHERE d.account_id = whose AND d.id = ANY(devices) AND NOT d.revoked
        AND NOT EXISTS (SELECT FROM session s WHERE s.account_id = whose AND s.device_id = d.id);
    END
    """,
    removes=frozenset({"session", "device"}),
)

FORGETTING_FACTORS = Crossing(
    "forget_factors",
    (("whose", "uuid"),),
    "void",
    frozenset({"second_factor", "recovery_code"}),
    "What an account once enrolled and used opens nothing and is not kept; the login itself deletes nothing.",
    """
    BEGIN
      DELETE FROM second_factor f WHERE f.account_id = whose AND f.ended_at IS NOT NULL;
      DELETE FROM recovery_code c WHERE c.account_id = whose AND c.used_at IS NOT NULL;
    END
    """,
    removes=frozenset({"second_factor", "recovery_code"}),
)

GIVING_PASSWORD = Crossing(
    "give_password",
    (("whose", "uuid"), ("hash", "text"), ("good_for", "interval")),
    "boolean",
    frozenset({"account", "grants", "credential", "second_factor"}),
    "Whoever manages an account gives it a temporary password, and reads no hash of it.",
    f"""
    BEGIN
      IF NOT {manages("whose")} OR {ALONE} THEN
        RETURN false;
      END IF;
      INSERT INTO credential (account_id, password_hash, temporary, valid_until, changed_at, given_by)
      VALUES (whose, hash, true, now() + good_for, now(), me())
      ON CONFLICT (account_id) DO UPDATE SET password_hash = hash, temporary = true, valid_until = now() + good_for,
        changed_at = now(), given_by = me();
      RETURN true;
    END
    """,
    enters=frozenset({"credential"}),
    changes=frozenset({"credential"}),
)

_SIGN_IN = frozenset({"account", "credential", "second_factor", "recovery_code"})

OUTGROWING = Crossing(
    "outgrow_password",
    (("given", "uuid"), ("givers", "text[]")),
    "boolean",
    _SIGN_IN | {"grants", "region"},
    "Whoever gave an account its password could sign in with it; a role that they may not give alone ends it.",
    OUTGROW,
    changes=_SIGN_IN,
)
