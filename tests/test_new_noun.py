"""A new noun is a few parts (README.md) and nothing else: of the household five, of a village four, and its rules.

In a copy of the project it is written, merged, masked, audited and walled; one of the household is sealed, filtered and
counted too.  Where a part is forgotten, one sentence says where it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import asyncpg
import pytest

from server.database.embedded import Embedded
from tests import workshop
from tests.loan import FACE_FILE, FACTS_FILE, LINE_FILE, LIST_FILE, LOAN
from tests.new_noun import ROOT, Copy, NewNoun, Starter, copy_project
from tests.workshop import WORKSHOP

pytestmark = pytest.mark.anyio
BOOT = (
    "import registry.models.household_aggregate, registry.guard.wall, registry.write.persist, schema.inputs.household;"
    " from schema.build import mutation; mutation()"
)
"""Declares and checks the nouns, from the ground up, as the server does when it starts."""
MIGRATE = "import asyncio; from server.database.migrate import migrate; asyncio.run(migrate({dsn!r}))"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the project as it is."""
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def with_noun(project: Copy) -> Iterator[Copy]:
    """The copy with the new noun of the household in it."""
    with project.restored(LOAN):
        project.add(LOAN)
        yield project


@pytest.mark.parametrize("noun", [LOAN, WORKSHOP], ids=lambda noun: noun.name)
def test_it_behaves_like_every_noun_of_its_kind(project: Copy, noun: NewNoun) -> None:
    with project.restored(noun):
        project.add(noun)
        proof = (ROOT / "tests" / f"{noun.name}_proof.py").read_text()
        (project.root / "tests" / f"test_{noun.name}.py").write_text(proof)
        run = project.run("-m", "pytest", "-p", "no:cacheprovider", f"tests/test_{noun.name}.py")
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-1_000:]
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed is not None
    assert int(passed[1]) > 10


@pytest.fixture(scope="module")
def starter(project: Copy) -> Iterator[Starter]:
    starter = Starter(project)
    yield starter
    starter.close()


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        (
            {"line", "migration"},
            "add loan to PARTS in registry/models/household_aggregate.py, or make it InHousehold only",
        ),
        (
            {"line", "face", "list", "migration"},
            "add loan to PARTS in registry/models/household_aggregate.py, or make it InHousehold only",
        ),
        (
            {"face", "list", "migration"},
            "declare the list `loans` in schema/types/household.py, of the face in schema/types/loan.py",
        ),
        (
            {"list", "migration"},
            "declare the list `loans` in schema/types/household.py, of the face in schema/types/loan.py",
        ),
    ],
    ids=["line", "everything but the facts", "face", "list"],
)
def test_a_forgotten_part_is_named_at_import(project: Copy, starter: Starter, without: set[str], sentence: str) -> None:
    with project.restored(LOAN):
        project.add(LOAN, without)
        assert starter.refusal(BOOT) == f"TypeError: {sentence}"


@pytest.mark.parametrize(
    ("path", "before", "after", "sentence"),
    [
        (
            FACTS_FILE,
            ', within=AMOUNT, whole="amount"',
            ", within=AMOUNT",
            "loan.currency is a value by itself: give its other column whole='amount' too",
        ),
        (
            FACTS_FILE,
            '"Currency", whole="amount"',
            '"Currency"',
            "loan.currency: a currency is one value with its amount: give both fact(…, whole=…)",
        ),
        (
            FACTS_FILE,
            '        IDENTITY, "Paspor',
            '        SPECIAL, "Paspor',
            "Passport shown by the borrower is a number of the vault: its class is IDENTITY",
        ),
        (
            FACTS_FILE,
            "sealed=IdentityField.PASSPORT, ",
            "",
            "Passport shown by the borrower is IDENTITY: give it fact(…, sealed=…), or it would be stored in the open",
        ),
        (
            FACTS_FILE,
            'fact(OPERATIONAL, "Angsuran teratur", "Repaid regularly")',
            'fact(OPERATIONAL, "Angsuran teratur", "Repaid regularly", server=True)',
            "loan.regular is the server's own: name it in `derived` of its line in PARTS",
        ),
        (
            LINE_FILE,
            'Part(Loan, "loans")',
            'Part(Loan, "loans", derived=("regular",))',
            "work out the `derived` of ['loan'] in DERIVATIONS of registry/write/persist.py",
        ),
        (
            FACE_FILE,
            "    lender: str | None = guarded(LoanFacts.lender)\n",
            "",
            "show lender of Loan in schema/types/loan.py: nobody could write it otherwise",
        ),
        (
            FACE_FILE,
            "workflow.can_numbers",
            "workflow.can_nothing",
            "viewer_can of Loan in schema/types/loan.py: can_numbers if it has a number of the vault",
        ),
        (
            FACE_FILE,
            "LoanListFilter = of_list(LoanFacts, LoanFilter)\n",
            "",
            "make LoanListFilter in schema/types/loan.py: the household's lists are filtered by it",
        ),
        (
            LIST_FILE,
            "LoanFacts, by(LoanFacts.household_id)",
            "LoanFacts, by(LoanFacts.household_id), order=(Order(LoanFacts.borrowed_on),)",
            "`loans` have one order: say it in schema/types/household.py and registry/models/household_aggregate.py",
        ),
    ],
)
def test_an_omission_inside_a_part_is_named_at_import(
    with_noun: Copy, starter: Starter, path: str, before: str, after: str, sentence: str
) -> None:
    with_noun.edit(path, before, after)
    assert starter.refusal(BOOT) == f"TypeError: {sentence}"


