"""What was measured is kept, so that a run that was interrupted can go on: ``--continue``."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from benchmarks import home
from benchmarks.results import Outcome
from benchmarks.servers import Server
from benchmarks.workloads.base import Figures, Workload

MEASURED = (
    "src/hubbub",
    "benchmarks",
    "requirements",
    "pyproject.toml",
    ":!benchmarks/RESULTS.md",
    ":!benchmarks/model.*",
)
"""What the figures depend on."""


CHANGED = " and changes"


class Kept(msgspec.Struct):
    """An outcome as it stands in a file."""

    commit: str
    seconds: float
    load: float
    runs: dict[str, list[Figures]]


@cache
def commit() -> str:
    """The last commit that changed what is measured, as this process first found it: before it built a wheel."""
    changed = home.run("git", "status", "--porcelain", "--", *MEASURED)
    return home.run("git", "log", "-1", "--format=%h", "--abbrev=12", "--", *MEASURED) + (CHANGED if changed else "")


def keep(outcome: Outcome) -> None:
    """Keep an outcome, unless it is of changes that are in no commit, or of some of the servers only."""
    if commit().endswith(CHANGED) or len(outcome.servers) < len(outcome.workload.servers(quick=False)):
        return
    path = _path(outcome.workload)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".new")
    written.write_bytes(msgspec.json.encode(Kept(commit(), outcome.seconds, outcome.load, outcome.runs)))
    written.replace(path)


def recall(workload: Workload, servers: Sequence[Server]) -> Outcome | None:
    """The last outcome of a workload, where it was of this commit and of these servers."""
    if not _path(workload).exists():
        return None
    kept = msgspec.json.decode(_path(workload).read_bytes(), type=Kept)
    if kept.commit != commit() or set(kept.runs) != {server.key for server in servers}:
        return None
    return Outcome(workload, servers, kept.runs, kept.seconds, kept.load)


def _path(workload: Workload) -> Path:
    return home.HOME / "outcomes" / f"{workload.key}.json"
