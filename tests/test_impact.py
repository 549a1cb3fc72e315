"""What ending a grant would leave behind: seen before it is ended."""

from __future__ import annotations

import uuid

import pytest

from tests.accounts import new_account
from tests.test_grants import give
from tests.village import HERE, Place

pytestmark = pytest.mark.anyio
IMPACT = """query($search: String) { users(search: $search) { nodes { grants { role
  impact { households otherOfficers devices lastPushAt } } } } }"""


async def test_impact_counts_what_depends_on_a_grant(village: Place) -> None:
    officer, other = (
        await new_account(village, ("OFFICER", HERE)),
        await new_account(village, ("REGIONAL_VIEWER", HERE)),
    )
    for day, revoked in (("2026-11-02", False), ("2026-11-05", False), ("2026-10-01", True)):
        await village.admin.execute(
            "INSERT INTO device (id, account_id, label, last_sync_at, revoked)"
            " VALUES ($1, $2, 'x', $3::text::timestamptz, $4)",
            *(uuid.uuid4(), village.ids[officer], f"{day}T00:00:00Z", revoked),
        )

    async def impact(who: str) -> dict[str, object] | None:
        answer = await village.query(who, IMPACT, search=officer)
        (user,) = answer.data["users"]["nodes"]
        counts: dict[str, object] | None = user["grants"][0]["impact"]
        return counts

    before = await impact("coordinator")
    assert before is not None
    assert (before["devices"], before["lastPushAt"]) == (2, "2026-11-02T00:00:00.000Z")
    await village.submit("officer", await village.new_household("DRAFT"), save="SUBMITTED")
    await give(village, "coordinator", other, "OFFICER", "35.07.11")
    after = await impact("coordinator")
    assert after is not None
    assert after["households"] == int(str(before["households"])) + 1
    assert after["otherOfficers"] == int(str(before["otherOfficers"])) + 1
    keeper = await new_account(village, ("SYSTEM_ADMIN", None))
    assert await impact(keeper) is None
