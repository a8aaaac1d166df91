"""The machine: which core does what, and what a process has used of it."""

import os
import platform
import resource
from pathlib import Path

SERVER_CORE = 0
LOAD_CORE = 1
"""For the generator and everything beside the server that is measured: Valkey, PostgreSQL, this program."""

_TICKS = os.sysconf("SC_CLK_TCK")


def claim_cores() -> None:
    """Keep this program, and what it starts, off the core of the servers. Raises SystemExit with one core only."""
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        raise SystemExit("Two cores are needed: one for the server, one for the load.")
    os.sched_setaffinity(0, {LOAD_CORE})


def allow_files(needed: int) -> None:
    """Let this program, and what it starts, open as many files as it may. Raises SystemExit for fewer than needed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most not in (resource.RLIM_INFINITY,) and most < needed:
        raise SystemExit(f"A process may open {most:,} files here, and {needed:,} are needed: see `ulimit -Hn`.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def describe() -> str:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = next(int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    return f"{os.cpu_count()} cores ({model}), {memory / 2**20:.0f} GiB, {platform.system()} {platform.release()}"


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processor since it began, in user and kernel, in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def unique_bytes(pid: int) -> int:
    """The memory that a process shares with nobody."""
    found = [int(line.split()[1]) for line in _lines(f"/proc/{pid}/smaps_rollup") if line.startswith("Private_")]
    return 1024 * sum(found)


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
