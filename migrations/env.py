"""Alembic's environment: asyncpg engine without a pool, one transaction, the schema's owner as role.

Rule: versions are plain DDL that imports nothing of ours; a file is named after its place in the order and its revision.
They make tables, keys, indexes and functions.  `migrate` applies policies, crossings, and constraints on values (closed
lists and bounds) after them.  Both together equal the metadata.  Test: tests/test_migrations.py.
"""

import asyncio

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from registry.guard import wall
from registry.models.noun import SCHEMA, Noun


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Noun.metadata, version_table_schema=SCHEMA, include_schemas=True
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    creator = context.config.attributes["creator"]
    engine = create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(sa.text(f"SET ROLE {wall.OWNER}"))
        await connection.commit()
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
