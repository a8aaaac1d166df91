"""``python -m benchmarks [--quick | --continue] [--only WORKLOAD...] [--servers KEY...]``: measure, write results."""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import kept, machine, model, report, workloads
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
    outcome = Outcome(workload, servers, {server.key: [] for server in servers}, load=os.getloadavg()[0])
    began = time.monotonic()
    for number in range(workload.quick_rounds if quick else workload.rounds):
        for server in servers:
            figures = attempt(workload, server, quick)
            outcome.runs[server.key].append(figures)
            found = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
            print(f"{workload.key} {number + 1}: {server.key}: {found}", file=sys.stderr)
    outcome.seconds = time.monotonic() - began
    if not quick:
        kept.keep(outcome)
    return outcome


def run_all(chosen: Sequence[Workload], only: Sequence[str], *, quick: bool, go_on: bool) -> list[Outcome]:
    """Everything, but for what an earlier run has measured where it is to ``go_on``. Raises Failed."""
    found: dict[str, Outcome | None] = dict.fromkeys(each.key for each in chosen)
    if go_on:
        found |= {each.key: kept.recall(each, measured(each, only, quick)) for each in chosen}
    for each in chosen:
        for server in measured(each, only, quick) if found[each.key] is None else ():
            server.prepare()
    return [found[each.key] or run(each, only, quick) for each in chosen]


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
    parser.add_argument("--continue", action="store_true", dest="go_on", help="keep what was measured of this commit")
    parser.add_argument("--only", nargs="+", metavar="WORKLOAD", choices=[each.key for each in workloads.ALL])
    parser.add_argument("--servers", nargs="+", metavar="KEY", default=(), help="leave the others out")
    parser.add_argument("--write", type=Path, help="where the results go; RESULTS.md for a whole run")
    asked = parser.parse_args()

    # Told to end, it ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine.claim_cores()
    machine.allow_files(FILES)
    if asked.quick and asked.go_on:
        parser.error("A quick run is kept nowhere: there is nothing to continue.")
    kept.commit()
    named = asked.only or [each.key for each in workloads.ALL if each.quick or not asked.quick]
    chosen = [each for each in workloads.ALL if each.key in named and measured(each, asked.servers, asked.quick)]
    if not chosen:
        parser.error("None of these servers takes part in any of these workloads.")
    try:
        outcomes = run_all(chosen, asked.servers, quick=asked.quick, go_on=asked.go_on)
    except Failed as failure:
        raise SystemExit(f"The run failed. {failure}") from None
    for outcome in outcomes:
        print(f"\n## {outcome.workload.title}\n", *table(outcome), sep="\n")
    whole = not (asked.quick or asked.only or asked.servers)
    if target := asked.write or (RESULTS if whole else None):
        target.write_text(report.document(outcomes, " ".join(["python -m benchmarks", *sys.argv[1:]])))
        if target == RESULTS:
            model.write()


if __name__ == "__main__":
    main()
