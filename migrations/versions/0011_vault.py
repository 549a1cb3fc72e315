"""The vault: sealed identity numbers, and a value that only the vault's own keys open."""

from alembic import op

revision = "0011_vault"
down_revision = "0010_workflow"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.identity (
        subject_id UUID NOT NULL,
        field TEXT NOT NULL,
        key_id TEXT NOT NULL,
        sealed BYTEA NOT NULL,
        blind BYTEA NOT NULL,
        household_id UUID NOT NULL,
        id UUID NOT NULL,
        village_id UUID NOT NULL,
        area TEXT COLLATE "C" NOT NULL,
        draft BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        archived_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_identity PRIMARY KEY (id),
        CONSTRAINT uq_identity_subject_id_field UNIQUE (subject_id, field),
        CONSTRAINT fk_identity_household FOREIGN KEY(household_id, village_id, area, draft) REFERENCES registry.household (id, village_id, area, draft) ON UPDATE CASCADE,
        CONSTRAINT fk_identity_village_id_area FOREIGN KEY(village_id, area) REFERENCES registry.region (id, code) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX ix_identity_area_id ON registry.identity (area, id)",
    "CREATE INDEX ix_identity_blind ON registry.identity (blind)",
    "CREATE INDEX ix_identity_household_id ON registry.identity (household_id, area)",
    """
    CREATE TABLE registry.vault_check (
        id INTEGER NOT NULL,
        key_id TEXT NOT NULL,
        sealed BYTEA NOT NULL,
        blind BYTEA NOT NULL,
        CONSTRAINT pk_vault_check PRIMARY KEY (id),
        CONSTRAINT ck_vault_check_one CHECK (id = 1)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
