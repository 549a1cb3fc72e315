"""The commands, one file for each noun: each one `input`, one payload with the changed record and `userErrors`.

Rule: a command runs only by its ability, and only its function in `registry/` decides; all can be sent twice.
schema/build.py imports every file of this folder: a new command is one file and no list.
Tests: tests/test_commands.py, tests/test_submission.py, tests/test_workflow.py, tests/test_audit.py.
"""

from __future__ import annotations

from typing import Any

from auth.ability import Ability
from registry.write import record
from registry.write.submission_context import SaveOutcome, Submission
from schema.declare.commands import command
from schema.declare.input_types import InputDict
from schema.engine.context import Context
from schema.inputs.village_record import VillageRecordInput
from schema.types.payload import payload
from schema.types.payload import record as shown_record


async def save(context: Context, submission: Submission) -> SaveOutcome:
    """Save what was sent of a record, by the write path.  Raises Forbidden and RateLimited."""
    quota = context.quotas.taken_ids
    return await record.save(context.database, context.vault, context.principal, submission, quota)


def saving(face: type[Any], ability: Ability, text: str, about_input: str, more: str = "") -> None:
    """Declare the command that saves a village's record: for `Training` it is `saveTraining`, with its payload.

    `face` is the type that shows the record, `text` what is created or changed, `about_input` describes what is sent;
    `more` is what callers should know besides.  It belongs into the file of the noun's name in this folder."""
    noun = face.__module__.rpartition(".")[2]
    input_ = VillageRecordInput(face, about_input)
    shown = shown_record(face, "As stored now; null when refused.", input_.noun.row_sensitivity)
    outcome = payload(f"Save{face.__name__}Payload", "Outcome of saving.", SaveOutcome, **{noun: shown})

    async def save_record(context: Context, sent: InputDict) -> SaveOutcome:
        return await save(context, input_.submission(ability, sent))

    save_record.__name__, save_record.__module__ = f"save_{noun}", f"{__name__}.{noun}"
    description = f"Create or change {text}; send it again as often as you like.  {more}".rstrip()
    command(ability, description, input_.command_input, outcome)(save_record)
