"""What a workload needs to know of a server."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import cycle
from pathlib import Path

from benchmarks import home
from benchmarks.plans import Client, Group, Pace, Plan, Speech
from benchmarks.processes import Process, listens, server_process


class Server(ABC):
    """A server that is measured. One instance for all runs; each ``running`` is a new process."""

    key: str
    """A short name, without blanks."""
    name: str
    """What a table says."""
    speech: Speech
    command = ""
    """How it was started last, for whoever wants to do it again."""
    keeps_promise = False
    """Whether a delivery that is missing, doubled or out of order makes the run fail. With peers it is only counted."""

    @abstractmethod
    def prepare(self) -> None:
        """Make its environment, unless it is there. May take minutes the first time; raises SystemExit."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """What runs, and its version; after ``prepare``."""

    @abstractmethod
    def running(self, folder: Path, people: int) -> AbstractContextManager["Running"]:
        """A new server on a core of its own, for so many people. Raises Failed where it does not start."""

    def process(
        self,
        command: Sequence[str | Path],
        port: int,
        folder: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ready: Callable[[int], bool] = listens,
    ) -> AbstractContextManager[Process]:
        """As ``server_process``; remembers the command."""
        shown = " ".join(map(str, command)).replace(f"{home.HOME}/", "").replace(f"{home.REPO}/", "")
        self.command = shown.replace(str(port), "PORT")
        return server_process(command, port, folder, env, cwd, ready)

    @abstractmethod
    def client(self, room: str, credential: str) -> Client:
        """A member of a room."""

    def plan(self, running: "Running", pace: Pace, rooms: int, members: int, prefix: str = "r") -> Plan:
        """Rooms of the same size, one publisher in each."""
        named = {
            f"{prefix}{number}": [self.client(f"{prefix}{number}", running.credential()) for _ in range(members)]
            for number in range(rooms)
        }
        return Plan(self.speech, [Group("all", pace, named)])


class Running:
    """A server that runs, and the people who may connect to it, in turn."""

    def __init__(self, process: Process, credentials: list[str] | None = None) -> None:
        self.process = process
        self._credentials: Iterator[str] = cycle(credentials or [""])

    def credential(self) -> str:
        """The next person's; empty where a server asks for none."""
        return next(self._credentials)
