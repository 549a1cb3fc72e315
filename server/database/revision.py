"""A new version, drafted from how the nouns differ from the sum of the versions.

Rule: Alembic compares, and what it proposes is written as the plain DDL that a version is; what `migrate` applies after
the versions is left out.  Test: tests/test_revision.py.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import asyncpg
import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import CreateTableOp, MigrateOperation, OpContainer
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from registry.figures.ledger import PARTITIONS
from registry.models.noun import SCHEMA, Noun
from server.database.migrate import MIGRATIONS, head, run_versions

WORDS = re.compile(r"(?=.*[A-Za-z0-9])[\w ,;:.'’()-]+")  # they become the version's docstring and its name
LONGEST = 32  # characters: what Alembic's own table holds of a revision

DRAFT = '''"""{what}."""

from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None

STATEMENTS = (
{statements})


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
'''

TO_READ = """Read it before you keep it:
- A column or table with a new name is dropped there and made anew: write RENAME instead.
- What must not be null needs a value for the rows that are there.
- Functions, triggers, checks between columns, changed expressions of an index, and data are written by hand.
- What a column may hold, policies and crossings are left out: `desmigratif migrate` applies them.
- `compatible = True` belongs in it where the code before goes on: docs/decisions/compatible-versions.md.
Then run `make snapshots`, and pytest tests/test_migrations.py: it compares every column, key and index."""


class RevisionError(Exception):
    """Why no version is drafted."""


async def draft(what: str, dsn: str) -> Path:
    """Run the versions on the empty database of `dsn`, compare it with the nouns, and write the next version's file.

    Raises RevisionError."""
    if not WORDS.fullmatch(what):
        raise RevisionError('Say in words what it does, such as "Nickname of a member".')
    connection = await asyncpg.connect(dsn)
    await run_versions(connection, dsn)
    await connection.close()

    async def creator() -> asyncpg.Connection:
        return await asyncpg.connect(dsn)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)
    async with engine.connect() as compared:
        statements = await compared.run_sync(missing)
    await engine.dispose()
    if not statements:
        raise RevisionError(
            "The nouns and the versions agree. Write by hand what is in no noun: functions, triggers and data."
        )
    before = head()
    revision = revision_after(before, what)
    path = MIGRATIONS / "versions" / f"{revision}.py"
    text = "".join(indent(f'"""\n{statement}\n""",\n', "    ") for statement in statements)
    path.write_text(DRAFT.format(what=what.strip(' ."'), revision=revision, before=before, statements=text))
    return path


def revision_after(before: str, what: str) -> str:
    """The next number and the words, such as `0017_nickname_of_a_member`, as long as a revision may be."""
    number = int(before.partition("_")[0]) + 1
    words = re.sub(r"[^a-z0-9]+", "_", what.lower()).strip("_")
    return f"{number:04}_{words}"[:LONGEST].rstrip("_")


def missing(connection: sa.Connection, nouns: sa.MetaData = Noun.metadata) -> list[str]:
    """The statements that make the tables of a migrated database those of the nouns."""
    compared = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
            "include_object": _comparable,
            "version_table_schema": SCHEMA,
            "target_metadata": nouns,
        },
    )
    proposed = produce_migrations(compared, nouns).upgrade_ops
    assert proposed is not None
    sql = io.StringIO()
    written = MigrationContext.configure(
        dialect_name="postgresql",
        opts={"as_sql": True, "output_buffer": sql, "target_metadata": nouns},
    )
    operations = Operations(written)
    for operation in _leaves(proposed):
        operations.invoke(operation)
    return [_laid_out(statement) for statement in sql.getvalue().split(";\n\n") if statement.strip()]


def _comparable(item: sa.schema.SchemaItem, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    """Whether Alembic can tell the two apart: PostgreSQL writes the expression of an index in words of its own, and the
    partitions of a ledger are no tables of the nouns."""
    if kind == "table" and reflected and name is not None:
        return name not in PARTITIONS
    if not isinstance(item, sa.Index) or other is None:
        return True
    return all(isinstance(expression, sa.Column) for expression in item.expressions)


def _leaves(container: OpContainer) -> Iterator[MigrateOperation]:
    """The single operations, without what `migrate` applies to the columns of a new table."""
    for operation in container.ops:
        if isinstance(operation, OpContainer):
            yield from _leaves(operation)
            continue
        if isinstance(operation, CreateTableOp):
            operation.columns = [item for item in operation.columns if "column" not in item.info]
        yield operation


def _laid_out(statement: str) -> str:
    """As the versions write it in a string of Python, where SQLAlchemy would take `:word` for an argument."""
    escaped = re.sub("(?<!:):(?!:)", r"\\\\:", statement.strip().replace("\\", "\\\\"))
    lines = escaped.expandtabs(4).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())
