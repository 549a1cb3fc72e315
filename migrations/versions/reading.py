"""What filters and orders ask: areas of region codes, folded texts, the hull of an area set.

Revision ID: reading
Revises: grants_told
"""

from alembic import op

revision = "reading"
down_revision = "grants_told"
branch_labels = None
depends_on = None

STATEMENTS = (
    # A code of any year leads to today's region; one that nobody knows, or that was split, is refused with its heirs.
    # The read engine asks it only for codes that are not all today's.
    """
    CREATE FUNCTION registry.areas_of(codes text[]) RETURNS registry.area_set LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
    DECLARE wanted text; found text[]; made registry.area_set := '{}';
    BEGIN
      FOREACH wanted IN ARRAY codes LOOP
        SELECT array_agg(r.code ORDER BY r.code) INTO found FROM registry.region r WHERE r.code = wanted AND r.valid_to IS NULL;
        IF found IS NULL THEN
          SELECT array_agg(r.code ORDER BY r.code) INTO found
          FROM registry.regions_of(wanted) h JOIN registry.region r ON r.id = h.id;
        END IF;
        IF found IS NULL THEN
          RAISE EXCEPTION USING ERRCODE = 'DR001', MESSAGE = 'a region code that nobody knows';
        ELSIF cardinality(found) > 1 THEN
          RAISE EXCEPTION USING ERRCODE = 'DR001', MESSAGE = 'a region that was split', DETAIL = array_to_string(found, ' ');
        END IF;
        made := made + registry.area_set(registry.area_range(found[1], found[1] || '/'));
      END LOOP;
      RETURN made;
    END $$
    """,
    # One expression, so that PostgreSQL puts it in place of the call.
    """
    CREATE OR REPLACE FUNCTION registry.cursor_of(keys json, inner_key bytea, outer_key bytea) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT translate(encode(convert_to(keys::text, 'UTF8') || substr(sha256(outer_key || sha256(inner_key
          || convert_to(keys::text, 'UTF8'))), 1, 16), 'base64'), E'+/=\\n', '-_') $$
    """,
    """
    CREATE FUNCTION registry.hull(setting text) RETURNS registry.area_set LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT range_merge(registry.areas(setting))::registry.area_set $$
    """,
    # Letters without marks and case; the collation C knows the case of ASCII alone, which is left when marks are gone.
    """
    CREATE FUNCTION registry.folded(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT lower(regexp_replace(normalize(said, NFKD), '[\\u0300-\\u036f]', '', 'g')) $$
    """,
)


INSIDE = (
    "member",
    "migration_episode",
    "business",
    "identity",
    "household_revision",
    "workflow_event",
    "remark",
    "finding",
)
OF_MEMBER = {"migration_episode": "member_id", "business": "owner_id"}
COUNTED = {"household": "", "member": "", "migration_episode": "", "business": ", field"}


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    # The wall asks the area of every row: an index that has it spares the planner's bitmap of the caller's whole area.
    for table, column in [*[(table, "household_id") for table in INSIDE], *OF_MEMBER.items()]:
        op.execute(f"DROP INDEX registry.ix_{table}_{column}")
        op.execute(f"CREATE INDEX ix_{table}_{column} ON registry.{table} ({column}, area)")
    # What a list shows is counted from the index alone.
    for table, more in COUNTED.items():
        op.execute(f"CREATE INDEX ix_{table}_counted ON registry.{table} (area, draft{more}) WHERE archived_at IS NULL")
