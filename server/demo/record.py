"""One household as the registry stores it: its rows, its revision, its steps through the workflow and its warnings.

Rule: numbers go into the vault; rows hold their masks and the revision holds them sealed.
Test: tests/test_demo_households.py.
"""

import base64
import datetime as dt
import random
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from registry.codes import ChangeSource, IdentityField, WorkflowState
from registry.guard.vault import Vault
from registry.models.aggregate import Document
from registry.models.finding import FINDING
from registry.models.household import HOUSEHOLD
from registry.models.household_aggregate import AGGREGATE, CHILDREN, LISTS, NOUNS, SEALED
from registry.models.identity import IDENTITY
from registry.models.noun import table_of
from registry.models.workflow import EVENT, REMARK, REVISION
from registry.rules import check
from registry.values import derived
from registry.write.document import complete, listed
from registry.write.persist import finding_row
from registry.write.remark import class_of
from schema.inputs.household import INSIDE
from server.demo.accounts import Account, coordinator_of, officer_of, verifier_of
from server.demo.households import Village
from server.demo.rows import Rows

S = WorkflowState
Step = tuple[WorkflowState, dt.datetime, Account]
"""A state, when it was reached, and whose command led to it."""
STEPS = {
    S.DRAFT: (S.DRAFT,),
    S.SUBMITTED: (S.SUBMITTED,),
    S.VERIFIED_VILLAGE: (S.SUBMITTED, S.VERIFIED_VILLAGE),
    S.VERIFIED: (S.SUBMITTED, S.VERIFIED_VILLAGE, S.VERIFIED),
    S.RETURNED: (S.SUBMITTED, S.RETURNED),
}
REMARKS = (
    (["kkNumber"], "Nomor KK tidak terbaca; periksa kembali kartu keluarga."),
    (["members", "birthDate"], "Tanggal lahir kepala keluarga berbeda dengan KTP; salin ulang."),
    (["migrations", "departedOn"], "Tanggal berangkat belum jelas; tanyakan lagi kepada keluarga."),
    (["members", "education"], "Pendidikan kepala keluarga belum sesuai; tanyakan lagi."),
)
UNFINISHED = ("visit_result", "consent_basis", "consent_method", "consent_given_by", "consent_given_on")
"""Columns that a draft does not have yet."""

TABLES = {name: table_of(noun) for name, noun in NOUNS.items()}
TABLES_OF = {name: table for table, name in LISTS.items()}


