"""The face of the case."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.codes import CaseStatus, CaseType
from registry.models import workflow
from registry.models.case import Case as CaseFacts
from registry.models.episode import MigrationEpisode as EpisodeFacts
from registry.models.household import Household as HouseholdFacts
from registry.models.noun import to
from schema.declare.makers import ID, face, guarded, id_field, lazy, non_null, of_caller, one, shown, withheld_names
from schema.types.episode import MigrationEpisode
from schema.types.node import Record
from schema.types.pillar import by_case_status, pillar_filter

if TYPE_CHECKING:
    from schema.types.household import Household

SPECIAL = Sensitivity.SPECIAL


@face(CaseFacts)
class Case(Record):
    """A case (kasus): a complaint or trouble of a migrant or their family.

    It exists for those who see SPECIAL where its household lies, and for whoever recorded it; what happened is shown to
    its recorder alone.
    """

    id: ID = id_field(CaseFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can(Ability.CASE_RECORD))
    household: Annotated[Household, lazy("schema.types.household")] | None = one(
        SPECIAL, "The household; null while it is outside your area.", HouseholdFacts, to(CaseFacts.household_id)
    )
    migration: MigrationEpisode | None = one(
        SPECIAL, "The migration that it is about.", EpisodeFacts, to(CaseFacts.migration_id)
    )
    type: CaseType | None = guarded(CaseFacts.type)
    status: CaseStatus = non_null(CaseFacts.status, SPECIAL)
    opened_on: dt.date = non_null(CaseFacts.opened_on, SPECIAL)
    closed_on: dt.date | None = guarded(CaseFacts.closed_on)
    referred_to: str | None = guarded(CaseFacts.referred_to, text="Referred to: a code of the list REFERRAL")
    notes: str | None = guarded(CaseFacts.notes)
    outcome: str | None = guarded(CaseFacts.outcome)
    rev: int = shown(CaseFacts.rev)


CaseFilter = pillar_filter(CaseFacts, CaseFacts.opened_on, case_status=by_case_status(CaseFacts.status))
