"""What a workload is: something that is done to several servers in turn, and the figures that come of it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generator import Measured
from benchmarks.processes import Failed
from benchmarks.servers.base import Server

Figures = dict[str, float]
"""One run's figures, by the column's key."""


@dataclass(frozen=True)
class Column:
    key: str
    title: str
    """With the unit."""
    format: str = ",.0f"


@dataclass(frozen=True)
class Claim:
    """What must come out: one figure over another, of the same or another server; each (server's key, column's key)."""

    text: str
    of: tuple[str, str]
    over: tuple[str, str] | None = None
    """None: the figure itself is bounded."""
    at_least: float | None = None
    at_most: float | None = None


class Workload(ABC):
    key: str
    """A short name, without blanks: ``--only`` takes it."""
    title: str
    text: str
    """What is done, for whoever reads the results. Markdown."""
    columns: Sequence[Column]
    claims: Sequence[Claim] = ()
    rounds = 3
    quick = False
    """Whether it belongs to the quick run."""
    quick_rounds = 2

    @abstractmethod
    def servers(self, quick: bool) -> Sequence[Server]:
        """Who is measured. Each round measures each of them once, in turn."""

    @abstractmethod
    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        """One run, in an empty folder of its own. A figure may be left out. Raises Failed."""


def checked(server: Server, measured: Measured) -> Measured:
    """Raises Failed where a delivery is missing that the server has promised."""
    if server.keeps_promise and measured.lost:
        raise Failed(f"{server.name} lost or doubled {measured.lost:,} deliveries: {measured.groups}")
    return measured
