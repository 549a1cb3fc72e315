"""python -m benchmarks.doors: what signing in costs, whom it slows down, and how soon a disabled account is refused.

Two workers of the product run over one PostgreSQL with an invented country, whose officers have passwords for the run
alone.  Rule: a sign-in or a request that is refused ends the run as an error; it is never counted as a fast answer.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from auth.password import hashed
from auth.role import Role
from benchmarks.__main__ import kept_in
from benchmarks.client import RunError
from benchmarks.country import country
from benchmarks.door import Door, Work, repeat
from benchmarks.places import Country, Persona
from benchmarks.serve import keys
from benchmarks.sides import MINUTES, running
from benchmarks.workloads import W2
from server.database.embedded import Embedded, EmbeddedError

PASSWORD = "kata sandi untuk pengukuran saja"  # noqa: S105  (of invented people, for the run alone)
SIGN_IN = """mutation SignIn($input: SignInInput!) { signIn(input: $input) {
  session { accessToken refreshToken } userErrors { code } } }"""
REFRESH = """mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) {
  session { accessToken refreshToken } userErrors { code } } }"""
DISABLE = """mutation Disable($input: DisableUserInput!) { disableUser(input: $input) {
  user { active } userErrors { code } } }"""
VIEWER = "query Viewer { viewer { id } }"
READERS, TRIALS = 4, 20
MOST_ANSWERED = 1_000
"""Requests that may be answered for a disabled account before the run gives up."""
GOAL = 2.0
"""How many times as long the slowest hundredth of W2 may take beside sign-ins."""
TABLES = ("credential", "session", "throttle", "audit_event")
"""What a run leaves behind, which no country has."""
console = Console()
app = typer.Typer(add_completion=False, rich_markup_mode=None)


@dataclass(frozen=True)
class Plan:
    """How long a phase takes, how often the phases follow each other, and how many clients sign in at once."""

    seconds: float
    rounds: int
    at_once: int


Figures = dict[str, float]
"""What was measured, by what it is; times are in milliseconds."""


class Doors:
    """The measurements, over two workers at `ports`; `token` makes one for somebody who does not sign in."""

    def __init__(self, ports: tuple[int, int], place: Country, token: Callable[[Persona], str], plan: Plan) -> None:
        self.ports, self.token, self.plan = ports, token, plan
        officers = [persona for persona in place.staff() if persona.role is Role.OFFICER]
        self.officers, self.closed = officers[:-TRIALS], officers[-TRIALS:]
        if len(self.officers) < plan.at_once:
            raise RunError("The country has too few officers: choose more --households.")
        coordinators = [persona for persona in place.staff() if persona.role is Role.REGENCY_COORDINATOR]
        self.coordinators = {persona.area: persona for persona in coordinators}

    async def run(self) -> Figures:
        """Every figure: the medians of the rounds."""
        sessions: list[dict[str, str]] = []
        async with Door.open(self.ports[0]) as door:
            sessions.extend([await _sign_in(door, officer) for officer in self.officers[: self.plan.at_once]])
        readers = zip(self.officers, sessions[:READERS], strict=False)
        reading = [_reading(officer, session["accessToken"]) for officer, session in readers]
        signing = [self._signing(number) for number in range(self.plan.at_once)]
        refreshing = [_refreshing(session) for session in sessions]
        await repeat(self.ports[0], 1, [*reading, *signing])  # to prepare its statements
        rounds: dict[str, list[float]] = defaultdict(list)
        for _ in range(self.plan.rounds):
            for name, figure in (await self._round(reading, signing, refreshing)).items():
                rounds[name].append(figure)
        figures = {name: statistics.median(measured) for name, measured in rounds.items()}
        closings = [await self._closing(officer) for officer in self.closed]
        figures["disabled account: median ms until refused"] = statistics.median(ms for ms, _ in closings)
        figures["disabled account: requests answered after it"] = max(answered for _, answered in closings)
        return figures

    async def _round(self, reading: list[Work], signing: list[Work], refreshing: list[Work]) -> Figures:
        port, seconds, at_once = self.ports[0], self.plan.seconds, self.plan.at_once
        alone = await repeat(port, seconds, reading, at_once)
        async with asyncio.TaskGroup() as both:
            reads = both.create_task(repeat(port, seconds, reading, at_once))
            sign_ins = both.create_task(repeat(port, seconds, signing))
        beside = reads.result()
        only = await repeat(port, seconds, signing)
        refreshes = await repeat(port, seconds, refreshing)
        return {
            "sign-ins a second": len(only) / seconds,
            "sign-in p50": _percentile(only, 50),
            "refreshes a second": len(refreshes) / seconds,
            "refresh p50": _percentile(refreshes, 50),
            "W2 alone p50": _percentile(alone, 50),
            "W2 alone p99": _percentile(alone, 99),
            f"W2 beside {at_once} sign-ins p50": _percentile(beside, 50),
            f"W2 beside {at_once} sign-ins p99": _percentile(beside, 99),
            "W2 p50, beside / alone": _percentile(beside, 50) / _percentile(alone, 50),
            "W2 p99, beside / alone": _percentile(beside, 99) / _percentile(alone, 99),
            "sign-ins a second beside W2": len(sign_ins.result()) / seconds,
        }

    def _signing(self, number: int) -> Work:
        """One client, who signs in as one officer after the other, and nobody else as the same ones."""
        officers, turn = self.officers[number :: self.plan.at_once], 0

        async def work(door: Door) -> None:
            nonlocal turn
            turn += 1
            await _sign_in(door, officers[turn % len(officers)])

        return work

    async def _closing(self, officer: Persona) -> tuple[float, int]:
        """Milliseconds from the answer of `disableUser` to the first refusal by the other worker, and how many requests
        that were sent in between were still answered."""
        coordinator = self.coordinators[str(officer.area)[:5]]
        async with Door.open(self.ports[0]) as door, Door.open(self.ports[1]) as other:
            token = (await _sign_in(door, officer))["accessToken"]
            for _ in range(3):  # so that it answers from its cache
                await other.data(VIEWER, {}, token)
            disabled = await door.data(DISABLE, {"input": {"userId": str(officer.id)}}, self.token(coordinator))
            closed = time.perf_counter()
            if disabled["user"] is None or disabled["user"]["active"]:
                raise RunError(f"disableUser: {disabled['userErrors']}")
            for answered in range(MOST_ANSWERED):
                status, _ = await other.post(VIEWER, {}, token)
                if status == 401:
                    return (time.perf_counter() - closed) * 1000, answered
        raise RunError(f"A disabled account was answered {MOST_ANSWERED} times.")


async def _sign_in(door: Door, officer: Persona) -> dict[str, str]:
    return await door.session(SIGN_IN, {"username": officer.username, "password": PASSWORD})


def _reading(officer: Persona, token: str) -> Work:
    async def work(door: Door) -> None:
        if not (await door.data(W2, {"code": officer.area}, token))["nodes"]:
            raise RunError("W2 is empty")

    return work


def _refreshing(session: dict[str, str]) -> Work:
    """One client, who renews a session again and again."""

    async def work(door: Door) -> None:
        session.update(await door.session(REFRESH, {"refreshToken": session["refreshToken"]}))

    return work


def _percentile(times: list[float], percent: int) -> float:
    """Milliseconds that so many percent of the times do not exceed.  Raises RunError for too few of them."""
    if len(times) < 2:
        raise RunError("Too few answers to measure: choose more --seconds.")
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1] * 1000


# --- the country of the run -------------------------------------------------------------------------------------------


async def _give_passwords(dsn: str, officers: Sequence[Persona]) -> None:
    hash_ = hashed(PASSWORD)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "registry"})
    await connection.executemany(
        "INSERT INTO credential (account_id, password_hash, temporary) VALUES ($1, $2, false)",
        [(officer.id, hash_) for officer in officers],
    )
    await connection.close()


async def _forget(dsn: str) -> None:
    """Delete what a run has written, and open the accounts again that it has closed."""
    settings = {"search_path": "registry", "session_replication_role": "replica"}
    connection = await asyncpg.connect(dsn, server_settings=settings)
    await connection.execute(f"TRUNCATE {', '.join(TABLES)}")
    await connection.execute("UPDATE account SET active = true, signed_out_at = NULL WHERE NOT active")
    await connection.execute("VACUUM ANALYZE account")
    await connection.close()


def measured(embedded: Embedded, place: Country, plan: Plan) -> Figures:
    """Every figure of a run.  Raises RunError."""
    keyring, _ = keys(embedded.data)

    def token(persona: Persona) -> str:
        return keyring.issue(persona.id, MINUTES, dt.datetime.now(dt.UTC))

    asyncio.run(_forget(embedded.dsn()))
    with ExitStack() as stack:
        stack.callback(lambda: asyncio.run(_forget(embedded.dsn())))
        first, second = (stack.enter_context(running(embedded, "product", proxies="127.0.0.1")) for _ in range(2))
        doors = Doors((first.port, second.port), place, token, plan)
        asyncio.run(_give_passwords(embedded.dsn(), [*doors.officers, *doors.closed]))
        try:
            return asyncio.run(doors.run())
        except* RunError as group:
            raise _first(group) from None


def _first(error: BaseException) -> BaseException:
    """The first error of nested groups."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


