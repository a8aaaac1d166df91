"""Servers of the JavaScript world: Socket.IO and bare ws on Node, Bun's own publish."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import home
from benchmarks.plans import Client, Speech, expects, sends
from benchmarks.processes import server_port
from benchmarks.servers.base import Running, Server
from benchmarks.servers.python_socketio import SOCKET_IO_SPEECH, socket_io_client


class JavaScript(Server):
    speech = Speech(publish='{"type":"say","body":"%B"}')

    def __init__(self, key: str, name: str, source: str, package: str) -> None:
        self.key, self.name = key, name
        self._source = source
        self._package = package

    def prepare(self) -> None:
        home.node_peers()

    def versions(self) -> dict[str, str]:
        installed = json.loads((home.node_peers() / "node_modules" / self._package / "package.json").read_text())
        return {self._package: installed["version"]} | self._runtime_version()

    def _environment(self) -> dict[str, str]:
        return {}

    def _runtime_version(self) -> dict[str, str]:
        return {"Node": home.run(home.node(), "--version").removeprefix("v")}

    def _runtime(self) -> Path:
        return Path(home.node())

    @contextmanager
    def running(self, folder: Path, people: int) -> Iterator[Running]:
        port = server_port()
        env = {"PORT": str(port), "NODE_ENV": "production", **self._environment()}
        with self.process([self._runtime(), home.node_peers() / self._source], port, folder, env) as process:
            yield Running(process)

    def client(self, room: str, credential: str) -> Client:
        return Client(f"/{room}")


class SocketIO(JavaScript):
    speech = SOCKET_IO_SPEECH

    def client(self, room: str, credential: str) -> Client:
        return socket_io_client(room)


class RecoveringSocketIO(SocketIO):
    """With connection state recovery, which is off by default."""

    speech = replace(
        SOCKET_IO_SPEECH,
        keep=('"pid":"', '"},"'),  # The second is what follows the arguments of an event.
        resume=(expects('0{"sid"'), sends('40{"pid":"%1","offset":"%2"}'), expects("40{")),
    )

    def _environment(self) -> dict[str, str]:
        return {"RECOVERY": "1"}


class Bun(JavaScript):
    def _runtime(self) -> Path:
        return home.node_peers() / "node_modules" / ".bin" / "bun"

    def _environment(self) -> dict[str, str]:
        return {}

    def _runtime_version(self) -> dict[str, str]:
        return {}


SOCKET_IO = SocketIO("socket-io", "Socket.IO on Node", "socket_io.mjs", "socket.io")
SOCKET_IO_RECOVERY = RecoveringSocketIO(
    "socket-io-recovery", "Socket.IO with connection state recovery", "socket_io.mjs", "socket.io"
)
BARE_WS = JavaScript("bare-ws", "bare ws on Node", "bare_ws.mjs", "ws")
BUN = Bun("bun", "Bun publish", "bun_publish.mjs", "bun")
