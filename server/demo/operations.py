"""The operations of the demo's service account: the example operations of frontend teams.

Rule: it runs them and nothing else, as a service account does in production.  Test: tests/test_operations.py.
"""

from __future__ import annotations

from pathlib import Path

from auth.policy import REGISTERED_ONLY
from registry.write.service import put_operations
from registry.write.shell import shell
from schema.build import Schema
from schema.declare.strawberry_internals import graphql_schema
from schema.engine.registration import registrations
from server.demo.accounts import PERSONAS

PACKED = Path(__file__).with_name("operations.graphql")
"""Where a wheel has the example operations (pyproject.toml); a checkout has them in `examples/`."""
EXAMPLES = PACKED if PACKED.exists() else Path(__file__).parents[2] / "examples" / PACKED.name


async def register_examples(dsn: str, schema: Schema) -> None:
    """Let the demo's service accounts run the example operations, and no others."""
    files = registrations([EXAMPLES], graphql_schema(schema))
    async with shell(dsn, "demo") as work:
        for persona in PERSONAS:
            if persona.role in REGISTERED_ONLY:
                await put_operations(work.tx, persona.id, files.operations)
