"""A noun that the registry does not have, added as README.md explains: money that a household got from abroad.

tests/test_new_noun.py writes these parts into a copy of the project.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from server.database.migrate import served_versions

ROOT = Path(__file__).parents[1]
FACTS_FILE, FACE_FILE = "registry/models/remittance.py", "schema/types/remittance.py"
LINE_FILE, LIST_FILE = "registry/models/aggregate.py", "schema/types/household.py"
MIGRATION_FILE = "migrations/versions/remittance.py"
PARTS = (FACTS_FILE, FACE_FILE, LINE_FILE, LIST_FILE, MIGRATION_FILE)
COPIED = ("auth", "registry", "schema", "server", "migrations", "tests", "pyproject.toml")

FACTS = '''
"""Remittance (kiriman uang): money that a member of the household sent home."""

from __future__ import annotations

import decimal
import uuid

from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes import IdentityField
from registry.models.fact import CountryCode, CurrencyCode, PartialDate, fact
from registry.models.noun import Noun
from registry.models.scoped import HouseholdPart, of_member
from registry.values.bounds import AMOUNT, NAME

OPERATIONAL, PERSONAL, IDENTITY, SPECIAL = (
    Sensitivity.OPERATIONAL,
    Sensitivity.PERSONAL,
    Sensitivity.IDENTITY,
    Sensitivity.SPECIAL,
)


class Remittance(HouseholdPart, Noun):
    """Kiriman uang."""

    __tablename__ = "remittance"
    sender_id: Mapped[uuid.UUID] = fact(OPERATIONAL, "Pengirim", "Sender", counted=True)
    regular: Mapped[bool | None] = fact(OPERATIONAL, "Kiriman rutin", "Sent regularly", counted=True)
    sent_from: Mapped[CountryCode | None] = fact(OPERATIONAL, "Negara asal", "Country that it was sent from")
    sent_on: Mapped[PartialDate | None] = fact(OPERATIONAL, "Tanggal kirim", "Sent on")
    recipient: Mapped[str | None] = fact(PERSONAL, "Penerima", "Recipient", longest=NAME)
    amount: Mapped[decimal.Decimal | None] = fact(SPECIAL, "Jumlah", "Amount", within=AMOUNT, whole="amount")
    currency: Mapped[CurrencyCode | None] = fact(SPECIAL, "Mata uang", "Currency", whole="amount")
    passport_no: Mapped[str | None] = fact(
        IDENTITY, "Paspor pengirim", "Passport shown by the sender", sealed=IdentityField.PASSPORT, longest=32
    )
    __table_args__ = of_member("remittance", "sender_id")
'''

FACE = '''
"""The face of the remittance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from auth.ability import Ability
from auth.sensitivity import Sensitivity
from registry.models import workflow
from registry.models.fact import CountryCode, PartialDate
from registry.models.household import Household as HouseholdFacts
from registry.models.member import Member as MemberFacts
from registry.models.noun import to
from registry.models.remittance import Remittance as RemittanceFacts
from schema.declare.listing import filtering, of_list
from schema.declare.makers import ID, embedded, face, guarded, id_field, lazy, of_caller, one, shown, withheld_names
from schema.types.node import Money, Record

if TYPE_CHECKING:
    from schema.types.household import Household
    from schema.types.member import Member

OPERATIONAL, SPECIAL = Sensitivity.OPERATIONAL, Sensitivity.SPECIAL


@face(RemittanceFacts)
class Remittance(Record):
    """Kiriman uang: money that a member of the household sent home."""

    id: ID = id_field(RemittanceFacts.id)
    withheld: list[str] = withheld_names()
    viewer_can: list[Ability] = of_caller(workflow.can_numbers)
    household: Annotated[Household, lazy("schema.types.household")] = one(
        OPERATIONAL, "The household.", HouseholdFacts, to(RemittanceFacts.household_id)
    )
    sender: Annotated[Member, lazy("schema.types.member")] = one(
        OPERATIONAL, "Who sent it.", MemberFacts, to(RemittanceFacts.sender_id)
    )
    regular: bool | None = shown(RemittanceFacts.regular, by="filter")
    sent_from: CountryCode | None = shown(RemittanceFacts.sent_from)
    sent_on: PartialDate | None = shown(RemittanceFacts.sent_on, by="filter")
    recipient: str | None = guarded(RemittanceFacts.recipient)
    amount: Money | None = embedded(
        SPECIAL, "How much.", RemittanceFacts.amount, amount=RemittanceFacts.amount, currency=RemittanceFacts.currency
    )
    passport_masked: str | None = guarded(RemittanceFacts.passport_no, text="Passport as a mask, `X1******`")


