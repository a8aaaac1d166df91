"""Where a server listens: a unix socket's path, or a socket that somebody has opened for it."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from pathlib import Path
from stat import S_IMODE

import pytest

from hubbub.transports.listening import (
    CannotListen,
    descriptors_of_manager,
    listen_at,
    listen_on_path,
    listen_passed,
    tell_manager,
)
from tests.hostile.wire import Client, handshake
from tests.services import HOST, LiveServer, started

PRODUCTION = {"DEBUG": "false", "SECRET_KEY": "for this test alone " * 3, "ALLOWED_HOSTS": "localhost"}


class OverPath(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


class OnPath(LiveServer):
    """`hubbub serve --uds`."""

    def __init__(self, folder: Path, **env: str) -> None:
        super().__init__(folder, env=PRODUCTION | env)
        self.path = folder / "hubbub.sock"

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "hubbub", "serve", "--uds", str(self.path)]

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status, and where one is sent to."""
        connection = OverPath(self.path)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location", "")

    def ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False


@pytest.fixture
def on_path(tmp_path: Path) -> Iterator[OnPath]:
    server = OnPath(tmp_path, HUBBUB_TRUSTED_PROXIES="unix", HUBBUB_GUESTS="true")
    with started(server):
        yield server


def test_a_unix_socket(on_path: OnPath) -> None:
    """PRC-5: for the owner and the group; who a request is from, the proxy says; and nothing is left at the end."""
    assert S_IMODE(on_path.path.stat().st_mode) == 0o660
    assert on_path.get("/")[0] == 301
    assert on_path.get("/", X_Forwarded_Proto="https")[0] == 200
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(on_path.path))
        client = Client(connection)
        client.send(handshake("/ws/", b"X-Forwarded-For: 9.9.9.9", b"X-Forwarded-Proto: https"))
        assert client.status() == 101
        on_path.signal(signal.SIGTERM)
        assert client.close_code() == 1012
    on_path.wait()
    assert not on_path.path.exists()
    assert "Traceback" not in on_path.log()


def test_a_file_that_was_left_is_replaced_and_a_server_is_not(on_path: OnPath, tmp_path: Path) -> None:
    """PRC-5"""
    second = subprocess.run(
        [*on_path.command, "--no-migrate"], env=on_path._env, capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 1
    assert f"A server listens on {on_path.path} already." in second.stderr
    assert on_path.ready()
    on_path.kill()
    assert on_path.path.exists()
    on_path.start()
    assert on_path.ready()


ONE_OF_SEVERAL = """
import sys
from hubbub.transports.listening import CannotListen, listen_on_path

held = []
for line in sys.stdin:
    try:
        held.append(listen_on_path(line.strip(), 0o600))
        print("listens", flush=True)
    except CannotListen as error:
        print(error, flush=True)
"""


def test_several_that_begin_at_once(tmp_path: Path) -> None:
    """PRC-5: on the file that a dead server has left, one of them listens, and the others say why they don't."""
    command = [sys.executable, "-c", ONE_OF_SEVERAL]
    with ExitStack() as stack:
        several = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(4)
        ]
        wrong = []
        for round in range(25):
            path = tmp_path / f"{round}.sock"
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(path))
            for each in several:
                assert each.stdin is not None
                each.stdin.write(f"{path}\n")
                each.stdin.flush()
            said = [each.stdout.readline().strip() for each in several if each.stdout]
            if sorted(said) != sorted(["listens", *[f"A server listens on {path} already."] * 3]):
                wrong.append(said)
        print(f"{len(wrong)} of 25 times it was not exactly one of {len(several)} that listened")
        for each in several:
            assert each.stdin is not None
            each.stdin.close()
    assert not wrong, wrong[0]
    assert not [file for file in tmp_path.iterdir() if file.suffix != ".sock"], "nothing else is left"


