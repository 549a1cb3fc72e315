"""Sessions, devices, and what accounts sign in with.

Who remembers principals is told when a session ends or gains its second factor, when a device is revoked and when a
password becomes temporary or stops being so; a renewed session says nothing.
"""

from alembic import op

revision = "0018_sessions"
down_revision = "0017_record_revisions"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.credential (
        account_id UUID NOT NULL,
        password_hash TEXT NOT NULL,
        temporary BOOLEAN NOT NULL,
        valid_until TIMESTAMP WITH TIME ZONE,
        changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_credential PRIMARY KEY (account_id),
        CONSTRAINT fk_credential_account_id FOREIGN KEY(account_id) REFERENCES registry.account (id)
    )
    """,
    """
    CREATE TABLE registry.device (
        id UUID NOT NULL,
        account_id UUID NOT NULL,
        label TEXT NOT NULL,
        app_version TEXT,
        last_sync_at TIMESTAMP WITH TIME ZONE,
        revoked BOOLEAN DEFAULT false NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_device PRIMARY KEY (id, account_id),
        CONSTRAINT fk_device_account_id FOREIGN KEY(account_id) REFERENCES registry.account (id)
    )
    """,
    "CREATE INDEX ix_device_account_id ON registry.device (account_id)",
    """
    CREATE TABLE registry.recovery_code (
        id UUID NOT NULL,
        account_id UUID NOT NULL,
        code_hash BYTEA NOT NULL,
        used_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_recovery_code PRIMARY KEY (id),
        CONSTRAINT fk_recovery_code_account_id FOREIGN KEY(account_id) REFERENCES registry.account (id)
    )
    """,
    "CREATE INDEX ix_recovery_code_account_id ON registry.recovery_code (account_id)",
    """
    CREATE TABLE registry.second_factor (
        id UUID NOT NULL,
        account_id UUID NOT NULL,
        key_id TEXT NOT NULL,
        sealed BYTEA NOT NULL,
        last_step BIGINT NOT NULL,
        confirmed_at TIMESTAMP WITH TIME ZONE,
        ended_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_second_factor PRIMARY KEY (id),
        CONSTRAINT fk_second_factor_account_id FOREIGN KEY(account_id) REFERENCES registry.account (id)
    )
    """,
    "CREATE INDEX ix_second_factor_account_id ON registry.second_factor (account_id)",
    """
    CREATE TABLE registry.session (
        id UUID NOT NULL,
        account_id UUID NOT NULL,
        device_id UUID,
        begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
        renewed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        second_factor BOOLEAN NOT NULL,
        generation INTEGER NOT NULL,
        token_hash BYTEA NOT NULL,
        CONSTRAINT pk_session PRIMARY KEY (id),
        CONSTRAINT fk_session_device_id FOREIGN KEY(device_id, account_id) REFERENCES registry.device (id, account_id),
        CONSTRAINT fk_session_account_id FOREIGN KEY(account_id) REFERENCES registry.account (id)
    )
    """,
    "CREATE INDEX ix_session_account_id ON registry.session (account_id)",
    "ALTER TABLE registry.account ADD COLUMN signed_out_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE registry.account DROP COLUMN must_change_password",
    *(
        f"CREATE TRIGGER {table}_told AFTER UPDATE OF {columns} OR DELETE ON registry.{table} FOR EACH ROW EXECUTE FUNCTION registry.tell_grants('account_id')"
        for table, columns in (
            ("session", "ended_at, second_factor"),
            ("device", "revoked"),
            ("credential", "temporary"),
        )
    ),
    *(
        f"CREATE TRIGGER {table}_emptied AFTER TRUNCATE ON registry.{table} FOR EACH STATEMENT EXECUTE FUNCTION registry.tell_grants()"
        for table in ("session", "device", "credential")
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
