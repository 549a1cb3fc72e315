"""From which day a loaded region list holds, so that an older one is known as older."""

from alembic import op

revision = "region_list_day"
down_revision = "remark_rev"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE registry.region_list ADD COLUMN effective_on DATE")
    op.execute(
        "UPDATE registry.region_list l SET effective_on = coalesce("
        "(SELECT max(valid_from) FROM registry.region r WHERE r.decree = l.decree), l.loaded_at::date)"
    )
    op.execute("ALTER TABLE registry.region_list ALTER COLUMN effective_on SET NOT NULL")
