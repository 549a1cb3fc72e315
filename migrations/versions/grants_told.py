"""Who remembers grants is told when they change: the id of the user, or `*` when it may be anybody's.

Row by row for accounts and grants; a region's new code or end, which changes every grant in it, is told once.
"""

from alembic import op

revision = "grants_told"
down_revision = "name_sounds"
branch_labels = None
depends_on = None

CHANNEL = "registry_grants"

FUNCTION = f"""
CREATE FUNCTION registry.tell_grants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_LEVEL = 'STATEMENT' THEN
    PERFORM pg_notify('{CHANNEL}', '*');
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN PERFORM pg_notify('{CHANNEL}', to_jsonb(OLD) ->> TG_ARGV[0]); END IF;
  IF TG_OP <> 'DELETE' THEN PERFORM pg_notify('{CHANNEL}', to_jsonb(NEW) ->> TG_ARGV[0]); END IF;
  RETURN NULL;
END $$
"""
TRIGGERS = (
    "grants_told AFTER INSERT OR UPDATE OR DELETE ON registry.grants FOR EACH ROW EXECUTE FUNCTION registry.tell_grants('user_id')",
    "grants_emptied AFTER TRUNCATE ON registry.grants FOR EACH STATEMENT EXECUTE FUNCTION registry.tell_grants()",
    "account_told AFTER UPDATE OR DELETE ON registry.account FOR EACH ROW EXECUTE FUNCTION registry.tell_grants('id')",
    "account_emptied AFTER TRUNCATE ON registry.account FOR EACH STATEMENT EXECUTE FUNCTION registry.tell_grants()",
    "region_told AFTER UPDATE OF code, valid_to ON registry.region FOR EACH STATEMENT EXECUTE FUNCTION registry.tell_grants()",
)


def upgrade() -> None:
    op.execute(FUNCTION)
    for trigger in TRIGGERS:
        op.execute(f"CREATE TRIGGER {trigger}")