@app.command()
def main(
    households: Annotated[int, typer.Option(min=5_000, help="Size of the country.")] = 10_000,
    seconds: Annotated[float, typer.Option(min=1, max=60, help="Length of one phase; a round has four.")] = 5.0,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Rounds; figures are their medians.")] = 5,
    at_once: Annotated[int, typer.Option(min=1, max=32, help="How many sign in at the same time.")] = 8,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Where the countries are kept between runs.")] = None,
) -> None:
    """Measure sign-ins and refreshes a second, W2 alone and beside sign-ins, and how soon disabling an account works.

    The phases follow each other in every round, so that whatever else the machine does falls on all of them.  A sign-in
    that is refused ends the run with exit code 1; so does W2 when it misses its goal, but with its figures.

    \b
    python -m benchmarks.doors
    python -m benchmarks.doors --rounds 9 --json doors.json
    python -m benchmarks.doors --at-once 16
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with country(households, data or kept_in(), console) as embedded:
            figures = measured(embedded, Country(households), Plan(seconds, rounds, at_once))
    except (RunError, EmbeddedError) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    title = f"{households:,} households, two workers, {at_once} at once, {os.cpu_count()} processors, load {load}"
    table = Table("", "", title=f"{title}; times in ms")
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,.2f}")
    console.print(table)
    ratio = figures["W2 p99, beside / alone"]
    is_met = ratio <= GOAL
    console.print(f"W2's p99 beside sign-ins is {ratio:.2f} times as long; at most {GOAL:g} is the goal.")
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n")
    if not is_met:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
