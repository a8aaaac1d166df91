"""Other ASGI servers, each as a real process on a data folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.formats.fixtures import ann, bob, crowd, room
from tests.services import HOST, LiveServer

__all__ = ["ann", "bob", "crowd", "room"]

APPLICATION = "hubbub.django.asgi:application"
MODULES: dict[str, Sequence[str]] = {
    "uvicorn": ("uvicorn", "--host", HOST, "--port", "{port}", APPLICATION),
    "daphne": ("daphne", "-b", HOST, "-p", "{port}", APPLICATION),
    "hypercorn": ("hypercorn", "--bind", f"{HOST}:{{port}}", "--graceful-timeout", "5", APPLICATION),
    "runserver": ("hubbub", "runserver", "--noreload", f"{HOST}:{{port}}"),
    "runserver with its reloader": ("hubbub", "runserver", f"{HOST}:{{port}}"),
    "serve": ("hubbub", "serve", "--host", HOST, "--port", "{port}"),
}


class OtherServer(LiveServer):
    """A server by another command, on data that is migrated beforehand."""

    def __init__(self, folder: Path, module: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, env=env)
        self._module = module
        self.manage("migrate", "-v0")

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", *(part.format(port=self.port) for part in self._module)]


@contextmanager
def running(folder: Path, name: str, env: Mapping[str, str] | None = None) -> Iterator[OtherServer]:
    """One of ``MODULES``, until the end of the block; then its log is printed."""
    server = OtherServer(folder, MODULES[name], env)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        print(f"{server.command} logged:\n{server.log()[-20_000:]}")


@pytest.fixture(scope="module", params=MODULES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherServer]:
    with running(tmp_path_factory.mktemp("server"), request.param) as server:
        yield server
