"""Crossings: the few database functions that must see beyond the caller.

Each is one SECURITY DEFINER function of the role `registry_crossing`, which has a policy of its own on the tables
named here, and a pinned search_path.  Its answer contains no records: a count, yes or no, the caller's own grants, or
the officers of a village; a trigger has no answer.
Rule: nothing else in the database sees beyond the caller.  Test: tests/test_crossing.py compares with pg_proc.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from registry.figures import coverage
from registry.figures.catalogue import INDICATORS
from registry.figures.cube import CUBES
from registry.figures.fold import FOLD
from registry.guard import case_counting, counting, quota, record_id, statistics
from registry.guard.counted import CHILDREN, COUNTED, RETURNS
from registry.guard.staff import POLICY
from registry.models.account import LIVING
from registry.models.officer import officers_of


@dataclass(frozen=True)
class Crossing:
    """One such function: it may read all of the tables `reads`, add rows to `enters`, change rows of `changes`
    and delete rows of `removes`.

    The documentation shows `why`."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    returns: str
    reads: frozenset[str]
    why: str
    body: str
    enters: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    removes: frozenset[str] = frozenset()
    builds: bool = False
    """Its body is a block that builds its query, although it only reads."""

    @property
    def language(self) -> str:
        """Its language and volatility; a function that only reads is one stable query."""
        if self.enters or self.changes or self.removes:
            return "plpgsql VOLATILE"
        return "plpgsql STABLE" if self.builds else "sql STABLE"


REGISTERED_OPERATION = Crossing(
    "registered_operation",
    (("caller", "uuid"), ("hash", "text")),
    "text",
    frozenset({"service_operation"}),
    "What a service account may run is read before anything of its request is.",
    "SELECT document FROM service_operation WHERE account_id = caller AND sha256 = hash",
)

SERVICE_KEYS = Crossing(
    "service_keys",
    (),
    "TABLE (kid text, account_id uuid, public_key text)",
    frozenset({"service_key", "account"}),
    "The public keys by which the tokens of service accounts are verified, before anybody is known.",
    "SELECT k.kid, k.account_id, k.public_key FROM service_key k JOIN account a ON a.id = k.account_id"
    " WHERE a.active AND a.service",
)

FIGURES = Crossing(
    "figures",
    (("inside", "text"),),
    f"TABLE (area text, {RETURNS}, margin int, cut_off timestamptz, region_version text)",
    frozenset(
        {
            "region",
            "village_enrolment",
            "region_list",
            "ledger_household",
            "ledger_person",
            "ledger_migrant",
            "ledger_business",
            "figure_cell",
            "figure_due",
            "published",
            "block_close",
        }
    ),
    "Planners see figures of a region without its records, and everybody else gets what is published of it.",
    COUNTED,
)

_ANSWERED = frozenset({count.unit.ledger for it in INDICATORS.values() for count in (it.counts, it.per) if count})
_CELLS = "TABLE (nth int, side text, region text, line text[], share text[], amount numeric)"

FIGURE_CELLS = Crossing(
    "figure_cells",
    (("asked", "jsonb"), ("dims", "text[]"), ("place", "text")),
    _CELLS,
    _ANSWERED | coverage.READ | {"region_lineage"},
    "Planners see figures without the records; it counts only where `sees_exactly` lets the caller.",
    counting.FIGURE_CELLS,
    builds=True,
)

PUBLISHED_CELLS = Crossing(
    "published_cells",
    (("asked", "jsonb"), ("dims", "text[]"), ("place", "text")),
    _CELLS,
    frozenset({"published"}),
    "What is published is the same for every caller, and is part of the same answer.",
    counting.PUBLISHED_CELLS,
    builds=True,
)

_ANSWER = (
    "TABLE (id uuid, area text, cut_off timestamptz, oldest_cut_off timestamptz, region_version text,"
    " reporting int, enrolled int, published int, suppressed int, question jsonb, total jsonb, lines jsonb)"
)