def test_a_folder_that_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PRC-5: nobody waits for ever."""
    monkeypatch.setattr("hubbub.transports.listening.LOCK_SECONDS", 0.1)
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(CannotListen, match="Another server has been beginning to listen"):
        listen_on_path(str(tmp_path / "hubbub.sock"), 0o600)
    os.close(holder)
    listen_on_path(str(tmp_path / "hubbub.sock"), 0o600).sockets[0].close()


def test_another_s_file_is_left_alone(tmp_path: Path) -> None:
    """PRC-5"""
    there = tmp_path / "notes.txt"
    there.write_text("mine")
    with pytest.raises(CannotListen, match="no socket"):
        listen_on_path(str(there), 0o660)
    with pytest.raises(CannotListen, match="Could not listen on"):
        listen_on_path(str(tmp_path / "none" / "hubbub.sock"), 0o660)
    with pytest.raises(CannotListen, match="too long"):
        listen_on_path(str(tmp_path / ("x" * 200)), 0o660)
    path = tmp_path / "hubbub.sock"
    first = listen_on_path(str(path), 0o600)
    assert S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    second = listen_on_path(str(path), 0o666)
    first.remove()
    assert path.exists()
    second.remove()
    assert not path.exists()
    for each in (first, second):
        each.sockets[0].close()
    assert there.read_text() == "mine"


def test_the_kernel_holds_little_for_who_does_not_read() -> None:
    """LIM-4: else what waits would be neither counted nor bounded, and Linux would hold 4 MB for each."""
    listening = listen_at(HOST, 0)
    [listener] = listening.sockets
    with listener, socket.create_connection(listener.getsockname()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        accepted, _ = listener.accept()
        with accepted:
            accepted.setblocking(False)
            held, piece = 0, bytes(10_000)
            with suppress(BlockingIOError):
                while held < 4_000_000:
                    held += accepted.send(piece)
            unread = int.from_bytes(fcntl.ioctl(client, termios.FIONREAD, bytes(4)), sys.byteorder)
    print(f"{held - unread:,} bytes were held for a client that had been sent {unread:,}")
    assert held - unread < 100_000


def test_the_port_is_taken() -> None:
    first = listen_at(HOST, 0)
    port = first.sockets[0].getsockname()[1]
    assert first.name == f"http://127.0.0.1:{port}/"
    with pytest.raises(CannotListen, match=rf"{HOST}:{port}: .* Is something else there\? Try --port\."):
        listen_at(HOST, port)
    first.sockets[0].close()
    with pytest.raises(CannotListen, match="Could not listen on"):
        listen_at("nowhere.invalid", 1)


def test_debug_is_for_this_machine(tmp_path: Path) -> None:
    """ORG-2: behind a unix socket stands a proxy, and nobody knows for whom."""
    server = LiveServer(tmp_path)
    for args in (("--uds", str(tmp_path / "hubbub.sock")), ("--host", "0.0.0.0")):
        done = server.manage("serve", *args, check=False)
        assert done.returncode == 1
        assert "DEBUG is on, so hubbub serves on loopback only" in done.stderr
    with socket.create_server(("0.0.0.0", 0)) as listener:
        listener.set_inheritable(True)
        done = subprocess.run(
            [sys.executable, "-m", "hubbub", "serve", "--fd", str(listener.fileno())],
            env=server._env,
            pass_fds=[listener.fileno()],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert "not on 0.0.0.0" in done.stderr


class Activated(LiveServer):
    """Started as systemd does it: the socket is descriptor 3, and two variables say so."""

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        super().__init__(folder)
        self.pass_fds = [listener.fileno()]
        self.port = listener.getsockname()[1]

    @property
    def command(self) -> list[str]:
        passed = (
            f"import os; os.dup2({self.pass_fds[0]}, 3); os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))"
        )
        serve = f"os.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'hubbub', 'serve'])"
        return [sys.executable, "-c", f"{passed}; {serve}"]


def test_socket_activation(tmp_path: Path) -> None:
    """PRC-5: who comes while there is no server waits for the next one."""
    with socket.create_server((HOST, 0)) as listener:
        server = Activated(tmp_path, listener)
        with started(server):
            Client.open(server.port).close()
            server.stop()
            patient = Client.tcp(server.port, timeout=30)
            patient.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            server.start()
            assert patient.status() == 200
            patient.close()


@pytest.mark.parametrize("workers", [0, 2])
def test_the_service_manager_is_told(tmp_path: Path, valkey_url: str, workers: int) -> None:
    """PRC-7: once, when all that was asked for serves; so `systemctl restart` of one instance waits for it."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(30)
        args = ["--workers", str(workers)] if workers else []
        server = LiveServer(tmp_path, args, {"NOTIFY_SOCKET": str(path), "REDIS_URL": valkey_url})
        server.wait_until_ready = lambda timeout=30.0: None  # type: ignore[method-assign]
        with started(server):
            assert manager.recv(100) == b"READY=1"
            assert server.ready(), server.log()
            assert server.log().count("serves.") == workers
            assert server.stop() in (0, -signal.SIGTERM)
            manager.setblocking(False)
            with pytest.raises(BlockingIOError):
                manager.recv(100)


def test_no_manager_to_tell(tmp_path: Path) -> None:
    """PRC-7: one that has gone holds nothing up."""
    tell_manager({})
    tell_manager({"NOTIFY_SOCKET": str(tmp_path / "absent")})
    tell_manager({"NOTIFY_SOCKET": "@absent-for-the-test"})


def test_another_s_descriptors_are_not_ours() -> None:
    assert descriptors_of_manager({"LISTEN_PID": "1", "LISTEN_FDS": "1"}) == []
    assert descriptors_of_manager({}) == []
    ours = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b", "PATH": "/"}
    assert descriptors_of_manager(ours) == [3, 4]
    assert ours == {"PATH": "/"}


def test_a_descriptor_that_is_no_socket(tmp_path: Path) -> None:
    server = LiveServer(tmp_path)
    done = server.manage("serve", "--fd", "1", check=False)
    assert done.returncode == 1
    assert "The file descriptor 1 can't be listened on" in done.stderr


@pytest.mark.parametrize("unix_first", [False, True])
def test_both_kinds_of_socket_are_passed(tmp_path: Path, unix_first: bool) -> None:
    """As a service manager does whose unit names an address and a path."""
    with socket.create_server((HOST, 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "s"))
        port, passed = tcp.getsockname()[1], [tcp.fileno(), unix.fileno()]
        listening = listen_passed([os.dup(each) for each in (passed[::-1] if unix_first else passed)])
        assert (listening.name, listening.hosts) == (f"http://{HOST}:{port}/", [HOST])
        assert listening.path == str(tmp_path / "s")
        for each in listening.sockets:
            each.close()
