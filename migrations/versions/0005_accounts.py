"""Accounts and their grants.

Who remembers grants is told when they change: the id of the user, or `*` when it may be anybody's.  Row by row for
accounts and grants; a region's new code or end, which changes every grant in it, is told once.
"""

from alembic import op

revision = "0005_accounts"
down_revision = "0004_programmes"
branch_labels = None
depends_on = None

CHANNEL = "registry_grants"

STATEMENTS = (
    """
    CREATE TABLE registry.account (
        id UUID NOT NULL,
        username TEXT NOT NULL,
        name TEXT NOT NULL,
        active BOOLEAN DEFAULT true NOT NULL,
        must_change_password BOOLEAN DEFAULT false NOT NULL,
        CONSTRAINT pk_account PRIMARY KEY (id),
        CONSTRAINT uq_account_username UNIQUE (username)
    )
    """,
    """
    CREATE TABLE registry.grants (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        user_id UUID NOT NULL,
        role TEXT NOT NULL,
        region_id UUID,
        national BOOLEAN DEFAULT false NOT NULL,
        valid_from DATE NOT NULL,
        valid_to DATE,
        granted_by UUID,
        seq BIGINT DEFAULT '0' NOT NULL,
        active BOOLEAN DEFAULT true NOT NULL,
        CONSTRAINT pk_grants PRIMARY KEY (id),
        CONSTRAINT ck_grants_national CHECK (national = (region_id IS NULL)),
        CONSTRAINT fk_grants_user_id FOREIGN KEY(user_id) REFERENCES registry.account (id),
        CONSTRAINT fk_grants_region_id FOREIGN KEY(region_id) REFERENCES registry.region (id)
    )
    """,
    "CREATE INDEX ix_grants_region_id ON registry.grants (region_id)",
    "CREATE INDEX ix_grants_user_id ON registry.grants (user_id)",
    f"""
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
    """,
    "CREATE TRIGGER grants_told AFTER INSERT OR UPDATE OR DELETE ON registry.grants FOR EACH ROW EXECUTE FUNCTION registry.tell_grants('user_id')",
    "CREATE TRIGGER grants_emptied AFTER TRUNCATE ON registry.grants FOR EACH STATEMENT EXECUTE FUNCTION registry.tell_grants()",
    "CREATE TRIGGER account_told AFTER UPDATE OR DELETE ON registry.account FOR EACH ROW EXECUTE FUNCTION registry.tell_grants('id')",
    "CREATE TRIGGER account_emptied AFTER TRUNCATE ON registry.account FOR EACH STATEMENT EXECUTE FUNCTION registry.tell_grants()",
    "CREATE TRIGGER region_told AFTER UPDATE OF code, valid_to ON registry.region FOR EACH STATEMENT EXECUTE FUNCTION registry.tell_grants()",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
