"""The document that a whole run writes."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from benchmarks import home, kept, machine
from benchmarks.results import Outcome, table, verdict_table
from benchmarks.servers.base import Server
from benchmarks.servers.hubbub import ENVIRONMENT


def document(outcomes: Sequence[Outcome], command: str) -> str:
    return "\n".join(_lines(outcomes, command)) + "\n"


def _lines(outcomes: Sequence[Outcome], command: str) -> Iterator[str]:
    minutes = sum(outcome.seconds for outcome in outcomes) / 60
    yield "# Results"
    yield ""
    yield f"Written by `{command}` (`make bench`) on {datetime.now(UTC):%d %B %Y}; it took {minutes:.0f} minutes."
    yield ""
    yield "Each figure is a median of several runs, in brackets the least and the most. Every round measures each"
    yield "server once, in turn, each time as a new process. Ratios are of runs in the same round, then their median."
    yield ""
    yield "## What must hold"
    yield ""
    yield from verdict_table(outcomes)
    for outcome in outcomes:
        yield ""
        yield f"## {outcome.workload.title}"
        yield ""
        yield outcome.workload.text
        yield ""
        yield from table(outcome)
    yield ""
    yield "## How it was measured"
    yield ""
    yield f"- hubbub at commit {kept.commit()}: its wheel, started by `hubbub serve` with {_environment()}, and"
    yield "  `benchmarks/settings.py`:"
    yield ""
    yield "  ```python"
    yield from (f"  {line}".rstrip() for line in _settings())
    yield "  ```"
    yield f"- Machine: {machine.describe()}. The server has core {machine.SERVER_CORE} to itself; the load generator"
    yield f"  and whatever else runs (Valkey, databases) share core {machine.LOAD_CORE}."
    loads = ", ".join(f"{outcome.load:.1f}" for outcome in outcomes)
    yield f"  The machine's load before each workload: {loads} (2 is what the one before it leaves)."
    yield f"- Python {sys.version.split()[0]} ({sys.version.partition('[')[2].rstrip(']')}) for all servers in Python."
    yield "- Paths are relative to `$BENCH_HOME` and to the repository. Node runs with `NODE_ENV=production`."
    servers = {server.key: server for outcome in outcomes for server in outcome.servers}
    for server in servers.values():
        yield f"- {server.name}: {_versions(server)}; `{server.command}`."


def _versions(server: Server) -> str:
    return ", ".join(f"{name} {version}" for name, version in server.versions().items())


def _environment() -> str:
    shown = {name: value for name, value in ENVIRONMENT.items() if name not in ("SECRET_KEY", "PYTHONPATH")}
    return ", ".join(f"`{name}={value}`" for name, value in shown.items())


def _settings() -> list[str]:
    return (home.REPO / "benchmarks" / "settings.py").read_text().splitlines()
