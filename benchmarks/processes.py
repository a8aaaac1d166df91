"""Server processes: started on a core, waited for, ended."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from tests.services import HOST

START_SECONDS = 60.0


class Failed(Exception):
    """A run that can't count: a server that did not start, or a promise that was broken."""


@dataclass
class Process:
    """A server that is measured."""

    pid: int
    port: int
    log: Path

    def cpu_seconds(self) -> float:
        return machine.cpu_seconds(self.pid)

    def unique_bytes(self) -> int:
        return machine.unique_bytes(self.pid)

    def rest(self) -> None:
        """Waits until it has nothing to do, as when clients that left are forgotten. Raises Failed after a minute."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            before = self.cpu_seconds()
            time.sleep(0.5)
            if self.cpu_seconds() - before < 0.05:
                return
        raise Failed(f"The server is still busy with nothing to do:\n{self.log_end()}")

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


def server_port() -> int:
    """A free port that no client is given meanwhile: those of clients begin at 32,768."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@contextmanager
def server_process(
    command: Sequence[str | Path],
    port: int,
    folder: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    ready: Callable[[int], bool] = listens,
) -> Iterator[Process]:
    """A server on its own core until the end of the block. Raises Failed where it does not start.

    ``env`` is added to what the shell has, less what would configure a server behind our back.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUBBUB_", "DJANGO_", "PYTHON"))}
    with log.open("ab") as output:
        child = subprocess.Popen(
            ["taskset", "-c", str(machine.SERVER_CORE), *command],
            env=kept | dict(env or {}),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    process = Process(child.pid, port, log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready(port):
            if child.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{command[0]} did not start:\n{process.log_end()}")
            time.sleep(0.05)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(30)
