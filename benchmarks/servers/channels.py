"""The usual stack: Django Channels, with both of the layers that it recommends or ships."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from benchmarks import home
from benchmarks.plans import Client, Speech
from benchmarks.processes import server_port
from benchmarks.servers.base import Running, Server
from tests.services import HOST, valkey_server

PROJECT = home.PEERS / "channels_project"


class Channels(Server):
    speech = Speech(publish='{"type":"say","body":"%B"}')

    def __init__(self, key: str, name: str, *, daphne: bool, redis: bool) -> None:
        self.key, self.name = key, name
        self._daphne = daphne
        self._redis = redis

    def prepare(self) -> None:
        home.peers_python()

    def versions(self) -> dict[str, str]:
        server = ["daphne", "twisted"] if self._daphne else ["uvicorn", "websockets", "uvloop"]
        layer = ["channels_redis", "redis"] if self._redis else []
        return home.python_versions(home.peers_python(), "Django", "channels", *server, *layer)

    @contextmanager
    def running(self, folder: Path, people: int) -> Iterator[Running]:
        port = server_port()
        if self._daphne:
            command = ["daphne", "--bind", HOST, "--port", str(port), "--verbosity", "0", "asgi:application"]
        else:
            command = ["uvicorn", "--host", HOST, "--port", str(port), "--log-level", "warning", "asgi:application"]
        # Valkey runs beside the generator, so that the server has a core for itself.
        with valkey_server() if self._redis else nullcontext("") as redis:
            env = {"PYTHONPATH": str(PROJECT), "REDIS_URL": redis}
            with self.process([home.peers_python(), "-m", *command], port, folder, env, cwd=PROJECT) as process:
                yield Running(process)

    def client(self, room: str, credential: str) -> Client:
        return Client(f"/ws/{room}/")


CHANNELS_REDIS = Channels(
    "channels-redis", "Channels + Daphne + channels_redis (the usual stack)", daphne=True, redis=True
)
CHANNELS_MEMORY = Channels("channels-memory", "Channels + uvicorn + in-memory layer", daphne=False, redis=False)
