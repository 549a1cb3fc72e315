"""How full the buckets of sign-in are, shared by all workers."""

from alembic import op

revision = "0024_throttle"
down_revision = "0023_people"
branch_labels = None
depends_on = None
compatible = True

STATEMENTS = (
    """
    CREATE TABLE registry.throttle (
        key UUID NOT NULL,
        level DOUBLE PRECISION NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE NOT NULL,
        familiar_until TIMESTAMP WITH TIME ZONE NOT NULL,
        forgotten_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_throttle PRIMARY KEY (key)
    )
    """,
    "CREATE INDEX ix_throttle_forgotten_at ON registry.throttle (forgotten_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
