"""Nothing is unpickled, so nobody who reaches Redis runs code in a server (CVE-2025-65761 is what comes of it)."""

from __future__ import annotations

import ast
import asyncio
import json
import pickle
import pickletools
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from tests.formats.client import ask, connect, full, rest, talk
from tests.formats.people import make_people
from tests.services import StartServer, valkey_server
from tests.waiting import wait_until

SOURCES = Path(__file__).resolve().parents[2] / "src"
UNSAFE = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "joblib", "yaml"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_no_code_of_ours_unpickles() -> None:
    """Security 17"""
    files = [path for path in SOURCES.rglob("*.py") if "tests" not in path.parts]
    found = {str(path): UNSAFE & set(imported(ast.parse(path.read_text()))) for path in files}
    print(f"{len(files)} files, {sum(map(bool, found.values()))} of which import something that unpickles")
    assert len(files) > 200
    assert not {path: names for path, names in found.items() if names}


def is_pickled(data: bytes) -> bool:
    """Whether there is a pickle anywhere in it."""
    for at in range(len(data)):
        if data[at] == 0x80 and data[at + 1 : at + 2] in (b"\2", b"\3", b"\4", b"\5"):
            with suppress(Exception):
                if len(list(pickletools.genops(data[at:]))) > 2:
                    return True
    return False


@pytest.fixture
def valkey() -> Iterator[str]:
    with valkey_server() as url:
        yield url


class Listener:
    """All that a server is told, by whomever."""

    def __init__(self, url: str) -> None:
        self.commands: list[list[bytes]] = []
        self._monitor = redis.Redis.from_url(url, socket_timeout=None).monitor()
        self._monitor.__enter__()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(redis.ConnectionError):  # The server's end.
            while True:
                line = self._monitor.connection.read_response()
                words = line.decode().partition("] ")[2]
                # As Python writes text, but for what it escapes: \xHH and the usual letters.
                written = words.replace('" "', '", "')
                self.commands.append([word.encode("latin-1") for word in ast.literal_eval(f"[{written}]")])

    def values(self) -> list[bytes]:
        return [value for command in self.commands for value in command]


async def test_what_goes_over_redis(valkey: str, live_server_process: StartServer) -> None:
    """Security 17, LAY-6: events, presence, sign-ins and tickets; texts and msgpack."""
    assert is_pickled(b"m x " + pickle.dumps({"type": "x"}))
    listener = Listener(valkey)
    server = await asyncio.to_thread(lambda: live_server_process(env={"REDIS_URL": valkey, "HUBBUB_GUESTS": "true"}))
    ann, bob = make_people(server, ["ann", "bob"])
    id = await talk(server, ann, bob)
    async with full(server, ann) as hers, full(server, bob) as his:
        for socket in (hers, his):
            await ask(socket, "subscribe", f"chat.{id}")
            await ask(socket, "presence.set", state="online")
            await ask(socket, "presence.watch", users=[ann.id, bob.id])
        for n in range(20):
            await ask(hers, "chat.send", f"chat.{id}", content=f"message {n}")
            await ask(his, "chat.typing", f"chat.{id}", is_typing=n % 2 == 0)
    async with connect(server, "chat/garden/") as guest:
        await guest.send(message="hello")
        await guest.frame()
    async with rest(server, ann) as http:
        assert (await http.post("/api/auth/ticket/")).status_code == 200
        await http.post("/api/auth/token/", json={"username": "ann", "password": "wrong"})
        assert (await http.delete("/api/auth/session/")).status_code in (204, 401)
    wait_until(lambda: any(b"message 19" in value for value in listener.values()), "what was said last", 5)
    found = listener.values()
    print(f"{len(listener.commands)} commands with {len(found)} values: {sum(map(is_pickled, found))} are pickled")
    assert any(b"message 19" in value for value in found)
    assert not any(map(is_pickled, found))
    messages = [value for value in found if b"hubbub.event" in value]
    assert messages
    for message in messages:
        assert "topic" in read(message)


def read(message: bytes) -> dict[str, Any]:
    """What the layer sent, as whoever knows msgpack alone reads it."""
    for at in range(len(message)):
        with suppress(msgspec.DecodeError):
            found = msgspec.msgpack.decode(message[at:])
            if isinstance(found, dict):
                return found
    raise AssertionError(f"no msgpack: {json.dumps(message.decode('latin-1'))}")
