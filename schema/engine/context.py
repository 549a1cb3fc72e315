"""The context of a request, for its resolvers: caller, language, registry and plans.

Rule: nothing of a request runs before all of it is planned and checked.  Test: tests/test_prepared.py.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import orjson
from graphql import VariableValues

from auth.principal import Principal
from registry.guard.quota import Quotas
from registry.guard.vault import Vault
from registry.read.visibility import Visibility
from registry.store.db import Database
from registry.store.outage import TooSlow
from registry.write.entrance import Entrance
from schema.engine.complexity import CONCURRENT_STATEMENTS
from schema.engine.cursor import Cursors
from schema.engine.operation import Operation
from schema.engine.plan import OperationPlan, Plan
from schema.engine.refusal import Place, Refusal
from schema.engine.variables import Call


@dataclass
class Context:
    """One request, ready to run: its `variables` are coerced, `cost` is the nodes that it may return and read."""

    database: Database
    vault: Vault
    quotas: Quotas
    operation: Operation
    variables: VariableValues
    call: Call
    plan: OperationPlan
    cost: int
    entrance: Entrance
    address: str  # of the caller
    refused: list[tuple[Refusal, Place]] = field(default_factory=list)  # what is null in its answers, and where
    seconds: float = 0.0  # that its statements have taken so far

    @classmethod
    async def of(
        cls,
        principal: Principal,
        database: Database,
        vault: Vault,
        cursors: Cursors,
        quotas: Quotas,
        language: str,
        operation: Operation,
        sent: dict[str, Any] | None,
        entrance: Entrance,
        address: str,
    ) -> Context:
        """Coerce the variables that were sent, and plan.  Raises Invalid and RequestError for what cannot run."""
        variables = await operation.variables_in_lane(sent, principal.user_id)
        call = Call(principal, language, cursors, variables.coerced)
        plan = await operation.plan_in_lane(Visibility.of(principal), variables, principal.user_id)
        return cls(database, vault, quotas, operation, variables, call, plan, plan.check(call), entrance, address)

    @property
    def principal(self) -> Principal:
        return self.call.principal

    @property
    def language(self) -> str:
        return self.call.language

    @cached_property
    def _turn(self) -> asyncio.Semaphore:
        """Limits the statements that one request runs at the same time, so that it does not hold the whole pool."""
        return asyncio.Semaphore(CONCURRENT_STATEMENTS)

    async def run_field(self, info: Any) -> orjson.Fragment | None:
        """Answer the root field of `info` by one statement."""
        key = info.path.key
        plan = next(root.plan for root in self.plan.roots if root.key == key)
        assert not isinstance(plan, str)
        return _fragment(await self.run_plan(plan, [key]))

    async def run_plan(self, plan: Plan | Refusal, at: Place, call: Call | None = None) -> bytes | None:
        """The JSON of one plan, whose field stands `at` this path; its refusals are added to `refused`.

        Waits for the caller's turn.  Raises TooSlow, Unreachable, RateLimited, and what the plan raises."""
        if isinstance(plan, Refusal):
            self._add_refusal(plan, at, None)
            return None
        json = await self._within_request_share(plan, call or self.call)
        if plan.refusals and json is not None:
            answer = orjson.loads(json)
            for refusal in plan.refusals:
                self._add_refusal(refusal, at, answer)
        return json

    def _add_refusal(self, refusal: Refusal, at: Place, answer: Any) -> None:
        self.refused += [(refusal, [*at, *place]) for place in refusal.places(answer)]

    async def _within_request_share(self, plan: Plan, call: Call) -> bytes | None:
        """Run as one of the statements that the request may run at the same time."""
        if self.operation.is_query and len(self.plan.roots) <= CONCURRENT_STATEMENTS:
            return await self._in_turn(plan, call)
        async with self._turn:
            return await self._in_turn(plan, call)

    async def _in_turn(self, plan: Plan, call: Call) -> bytes | None:
        """Run in the caller's turn, and within the seconds that the whole request has for reading."""
        database = self.database
        async with database.turn(call.principal.user_id, plan.cost.is_heavy(call)):
            seconds_left = database.query_seconds - self.seconds
            if seconds_left <= 0:
                raise TooSlow
            start = time.monotonic()
            try:
                return await plan.run(database, call, seconds_left)
            finally:
                self.seconds += time.monotonic() - start

    async def read_record(self, info: Any, record: uuid.UUID | None) -> orjson.Fragment | None:
        """The record of a payload, read back as the caller may see it; None if nothing was stored."""
        if record is None:
            return None
        at = info.path.as_list()
        plan = self.plan.payloads[tuple(key for key in at if isinstance(key, str))]
        return _fragment(await self.run_plan(plan, at, replace(self.call, record=record)))


def _fragment(json: bytes | None) -> orjson.Fragment | None:
    return None if json is None else orjson.Fragment(json)
