"""The map: regions, their earlier codes, their successors, the loaded lists, and what a code of any year is today."""

from alembic import op

revision = "0003_map"
down_revision = "0002_names"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE registry.region (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        code TEXT COLLATE "C" NOT NULL,
        level TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        search_name TEXT NOT NULL,
        parent_id UUID,
        bps_code TEXT,
        valid_from DATE NOT NULL,
        valid_to DATE,
        decree TEXT NOT NULL,
        sounds TEXT[] COLLATE "C" GENERATED ALWAYS AS (registry.sounds(search_name)) STORED,
        CONSTRAINT pk_region PRIMARY KEY (id),
        CONSTRAINT uq_region_id_code UNIQUE (id, code),
        CONSTRAINT fk_region_parent_id FOREIGN KEY(parent_id) REFERENCES registry.region (id)
    )
    """,
    "CREATE INDEX ix_region_level_code ON registry.region (level, code)",
    "CREATE INDEX ix_region_parent_id ON registry.region (parent_id)",
    "CREATE UNIQUE INDEX uq_region_code_today ON registry.region (code) WHERE valid_to IS NULL",
    # One index for each word of a name: its sound to the end of the name.
    *(
        f"CREATE INDEX ix_region_sound_{n} ON registry.region ((sounds[{n}])) WHERE sounds[{n}] IS NOT NULL"
        for n in range(1, 11)
    ),
    """
    CREATE TABLE registry.region_code (
        region_id UUID NOT NULL,
        code TEXT COLLATE "C" NOT NULL,
        valid_from DATE NOT NULL,
        valid_to DATE,
        CONSTRAINT pk_region_code PRIMARY KEY (region_id, code, valid_from),
        CONSTRAINT fk_region_code_region_id FOREIGN KEY(region_id) REFERENCES registry.region (id)
    )
    """,
    "CREATE INDEX ix_region_code_code ON registry.region_code (code)",
    """
    CREATE TABLE registry.region_lineage (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        from_region_id UUID NOT NULL,
        to_region_id UUID,
        change TEXT NOT NULL,
        from_code TEXT COLLATE "C" NOT NULL,
        to_code TEXT COLLATE "C",
        decree TEXT NOT NULL,
        effective_on DATE NOT NULL,
        CONSTRAINT pk_region_lineage PRIMARY KEY (id),
        CONSTRAINT fk_region_lineage_from_region_id FOREIGN KEY(from_region_id) REFERENCES registry.region (id),
        CONSTRAINT fk_region_lineage_to_region_id FOREIGN KEY(to_region_id) REFERENCES registry.region (id)
    )
    """,
    "CREATE INDEX ix_region_lineage_from_region_id ON registry.region_lineage (from_region_id)",
    "CREATE INDEX ix_region_lineage_to_region_id ON registry.region_lineage (to_region_id)",
    # A list is valid from `effective_on`, which tells older lists from newer ones.
    """
    CREATE TABLE registry.region_list (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        source TEXT NOT NULL,
        decree TEXT NOT NULL,
        checksum TEXT NOT NULL,
        attribution TEXT,
        loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        regions INTEGER NOT NULL,
        effective_on DATE NOT NULL,
        CONSTRAINT pk_region_list PRIMARY KEY (id)
    )
    """,
    # Today's regions for a code of any year: the region itself, or its successors.
    """
    CREATE FUNCTION registry.regions_of(wanted text) RETURNS TABLE (id uuid) LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
      WITH RECURSIVE today AS (SELECT r.id FROM registry.region r WHERE r.code = wanted AND r.valid_to IS NULL),
      heirs(id) AS (
        SELECT h.region_id FROM registry.region_code h WHERE h.code = wanted AND NOT EXISTS (SELECT 1 FROM today)
        UNION
        SELECT l.to_region_id FROM heirs JOIN registry.region r ON r.id = heirs.id AND r.valid_to IS NOT NULL
        JOIN registry.region_lineage l ON l.from_region_id = r.id WHERE l.to_region_id IS NOT NULL)
      SELECT today.id FROM today UNION
      SELECT heirs.id FROM heirs JOIN registry.region r ON r.id = heirs.id WHERE r.valid_to IS NULL
    $$
    """,
    # Today's region for a code of any year.  An unknown code and one that was split are refused, with the successors.
    # The read engine calls it only if some codes are not today's.
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
    # Today's village for a code of any year, for lists that select one village by equality.  Refuses what areas_of
    # refuses, and a village that became a region of another level, because no row has the code of that.
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
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
