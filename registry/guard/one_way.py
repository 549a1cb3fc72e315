"""One-way changes: what the policies cannot refuse, because it depends on what a row was before.

A policy judges a row as it was or as it will be, never both.  So a trigger holds for the login what only commands do:
a grant becomes active by the approval of a second person, what has ended or is revoked stays so, and an account is
renamed or enabled by whoever manages it.  The owner of the tables and the crossings are not held: the shell appoints
the first administrator, and a crossing says itself what it may change.
Rule: a change that no command makes is refused, whoever forgot to check.  Test: tests/test_one_way.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auth.ability import Ability
from auth.principal import SETTING_OF
from registry.guard.staff import manages
from registry.models.account import ACCOUNT, GRANTS
from registry.models.credential import CREDENTIAL, RECOVERY_CODE, SECOND_FACTOR
from registry.models.device import DEVICE
from registry.models.noun import SCHEMA
from registry.models.session import SESSION
from registry.models.signed_report import SIGNED_REPORT
from registry.values.civil_day import CAPITAL

TRIGGER = "held"
_ME = f"{SCHEMA}.me()"
_POST = f"NEW.role || '/' || NEW.area <@ {SCHEMA}.areas('{SETTING_OF[Ability.GRANT_APPROVE]}')"

REFUSED: Mapping[str, tuple[str, ...]] = {
    GRANTS.name: (
        # active by anything but the approval of a pending grant, by a second person who may approve it
        f"NEW.active AND NOT OLD.active AND (OLD.pending AND NEW.approved_by = {_ME}"
        f" AND OLD.granted_by IS DISTINCT FROM {_ME} AND OLD.user_id <> {_ME} AND {_POST}) IS NOT TRUE",
        "NEW.pending AND NOT OLD.pending",
        "NEW.approved_by IS DISTINCT FROM OLD.approved_by AND NOT (NEW.active AND NOT OLD.active)",
        # longer than it was given for
        "OLD.valid_to IS NOT NULL AND (NEW.valid_to <= OLD.valid_to) IS NOT TRUE",
    ),
    ACCOUNT.name: (
        "((NEW.username, NEW.name) IS DISTINCT FROM (OLD.username, OLD.name) OR NEW.active AND NOT OLD.active)"
        f" AND NOT {SCHEMA}.manages(NEW.id)",
        "OLD.signed_out_at IS NOT NULL AND (NEW.signed_out_at >= OLD.signed_out_at) IS NOT TRUE",
    ),
    DEVICE.name: (
        "OLD.revoked AND NOT NEW.revoked",
        # whoever disables its account revokes it, and changes nothing else of it
        "(NEW.label, NEW.app_version, NEW.last_sync_at) IS DISTINCT FROM (OLD.label, OLD.app_version, OLD.last_sync_at)"
        f" AND OLD.account_id IS DISTINCT FROM {_ME}",
    ),
    SESSION.name: (
        "OLD.ended_at IS NOT NULL",
        "NEW.expires_at > OLD.expires_at",
        "NEW.generation < OLD.generation",
        f"NEW.second_factor AND NOT OLD.second_factor AND NOT {SCHEMA}.has_second_factor(NEW.account_id, NULL)",
    ),
    CREDENTIAL.name: (
        "OLD.password_hash = NEW.password_hash"
        " AND (OLD.temporary AND NOT NEW.temporary OR NEW.valid_until IS DISTINCT FROM OLD.valid_until)",
    ),
    SECOND_FACTOR.name: (
        "OLD.ended_at IS NOT NULL",
        "NEW.last_step < OLD.last_step",
        "OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at",
        "NEW.ended_at IS NULL AND (NEW.key_id, NEW.sealed) IS DISTINCT FROM (OLD.key_id, OLD.sealed)",
        # a confirmed authenticator ends when the next one is confirmed
        f"OLD.confirmed_at IS NOT NULL AND NEW.ended_at IS NOT NULL"
        f" AND NOT {SCHEMA}.has_second_factor(OLD.account_id, OLD.id)",
    ),
    RECOVERY_CODE.name: ("OLD.used_at IS NOT NULL",),
}
"""The changes of the rows OLD to NEW that the login may not make, by table."""

ENTERED: Mapping[str, str] = {
    SESSION.name: f"ended_at IS NULL AND (NOT second_factor OR {SCHEMA}.has_second_factor(account_id, NULL))",
    SECOND_FACTOR.name: "confirmed_at IS NULL AND ended_at IS NULL",
    RECOVERY_CODE.name: "used_at IS NULL",
    SIGNED_REPORT.name: f"signer_id = {_ME} AND month < to_char(timezone('{CAPITAL.key}', now()), 'YYYY-MM')",
}
"""What holds of a row when it is added, by table."""

REFUSE = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE insufficient_privilege USING MESSAGE = 'no command changes a row of ' || TG_TABLE_NAME || ' so';
END $$
"""

_CONFIRMED = "f.account_id = whose AND f.confirmed_at IS NOT NULL AND f.ended_at IS NULL"
CONDITIONS = {
    "manages(account uuid)": f"SELECT {manages('$1')}",
    "has_second_factor(whose uuid, beside uuid)": f"SELECT EXISTS (SELECT FROM {SCHEMA}.second_factor f"
    f" WHERE {_CONFIRMED} AND f.id IS DISTINCT FROM beside)",
}
"""Functions for conditions of a trigger, where no subquery can stand; they see what their caller sees."""


def functions(owner: str) -> Iterator[str]:
    """The statements that make the functions, which belong to the owner of the tables."""
    yield REFUSE
    for signature, body in CONDITIONS.items():
        yield f"CREATE OR REPLACE FUNCTION {SCHEMA}.{signature} RETURNS boolean LANGUAGE sql STABLE AS $$ {body} $$"
    for signature in ("refuse_change()", *CONDITIONS):
        yield f"ALTER FUNCTION {SCHEMA}.{signature} OWNER TO {owner}"


def triggers(login: str, refused_changes: Mapping[str, tuple[str, ...]] = REFUSED) -> Iterator[str]:
    """The CREATE TRIGGER statements of all tables, for what the login changes."""
    for table, changes in refused_changes.items():
        refused = " OR ".join(f"({change})" for change in changes)
        yield (
            f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE ON {SCHEMA}.{table} FOR EACH ROW"
            f" WHEN (current_user = '{login}' AND ({refused})) EXECUTE FUNCTION {SCHEMA}.refuse_change()"
        )
