"""The commands, one file for each noun: each one `input`, one payload with the changed record and `userErrors`.

Rule: a command runs only by its ability, and only its function in `registry/` decides; all can be sent twice.
schema/build.py imports every file of this folder: a new command is one file and no list.
Tests: tests/test_commands.py, tests/test_submission.py, tests/test_workflow.py, tests/test_audit.py.
"""

from registry.write import record
from registry.write.submission_context import SaveOutcome, Submission
from schema.engine.context import Context


async def save(context: Context, submission: Submission) -> SaveOutcome:
    """Save what was sent of a record, by the write path.  Raises Forbidden and RateLimited."""
    quota = context.quotas.taken_ids
    return await record.save(context.database, context.vault, context.principal, submission, quota)