RemittanceFilter = filtering(Remittance, RemittanceFacts, {})
RemittanceListFilter = of_list(RemittanceFacts, RemittanceFilter)
'''

LINE = '    Part(Remittance, "remittances", "ledger_remittance"),\n'
LIST = """    remittances: list[Remittance] = plain_list(
        OPERATIONAL, "Kiriman uang, at most 50.", RemittanceFacts, by(RemittanceFacts.household_id)
    )
"""
MIGRATION = '''
"""Remittances of a household, and those of verified households.

Revision ID: remittance
Revises: {head}
"""

from alembic import op

revision = "remittance"
down_revision = "{head}"
branch_labels = None
depends_on = None

TABLES = """
{tables}
"""


def upgrade() -> None:
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
'''
DRAFT = """
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable
from registry.figures.ledger import LEDGERS
from registry.models.remittance import Remittance
from registry.guard import wall
from registry.models.noun import table_of
for table in (table_of(Remittance), LEDGERS[table_of(Remittance)]):
    for part in (CreateTable(table), *map(CreateIndex, sorted(table.indexes, key=lambda index: index.name))):
        print(str(part.compile(dialect=postgresql.dialect())).strip() + ";")
"""


@dataclass(frozen=True)
class Copy:
    """A copy of the project in a folder of its own."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that finds only the packages of the copy."""
        return os.environ | {"PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments."""
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text.lstrip())

    def edit(self, path: str, before: str, after: str) -> None:
        """Replace `before`, which occurs once, with `after`."""
        text = (self.root / path).read_text()
        assert text.count(before) == 1, f"{path}: {before}"
        (self.root / path).write_text(text.replace(before, after))

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Restore the parts of the noun to their current text."""
        texts = {path: path.read_text() if path.exists() else None for path in map(self.root.joinpath, PARTS)}
        try:
            yield
        finally:
            for path, text in texts.items():
                if text is None:
                    path.unlink(missing_ok=True)
                else:
                    path.write_text(text)


def copy_project(folder: Path) -> Copy:
    """Copy the project as it is, with the files that git tracks or would add."""
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *COPIED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in files:
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    copy = Copy(folder)
    compiled = copy.run("-m", "compileall", "-q", "--invalidation-mode", "checked-hash", *COPIED[:4])
    assert compiled.returncode == 0, compiled.stdout
    return copy


def add(copy: Copy, without: Iterable[str] = ()) -> None:
    """Add the noun, in the order of README.md; `without` names the parts to forget."""
    parts = {"facts", "face", "line", "list", "migration"} - set(without)
    if "facts" in parts:
        copy.write(FACTS_FILE, FACTS)
    if "face" in parts:
        copy.write(FACE_FILE, FACE)
    if "line" in parts:
        end = ')\n"""In the order in which they refer to each other."""\n'
        copy.edit(LINE_FILE, end, LINE + end)
        business = "from registry.models.business import Business\n"
        copy.edit(LINE_FILE, business, business + "from registry.models.remittance import Remittance\n")
    if "list" in parts:
        imports = "from schema.types.business import Business\n"
        ours = "from registry.models.remittance import Remittance as RemittanceFacts\n"
        ours += "from schema.types.remittance import Remittance\n"
        copy.edit(LIST_FILE, imports, imports + ours)
        count = "    member_count: int = shown("
        copy.edit(LIST_FILE, count, LIST + count)
    if "migration" in parts:
        copy.write(MIGRATION_FILE, _migration(copy))


@cache
def _migration(copy: Copy) -> str:
    draft = copy.run("-c", DRAFT)
    assert draft.returncode == 0, draft.stderr
    head, *_ = served_versions(copy.root / "migrations" / "versions")
    return MIGRATION.format(head=head, tables=draft.stdout)


LIBRARIES = (
    "asyncpg cryptography.hazmat.primitives.ciphers.aead jwt sqlalchemy.dialects.postgresql starlette.applications"
)
SERVER = f"""
import importlib, os, sys
for name in "{LIBRARIES} strawberry".split():
    importlib.import_module(name)
for code in sys.stdin:
    if not os.fork():
        try:
            exec(code)
            print("it starts", flush=True)
        except Exception as error:
            print(f"{{type(error).__name__}}: {{error}}", flush=True)
        os._exit(0)
    os.wait()
"""
"""Runs each line that it reads in a process of its own, with the libraries but none of our modules loaded."""


class Starter:
    """Finds the error with which a copy does not start."""

    def __init__(self, copy: Copy) -> None:
        command = [sys.executable, "-c", SERVER]
        self._process = subprocess.Popen(
            command, cwd=copy.root, env=copy.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def refusal(self, code: str) -> str:
        """The error of one line of Python."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{code}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.communicate()
