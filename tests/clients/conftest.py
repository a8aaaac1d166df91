"""Both clients, driven alike, and a real server behind a wire that a test can cut."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hubbub.testing import Proxy
from tests.clients.driver import Driver
from tests.durability.world import World, make_world
from tests.services import LiveServer, live_servers

ROOT = Path(__file__).resolve().parents[2]
DRIVERS = Path(__file__).parent / "drivers"
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.clients.settings"}

StartDriver = Callable[[str], Driver]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("clients")) as start:
        yield start(env=SETTINGS)


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript client as it is in the repository now, built for Node."""
    out = tmp_path_factory.mktemp("typescript")
    (out / "package.json").write_text('{"type": "module"}')
    build = ["npm", "exec", "-w", "clients/typescript", "--", "tsc", "-p", "tsconfig.build.json", "--outDir", str(out)]
    done = subprocess.run([ROOT / "scripts/node.sh", *build], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "index.js"


@pytest.fixture(params=["python", "typescript"])
def start_driver(request: pytest.FixtureRequest) -> Iterator[StartDriver]:
    """``start_driver("device")`` is a process with a client of the language that this test is run for."""
    drivers: list[Driver] = []
    if request.param == "python":
        command = [sys.executable, "-m", "tests.clients.drivers.python_driver"]
    else:
        built = request.getfixturevalue("typescript")
        node = [str(ROOT / "scripts/node.sh"), "node", "--experimental-websocket", "--no-warnings"]
        command = [*node, str(DRIVERS / "typescript_driver.mjs"), str(built)]

    def start(name: str) -> Driver:
        drivers.append(Driver(name, command))
        return drivers[-1]

    yield start
    for driver in drivers:
        driver.kill()


@pytest.fixture
def proxy(server: LiveServer) -> Iterator[Proxy]:
    proxy = Proxy(server.port)
    yield proxy
    proxy.cut()


@pytest.fixture
def world(server: LiveServer, request: pytest.FixtureRequest) -> World:
    """Two people and rooms of this test's own."""
    prefix = f"w{abs(hash(request.node.name)) % 10**8}-"
    return make_world(server, 2, rooms=4, groups=0, prefix=prefix)
