"""Which bars of a figure may stand beside their sum without telling of a small one."""

from alembic import op

revision = "0013_figures"
down_revision = "0012_ledger"
branch_labels = None
depends_on = None

# A bar of 1 to 4 is hidden, and so is a bar whose rest of the sum, or of the same bar of `wholes`, is 1 to 4.  Hidden bars
# must not follow from the sum: if there is one alone, or few together, the next smallest bar is hidden too.
BARS = """
CREATE FUNCTION registry.bars(cells jsonb, whole integer, wholes jsonb)
RETURNS TABLE (value jsonb, hidden boolean) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  WITH bar AS (
    SELECT c.value, (c.value->>1)::int AS n,
           (SELECT (w.value->>1)::int FROM jsonb_array_elements(wholes) AS w WHERE w.value->>0 = c.value->>0) AS part_of
    FROM jsonb_array_elements(cells) AS c),
  judged AS (
    SELECT bar.value, n, n BETWEEN 1 AND 4 OR whole - n BETWEEN 1 AND 4 OR coalesce(part_of - n BETWEEN 1 AND 4, false) AS small
    FROM bar),
  ranked AS (
    SELECT judged.*, row_number() OVER (PARTITION BY small ORDER BY n, judged.value->>0) AS place,
           count(*) FILTER (WHERE small) OVER () AS smalls, coalesce(sum(n) FILTER (WHERE small) OVER (), 0) AS together
    FROM judged)
  SELECT ranked.value, small OR (place = 1 AND smalls > 0 AND (smalls = 1 OR together < 5)) FROM ranked
$$
"""


def upgrade() -> None:
    op.execute(BARS)
