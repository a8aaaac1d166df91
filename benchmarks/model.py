"""``python -m benchmarks.model [--measure]``: what many connections need, by arithmetic, into ``model.md``.

``--measure`` first lets one, two and four processes work (ten minutes, two cores) and keeps what they took in
``model.json``; without it the tables are made of what stands there and in ``RESULTS.md``.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import msgspec

from benchmarks import kept, machine, several
from benchmarks.costs import FOUR, MEASURED, RESULTS, SHAPES, Costs, Measured, Round, costs, measured, spread
from benchmarks.needs import FILES, FULL, MOST, Need, Profile, first_full, fitting, need, predicted
from benchmarks.processes import Failed
from benchmarks.servers import HUBBUB
from benchmarks.several import Used

PAGE = Path(__file__).parent / "model.md"
STEPS = (10_000, 100_000, 1_000_000)
# The tables


def tables(results: str, found: Measured) -> dict[str, list[str]]:
    """By the name of the marker in the page."""
    known, profile = costs(results, found), Profile()
    return {
        "costs": [*_costs(known)],
        "needs": [*_needs(known, profile)],
        "bottlenecks": [*_bottlenecks(known, profile)],
        "check": [*_check(known, found)],
    }


def _costs(known: Costs) -> Iterator[str]:
    yield "| what | costs | from |"
    yield "|---|---:|---|"
    rows = (
        ("a process with nothing to do", f"{known.base * 1e3:.1f} ms of processor a second", "one process, idle"),
        ("a message, from its command to its reply", _us(known.send), "one process, rooms of 5 and of 40"),
        ("each member who gets it", _us(known.delivery), "the same two"),
        ("each other process, which reads it in the log", _us(known.log), "two processes, each with its own rooms"),
        ("a process with members that gets it by the layer", _us(known.remote), "two that share rooms, less that"),
        ("an event that is not saved", _us(known.ephemeral), "`RESULTS.md`, growth: a publish"),
        ("a handshake", _us(known.handshake), "`RESULTS.md`, handshakes"),
        ("a message, in Valkey", _us(known.valkey_publish), "one process and two"),
        ("each process that Valkey passes it to", _us(known.valkey_pass), "one process and two"),
        ("a message, in PostgreSQL", _us(known.postgres), "one process"),
        ("each other process's reading it, in PostgreSQL", _us(known.postgres_log), "two processes"),
        ("a message on its way to Valkey", f"{known.layer_in:.0f} bytes", "one process"),
        ("a message from Valkey to a process", f"{known.layer_out:.0f} bytes", "two processes"),
        ("a message in the database", f"{known.rows:.1f} rows inserted or updated", "one process"),
        ("a process", f"{known.process_bytes / 2**20:.0f} MiB", "`RESULTS.md`, nothing is left"),
        ("a connection", f"{known.connection_bytes / 2**10:.1f} KiB", "`RESULTS.md`, idle connections"),
    )
    yield from (f"| {what} | {cost} | {source} |" for what, cost, source in rows)


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs"


def _needs(known: Costs, profile: Profile) -> Iterator[str]:
    found = [fitting(connections, known, profile) for connections in STEPS]

    def apart(connections: int) -> float:
        return fitting(connections, known, profile, together=True).cpu

    yield "| connections | " + " | ".join(f"{each.connections:,}" for each in found) + " |"
    yield "|---|" + "---:|" * len(found)
    rows: tuple[tuple[str, Callable[[Need], str]], ...] = (
        ("messages a second", lambda each: f"{each.messages:,.0f}"),
        ("cores that hubbub keeps busy", lambda each: f"{each.cpu:,.1f}"),
        (
            "processes, each half busy at most",
            lambda each: f"{each.processes:,}" if each.processes < MOST else "no number",
        ),
        ("cores, with each conversation in one process", lambda each: f"{apart(each.connections):,.1f}"),
        ("processes that a message comes to", lambda each: f"{each.reached:.1f}"),
        ("memory of hubbub, GiB", lambda each: f"{each.memory / 2**30:,.1f}"),
        ("Valkey: cores busy", lambda each: f"{each.valkey:,.2f}"),
        (
            "Valkey: shards, each half busy at most",
            lambda each: f"{ceil(each.valkey / FULL):,}" if each.valkey else "none",
        ),
        ("Valkey to processes, MB/s", lambda each: f"{each.layer_out / 1e6:,.1f}"),
        ("PostgreSQL: rows a second", lambda each: f"{each.rows:,.0f}"),
        ("PostgreSQL: cores busy", lambda each: f"{each.postgres:,.2f}"),
        (
            "all come back at once: seconds until the last has",
            lambda each: f"{each.connections * known.handshake / each.processes:,.1f}",
        ),
    )
    always = {rows[0][0], "processes, each half busy at most", "PostgreSQL: rows a second"}
    for title, cell in rows:
        cells = [cell(each) if each.processes < MOST or title in always else "-" for each in found]
        yield f"| {title} | " + " | ".join(cells) + " |"


def _number(each: Need) -> str:
    return f"{each.processes:,}" if each.processes < MOST else "no number will do"


def _bottlenecks(known: Costs, profile: Profile) -> Iterator[str]:
    yield "| what is half busy first | at connections | what moves it |"
    yield "|---|---:|---|"

    def at(unit: Callable[[Need], float], alone: bool = False) -> Callable[[int], float]:
        def use(connections: int) -> float:
            return unit(need(connections, known, profile, 1) if alone else fitting(connections, known, profile))

        return use

    rows = [
        (FILES, "the connections that one process is planned for", "`HUBBUB_WORKERS`, with `REDIS_URL`; `ulimit -n`"),
        (first_full(at(lambda each: each.cpu, alone=True)), "one process, its core", "the same"),
        (
            first_full(at(lambda each: each.valkey)),
            "one Valkey",
            "`REDIS_URL` with several hosts: each has its share of the topics",
        ),
        (
            first_full(at(lambda each: each.postgres / 8)),
            "PostgreSQL with 8 cores",
            "a larger one; in hubbub `HUBBUB_DATABASE_CONNECTIONS`, and `EVENT_DAYS` for what it keeps",
        ),
    ]  # fmt: skip
    yield from (f"| {what} | {_about(count)} | {mover} |" for count, what, mover in sorted(rows))


def _about(count: int) -> str:
    """Two digits: it is no better known."""
    digits = len(str(count)) - 2
    return f"{round(count, -digits):,}"


def _check(known: Costs, found: Measured) -> Iterator[str]:
    yield "| four processes | predicted | measured (least to most) | measured / predicted |"
    yield "|---|---:|---:|---:|"
    used = found.of(FOUR)
    told = predicted(known, FOUR, found.median(FOUR).messages)
    rows: tuple[tuple[str, Callable[[Used], float], str], ...] = (
        ("seconds of processor a second, hubbub", lambda each: each.cpu, ".3f"),
        ("bytes to Valkey for each message", lambda each: each.layer_in / each.messages, ",.0f"),
        ("bytes from Valkey for each message", lambda each: each.layer_out / each.messages, ",.0f"),
        ("rows for each message", lambda each: each.rows / each.messages, ".2f"),
        ("seconds of processor a second, Valkey", lambda each: each.valkey_cpu, ".4f"),
        ("seconds of processor a second, PostgreSQL", lambda each: each.postgres_cpu, ".3f"),
    )
    for title, of, form in rows:
        middle, least, most = spread(used, of)
        cells = f"{of(told):{form}} | {middle:{form}} ({least:{form}} to {most:{form}}) | {middle / of(told):.2f}"
        yield f"| {title} | {cells} |"
    yield ""
    shape = f"{FOUR.connections} connections in {FOUR.rooms} rooms of {FOUR.members}, {FOUR.rate:g} messages a second"
    rounds = "one round" if len(used) == 1 else f"{len(used)} rounds"
    load = "was not noted" if found.load is None else f"was {found.load:.1f}"
    yield f"{shape}; {rounds} on {found.date}, at commit {found.commit}. {found.machine}. The load before {load};"
    yield "above 1, others had a part of it, and the figures are worth little."


# The page


def rendered(page: str, results: str, found: Measured) -> str:
    """The page with its tables as they must be now."""
    for name, lines in tables(results, found).items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = before + begin + "\n" + "\n".join(lines) + "\n\n" + end + after
    return page


def write() -> None:
    """Bring ``model.md`` up to date with ``RESULTS.md`` and ``model.json``."""
    PAGE.write_text(rendered(PAGE.read_text(), RESULTS.read_text(), measured()))


def measure(rounds: int) -> None:
    """Every shape in turn, then all of them again. Raises Failed."""
    HUBBUB.prepare()
    load = os.getloadavg()[0]
    found = []
    for number in range(rounds):
        for shape in SHAPES:
            with tempfile.TemporaryDirectory(prefix="hubbub-model-") as folder:
                found.append(Round(shape, several.measure(shape, Path(folder))))
            print(f"{number + 1}: {shape}: {found[-1].used}", file=sys.stderr)
    kept_now = Measured(kept.commit(), machine.describe(), f"{datetime.now(UTC):%d %B %Y}", found, load)
    MEASURED.write_bytes(msgspec.json.format(msgspec.json.encode(kept_now), indent=1) + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model", description="What many connections need.")
    parser.add_argument("--measure", action="store_true", help="measure one, two and four processes first")
    parser.add_argument("--rounds", type=int, default=3, help="of the measurement (default: %(default)s)")
    asked = parser.parse_args()
    if asked.measure:
        # Told to end, it ends its servers too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        machine.claim_cores()
        machine.allow_files(4 * FOUR.connections)
        kept.commit()
        try:
            measure(asked.rounds)
        except Failed as failure:
            raise SystemExit(f"The run failed. {failure}") from None
    write()
    print(*(line for lines in tables(RESULTS.read_text(), measured()).values() for line in ["", *lines]), sep="\n")


if __name__ == "__main__":
    main()
