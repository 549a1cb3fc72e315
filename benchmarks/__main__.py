"""python -m benchmarks: the product beside a hand-written limit and an ordinary server, in one table."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.client import RunError, Seen, Target, load
from benchmarks.country import country
from benchmarks.places import Country
from benchmarks.sides import ORDER, Sides, forget, servers, written
from benchmarks.workloads import Workload, workloads
from server.database.embedded import Embedded, EmbeddedError
from server.database.postgres import Programs

app = typer.Typer(add_completion=False, rich_markup_mode=None)
CONNECTIONS = (1, 16, 64)
REPORTED = 16
"""The concurrency of --json."""
QUICK, FLAT = [10_000], [10_000, 100_000, 300_000]
FOLDER = "desmigratif-benchmarks"
Rates = dict[tuple[str, int, str], list[float]]
"""Requests a second of each round, by workload, connections and side."""
console = Console(width=None if sys.stdout.isatty() else 110)


@app.command()
def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="10,000 households and short rounds: under 5 minutes.")
    ] = False,
    flat: Annotated[
        bool, typer.Option("--flat", help="The product alone, W1 and W2, over countries of growing size: is it flat?")
    ] = False,
    households: Annotated[
        list[int] | None,
        typer.Option("--households", min=1_000, help="Size of the country; may be given more than once."),
    ] = None,
    only: Annotated[str, typer.Option("--only", metavar="W1,W2", help="Only these workloads.")] = "",
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, help="Length of one measurement; 3, and 1 with --quick.")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, help="Rounds; figures are their medians; 3, and 1 with --quick.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help=f"Write requests a second at {REPORTED} connections to this file.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Where the countries are kept between runs; they are made once.")
    ] = None,
) -> None:
    """Measure the registry beside a hand-written limit and an ordinary server.

    Three servers with one worker each run over one PostgreSQL with an invented country.  Every workload is asked with
    1, 16 and 64 connections, in rounds that go through all sides in turn, and only after all have answered the same
    data.  benchmarks/README.md says what the sides are and how to read the table.

    \b
    make bench                                  300,000 households, all workloads
    make bench ARGS="--quick"                   10,000 households, under 5 minutes
    make bench ARGS="--only W1,W4 --seconds 10"
    make bench ARGS="--flat --households 10000 --households 1000000"
    """
    sizes = households or (QUICK if quick else FLAT if flat else [300_000])
    names = {name.strip().capitalize() for name in only.split(",") if name.strip()}
    if flat:
        names = names or {"W1", "W2"}
    short = (1.0, 1) if quick else (3.0, 3)
    plan = Plan(names, {"product"} if flat else set(ORDER), seconds or short[0], rounds or short[1])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rates: Rates = {}
    try:
        if flat:
            with ExitStack() as stack:
                opened = {n: stack.enter_context(country(n, data or kept_in(), console)) for n in sizes}
                rates = plan.flat(opened)
            console.print(_flat(sizes, rates))
        for size in () if flat else sizes:
            with country(size, data or kept_in(), console) as embedded:
                rates = plan.run(embedded, size)
    except (RunError, EmbeddedError) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("Stopped.")
        raise typer.Exit(130) from None
    if json_file is not None:
        _write(json_file, rates)
    if plan.failures:
        raise typer.Exit(1)


def kept_in() -> Path:
    """The cache of the user, or for root a folder that the account which runs PostgreSQL can enter."""
    near = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / FOLDER
    return Path("/var/cache") / FOLDER if Programs("18").closed(near) else near


class Plan:
    """What is run: `names` of workloads (all when empty) on `sides`, each measurement `seconds` long.

    Slow answers take longer; what would take five times as long is left out."""

    def __init__(self, names: set[str], sides: set[str], seconds: float, rounds: int) -> None:
        self.names, self.sides, self.seconds, self.rounds = names, sides, seconds, rounds
        self.longest, self.failures = 5 * seconds, 0
        self._next = int(time.time()) << 16  # what is written has ids that no other run has

    def run(self, embedded: Embedded, size: int) -> Rates:
        """Start the servers, compare their answers, measure; print the table of this size."""
        chosen = self._chosen(embedded, size)
        with servers(embedded, self.sides) as running:
            sides = Sides(embedded, running)
            before = running["product"].memory()
            rates: Rates = {}
            with Progress(console=console, transient=True) as progress:
                total = sum(self.rounds * len(CONNECTIONS) * len(sides.of(w)) for w in chosen)
                task = progress.add_task("measuring", total=total)
                for workload in chosen:
                    progress.update(task, description=f"{workload.name} {workload.title}")
                    try:
                        rates |= self._measure(embedded, sides, workload, lambda: progress.advance(task))
                    except RunError as error:
                        self._failed(workload, error)
            if len(self.sides) > 1:
                console.print(_table(size, chosen, rates))
            after = running["product"].memory()
            console.print(f"Memory of the product's worker: {before:.0f} MB at the start, {after:.0f} MB at the end.")
        return rates

    def flat(self, opened: Mapping[int, Embedded]) -> Rates:
        """The product over each of these countries, in turn; the size stands in the place of the side."""
        rates: Rates = {}
        with ExitStack() as stack:
            sides = {n: Sides(e, stack.enter_context(servers(e, self.sides))) for n, e in opened.items()}
            chosen = list(zip(*[self._chosen(embedded, n) for n, embedded in opened.items()], strict=True))
            progress = stack.enter_context(Progress(console=console, transient=True))
            task = progress.add_task("measuring", total=self.rounds * len(CONNECTIONS) * len(opened) * len(chosen))
            for same in chosen:
                progress.update(task, description=f"{same[0].name} {same[0].title}")
                asked = {f"{n:,}": (made, workload) for (n, made), workload in zip(sides.items(), same, strict=True)}
                seen = {size: made.compare(workload)["product"] for size, (made, workload) in asked.items()}
                targets = {size: made.target(workload, "product") for size, (made, workload) in asked.items()}
                rates |= self._rounds(same[0], targets, seen, lambda: progress.advance(task))
        return rates

    def _chosen(self, embedded: Embedded, size: int) -> list[Workload]:
        asyncio.run(forget(embedded.dsn()))  # what a run that was stopped left behind
        made = asyncio.run(workloads(embedded.dsn(), Country(size)))
        if unknown := self.names - {w.name for w in made}:
            raise RunError(
                f"There is no {', '.join(sorted(unknown))}: workloads are {', '.join(w.name for w in made)}."
            )
        return [w for w in made if not self.names or w.name in self.names]

    def _measure(self, embedded: Embedded, sides: Sides, workload: Workload, step: Callable[[], None]) -> Rates:
        seen = sides.compare(workload)
        if workload.writes and len(rows := asyncio.run(written(embedded.dsn()))) > 1:
            raise RunError(f"the sides write different rows: {rows}")
        rates = self._rounds(workload, {side: sides.target(workload, side) for side in seen}, seen, step)
        if workload.writes:
            asyncio.run(forget(embedded.dsn()))
        return rates

    def _rounds(
        self, workload: Workload, targets: Mapping[str, Target], seen: Mapping[str, Seen], step: Callable[[], None]
    ) -> Rates:
        found: dict[tuple[str, int, str], list[float]] = defaultdict(list)

        def run(side: str, connections: int, seconds: float) -> float:
            size = None if workload.writes else seen[side].size
            return load(targets[side], connections, seconds, self._fresh(), size)

        for side in targets:
            run(side, 1, max(1.0, 2 * seen[side].seconds))
        for _ in range(self.rounds):
            for connections in CONNECTIONS:
                for side in targets:
                    needed = 2 * connections * seen[side].seconds  # until each connection has had its answers
                    if needed <= self.longest or connections == 1:
                        found[workload.name, connections, side].append(
                            run(side, connections, max(self.seconds, needed))
                        )
                    step()
        return dict(found)

    def _failed(self, workload: Workload, error: RunError) -> None:
        self.failures += 1
        console.print(f"{workload.name}: {error}", style="red", markup=False, highlight=False)

    def _fresh(self) -> int:
        self._next += 1 << 20
        return self._next


def _table(size: int, chosen: list[Workload], rates: Rates) -> Table:
    told = "\n".join(f"{w.name:<4} {w.title}" for w in chosen)
    table = Table(title=f"Requests a second over {size:,} households", caption=told, title_justify="left")
    table.caption_justify = "left"
    for heading in ("", "at once", *ORDER, "product\n/ limit", "product\n/ ordinary", "goal"):
        table.add_column(heading, justify="right", no_wrap=True)
    for workload in chosen:
        for connections in CONNECTIONS:
            rate = {side: rates.get((workload.name, connections, side), []) for side in ORDER}
            share, times = _ratio(rate["product"], rate["limit"]), _ratio(rate["product"], rate["ordinary"])
            met = "" if workload.goal is None or share is None else "✓" if share >= workload.goal else "✗"
            shown = [_rate(rate[side]) for side in ORDER]
            table.add_row(workload.name, str(connections), *shown, _two(share), _two(times), met)
        table.add_section()
    return table


def _flat(sizes: list[int], rates: Rates) -> Table:
    table = Table(title="The product over countries of growing size, requests a second", title_justify="left")
    for heading in ("workload", "at once", *(f"{size:,}" for size in sizes), "largest\n/ smallest"):
        table.add_column(heading, justify="right")
    for name, connections in dict.fromkeys((name, connections) for name, connections, _ in rates):
        found = [rates.get((name, connections, f"{size:,}"), []) for size in sizes]
        table.add_row(name, str(connections), *map(_rate, found), _two(_ratio(found[-1], found[0])))
    return table


def _ratio(part: list[float], whole: list[float]) -> float | None:
    """The median of the ratios of each round: what slows the machine for a while slows both sides of a round."""
    if not part or not whole:
        return None
    return statistics.median(p / w for p, w in zip(part, whole, strict=True))


def _rate(rates: list[float]) -> str:
    if not rates:
        return "–"
    rate = statistics.median(rates)
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def _two(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}"


def _write(file: Path, rates: Rates) -> None:
    """`{"W1": {"free": …, "limit": …, "product": …, "ordinary": …}, …}` in requests a second."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for (name, connections, side), measured in rates.items():
        if connections == REPORTED:
            found[name][side] = round(statistics.median(measured), 2)
    file.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    app()