class Recorder:
    """Adds the households of one village, as its officer and its verifiers would have left them."""

    def __init__(self, rows: Rows, village: Village, now: dt.datetime, vault: Vault) -> None:
        self.rows, self.village, self.now, self.vault = rows, village, now, vault
        self.officer, self.verifier = officer_of(village.code), verifier_of(village.code)
        self.coordinator = coordinator_of(village.code)

    def add(self, document: Document, state: WorkflowState, number: str, rng: random.Random) -> uuid.UUID:
        """Add one household in this state.  Returns its id."""
        ((key, household),) = document["household"].items()
        if state is S.DRAFT:
            for column in UNFINISHED:
                del household[column]
        complete(AGGREGATE, document)
        captured = dt.datetime.fromisoformat(household["captured_at"])
        steps = self._steps(state, captured, rng)
        id_ = uuid.UUID(key)
        common = self._common_columns(state, steps)
        child_common = common | {"household_id": id_}
        stored = self._seal(document, child_common)
        del stored["household"][key]["village_id"]  # a household's row has its village, its revisions do not
        columns = _masked(stored["household"][key]) | common | _step_columns(steps)
        lot = random.Random(f"lot/{id_}").getrandbits(31)
        columns |= {"id": id_, "household_no": number, "rev": 1, "workflow_state": state.value, "lot": lot}
        columns["authors"] = [] if state is S.VERIFIED else [self.officer.id]
        columns["updated_at"] = steps[-1][1]
        self.rows.add(HOUSEHOLD, columns)
        self._add_children(document, stored, child_common)
        text = orjson.dumps(stored).decode()
        revision = {"rev": 1, "source": ChangeSource.WEB, "document": text, "id": uuid.uuid5(id_, "revision/1")}
        self.rows.add(REVISION, child_common, revision)
        self._add_events(steps, child_common, stored, rng)
        self._add_findings(document, state, child_common)
        return id_

    def _common_columns(self, state: WorkflowState, steps: list[Step]) -> dict[str, Any]:
        """Columns that a household and all its records have."""
        first = steps[0][1]
        return {
            "village_id": self.village.id,
            "area": self.village.code,
            "draft": state is S.DRAFT,
            "created_at": first,
            "created_by": self.officer.id,
            "updated_at": first,
        }

    def _steps(self, state: WorkflowState, captured: dt.datetime, rng: random.Random) -> list[Step]:
        """The steps to the state, with their times and whoever took them; twelve days at most."""
        actors = {S.VERIFIED_VILLAGE: self.verifier, S.RETURNED: self.verifier, S.VERIFIED: self.coordinator}
        at = captured + dt.timedelta(hours=rng.uniform(2, 30))
        steps = []
        for reached in STEPS[state]:
            if reached in (S.VERIFIED_VILLAGE, S.RETURNED):
                at += dt.timedelta(days=rng.uniform(1, 4))
            elif reached is S.VERIFIED:
                at += dt.timedelta(days=rng.uniform(1, 6))
            steps.append((reached, at.replace(microsecond=0), actors.get(reached, self.officer)))
        return steps

    def _seal(self, document: Document, common: Mapping[str, Any]) -> Document:
        """A copy of the document with sealed numbers; the numbers go into the vault."""
        stored: Document = {}
        for table, records in document.items():
            stored[table] = {id_: dict(row) for id_, row in records.items()}
        for (table, column), number in SEALED.items():
            for id_, row in stored[table].items():
                if column in row:
                    row[column] = self._seal_number(id_, number, row[column], common)
        return stored

    def _seal_number(
        self, subject_id: str, number: IdentityField, value: str, common: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Add a number to the vault.  Returns its sealed form, as a revision holds it."""
        sealed = self.vault.seal(subject_id, number, value)
        columns = {
            "id": uuid.uuid5(common["household_id"], f"{subject_id}/{number.value}"),
            "subject_id": subject_id,
            "field": number.value,
            "key_id": sealed.key_id,
            "sealed": base64.b64decode(sealed.sealed),
            "blind": base64.b64decode(sealed.blind),
        }
        self.rows.add(IDENTITY, common, columns)
        return sealed.as_json()

    def _add_children(self, document: Document, stored: Document, common: Mapping[str, Any]) -> None:
        for table in CHILDREN:
            for id_, row in stored[table].items():
                derived_columns = _derived(table, row, document)
                self.rows.add(TABLES[table], _masked(row), derived_columns, common, {"id": id_})
                if "owner_category" in derived_columns:
                    row["owner_category"] = derived_columns["owner_category"]  # stays as it was at capture

    def _add_findings(self, document: Document, state: WorkflowState, common: Mapping[str, Any]) -> None:
        findings = check(document, self.now, complete=state is not S.DRAFT, aggregate=AGGREGATE)
        for position, finding in enumerate(findings, 1):
            row = finding_row(finding, position, document, INSIDE, self.officer.id)
            row["params"] = orjson.dumps(row["params"]).decode()
            id_ = uuid.uuid5(common["household_id"], f"finding/{position}")
            self.rows.add(FINDING, common, row, {"id": id_})

    def _add_events(self, steps: list[Step], common: Mapping[str, Any], document: Document, rng: random.Random) -> None:
        before: str | None = None
        for reached, at, actor in steps:
            times = {"at": at, "created_at": at, "updated_at": at, "created_by": actor.id}
            event = {
                "id": uuid.uuid5(common["household_id"], f"event/{reached.value}"),
                "from_state": before,
                "to_state": reached.value,
                "rev": 1,
                "actor_id": actor.id,
                "actor_name": actor.name,
                "actor_role": actor.role.value,
            }
            self.rows.add(EVENT, common, times, event)
            before = reached.value
            if reached is S.RETURNED:
                self._add_remark(actor, {**common, **times}, document, rng)

    def _add_remark(self, author: Account, common: Mapping[str, Any], document: Document, rng: random.Random) -> None:
        path, text = rng.choice(REMARKS)
        if path[0] in TABLES_OF:
            first_id = listed(TABLES_OF[path[0]], document)[0]
            path = [path[0], first_id, *path[1:]]
        remark = {
            "id": uuid.uuid5(common["household_id"], "remark/1"),
            "path": path,
            "rev": 1,
            "text": text,
            "about": class_of(path, INSIDE).value,
            "about_author": self.officer.id,
            "author_id": author.id,
            "author_name": author.name,
            "author_role": author.role.value,
        }
        self.rows.add(REMARK, common, remark)


def _step_columns(steps: list[Step]) -> dict[str, Any]:
    """The columns of a household that name who took its steps, and when."""
    columns: dict[str, Any] = {}
    for reached, at, actor in steps:
        if reached is S.VERIFIED_VILLAGE:
            columns["village_verified_by_id"] = actor.id
        elif reached in (S.SUBMITTED, S.VERIFIED):
            verb = "submitted" if reached is S.SUBMITTED else "verified"
            columns[f"{verb}_at"] = at
            columns[f"{verb}_by_id"] = actor.id
            columns[f"{verb}_by_name"] = actor.name
            columns[f"{verb}_by_role"] = actor.role.value
        if reached is S.VERIFIED:
            columns["verified_rev"] = 1
    return columns


def _derived(table: str, row: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """The columns that the registry computes from others."""
    if table == "migration_episode":
        born = document["member"][row["member_id"]].get("birth_date")
        return {"underage_at_departure": derived.underage_at_departure(born, row.get("departed_on"))}
    if table == "business":
        episodes = document["migration_episode"].values()
        of_owner = [episode for episode in episodes if episode["member_id"] == row["owner_id"]]
        scale = derived.scale(_amount(row, "annual_sales"), _amount(row, "capital"))
        return {"owner_category": derived.owner_category(of_owner), "scale": scale}
    return {}


def _amount(row: Mapping[str, Any], name: str) -> Decimal | None:
    text = row.get(f"{name}_amount")
    return Decimal(text) if text else None


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record as its table holds it: masks in place of sealed numbers."""
    return {name: value["mask"] if isinstance(value, dict) else value for name, value in row.items()}
