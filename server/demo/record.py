"""One household as the registry keeps it: its rows, its revision, its way through the workflow and its warnings.

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

from registry.codes import WorkflowState
from registry.guard.vault import Vault
from registry.models.aggregate import CHILDREN, LISTS, NOUNS, SEALED
from registry.models.finding import FINDING
from registry.models.household import HOUSEHOLD
from registry.models.identity import IDENTITY
from registry.models.noun import table_of
from registry.models.workflow import EVENT, REMARK, REVISION
from registry.rules import check
from registry.values import derived
from registry.write.document import Document, listed
from registry.write.persist import finding_row
from registry.write.remark import class_of
from schema.inputs import INSIDE
from server.demo.accounts import Account, coordinator_of, officer_of, verifier_of
from server.demo.households import Village
from server.demo.rows import Rows

S = WorkflowState
Reached = tuple[WorkflowState, dt.datetime, Account]
"""A state, when it was reached and by whose act."""
WAYS = {
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
"""What a draft does not have yet."""

TABLES = {name: table_of(noun) for name, noun in NOUNS.items()}
TABLES_OF = {name: table for table, name in LISTS.items()}


class Recorder:
    """Adds the households of one village, as its officer and its verifiers would have left them."""

    def __init__(self, rows: Rows, village: Village, now: dt.datetime, vault: Vault) -> None:
        self.rows, self.village, self.now, self.vault = rows, village, now, vault
        self.officer, self.verifier = officer_of(village.code), verifier_of(village.code)
        self.coordinator = coordinator_of(village.code)

    def add(self, document: Document, state: WorkflowState, number: str, rng: random.Random) -> uuid.UUID:
        """Add one household in this state; answers its id."""
        ((key, household),) = document["household"].items()
        if state is S.DRAFT:
            for column in UNFINISHED:
                del household[column]
        captured = dt.datetime.fromisoformat(household["captured_at"])
        steps = self._steps(state, captured, rng)
        first, last = steps[0][1], steps[-1][1]
        id_ = uuid.UUID(key)
        here = {
            "village_id": self.village.id,
            "area": self.village.code,
            "draft": state is S.DRAFT,
            "created_at": first,
            "created_by": self.officer.id,
            "updated_at": first,
        }
        inside = here | {"household_id": id_}
        stored = self._seal(document, inside)
        del stored["household"][key]["village_id"]  # the household says where it is, not its revisions
        way = {"household_no": number, "rev": 1, "workflow_state": state.value, "updated_at": last}
        way["authors"] = [] if state is S.VERIFIED else [self.officer.id]
        self.rows.add(HOUSEHOLD, _masked(stored["household"][key]), here, way, _who(steps), {"id": id_})
        for table in CHILDREN:
            for child, row in stored[table].items():
                said = _derived(table, row, document)
                self.rows.add(TABLES[table], _masked(row), said, inside, {"id": child})
                if "owner_category" in said:
                    row["owner_category"] = said["owner_category"]  # stays as it was at capture
        revision = {"rev": 1, "document": orjson.dumps(stored).decode(), "id": uuid.uuid5(id_, "revision/1")}
        self.rows.add(REVISION, inside, revision)
        self._events(steps, inside, stored, rng)
        for position, finding in enumerate(check(document, self.now, complete=state is not S.DRAFT), 1):
            row = finding_row(finding, position, document, self.officer.id)
            row["params"] = orjson.dumps(row["params"]).decode()
            self.rows.add(FINDING, inside, row, {"id": uuid.uuid5(id_, f"finding/{position}")})
        return id_

    def _steps(self, state: WorkflowState, captured: dt.datetime, rng: random.Random) -> list[Reached]:
        """The way to the state: each step with its time and whoever took it; twelve days at most."""
        at = captured + dt.timedelta(hours=rng.uniform(2, 30))
        steps = []
        for step in WAYS[state]:
            if step in (S.VERIFIED_VILLAGE, S.RETURNED):
                at += dt.timedelta(days=rng.uniform(1, 4))
            elif step is S.VERIFIED:
                at += dt.timedelta(days=rng.uniform(1, 6))
            actors = {S.VERIFIED_VILLAGE: self.verifier, S.RETURNED: self.verifier, S.VERIFIED: self.coordinator}
            steps.append((step, at.replace(microsecond=0), actors.get(step, self.officer)))
        return steps

    def _seal(self, document: Document, inside: Mapping[str, Any]) -> Document:
        """The document as it is stored, with sealed numbers."""
        stored: Document = {
            table: {id_: dict(row) for id_, row in records.items()} for table, records in document.items()
        }
        for (table, column), number in SEALED.items():
            for id_, row in stored[table].items():
                if column in row:
                    sealed = self.vault.seal(id_, number, row[column])
                    row[column] = sealed.as_json()
                    box = {"sealed": base64.b64decode(sealed.sealed), "blind": base64.b64decode(sealed.blind)}
                    kept = {"subject_id": id_, "field": number.value, "key_id": sealed.key_id}
                    self.rows.add(IDENTITY, inside, kept, box, {"id": uuid.uuid5(uuid.UUID(id_), number.value)})
        return stored

    def _events(self, steps: list[Reached], inside: Mapping[str, Any], document: Document, rng: random.Random) -> None:
        household, before = inside["household_id"], None
        for step, at, actor in steps:
            when = {"at": at, "created_at": at, "updated_at": at, "created_by": actor.id}
            event = {"from_state": before, "to_state": step.value, "rev": 1}
            who = {"actor_id": actor.id, "actor_name": actor.name, "actor_role": actor.role.value}
            self.rows.add(EVENT, inside, when, event, who, {"id": uuid.uuid5(household, f"event/{step.value}")})
            before = step.value
            if step is S.RETURNED:
                path, text = rng.choice(REMARKS)
                if path[0] in TABLES_OF:  # the first of the list, by its id
                    path = [path[0], listed(TABLES_OF[path[0]], document)[0], *path[1:]]
                author = {"author_id": actor.id, "author_name": actor.name, "author_role": actor.role.value}
                said = {"path": path, "rev": 1, "text": text, "id": uuid.uuid5(household, "remark/1")}
                said |= {"about": class_of(path, INSIDE).value, "about_author": inside["created_by"]}
                self.rows.add(REMARK, inside, when, author, said)


def _who(steps: list[Reached]) -> dict[str, Any]:
    """What the household itself says of its way."""
    said: dict[str, Any] = {}
    for step, at, actor in steps:
        if step is S.VERIFIED_VILLAGE:
            said["village_verified_by_id"] = actor.id
        elif step in (S.SUBMITTED, S.VERIFIED):
            verb = "submitted" if step is S.SUBMITTED else "verified"
            said |= {f"{verb}_at": at, f"{verb}_by_id": actor.id}
            said |= {f"{verb}_by_name": actor.name, f"{verb}_by_role": actor.role.value}
        if step is S.VERIFIED:
            said["verified_rev"] = 1
    return said


def _derived(table: str, row: Mapping[str, Any], document: Document) -> dict[str, Any]:
    if table == "migration_episode":
        born = document["member"][row["member_id"]].get("birth_date")
        return {"underage_at_departure": derived.underage_at_departure(born, row.get("departed_on"))}
    if table == "business":
        own = [e for e in document["migration_episode"].values() if e["member_id"] == row["owner_id"]]
        sales, capital = (Decimal(a) if (a := row.get(f"{n}_amount")) else None for n in ("annual_sales", "capital"))
        return {"owner_category": derived.owner_category(own), "scale": derived.scale(sales, capital)}
    return {}


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record as its table holds it: masks in place of sealed numbers."""
    return {name: value["mask"] if isinstance(value, dict) else value for name, value in row.items()}
