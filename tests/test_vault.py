"""The identity vault: callers read a mask, and the full number only by one audited command."""

from __future__ import annotations

import base64
import json
import re
import secrets
import stat
import uuid
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from registry.codes import IdentityField
from registry.guard.vault import Vault
from registry.models.noun import Noun
from registry.values import identity_number
from tests.village import FAR, REVEAL, Place, episode, household, person

ROOT = Path(__file__).parents[1]
FIELDS = st.sampled_from(IdentityField)
NUMBERS = st.text(st.characters(categories=["Nd", "Lu"], include_characters="+"), min_size=1, max_size=20)
OLD = secrets.token_bytes(32)
VAULT = Vault("k1", {"k1": OLD}, secrets.token_bytes(32))
TYPED = {"phone": "0812 3456 7890", "kkNumber": "3507112304190001", "passportNo": "x1234567", "epmiNo": "id-77 66 55"}
KEPT = {"PHONE": "+6281234567890", "KK_NUMBER": "3507112304190001", "PASSPORT": "X1234567", "EPMI": "ID-776655"}


def test_only_the_reveal_and_the_validation_open_numbers() -> None:
    texts = {
        str(path.relative_to(ROOT)): path.read_text()
        for package in ("auth", "registry", "schema", "server")
        for path in (ROOT / package).rglob("*.py")
    }
    opening = {path for path, text in texts.items() if "vault.open(" in text}
    assert opening == {"registry/write/reveal.py", "registry/write/document.py"}
    validating = {
        path for path, text in texts.items() if re.search(r"registry\.write\.document import .*\bopened\b", text)
    }
    assert validating == {"registry/write/household.py"}


# --- sealing ----------------------------------------------------------------------------------------------------------


@given(st.uuids(), FIELDS, NUMBERS)
def test_a_sealed_value_opens_unchanged(subject: uuid.UUID, field: IdentityField, number: str) -> None:
    box = VAULT.seal(subject, field, number)
    assert VAULT.open(subject, field, box.key_id, box.sealed) == number
    assert VAULT.open(str(subject), field, box.key_id, box.sealed) == number
    assert box.mask == identity_number.NUMBERS[field].mask(number)


@given(st.uuids(), FIELDS, NUMBERS)
def test_the_same_number_is_sealed_differently_each_time_and_compares_equal(
    subject: uuid.UUID, field: IdentityField, number: str
) -> None:
    a, b = VAULT.seal(subject, field, number), VAULT.seal(subject, field, number)
    assert a.sealed != b.sealed
    assert a.blind == b.blind == VAULT.seal(uuid.uuid4(), field, number).blind


@given(st.uuids(), NUMBERS, NUMBERS)
def test_other_numbers_fields_and_keys_have_other_blind_indexes(subject: uuid.UUID, a: str, b: str) -> None:
    assert (VAULT.blind(IdentityField.NIK, a) == VAULT.blind(IdentityField.NIK, b)) is (a == b)
    assert len({VAULT.blind(field, a) for field in IdentityField}) == len(IdentityField)
    assert Vault("k1", {"k1": OLD}, secrets.token_bytes(32)).blind(IdentityField.NIK, a) != VAULT.blind(
        IdentityField.NIK, a
    )


def test_a_sealed_value_opens_only_unchanged_in_its_record_and_field() -> None:
    subject, field = uuid.uuid4(), IdentityField.NIK
    box = VAULT.seal(subject, field, "3507116304850001")
    touched = bytearray(base64.b64decode(box.sealed))
    touched[-1] ^= 1
    for where, which, sealed in (
        (uuid.uuid4(), field, box.sealed),
        (subject, IdentityField.KK_NUMBER, box.sealed),
        (subject, field, base64.b64encode(touched).decode()),
    ):
        with pytest.raises(InvalidTag):
            VAULT.open(where, which, box.key_id, sealed)


