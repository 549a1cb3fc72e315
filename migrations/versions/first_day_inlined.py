"""`registry.first_day` becomes part of the statement that calls it, and costs a fifth.

PostgreSQL does not inline a STRICT function whose body is not strict in every argument; without the word the answer is
the same, because `make_date` is null where its year is.

Revision ID: first_day_inlined
Revises: bounds
"""

from alembic import op

revision = "first_day_inlined"
down_revision = "bounds"
branch_labels = None
depends_on = None

BODY = """make_date(left(partial, 4)::int, coalesce(nullif(substr(partial, 6, 2), '')::int, 1),
                           coalesce(nullif(substr(partial, 9, 2), '')::int, 1))"""


def upgrade() -> None:
    op.execute(f"""CREATE OR REPLACE FUNCTION registry.first_day(partial text) RETURNS date
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT {BODY} $$""")
