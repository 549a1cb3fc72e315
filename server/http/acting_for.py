"""A service account that acts for a user: the user's token comes beside its own, in a header of its own.

Rule: the two together may what both may, and nothing else (auth/principal.py); whatever would refuse the user alone
refuses the two.  Tests: tests/test_on_behalf_of.py.
"""

from __future__ import annotations

from auth.ability import Ability
from auth.errors import Forbidden, SignInFault, Unauthenticated
from auth.principal import Principal
from schema.errors import RequestError


def acting_for(service: Principal, user: Principal) -> Principal:
    """The user as the service acts for them.

    Raises Unauthenticated if the user is a service too, Forbidden if no grant of theirs is in force."""
    if user.runs_registered_only:
        raise Unauthenticated(SignInFault.NO_ACCOUNT)
    if not user.grants:
        raise Forbidden(ability=Ability.SEE_OPEN)
    cached: tuple[Principal, Principal] | None = user.memo.get(acting_for)
    if cached is not None and cached[0] is service:
        return cached[1]
    pair = user.acting_through(service)
    user.memo[acting_for] = service, pair
    return pair


def refuse_unless_service(principal: Principal) -> None:
    """Raises RequestError if a caller who is no service names somebody to act for."""
    if not principal.runs_registered_only:
        raise RequestError(
            "On-Behalf-Of hanya untuk akun layanan; kirim token pengguna di Authorization.",
            "On-Behalf-Of is for service accounts; send the user's token in Authorization.",
        )