def test_after_rotation_the_new_key_seals_and_the_old_one_opens() -> None:
    blind, subject = secrets.token_bytes(32), uuid.uuid4()
    before = Vault("k1", {"k1": OLD}, blind)
    after = Vault("k2", {"k1": OLD, "k2": secrets.token_bytes(32)}, blind)
    old, new = (v.seal(subject, IdentityField.PHONE, "+6281234567890") for v in (before, after))
    assert (old.key_id, new.key_id) == ("k1", "k2")
    assert after.open(subject, IdentityField.PHONE, old.key_id, old.sealed) == "+6281234567890"
    assert old.blind == new.blind
    assert before.derive(b"cursor") == after.derive(b"cursor") != after.derive(b"other")


# --- the key file -----------------------------------------------------------------------------------------------------


def test_a_key_file_is_private_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    Vault.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    box = Vault.load(path).seal("x", IdentityField.NIK, "1")
    assert Vault.load(path).open("x", IdentityField.NIK, box.key_id, box.sealed) == "1"
    with pytest.raises(FileExistsError):
        Vault.create(path)
    assert Vault.load(path).open("x", IdentityField.NIK, box.key_id, box.sealed) == "1"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"current": "k1", "keys": {}, "blind": ""}',
        '{"current":"k1","keys":{"k1":"c2hvcnQ="},"blind":""}',
    ],
)
def test_a_file_without_valid_keys_is_refused_without_quoting_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    with pytest.raises(ValueError, match="holds no vault keys: `desmigratif vault create PATH`") as refused:
        Vault.load(path)
    assert "c2hvcnQ=" not in str(refused.value)


def test_a_blind_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    """With an empty one, whoever has a dump could compute the index."""
    path = tmp_path / "keys"
    Vault.create(path)
    for short in ("", base64.b64encode(b"short").decode()):
        content = json.loads(path.read_text()) | {"blind": short}
        path.write_text(json.dumps(content))
        with pytest.raises(ValueError, match="holds no vault keys"):
            Vault.load(path)


# --- in the registry --------------------------------------------------------------------------------------------------


async def submit_with_numbers(village: Place) -> dict[str, Any]:
    """Submit a household with a number of every kind."""
    member = person(1)
    document = household(phone=TYPED["phone"], kkNumber=TYPED["kkNumber"], kkMissingReason=None)
    document |= {
        "members": [member],
        "migrations": [episode(member, passportNo=TYPED["passportNo"], epmiNo=TYPED["epmiNo"])],
    }
    stored = await village.submit("officer", document)
    assert stored["outcome"] == "ACCEPTED", stored["userErrors"]
    return document


