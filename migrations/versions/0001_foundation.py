"""Functions that the statements of every noun use: first day of a partial date, folded text, cursors, hull of areas."""

from alembic import op

revision = "0001_foundation"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    # The first day of a partial date.  It is null for null (`make_date` is), but not declared STRICT: PostgreSQL inlines
    # a STRICT function only if its body is strict in every argument, and a call costs five times as much.
    """
    CREATE FUNCTION registry.first_day(partial text) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT make_date(left(partial, 4)::int, coalesce(nullif(substr(partial, 6, 2), '')::int, 1),
                           coalesce(nullif(substr(partial, 9, 2), '')::int, 1)) $$
    """,
    # Letters without marks and case; the collation C knows the case of ASCII alone, and only that is left without marks.
    """
    CREATE FUNCTION registry.folded(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT lower(regexp_replace(normalize(said, NFKD), '[\\u0300-\\u036f]', '', 'g')) $$
    """,
    # One expression, so that PostgreSQL inlines it.
    """
    CREATE FUNCTION registry.cursor_of(keys json, inner_key bytea, outer_key bytea) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT translate(encode(convert_to(keys::text, 'UTF8') || substr(sha256(outer_key || sha256(inner_key
          || convert_to(keys::text, 'UTF8'))), 1, 16), 'base64'), E'+/=\\n', '-_') $$
    """,
    # The one range around all ranges of an area set.
    """
    CREATE FUNCTION registry.hull(setting text) RETURNS registry.area_set LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT range_merge(registry.areas(setting))::registry.area_set $$
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
