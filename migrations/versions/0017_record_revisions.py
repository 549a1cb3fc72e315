"""What was accepted of a village's records: their revisions, by which a retry is known too."""

from alembic import op

revision = "0017_record_revisions"
down_revision = "0016_labels_and_versions"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.record_revision (
        record_id UUID NOT NULL,
        noun TEXT NOT NULL,
        rev INTEGER NOT NULL,
        document JSON NOT NULL,
        edit_hash TEXT NOT NULL,
        actor_id UUID NOT NULL,
        actor_name TEXT NOT NULL,
        actor_role TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_record_revision PRIMARY KEY (id),
        CONSTRAINT uq_record_revision_record_id_rev UNIQUE (record_id, rev),
        CONSTRAINT fk_record_revision_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE
    )
    """,
    "CREATE INDEX ix_record_revision_area_id ON registry.record_revision (area, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
