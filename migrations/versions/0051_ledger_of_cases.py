"""The ledger of cases, which no login reads or writes.

A case that exists counts since it was recorded, with what it holds now.
"""

from alembic import op

revision = "0051_ledger_of_cases"
down_revision = "0050_kept_figures"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.ledger_case (
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE DEFAULT 'infinity' NOT NULL,
        subject_id UUID NOT NULL,
        household_id UUID NOT NULL,
        lot INTEGER NOT NULL,
        village_id UUID NOT NULL,
        village_then UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        country TEXT,
        case_type TEXT,
        case_status TEXT,
        opened_on DATE,
        closed_on DATE,
        days INTEGER,
        CONSTRAINT fk_ledger_case_village_id_area FOREIGN KEY(village_id, area)
            REFERENCES registry.region (id, code) ON UPDATE CASCADE
    ) PARTITION BY RANGE (until)
    """,
    "CREATE TABLE registry.ledger_case_open PARTITION OF registry.ledger_case FOR VALUES FROM ('infinity') TO (MAXVALUE)",
    "CREATE TABLE registry.ledger_case_closed PARTITION OF registry.ledger_case DEFAULT",
    "CREATE INDEX ix_ledger_case_area ON registry.ledger_case (area)",
    "CREATE INDEX ix_ledger_case_household_id ON registry.ledger_case (household_id)",
    """
    INSERT INTO registry.ledger_case (since, subject_id, household_id, lot, village_id, village_then, area,
      country, case_type, case_status, opened_on, closed_on, days)
    SELECT r.created_at, r.id, r.household_id, r.lot, r.village_id, r.village_id, r.area,
           e.country, r.type, r.status, r.opened_on, r.closed_on, r.closed_on - r.opened_on
    FROM registry.household_case r LEFT JOIN registry.migration_episode e ON e.id = r.migration_id
    WHERE r.archived_at IS NULL
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
