"""The face of the caller: you, as the server sees you."""

from __future__ import annotations

import datetime as dt

from auth.ability import Ability
from auth.role import Role
from registry.models import account
from registry.models.account import GrantRecord, User
from registry.models.noun import by, to
from registry.models.region import Region as RegionFacts
from registry.read.query import Order
from schema.declare.directives import Exemption
from schema.declare.makers import ID, embedded, face, of_caller, one, plain_list
from schema.types.node import Actor
from schema.types.region import Region


@face(GrantRecord)
class ViewerGrant:
    """One of your grants: a role in an area for a time."""

    role: Role = of_caller(GrantRecord.role)
    region: Region | None = one(
        Exemption.OWN_CALLER, "The area; null exactly if `national`.", RegionFacts, to(GrantRecord.region_id)
    )
    national: bool = of_caller(GrantRecord.national)
    abilities: list[Ability] = of_caller(account.abilities)
    valid_from: dt.date = of_caller(GrantRecord.valid_from)
    valid_to: dt.date | None = of_caller(GrantRecord.valid_to)


@face(User)
class Viewer:
    """You, as the server sees you."""

    id: ID = of_caller(User.id)
    name: str = of_caller(User.name)
    username: str = of_caller(User.username)
    grants: list[ViewerGrant] = plain_list(
        Exemption.OWN_CALLER,
        "Your grants in force today.",
        GrantRecord,
        by(GrantRecord.user_id),
        account.in_force,
        order=(Order(GrantRecord.valid_from),),
    )
    abilities: list[Ability] = of_caller(account.all_abilities)
    must_change_password: bool = of_caller(account.must_change_password)
    acting_for: Actor | None = embedded(
        Exemption.OWN_CALLER,
        "The user for whom you act, if you are a service that does; `abilities` are then those that you both have.",
        account.acting_for,
        account_id=account.acting_for,
        name=account.acting_for_name,
        role=account.acting_for_role,
    )
    expires_at: dt.datetime = of_caller(account.expires_at)
