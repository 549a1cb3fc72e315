"""Which account a person of an identity provider has.

Who remembers that is told when a binding ends or changes; a new one was remembered by nobody.
"""

from alembic import op

revision = "0019_subjects_of_accounts"
down_revision = "0018_sessions"
branch_labels = None
depends_on = None
compatible = True

STATEMENTS = (
    """
    CREATE TABLE registry.account_subject (
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        account_id UUID NOT NULL,
        bound_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_account_subject PRIMARY KEY (issuer, subject),
        CONSTRAINT uq_account_subject_account_id_issuer UNIQUE (account_id, issuer),
        CONSTRAINT fk_account_subject_account_id FOREIGN KEY(account_id) REFERENCES registry.account (id)
    )
    """,
    "CREATE TRIGGER account_subject_told AFTER UPDATE OR DELETE OR TRUNCATE ON registry.account_subject FOR EACH STATEMENT EXECUTE FUNCTION registry.tell_grants()",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
