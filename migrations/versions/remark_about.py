"""What a remark speaks of: the class of its field, and who recorded the row.

Revises: code_versions
"""

from alembic import op

revision = "remark_about"
down_revision = "code_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE registry.remark ADD COLUMN about text, ADD COLUMN about_author uuid")
    op.execute("ALTER TABLE registry.remark NO FORCE ROW LEVEL SECURITY")  # the owner sees no row of it otherwise
    op.execute("UPDATE registry.remark SET about = 'PERSONAL', about_author = created_by")
    for column in ("about", "about_author"):
        op.execute(f"ALTER TABLE registry.remark ALTER COLUMN {column} SET NOT NULL")
