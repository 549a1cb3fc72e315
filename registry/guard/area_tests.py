"""The functions and tests by which the policies of the wall compare the area of a row with the caller's.

Rule: a setting that is missing or empty shows nothing.  Tests: tests/test_wall_settings.py.
"""

from __future__ import annotations

from registry.models.noun import SCHEMA

# The parameter `ability` is the name of a setting: PostgreSQL renames a parameter only if the function, and so every
# policy that calls it, is dropped first.
TYPES = """
DO $$ BEGIN
  CREATE TYPE {schema}.area_range AS RANGE (subtype = text, collation = "C", multirange_type_name = {schema}.area_set);
EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE OR REPLACE FUNCTION {schema}.areas(ability text) RETURNS {schema}.area_set LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.' || ability, true), '')::{schema}.area_set $$;
CREATE OR REPLACE FUNCTION {schema}.is_one_range(ability text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT current_setting('app.' || ability, true)
    = '{[' || current_setting('app.' || ability || '_from', true)
    || ',' || current_setting('app.' || ability || '_below', true) || ')}'
    AND current_setting('app.' || ability || '_from', true)
    || current_setting('app.' || ability || '_below', true) !~ '[^0-9./:]' $$;
CREATE OR REPLACE FUNCTION {schema}.me() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.user', true), '')::uuid $$;
""".replace("{schema}", SCHEMA)


def in_areas(setting: str) -> str:
    """The row lies in the areas of `setting`: the hull serves the index, the exact test follows where needed.

    `app.<setting>` is the area set, `_from` and `_below` are its hull.  The exact test is left out only if the set is
    written as that one range, so bounds that are missing or another set's never show what the set does not cover."""
    return (
        f"area >= (SELECT nullif(current_setting('app.{setting}_from', true), ''))"
        f" AND area < (SELECT current_setting('app.{setting}_below', true))"
        f" AND ((SELECT {SCHEMA}.is_one_range('{setting}')) OR {within(setting)})"
    )


def within(setting: str) -> str:
    return f"area <@ (SELECT {SCHEMA}.areas('{setting}'))"


UNDRAFTED = f"(NOT draft OR area <@ {SCHEMA}.areas('submit'))"
"""Without SELECT: drafts are few, and each SELECT costs every statement 2.5 µs for each table, used or not."""
