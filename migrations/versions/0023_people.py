"""Where a grant lies, who gave and approved it and whether it waits; who created an account and how its name sounds.

A trigger writes the code of a grant's region, and the key of both carries a recoding to it, as it does for a record of
a village.  A grant of the whole country has the code that no region has.
"""

from alembic import op

revision = "0023_people"
down_revision = "0022_acting_for"
branch_labels = None
depends_on = None
compatible = True

STATEMENTS = (
    """
    ALTER TABLE registry.account
        ADD COLUMN created_by UUID,
        ADD COLUMN sounds TEXT[] COLLATE "C" GENERATED ALWAYS AS (registry.sounds(name || ' ' || username)) STORED
    """,
    *(
        f"CREATE INDEX ix_account_sound_{n} ON registry.account ((sounds[{n}])) WHERE sounds[{n}] IS NOT NULL"
        for n in range(1, 11)
    ),
    """
    ALTER TABLE registry.grants
        ADD COLUMN area TEXT COLLATE "C",
        ADD COLUMN granted_by_name TEXT,
        ADD COLUMN granted_by_role TEXT,
        ADD COLUMN approved_by UUID,
        ADD COLUMN pending BOOLEAN DEFAULT false NOT NULL
    """,
    """
    UPDATE registry.grants g
    SET area = coalesce((SELECT r.code FROM registry.region r WHERE r.id = g.region_id), '0')
    """,
    """
    ALTER TABLE registry.grants
        ALTER COLUMN area SET NOT NULL,
        ADD CONSTRAINT ck_grants_country CHECK (national = (area = '0')),
        ADD CONSTRAINT ck_grants_active_or_pending CHECK (NOT (active AND pending)),
        ADD CONSTRAINT fk_grants_region_id_area FOREIGN KEY(region_id, area)
            REFERENCES registry.region (id, code) ON UPDATE CASCADE
    """,
    "CREATE INDEX ix_grants_area ON registry.grants (area)",
    """
    CREATE FUNCTION registry.place_grant() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.area := CASE WHEN NEW.region_id IS NULL THEN '0'
                  ELSE (SELECT r.code FROM registry.region r WHERE r.id = NEW.region_id) END;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER grants_placed BEFORE INSERT ON registry.grants
        FOR EACH ROW EXECUTE FUNCTION registry.place_grant()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
