"""``RESULTS.md``: what came out, and what one needs to know to get it again."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.servers.base import Server
from benchmarks.workloads.base import Claim, Column, Figures, Workload


@dataclass
class Outcome:
    """All runs of one workload."""

    workload: Workload
    servers: Sequence[Server]
    runs: dict[str, list[Figures]] = field(default_factory=dict)
    """Of each server, by its key, in the order of the rounds."""
    seconds: float = 0
    load: float = 0
    """The machine's load average when it began."""

    def values(self, server: str, column: str) -> list[float]:
        return [run[column] for run in self.runs.get(server, []) if column in run]

    def ratios(self, of: tuple[str, str], over: tuple[str, str]) -> Iterator[float]:
        """Of each round in which both were measured."""
        for above, below in zip(self.runs.get(of[0], []), self.runs.get(over[0], []), strict=False):
            if of[1] in above and below.get(over[1]):
                yield above[of[1]] / below[over[1]]


def table(outcome: Outcome) -> Iterator[str]:
    columns = outcome.workload.columns
    yield "| server | " + " | ".join(column.title for column in columns) + " |"
    yield "|---|" + "---:|" * len(columns)
    for server in outcome.servers:
        cells = [_cell(outcome.values(server.key, column.key), column) for column in columns]
        failed = sum(not figures for figures in outcome.runs[server.key])
        yield f"| {server.name}{f' ({failed} of its runs failed)' if failed else ''} | " + " | ".join(cells) + " |"


def _cell(values: list[float], column: Column) -> str:
    """The median, and in brackets the least and the most."""
    if not values:
        return ""
    middle, least, most = (format(value, column.format) for value in _spread(values))
    return middle if least == most else f"{middle} ({least} to {most})"


def _spread(values: list[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)


@dataclass(frozen=True)
class Verdict:
    claim: Claim
    found: float
    spread: tuple[float, float]
    holds: bool


def judge(claim: Claim, outcome: Outcome) -> Verdict | None:
    """Ratios are of runs in the same round, then the median. None where a figure was not measured."""
    values = outcome.values(*claim.of)
    if claim.over is not None:
        values = list(outcome.ratios(claim.of, claim.over))
    if not values:
        return None
    middle, least, most = _spread(values)
    holds = (claim.at_least is None or middle >= claim.at_least) and (claim.at_most is None or middle <= claim.at_most)
    return Verdict(claim, middle, (least, most), holds)


def verdicts(outcomes: Sequence[Outcome]) -> list[tuple[Workload, Verdict]]:
    found = [(outcome.workload, judge(claim, outcome)) for outcome in outcomes for claim in outcome.workload.claims]
    return [(workload, verdict) for workload, verdict in found if verdict is not None]


def verdict_table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "| workload | claim | bound | found (least to most) | |"
    yield "|---|---|---:|---:|---|"
    for workload, verdict in verdicts(outcomes):
        claim = verdict.claim
        unit = " ×" if claim.over else ""
        least, most = verdict.spread
        found = f"{verdict.found:.3g}{unit} ({least:.3g} to {most:.3g})"
        holds = "yes" if verdict.holds else "**no**"
        yield f"| {workload.title} | {claim.text} | {_bound(claim)}{unit} | {found} | {holds} |"


def _bound(claim: Claim) -> str:
    return f"≥ {claim.at_least:g}" if claim.at_least is not None else f"≤ {claim.at_most:g}"
