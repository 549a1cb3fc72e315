"""Who looks after the demo's children whose mother or father works abroad (pillar 3).

Invented: the other parent where there is one, else a grandmother, a grown sibling or an aunt.
Rule: only children who are still children today have an arrangement; whoever attends a session is in it already.
Test: tests/test_demo_pillars.py.
"""

import random
import uuid
from collections.abc import Collection, Iterator
from typing import Any

from registry.codes import CaregiverRelation, RelationToHead, Residence
from server.demo.villagers import Family

R = RelationToHead
OLDEST = 14
"""Years at the visit, after which a child may have come of age since."""
ARRANGED = 0.8
"""Share of the children of whose care the officer was told."""
NEEDS = {
    "Pendampingan belajar": 0.35,
    "Seragam dan alat sekolah": 0.2,
    "Telepon teratur dengan orang tua": 0.2,
    "Konseling": 0.06,
}
"""Share of the children who need it."""


def care_of(family: Family, attending: Collection[str], rng: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """The arrangements of a household by their ids; `attending` are the members who come to parenting sessions."""
    members = family.document["member"]
    for id_, child in members.items():
        parents = [child[key] for key in ("mother_id", "father_id") if key in child]
        has_parent_abroad = any(members[parent]["residence"] == Residence.ABROAD for parent in parents)
        is_young = int(child["birth_date"][:4]) >= family.visited.year - OLDEST
        if not (has_parent_abroad and is_young) or rng.random() > ARRANGED:
            continue
        relation, caregiver = _caregiver(family, parents)
        arrangement: dict[str, Any] = {
            "child_id": id_,
            "caregiver": relation.value,
            "needs": [need for need, share in NEEDS.items() if rng.random() < share],
            "attends_parenting": id_ in attending,
        }
        if caregiver is not None:
            arrangement["caregiver_member_id"] = caregiver
        yield str(uuid.uuid5(uuid.UUID(id_), "care")), arrangement


def _caregiver(family: Family, parents: Collection[str]) -> tuple[CaregiverRelation, str | None]:
    """Who of the household looks after a child of these parents; an aunt who lives elsewhere, if nobody can."""
    members = family.document["member"]
    at_home = {id_: row for id_, row in members.items() if row["residence"] == Residence.HOME}
    for parent in parents:
        if parent in at_home:
            is_mother = members[parent]["sex"] == "FEMALE"
            return CaregiverRelation.MOTHER if is_mother else CaregiverRelation.FATHER, parent
    for id_, row in at_home.items():
        if row["relation_to_head"] in (R.PARENT, R.PARENT_IN_LAW):
            return CaregiverRelation.GRANDPARENTS, id_
    for id_, row in at_home.items():
        if int(row["birth_date"][:4]) < family.visited.year - 19:
            return CaregiverRelation.ELDER_SIBLING, id_
    return CaregiverRelation.UNCLE_OR_AUNT, None
