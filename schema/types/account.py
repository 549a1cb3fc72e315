"""The faces of accounts and grants, as administration sees them."""

from __future__ import annotations

import datetime as dt

from auth.ability import Ability
from auth.role import Role
from auth.sensitivity import Sensitivity
from registry.models import account, impact, post
from registry.models.account import GrantRecord
from registry.models.account import User as UserFacts
from registry.models.device import Device as DeviceFacts
from registry.models.fact import RegionCode
from registry.models.noun import by, to
from registry.models.region import Region as RegionFacts
from registry.read.filter import Exists, Within
from registry.read.query import Order
from schema.declare.listing import Comparison, FilterKey, NamedCondition, by_name, filtering
from schema.declare.makers import ID, OpenedBy, embedded, face, id_field, non_null, of_caller, one, plain_list
from schema.types.node import Actor, Node
from schema.types.region import Region

SYSTEM = Sensitivity.SYSTEM
USERS = OpenedBy(Ability.USER_READ, account.listed)


@face(GrantRecord)
class GrantImpact:
    """What depends on a grant today."""

    households: int = non_null(impact.households, SYSTEM)
    other_officers: int = non_null(impact.other_officers, SYSTEM)
    devices: int = non_null(impact.devices, SYSTEM)
    last_push_at: dt.datetime | None = non_null(impact.last_push_at, SYSTEM)


@face(GrantRecord, opened_by=OpenedBy(Ability.USER_READ, account.listed_grant))
class Grant(Node):
    """A role in an area for a time (penugasan), as administration sees it."""

    id: ID = id_field(GrantRecord.id)
    user: User = one(SYSTEM, "Who holds it.", UserFacts, to(GrantRecord.user_id))
    role: Role = non_null(GrantRecord.role, SYSTEM)
    region: Region | None = one(SYSTEM, "The area; null exactly if `national`.", RegionFacts, to(GrantRecord.region_id))
    national: bool = non_null(GrantRecord.national, SYSTEM)
    abilities: list[Ability] = non_null(account.abilities, SYSTEM)
    valid_from: dt.date = non_null(GrantRecord.valid_from, SYSTEM)
    valid_to: dt.date | None = non_null(GrantRecord.valid_to, SYSTEM)
    granted_by: Actor | None = embedded(
        SYSTEM,
        "Who gave it; null if it was given at the server itself.",
        GrantRecord.granted_by_role,
        account_id=GrantRecord.granted_by,
        name=GrantRecord.granted_by_name,
        role=GrantRecord.granted_by_role,
    )
    pending: bool = non_null(GrantRecord.pending, SYSTEM)
    impact: GrantImpact | None = embedded(
        SYSTEM,
        "What ending this grant would leave behind; look before you reassign.  Null where you see no households.",
        impact.is_seen,
    )


@face(DeviceFacts)
class Device:
    """A phone or browser (perangkat) that signed in."""

    id: ID = non_null(DeviceFacts.id, SYSTEM)
    label: str = non_null(DeviceFacts.label, SYSTEM)
    last_sync_at: dt.datetime | None = non_null(DeviceFacts.last_sync_at, SYSTEM)
    app_version: str | None = non_null(DeviceFacts.app_version, SYSTEM)
    revoked: bool = non_null(DeviceFacts.revoked, SYSTEM)


@face(UserFacts, opened_by=USERS)
class User(Node):
    """An account (akun) of a member of staff or of a service."""

    id: ID = id_field(UserFacts.id)
    username: str = non_null(UserFacts.username, SYSTEM)
    name: str = non_null(UserFacts.name, SYSTEM)
    active: bool = non_null(UserFacts.active, SYSTEM)
    grants: list[Grant] = plain_list(
        SYSTEM,
        "The grants in your area, newest first; those that ended too.",
        GrantRecord,
        by(GrantRecord.user_id),
        order=(Order(GrantRecord.valid_from, True),),
    )
    devices: list[Device] = plain_list(
        SYSTEM,
        "Where it has signed in.",
        DeviceFacts,
        by(DeviceFacts.account_id),
        order=(Order(DeviceFacts.created_at),),
    )
    last_seen_at: dt.datetime | None = non_null(post.last_seen, SYSTEM)
    viewer_can: list[Ability] = of_caller(
        post.can_account, "Commands on this account that would be accepted from you now."
    )


UserFilter = filtering(
    User,
    UserFacts,
    {
        "within": FilterKey(
            Sensitivity.OPEN,
            "With a grant that lies in any of these regions, or is one of them.",
            NamedCondition(
                list[RegionCode], lambda argument: Exists(GrantRecord, by(GrantRecord.user_id), Within(argument))
            ),
        ),
        "role": FilterKey(
            SYSTEM,
            "With a grant of any of these roles that has not ended.",
            NamedCondition(list[Role], account.HasRole),
        ),
        "active": FilterKey(SYSTEM, "By whether the account is active.", Comparison(UserFacts.active)),
    },
    by_name(UserFacts),
    combined=False,
)
