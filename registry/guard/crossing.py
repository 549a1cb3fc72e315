"""Crossings: the few database functions that must see beyond the caller.

Each is one SECURITY DEFINER function of the role `registry_crossing`, which has a policy of its own on the tables
named here, and a pinned search_path.  Its answer contains no records: a count, yes or no, the caller's own grants, or
the officers of a village; a trigger has no answer.
Rule: nothing else in the database sees beyond the caller.  Test: tests/test_crossing.py compares with pg_proc.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from registry.guard import quota, record_id, throttle
from registry.guard.counted import COUNTED
from registry.guard.staff import ALONE, OUTGROW, POLICY, manages
from registry.models.account import LIVING
from registry.models.officer import officers_of


@dataclass(frozen=True)
class Crossing:
    """One such function: it may read all of the tables `reads`, add rows to `enters`, change rows of `changes`
    and delete rows of `removes`.

    The documentation shows `why`."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    returns: str
    reads: frozenset[str]
    why: str
    body: str
    enters: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    removes: frozenset[str] = frozenset()

    @property
    def language(self) -> str:
        """Its language and volatility; a function that only reads is one stable query."""
        return "plpgsql VOLATILE" if self.enters or self.changes or self.removes else "sql STABLE"


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

REGISTERED_OPERATION = Crossing(
    "registered_operation",
    (("caller", "uuid"), ("hash", "text")),
    "text",
    frozenset({"service_operation"}),
    "What a service account may run is read before anything of its request is.",
    "SELECT document FROM service_operation WHERE account_id = caller AND sha256 = hash",
)

SERVICE_KEYS = Crossing(
    "service_keys",
    (),
    "TABLE (kid text, account_id uuid, public_key text)",
    frozenset({"service_key", "account"}),
    "The public keys by which the tokens of service accounts are verified, before anybody is known.",
    "SELECT k.kid, k.account_id, k.public_key FROM service_key k JOIN account a ON a.id = k.account_id"
    " WHERE a.active AND a.service",
)

FIGURES = Crossing(
    "figures",
    (("inside", "text"), ("below", "text")),
    "TABLE (area text, provinces int, regencies int, districts int, villages int, villages_reporting int,"
    " households int, persons int, prospective int, working_abroad int, returned int,"
    " households_with_business int, businesses int, export_ready int,"
    " businesses_by_field jsonb, export_ready_by_field jsonb, cut_off timestamptz, region_version text)",
    frozenset(
        {
            "region",
            "village_enrolment",
            "region_list",
            "ledger_household",
            "ledger_person",
            "ledger_episode",
            "ledger_business",
        }
    ),
    "National figures are the same for every caller, although nobody may read the country's records.",
    COUNTED,
)

NAMING = Crossing(
    "enter_ids",
    (),
    "trigger",
    frozenset({record_id.RECORD_ID.name, quota.QUOTA.name}),
    "An id that names a record, visible to the caller or not, names no other.",
    record_id.ENTER,
    frozenset({record_id.RECORD_ID.name}),
)

TAKING = Crossing(
    "take",
    (("whose", "uuid"), ("what", "text"), ("about", "uuid"), ("per_hour", "int")),
    "int",
    frozenset({quota.QUOTA.name}),
    "How often accounts did something is counted for them, and they cannot reset it.",
    quota.TAKE,
    enters=frozenset({quota.QUOTA.name}),
    changes=frozenset({quota.QUOTA.name}),
)

WAS_GRANTED = Crossing(
    "was_granted",
    (("whose", "uuid"),),
    "boolean",
    frozenset({"grants"}),
    "An account that never had a grant lies in no area: its creator and the ministry see it.",
    "SELECT EXISTS (SELECT FROM grants g WHERE g.user_id = whose)",
)

LIVING_GRANTS = Crossing(
    "living_grants",
    (("whose", "uuid"),),
    "int",
    frozenset({"grants"}),
    "Whoever manages an account may give its every grant, those out of their sight too: how many there are.",
    f"SELECT count(*)::int FROM grants g WHERE g.user_id = whose AND {LIVING}",
)

OFFICERS_OF = Crossing(
    "officers",
    (("village", "uuid"),),
    "TABLE (id uuid, name text, role text)",
    frozenset({"account", "grants", "region"}),
    "Whoever sees the persons of a village sees who visits them, although they see no accounts.",
    officers_of(sa.literal_column("village", sa.Uuid()), POLICY),
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

CROSSINGS = (
    SIGN_IN,
    ACCOUNT_OF,
    BIND_SUBJECT,
    REGISTERED_OPERATION,
    SERVICE_KEYS,
    FIGURES,
    NAMING,
    TAKING,
    WAS_GRANTED,
    LIVING_GRANTS,
    OFFICERS_OF,
    ADMITTING,
    WELCOMING,
    LAST_SEEN,
    CAN_SIGN_IN,
    FORGETTING,
    FORGETTING_FACTORS,
    GIVING_PASSWORD,
    OUTGROWING,
)
