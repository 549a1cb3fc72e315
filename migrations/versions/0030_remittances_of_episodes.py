"""Remittances of episodes."""

from alembic import op

revision = "0030_remittances_of_episodes"
down_revision = "0029_service_visits"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    ALTER TABLE registry.ledger_episode ADD COLUMN remittance_frequency TEXT
    """,
    """
    ALTER TABLE registry.ledger_episode ADD COLUMN remittance_band TEXT
    """,
    """
    ALTER TABLE registry.ledger_episode ADD COLUMN remittance_channel TEXT
    """,
    """
    ALTER TABLE registry.ledger_episode ADD COLUMN remittance_uses TEXT[]
    """,
    """
    ALTER TABLE registry.migration_episode ADD COLUMN remittance_frequency TEXT
    """,
    """
    ALTER TABLE registry.migration_episode ADD COLUMN remittance_band TEXT
    """,
    """
    ALTER TABLE registry.migration_episode ADD COLUMN remittance_channel TEXT
    """,
    """
    ALTER TABLE registry.migration_episode ADD COLUMN remittance_uses TEXT[] DEFAULT '{}' NOT NULL
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
