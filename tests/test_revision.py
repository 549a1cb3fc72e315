"""A version is drafted from the differences between nouns and versions, and migrates to the nouns."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from registry.models.noun import SCHEMA, Noun
from server.database.embedded import Embedded
from server.database.migrate import head
from server.database.revision import LONGEST, RevisionError, draft, missing, revision_after
from tests.test_architecture import ALLOWED, ROOT

pytestmark = pytest.mark.anyio

BEFORE = "    birth_place: Mapped[str | None] = fact("
FACT = """    nickname: Mapped[str | None] = fact(
        PERSONAL, "Nama panggilan", "Nickname", longest=50, server_default=r"a'\\d :b"
    )
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The program in its own folder, where nouns and versions may change."""
    for package in (*ALLOWED, "migrations"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )
    return tmp_path


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server.cli.main", *words],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=120,
    )


async def test_a_new_fact_is_drafted_and_the_draft_migrates(copy: Path, postgres: Embedded, admin: Any) -> None:
    noun = copy / "registry" / "models" / "member.py"
    noun.write_text(noun.read_text().replace(BEFORE, FACT + BEFORE))
    drafted = run(copy, "revision", "Nickname of a member.")
    assert drafted.returncode == 0, drafted.stderr
    (path,) = (copy / "migrations" / "versions").glob("*_nickname_of_a_member.py")
    assert str(path) in drafted.stdout
    assert "compatible = True" in drafted.stdout
    text = path.read_text()
    assert text.startswith('"""Nickname of a member."""\n')
    assert f'down_revision = "{head()}"\n' in text
    assert "ALTER TABLE registry.member ADD COLUMN nickname TEXT" in text
    assert len(re.findall(r"\b(?:ALTER TABLE|CREATE|DROP|COMMENT)\b", text)) == 1

    database = postgres.dsn(await admin.fetchval("SELECT current_database()"))
    migrated = run(copy, "migrate", "--database", database)
    assert migrated.returncode == 0, migrated.stderr
    assert await admin.fetchval("SELECT version_num FROM alembic_version") == path.stem
    columns = "SELECT column_default FROM information_schema.columns WHERE column_name = 'nickname' ORDER BY table_name"
    assert [row[0] for row in await admin.fetch(columns)] == [r"'a''\d :b'::text"]
    assert await admin.fetchval("SELECT count(*) FROM pg_constraint WHERE conname = 'ck_member_nickname'") == 1

    agreed = run(copy, "revision", "Nickname of a member")
    assert (agreed.returncode, agreed.stdout) == (1, "")
    assert "agree" in agreed.stderr


async def test_the_draft_of_a_new_table_leaves_out_what_migrate_applies(postgres: Embedded, admin: Any) -> None:
    nouns = sa.MetaData(schema=SCHEMA, naming_convention=Noun.metadata.naming_convention)
    for table in Noun.metadata.sorted_tables:
        table.to_metadata(nouns)
    applied = sa.CheckConstraint("char_length(text) <= 200", name="ck_note_text", info={"column": "text"})
    bound = sa.CheckConstraint("text <> code", name="ck_note_differs")
    text = sa.Column("text", sa.Text(), nullable=False)
    sa.Table("note", nouns, sa.Column("code", sa.Text(collation="C"), primary_key=True), text, applied, bound)

    async def creator() -> asyncpg.Connection:
        return await asyncpg.connect(postgres.dsn(await admin.fetchval("SELECT current_database()")))

    engine = create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)
    async with engine.connect() as connection:
        statements = await connection.run_sync(missing, nouns)
    await engine.dispose()
    assert statements == [
        "CREATE TABLE registry.note (\n"
        '    code TEXT COLLATE "C" NOT NULL,\n'
        "    text TEXT NOT NULL,\n"
        "    CONSTRAINT pk_note PRIMARY KEY (code),\n"
        "    CONSTRAINT ck_note_differs CHECK (text <> code)\n"
        ")"
    ]


@pytest.mark.parametrize("what", ["", " … ", 'A """quoted""" word', "two\nlines", "C:\\\\table"])
async def test_a_title_without_words_is_refused(what: str) -> None:
    with pytest.raises(RevisionError, match="Say in words what it does"):
        await draft(what, "postgresql://nobody@127.0.0.1:1/none")


def test_a_revision_id_is_its_number_and_words_cut_to_alembic_s_length() -> None:
    assert revision_after("0016_labels_and_versions", "What a Member’s called.") == "0017_what_a_member_s_called"
    long = revision_after("0999_x", "the words of " * 9)
    assert long.startswith("1000_the_words_of_the")
    assert len(long) <= LONGEST
