"""The face of a household's history: its revisions, each with what it changed."""

from __future__ import annotations

import datetime as dt

from auth.sensitivity import Sensitivity
from registry.codes import ChangeSource
from registry.models import finding, history
from registry.models.workflow import HouseholdRevision as RevisionFacts
from registry.read.query import Order
from schema.declare.makers import embedded, face, guarded, non_null, plain_list, shown, value_field
from schema.types.node import Actor, Connection

PERSONAL = Sensitivity.PERSONAL


@face(history.RevisionChanges)
class FieldChange:
    """One field that a revision changed: its values as text, masked like the data."""

    path: list[str] = non_null(history.change_path, PERSONAL)
    before: str | None = guarded(history.change_before)
    after: str | None = guarded(history.change_after)
    withheld: bool = value_field(
        history.change_withheld, "Whether the values are not shown: of a number of the vault only that it changed."
    )


@face(RevisionFacts)
class HouseholdRevision:
    """One saved version of a household."""

    rev: int = shown(RevisionFacts.rev)
    at: dt.datetime = shown(RevisionFacts.created_at, text="When it was saved.")
    actor: Actor | None = embedded(
        PERSONAL,
        "Who saved it.",
        history.author_id,
        account_id=history.author_id,
        name=history.author_name,
        role=history.author_role,
    )
    source: ChangeSource = shown(RevisionFacts.source)
    changes: list[FieldChange] | None = plain_list(
        PERSONAL,
        "What it changed against the revision before it that you see: the fields whose class you see in the record.",
        history.RevisionChanges,
        history.of_revision,
        finding.about_visible,
        order=(Order(history.change_position),),
        limit=history.MOST_CHANGES,
    )


@face()
class HouseholdRevisionConnection(Connection[HouseholdRevision]):
    """One page of revisions."""
