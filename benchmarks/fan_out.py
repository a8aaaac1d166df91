"""Fan-out: how many messages a second reach the members of rooms. ``.venv/bin/python -m benchmarks.fan_out``.

Compiles the load generator, starts ``hubbub serve`` as it is shipped on a core of its own, and prints a table: medians
of several runs. A message that is missing, doubled or out of order fails the run.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.services import LiveServer

HERE = Path(__file__).parent
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SERVER_CORE, LOAD_CORE = 0, 1
WORKLOADS = (
    # name, rooms, members of each, messages under way in each
    ("one room of 1,000, window 4", 1, 1000, 4),
    ("one room of 1,000, window 1", 1, 1000, 1),
    ("200 rooms of 5, window 1", 200, 5, 1),
)


def compile_generator(folder: Path) -> Path:
    """Raises SystemExit where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("The load generator is written in C: install a C compiler (gcc) and try again.")
    binary = folder / "load"
    subprocess.run([compiler, "-O2", "-o", binary, HERE / "load" / "load.c"], check=True)
    return binary


def plan(rooms: int, members: int) -> str:
    """What the clients send to hubbub; see ``load/load.c``."""
    lines = [
        'ready\t"recovered"',
        'publish\t{"type":"bench.say","topic":"bench.%R","data":{"body":"%B"}}',
    ]
    for room in range(rooms):
        subscribe = f'{{"id":1,"type":"subscribe","topic":"bench.r{room}"}}'
        lines += [f"client\tr{room}\t/ws/\t\t{subscribe}"] * members
    return "\n".join(lines) + "\n"


@contextmanager
def serving(folder: Path) -> Iterator[LiveServer]:
    env = {"DJANGO_SETTINGS_MODULE": "benchmarks.settings", "HUBBUB_LOG_LEVEL": "ERROR", "PYTHONPATH": str(HERE.parent)}
    server = LiveServer(folder, env=env)
    server.start()
    os.sched_setaffinity(server.pid, {SERVER_CORE})
    try:
        yield server
    finally:
        server.kill()


def measure(generator: Path, folder: Path, rooms: int, members: int, window: int) -> dict[str, Any]:
    """One run. Raises SystemExit where a message did not arrive once and in order."""
    folder.mkdir(parents=True)
    path = folder / "plan"
    path.write_text(plan(rooms, members))
    with serving(folder / "server") as server:
        command = ["taskset", "-c", str(LOAD_CORE), generator, str(server.port), path, str(window), "1", str(SECONDS)]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"The run failed: {done.stdout}{done.stderr}{server.log()[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("Two cores are needed: one for the server, one for the load.")
    print(
        f"hubbub, Python {sys.version.split()[0]}, {RUNS} runs of {SECONDS:g} s each, server and load on a core each\n"
    )
    print("| workload | deliveries/s, median (least to most) | p99 ms | load generator busy |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generator = compile_generator(folder)
        for workload, rooms, members, window in WORKLOADS:
            runs = [measure(generator, folder / f"{workload}-{run}", rooms, members, window) for run in range(RUNS)]
            rates = sorted(run["per_second"] for run in runs)
            p99 = statistics.median(run["p99_ms"] for run in runs)
            busy = statistics.median(run["generator_busy"] for run in runs)
            middle = statistics.median(rates)
            print(f"| {workload} | {middle:,.0f} ({rates[0]:,.0f} to {rates[-1]:,.0f}) | {p99:.1f} | {busy:.0%} |")


if __name__ == "__main__":
    main()
