"""The functions and tests by which the policies of the wall compare the area of a row with the caller's.

Rule: a setting that is missing or empty shows nothing.  Tests: tests/test_wall_settings.py, tests/test_sees_exactly.py.
"""

from __future__ import annotations

from auth.ability import Ability
from auth.principal import SETTING_OF, area_setting
from auth.sensitivity import Sensitivity
from registry.models.noun import SCHEMA

PLANNED = (Sensitivity.OPERATIONAL, Sensitivity.PERSONAL, Sensitivity.SPECIAL)
"""The classes whose figures planners see exactly, from the regency up and without the records."""
SEEN_BY_CLASS = (*PLANNED, Sensitivity.PROTECTIVE)
"""The classes whose figures are exact where the caller sees the class; OPEN ones are exact for everybody."""


def _covers(setting: str) -> str:
    """The area `place` and everything under it lies in the areas of the setting, which are whole regions."""
    return f"coalesce(place <@ {SCHEMA}.areas('{setting}'), false)"


def _sees_exactly() -> str:
    """The body of `sees_exactly`: one expression without a sub-select, so that PostgreSQL inlines it."""
    # classes <@ '{OPEN,OPERATIONAL,PERSONAL,SPECIAL,PROTECTIVE}' AND classes <> '{}' AND (
    #   (NOT 'OPERATIONAL' = ANY (classes) OR coalesce(place <@ registry.areas('operational'), false)) AND …
    #   OR classes <@ '{OPEN,OPERATIONAL,PERSONAL,SPECIAL}' AND place NOT LIKE '%.%.%'
    #     AND coalesce(place <@ registry.areas('exact'), false))
    names = ",".join([Sensitivity.OPEN.value, *[kind.value for kind in SEEN_BY_CLASS]])
    planned = ",".join([Sensitivity.OPEN.value, *[kind.value for kind in PLANNED]])
    by_class = " AND ".join(
        f"(NOT '{kind.value}' = ANY (classes) OR {_covers(area_setting(kind))})" for kind in SEEN_BY_CLASS
    )
    plans = _covers(SETTING_OF[Ability.FIGURE_EXACT])
    return (
        f"coalesce(place IS NOT NULL AND classes <> '{{}}' AND classes <@ '{{{names}}}' AND ({by_class}"
        f" OR classes <@ '{{{planned}}}' AND place NOT LIKE '%.%.%' AND {plans}), false)"
    )


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
CREATE OR REPLACE FUNCTION {schema}.sees_exactly(classes text[], place text) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT {sees_exactly} $$;
""".replace("{schema}", SCHEMA).replace("{sees_exactly}", _sees_exactly())
"""What `migrate` makes anew each time.  `sees_exactly(classes, place)` says whether the caller may see figures of these
classes (names of Sensitivity) as they are, of the whole region `place`, or of the country, '0'."""


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