async def test_migrate_names_a_noun_without_a_migration(
    with_noun: Copy, starter: Starter, postgres: Embedded, admin: asyncpg.Connection
) -> None:
    (with_noun.root / LOAN.migration_file).unlink()
    dsn = postgres.dsn(await admin.fetchval("SELECT current_database()"))
    assert starter.refusal(MIGRATE.format(dsn=dsn)) == (
        "RuntimeError: no version makes loan: write a migration in migrations/versions"
    )


# --- a noun of a village ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        (
            {"face", "command"},
            "nobody could save a Workshop: declare its command in schema/commands/workshop.py",
        ),
        (
            {"command"},
            "nobody could save a Workshop: declare its command in schema/commands/workshop.py",
        ),
    ],
    ids=["face", "command"],
)
def test_a_forgotten_part_of_a_village_noun_is_named_at_start(
    project: Copy, starter: Starter, without: set[str], sentence: str
) -> None:
    with project.restored(WORKSHOP):
        project.add(WORKSHOP, without)
        assert starter.refusal(BOOT) == f"TypeError: {sentence}"


@pytest.mark.parametrize(
    ("path", "before", "after", "sentence"),
    [
        (
            workshop.FACTS_FILE,
            '"Biaya", "Cost", within=AMOUNT, whole="cost"',
            '"Biaya", "Cost", within=AMOUNT',
            "workshop.currency is a value by itself: give its other column whole='cost' too",
        ),
        (
            workshop.FACTS_FILE,
            'fact(PERSONAL, "Pelatih", "Trainer", longest=NAME)',
            'fact(Sensitivity.IDENTITY, "Pelatih", "Trainer", sealed=IdentityField.NIK, longest=NAME)',
            "Workshop has a number of the vault: only a household's records have those",
        ),
        (
            workshop.FACTS_FILE,
            'fact(PERSONAL, "Pelatih", "Trainer", longest=NAME)',
            'fact(PERSONAL, "Pelatih", "Trainer", longest=NAME, server=True)',
            "workshop.trainer is the server's own: nothing gives a village's record such a column",
        ),
        (
            workshop.FACTS_FILE,
            "    trainer: Mapped[str | None]",
            '    guest_id: Mapped[uuid.UUID | None] = fact(PERSONAL, "Tamu", "Guest")\n    trainer: Mapped[str | None]',
            "workshop.guest_id names a record: say of which noun, by fact(…, names=Member)",
        ),
        (
            workshop.FACTS_FILE,
            "    title: Mapped[str]",
            '    __table_args__ = in_village("workshop", sa.UniqueConstraint("title"))\n    title: Mapped[str]',
            "workshop has a unique key: no error tells yet who broke it",
        ),
        (
            workshop.FACTS_FILE,
            "    title: Mapped[str]",
            '    __table_args__ = in_village("workshop", sa.Index("u", "title", unique=True))\n    title: Mapped[str]',
            "workshop has a unique key: no error tells yet who broke it",
        ),
        (
            workshop.FACE_FILE,
            "    trainer: str | None = guarded(WorkshopFacts.trainer)\n",
            "",
            "show trainer of Workshop in schema/types/workshop.py: nobody could write it otherwise",
        ),
    ],
)
def test_an_omission_inside_a_part_of_a_village_noun_is_named_at_start(
    project: Copy, starter: Starter, path: str, before: str, after: str, sentence: str
) -> None:
    with project.restored(WORKSHOP):
        project.add(WORKSHOP)
        project.edit(path, before, after)
        if path == workshop.FACTS_FILE:
            imports = "import decimal\n"
            more = "import sqlalchemy as sa\nfrom registry.codes import IdentityField\n"
            project.edit(path, imports, imports + more + "from registry.models.scoped import in_village\n")
        assert starter.refusal(BOOT) == f"TypeError: {sentence}"
