"""The tests by which the policies of the wall compare the area of a row with the caller's.

Rule: a setting that is missing or empty shows nothing.  Tests: tests/test_wall_settings.py.
"""

from __future__ import annotations

from registry.models.noun import SCHEMA


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