STATISTICS = Crossing(
    "statistics",
    (("asked", "jsonb"), ("place", "text")),
    _ANSWER,
    frozenset(
        {
            "region",
            "region_code",
            "region_lineage",
            "village_enrolment",
            "region_list",
            "ledger_household",
            "block_close",
            "figure",
        }
    ),
    "Which villages report is public, and a day before the first verification has no figures.",
    statistics.STATISTICS,
    enters=frozenset({"figure"}),
)

KEPT_STATISTICS = Crossing(
    "kept_statistics",
    (("which", "uuid"),),
    _ANSWER,
    frozenset({"figure"}),
    "A quoted answer is kept as it was, and shown again to whoever may see each of its exact figures.",
    statistics.KEPT,
    builds=True,
)

CHILDREN_LEFT_BEHIND = Crossing(
    "children_left_behind",
    (("inside", "text"),),
    "int",
    frozenset({"ledger_person"}),
    "Whoever plans for a regency counts the children whose parents are abroad, without their records.",
    CHILDREN,
)

_FOLDED = frozenset({"figure_cell", "figure_due", *(cube.unit.ledger for cube in CUBES)})

FOLDING = Crossing(
    "fold",
    (("most", "int"),),
    "int",
    _FOLDED,
    "What the figures keep is added up from the ledgers of all villages, and nobody reads or writes it but by figures.",
    FOLD,
    enters=frozenset({"figure_cell"}),
    changes=frozenset({"figure_cell"}),
    removes=frozenset({"figure_due"}),
)

_CASES = frozenset({"ledger_case"})

COUNTING_CASE = Crossing(
    "count_case",
    (("counted", "jsonb"),),
    "void",
    _CASES,
    "A case is counted by whoever saves it, and its ledger is read by no caller.",
    case_counting.COUNT,
    enters=_CASES,
    changes=_CASES,
)

MOVING_CASES = Crossing(
    "move_cases",
    (("whose", "uuid"), ("village", "uuid"), ("code", "text")),
    "void",
    _CASES,
    "Whoever moves a household moves its cases too, although they may see none; the answer is always empty.",
    case_counting.MOVE,
    enters=_CASES,
    changes=_CASES,
)

NAMING = Crossing(
    "enter_ids",
    (),
    "trigger",
    frozenset({record_id.RECORD_ID.name, quota.QUOTA.name}),
    "An id that names a record, visible to the caller or not, names no other.",
    record_id.ENTER,
    frozenset({record_id.RECORD_ID.name}),
)

TAKING = Crossing(
    "take",
    (("whose", "uuid"), ("what", "text"), ("about", "uuid"), ("per_hour", "int")),
    "int",
    frozenset({quota.QUOTA.name}),
    "How often accounts did something is counted for them, and they cannot reset it.",
    quota.TAKE,
    enters=frozenset({quota.QUOTA.name}),
    changes=frozenset({quota.QUOTA.name}),
)

WAS_GRANTED = Crossing(
    "was_granted",
    (("whose", "uuid"),),
    "boolean",
    frozenset({"grants"}),
    "An account that never had a grant lies in no area: its creator and the ministry see it.",
    "SELECT EXISTS (SELECT FROM grants g WHERE g.user_id = whose)",
)

LIVING_GRANTS = Crossing(
    "living_grants",
    (("whose", "uuid"),),
    "int",
    frozenset({"grants"}),
    "Whoever manages an account may give its every grant, those out of their sight too: how many there are.",
    f"SELECT count(*)::int FROM grants g WHERE g.user_id = whose AND {LIVING}",
)

OFFICERS_OF = Crossing(
    "officers",
    (("village", "uuid"),),
    "TABLE (id uuid, name text, role text)",
    frozenset({"account", "grants", "region"}),
    "Whoever sees the persons of a village sees who visits them, although they see no accounts.",
    officers_of(sa.literal_column("village", sa.Uuid()), POLICY),
)
