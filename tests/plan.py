"""Reads a plan: which scoped tables would be read before the caller's areas are set."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import asyncpg
import orjson

from registry.store.sql import Statement


def unguarded(plan: dict[str, Any], tables: Collection[str]) -> list[str]:
    """The scans of `tables` that lie below no SubPlan; an InitPlan is no guard, it is lazy by luck."""
    found: list[str] = []

    def walk(node: dict[str, Any], guarded: bool) -> None:
        guarded = guarded or node.get("Parent Relationship") == "SubPlan"
        if node.get("Relation Name") in tables and not guarded:
            found.append(node["Relation Name"])
        for child in node.get("Plans", ()):
            walk(child, guarded)

    walk(plan, False)
    return found


def gate(plan: dict[str, Any]) -> bool:
    """Whether the top of the plan reads `s` and nothing else."""
    return plan["Node Type"] == "CTE Scan" and plan.get("CTE Name") == "s"


def scans(plan: dict[str, Any]) -> list[str]:
    """All tables that the plan reads."""
    below = [name for child in plan.get("Plans", ()) for name in scans(child)]
    return [plan["Relation Name"], *below] if "Relation Name" in plan else below


async def explained(connection: asyncpg.Connection, statement: Statement | str) -> dict[str, Any]:
    """The generic plan of a statement, not run."""
    text = statement.text if isinstance(statement, Statement) else statement
    prepared = await connection.prepare(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {text}")
    found = await prepared.fetchval(*[None] * len(prepared.get_parameters()))
    plan: dict[str, Any] = orjson.loads(found)[0]["Plan"]
    return plan
