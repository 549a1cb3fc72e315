"""Monthly reports that villages have signed."""

from alembic import op

revision = "0040_signed_reports"
down_revision = "0039_care_of_children"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.signed_report (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        month TEXT COLLATE "C" NOT NULL,
        code TEXT COLLATE "C" NOT NULL,
        sha256 TEXT NOT NULL,
        rows JSONB NOT NULL,
        signer_id UUID NOT NULL,
        signer_name TEXT NOT NULL,
        signer_role TEXT NOT NULL,
        signed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_signed_report PRIMARY KEY (id),
        CONSTRAINT fk_signed_report_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE CASCADE,
        CONSTRAINT uq_signed_report_village_id_month UNIQUE (village_id, month)
    )
    """,
    """
    CREATE INDEX ix_signed_report_area_id ON registry.signed_report (area, id)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
