"""Channel layers on Valkey, ours and those of channels_redis, as processes of the same shape."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import home
from benchmarks.plans import Client
from benchmarks.processes import Failed, Process, server_port
from benchmarks.servers.base import Running, Server
from tests.services import HOST, valkey_server

SCRIPT = home.PEERS / "layers" / "measure.py"


class Layer(Server):
    """A process with two layers of one kind: what one sends the other receives."""

    def __init__(self, key: str, name: str, *packages: str) -> None:
        self.key, self.name = f"layer-{key}", name
        self.keeps_promise = key == "hubbub"
        self._kind = key
        self._packages = packages

    def prepare(self) -> None:
        home.layers_python()

    def versions(self) -> dict[str, str]:
        return home.python_versions(home.layers_python(), *self._packages, "redis", "hiredis", "channels", "uvloop")

    @contextmanager
    def running(self, folder: Path, people: int) -> Iterator[Running]:
        port = server_port()
        with valkey_server() as redis:
            command: list[str | Path] = [home.layers_python(), SCRIPT, self._kind, str(port), redis]
            with self.process(command, port, folder) as process:
                self.command = self.command.replace(redis, "REDIS_URL")
                yield Running(process)

    def client(self, room: str, credential: str) -> Client:
        raise TypeError("A layer has no clients: it is asked itself.")


def ask(process: Process, pace: str, groups: int, number: int, seconds: float) -> dict[str, float]:
    """One measurement of ``measure.py``. Raises Failed."""
    try:
        with socket.create_connection((HOST, process.port), timeout=60 + seconds) as connection:
            connection.sendall(f"{pace} {groups} {number} {seconds}\n".encode())
            found: dict[str, float] = json.loads(connection.makefile().readline())
            return found
    except (OSError, ValueError) as error:
        raise Failed(f"The layer did not answer ({error}):\n{process.log_end()}") from error


LAYERS = (
    Layer("hubbub", "hubbub.layers.redis", "hubbub"),
    Layer("core", "channels_redis, core", "channels_redis"),
    Layer("pubsub", "channels_redis, pub/sub", "channels_redis"),
)
