"""Ledgers of groups, cooperatives and their members.

A record that exists counts since it was recorded, with what it holds now; an entry since it came into its list.
"""

from alembic import op

revision = "0049_ledgers_of_groups"
down_revision = "0048_cells_of_days"
branch_labels = None
depends_on = None

LEDGERS = {
    "group": "formed_on DATE",
    "cooperative": "cooperative_status TEXT",
    "cooperative_member": "cooperative_status TEXT",
}
LEDGER = """
    CREATE TABLE registry.ledger_{name} (
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE DEFAULT 'infinity' NOT NULL,
        subject_id UUID NOT NULL,
        record_id UUID NOT NULL,
        lot INTEGER NOT NULL,
        village_id UUID NOT NULL,
        village_then UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        {facts},
        CONSTRAINT fk_ledger_{name}_village_id_area FOREIGN KEY(village_id, area)
            REFERENCES registry.region (id, code) ON UPDATE CASCADE
    ) PARTITION BY RANGE (until)
"""
OF_LEDGER = (
    "CREATE TABLE registry.ledger_{name}_open PARTITION OF registry.ledger_{name} FOR VALUES FROM ('infinity') TO (MAXVALUE)",
    "CREATE TABLE registry.ledger_{name}_closed PARTITION OF registry.ledger_{name} DEFAULT",
    "CREATE INDEX ix_ledger_{name}_area ON registry.ledger_{name} (area)",
    "CREATE INDEX ix_ledger_{name}_record_id ON registry.ledger_{name} (record_id)",
)
INTO = "(since, subject_id, record_id, lot, village_id, village_then, area"
OWN = "r.created_at, r.id, r.id, r.lot, r.village_id, r.village_id, r.area"
FILLED = (
    f"""
    INSERT INTO registry.ledger_group {INTO}, formed_on)
    SELECT {OWN}, coalesce(registry.first_day(r.formed_on), (r.created_at AT TIME ZONE 'Asia/Jakarta')::date)
    FROM registry.business_group r WHERE r.archived_at IS NULL
    """,
    f"""
    INSERT INTO registry.ledger_cooperative {INTO}, cooperative_status)
    SELECT {OWN}, r.status FROM registry.cooperative r WHERE r.archived_at IS NULL
    """,
    f"""
    INSERT INTO registry.ledger_cooperative_member {INTO}, cooperative_status)
    SELECT e.created_at, e.id, r.id, r.lot, r.village_id, r.village_id, r.area, r.status
    FROM registry.cooperative r JOIN registry.cooperative_member e ON e.record_id = r.id AND e.archived_at IS NULL
    WHERE r.archived_at IS NULL
    """,
)


def upgrade() -> None:
    for name, facts in LEDGERS.items():
        for statement in (LEDGER, *OF_LEDGER):
            op.execute(statement.format(name=name, facts=facts))
    for statement in FILLED:
        op.execute(statement)
