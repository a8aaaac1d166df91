"""A server process for each test that asks for one."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@dataclass
class Server:
    """One running server."""

    port: int
    process: subprocess.Popen[bytes]
    log_file: Path

    def log(self) -> str:
        """All that the server has logged so far, access log included."""
        return self.log_file.read_text()

    def wait_for_log(self, text: str, seconds: float = 10.0) -> str:
        """Wait until the log holds a text; the whole log."""
        until = time.monotonic() + seconds
        while text not in (log := self.log()):
            assert time.monotonic() < until, f"{text!r} never logged in:\n{log}"
            time.sleep(0.01)
        return log

    def alive(self) -> bool:
        """True while the process runs."""
        return self.process.poll() is None

    def memory(self, what: str = "VmRSS") -> int:
        """``VmRSS`` (now) or ``VmHWM`` (its peak since `reset_peak`), in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(f"{what}:")[1].split()[0]) * 1024

    def reset_peak(self) -> int:
        """Forget the peak of the memory; what is used now, in bytes."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        return self.memory("VmHWM")

    def stop(self) -> float:
        """SIGTERM, wait; seconds that it took. Kills the process after 20 s."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> float:
        """Wait for the end; seconds that it took. Kills the process after 20 s."""
        start = time.monotonic()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        return time.monotonic() - start


@contextmanager
def _serve(log_file: Path, options: dict[str, Any]) -> Iterator[Server]:
    spec = importlib.util.find_spec("hubbub.transports.uvicorn")
    assert spec is not None
    assert spec.origin is not None
    root = str(Path(spec.origin).parents[3])
    # Bound here and listened on there: no port is free one moment and taken the next.
    with socket.socket() as listener, log_file.open("wb") as log:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        fd = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, str(HERE / "serve.py"), str(fd), json.dumps(options)],
            pass_fds=[fd],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"},
        )
    server = Server(port, process, log_file)
    try:
        until = time.monotonic() + 20
        while True:
            assert server.alive(), server.log()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < until, "the server never listened"
                time.sleep(0.01)
        yield server
    finally:
        server.stop()


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """``start_server(http={...}, ws={...}, config={...})`` starts a server process."""
    with ExitStack() as stack:
        count = 0

        def start(**options: Any) -> Server:
            nonlocal count
            count += 1
            return stack.enter_context(_serve(tmp_path / f"server-{count}.log", options))

        yield start


@pytest.fixture
def server(start_server: StartServer) -> Server:
    """A server process with the settings by default."""
    return start_server()


@pytest.fixture
def flood() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """``flood(port, seconds, kind, pause)`` starts a flooding client process, see flood.py.

    It returns when the flood has begun.
    """
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int, seconds: float, kind: str, pause: float = 0.0) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(HERE / "flood.py"), str(port), str(seconds), kind, str(pause)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"flooding\n"
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
