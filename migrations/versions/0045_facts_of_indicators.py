"""Facts that indicators count by: the sex of the head, what is recorded of a household, and others.

Rows that are there do not know them until the household is verified again; only a KBLI section gets its edition, of
which the business that it is counted of knows.
"""

from alembic import op

revision = "0045_facts_of_indicators"
down_revision = "0044_published"
branch_labels = None
depends_on = None

FACTS = {
    "ledger_household": ("sex TEXT", "answered INTEGER", "answers INTEGER"),
    "ledger_person": ("attends_parenting BOOLEAN",),
    "ledger_episode": ("occupation_group TEXT",),
    "ledger_business": ("survived BOOLEAN",),
}
EDITIONS = """
    UPDATE registry.ledger_business l SET kbli_section = b.kbli_version || ' ' || l.kbli_section
    FROM registry.business b WHERE b.id = l.subject_id AND l.kbli_section IS NOT NULL
"""


def upgrade() -> None:
    for table, columns in FACTS.items():
        for column in columns:
            op.execute(f"ALTER TABLE registry.{table} ADD COLUMN {column}")
    op.execute(EDITIONS)
