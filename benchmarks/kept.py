"""What was measured is kept, so that a run that was interrupted can go on: ``--continue``."""

from collections.abc import Sequence

import msgspec

from benchmarks import home
from benchmarks.results import Outcome
from benchmarks.servers import Server
from benchmarks.workloads.base import Figures, Workload

MEASURED = ("src/hubbub", "benchmarks", "requirements", ":!benchmarks/RESULTS.md")
"""What the figures depend on."""


class Kept(msgspec.Struct):
    """An outcome as it stands in a file."""

    commit: str
    seconds: float
    load: float
    runs: dict[str, list[Figures]]


def commit() -> str:
    """The last commit that changed what is measured."""
    changed = home.run("git", "status", "--porcelain", "--untracked-files=no", "--", *MEASURED)
    return home.run("git", "log", "-1", "--format=%h", "--abbrev=12", "--", *MEASURED) + (
        " and changes" if changed else ""
    )


def keep(outcome: Outcome) -> None:
    path = home.HOME / "outcomes" / f"{outcome.workload.key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(Kept(commit(), outcome.seconds, outcome.load, outcome.runs)))


def recall(workload: Workload, servers: Sequence[Server]) -> Outcome | None:
    """The last outcome of a workload, where it was of this commit and of these servers."""
    path = home.HOME / "outcomes" / f"{workload.key}.json"
    if not path.exists():
        return None
    kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    if kept.commit != commit() or set(kept.runs) != {server.key for server in servers}:
        return None
    return Outcome(workload, servers, kept.runs, kept.seconds, kept.load)
