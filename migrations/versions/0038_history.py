"""By which door a revision came, and what changes between two documents of a household."""

from alembic import op

revision = "0038_history"
down_revision = "0037_assistance"
branch_labels = None
depends_on = None
compatible = True

STATEMENTS = (
    "ALTER TABLE registry.household_revision ADD COLUMN source TEXT DEFAULT 'WEB' NOT NULL",
    # A document is table → id → column → value; null and an empty list say nothing.
    """
    CREATE FUNCTION registry.facts_of(document json) RETURNS TABLE (noun text, id text, fact text, value jsonb)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT t.key, r.key, c.key, c.value::jsonb
        FROM json_each(document) t, json_each(t.value) r, json_each(r.value) c
        WHERE c.value::text NOT IN ('null', '[]') $$
    """,
    # A number that was sealed again has the same blind index, and is the same number.
    """
    CREATE FUNCTION registry.changes_between(earlier json, later json)
    RETURNS TABLE (noun text, id text, fact text, before jsonb, after jsonb)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT noun, id, fact, e.value, l.value
        FROM registry.facts_of(earlier) e FULL JOIN registry.facts_of(later) l USING (noun, id, fact)
        WHERE coalesce(e.value -> 'blind', e.value) IS DISTINCT FROM coalesce(l.value -> 'blind', l.value) $$
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