def places(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Each kind of number → its record, and the number in the vault."""
    episode, member = document["migrations"][0]["id"], document["members"][0]
    records = {"PHONE": document["id"], "KK_NUMBER": document["id"], "PASSPORT": episode, "EPMI": episode}
    return {field: (id_, KEPT[field]) for field, id_ in records.items()} | {"NIK": (member["id"], member["nik"])}


async def reveal(village: Place, who: str, id_: str, field: str, **more: Any) -> Any:
    answer = await village.query(who, REVEAL, id=id_, field=field, **({"purpose": "VERIFICATION"} | more))
    return answer.codes or answer.data["revealIdentity"]


@pytest.mark.anyio
async def test_the_database_holds_no_open_number(village: Place) -> None:
    document = await submit_with_numbers(village)
    numbers = {number for _, number in places(document).values()} | {"81234567890", "0812 3456 7890", "x1234567"}
    for table in Noun.metadata.sorted_tables:
        for row in await village.admin.fetch(f"SELECT t::text FROM {table.name} t"):
            assert [n for n in numbers if n in row[0]] == [], table.name
    record = await village.household(
        "officer",
        document["id"],
        "phoneMasked kkNumberMasked members { nikMasked } migrations { passportMasked epmiMasked }",
    )
    assert record == {
        "phoneMasked": "+62812********",
        "kkNumberMasked": "3507************",
        "members": [{"nikMasked": "3507************"}],
        "migrations": [{"passportMasked": "X1******", "epmiMasked": "ID*******"}],
    }


@pytest.mark.anyio
@pytest.mark.parametrize("who", ["officer", "second", "coordinator", "ministry"])
async def test_a_reveal_returns_the_full_number(village: Place, who: str) -> None:
    document = await submit_with_numbers(village)
    for field, (id_, number) in places(document).items():
        assert await reveal(village, who, id_, field) == {"value": number, "userErrors": []}


@pytest.mark.anyio
@pytest.mark.parametrize("who", ["verifier", "viewer", "province", "analyst", "auditor", "nobody"])
async def test_a_reveal_without_the_ability_is_forbidden(village: Place, who: str) -> None:
    document = await submit_with_numbers(village)
    for field, (id_, _) in places(document).items():
        assert await reveal(village, who, id_, field) == ["FORBIDDEN"]


@pytest.mark.anyio
async def test_reveals_of_hidden_and_absent_records_are_equal(village: Place) -> None:
    document = await submit_with_numbers(village)
    draft = await village.new_household("DRAFT")
    answers = [
        await reveal(village, who, id_, "NIK")
        for who, id_ in (
            ("next door", document["members"][0]["id"]),
            ("far coordinator", document["members"][0]["id"]),
            ("coordinator", draft["members"][0]["id"]),
            ("officer", str(uuid.uuid4())),
        )
    ]
    assert answers[0]["value"] is None
    assert [e["code"] for e in answers[0]["userErrors"]] == ["NOT_FOUND"]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.anyio
async def test_a_record_without_that_number_reveals_nothing(village: Place) -> None:
    document = household()
    await village.submit("officer", document)
    assert await reveal(village, "officer", document["id"], "PHONE") == {"value": None, "userErrors": []}
    assert await reveal(village, "officer", document["id"], "NIK") == {"value": None, "userErrors": []}


@pytest.mark.anyio
async def test_a_reveal_returns_the_newest_number(village: Place) -> None:
    document = await village.new_household("DRAFT", phone="081234567890")
    await village.submit("officer", {"id": document["id"], "phone": "081299998888"}, 1, "DRAFT")
    assert (await reveal(village, "officer", document["id"], "PHONE"))["value"] == "+6281299998888"
    await village.submit("officer", {"id": document["id"], "phone": None}, 2, "DRAFT")
    assert (await reveal(village, "officer", document["id"], "PHONE"))["value"] is None
    await village.submit("officer", {"id": document["id"], "phone": "081234567890"}, 3, "DRAFT")
    assert (await reveal(village, "officer", document["id"], "PHONE"))["value"] == "+6281234567890"


@pytest.mark.anyio
async def test_the_numbers_of_a_removed_member_cannot_be_revealed(village: Place) -> None:
    document = household(people=2)
    await village.submit("officer", document, save="DRAFT")
    gone = document["members"][1]
    await village.submit(
        "officer", {"id": document["id"], "members": [{"id": gone["id"], "removed": True}]}, 1, "DRAFT"
    )
    assert [e["code"] for e in (await reveal(village, "officer", gone["id"], "NIK"))["userErrors"]] == ["NOT_FOUND"]
    await village.submit("officer", {"id": document["id"], "members": [gone]}, 2, "DRAFT")
    assert (await reveal(village, "officer", gone["id"], "NIK"))["value"] == gone["nik"]


@pytest.mark.anyio
async def test_equal_numbers_have_equal_blind_indexes(village: Place) -> None:
    nik = "3507116304850001"
    for who, code in (("officer", None), ("stranger", FAR)):
        document = household() if code is None else household(code)
        document["members"][0]["nik"] = nik
        assert (await village.submit(who, document))["outcome"] == "ACCEPTED"
    rows = await village.admin.fetch(
        "SELECT DISTINCT blind FROM identity WHERE field = 'NIK' AND blind = $1",
        base64.b64decode(village.vault.blind(IdentityField.NIK, nik)),
    )
    assert len(rows) == 1
