"""Kinship in a household: who is a parent, spouse or child of whom, and what follows from a migration of theirs.

The mother and the father that are recorded decide; where none is recorded, the relation to the head does: a child of
the head is a child of the head's spouse too, and a parent-in-law of the head is a parent of that spouse.
Rule: family of a migrant are spouse, child and parent (UU 18/2017 Art. 1); nobody types it.
Tests: tests/test_kinship.py.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.codes import MigrationStage, ParentsAbroad, RelationToHead, Sex
from registry.models.episode import MigrationEpisode, of_newest_episode
from registry.models.fact import StatementContext, derived
from registry.models.member import Member, age
from registry.models.noun import const, is_one, table_of
from registry.values.derived import ADULT

PERSONAL, SPECIAL = Sensitivity.PERSONAL, Sensitivity.SPECIAL
MIGRANT = (
    MigrationStage.PROSPECTIVE,
    MigrationStage.WORKING_ABROAD,
    MigrationStage.ON_HOME_LEAVE,
    MigrationStage.RETURNED,
)
"""UU 18/2017 Art. 1: who will work, works or has worked abroad; a failed departure makes nobody a migrant."""
ABROAD = (MigrationStage.WORKING_ABROAD, MigrationStage.ON_HOME_LEAVE)
R = RelationToHead
SPOUSES = (R.HUSBAND, R.WIFE)
PARENTS_OF = (
    (R.CHILD, (R.HEAD, *SPOUSES)),
    (R.HEAD, (R.PARENT,)),
    (R.HUSBAND, (R.PARENT_IN_LAW,)),
    (R.WIFE, (R.PARENT_IN_LAW,)),
)
"""A relation to the head → the relations of the parents, if nobody is recorded as such."""
PARENT = (("mother_id", Sex.FEMALE), ("father_id", Sex.MALE))
"""The column that names each parent, and the parent's sex."""


def is_parent(child: sa.FromClause, parent: sa.FromClause, column: str, sex: Sex) -> sa.ColumnElement[bool]:
    """The second is the mother or the father of the first, by that column, or by the relations of both to the head."""
    # m.mother_id = p.id OR m.mother_id IS NULL AND p.sex = 'FEMALE'
    #   AND (m.relation_to_head = 'CHILD' AND p.relation_to_head IN ('HEAD', 'HUSBAND', 'WIFE') OR …)
    by_relation = []
    for relation, parents in PARENTS_OF:
        of_child, of_parent = is_one(child.c.relation_to_head, relation), is_one(parent.c.relation_to_head, *parents)
        by_relation.append(sa.and_(of_child, of_parent))
    recorded = child.c[column]
    supposed = sa.and_(recorded.is_(None), is_one(parent.c.sex, sex), sa.or_(*by_relation))
    return sa.or_(recorded == parent.c.id, supposed)


def _is_child_of(child: sa.FromClause, parent: sa.FromClause) -> sa.ColumnElement[bool]:
    mother, father = (is_parent(child, parent, column, sex) for column, sex in PARENT)
    return sa.or_(mother, father)


def _are_spouses(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    def side(head: sa.FromClause, spouse: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.and_(is_one(head.c.relation_to_head, R.HEAD), is_one(spouse.c.relation_to_head, *SPOUSES))

    return sa.or_(side(one, other), side(other, one))


def _kin(row: sa.FromClause, alias: str) -> tuple[sa.FromClause, sa.ColumnElement[bool]]:
    """The other members of the household of a member."""
    other = table_of(Member).alias(alias)
    same = other.c.household_id == row.c.household_id
    return other, sa.and_(same, other.c.id != row.c.id, other.c.archived_at.is_(None))


@derived(PERSONAL, "Keluarga PMI", "Spouse, child or parent of a migrant (UU 18/2017 Art. 1)", sa.Boolean())
def migrant_family(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # EXISTS (SELECT 1 FROM registry.member AS m$kin, registry.migration_episode AS e$kin
    #         WHERE m$kin.household_id = t$1.household_id AND m$kin.id != t$1.id AND … AND e$kin.member_id = m$kin.id
    #         AND e$kin.stage IN ('PROSPECTIVE', …) AND (… spouse, or parent, or child …))
    other, is_other = _kin(row, "m$kin")
    episode = table_of(MigrationEpisode).alias("e$kin")
    migrated = (episode.c.member_id == other.c.id, episode.c.archived_at.is_(None), is_one(episode.c.stage, *MIGRANT))
    related = sa.or_(_are_spouses(row, other), _is_child_of(row, other), _is_child_of(other, row))
    kin = sa.select(const(1)).select_from(other.join(episode, migrated[0])).where(is_other, *migrated[1:], related)
    return sa.exists(kin.correlate(row))


def _works_abroad(row: sa.FromClause, ctx: StatementContext, column: str, sex: Sex) -> sa.ColumnElement[bool]:
    alias = f"m${column}"
    parent, is_other = _kin(row, alias)
    stage = of_newest_episode(MigrationEpisode.stage, parent.c.id, ctx, f"e${column}")
    abroad = sa.select(const(1)).select_from(parent).where(is_other, is_parent(row, parent, column, sex))
    return sa.exists(abroad.where(is_one(stage, *ABROAD)).correlate(row))


def which_parents(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """Which parents of a person, of whatever age, work abroad, by the parents' newest episodes."""
    # CASE WHEN EXISTS (… mother …) THEN CASE WHEN EXISTS (… father …) THEN 'BOTH' … END ELSE … END
    # so that each parent is looked for once: a CASE evaluates no further than it must
    mother, father = (_works_abroad(row, ctx, column, sex) for column, sex in PARENT)
    with_mother = sa.case((father, const(ParentsAbroad.BOTH.value)), else_=const(ParentsAbroad.MOTHER.value))
    alone = sa.case((father, const(ParentsAbroad.FATHER.value)), else_=const(ParentsAbroad.NONE.value))
    return sa.case((mother, with_mother), else_=alone)


@derived(SPECIAL, "Orang tua di luar negeri", "Which parents of a child under 18 work abroad", ParentsAbroad)
def parents_abroad(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    """Null from the 18th birthday on, and if not even the year of birth is known."""
    # CASE WHEN (age … < 18) THEN CASE WHEN … END END
    return sa.case((age.expression(row, ctx) < const(ADULT), which_parents(row, ctx)))
