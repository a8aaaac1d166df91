"""``python -m benchmarks [--quick] [--only WORKLOAD...] [--servers KEY...]``: measure, and write ``RESULTS.md``."""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, report, workloads
from benchmarks.processes import Failed
from benchmarks.results import Outcome, table
from benchmarks.servers import Server
from benchmarks.workloads.base import Figures, Workload

FILES = 12_000
"""A server with 10,000 sockets, and something to spare."""
RESULTS = Path(__file__).parent / "RESULTS.md"


def measured(workload: Workload, only: Sequence[str], quick: bool) -> list[Server]:
    return [server for server in workload.servers(quick) if not only or server.key in only]


def run(workload: Workload, only: Sequence[str], quick: bool) -> Outcome:
    """Every server in turn, then all of them again: what changes about the machine hits them alike. Raises Failed."""
    servers = measured(workload, only, quick)
    outcome = Outcome(workload, servers, {server.key: [] for server in servers})
    began = time.monotonic()
    for number in range(workload.quick_rounds if quick else workload.rounds):
        for server in servers:
            figures = attempt(workload, server, quick)
            outcome.runs[server.key].append(figures)
            found = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
            print(f"{workload.key} {number + 1}: {server.key}: {found}", file=sys.stderr)
    outcome.seconds = time.monotonic() - began
    return outcome


def attempt(workload: Workload, server: Server, quick: bool) -> Figures:
    """One run's figures. A peer that fails has none, and that is shown; with hubbub it ends everything."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as folder:
        try:
            return workload.measure(server, Path(folder), quick)
        except Failed as failure:
            if server.keeps_promise:
                raise
            print(f"{workload.key}: {server.key} failed. {failure}", file=sys.stderr)
            return {}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure hubbub and its peers.")
    parser.add_argument("--quick", action="store_true", help="hubbub and two peers, in three minutes")
    parser.add_argument("--only", nargs="+", metavar="WORKLOAD", choices=[each.key for each in workloads.ALL])
    parser.add_argument("--servers", nargs="+", metavar="KEY", default=(), help="leave the others out")
    parser.add_argument("--write", type=Path, help="where the results go; RESULTS.md for a whole run")
    asked = parser.parse_args()

    # Told to end, it ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    load_before, _, _ = os.getloadavg()
    machine.claim_cores()
    machine.allow_files(FILES)
    named = asked.only or [each.key for each in workloads.ALL if each.quick or not asked.quick]
    chosen = [each for each in workloads.ALL if each.key in named]
    for each in chosen:
        for server in measured(each, asked.servers, asked.quick):
            server.prepare()
    try:
        outcomes = [run(each, asked.servers, asked.quick) for each in chosen]
    except Failed as failure:
        raise SystemExit(f"The run failed. {failure}") from None
    for outcome in outcomes:
        print(f"\n## {outcome.workload.title}\n", *table(outcome), sep="\n")
    whole = not (asked.quick or asked.only or asked.servers)
    if target := asked.write or (RESULTS if whole else None):
        target.write_text(report.document(outcomes, " ".join(["python -m benchmarks", *sys.argv[1:]]), load_before))


if __name__ == "__main__":
    main()
