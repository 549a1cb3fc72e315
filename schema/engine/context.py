"""What a resolver knows of its request: who asks, in which language, the doors to the registry, and the plans made.

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
from graphql.execution.values import VariableValues

from auth.principal import Principal
from registry.guard.quota import Quotas
from registry.guard.vault import Vault
from registry.read.visibility import Visibility
from registry.store.db import Database
from registry.store.outage import TooSlow
from schema.engine.complexity import AT_ONCE
from schema.engine.cursor import Cursors
from schema.engine.operation import Operation
from schema.engine.plan import Plan, Planned
from schema.engine.refusal import Place, Refusal
from schema.engine.variables import Call


@dataclass
class Context:
    """One request, ready to run: `variables` are coerced, `cost` is what it may return."""

    database: Database
    vault: Vault
    quotas: Quotas
    operation: Operation
    variables: VariableValues
    call: Call
    planned: Planned
    cost: int
    refused: list[tuple[Refusal, Place]] = field(
        default_factory=list
    )  # what is null in answers given so far, and where
    seconds: float = 0.0  # that its statements took until now

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
    ) -> Context:
        """Take the variables, and plan.  Raises Invalid, RequestError and Forbidden for what cannot run."""
        variables = await operation.variables_aside(sent, principal.user_id)
        call = Call(principal, language, cursors, variables.coerced)
        planned = await operation.planned_aside(Visibility.of(principal), variables, principal.user_id)
        return cls(database, vault, quotas, operation, variables, call, planned, planned.check(call))

    @property
    def principal(self) -> Principal:
        return self.call.principal

    @property
    def language(self) -> str:
        return self.call.language

    @cached_property
    def _turn(self) -> asyncio.Semaphore:
        """Few statements of one request run at the same time, so that one request does not hold the whole pool."""
        return asyncio.Semaphore(AT_ONCE)

    async def read(self, info: Any) -> orjson.Fragment | None:
        """Answer the root field of `info` by one statement."""
        key = info.path.key
        plan = next(root.plan for root in self.planned.roots if root.key == key)
        assert not isinstance(plan, str)
        return _fragment(await self.run(plan, [key]))

    async def run(self, plan: Plan | Refusal, at: Place, call: Call | None = None) -> bytes | None:
        """The JSON of one plan, whose field stands `at` this path, when its turn has come; what is refused in it is
        noted.  Raises what keeps it from an answer."""
        if isinstance(plan, Refusal):
            self.refused += [(plan, [*at, *place]) for place in plan.places(None)]
            return None
        answer = await self._read(plan, call or self.call)
        if plan.refusals and answer is not None:
            shown = orjson.loads(answer)
            self.refused += [(r, [*at, *place]) for r in plan.refusals for place in r.places(shown)]
        return answer

    async def _read(self, plan: Plan, call: Call) -> bytes | None:
        if self.operation.is_query and len(self.planned.roots) <= AT_ONCE:
            return await self._answer(plan, call)
        async with self._turn:
            return await self._answer(plan, call)

    async def _answer(self, plan: Plan, call: Call) -> bytes | None:
        """In the caller's turn, and within the seconds of the whole request; commands take theirs beside it."""
        database = self.database
        async with database.turn(call.principal.user_id, plan.cost.is_heavy(call)):
            if (left := database.query_seconds - self.seconds) <= 0:
                raise TooSlow
            begun = time.monotonic()
            try:
                return await plan.read(database, call, left)
            finally:
                self.seconds += time.monotonic() - begun

    async def reread(self, info: Any, record: uuid.UUID | None) -> orjson.Fragment | None:
        """The record of a payload, with the caller's eyes; None where nothing was stored."""
        if record is None:
            return None
        at = info.path.as_list()
        plan = self.planned.payloads[tuple(key for key in at if isinstance(key, str))]
        return _fragment(await self.run(plan, at, replace(self.call, record=record)))


def _fragment(found: bytes | None) -> orjson.Fragment | None:
    return None if found is None else orjson.Fragment(found)
