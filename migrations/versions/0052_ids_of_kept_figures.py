"""Ids of quoted answers are random; a digest, which nobody reads, tells that an answer was kept before.

Answers that were kept keep their ids, because they have been quoted.
"""

from alembic import op

revision = "0052_ids_of_kept_figures"
down_revision = "0051_ledger_of_cases"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE registry.figure ADD COLUMN content UUID",
    "UPDATE registry.figure SET content = id",
    "ALTER TABLE registry.figure ALTER COLUMN content SET NOT NULL",
    "ALTER TABLE registry.figure ADD CONSTRAINT uq_figure_content UNIQUE (content)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
