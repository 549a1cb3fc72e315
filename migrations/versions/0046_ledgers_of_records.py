"""Ledgers of a village's records: visits, trainings, their participants, and assistance.

A record that exists counts since it was recorded, with what it holds now; an entry since it came into its list.
"""

from alembic import op

revision = "0046_ledgers_of_records"
down_revision = "0045_facts_of_indicators"
branch_labels = None
depends_on = None

RECORDS = (
    "service_visit",
    "training",
    "assistance",
    "business_group",
    "cooperative",
    "parenting_session",
    "household_case",
)
LEDGERS = {
    "visit": "service_type TEXT, date DATE",
    "training": "skill TEXT, starts_on DATE",
    "participant": "sex TEXT, skill TEXT, starts_on DATE",
    "assistance": "assistance_type TEXT, programme TEXT, date DATE, rupiah NUMERIC",
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
    INSERT INTO registry.ledger_visit {INTO}, service_type, date)
    SELECT {OWN}, r.type, r.date FROM registry.service_visit r WHERE r.archived_at IS NULL
    """,
    f"""
    INSERT INTO registry.ledger_training {INTO}, skill, starts_on)
    SELECT {OWN}, r.skill, r.starts_on FROM registry.training r WHERE r.archived_at IS NULL
    """,
    f"""
    INSERT INTO registry.ledger_participant {INTO}, sex, skill, starts_on)
    SELECT e.created_at, e.id, r.id, r.lot, r.village_id, r.village_id, r.area, m.sex, r.skill, r.starts_on
    FROM registry.training r JOIN registry.training_participant e ON e.record_id = r.id AND e.archived_at IS NULL
    LEFT JOIN registry.member m ON m.id = e.member_id WHERE r.archived_at IS NULL
    """,
    f"""
    INSERT INTO registry.ledger_assistance {INTO}, assistance_type, programme, date, rupiah)
    SELECT {OWN}, r.type, g.code, r.date,
           coalesce(CASE WHEN r.value_currency = 'IDR' THEN r.value_amount END, 0)
    FROM registry.assistance r LEFT JOIN registry.programme g ON g.id = r.programme_id WHERE r.archived_at IS NULL
    """,
)


def upgrade() -> None:
    for record in RECORDS:
        op.execute(f"ALTER TABLE registry.{record} ADD COLUMN lot INTEGER DEFAULT registry.draw_lot() NOT NULL")
    for name, facts in LEDGERS.items():
        for statement in (LEDGER, *OF_LEDGER):
            op.execute(statement.format(name=name, facts=facts))
    for statement in FILLED:
        op.execute(statement)
