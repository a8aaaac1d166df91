"""python-socketio on uvicorn."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import home
from benchmarks.plans import Client, Speech, expects, sends
from benchmarks.processes import server_port
from benchmarks.servers.base import Running, Server
from tests.services import HOST

PROJECT = home.PEERS / "python_socketio"

SOCKET_IO_SPEECH = Speech(publish='42["say",{"room":"%R","body":"%B"}]', ping=("2", "3"))


def socket_io_client(room: str) -> Client:
    """Engine.IO over a WebSocket at once, Socket.IO in it: open, connect, join."""
    steps = (expects('0{"sid"'), sends("40"), expects("40{"), sends(f'42["join","{room}"]'), expects('42["joined"'))
    return Client("/socket.io/?EIO=4&transport=websocket", steps=steps)


class PythonSocketIO(Server):
    key = "python-socketio"
    name = "python-socketio on uvicorn"
    speech = SOCKET_IO_SPEECH

    def prepare(self) -> None:
        home.peers_python()

    def versions(self) -> dict[str, str]:
        return home.python_versions(home.peers_python(), "python-socketio", "uvicorn", "websockets", "uvloop")

    @contextmanager
    def running(self, folder: Path, people: int) -> Iterator[Running]:
        port = server_port()
        command: list[str | Path] = [home.peers_python(), "-m", "uvicorn", "--host", HOST, "--port", str(port)]
        command += ["--log-level", "warning", "app:app"]
        with self.process(command, port, folder, {"PYTHONPATH": str(PROJECT)}, cwd=PROJECT) as process:
            yield Running(process)

    def client(self, room: str, credential: str) -> Client:
        return socket_io_client(room)


PYTHON_SOCKETIO = PythonSocketIO()
