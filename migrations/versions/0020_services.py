"""Service accounts of frontend teams: their registered operations and their keys."""

from alembic import op

revision = "0020_services"
down_revision = "0019_subjects_of_accounts"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE registry.account ADD COLUMN service BOOLEAN DEFAULT false NOT NULL",
    """
    CREATE TABLE registry.service_operation (
        account_id UUID NOT NULL,
        sha256 TEXT NOT NULL,
        name TEXT NOT NULL,
        cost INTEGER NOT NULL,
        document TEXT NOT NULL,
        registered_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_service_operation PRIMARY KEY (account_id, sha256),
        CONSTRAINT fk_service_operation_account_id FOREIGN KEY(account_id) REFERENCES registry.account (id)
    )
    """,
    """
    CREATE TABLE registry.service_key (
        kid TEXT NOT NULL,
        account_id UUID NOT NULL,
        public_key TEXT NOT NULL,
        added_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_service_key PRIMARY KEY (kid),
        CONSTRAINT fk_service_key_account_id FOREIGN KEY(account_id) REFERENCES registry.account (id)
    )
    """,
    "CREATE INDEX ix_service_key_account_id ON registry.service_key (account_id)",
    # Whoever remembers an account is told when its operations or keys change.
    "CREATE TRIGGER service_operation_told AFTER INSERT OR UPDATE OR DELETE ON registry.service_operation FOR EACH ROW EXECUTE FUNCTION registry.tell_grants('account_id')",
    "CREATE TRIGGER service_operation_emptied AFTER TRUNCATE ON registry.service_operation FOR EACH STATEMENT EXECUTE FUNCTION registry.tell_grants()",
    "CREATE TRIGGER service_key_told AFTER INSERT OR UPDATE OR DELETE ON registry.service_key FOR EACH ROW EXECUTE FUNCTION registry.tell_grants('account_id')",
    "CREATE TRIGGER service_key_emptied AFTER TRUNCATE ON registry.service_key FOR EACH STATEMENT EXECUTE FUNCTION registry.tell_grants()",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
