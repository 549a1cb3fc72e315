"""Which village a code of any year is today, for lists that ask for one village by equality.

Revision ID: one_village
Revises: reading
"""

from alembic import op

revision = "one_village"
down_revision = "reading"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Refuses what areas_of refuses, and a village that became a region of another level: nothing lies in it by equality.
    op.execute(
        """
        CREATE FUNCTION registry.village_of(code text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE
        AS $$
        DECLARE found text := lower(registry.areas_of(ARRAY[code]));
        BEGIN
          IF length(found) <> length(code) THEN
            RAISE EXCEPTION USING ERRCODE = 'DR001', MESSAGE = 'a village that became another level', DETAIL = found;
          END IF;
          RETURN found;
        END $$
        """
    )
