"""Reads query plans: which scoped tables would be read before the caller's areas are set."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import asyncpg
import orjson

from registry.store.sql import Statement


def unguarded(plan: dict[str, Any], tables: Collection[str]) -> list[str]:
    """The tables that are scanned outside a SubPlan.  An InitPlan does not guard, because it is lazy only by luck."""
    names: list[str] = []

    def walk(node: dict[str, Any], guarded: bool) -> None:
        guarded = guarded or node.get("Parent Relationship") == "SubPlan"
        if node.get("Relation Name") in tables and not guarded:
            names.append(node["Relation Name"])
        for child in node.get("Plans", ()):
            walk(child, guarded)

    walk(plan, False)
    return names


def is_gated(plan: dict[str, Any]) -> bool:
    """Whether the top of the plan reads only `s`."""
    return plan["Node Type"] == "CTE Scan" and plan.get("CTE Name") == "s"


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The node at the top of a plan, and all below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)


def scanned_tables(plan: dict[str, Any]) -> list[str]:
    """All tables that a plan reads."""
    return [node["Relation Name"] for node in nodes_of(plan) if "Relation Name" in node]


async def explain_generic(connection: asyncpg.Connection, statement: Statement | str) -> dict[str, Any]:
    """The generic plan of a statement, without running it."""
    text = statement.text if isinstance(statement, Statement) else statement
    prepared = await connection.prepare(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {text}")
    explanation = await prepared.fetchval(*[None] * len(prepared.get_parameters()))
    plan: dict[str, Any] = orjson.loads(explanation)[0]["Plan"]
    return plan
