"""The examples do what they say, against a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hubbub.testing import Proxy
from tests.clients.conftest import ROOT
from tests.clients.peer import Peer
from tests.durability.world import World, read_stored
from tests.services import LiveServer
from tests.waiting import wait_until

PAGE = ROOT / "docs/how-to/bots-and-devices.md"
BLOCK = re.compile(r"(<!-- test: skip.*-->\n)?```python\n(.*?)```", re.DOTALL)
EXAMPLES = ROOT / "examples/python_client"


class Program:
    """An example as it runs, line by line."""

    def __init__(self, path: Path, env: dict[str, str], folder: Path) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, str(path)],
            cwd=folder,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def type(self, *lines: str) -> None:
        assert self.process.stdin is not None
        for line in lines:
            self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def until(self, *lines: str) -> None:
        wait_until(lambda: set(lines) <= set(self.lines), f"{lines} of {self.lines}", 20)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


Run = Callable[..., Program]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    programs: list[Program] = []

    def start(path: Path | str, **env: str) -> Program:
        programs.append(Program(EXAMPLES / path, env, tmp_path))
        return programs[-1]

    yield start
    for program in programs:
        program.kill()


def contents(server: LiveServer, topic: str) -> list[str]:
    return [content for its_topic, *_, content in read_stored(server).messages if its_topic == topic]


def test_the_bot_answers(server: LiveServer, world: World, run: Run):
    mine, yours = world.tokens.values()
    bot = run("echo_bot.py", HUBBUB_URL=server.ws_url, HUBBUB_TOKEN=mine)
    bot.until("ready")
    room = world.topics[1]
    Peer(server, yours).send(room, "hello", "is there an echo")
    wait_until(lambda: len(contents(server, room)) == 4, "answers", 20)
    assert sorted(contents(server, room)) == ["hello", "hello", "is there an echo", "is there an echo"]
    assert bot.process.poll() is None


def test_the_device_buffers(server: LiveServer, proxy: Proxy, world: World, run: Run, tmp_path: Path):
    """ACK-2: offline, switched off, and on again."""
    mine, _ = world.tokens.values()
    room = world.topics[0]
    env = {
        "HUBBUB_URL": f"ws://127.0.0.1:{proxy.port}/ws/",
        "HUBBUB_TOKEN": mine,
        "HUBBUB_TOPIC": room,
        "QUEUE_FILE": str(tmp_path / "queue.sqlite3"),
    }
    device = run("device.py", **env)
    device.until("status online")
    device.type("20.5")
    wait_until(lambda: contents(server, room) == ["20.5"], "the first one", 20)
    proxy.cut()
    device.until("status offline")
    device.type("20.6", "20.7")
    device.until("kept 20.6", "kept 20.7")
    device.kill()
    proxy.mend()
    again = run("device.py", **env)
    again.type("20.8")
    assert again.process.stdin is not None
    again.process.stdin.close()
    assert again.process.wait(20) == 0, again.lines
    assert contents(server, room) == ["20.5", "20.6", "20.7", "20.8"]


def test_the_device_says_why_it_stops(server: LiveServer, world: World, run: Run, tmp_path: Path):
    env = {"HUBBUB_TOPIC": world.topics[0], "QUEUE_FILE": str(tmp_path / "queue.sqlite3")}
    device = run("device.py", HUBBUB_URL=server.ws_url, HUBBUB_TOKEN="stale", **env)
    device.type("20.5")
    assert device.process.wait(20) == 1
    assert any(line.startswith("stopped: The server doesn't know who this is") for line in device.lines), device.lines


def test_the_programs_of_the_page(server: LiveServer, world: World, run: Run, tmp_path: Path):
    """docs/how-to/bots-and-devices.md, each block as it stands there."""
    blocks = [code for skipped, code in BLOCK.findall(PAGE.read_text()) if not skipped]
    paths = [tmp_path / f"block-{n}.py" for n in range(len(blocks))]
    for path, code in zip(paths, blocks, strict=True):
        path.write_text(code)
    say, listen, go_on, device = paths
    mine, yours = world.tokens.values()
    room = world.topics[2]
    env = {"HUBBUB_URL": server.ws_url, "HUBBUB_TOKEN": mine, "HUBBUB_TOPIC": room}

    run(say, **env).until("message 1")

    listener, first = run(listen, **env), run(go_on, **env)
    listener.until("listening")
    first.until("listening")
    peer = Peer(server, yours)
    peer.send(room, "one")
    listener.until(f"{list(world.tokens)[1]} one")
    first.until("one")
    wait_until(lambda: '"offset":2' in (tmp_path / "place.json").read_text(), "the place of the second event", 20)
    first.kill()
    peer.send(room, "two")
    second = run(go_on, **env)
    second.until("listening", "two")
    assert "one" not in second.lines

    run(device, **env).until("all sent")
    assert contents(server, room) == ["Good morning", "one", "two", "20.5", "20.6", "20.7"]
