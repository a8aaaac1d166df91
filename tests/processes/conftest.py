"""Servers on sockets that are there before them, and after."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from tests.durability.conftest import own_postgres
from tests.services import HOST, LiveServer, started
from tests.waiting import wait_until

__all__ = ["own_postgres"]

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.processes.settings"}


class Passed(LiveServer):
    """`hubbub serve --fd`, on a socket that the test has opened and keeps, as a service manager does."""

    def __init__(self, folder: Path, listener: socket.socket, env: Mapping[str, str], data: Path | None = None) -> None:
        super().__init__(folder, env={**env, **({"HUBBUB_DATA_DIR": str(data)} if data else {})})
        self.data = data or self.data
        self.port = listener.getsockname()[1]
        self.pass_fds = [listener.fileno()]

    @property
    def command(self) -> list[str]:
        serve = super().command
        return [*serve[: serve.index("--host")], "--fd", str(self.pass_fds[0])]

    def wait_until_ready(self, timeout: float = 30.0) -> None:
        """Not by asking: the one before it may answer."""
        wait_until(lambda: "Application startup complete" in self.log() or not self.running, "its start", timeout)
        assert self.running, self.log()


class PassTo(Protocol):
    def __call__(self, env: Mapping[str, str], data: Path | None = None) -> Passed: ...


@pytest.fixture
def pass_to(tmp_path: Path) -> Iterator[PassTo]:
    """``pass_to(env)`` starts another server on the same socket; ``data`` is the folder of one before it."""
    with ExitStack() as stack, socket.create_server((HOST, 0), backlog=2048) as listener:
        listener.set_inheritable(True)
        count = 0

        def start(env: Mapping[str, str], data: Path | None = None) -> Passed:
            nonlocal count
            count += 1
            server = Passed(tmp_path / f"passed-{count}", listener, SETTINGS | dict(env), data)
            stack.callback(lambda: print(f"server {count} logged:\n{server.log()[-8000:]}"))
            stack.callback(server.kill)
            server.start()
            return server

        yield start


class Several(LiveServer):
    """`hubbub serve --workers`, on a layer that they share; ``env`` may name another."""

    def __init__(
        self, folder: Path, valkey_url: str, count: int, args: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> None:
        layered = {
            "DJANGO_SETTINGS_MODULE": "tests.processes.layered",
            "LAYER_PORT": str(urlsplit(valkey_url).port),
        }
        super().__init__(folder, ["--workers", str(count), *args], layered | dict(env or {}))
        self.count = count

    def wait_until_ready(self, timeout: float = 30.0) -> None:
        """Ready once all workers are."""
        super().wait_until_ready(timeout)
        wait_until(lambda: len(self.serving()) == self.count, "all workers", timeout)

    def workers(self) -> list[int]:
        """The pids of its children."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def serving(self) -> list[int]:
        """Those of them that have begun to serve."""
        log = self.log()
        return [pid for pid in self.workers() if f"Worker {pid} serves" in log]


@pytest.fixture
def several(tmp_path: Path, valkey_url: str) -> Iterator[Several]:
    """Two workers."""
    server = Several(tmp_path, valkey_url, 2)
    with started(server):
        yield server


def files_of(pid: int) -> int:
    """How many descriptors a process has open: with many connections, hardly more than those."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def replaced(server: Several, pid: int) -> bool:
    """Whether another worker serves in the place of this one."""
    return len(server.serving()) == server.count and pid not in server.workers()
